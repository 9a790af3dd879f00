"""Two moments of one run: captured by one guard, kept beside the journal, compared by a later one."""

import json

import pytest

from tests.runner.engine.stage import Player

BASELINES = {
    "schema-drift": ("{}", "ALTER TABLE account ADD note text", "The column public.account.note is here and not in"),
    "row-count": ("{tables: [public.account]}", "DELETE FROM account WHERE id = 3", "1 row fewer, and 0 may go"),
    "inheritance-topology": (
        "{}",
        "CREATE TABLE other (id int); ALTER TABLE account INHERIT other",
        "public.account inherits from public.other here and inherits from nothing in the baseline of step look",
    ),
    "sequence-drift": ("{}", "SELECT setval('ids', 5)", "public.ids was put back from 12 to 6"),
    "settings": (
        "{expect: [work_mem>0]}",
        "ALTER ROLE CURRENT_USER IN DATABASE {database} SET work_mem = '5MB'",
        "work_mem is 5120 kB, and was 4096 kB in",
    ),
}
STEPS = """\
  - id: look
    title: Keep how it is
    target: live
    check: {check}
    with: {{baseline: capture{more}}}
  - id: pause
    title: Somebody works
    manual: Wait for it.
  - id: again
    title: Nothing has changed
    target: live
    check: {check}
    with: {{baseline: compare{more}}}
"""


def steps(check):
    more = BASELINES[check][0].strip("{}")
    return STEPS.format(check=check, more=f", {more}" if more else "")


@pytest.fixture
def prepared(accounts, database):
    database.execute("CREATE SEQUENCE ids; CREATE TABLE user_of_it (id int DEFAULT nextval('ids'))")
    database.execute("SELECT setval('ids', 11)")
    return accounts


@pytest.mark.parametrize("check", BASELINES)
@pytest.mark.usefixtures("prepared")
def test_what_nothing_changed_passes_and_a_change_blocks_also_after_a_resume(check, stage, database):
    stage.write(steps(check))
    play = stage.play(Player({"pause": "stop"}))
    assert play.state == "stopped"
    _, change, sentence = BASELINES[check]
    database.execute(change.format(database=database.name))
    play = stage.resume(play.run)
    assert (play.state, play.ending.exit_code) == ("blocked", 1)
    found = play.bodies("guards.asked", "again")[-1].evidence[0]
    assert found["verdict"] == "block"
    assert sentence in found["message"]
    captured = play.bodies("guards.asked", "look")[0].evidence[0]["baseline"]
    assert found["baseline"] == {**captured, "mode": "compare", "step": "look"}
    assert stage.problems() == []


@pytest.mark.parametrize("check", BASELINES)
@pytest.mark.usefixtures("prepared")
def test_what_nothing_changed_passes(check, stage):
    stage.write(steps(check))
    play = stage.play()
    assert play.state == "completed", play.reason
    assert play.bodies("guards.asked", "again")[-1].verdict == "pass"


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda file: file.unlink(), "is missing"),
        (lambda file: file.write_bytes(file.read_bytes().replace(b"3", b"2")), "was changed after it was written"),
    ],
)
@pytest.mark.usefixtures("prepared")
def test_a_baseline_that_is_gone_or_not_what_was_kept_is_unknown(harm, reason, stage):
    stage.write(steps("row-count"))
    play = stage.play(Player({"pause": "stop"}))
    captured = play.bodies("guards.asked", "look")[0].evidence[0]["baseline"]["sha256"]
    file = stage.folder / "journal.db.kept" / captured
    assert json.loads(file.read_text())["rows"] == [["public.account", 3, True, []]]
    harm(file)
    play = stage.resume(play.run)
    assert play.state == "blocked"
    assert play.bodies("guards.asked", "again")[-1].verdict == "unknown"
    assert reason in play.reason


@pytest.mark.usefixtures("prepared")
def test_without_a_capture_the_comparison_is_unknown(stage):
    stage.write("  - {id: again, title: T, target: live, check: schema-drift, with: {baseline: compare}}\n")
    play = stage.play()
    assert play.state == "blocked"
    assert "nothing earlier in this run has captured a baseline of this check on this target" in play.reason


@pytest.mark.usefixtures("prepared")
def test_a_capture_of_other_tables_is_no_baseline(stage):
    book = steps("row-count")
    stage.write(book.replace("public.account", "public.user_of_it", 1))
    play = stage.play()
    assert play.state == "blocked"
    assert "nothing earlier in this run has captured" in play.reason


@pytest.mark.usefixtures("prepared")
def test_before_and_after_one_step_are_two_moments(stage):
    stage.write(
        "  - id: delete\n    title: T\n    target: live\n    approval: cross\n    no_rollback: a test\n"
        "    sql: DELETE FROM account WHERE id > 1\n"
        "    guards:\n"
        "      before: [{check: row-count, with: {tables: [public.account], baseline: capture}}]\n"
        "      after: [{check: row-count, with: {tables: [public.account], baseline: compare, max_lost: 1}}]\n"
    )
    play = stage.play(Player(on_wait=stage.sign))
    assert play.state == "blocked"
    assert (
        "public.account holds 1 row, and 3 in the baseline of step delete: 2 rows fewer, and 1 may go." in play.reason
    )


@pytest.mark.usefixtures("prepared")
def test_a_capture_on_another_target_is_no_baseline(stage):
    stage.settings["targets"]["copy"] = stage.settings["targets"]["live"]
    stage.save()
    stage.write(steps("row-count").replace("target: live", "target: copy", 1))
    stage.runbook.write_text(stage.runbook.read_text().replace("targets: {live: {}}", "targets: {live: {}, copy: {}}"))
    play = stage.play()
    assert play.state == "blocked"
    assert play.bodies("guards.asked", "look")[0].verdict == "pass"
    assert "nothing earlier in this run has captured" in play.reason
