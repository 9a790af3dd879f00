"""A backup is read to its end, whatever its format, and every byte that is missing or wrong is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.base import ReadFacts
from runner.archive import read_archive, read_through
from runner.errors import ArchiveError

ARCHIVES = Path(__file__).parents[2] / "data" / "archives"
WHOLE = sorted(path for path in ARCHIVES.glob("*/*") if path.name != "README.md")


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: "/".join(path.parts[-2:]))
def test_every_format_of_every_version_is_read_to_its_end(path):
    found = read_through(path, seconds=60)
    assert found.tables == len({e for e in read_archive(path).entries if e.kind == "TABLE DATA"})
    copied = any(entry.copy for entry in read_archive(path).entries)
    assert (found.rows > 0) == copied


@pytest.mark.parametrize("name", ["custom.dump", "directory", "tar.tar", "custom-piped.dump"])
def test_one_database_gives_the_same_figures_in_every_format(name):
    assert read_through(ARCHIVES / "15" / name, seconds=60) == ReadFacts(9, 135, 2790, 1)


@pytest.mark.parametrize("name", ["custom.dump", "custom-none.dump", "tar.tar", "plain.sql", "plain.sql.gz"])
def test_a_file_cut_anywhere_in_its_rows_is_refused(name, tmp_path):
    whole = (ARCHIVES / "15" / name).read_bytes()
    cut = tmp_path / name
    for keep in range(len(whole) * 6 // 10, len(whole) - 1600, max(1, len(whole) // 40)):
        cut.write_bytes(whole[:keep])
        with pytest.raises(ArchiveError):
            read_through(cut, seconds=60)


def test_a_damaged_byte_in_packed_rows_is_refused(tmp_path):
    source = ARCHIVES / "15" / "directory"
    for file in source.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    rows = next(iter(sorted(tmp_path.glob("2612.dat.gz"))))
    data = bytearray(rows.read_bytes())
    data[len(data) // 2] ^= 0xFF
    rows.write_bytes(data)
    with pytest.raises(ArchiveError, match="truncated or damaged"):
        read_through(tmp_path, seconds=60)


def test_a_large_object_that_is_missing_is_refused(tmp_path):
    for file in (ARCHIVES / "18" / "directory").iterdir():
        if not file.name.startswith("blob_"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ArchiveError, match=r"blob_4711\.dat, which holds large objects, is missing"):
        read_through(tmp_path, seconds=60)


def test_reading_ends_when_its_time_is_up():
    with pytest.raises(ArchiveError, match="could not be read to its end in time"):
        read_through(ARCHIVES / "15" / "custom.dump", seconds=-1)
