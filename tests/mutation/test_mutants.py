"""What the pass takes away is there: no entry of its lists is about a text of yesterday."""

from tests.fixtures.servers import ROOT
from tests.mutation import of_python, of_sql
from tests.mutation.mutants import JUDGED, SQL, mutants, stale

FUNCTION = """
TABLE = {name: 1 for name in "ab" if name}


def decide(people, now, end):
    if now > end and people:
        refuse(people)
    match people:
        case [one] if one:
            return max(name for name in people if name)
    return len(people) > 1
"""
CONDITION = """
  IF a = 1 AND (b = 2 OR c = 'x AND y') THEN
    PERFORM shisa.refuse('no'); -- neither this AND that
  END IF;
"""


def test_every_entry_of_the_lists_is_about_something():
    assert list(stale(ROOT)) == []


def test_an_entry_whose_text_is_gone_is_named_with_what_to_do(monkeypatch):
    monkeypatch.setitem(of_sql.NAMED, "chain.sql", [{"is": "FOR SHARE", "then": ""}])
    monkeypatch.setattr("tests.mutation.mutants.KNOWN", {"chain.sql: never ever": "it never was"})
    assert list(stale(ROOT)) == [
        "changes.yaml: chain.sql has no 'FOR SHARE' any more: put there what guards now, or take it out",
        "known.yaml: there is no mutant 'chain.sql: never ever' any more: take it out",
    ]


def test_every_module_that_decides_can_be_changed_and_no_two_changes_have_one_name():
    found = list(mutants(ROOT))
    assert {each.path for each in found} >= {*JUDGED, f"{SQL}/judge.sql", f"{SQL}/append.sql", f"{SQL}/grants.sql"}
    assert len({each.name for each in found}) == len(found)
    assert all(each.text != (ROOT / each.path).read_text() for each in found)


def test_a_function_is_turned_round_at_every_decision_and_what_a_module_does_at_its_import_is_not():
    assert {f"{each.lines.start} {each.told}" for each in of_python.changes(FUNCTION)} == {
        "6 not now > end and people",
        "6 without now > end",
        "6 without people",
        "6 edge now > end",
        "7 without refuse(people)",
        "9 always one",
        "9 never one",
        "10 min for max",
        "10 always name",
        "11 not len(people) > 1",
        "11 edge len(people) > 1",
    }


def test_every_side_of_a_condition_in_sql_is_taken_away_by_itself():
    found = of_sql.changes("judge.sql", CONDITION)
    assert {each.told: each.made(CONDITION).partition("IF ")[2].partition(" THEN")[0] for each in found} == {
        "never a = 1 AND (b = 2 OR c = 'x AND y')": "false",
        "without a = 1": "true AND (b = 2 OR c = 'x AND y')",
        "without (b = 2 OR c = 'x AND y')": "a = 1 AND true",
        "without b = 2": "a = 1 AND (false OR c = 'x AND y')",
        "without c = 'x AND y'": "a = 1 AND (b = 2 OR false)",
    }


def test_what_a_query_says_is_taken_apart_as_a_condition_is():
    query = "SELECT a OR b IS DISTINCT FROM c FROM d;"
    assert {each.told: each.made(query) for each in of_sql.changes("judge.sql", query)} == {
        "without a": "SELECT false OR b IS DISTINCT FROM c FROM d;",
        "without b IS DISTINCT FROM c": "SELECT a OR false FROM d;",
    }
