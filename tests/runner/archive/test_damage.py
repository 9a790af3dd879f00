"""Whatever happens to the bytes of a backup: it is read, or refused with a sentence; nothing else, and soon."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.base import ArchiveFacts
from runner.archive import copy_rows, read_archive
from runner.errors import ArchiveError
from tests.runner.archive.committed import ARCHIVES, VERSIONS

NAMES = [
    "custom.dump",
    "custom-none.dump",
    "custom-piped.dump",
    "tar.tar",
    "plain.sql",
    "plain-inserts.sql",
    "plain.sql.gz",
]
WHOLE = [(ARCHIVES / str(version) / name).read_bytes() for version in VERSIONS for name in NAMES]
WHOLE += [path.read_bytes() for path in ARCHIVES.glob("1*/*.lz4")]
WHOLE += [path.read_bytes() for path in ARCHIVES.glob("1*/*.zst")]
CONTENTS = [(ARCHIVES / str(version) / "directory" / "toc.dat").read_bytes() for version in VERSIONS]
patient = settings(
    deadline=dt.timedelta(seconds=20),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@st.composite
def damage(draw: st.DrawFn, whole: list[bytes]) -> bytes:
    """A backup with bytes changed, most of them near its start, inserted, left out or cut off."""
    data = bytearray(draw(st.sampled_from(whole)))
    for _ in range(draw(st.integers(1, 4))):
        end = draw(st.sampled_from([80, 4000, len(data)]))
        at = draw(st.integers(0, min(end, len(data))))
        new = draw(st.binary(max_size=6))
        match draw(st.sampled_from(["change", "insert", "leave out", "cut"])):
            case "change":
                data[at : at + len(new)] = new
            case "insert":
                data[at:at] = new
            case "leave out":
                del data[at : at + draw(st.integers(1, 600))]
            case _:
                del data[at:]
    return bytes(data)


def read_or_refused(path: Path) -> None:
    try:
        facts = read_archive(path)
        assert isinstance(facts, ArchiveFacts)
        for entry in facts.entries:
            if entry.kind == "TABLE DATA" and entry.copy:
                for _ in copy_rows(path, entry):
                    pass
    except ArchiveError as refused:
        assert str(path) in refused.message  # noqa: PT017 - reading is as good
        assert refused.message.endswith(".")  # noqa: PT017
        assert refused.hint  # noqa: PT017


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("damaged")


@patient
@given(damage(WHOLE))
def test_a_damaged_file_is_read_or_refused(place, data):
    path = place / "backup"
    path.write_bytes(data)
    read_or_refused(path)


@patient
@given(damage(CONTENTS))
def test_a_damaged_folder_is_read_or_refused(place, data):
    (place / "folder").mkdir(exist_ok=True)
    (place / "folder" / "toc.dat").write_bytes(data)
    read_or_refused(place / "folder")


@patient
@given(
    st.binary(),
    st.sampled_from(
        [
            b"",
            b"PGDMP\x01\x10\x00\x04\x08\x01\x00",
            b"\x1f\x8b\x08",
            b"\x28\xb5\x2f\xfd",
            b"--\n-- PostgreSQL database dump\n--\n",
        ]
    ),
)
def test_any_bytes_are_read_or_refused(place, data, start):
    path = place / "bytes"
    path.write_bytes(start + data)
    read_or_refused(path)


@patient
@given(st.sampled_from(range(len(WHOLE))), st.data())
def test_a_backup_that_was_cut_off_before_its_end_is_refused(place, which, data):
    whole = WHOLE[which]
    last_line = whole.rfind(b"PostgreSQL database dump complete")
    end = last_line if whole.startswith(b"--") else len(whole) // 2
    path = place / "cut"
    path.write_bytes(whole[: data.draw(st.integers(1, end))])
    with pytest.raises(ArchiveError):
        read_archive(path)
