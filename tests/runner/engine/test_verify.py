"""``verify``: what settles an outcome that nobody knows, and what does not."""

import signal
import time

import pytest

HARMLESS = "destructive: {lowered: a test}"


def program(verify):
    return (
        "  - id: slow\n    title: A program that takes too long\n    target: live\n    timeout: 100ms\n"
        f"    command: [sleep, '60']\n    {HARMLESS}\n    verify: {verify}\n"
    )


@pytest.mark.parametrize(
    ("verify", "state", "said"),
    [
        ("SELECT count(*) = 3 FROM account", "completed", "verify says that it happened"),
        ("SELECT count(*) = 4 FROM account", "failed", "verify says that it did not happen"),
        ("SELECT count(*) FROM account", "unknown", "verify did not answer with one boolean"),
        ("SELECT true FROM nowhere", "unknown", "verify could not look: slow: this could not be looked up"),
        ("{command: ['true']}", "completed", "verify's program says that it happened"),
        ("{command: ['false']}", "failed", "verify's program says that it did not happen"),
        ("{command: [sh, -c, 'exit 7']}", "unknown", "verify's program ended with 7"),
        ("{check: duplicate-keys-in-tree, with: {parent: public.account}}", "completed", "verify: "),
        ("{check: duplicate-keys-in-tree, with: {parent: public.nowhere}}", "unknown", "verify: "),
    ],
)
def test_an_unknown_outcome_is_settled_by_what_verify_sees_and_by_nothing_else(stage, verify, state, said):
    stage.write(program(verify))
    play = stage.play()
    assert play.state == state
    messages = [body.message for body in play.bodies("step.ended")]
    assert said in (play.reason if state == "unknown" else messages[-1])
    assert messages[0].startswith("sleep was ended after 100ms")


def test_nothing_is_concluded_while_a_backend_of_the_step_is_at_work(stage, database):
    stage.write(program("SELECT true"))
    holder = []

    def observe(record):
        if record.body.name == "step.ended":
            holder.append(database.connect(application_name=f"shisa/{record.run}/slow"))

    play = stage.play(observers=(observe,))
    assert play.state == "unknown"
    assert "a backend of this step is still at work" in play.reason
    holder[0].close()
    assert stage.resume(play.run).state == "completed"


OUTLIVES = """\
  - id: call
    title: A program that takes its time
    command: [sh, -c, "until test -e go; do sleep 0.01; done; echo x >> done"]
    destructive: {lowered: a test}
"""
VERIFY = "    verify: {command: [test, -s, done]}\n"
AT_WORK = "the program of this step is still at work on this machine; wait for it, or end it, and resume"


@pytest.fixture
def outlived(stage, driver):
    """Leaves a run whose shisa was killed while its program worked; gives what lets the program end, and its name."""
    stage.write(OUTLIVES + VERIFY)
    assert driver(stage, die="program-started")["signal"] == signal.SIGKILL
    yield stage.records()[0].run
    (stage.folder / "go").touch()


def marks(stage):
    return list((stage.folder / "journal.db.kept").glob("*.working"))


def test_nothing_is_concluded_while_a_program_works_that_outlived_its_shisa(stage, outlived, monkeypatch):
    monkeypatch.chdir(stage.folder)
    play = stage.resume(outlived)
    assert (play.state, play.ending.exit_code) == ("unknown", 7)
    assert play.reason.endswith(AT_WORK)
    (stage.folder / "go").touch()
    until_gone(stage.resume, outlived)
    assert (stage.folder / "done").read_text() == "x\n"
    assert marks(stage) == []
    assert stage.problems() == []


def test_that_a_program_still_works_is_told_where_nothing_can_be_verified(stage, driver):
    stage.write(OUTLIVES)
    driver(stage, die="program-started")
    assert stage.resume(stage.records()[0].run).reason.endswith(AT_WORK)
    (stage.folder / "go").touch()
    until_gone(stage.resume, stage.records()[0].run, "look whether it happened, then `shisa resolve`")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda mark: mark.write_text("elsewhere"), "elsewhere"),
        (lambda mark: mark.unlink(), "the machine that started it"),
    ],
    ids=["another machine", "no mark"],
)
def test_that_it_did_not_happen_is_not_believed_where_nobody_sees_the_program(stage, outlived, change, place):
    change(*marks(stage))
    play = stage.resume(outlived)
    assert play.state == "unknown"
    assert play.reason.endswith(
        "verify's program says that it did not happen so far, but its program may still work on "
        f"{place}; look there, then `shisa resolve`"
    )


def test_that_it_happened_is_believed_wherever_the_program_worked(stage, outlived, monkeypatch):
    monkeypatch.chdir(stage.folder)
    marks(stage)[0].write_text("elsewhere")
    (stage.folder / "done").write_text("x\n")
    assert stage.resume(outlived).state == "completed"


def until_gone(resume, run, said=None):
    """Resume until the program has ended; its end is a moment away."""
    deadline = time.monotonic() + 30
    while (play := resume(run)).reason.endswith(AT_WORK):
        assert time.monotonic() < deadline, play.reason
        time.sleep(0.02)
    assert play.state == "completed" if said is None else play.reason.endswith(said), play.reason
