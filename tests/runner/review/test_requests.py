from datetime import timedelta

import msgspec
import pytest

from runner.config.model import Config, Person
from runner.errors import ApprovalError
from runner.journal import events as ev
from runner.journal.chain import GENESIS
from runner.journal.codec import encode
from runner.journal.record import Record
from runner.policy import Missing, Vote
from runner.review import sshsig
from runner.review.approval import Counted
from runner.review.decide import refuse_withdrawal
from runner.review.ledger import Ledger, operator_keys
from runner.review.requests import could_sign, new_request_id, requests_of, sign_from, uses_left
from runner.review.statement import handed_statement
from tests.runner.review.people import HEAD, NOON, RUN, STEP, opened, requested, stamp

BODY = requested()
WINDOW = {"not_before": stamp(NOON + timedelta(hours=9)), "not_after": stamp(NOON + timedelta(hours=11))}


class Story:
    """Journal lines of one run, told by minutes after noon."""

    def __init__(self, crew):
        self.crew, self.records = crew, []

    def at(self, minutes, body, person="alice", step=STEP, run=RUN):
        text = encode(body)
        place = {"seq": len(self.records) + 1, "at": stamp(NOON + timedelta(minutes=minutes)), "run": run, "step": step}
        self.records.append(Record(**place, person=person, body=body, text=text, prev=GENESIS, hash=GENESIS))
        return self

    def approve(self, minutes, who, team, body=BODY, **more):
        when = stamp(NOON + timedelta(minutes=minutes))
        statement, signature = self.crew.decide(who, team, body, at=when, **more)
        given = ev.ApprovalGiven(request=body.request, as_team=team, statement=statement, signature=signature)
        return self.at(minutes, given, who)

    def reject(self, minutes, who, team, body=BODY):
        when = stamp(NOON + timedelta(minutes=minutes))
        no = {"decision": "reject", "reason": "too late"}
        statement, signature = self.crew.decide(who, team, body, at=when, **no)
        refused = ev.ApprovalRejected(
            request=body.request, as_team=team, reason="too late", statement=statement, signature=signature
        )
        return self.at(minutes, refused, who)

    def stands(self, minutes, config=None, **more):
        found = requests_of(self.records, config or self.crew.config, NOON + timedelta(minutes=minutes), **more)
        assert len(found) == 1
        return found[0]


@pytest.fixture
def story(crew):
    return Story(crew).at(0, BODY)


@pytest.fixture
def approved(story):
    return story.approve(5, "bob", "dev").approve(30, "carol", "ops")


def test_the_signature_of_a_team_that_nobody_asked_fills_no_place_and_is_no_refusal(crew):
    body = requested(policies=("quick",))
    stands = Story(crew).at(0, body).approve(5, "carol", "ops", body).stands(6)
    assert (stands.state, stands.votes, stands.refused) == ("waiting", (Vote("carol", "ops"),), ())


def test_a_broken_glass_is_looked_at_where_there_is_such_a_request(story):
    broken = ev.BreakglassOpened(reason="-", ticket="-", until=stamp(NOON), skipped=(), request=BODY.request)
    stands = story.at(1, msgspec.structs.replace(broken, request="req-x"), "bob").at(2, broken, "carol").stands(3)
    assert stands.refused == (("carol", "carol may not break the glass of cross"),)


def test_a_new_request_waits_and_says_for_whom(story):
    stands = story.stands(1)
    assert (stands.state, stands.id, stands.reason) == ("waiting", BODY.request, None)
    assert stands.missing == (("cross", Missing("dev", 1)), ("cross", Missing("ops", 1)))
    assert stands.deadline == NOON + timedelta(hours=12)


def test_one_of_two_approvals_leaves_it_waiting(story):
    stands = story.approve(5, "bob", "dev").stands(6)
    assert (stands.state, stands.missing) == ("waiting", (("cross", Missing("ops", 1)),))
    assert stands.votes == (Vote("bob", "dev"),)


def test_it_is_approved_when_every_slot_has_another_person(approved):
    stands = approved.stands(31)
    assert (stands.state, stands.missing) == ("approved", ())
    assert stands.votes == (Vote("bob", "dev"), Vote("carol", "ops"))


def test_one_person_in_both_teams_does_not_satisfy_it_alone(story):
    assert story.approve(5, "dan", "dev").approve(6, "dan", "ops").stands(7).state == "waiting"


def test_the_time_to_start_counts_from_the_last_approval_needed(approved):
    assert approved.stands(90).state == "approved"
    assert approved.stands(90).deadline == NOON + timedelta(minutes=90)
    late = approved.stands(91)
    assert (late.state, late.reason) == ("expired", "nobody started the step by 2026-11-23 13:30:00 UTC")


def test_an_approval_more_than_needed_stretches_nothing(approved):
    assert approved.approve(80, "dan", "dev").stands(91).state == "expired"


def test_a_request_that_too_few_signed_expires(story):
    stands = story.approve(5, "bob", "dev").stands(721)
    assert (stands.state, stands.reason) == ("expired", "not enough people signed by 2026-11-24 00:00:00 UTC")


def test_a_signed_window_holds_until_its_end_and_names_its_start(crew):
    body = requested(window=WINDOW)
    story = Story(crew).at(0, body).approve(5, "bob", "dev", body).approve(6, "carol", "ops", body)
    stands = story.stands(600)
    assert (stands.state, stands.not_before) == ("approved", NOON + timedelta(hours=9))
    assert [stands.early(NOON + timedelta(minutes=minutes)) for minutes in (539, 540, 541)] == [True, False, False]
    assert not Story(crew).at(0, body).stands(1).early(NOON), "nobody has approved it"
    assert stands.deadline == NOON + timedelta(hours=11)
    assert story.stands(661).state == "expired"


def test_a_window_longer_than_a_policy_allows_is_cut(crew):
    body = requested(window={**WINDOW, "not_after": stamp(NOON + timedelta(hours=40))})
    story = Story(crew).at(0, body).approve(0, "bob", "dev", body).approve(0, "carol", "ops", body)
    assert story.stands(1).deadline == NOON + timedelta(hours=16)
    both = requested(window=WINDOW, policies=("cross", "quick"))
    story = Story(crew).at(0, both).approve(0, "bob", "dev", both).approve(0, "carol", "ops", both)
    assert (story.stands(1).state, story.stands(1).deadline) == ("expired", NOON + timedelta(minutes=10))
    quick = requested(window=WINDOW, policies=("quick",))
    assert Story(crew).at(0, quick).approve(0, "bob", "dev", quick).stands(1).deadline == NOON + timedelta(minutes=10)


COULD = {
    "everybody of the team but the operator": ({}, "ops", ("carol", "dan")),
    "not who is excluded": ({"excluded": {"dan": "wrote it"}}, "ops", ("carol",)),
    "nobody of another team": ({}, "dev", ("bob", "dan")),
}


@pytest.mark.parametrize(("asked", "team", "who"), COULD.values(), ids=COULD)
def test_still_to_sign_are(asked, team, who, crew):
    stands = Story(crew).at(0, requested(**asked)).stands(1)
    assert could_sign(stands, team, crew.config) == who


def test_who_has_signed_cannot_sign_again_as_another_team(story, crew):
    assert could_sign(story.approve(5, "dan", "dev").stands(6), "ops", crew.config) == ("carol",)


FROM = {
    "the shortest of all policies": (("cross", "quick"), WINDOW, timedelta(hours=9, minutes=-10)),
    "what its window grants": (("cross",), WINDOW, timedelta(hours=-7)),
    "a policy that is gone grants nothing": (("cross", "gone"), WINDOW, timedelta(hours=-7)),
    "at once where nothing is known": (("gone",), WINDOW, None),
    "at once where there is no window": (("cross",), None, None),
}


@pytest.mark.parametrize(("policies", "window", "since"), FROM.values(), ids=FROM)
def test_a_signature_for_a_window_counts_from(policies, window, since, crew):
    stands = Story(crew).at(0, requested(window=window, policies=policies)).stands(1)
    assert sign_from(stands, crew.config) == (None if since is None else NOON + since)


def test_of_two_policies_the_one_that_is_satisfied_first_does_not_do(crew):
    body = requested(policies=("quick", "cross"))
    story = Story(crew).at(0, body).approve(5, "bob", "dev", body)
    assert story.stands(6).state == "waiting"
    assert story.approve(7, "carol", "ops", body).stands(8).state == "approved"


def test_every_policy_must_be_satisfied_and_one_approval_may_serve_both(crew):
    body = requested(policies=("cross", "quick"))
    story = Story(crew).at(0, body).approve(5, "carol", "ops", body)
    assert story.stands(6).missing == (("cross", Missing("dev", 1)), ("quick", Missing("dev", 1)))
    stands = story.approve(7, "bob", "dev", body).stands(8)
    assert (stands.state, stands.deadline) == ("approved", NOON + timedelta(minutes=17)), "the shortest time holds"


def test_a_veto_ends_it_whoever_else_approved(approved):
    stands = approved.reject(31, "dan", "dev").stands(32)
    assert (stands.state, stands.reason) == ("rejected", "dan rejected it: too late")


def test_a_veto_without_a_reason_says_so(approved):
    statement, signature = approved.crew.decide("dan", "dev", BODY, decision="reject")
    no = ev.ApprovalRejected(request=BODY.request, as_team="dev", reason="", statement=statement, signature=signature)
    assert approved.at(31, no, "dan").stands(32).reason == "dan rejected it: no reason given"


def test_a_withdrawn_approval_ends_it(approved):
    stands = approved.at(31, ev.ApprovalWithdrawn(request=BODY.request, reason="saw it again"), "bob").stands(32)
    assert (stands.state, stands.reason) == ("withdrawn", "bob withdrew: saw it again")


def test_a_stranger_cannot_withdraw_what_others_approved(approved):
    assert approved.at(31, ev.ApprovalWithdrawn(request=BODY.request, reason="-"), "dan").stands(32).state == "approved"


ENDS = {
    "consumed": ev.StepIntended(step_digest=BODY.step_digest, requests=(BODY.request,)),
    "expired": ev.ApprovalExpired(request=BODY.request, reason="12h are over"),
    "stale": ev.ApprovalStale(request=BODY.request, reasons=("rows: 30000 instead of 5",)),
}


@pytest.mark.parametrize("state", ENDS)
def test_an_end_in_the_journal_is_final(approved, state):
    ended = approved.at(31, ENDS[state])
    assert ended.stands(32).state == state
    later = ended.approve(33, "dan", "dev").reject(34, "dan", "ops").stands(35)
    assert (later.state, len(later.votes)) == (state, 2)


def test_what_was_used_stays_used_when_the_run_closes(approved):
    closed = approved.at(31, ENDS["consumed"]).at(32, ev.RunClosed(state="completed"), step=None)
    assert closed.stands(33).state == "consumed"


def test_an_approval_is_used_once(approved):
    used = approved.at(31, ENDS["consumed"])
    assert used.stands(32).reason == f"restore started at {stamp(NOON + timedelta(minutes=31))}"


@pytest.mark.parametrize(
    ("event", "state", "reason"),
    [
        (ev.RunClosed(state="aborted"), "withdrawn", "the run was closed"),
        (ev.RunHandedOver(from_person="alice", to_person="dan"), "stale", "dan is the operator now"),
        (ev.RunResumed(operator="alice", host="box", plan_digest="11"), "stale", "the runbook was changed"),
        (
            ev.PlanAmended(check="c", object="o", why="w", set={}, then=(), plan_digest="11"),
            "stale",
            "the plan was amended",
        ),
    ],
)
def test_what_changes_the_run_voids_its_open_requests(approved, event, state, reason):
    stands = approved.at(31, event, step=None).stands(32)
    assert (stands.state, stands.reason) == (state, reason)


def test_the_same_text_again_voids_nothing(approved):
    approved.at(31, ev.RunResumed(operator="alice", host="box", plan_digest=BODY.plan_digest), step=None)
    same = ev.PlanAmended(check="c", object="o", why="w", set={}, then=(), plan_digest=BODY.plan_digest)
    assert approved.at(31, same).stands(32).state == "approved"


def test_a_reviewer_who_left_shisa_yaml_no_longer_counts(approved, crew):
    left = {name: person for name, person in crew.people.items() if name != "carol"}
    stands = approved.stands(31, Config(shisa=1, people=left, policies=crew.config.policies))
    assert (stands.state, stands.refused) == ("waiting", (("carol", "shisa.yaml knows nobody called carol"),))


def test_a_decision_that_does_not_count_is_kept_with_its_reason(story):
    stands = story.approve(5, "alice", "ops").stands(6)
    assert stands.refused == (("alice", "alice is the operator, and nobody approves their own step"),)


def test_an_excluded_author_does_not_count_but_may_say_no(crew):
    body = requested(excluded={"bob": "wrote line 9 of clone.yaml"})
    story = Story(crew).at(0, body).approve(5, "bob", "dev", body)
    assert story.stands(6).refused == (("bob", "bob is excluded: they wrote line 9 of clone.yaml"),)
    assert story.reject(7, "bob", "dev", body).stands(8).state == "rejected"


def test_a_rejection_dressed_as_an_approval_does_not_count(story):
    given = story.reject(5, "bob", "dev").records.pop().body
    dressed = ev.ApprovalGiven(
        request=BODY.request, as_team="dev", statement=given.statement, signature=given.signature
    )
    stands = story.at(5, dressed, "bob").stands(6)
    assert stands.refused == (("bob", "its line says approve as dev, and its signer says otherwise"),)


def test_an_approval_at_another_step_does_not_count(story):
    line = story.approve(5, "bob", "dev").records.pop()
    stands = story.at(5, line.body, "bob", step="drop").stands(6)
    assert stands.refused == (("bob", "its line stands at another run or step"),)


def test_the_key_that_the_operator_opened_the_run_with_never_approves(crew):
    """alice moves her key to a new name in shisa.yaml after opening the run with it."""
    story = Story(crew).at(0, opened(crew, HEAD, stamp(NOON)), step=None).at(0, BODY)
    story.approve(5, "alice2", "dev", signer="alice")
    people = {
        "alice": Person(teams=("ops",), keys=(crew.keys["stranger"].public.line,)),
        "alice2": Person(teams=("dev",), keys=crew.people["alice"].keys),
    }
    (_, reason), *_ = story.stands(6, Config(shisa=1, people=people, policies=crew.config.policies)).refused
    assert reason.endswith("is the one that alice, the operator, signed with")


def test_the_key_that_somebody_took_the_run_over_with_never_approves_their_step(crew):
    handed = ev.RunHandedOver(from_person="alice", to_person="dan")
    statement = handed_statement(handed, run=RUN, at=stamp(NOON), head=HEAD)
    signature = crew.sign("dan", statement, sshsig.RUN)
    body = requested(operator="dan")
    story = Story(crew).at(0, opened(crew, HEAD, stamp(NOON)), step=None)
    story.at(1, msgspec.structs.replace(handed, statement=statement, signature=signature), "dan", step=None)
    story.at(2, body, "dan").approve(5, "dan2", "dev", body, signer="dan")
    people = {**crew.people, "dan": crew.people["bob"], "dan2": Person(teams=("dev",), keys=crew.people["dan"].keys)}
    (_, reason), *_ = story.stands(6, Config(shisa=1, people=people, policies=crew.config.policies)).refused
    assert reason.endswith("is the one that dan, the operator, signed with")


def test_only_a_key_that_the_operator_of_the_request_signed_with_is_theirs(crew):
    begun = opened(crew, HEAD, stamp(NOON))
    assert operator_keys(begun, "alice") == {crew.keys["alice"].public.fingerprint}
    for other, who in (
        (begun, "dan"),
        (None, "alice"),
        (msgspec.structs.replace(begun, signature=None), "alice"),
        (msgspec.structs.replace(begun, signature="x"), "alice"),
    ):
        assert operator_keys(other, who) == frozenset()


def test_who_opened_the_run_may_review_after_handing_it_over(crew):
    body = requested(operator="dan")
    story = Story(crew).at(0, opened(crew, HEAD, stamp(NOON)), step=None)
    story.at(1, ev.RunHandedOver(from_person="alice", to_person="dan"), "dan", step=None).at(2, body, "dan")
    assert story.approve(5, "alice", "ops", body).stands(6).votes == (Vote("alice", "ops"),)


def test_what_ends_another_run_or_an_unknown_request_changes_nothing(approved):
    approved.at(31, ev.RunClosed(state="aborted"), step=None, run="261123-zzzzzz")
    approved.at(32, ev.ApprovalWithdrawn(request="req-x", reason="-"))
    approved.at(33, ev.ApprovalStale(request="req-x", reasons=("-",)))
    assert approved.stands(34).state == "approved"


def test_a_policy_that_shisa_yaml_does_not_have_makes_it_stale(crew):
    body = requested(policies=("cross", "gone"))
    stands = Story(crew).at(0, body).stands(1)
    assert (stands.state, stands.reason) == ("stale", "shisa.yaml has no policy gone")


def test_a_request_without_a_policy_is_never_approved(crew):
    body = requested(policies=())
    stands = Story(crew).at(0, body).approve(1, "bob", "dev", body).stands(2)
    assert (stands.state, stands.reason) == ("stale", "shisa.yaml has no policy of the request")


def test_two_requests_are_told_apart_and_ids_never_repeat(crew):
    other = requested(request=new_request_id())
    story = Story(crew).at(0, BODY).approve(5, "bob", "dev").approve(6, "carol", "ops").at(7, other)
    states = [one.state for one in requests_of(story.records, crew.config, NOON + timedelta(minutes=8))]
    assert states == ["approved", "waiting"]
    assert len({new_request_id() for _ in range(100)}) == 100


def test_a_decision_on_an_unknown_request_changes_nothing(story):
    stray = requested(request="req-" + "f" * 32)
    assert story.approve(5, "bob", "dev", stray).stands(6).votes == ()


GROUP = requested(
    group="g",
    max_uses=2,
    parts=tuple(ev.Part(step=name, step_digest="0", policies=("cross",), envelope={}) for name in (STEP, "b", "c")),
)


@pytest.fixture
def grouped(crew):
    return Story(crew).at(0, GROUP).approve(5, "bob", "dev", GROUP).approve(6, "carol", "ops", GROUP)


def begin(step="restore", body=GROUP):
    return ev.StepIntended(step_digest="0", requests=(body.request,)), "alice", step


def test_each_step_of_a_group_uses_up_its_part_and_the_last_one_all_of_it(grouped):
    for minute, step in ((7, STEP), (8, "b")):
        stands = grouped.at(minute, *begin(step)).at(minute, ev.StepEnded(outcome="done"), step=step).stands(9)
        assert (stands.state, stands.started[step]) == ("approved", 1)
    stands = grouped.at(9, *begin("c")).stands(10)
    assert (stands.state, stands.reason) == ("consumed", f"c started at {stamp(NOON + timedelta(minutes=9))}")


DEVIATIONS = [
    (ev.StepEnded(outcome="failed"), "restore of the group ended as failed"),
    (ev.StepEnded(outcome="unknown"), "restore of the group ended as unknown"),
    (ev.GuardsAsked(moment="after", verdict="unknown", evidence=()), "a guard objected after restore of the group"),
    (ev.StepResolved(outcome="done", reason="-"), "alice said what became of restore of the group: done"),
    (ev.StepResolved(outcome="not-done", reason="-"), "alice said what became of restore of the group: not-done"),
]


@pytest.mark.parametrize(("event", "reason"), DEVIATIONS)
def test_what_goes_another_way_in_a_step_of_a_group_ends_the_rest(grouped, event, reason):
    stands = grouped.at(7, *begin()).at(8, event).stands(9)
    assert (stands.state, stands.reason) == ("stale", reason)


def test_guards_that_object_to_nothing_after_a_step_of_a_group_end_nothing(grouped):
    after = ev.GuardsAsked(moment="after", verdict="warn", evidence=())
    assert grouped.at(7, *begin()).at(8, after).stands(9).state == "approved"


def test_a_withdrawal_does_not_hide_why_a_group_was_ended_before(grouped):
    grouped.at(7, *begin()).at(8, FAILED).at(9, ev.ApprovalWithdrawn(request=GROUP.request, reason="-"), "bob")
    assert grouped.stands(10).reason == "restore of the group ended as failed"


def test_the_same_in_a_step_that_is_not_of_the_group_ends_nothing(grouped):
    assert grouped.at(7, *begin()).at(8, ev.StepEnded(outcome="failed"), step="other").stands(9).state == "approved"


def test_a_step_of_the_same_name_in_another_run_ends_nothing(grouped):
    failed = ev.StepEnded(outcome="failed")
    assert grouped.at(7, *begin()).at(8, failed, run="261123-000000").stands(9).state == "approved"


TWICE = requested(max_uses=2)
FAILED, DONE = ev.StepEnded(outcome="failed"), ev.StepEnded(outcome="done")
ATTEMPTS = {
    "while the attempt is under way": ((), "withdrawn"),
    "behind one that failed": ((FAILED,), "withdrawn"),
    "while nobody knows what became of it": ((ev.StepEnded(outcome="unknown"),), "withdrawn"),
    "behind the last one that was granted": ((FAILED, begin(body=TWICE)[0]), "consumed"),
    "behind one that is done": ((DONE,), "consumed"),
    "behind one that is done, as somebody saw": ((ev.StepResolved(outcome="done", reason="-"),), "consumed"),
}


@pytest.mark.parametrize(("events", "state"), ATTEMPTS.values(), ids=ATTEMPTS)
def test_a_withdrawal_counts_as_long_as_another_attempt_may_be_made(crew, events, state):
    story = Story(crew).at(0, TWICE).approve(5, "bob", "dev", TWICE).approve(6, "carol", "ops", TWICE)
    for body in (begin(body=TWICE)[0], *events):
        story.at(7, body)
    before = story.stands(8)
    if state == "consumed":
        with pytest.raises(ApprovalError, match="the request is consumed: restore started at"):
            refuse_withdrawal(before, "bob", NOON + timedelta(minutes=8))
    else:
        refuse_withdrawal(before, "bob", NOON + timedelta(minutes=8))
    stands = story.at(9, ev.ApprovalWithdrawn(request=TWICE.request, reason="-"), "bob").stands(10)
    assert stands.state == state
    assert uses_left(stands, STEP, NOON + timedelta(minutes=10)) == 0


def test_an_approval_of_which_one_step_may_be_tried_again_can_be_withdrawn(crew):
    story = Story(crew).at(0, GROUP).approve(5, "bob", "dev", GROUP).approve(6, "carol", "ops", GROUP)
    for step in (STEP, "b", "c", "c"):
        story.at(7, *begin(step))
    assert story.stands(8).state == "consumed"
    refuse_withdrawal(story.stands(8), "bob", NOON + timedelta(minutes=8))
    story.at(9, ev.ApprovalWithdrawn(request=GROUP.request, reason="-"), "bob")
    assert story.stands(10).state == "withdrawn"


def test_what_was_begun_though_nobody_had_approved_it_is_not_begun_again(crew):
    story = Story(crew).at(0, TWICE).at(7, *begin(body=TWICE)).at(8, FAILED)
    assert story.stands(9).state == "consumed"
    assert uses_left(story.stands(9), STEP, NOON + timedelta(minutes=9)) == 0


def test_what_voids_an_approval_that_was_used_leaves_no_other_attempt_and_the_first_cause_is_told(crew):
    story = Story(crew).at(0, TWICE).approve(5, "bob", "dev", TWICE).approve(6, "carol", "ops", TWICE)
    story.at(7, *begin(body=TWICE)).at(8, FAILED)
    now = NOON + timedelta(minutes=11)
    assert (uses_left(story.stands(11), STEP, now), story.stands(11).lapsed) == (1, None)
    story.at(9, ev.RunHandedOver(from_person="alice", to_person="dan"), step=None)
    story.at(10, ev.RunResumed(operator="dan", host="box", plan_digest="11"), step=None)
    stands = story.stands(11)
    assert (stands.state, uses_left(stands, STEP, now), stands.lapsed) == ("consumed", 0, "dan is the operator now")


def test_how_often_an_approval_may_still_start_its_step(crew):
    body = requested(max_uses=3)
    story = Story(crew).at(0, body)
    assert uses_left(story.stands(1), STEP, NOON) == 0, "nobody has approved it"
    story.approve(5, "bob", "dev", body).approve(6, "carol", "ops", body)
    later, late = NOON + timedelta(minutes=10), NOON + timedelta(minutes=67)
    for used in range(5):
        assert uses_left(story.stands(10), STEP, later) == max(0, 3 - used)
        assert uses_left(story.stands(10), STEP, late) == 0, "past its deadline"
        assert uses_left(story.stands(10), STEP, story.stands(10).deadline) == max(0, 3 - used)
        story.at(7, *begin(body=body))
    story = Story(crew).at(0, body).approve(5, "bob", "dev", body).approve(6, "carol", "ops", body)
    assert uses_left(story.reject(7, "dan", "dev", body).stands(8), STEP, later) == 0


def test_one_key_under_a_second_name_does_not_count_again(story):
    """An authority can make certificates about one key out for two people."""

    def judge(request, record, _keys):
        return Counted(record.person, record.body.as_team, "approve", record.at, "SHA256:one", {}, HEAD, None)

    ledger = Ledger(judge)
    for record in story.approve(1, "bob", "dev").approve(2, "carol", "ops").approve(3, "bob", "ops").records:
        ledger.take(record)
    (entry,) = ledger.entries.values()
    assert [each.given.person for each in entry.approvals] == ["bob", "bob"]
    assert entry.refused == [("carol", "the key SHA256:one has signed as bob already")]
