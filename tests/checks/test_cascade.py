"""``cascade-reach`` against the truth: what PostgreSQL says it drops when it is told to."""

from __future__ import annotations

import re

import psycopg
import pytest
import yaml

from checks.facts.dropped import Dropped, dropped
from tests.checks.test_live import TABLES, ask

DROPS = [
    case
    for table in TABLES
    if table.stem == "cascade-reach"
    for case in yaml.safe_load(table.read_text("utf-8"))
    if case["verdict"] == "block" and case.get("params", {}).keys() == {"tables"}
]
WORDS = {
    r"default value for column (\w+) of table ([\w.]+)": r"\2.\1",
    r"column (\w+) of table ([\w.]+)": r"\2.\1",
    r"constraint (\w+) on table ([\w.]+)": r"\2.\1",
    r"(?:materialized |foreign )?(?:table|view|function|type|sequence) (.+)": r"\1",
}


def told_by_postgres(database, name):
    """The objects that a DROP says it takes along, by the names of findings."""
    notices = []
    with psycopg.connect(database.dsn) as connection:
        connection.add_notice_handler(lambda each: notices.append(each.message_detail or each.message_primary))
        connection.execute("SET search_path = ''")
        kind = connection.execute("SELECT relkind FROM pg_class WHERE oid = %s::regclass", (name,)).fetchone()[0]
        what = {"S": "SEQUENCE", "v": "VIEW", "m": "MATERIALIZED VIEW"}.get(kind, "TABLE")
        connection.execute(f"DROP {what} {name} CASCADE")
        connection.rollback()
    lines = [line for notice in notices for line in notice.splitlines()]
    return {_named(line.removeprefix("drop cascades to ")) for line in lines}


def _named(description):
    for pattern, name in WORDS.items():
        if re.fullmatch(pattern, description):
            return re.sub(pattern, name, description)
    return description


@pytest.mark.parametrize("case", DROPS, ids=lambda case: case["name"])
def test_what_is_found_is_what_postgres_drops(case, database):
    database.execute(case["sql"])
    (name,) = case["params"]["tables"]
    name = name if "." in name else f"public.{name}"
    found = {
        finding.object: finding.measured["kind"]
        for finding in ask(database, "cascade-reach", {"tables": [name]}).findings
    }
    said = told_by_postgres(database, name)
    assert said <= found.keys()
    silent = {"public.a", "public.t in publication pub"}  # a partition and a publication go without a word
    assert found.keys() - said <= silent


@pytest.mark.parametrize(
    ("statement", "read"),
    [
        ("DROP TABLE a", None),
        ("DROP TABLE a -- CASCADE", None),
        ("SELECT 'DROP TABLE a CASCADE'", None),
        ('DROP TABLE "CASCADE"', None),
        ("DROP TABLE a, b.c CASCADE;", Dropped("drop", relations=("a", "b.c"))),
        ('drop materialized /* x */ view if exists "A"."b, c" cascade', Dropped("drop", (), ('"A"."b, c"',), True)),  # noqa: FBT003
        ("DROP SCHEMA e, f CASCADE", Dropped("drop", ("e", "f"))),
        ("TRUNCATE ONLY a, b * CASCADE", Dropped("truncate", relations=("a", "b"))),
        ("TRUNCATE TABLE a RESTART IDENTITY CASCADE", Dropped("truncate", relations=("a",))),
        ("DROP TYPE a CASCADE", Dropped("")),
        ("ALTER TABLE a DROP CONSTRAINT c CASCADE", Dropped("")),
        ("DO $$ BEGIN DROP TABLE a CASCADE; END $$", None),
    ],
)
def test_a_statement_with_cascade_is_read(statement, read):
    assert dropped(statement) == read
