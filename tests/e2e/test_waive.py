"""A guard closes the gate; the operator waits in one terminal, a reviewer waives the finding by name in another."""

from tests.e2e.stage import PURGE

GUARDED = PURGE + "    guards: {before: [{check: duplicate-keys-in-tree, with: {parent: public.session}}]}\n"
POLICY = {"need": [{"team": "dev", "n": 1}], "waive": [{"team": "dev", "n": 1}]}
WORDS = ("purge", "duplicate-keys-in-tree", "--reason", "the copy goes tonight", "--until", "4h")


def test_the_run_goes_on_where_it_waits_when_the_finding_is_waived(stage):
    stage.database.execute("CREATE TABLE old () INHERITS (session); INSERT INTO old VALUES (9, false)")
    stage.runbook(GUARDED)
    stage.configure(policies={"cross-review": POLICY})
    operator = stage.sit_down("alice", "run", "purge.yaml")
    operator.see("BLOCK", "Somebody of dev may waive it")
    operator.see(f"shisa waive {stage.run_id()} purge duplicate-keys-in-tree:public.session", "purge is stopped")
    operator.see("> again, wait, stop:")
    operator.type("wait")
    nobody = stage.sit_down("carol", "waive", stage.run_id(), *WORDS, columns=200)
    nobody.see("carol may not waive it", "hint: somebody of dev may")
    assert nobody.ended() == 4
    reviewer = stage.sit_down("bob", "waive", stage.run_id(), *WORDS)
    reviewer.see(
        "BLOCK", "duplicate-keys-in-tree", "public.session", "bob waives public.session until", "anything else stops:"
    )
    reviewer.type("yes")
    reviewer.see("nothing was waived")
    assert reviewer.ended() == 0
    reviewer = stage.sit_down("bob", "waive", stage.run_id(), *WORDS)
    reviewer.see("Type public.session to go on", "anything else stops:")
    reviewer.type("public.session")
    reviewer.see("public.session is waived by bob as dev until", "signed")
    assert reviewer.ended() == 0
    operator.see("WAIVER", "the copy goes tonight", "WAIVED by bob", "waits for approval")
    stage.sign()
    operator.see("Type purge to go on", "anything else stops:")
    operator.type("purge")
    operator.see("is completed")
    assert operator.ended() == 0
    shown = stage.shisa("alice", "show", "last").out
    assert "WAIVER" in shown.split("Timeline")[0]
    assert stage.shisa("alice", "verify").code == 0


def test_a_waiver_is_not_given_by_a_pipe(stage):
    ran = stage.shisa("bob", "waive", "last", *WORDS, stdin="public.session\n")
    assert ran.code == 2
    assert "not a terminal" in ran.err
