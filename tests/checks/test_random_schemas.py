"""What guards say of random schemas, held against a server that is made to do what they speak of.

The oracle asks no catalogue for who draws from what: it sets sequences, casts numbers and drops tables, and looks at
what became of the rest.
"""

from __future__ import annotations

import contextlib

import psycopg
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from checks.base import Verdict
from tests.checks.random_schemas import schemas
from tests.checks.test_live import ask

bounded = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
COLUMNS = """SELECT format('r.%s.%s', table_name, column_name), column_default IS NOT NULL
             FROM information_schema.columns WHERE table_schema = 'r'"""
TABLES = """SELECT format('r.%s', table_name), lower(replace(table_type, 'BASE ', '')) FROM information_schema.tables
            WHERE table_schema = 'r'"""
KEYS = """SELECT format('r.%s.%s', table_name, constraint_name) FROM information_schema.table_constraints
          WHERE table_schema = 'r' AND constraint_type = 'FOREIGN KEY'"""


@contextlib.contextmanager
def built(database, schema):
    """Make the schema in ``r``; gives a connection in a transaction that is rolled back."""
    with psycopg.connect(database.dsn, options="-c search_path=r") as connection:
        for statement in ("DROP SCHEMA IF EXISTS r CASCADE", "CREATE SCHEMA r", *schema.statements):
            connection.execute(statement)
        connection.commit()
        yield connection
        connection.rollback()


def fits(connection, sequence, types, number):
    """Whether the sequence can give a number and columns of these types can hold it: it is tried."""
    try:
        with connection.transaction():
            for each in types:
                connection.execute(f"SELECT '{number}'::{each}")
            connection.execute(f"SELECT setval('{sequence}', '{number}'::bigint, false)")
    except psycopg.errors.NumericValueOutOfRange:
        return False
    return True


@bounded
@given(schema=schemas())
def test_the_last_number_that_is_left_fits_everywhere_and_the_next_one_does_not(database, schema):
    with built(database, schema) as connection:
        evidence = ask(database, "sequence-exhaustion", {"schemas": ["r"]})
        assert {each.object for each in evidence.findings} == {f"r.{name}" for name in schema.takers}
        for finding in evidence.findings:
            sequence = finding.object.removeprefix("r.")
            step = schema.steps.get(sequence, 1)
            types = {column.type for column in schema.takes(sequence)}
            left, following = finding.measured["numbers_left"], finding.measured["next"]
            event(f"none left: {left == 0}, of a column: {finding.measured['column'] is not None}")
            assert left == 0 or fits(connection, sequence, types, following + (left - 1) * step)
            assert not fits(connection, sequence, types, following + left * step)
            assert (left == 0) <= (finding.verdict is Verdict.BLOCK)


@bounded
@given(schema=schemas())
def test_a_default_that_another_tables_end_takes_away_is_the_one_that_is_told(database, schema):
    with built(database, schema) as connection:
        told = {
            finding.object: finding.measured["owned_by"]
            for finding in ask(database, "foreign-default", {"schemas": ["r"]}).findings
            if "takes this default away" in finding.message
        }
        lost = {}
        for table in schema.tables:
            before = columns(connection)
            with connection.transaction(force_rollback=True):
                connection.execute(f"DROP TABLE {table} CASCADE")
                after = columns(connection)
            lost |= {name: f"r.{table}.id" for name in before if before[name] and after.get(name) is False}
        event(f"told: {len(told)}")
        assert told == lost


def columns(connection):
    """The columns, and whether each has a default."""
    return dict(connection.execute(COLUMNS).fetchall())


@bounded
@given(schema=schemas(), drawn=st.data())
def test_what_goes_along_with_a_table_is_what_is_told_before(database, schema, drawn):
    root = drawn.draw(st.sampled_from(schema.tables))
    with built(database, schema) as connection:
        findings = ask(database, "cascade-reach", {"tables": [f"r.{root}"]}).findings
        told = {(each.measured["kind"], each.object) for each in findings if each.verdict is Verdict.BLOCK}
        before = there(connection)
        connection.execute(f"DROP TABLE {root} CASCADE")
        gone = before - there(connection) - {("table", f"r.{root}")}
        tables = {name for kind, name in gone if kind in {"table", "view"}} | {f"r.{root}"}
        outside = {(kind, name) for kind, name in gone if name in tables or name.rpartition(".")[0] not in tables}
        event(f"taken along: {len(outside)}")
        assert told == outside


def there(connection):
    """The tables, views, defaults and foreign keys that there are."""
    found = {("default", name) for name, default in columns(connection).items() if default}
    found |= {("foreign key", name) for (name,) in connection.execute(KEYS).fetchall()}
    return found | {(kind, name) for name, kind in connection.execute(TABLES).fetchall()}
