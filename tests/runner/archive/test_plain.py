"""A plain dump is cut the way psql cuts it, in whatever blocks it comes."""

import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.base import SequenceSet
from runner.archive import plain, read_archive
from runner.archive.script import Script
from runner.errors import ArchiveError
from tests.runner.archive.committed import ARCHIVES, cases

HEADER = "--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 18.6\n\n"
END = "\n--\n-- PostgreSQL database dump complete\n--\n\n"
MEBIBYTE = 1 << 20


def dump(sql: str) -> bytes:
    return (HEADER + sql + END).encode()


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("size", [1, 7, 1 << 16])
@pytest.mark.parametrize("case", cases("plain.yaml"), ids=lambda case: case["name"])
def test_a_plain_dump_shows_its_statements_and_nothing_else(case, size):
    script = Script(Path("d.sql"), pieces(dump(case["sql"]), size))
    if "error" in case:
        with pytest.raises(ArchiveError) as refused:
            plain.read(script)
        assert refused.value.message == f"d.sql {case['error']}"
        assert refused.value.hint
    else:
        assert plain.read(script).sequence_sets == tuple(SequenceSet(*each) for each in case["sets"])


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), st.randoms())
def test_no_text_in_a_literal_is_taken_for_a_statement(text: str, chance: random.Random):
    hidden = text + "\nSELECT pg_catalog.setval('s.hidden', 1, true);\n" + text
    standard, escaped = hidden.replace("'", "''"), hidden.replace("\\", "\\\\").replace("'", "''")
    copied = hidden.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    sql = (
        f"INSERT INTO s.t VALUES ('{standard}', E'{escaped}', (1));\n"
        f"COPY s.t (a) FROM stdin;\n{copied}\n\\.\n\n"
        "SELECT pg_catalog.setval('s.seen', 5, true);\n"
    )
    read = plain.read(Script(Path("d.sql"), pieces(dump(sql), chance.choice([3, 50, 997]))))
    assert read.sequence_sets == (SequenceSet("s", "seen", 5, is_called=True),)


@pytest.mark.parametrize("start", ["COPY s.t (a) FROM stdin;\n", "INSERT INTO s.t VALUES ('", "-- "])
def test_a_line_of_100_megabytes_needs_little_memory(start):
    ends = {"C": "\n\\.\n\n", "I": "');\n", "-": "\n"}

    def blocks() -> Iterator[bytes]:
        yield (HEADER + start).encode()
        for _ in range(1600):
            yield b"x" * (1 << 16)
        yield (ends[start[0]] + "SELECT pg_catalog.setval('s.a', 5, true);\n" + END).encode()

    tracemalloc.start()
    try:
        facts = plain.read(Script(Path("d.sql"), blocks()))
        assert tracemalloc.get_traced_memory()[1] < 4 * MEBIBYTE
    finally:
        tracemalloc.stop()
    assert facts.sequence_sets == (SequenceSet("s", "a", 5, is_called=True),)


def test_a_plain_dump_with_create_names_its_database():
    assert read_archive(ARCHIVES / "18" / "plain.sql").database == "shop"
    assert read_archive(ARCHIVES / "18" / "plain.sql.gz").database is None
