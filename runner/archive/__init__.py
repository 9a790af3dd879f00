"""Reading of pg_dump files without a server and without a PostgreSQL client."""

from runner.archive.read import read_archive
from runner.archive.rows import copy_rows
from runner.archive.selection import sequence_sets, tables_with_data

__all__ = ["copy_rows", "read_archive", "sequence_sets", "tables_with_data"]
