import itertools
import random

import pytest

from runner.config.model import Need
from runner.policy import Missing, Vote, assign, missing, satisfiable

DEV_AND_OPS = [Need(team="dev", n=1), Need(team="ops", n=1)]
CASES = 20_000
OVERLAP = (
    "the policy needs 2 distinct people for dev and ops, but some are in more than one of these teams and"
    " one person fills one slot: only ann."
)


def small_policies():
    """Random policies and votes: few teams, few people, many overlaps."""
    rng = random.Random(20261123)  # noqa: S311 - the same policies each time
    for _ in range(CASES):
        teams = ["dev", "ops", "dba"][: rng.randint(1, 3)]
        people = ["ann", "ben", "cem", "dan", "eve"][: rng.randint(1, 5)]
        need = [Need(team=rng.choice(teams), n=rng.randint(1, 2)) for _ in range(rng.randint(1, 3))]
        yield need, [Vote(person, team) for person in people for team in teams if rng.random() < 0.45]


def most_seats(seats, votes):
    """Brute force: the largest number of seats that distinct people can fill."""
    people = sorted({vote.person for vote in votes})
    padded = [*people, *[None] * len(seats)]
    return max(
        sum((person, team) in votes for person, team in zip(chosen, seats, strict=True))
        for chosen in set(itertools.permutations(padded, len(seats)))
    )


def brute(need, votes, memo):
    """Judge by brute force, each question once."""
    key = (tuple(sorted(slot.team for slot in need for _ in range(slot.n))), frozenset(votes))
    if key not in memo:
        memo[key] = most_seats(key[0], key[1])
    return memo[key]


def test_matching_agrees_with_brute_force_on_20000_small_policies():
    memo: dict = {}
    complete = 0
    for need, votes in small_policies():
        seats = sum(slot.n for slot in need)
        best = brute(need, votes, memo)
        found = assign(need, votes)
        assert len(found.filled) == best, (need, votes)
        assert sum(gap.n for gap in found.missing) == seats - best
        assert found.complete == (best == seats)
        assert len({vote.person for vote in found.filled}) == len(found.filled), "one person fills one slot"
        assert set(found.filled) <= set(votes), "a person counts in a capacity they signed in"
        complete += found.complete
    assert CASES // 10 < complete < CASES - CASES // 10, "both answers are exercised"


def test_satisfiable_agrees_with_brute_force_on_the_roster():
    memo: dict = {}
    for need, votes in itertools.islice(small_policies(), 5_000):
        roster = {person: {v.team for v in votes if v.person == person} for person in {v.person for v in votes}}
        excluded = sorted(roster)[:1]
        left = [vote for vote in votes if vote.person not in excluded]
        assert (satisfiable(need, roster, excluded) == ()) == (brute(need, left, memo) == sum(s.n for s in need))


def test_first_fit_would_block_what_matching_satisfies():
    votes = [Vote("ann", "dev"), Vote("ann", "ops"), Vote("ben", "dev")]
    assert assign(DEV_AND_OPS, votes).filled == (Vote("ben", "dev"), Vote("ann", "ops"))


def test_one_person_in_two_capacities_fills_one_slot():
    found = assign(DEV_AND_OPS, [Vote("ann", "dev"), Vote("ann", "ops")])
    assert not found.complete
    assert sum(gap.n for gap in found.missing) == 1


def test_two_of_one_team_do_not_stand_in_for_the_other():
    assert missing(DEV_AND_OPS, [Vote("ann", "dev"), Vote("ben", "dev")]) == (Missing("ops", 1),)


def test_a_policy_that_needs_nobody_is_never_satisfied():
    assert not assign([], [Vote("ann", "dev")]).complete
    assert satisfiable([], {"ann": ["dev"]}) == ("the policy needs nobody; it must name at least one team.",)


def test_a_slot_of_fewer_than_one_person_is_refused():
    with pytest.raises(ValueError, match="team dev: a policy needs at least 1 person of a team it names, not 0"):
        assign([Need(team="dev", n=0)], [Vote("ann", "dev")])


@pytest.mark.parametrize(
    ("need", "roster", "excluded", "sentence"),
    [
        (
            DEV_AND_OPS,
            {"ann": ["dev"], "ben": ["ops"]},
            ["ben"],
            "the policy needs 1 of team ops besides ben, but the configuration has nobody.",
        ),
        (
            [Need(team="dev", n=2)],
            {"ann": ["dev"]},
            [],
            "the policy needs 2 of team dev, but the configuration has only ann.",
        ),
        (
            DEV_AND_OPS,
            {"ann": ["dev", "ops"]},
            [],
            OVERLAP,
        ),
    ],
)
def test_an_unsatisfiable_policy_says_who_is_lacking(need, roster, excluded, sentence):
    assert satisfiable(need, roster, excluded) == (sentence,)
