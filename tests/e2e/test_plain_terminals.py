"""A run and its review at terminals that can do little: small, without colours, cursor or letters."""

import pytest

from tests.e2e.stage import PURGE

TITLE = "終わったセッションを消す"
WHY = "経費精算の締め日の前に、" * 6 + "終わり"
TITLED = PURGE.replace("    title: Remove the sessions that have ended\n", f"    title: {TITLE}\n    why: {WHY}\n")
GUARDS = "    guards: {before: [{check: long-transactions, with: {max_age: 1h}}]}\n"
BOOK = TITLED.replace("    approval:", f"{GUARDS}    approval:")
EDGES = {"╭": "╮", "│": "│", "├": "┤", "╰": "╯"}
TERMINALS = {
    "a small window": ({}, 80, 24),
    "a narrow window": ({}, 60, 24),
    "no colours": ({"NO_COLOR": "1"}, 80, 24),
    "no cursor": ({"TERM": "dumb"}, 80, 24),
    "an unknown terminal": ({"TERM": "nonesuch"}, 80, 24),
    "no locale": ({"LANG": "C"}, 80, 24),
    "a locale without the letters": ({"LANG": "C", "PYTHONIOENCODING": "latin-1"}, 80, 24),
}


@pytest.mark.parametrize("kind", TERMINALS)
def test_a_step_is_read_signed_and_started_at(kind, stage):
    environment, columns, lines = TERMINALS[kind]
    stage.extra_env = environment
    stage.runbook(BOOK)
    letters = "latin" not in environment.get("PYTHONIOENCODING", "")
    operator = stage.sit_down("alice", "run", "purge.yaml", columns=columns, lines=lines)
    operator.see("waits for approval under cross-review", "shisa review")
    reviewer = stage.sit_down("bob", "review", stage.run_id(), columns=columns, lines=lines)
    reviewer.see(stage.database.name, "DELETE FROM session WHERE ended", "what do you decide?", "reject, leave:")
    reviewer.type("approve")
    reviewer.see("Which target does this run on?")
    reviewer.type("live")
    reviewer.see("What is the name of the target's database?")
    reviewer.type(stage.database.name)
    reviewer.see("approved by bob, signed")
    assert reviewer.ended() == 0
    operator.see("Type purge to go on")
    operator.type("purge")
    operator.see("is completed")
    assert operator.ended() == 0
    for terminal in (operator, reviewer):
        shown = terminal.text()
        assert "Traceback" not in shown
        assert "".join(shown.split()).count(TITLE) >= letters
        for line in shown.splitlines():
            assert not line.startswith(tuple(EDGES)) or line.endswith(EDGES[line[0]]), f"a table cut or folded: {line}"
    assert (WHY in "".join(operator.text().split())) is letters
