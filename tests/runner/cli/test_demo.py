"""The demo's folder and its story; tests/e2e plays the whole tour."""

from pathlib import Path

import pytest

from runner.cli.demo import _folder
from runner.demo import incident2, tour2
from runner.demo.incident1 import Without
from runner.demo.tour1 import _story
from runner.errors import UsageError


def test_the_folder_is_new_private_and_named_after_the_moment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = _folder(None)
    assert made.parent == Path(".shisa")
    assert made.stat().st_mode & 0o777 == 0o700
    assert _folder(tmp_path / "chosen").is_dir()


def test_a_folder_that_is_used_or_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    for place, says in ((tmp_path, "is not empty"), (tmp_path / "file" / "x", "cannot be used: Not a directory")):
        with pytest.raises(UsageError, match=says) as refused:
            _folder(place)
        assert refused.value.hint == "name another folder with --out"


STORIES = [
    (Without(100, 100, 0, 1, None, None), ["This time nothing went wrong"]),
    (Without(101, 100, 1, 1, None, None), ["from 101 to 100", "1 customer signed", "1 id now stands", "by luck"]),
    (Without(150, 100, 5, 5, "23505", "no"), ["5 customers", "5 ids now stand twice", "no (SQLSTATE 23505)"]),
]


RESETS = [
    (incident2.Without(30, 0, 0, None), ["30 expenses of ACME K.K. came back", "This time nothing went wrong"]),
    (incident2.Without(1, 1, 1, None), ["1 expense of", "1 setting of 1 tenant"]),
    (incident2.Without(30, 50, 3, None), ["50 settings of 3 tenants are gone", "Nobody saw an error"]),
]


@pytest.mark.parametrize(("without", "says"), RESETS)
def test_the_story_of_the_second_incident_tells_what_was_measured(without, says):
    told = tour2.story(without)
    assert [text for text in says if text not in told] == []


@pytest.mark.parametrize(("without", "says"), STORIES)
def test_the_story_tells_what_was_measured(without, says):
    told = _story(without)
    assert [text for text in says if text not in told] == []
