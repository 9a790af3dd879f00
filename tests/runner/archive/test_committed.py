"""Every archive that pg_dump 14 to 18 wrote is read, and says what the server said."""

import hashlib
from pathlib import Path

import pytest

from checks.base import ArchiveEntry, ArchiveFacts, Selection
from runner.archive import copy_rows, read_archive, tables_with_data
from runner.errors import ArchiveError
from tests.runner.archive.committed import FILES, VERSIONS, expected, named

NOT_LISTED = {"ENCODING", "STDSTRINGS", "SEARCHPATH", "DATABASE"}
"""What pg_restore -l leaves out."""
FORMATS = {"custom": "custom", "directory": "directory", "tar": "tar", "plain": "plain"}
ARCHIVE_VERSIONS = {14: "1.14", 15: "1.14", 16: "1.15", 17: "1.16", 18: "1.16"}
SCHEMAS_OF = {"custom-base": {"base", "env_a"}, "custom-schema-only": set()}
ONLY_PUBLIC = {"custom-inserts", "custom-none", "custom-lz4", "custom-zstd"}
ONLY_PUBLIC |= {"directory-none", "directory-lz4", "directory-zstd"}
WHOLE = [path for path in FILES if path.name.split(".")[0] not in SCHEMAS_OF.keys() | ONLY_PUBLIC]


def schemas_in(path: Path) -> set[str]:
    name = path.name.split(".")[0]
    every = {"We.ird", "base", "env_a", "env_b", "public"}
    return SCHEMAS_OF.get(name, {"public"} if name in ONLY_PUBLIC else every)


def server_said(path: Path) -> dict:
    return expected()[int(path.parent.name)]


def listed(facts: ArchiveFacts) -> str:
    """What pg_restore -l prints of these entries, without the numbers of catalogue rows."""
    lines = (
        f"{e.dump_id}; {e.kind} {e.schema or '-'} {e.name} {e.owner}".replace("\n", " ").rstrip()
        for e in facts.entries
        if e.kind not in NOT_LISTED
    )
    return "".join(f"{line}\n" for line in lines)


def test_every_version_has_its_archives_committed():
    assert {int(path.parent.name) for path in FILES} == set(VERSIONS) == set(expected())


@pytest.mark.parametrize("path", FILES, ids=named)
def test_an_archive_tells_its_format_and_versions(path):
    facts = read_archive(path)
    major = int(path.parent.name)
    assert facts.path == path
    assert facts.format == FORMATS[path.name.split(".")[0].split("-")[0]]
    assert facts.version == (None if facts.format == "plain" else ARCHIVE_VERSIONS[major])
    assert facts.dump_version == server_said(path)["dump_version"]
    assert facts.server_version == facts.dump_version
    if facts.format != "plain":
        assert facts.database == "shop"
        assert facts.created_at is not None
        assert facts.created_at.startswith("20")


@pytest.mark.parametrize("path", FILES, ids=named)
def test_the_sequence_values_are_those_of_the_server(path):
    read = {(s.schema, s.name, s.value, s.is_called) for s in read_archive(path).sequence_sets}
    assert read == {tuple(s) for s in server_said(path)["sequences"] if s[0] in schemas_in(path)}


@pytest.mark.parametrize("path", [p for p in FILES if ".sql" not in p.name], ids=named)
def test_the_table_of_contents_is_the_one_that_pg_restore_lists(path):
    text = listed(read_archive(path))
    if path.name == "custom.dump":
        assert text == server_said(path)["toc"]
    assert hashlib.sha256(text.encode()).hexdigest() == server_said(path)["toc_sha256"][path.name]


@pytest.mark.parametrize("path", [p for p in WHOLE if ".sql" in p.name], ids=named)
def test_a_plain_dump_has_the_entries_of_the_archive_but_for_a_name_that_reads_in_two_ways(path):
    def shown(facts: ArchiveFacts) -> set[tuple[str, ...]]:
        return {(e.kind, e.schema, e.name.replace("\n", " "), e.section) for e in facts.entries}

    archive = shown(read_archive(path.parent / "custom.dump"))
    optional = {"ENCODING", "STDSTRINGS", "SEARCHPATH", "DATABASE", "STATISTICS DATA"}
    missing = {e for e in archive - shown(read_archive(path)) if e[0] not in optional}
    added = {e for e in shown(read_archive(path)) - archive if e[0] not in optional}
    loose = {e for e in missing if e[0] in {"COMMENT", "BLOB", "BLOBS", "BLOB METADATA"}}
    assert {e[:3] for e in missing - loose} == {("SEQUENCE", "We.ird", "semi; Type: TABLE; Schema: x; Owner: y")}
    assert {e[0] for e in added} <= {e[0] for e in loose}


@pytest.mark.parametrize("path", FILES, ids=named)
def test_the_rows_are_those_that_the_server_copies_out(path):
    facts, said = read_archive(path), server_said(path)
    tables = tables_with_data(facts, Selection())
    assert {(e.schema, e.name) for e in tables} >= {
        (t[0], t[1]) for t in said["tables"] if t[0] in schemas_in(path) and t[2]
    }
    for entry in tables:
        if "inserts" in path.name or path.name == "plain-backslashes.sql":
            with pytest.raises(ArchiveError, match=r"holds the rows of .* as INSERT statements, or none"):
                next(copy_rows(path, entry))
        else:
            assert copied(path, entry) in said["tables"]


def copied(path: Path, entry: ArchiveEntry) -> list:
    text = b"".join(row + b"\n" for row in copy_rows(path, entry))
    return [entry.schema, entry.name, text.count(b"\n"), hashlib.sha256(text).hexdigest()]


def test_a_table_entry_keeps_its_copy_statement_and_what_it_depends_on():
    facts = read_archive(FILES[0].parent / "custom.dump")
    (notes,) = (e for e in facts.entries if e.kind == "TABLE DATA" and e.name == "notes")
    assert notes.copy == "COPY public.notes (id, body, raw) FROM stdin;\n"
    (table,) = (e for e in facts.entries if e.kind == "TABLE" and e.name == "notes")
    assert notes.depends_on == (table.dump_id,)
    assert "CREATE TABLE public.notes" in table.definition
