"""Programs and waits as steps."""

import pytest

from tests.runner.engine.stage import Player

HARMLESS = "destructive: {lowered: a test}"


def command(body):
    return f"  - id: program\n    title: A program\n    command: {body}\n    {HARMLESS}\n"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("[sh, -c, 'exit 3']", "exit code 3 instead of 0: it said nothing"),
        ("[sh, -c, 'echo not today >&2; exit 1']", "exit code 1 instead of 0: not today"),
        ("{argv: [echo, hello], stdout: {contains: goodbye}}", "its output is not as expected: contains 'goodbye'"),
        ("{argv: [echo, hello], stdout: goodbye}", "its output is not as expected: equals 'goodbye'"),
    ],
)
def test_a_program_that_does_otherwise_than_expected_may_have_done_part_of_it(stage, body, message):
    stage.write(command(body))
    play = stage.play()
    assert (play.state, play.ending.exit_code) == ("unknown", 7)
    assert play.ended("program").message == message
    assert play.reason == f"program: {message}; look whether it happened, then `shisa resolve`"
    assert stage.resume(play.run).state == "unknown", "it is never made again by itself"


KNOWN = {
    "it leaves nothing behind": ("    effects: none\n", "failed", 3),
    "its cleanup removes what it leaves": ("    cleanup: {command: [echo, gone], auto: true}\n", "failed", 3),
    "verify says no": ("    verify: {command: ['false']}\n", "failed", 3),
    "verify says yes": ("    verify: {command: ['true']}\n", "completed", 0),
}


@pytest.mark.parametrize(("more", "state", "code"), KNOWN.values(), ids=KNOWN)
def test_what_a_program_that_failed_has_done_is_known_where(stage, more, state, code):
    stage.settings["targets"]["live"]["policy"] = "cross"
    stage.save()
    stage.write(command("[sh, -c, 'exit 3']") + more)
    play = stage.play(Player(on_wait=stage.sign))
    assert (play.state, play.ending.exit_code) == (state, code), play.reason


def test_a_program_that_is_not_there_fails_the_step(stage):
    stage.write(command("[no-such-program-at-all]"))
    play = stage.play()
    assert (play.state, play.ending.exit_code) == ("failed", 3)
    assert play.ended("program").message == "no-such-program-at-all cannot be run: No such file or directory"


@pytest.mark.parametrize(
    "body",
    [
        "[echo, hello]",
        "{argv: [sh, -c, 'exit 3'], exit_code: [0, 3]}",
        "{argv: [cat], stdin: hello, stdout: {matches: '^hel+o$'}}",
        "{argv: [sh, -c, 'test \"$WHO\" = me'], env: {WHO: me}}",
        "{argv: 'echo one && echo two', shell: true, stdout: {contains: two}}",
    ],
)
def test_a_program_that_does_as_expected_is_done(stage, body):
    stage.write(command(body))
    assert stage.play().state == "completed"


def test_a_program_does_not_get_a_shell_unless_it_is_said(stage):
    stage.write(command("{argv: [echo, '$HOME; id'], stdout: '$HOME; id'}"))
    assert stage.play().state == "completed"


def test_output_is_captured_for_later_steps(stage):
    stage.write(
        command("[echo, version 17.2]")
        + "    capture: {major: {stdout: 'version (\\d+)', type: integer}}\n"
        + "  - {id: later, title: Later, when: major == 17, manual: 'It is {{ major }}.', expected: Fine.}\n"
    )
    play = stage.play()
    assert play.bodies("value.captured")[0].value == 17
    assert play.bodies("step.entered", "later")[0].rendered["manual"] == "It is 17."


def test_output_without_what_is_to_be_captured_fails(stage):
    stage.write(command("[echo, nothing]") + "    capture: {major: {stdout: 'version (\\d+)', type: integer}}\n")
    assert stage.play().ended("program").message == "there is nothing in its output to capture as major"


TOO_MUCH = "[sh, -c, 'yes | head -c 3000000']"


def test_a_program_may_say_more_than_is_kept(stage):
    stage.write(command(TOO_MUCH))
    ended = stage.play().ended("program")
    assert ended.outcome == "done"
    assert "2,996,000 bytes are left out here" in ended.detail["stdout"]
    assert len(ended.detail["stdout"]) < 4100


@pytest.mark.parametrize("more", ["", "    capture: {it: {stdout: 'y'}}\n"], ids=["expected", "captured"])
def test_what_was_not_kept_whole_is_not_judged(stage, more):
    stage.write(command(TOO_MUCH if more else f"{{argv: {TOO_MUCH}, stdout: {{contains: y}}}}") + more)
    play = stage.play()
    assert play.state == "unknown"
    assert play.ended("program").message == "it said too much to be judged: 1,951,424 bytes more than are kept"


def test_a_program_that_takes_too_long_is_ended_and_its_outcome_unknown(stage):
    stage.write(command("[sleep, '60']") + "    timeout: 200ms\n")
    play = stage.play()
    assert (play.state, play.ending.exit_code) == ("unknown", 7)
    assert "was ended after 200ms; what it had done stands" in play.reason


def test_a_program_is_destructive_unless_the_author_says_why_not(stage):
    stage.write(
        "  - id: program\n    title: A program\n    target: live\n    command: [echo, hello]\n    approval: cross\n"
    )
    play = stage.play(Player(on_wait=stage.sign))
    assert play.state == "completed"
    assert play.bodies("step.entered")[0].reasons == ("a program can do anything",)


TREE = """
CREATE TABLE tree (id int PRIMARY KEY);
CREATE TABLE a (PRIMARY KEY (id)) INHERITS (tree);
CREATE TABLE b (PRIMARY KEY (id)) INHERITS (tree);
INSERT INTO a VALUES (1);
INSERT INTO b VALUES (1);
"""
WAIT = """\
  - id: wait
    title: Wait
    target: live
    wait: {check: duplicate-keys-in-tree, with: {parent: public.tree}, every: 20ms, limit: 5s}
"""


def test_a_wait_ends_when_its_check_passes(stage, database):
    database.execute(TREE)
    player = Player()
    player.tell = lambda text: (player.said.append(text), database.execute("DELETE FROM b"))
    stage.write(WAIT)
    play = stage.play(player)
    assert play.state == "completed"
    assert player.said[0].startswith("waiting, up to 5s: ")
    assert [body.evidence["verdict"] for body in play.bodies("guard.sampled")] == ["block", "pass"]


def test_a_wait_that_lasts_too_long_blocks_and_can_be_resumed(stage, database):
    database.execute(TREE)
    stage.write(WAIT.replace("limit: 5s", "limit: 50ms"))
    play = stage.play()
    assert (play.state, play.ending.exit_code) == ("blocked", 1)
    assert "did not pass within 50ms" in play.reason
    database.execute("DELETE FROM b")
    assert stage.resume(play.run).state == "completed"
