"""What honest people do is taken in; else a refusal of the cheats would show nothing."""

import psycopg
import pytest

from tests.runner.journal.team.ground import ANSWER, ORDER, STEP, append, told, write
from tests.runner.journal.team.telling import UNAIMED, tell, tell_of, whole

HONEST = {
    "the whole way": ORDER,
    "rejected": (*ORDER[:4], "rejected"),
    "withdrawn": (*ORDER[:5], "withdrawn"),
    "withdrawn by the operator": (*ORDER[:5], "taken back"),
    "expired": (*ORDER[:4], "expired"),
    "stale": (*ORDER[:4], "stale", "closed"),
    "amended": (*ORDER[:4], "amended", "resumed"),
    "taken over": (*ORDER[:2], "taken"),
    "asked and answered": (*ORDER[:2], "asked", "answered"),
    "named before it was asked": (*ORDER[:3], "notified", *ORDER[3:]),
    "expanded before it was asked": (*ORDER[:3], "expanded", *ORDER[3:]),
    "amended before it was asked": (*ORDER[:2], "amended", *ORDER[2:]),
    "asked again and answered": (*ORDER[:2], "asked", "asked", "answered"),
    "waived": (*ORDER[:3], "waived"),
    "ended and remarked upon": (*ORDER, "ended", "closed", "note"),
}


@pytest.mark.parametrize("way", HONEST)
def test_honest_people_write_every_line_and_the_chain_is_whole(way, ground):
    tell(ground, HONEST[way])
    assert ground.lines() == len(HONEST[way])
    assert whole(ground) == []


def test_a_step_that_works_on_no_target_is_approved_and_starts(ground):
    tell(ground, ORDER, entered={"target": None}, requested={"target": ""})
    assert whole(ground) == []


def test_a_signed_run_with_a_person_at_it_is_opened_in_production(ground):
    ground.root.execute("UPDATE shisa.target SET environment = 'production' WHERE policy IS NOT NULL")
    live = told(ground)["opened"][3]["targets"][0] | {"environment": "production"}
    tell(ground, ORDER, opened={"targets": [live], "statement": "{}", "signature": "signed"})
    assert whole(ground) == []


def test_a_step_that_was_begun_is_settled_by_hand(ground):
    tell(ground, (*ORDER, "resolved"))
    assert whole(ground) == []


PLAIN = {"policies": [], "destructive": False, "rendered": {"sql": "SELECT 1"}}


@pytest.mark.parametrize("step", ["purge[1]", "purge[2]/inner", "purge.rollback", "purge[1]/inner.cleanup"])
def test_what_belongs_to_a_step_that_was_approved_starts_without_a_request_of_its_own(ground, step):
    tell(ground, ORDER)
    tell_of(ground, step, ["entered", "started"], entered={"policies": []}, started={"requests": []})
    assert whole(ground) == []


@pytest.mark.parametrize("target", [None, "old"])
def test_what_belongs_to_an_approved_step_starts_where_the_target_has_no_policy(ground, target):
    tell(ground, [each for each in ORDER if each != "carol"], **UNAIMED)
    back = {"policies": [], "target": target}
    tell_of(ground, "purge.rollback", ["entered", "started"], entered=back, started={"requests": []})
    assert whole(ground) == []


@pytest.mark.parametrize(
    "rendered",
    [
        {"sql": "SELECT 1"},
        {"command": ["ls"], "effects": "none"},
        {"restore": {}, "destructive": {"lowered": "a copy"}},
    ],
)
def test_what_is_harmless_starts_without_a_request(ground, rendered):
    tell(ground, ["opened", "entered", "started"], entered=PLAIN | {"rendered": rendered}, started={"requests": []})
    assert ground.lines() == 3


SKIPPED = {
    "its condition is false": (["skipped"], {}),
    "an unguarded step": (["entered", "skipped"], {"entered": PLAIN | {"rendered": {"sql": "SELECT 1", "guards": {}}}}),
    "its condition is false by now": (["entered", "skipped"], {"entered": {"rendered": {"sql": "x", "when": "a"}}}),
    "it failed, and its condition is false by now": (
        ["entered", "started", "ended", "skipped"],
        {
            "entered": PLAIN | {"rendered": {"sql": "SELECT 1", "when": "a"}},
            "started": {"requests": []},
            "ended": {"outcome": "failed"},
        },
    ),
    "it was broken off, and only raises sequences": (
        ["entered", "started", "skipped"],
        {
            "entered": PLAIN | {"rendered": {"sequences": {}, "destructive": {"lowered": "a copy"}, "when": "a"}},
            "started": {"requests": []},
        },
    ),
    "it was broken off, and is manual": (
        ["entered", "started", "skipped"],
        {"entered": PLAIN | {"rendered": {"manual": "Look", "when": "a"}}, "started": {"requests": []}},
    ),
}


@pytest.mark.parametrize(("names", "change"), SKIPPED.values(), ids=SKIPPED)
def test_a_step_is_left_out_where(ground, names, change):
    tell(ground, ["opened", *names], **change)
    assert whole(ground) == []


def test_a_step_of_an_include_or_a_loop_may_have_a_condition_that_the_database_does_not_see(ground):
    tell(ground, ["opened"])
    tell_of(ground, "include/purge", ["entered", "skipped"])
    assert whole(ground) == []


def test_the_cleanup_of_a_step_that_was_approved_is_left_out(ground):
    tell(ground, ORDER)
    bare = {"policies": [], "rendered": {"sql": "DROP INDEX i"}}
    tell_of(ground, "purge.cleanup", ["entered", "skipped"], entered=bare)
    assert whole(ground) == []


def test_what_somebody_took_back_after_its_rollback_had_failed_is_settled(ground):
    tell(ground, (*ORDER, "ended"))
    tell(ground, ["begun back"], **{"begun back": {"paths": ["purge.rollback"]}})
    told_of = {"entered": {"policies": []}, "started": {"requests": []}, "ended": {"outcome": "failed"}}
    tell_of(ground, "purge.rollback", ["entered", "started", "ended", "resolved"], **told_of)
    assert whole(ground) == []


def test_somebody_who_may_not_approve_may_still_say_no(ground):
    tell(ground, (*ORDER[:4], "rejected"), requested={"excluded": {"bob": "wrote line 9 of purge.yaml"}})
    assert whole(ground) == []


def test_a_question_is_answered_out_of_a_rehearsals_file(ground):
    tell(ground, (*ORDER[:2], "asked", "answered"), answered={"statement": "", "signature": ""})
    assert ground.lines() == 4


def test_a_second_attempt_that_nobody_knows_the_outcome_of_is_settled(ground):
    ground.root.execute("UPDATE shisa.policy SET retries = 1")
    twice = (*ORDER, "ended", "again", "started", "resolved")
    tell(ground, twice, requested={"max_uses": 2}, ended={"outcome": "failed"})
    assert whole(ground) == []


def test_a_question_is_answered_in_another_way_where_somebody_was_wrong(ground):
    tell(ground, (*ORDER[:2], "asked", "answered"))
    tell(ground, ["answered"], answered={"statement": ANSWER.replace("{", '{"choice":"other",', 1)})
    assert ground.lines() == 5


def test_a_story_that_was_copied_goes_on(ground):
    write(ground, ORDER[:-1])
    append(ground.login("alice"), ground, told(ground)["started"])
    assert ground.lines() == len(ORDER)
    assert whole(ground) == []


def test_a_broken_glass_stands_for_the_second_person_and_is_reviewed_by_another(ground):
    tell(ground, (*ORDER[:4], "broken", "notified", "again", "started", "closed", "reviewed"))
    assert whole(ground) == []


GROUP = [
    {"step": name, "step_digest": "text", "policies": ["cross-review"], "envelope": {}} for name in (STEP, "second")
]


BETWEEN = {
    "nothing": [],
    "guards that object to nothing": [("after", {"verdict": "warn"})],
    "guards asked once more of a step that has begun": [("again", {"verdict": "block"})],
    "the failure of a step that is not of the group": [("ended", {"step": "third", "outcome": "failed"})],
    "guards that object to a step that is not of the group": [("after", {"step": "third"})],
}


@pytest.mark.parametrize("lines", BETWEEN.values(), ids=BETWEEN)
def test_the_steps_of_a_group_start_with_one_request_whatever_is_between_them(lines, ground):
    tell(ground, ORDER, requested={"parts": GROUP})
    for name, fields in (
        *lines,
        ("ended", {}),
        *((name, {"step": "second"}) for name in ("entered", "again", "started")),
    ):
        tell(ground, [name], **{name: fields})
    assert whole(ground) == []


def test_a_veto_between_the_steps_of_a_group_is_taken_in(ground):
    tell(ground, (*ORDER, "ended", "rejected"), requested={"parts": GROUP})
    assert whole(ground) == []


def test_a_step_that_is_done_is_asked_for_and_starts_anew(ground):
    tell(ground, (*ORDER, "ended"))
    new = {"request": "req-" + "1" * 32}
    tell(ground, ORDER[1:], requested=new, bob=new, carol=new, started={"requests": [new["request"]]})
    assert whole(ground) == []


def test_a_policy_that_grants_a_retry_lets_a_step_start_twice(ground):
    ground.root.execute("UPDATE shisa.policy SET retries = 1")
    twice = (*ORDER, "after", "ended", "again", "started")
    tell(ground, twice, requested={"max_uses": 2}, ended={"outcome": "failed"})
    assert whole(ground) == []


@pytest.mark.parametrize("then", [(), ("ended",)], ids=["under way", "failed"])
def test_what_may_be_tried_again_can_be_withdrawn(ground, then):
    ground.root.execute("UPDATE shisa.policy SET retries = 1")
    tell(ground, (*ORDER, *then, "withdrawn"), requested={"max_uses": 2}, ended={"outcome": "failed"})
    assert whole(ground) == []


def test_a_group_of_which_a_step_may_still_start_can_be_withdrawn(ground):
    tell(ground, (*ORDER, "ended", "withdrawn"), requested={"parts": GROUP})
    assert whole(ground) == []


def test_a_policy_that_needs_nobody_is_satisfied_by_nobody(ground):
    asked = "SELECT shisa.satisfied('{}', '{bob}', '{dev}'), shisa.satisfied('{\"dev\": 1}', '{bob}', '{dev}')"
    assert ground.root.execute(asked).fetchone() == (False, True)


def test_nobody_else_than_the_owner_can_load_rules(ground):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ground.login("alice").execute("SET ROLE shisa_owner")
