"""Whether files are what a run is pinned to, looked at before each step."""

import hashlib
import os
import time
from pathlib import Path

import pytest

from runner.engine.begin.untouched import Untouched

LATER = 10 * 10**9


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "runbook.yaml"
    path.write_bytes(b"steps")
    return path


@pytest.fixture
def reads(monkeypatch):
    """Counts how often a file is read."""
    real, count = Path.read_bytes, []
    monkeypatch.setattr(Path, "read_bytes", lambda path: count.append(path) or real(path))
    return count


@pytest.fixture
def later(monkeypatch):
    """Lets the clock tell a time long after the file was written."""
    now = time.time_ns()
    monkeypatch.setattr("runner.engine.begin.untouched.time.time_ns", lambda: now + LATER)


def pinned(file, content=b"steps"):
    return {file: hashlib.sha256(content).hexdigest()}


@pytest.mark.usefixtures("later")
def test_what_nobody_touched_is_read_once(file, reads):
    look = Untouched()
    assert [look.changed(pinned(file)) for _ in range(3)] == [[], [], []]
    assert len(reads) == 1


def test_what_was_written_a_moment_ago_is_read_again_as_its_times_may_not_tell(file, reads):
    look = Untouched()
    assert [look.changed(pinned(file)) for _ in range(3)] == [[], [], []]
    assert len(reads) == 3


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("how", ["in place", "by another file", "gone"])
def test_a_change_is_told_though_size_and_time_were_kept(file, how):
    look, before = Untouched(), file.stat()
    assert look.changed(pinned(file)) == []
    if how == "by another file":
        file.rename(file.with_suffix(".old"))
    if how == "gone":
        file.unlink()
    else:
        file.write_bytes(b"STEPS")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert look.changed(pinned(file)) == [str(file)]


@pytest.mark.usefixtures("later")
def test_what_is_whole_by_one_digest_is_not_by_another(file):
    look = Untouched()
    assert look.changed(pinned(file)) == []
    assert look.changed(pinned(file, b"others")) == [str(file)]
