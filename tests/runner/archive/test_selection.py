"""What a selection brings along is what pg_restore itself would list for it."""

import subprocess

import pytest

from checks.base import Selection, SequenceSet
from runner.archive import read_archive, sequence_sets, tables_with_data
from runner.demo.binaries import Binaries
from runner.errors import UsageError
from tests.runner.archive.committed import ARCHIVES, cases

REWIND = SequenceSet("base", "customer_id_seq", 100, is_called=True)
CASES = cases("selection.yaml")


def shown(case: dict) -> str:
    return " ".join(case["restore"]) or "everything"


def selected(case: dict) -> Selection:
    return Selection(**{key: tuple(v) if isinstance(v, list) else v for key, v in case["select"].items()})


@pytest.mark.parametrize("file", ["14/custom.dump", "18/tar.tar", "18/plain.sql"])
@pytest.mark.parametrize("case", CASES, ids=shown)
def test_a_selection_carries_the_rewind_or_not(case, file):
    assert (REWIND in sequence_sets(read_archive(ARCHIVES / file), selected(case))) is case["rewinds"]


@pytest.mark.parametrize("case", CASES, ids=shown)
def test_pg_restore_lists_the_same_values_and_rows(case, postgres_binaries: Binaries):
    archive = ARCHIVES / str(min(postgres_binaries.version, 18)) / "custom.dump"
    listing = [str(postgres_binaries.path("pg_restore")), "-l", *case["restore"], str(archive)]
    lines = subprocess.run(listing, check=True, capture_output=True, text=True, encoding="utf-8").stdout.splitlines()
    cut = [line.split(" ", 3)[3] for line in lines if line and not line.startswith(";")]
    facts = read_archive(archive)
    values = [f"SEQUENCE SET {s.schema} {s.name}".replace("\n", " ") for s in sequence_sets(facts, selected(case))]
    rows = [f"TABLE DATA {e.schema} {e.name}" for e in tables_with_data(facts, selected(case))]
    listed = [line.rsplit(" ", 1)[0] for line in cut if line.startswith(("SEQUENCE SET", "TABLE DATA"))]
    assert sorted(values + rows) == sorted(listed)


def test_an_archive_of_base_and_env_a_alone_carries_the_rewind_the_same_way():
    facts = read_archive(ARCHIVES / "16" / "custom-base.dump")
    assert REWIND in sequence_sets(facts, Selection())
    assert REWIND not in sequence_sets(facts, Selection(schemas=("env_a",)))
    assert [e.name for e in tables_with_data(facts, Selection(schemas=("env_a",)))] == ["customer"]


def test_an_archive_without_rows_carries_nothing():
    facts = read_archive(ARCHIVES / "16" / "custom-schema-only.dump")
    assert sequence_sets(facts, Selection()) == ()
    assert tables_with_data(facts, Selection()) == ()


@pytest.mark.parametrize("table", ["", '"', "a.b.c", 'a."b', ".b"])
def test_what_is_no_name_of_a_table_is_refused(table):
    facts = read_archive(ARCHIVES / "16" / "custom.dump")
    with pytest.raises(UsageError, match="is not the name of a table") as refused:
        sequence_sets(facts, Selection(tables=(table,)))
    assert refused.value.hint


def test_an_unknown_section_is_refused_and_not_taken_for_an_empty_selection():
    facts = read_archive(ARCHIVES / "16" / "custom.dump")
    with pytest.raises(UsageError, match="'Data' is no section of an archive"):
        sequence_sets(facts, Selection(section="Data"))
