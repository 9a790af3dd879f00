"""What is written of another run or step, or as a remark, changes nothing here."""

import psycopg
import pytest

from tests.runner.journal.team.ground import ANSWER, ORDER, REQUEST, STEP, append, told
from tests.runner.journal.team.telling import UNAIMED, tell, tell_of, whole


def test_what_another_run_calls_by_the_targets_name_lets_nothing_start_here(ground):
    other = told(ground)["opened"][3]["targets"][1] | {"name": "live"}
    tell(ground, ["opened"], run="another", opened={"targets": [other]})
    tell(ground, [each for each in ORDER if each != "carol"], **UNAIMED)
    back = {"policies": [], "rendered": {"sql": "x"}}
    with pytest.raises(psycopg.Error, match=r"step purge\.rollback needs approval"):
        tell_of(ground, "purge.rollback", ["entered", "started"], entered=back, started={"requests": []})


def test_a_remark_in_the_words_of_an_answer_leaves_it_to_be_given(ground):
    tell(ground, (*ORDER[:2], "asked", "note", "answered"), note={"statement": ANSWER})
    assert whole(ground) == []


ELSEWHERE = {
    "in another run": {"run": "another"},
    "at another step": {"ended": {"step": "other"}, "entered": {"step": "other"}},
}


@pytest.mark.parametrize("other", ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_became_of_a_step_is_not_told_elsewhere(other, ground):
    tell(ground, ORDER)
    tell(ground, ["opened", "ended"] if "run" in other else ["ended"], **other)
    tell(ground, ["resolved"])
    assert whole(ground) == []


@pytest.mark.parametrize("other", ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_was_reached_elsewhere_alone_is_left_out(other, ground):
    tell(ground, ["opened"])
    tell(ground, ["opened", "entered"] if "run" in other else ["entered"], **other)
    tell(ground, ["skipped"])
    assert whole(ground) == []


def test_what_became_of_a_step_is_not_told_by_a_remark(ground):
    tell(ground, (*ORDER, "note", "resolved"), note={"step": STEP, "outcome": "done"})
    assert whole(ground) == []


def test_a_broken_glass_is_reviewed_by_somebody_who_only_remarked_and_has_a_run_of_their_own(ground):
    tell(ground, ["opened"], run="another", opened={"person": "bob", "operator": "bob"})
    tell(ground, (*ORDER[:4], "broken", "note", "reviewed"), note={"person": "bob"})
    assert whole(ground) == []


def test_a_broken_glass_is_reviewed_though_one_of_another_run_was_broken_too(ground):
    mine = {"request": "req-" + "1" * 32}
    tell(ground, (*ORDER[:4], "broken"), run="another", requested=mine, broken=mine)
    tell(ground, (*ORDER[:4], "broken", "reviewed"))
    assert whole(ground) == []


def test_what_ends_another_run_ends_nothing_here(ground):
    tell(ground, ORDER[:-1])
    tell(ground, ("opened", "expanded", "closed"), run="another")
    append(ground.login("alice"), ground, told(ground)["started"], seen=len(ORDER) - 1)
    assert whole(ground) == []


def test_who_has_a_run_that_nobody_took_over_goes_on_whatever_others_remark_meanwhile(ground):
    tell(ground, (*ORDER[:-1], "note"), note={"person": "bob"})
    append(ground.login("alice"), ground, told(ground)["started"], seen=len(ORDER) - 1)
    assert whole(ground) == []


def test_the_items_of_another_step_change_nothing_here(ground):
    tell(ground, (*ORDER[:-1], "expanded", "started"), expanded={"step": "other"})
    assert whole(ground) == []


def test_a_policy_that_was_not_asked_for_asks_nobody(ground):
    ground.root.execute("""UPDATE shisa.policy SET need = '{"cs": 1}' WHERE name = 'four-eyes'""")
    tell(ground, ORDER)
    assert whole(ground) == []


def test_a_remark_that_names_a_request_uses_none_up(ground):
    tell(ground, (*ORDER[:-1], "note", "started"), note={"step": STEP, "requests": [REQUEST]})
    assert whole(ground) == []
