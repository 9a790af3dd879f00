import pytest

from runner.errors import GateClosedError
from runner.review.authors import authors


def test_a_git_that_fails_without_a_word_names_nobody(tmp_path, monkeypatch):
    git = tmp_path / "git"
    git.write_text("#!/bin/sh\nexit 1\n")
    git.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GateClosedError, match=r"nobody can tell who wrote clone\.yaml: git gave no reason"):
        authors(tmp_path / "clone.yaml", "shisa: 1\n", range(1, 2))
