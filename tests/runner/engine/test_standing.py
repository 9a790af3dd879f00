"""Role and timeline of a target, then and now: what a step declares is the only change that it may be."""

import pytest

from runner.engine.target.standing import moved, standing, unlike
from runner.runbook.model import ChangesTarget


def server(role, timeline):
    return {"in_recovery": role == "standby", "timeline": timeline}


WAS, PRIMARY = server("standby", 1), server("primary", 1)
READ_ONLY = {**PRIMARY, "read_only": True}


@pytest.mark.parametrize(
    ("was", "now", "declared", "why"),
    [
        (WAS, server("primary", 2), {"role": "primary", "timeline": "next"}, None),
        (WAS, server("primary", 5), {"role": "primary", "timeline": "next"}, None),
        (
            WAS,
            server("primary", 1),
            {"role": "primary", "timeline": "next"},
            "it is on timeline 1, and was on 1 before",
        ),
        (WAS, server("standby", 2), {"role": "primary", "timeline": "next"}, "it is a standby, not a primary"),
        (
            WAS,
            server("primary", 2),
            {"role": "primary"},
            "it is on timeline 2, which the step does not declare: it was on 1 before",
        ),
        (
            PRIMARY,
            server("primary", 2),
            {"role": "primary", "timeline": "same"},
            "it is on timeline 2, which the step does not declare: it was on 1 before",
        ),
        (PRIMARY, server("primary", 2), {"timeline": "next"}, None),
        (PRIMARY, server("standby", 2), {"timeline": "next"}, "it is a standby, not a primary"),
        (PRIMARY, server("standby", 1), {"role": "standby"}, None),
        (PRIMARY, server("standby", 2), {"role": "standby"}, None),
        (PRIMARY, server("primary", 1), {"role": "standby"}, "it is a primary, not a standby"),
    ],
)
def test_a_target_has_become_what_was_declared_or_it_is_said_in_what_it_has_not(was, now, declared, why):
    assert unlike(was, now, ChangesTarget(**declared)) == why


@pytest.mark.parametrize(
    ("was", "now", "answer"),
    [
        (PRIMARY, server("primary", 1), False),
        (PRIMARY, server("primary", 2), True),
        (PRIMARY, server("primary", 0), True),
        (PRIMARY, server("standby", 1), True),
        (WAS, server("standby", 2), False),
        (WAS, server("primary", 1), True),
        (PRIMARY, READ_ONLY, True),
        (READ_ONLY, READ_ONLY, False),
        (READ_ONLY, PRIMARY, False),
        (WAS, {**WAS, "read_only": True}, False),
    ],
)
def test_a_standby_may_follow_to_another_timeline_and_nothing_else_may_move(was, now, answer):
    assert moved(was, now) is answer


def test_a_server_is_named_by_role_and_timeline():
    assert standing(server("standby", 3)) == "standby on timeline 3"
    assert standing(READ_ONLY) == "read-only primary on timeline 1"
