"""What cannot be read is refused with one sentence that says why, and a hint."""

import gzip
import io
import os
import shutil
import sys
import tarfile
from pathlib import Path

import pytest

from runner.archive import copy_rows, read_archive
from runner.errors import ArchiveError
from tests.fixtures.needs import bound_by_modes
from tests.runner.archive.committed import ARCHIVES

CUSTOM = (ARCHIVES / "18" / "custom.dump").read_bytes()
NONE = (ARCHIVES / "18" / "custom-none.dump").read_bytes()
PIPED = (ARCHIVES / "18" / "custom-piped.dump").read_bytes()
PLAIN = (ARCHIVES / "18" / "plain.sql").read_bytes()
TAR = (ARCHIVES / "18" / "tar.tar").read_bytes()
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + bytes(600)


def with_bytes(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def other_tar() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("holiday.jpg"))
    return made.getvalue()


def without_member(name: bytes) -> bytes:
    """The tar archive, with one member under another name."""
    at = TAR.index(name + bytes(20))
    header = bytearray(TAR[at : at + 512])
    header[0] = ord("x")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return with_bytes(TAR, at, bytes(header))


ROWS_OF_CUSTOMER = next(
    e for e in read_archive(ARCHIVES / "18" / "tar.tar").entries if e.kind == "TABLE DATA" and e.schema == "env_a"
)
FILES = {
    "an empty file": (b"", "{} is empty."),
    "a picture": (PNG, "{} is not a backup written by pg_dump."),
    "a text": (b"hello\n", "{} is not a backup written by pg_dump."),
    "a packed text": (gzip.compress(b"hello\n"), "{} is not a backup written by pg_dump."),
    "another dump": (b"-- MySQL dump 10.13\n", "{} is not a backup written by pg_dump."),
    "a damaged gzip": (b"\x1f\x8b\x08" + PNG, "{} is truncated or damaged: gzip says *"),
    "half a gzip": (
        gzip.compress(PLAIN)[:900],
        "{} is truncated or damaged: gzip says the packed data stop too early.",
    ),
    "a packed archive": (gzip.compress(CUSTOM), "{} is an archive that was packed again with gzip."),
    "a packed tar": (gzip.compress(TAR), "{} is an archive that was packed again with gzip."),
    "a dump of a cluster": (
        b"--\n-- PostgreSQL database cluster dump\n--\n\n",
        "{} holds several databases, and one name may stand for a sequence in each of them.",
    ),
    "a plain dump cut off": (
        PLAIN[: PLAIN.rindex(b"PostgreSQL database dump complete")],
        '{} is truncated or damaged: its last line, "PostgreSQL database dump complete", is missing.',
    ),
    "only the magic": (
        b"PGDMP",
        "{} is truncated or damaged: it ends too early, behind byte 5 of its table of contents.",
    ),
    "an archive cut in its contents": (
        CUSTOM[:5000],
        "{} is truncated or damaged: it ends too early, behind byte 5000 of its table of contents.",
    ),
    "an archive cut in its rows": (
        CUSTOM[:-300],
        "{} is truncated or damaged: it ends before the rows that its table of contents announces.",
    ),
    "an older archive": (
        with_bytes(CUSTOM, 6, b"\x0d"),
        "{} is an archive of format 1.13, and 1.14 to 1.16 can be read.",
    ),
    "a newer archive": (
        with_bytes(CUSTOM, 6, b"\x11"),
        "{} is an archive of format 1.17, and 1.14 to 1.16 can be read.",
    ),
    "numbers of no size": (
        with_bytes(CUSTOM, 8, b"\0"),
        "{} is truncated or damaged: its header claims numbers of 0 and offsets of 8 bytes.",
    ),
    "an unknown compression": (
        with_bytes(CUSTOM, 11, b"\x09"),
        "{} is truncated or damaged: its header names an unknown compression, 9.",
    ),
    "an impossible date": (
        with_bytes(CUSTOM, 28, b"\x63"),
        "{} is truncated or damaged: its header holds an impossible date.",
    ),
    "an entry too few": (
        with_bytes(CUSTOM, CUSTOM.index(b"\x00\x43\x00\x00\x00"), b"\x00\x42"),
        "{} is truncated or damaged: its rows do not begin where its table of contents ends.",
    ),
    "an entry too few in an archive from a pipe": (
        with_bytes(PIPED, PIPED.index(b"\x00\x43\x00\x00\x00"), b"\x00\x42"),
        "{} is truncated or damaged: its rows do not begin where its table of contents ends.",
    ),
    "a length beyond all measure": (
        with_bytes(CUSTOM, CUSTOM.index(b"\x04\0\0\0shop"), b"\xff\xff\xff\x7f"),
        "{} is truncated or damaged: a text of 2147483647 bytes is announced at byte *",
    ),
    "a length beyond the file": (
        with_bytes(CUSTOM, CUSTOM.index(b"\x04\0\0\0shop"), b"\xff\xff\xff\x03"),
        "{} is truncated or damaged: it ends too early, behind byte *",
    ),
    "a sequence set in another way": (
        CUSTOM.replace(b"setval('base.countdown', -7,", b"setval('base.countdown',  7,"),
        "{} sets the sequence base.countdown in a way that cannot be understood.",
    ),
    "a sequence set that names another": (
        CUSTOM.replace(b"setval('base.countdown', -7,", b"setval('base.otherdown', -7,"),
        "{} sets the sequence base.countdown in a way that cannot be understood.",
    ),
    "a name in another encoding": (
        CUSTOM.replace("顧客_seq".encode(), "顧客_seq".encode()[:-1].replace("客".encode(), b"\xff\xfe\xfd") + b"q"),
        "{} names an object in bytes that are not UTF8.",
    ),
    "a tar archive of something else": (
        other_tar(),
        "{} is a tar archive without toc.dat, so it is no backup of pg_dump -Ft.",
    ),
    "a tar archive cut off": (TAR[:-4000], "{} is truncated or damaged: *"),
    "a tar archive that lacks rows": (
        without_member(b"%d.dat" % ROWS_OF_CUSTOMER.dump_id),
        f"{{}} is truncated or damaged: the rows of env_a.customer ({ROWS_OF_CUSTOMER.dump_id}.dat) are missing.",
    ),
}


def refusal(path: Path) -> str:
    with pytest.raises(ArchiveError) as refused:
        read_archive(path)
    assert refused.value.hint
    assert refused.value.exit_code == 2
    return refused.value.message


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_is_no_whole_backup_is_refused_with_its_reason(case, tmp_path):
    data, sentence = FILES[case]
    path = tmp_path / "backup"
    path.write_bytes(data)
    start, star, _ = sentence.format(path).partition("*")
    told = refusal(path)
    assert told.startswith(start)
    assert star or told == start


def test_a_missing_file_is_refused(tmp_path):
    assert refusal(tmp_path / "none") == f"{tmp_path / 'none'} does not exist."


def test_a_path_that_no_system_takes_is_refused():
    assert "cannot be read" in refusal(Path("a\0b"))


def test_a_file_without_rights_is_refused(tmp_path):
    (tmp_path / "backup").touch()
    with bound_by_modes(tmp_path) as folder:
        path = folder / "backup"
        path.chmod(0)
        assert refusal(path) == f"{path} cannot be read: Permission denied."


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert refusal(path) == f"{path} is neither a file nor a folder."


def test_a_folder_without_contents_is_refused(tmp_path):
    assert refusal(tmp_path) == f"{tmp_path} is a folder without toc.dat, so it is no backup of pg_dump -Fd."


@pytest.fixture
def folder(tmp_path) -> Path:
    return shutil.copytree(ARCHIVES / "18" / "directory", tmp_path / "backup")


def test_a_folder_that_lacks_a_file_of_rows_is_refused(folder):
    name = f"{ROWS_OF_CUSTOMER.dump_id}.dat"
    (folder / f"{name}.gz").unlink()
    assert refusal(folder) == f"{folder} is truncated or damaged: the rows of env_a.customer ({name}) are missing."


def test_a_folder_whose_contents_are_cut_off_is_refused(folder):
    contents = folder / "toc.dat"
    contents.write_bytes(contents.read_bytes()[:3000])
    assert "it ends too early, behind byte 3000 of its table of contents" in refusal(folder)


def test_a_folder_whose_contents_go_on_is_refused(folder):
    contents = folder / "toc.dat"
    contents.write_bytes(contents.read_bytes() + b"\0")
    assert "its table of contents goes on behind its last entry" in refusal(folder)


def test_a_folder_whose_contents_were_packed_is_read_as_pg_restore_does(folder):
    contents = folder / "toc.dat"
    (folder / "toc.dat.gz").write_bytes(gzip.compress(contents.read_bytes()))
    contents.unlink()
    assert read_archive(folder).sequence_sets == read_archive(ARCHIVES / "18" / "directory").sequence_sets


@pytest.mark.parametrize(("library", "algorithm", "suffix"), [("lz4", "lz4", "lz4"), ("zstandard", "zstd", "zst")])
def test_a_missing_library_is_named(library, algorithm, suffix, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.setitem(sys.modules, "lz4.frame", None)
    path = ARCHIVES / "18" / f"plain.sql.{suffix}"
    told = f"{path} is packed with {algorithm}, and the Python package {library} is not installed."
    assert refusal(path) == told


def notes(path: Path):
    return next(e for e in read_archive(path).entries if e.kind == "TABLE DATA" and e.name == "notes")


def test_rows_that_break_off_are_refused(tmp_path):
    path = tmp_path / "backup"
    path.write_bytes(NONE.replace(b"\\.\n\n\n", b"\\-\n\n\n"))
    with pytest.raises(ArchiveError, match=r"the rows of public.notes break off\."):
        list(copy_rows(path, notes(path)))


def test_packed_rows_that_are_damaged_are_refused(folder):
    entry = notes(folder)
    packed = folder / f"{entry.dump_id}.dat.gz"
    packed.write_bytes(packed.read_bytes()[:-12])
    with pytest.raises(ArchiveError, match="gzip says the packed data stop too early"):
        list(copy_rows(folder, entry))
