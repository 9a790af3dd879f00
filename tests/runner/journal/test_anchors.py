"""A journal's head that is kept in a folder of its own."""

import os

import pytest

from runner.errors import UsageError
from runner.journal.anchors import AnchorPoint, keep, read_anchors
from runner.journal.record import Head

HEAD = Head(7, "a" * 64)


def test_a_head_is_kept_in_a_folder_that_is_made_for_it_and_read_from_there(tmp_path):
    folder = tmp_path / "kept" / "elsewhere"
    path = keep(HEAD, folder)
    assert read_anchors(folder) == (AnchorPoint(7, HEAD.hash, path.name),)


def test_a_head_and_then_its_name_are_all_on_the_disk_before_it_is_said_to_be_kept(tmp_path, monkeypatch):
    found, synced = [], os.fsync

    def sync(handle):
        synced(handle)
        found.append(os.fstat(handle))

    monkeypatch.setattr(os, "fsync", sync)
    kept = keep(HEAD, tmp_path)
    assert [each.st_ino for each in found] == [kept.stat().st_ino, tmp_path.stat().st_ino]
    assert found[0].st_size == kept.stat().st_size


def test_what_is_kept_of_a_line_stays_and_another_head_of_it_is_refused(tmp_path):
    path = keep(HEAD, tmp_path)
    assert keep(HEAD, tmp_path) == path
    with pytest.raises(UsageError, match=r"journal-7\.json remembers another head of line 7"):
        keep(Head(7, "b" * 64), tmp_path)
    assert read_anchors(tmp_path) == (AnchorPoint(7, HEAD.hash, path.name),)
