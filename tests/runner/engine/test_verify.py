"""``verify``: what settles an outcome that nobody knows, and what does not."""

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
