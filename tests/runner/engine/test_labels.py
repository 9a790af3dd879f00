"""Labels: 2 is ben wherever 2 is shown."""

from runner.report.as_markdown import markdown
from runner.terminal.event_lines import render_event
from tests.runner.engine.stage import Player

HEAD = """\
params:
  account: {{type: integer, label: {{target: live, sql: "{sql}"}}}}
"""
STEP = """\
  - {id: look, title: Look, manual: "Look at {{ account }}.", expected: Fine.}
"""


def play(stage, sql):
    stage.write(STEP, head=HEAD.format(sql=sql))
    return stage.play(Player(), params={"account": "2"})


def test_a_label_is_read_from_the_target_when_the_run_opens_and_shown(stage):
    done = play(stage, "SELECT owner FROM account WHERE id = :account")
    opened = done.session.records[0]
    assert opened.body.labels == {"account": "ben"}
    assert "`account` = `2`, which is ben" in markdown(done.session.records, done.session.config.config)
    shown = [pair for block in render_event(opened) if hasattr(block, "pairs") for pair in block.pairs]
    assert ("-p account", ("2 = ben",)) in [(name, value.lines) for name, value in shown]


def test_a_label_that_cannot_be_read_is_unknown_and_stops_nothing(stage):
    for sql in ("SELECT owner FROM nowhere", "SELECT owner FROM account", "DELETE FROM account RETURNING owner"):
        done = play(stage, sql)
        assert done.state == "completed"
        assert done.session.records[0].body.labels == {"account": None}
        assert "which is unknown" in markdown(done.session.records, done.session.config.config)
