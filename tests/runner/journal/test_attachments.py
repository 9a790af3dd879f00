import hashlib

import pytest

from runner.errors import JournalError
from runner.journal.attachments import Attachments


def test_content_is_kept_under_its_digest_for_its_owner_only(tmp_path):
    kept = Attachments(tmp_path / "kept")
    digest = kept.put([b"a" * 10, b"b"])
    assert digest == hashlib.sha256(b"a" * 10 + b"b").hexdigest()
    assert b"".join(kept.read(digest)) == b"a" * 10 + b"b"
    assert (tmp_path / "kept" / digest).stat().st_mode & 0o777 == 0o600
    assert kept.put([b"aaaaaaaaaab"]) == digest
    assert [entry.name for entry in (tmp_path / "kept").iterdir()] == [digest]


def test_content_that_was_changed_is_not_given_out(tmp_path):
    kept = Attachments(tmp_path)
    digest = kept.put([b"rows"])
    (tmp_path / digest).write_bytes(b"other rows")
    with pytest.raises(JournalError, match="was changed after it was written"):
        list(kept.read(digest))


def test_content_that_is_missing_is_said(tmp_path):
    with pytest.raises(JournalError, match="is missing"):
        list(Attachments(tmp_path).read("0" * 64))


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "0" * 63, "A" * 64])
def test_what_is_no_digest_names_no_file(tmp_path, name):
    with pytest.raises(JournalError, match="is not a SHA-256"):
        list(Attachments(tmp_path).read(name))


def test_content_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    def broken():
        yield b"x"
        raise OSError(28, "No space left on device")

    with pytest.raises(JournalError, match="the disk is full"):
        Attachments(tmp_path).put(broken())
    assert list(tmp_path.iterdir()) == []
