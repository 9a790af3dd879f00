"""What a statement would touch is counted by its own words, or said to be not countable."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from runner.sql.counting import changes_of
from runner.sql.reach import reach_of

CASES = yaml.safe_load((Path(__file__).with_name("cases") / "counting.yaml").read_text("utf-8"))


def plain(value):
    if isinstance(value, str):
        return " ".join(value.split())
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_step_is_turned_into_counts(case):
    found = changes_of(case["sql"] if isinstance(case["sql"], list) else [case["sql"]])
    assert [
        {key: plain(getattr(one, key)) for key in want} for one, want in zip(found, case["changes"], strict=True)
    ] == case["changes"]


@pytest.mark.parametrize(
    ("sql", "relations", "lock"),
    [
        ("DELETE FROM a USING b WHERE a.i = b.i", ("a",), "RowExclusiveLock"),
        ("ALTER TABLE s.a ADD FOREIGN KEY (b) REFERENCES b", ("s.a", "b"), "ShareRowExclusiveLock"),
        ("CREATE INDEX CONCURRENTLY i ON a (x)", ("a",), "ShareUpdateExclusiveLock"),
        ("SELECT 1 FROM a", ("a",), "AccessShareLock"),
        ("CREATE TABLE n (i int)", (), None),
        ("DO 'begin end'", (), "unknown"),
        ("DROP TABEL a", (), "unknown"),
    ],
)
def test_a_step_reaches_what_it_changes(sql, relations, lock):
    found, mode = reach_of([sql])
    assert set(relations) == set(found)
    assert mode == lock
