"""Reading of pg_dump files without a server and without a PostgreSQL client."""

from runner.archive.read import read_archive
from runner.archive.rows import Rows, copy_rows
from runner.archive.selection import sequence_sets, tables_with_data
from runner.archive.whole import read_through

__all__ = ["Rows", "copy_rows", "read_archive", "read_through", "sequence_sets", "tables_with_data"]
