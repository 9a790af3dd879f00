"""Reviewing over a team's journal: the decision is vouched for twice, and the operator is told who looks."""

import time

from runner.cli.main import main
from runner.cli.sources import JournalSource
from runner.engine.ports import wall_clock
from runner.journal.presence import lookers, looking
from runner.review.decide import signed_decision
from runner.review.requests import requests_of
from tests.runner.engine.stage import Player
from tests.runner.engine.test_team_journal import team  # noqa: F401


def until(holds):
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_decision_of_the_reviewers_screen_is_as_sure_as_the_journal_makes_it(team, accounts):  # noqa: F811
    seen = []

    def review(_view, asked):
        journal = team.journal("bob")
        with looking(journal, asked.request, "bob"):
            own = team.journal("alice")
            seen.append(lookers(own, asked.request))
            own.close()
        until(lambda: lookers(journal, asked.request) == ())  # a backend that is told to end takes a moment
        source = JournalSource(team.config, journal, next(iter(journal.records())).run)
        (standing,) = requests_of(source.records(), team.config.config, wall_clock())
        body = signed_decision(
            team.config,
            standing,
            decision="approve",
            person="bob",
            key=team.key("bob"),
            as_team="dev",
            attested={"target": "live"},
            head=source.head(),
            now=wall_clock(),
        )
        source.hand_in(body, standing.request.step, "bob")
        journal.close()

    play = team.play(Player(on_wait=review))
    assert play.ending.exit_code == 0
    assert [each.assurance for each in play.bodies("approval.given")] == ["db+signed"]
    assert seen == [("bob",)]
    assert accounts() == [1, 3]


def test_a_team_journal_takes_no_decision_by_file(team, capsys, monkeypatch):  # noqa: F811
    team.play(detach=True)
    monkeypatch.chdir(team.folder)
    assert main(["import", "last", "decision.txt"]) == 2
    assert "A team journal takes a decision from its signer's own login only" in capsys.readouterr().err
