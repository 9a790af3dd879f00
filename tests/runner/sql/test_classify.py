import pytest

from runner.sql.classify import Dml, classify
from runner.sql.grammar import parse
from tests.runner.sql.statements import reference, table


def judge(sql, **options):
    (statement,) = parse(sql)
    return classify(statement, **options)


def test_the_table_holds_at_least_150_statements_and_none_twice():
    statements = [row["sql"] for row in table()]
    assert len(statements) >= 150
    assert len(set(statements)) == len(statements)


@pytest.mark.parametrize("command", reference())
def test_every_command_of_the_reference_stands_in_the_table(command):
    covered = {row["command"] for row in table()} | {row["sql"] for row in table()}
    assert any(each == command or each.startswith(command + " ") for each in covered)


@pytest.mark.parametrize("row", table(), ids=lambda row: row["sql"][:60])
def test_a_statement_is_classified_as_the_table_says(row):
    found = judge(row["sql"])
    told = {
        "command": found.command,
        "destructive": found.destructive,
        "survives": found.survives_rollback,
        "transaction": found.transaction,
        "read_only": found.read_only,
        "lock": found.lock,
    }
    assert told == {key: row[key] for key in told}


@pytest.mark.parametrize("row", table(), ids=lambda row: row["sql"][:60])
def test_what_looks_only_neither_destroys_nor_survives(row):
    found = judge(row["sql"])
    if found.read_only:
        assert not found.destructive
        assert not found.survives_rollback
        assert not [each for each in found.dml if each.kind]


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        ("DELETE FROM t", "absent"),
        ("DELETE FROM t WHERE true", "constant"),
        ("DELETE FROM t WHERE 1 = 1", "constant"),
        ("DELETE FROM t WHERE id = id", "constant"),
        ("DELETE FROM t WHERE id = 1 OR true", "constant"),
        ("DELETE FROM t WHERE now() > '2020-01-01'", "constant"),
        ("DELETE FROM t WHERE id = 1 AND true", "present"),
        ("DELETE FROM t WHERE id = other_id", "present"),
        ("DELETE FROM t WHERE EXISTS (SELECT FROM u WHERE u.id = t.id)", "present"),
        ("DELETE FROM t WHERE CURRENT OF c", "present"),
        ("UPDATE t SET a = 1 WHERE NOT (id = 1)", "present"),
    ],
)
def test_a_condition_that_is_the_same_for_every_row_is_no_condition(sql, where):
    (dml,) = judge(sql).dml
    assert dml.where == where


def test_dml_in_a_cte_in_explain_and_in_prepare_is_found():
    hidden = (
        "PREPARE p AS WITH a AS (UPDATE s.a SET x = 1 RETURNING *), b AS (DELETE FROM b USING c) INSERT INTO d TABLE a"
    )
    found = judge(hidden)
    assert set(found.dml) == {Dml("update", "s.a", "absent"), Dml("delete", "b", "absent"), Dml("insert", "d", None)}
    assert set(found.writes) == {"s.a", "b", "d"}
    assert found.reads == ("c",)
    assert found.reasons == ("UPDATE overwrites values (s.a)", "DELETE removes rows (b)")


def test_a_name_that_with_defines_is_no_relation_but_the_same_name_outside_its_reach_is():
    found = judge("SELECT * FROM (WITH a AS (SELECT * FROM b) SELECT * FROM a) x, a, s.b")
    assert set(found.reads) == {"b", "a", "s.b"}
    assert judge("WITH a AS (SELECT * FROM a) SELECT * FROM a").reads == ("a",)
    assert judge("WITH RECURSIVE a AS (SELECT * FROM a) SELECT * FROM a").reads == ()
    assert judge("WITH t AS (SELECT 1) DELETE FROM t").writes == ("t",)


def test_a_function_listed_as_harmless_is_trusted_only_as_it_is_written():
    harmless = frozenset({"public.fiscal_year"})
    assert not judge("SELECT public.fiscal_year(now())", harmless=harmless).destructive
    assert judge("SELECT fiscal_year(now())", harmless=harmless).reasons == (
        "function fiscal_year() is not a known harmless built-in",
    )
    assert judge("SELECT other.fiscal_year(now())", harmless=harmless).opaque == ("other.fiscal_year",)


def test_a_built_in_in_another_schema_is_not_the_built_in():
    assert judge("SELECT pg_catalog.lower('x')").read_only
    assert judge("SELECT \"Public\".lower('x')").opaque == ('"Public".lower',)


def test_reasons_are_sentences_that_name_what_is_lost():
    found = judge("ALTER TABLE s.t DROP COLUMN a CASCADE, ALTER b SET DEFAULT 1, ADD c int")
    assert found.reasons == (
        "ALTER TABLE removes column a and all that depends on it, changes the default of column b (s.t)",
    )
    assert found.subcommands == ("DROP COLUMN", "COLUMN DEFAULT", "ADD COLUMN")
    assert found.cascade
    survival = judge("SELECT setval('s', 1)").survival
    assert survival == ("function setval() moves a sequence at once",)


def test_what_a_view_a_function_or_a_rule_stores_is_not_run():
    assert not judge("CREATE VIEW v AS SELECT setval('s', 1)").destructive
    assert judge("CREATE FUNCTION f() RETURNS void BEGIN ATOMIC DELETE FROM t; END").dml == ()
    assert judge("CREATE RULE r AS ON INSERT TO t DO ALSO DELETE FROM u").dml == ()
    assert not judge("ALTER TABLE t ALTER a SET DEFAULT nextval('s')").survives_rollback


def test_facts_for_concurrently_and_if_not_exists():
    found = judge("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON s.t (a)")
    assert (found.concurrently, found.if_not_exists, found.creates) == (True, True, ("s.i",))
    assert judge("ALTER TABLE p DETACH PARTITION c CONCURRENTLY").concurrently
    assert not judge("CREATE INDEX i ON s.t (a)").concurrently
    assert judge("TRUNCATE a, b CASCADE").cascade
    assert judge('DROP TABLE s."A b", c').writes == ('s."A b"', "c")
    assert judge("DROP TRIGGER x ON s.t").writes == ("s.t",)
