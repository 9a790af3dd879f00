"""A guard that could not look never says ok; evidence is capped, settled and compared."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest

from checks import catalog
from checks.base import REGISTRY, CannotAskError, Check, Finding, Remedy, StepContext, Verdict, check, param
from checks.describe import describe
from runner.config.model import Accepted
from runner.evidence import Evidence, envelope, no_worse
from runner.guards import GuardAsk, ask_guard, could_not_ask
from runner.postgres.connect import connect
from runner.postgres.readonly import ReadOnlySession

DOC = "It is a check.\n\n## Why it matters\n## When it blocks\n## What to do\n## What it cannot see\n"
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


@dataclasses.dataclass(frozen=True)
class Number:
    n: int


@pytest.fixture
def declare():
    """Declare a check of one query and one judgement; it is forgotten at the end."""
    known = set(REGISTRY)

    def declared(*, gather, judge=lambda _: (), since=14, **options):
        class Made(Check[list[Number]]):
            wanted: int = param("A number.", default=1)

            def gather(self, ask):
                return gather(ask)

            def judge(self, facts):
                return judge(facts)

        Made.__doc__ = DOC
        made = check("made", since=since, group="tests", looks_at="numbers", limits=["n"], **options)(Made)
        return describe(made)

    yield declared
    for name in set(REGISTRY) - known:
        del REGISTRY[name]


@pytest.fixture
def port(database):
    with connect(database.dsn, application_name="shisa/test") as connection:
        yield GuardAsk(ReadOnlySession(connection), target="live")


def numbers(sql):
    return lambda ask: ask.rows(sql, Number)


def blocking(facts):
    return [Finding(f"n{each.n}", Verdict.BLOCK, f"{each.n} is too much.", {"n": each.n}) for each in facts]


FAILURES = {
    "a missing privilege": ("SELECT n FROM secret", "this role may not look: permission denied for table secret"),
    "a timeout": (
        "SELECT 1 AS n FROM pg_sleep(60)",
        "it took longer than the statement_timeout of 200ms or was cancelled",
    ),
    "a write": ("INSERT INTO public.t VALUES (1) RETURNING 1 AS n", "it would have written"),
    "a missing table": ("SELECT n FROM public.gone", 'relation "public.gone" does not exist (SQLSTATE 42P01)'),
    "a missing function": ("SELECT gone() AS n", "this server has no such function: function gone() does not exist"),
    "other columns": ("SELECT 1 AS m", "a query returned m; Number is n"),
    "a broken query": ("SELECT", "a query returned ; Number is n"),
    "two statements": ("SELECT 1 AS n; SELECT 2 AS n", "cannot insert multiple commands into a prepared statement"),
}


@pytest.mark.parametrize(("sql", "reason"), FAILURES.values(), ids=FAILURES.keys())
def test_a_query_that_fails_is_unknown_with_the_reason(sql, reason, database, declare):
    database.execute("CREATE TABLE t (n int); CREATE SCHEMA s; CREATE TABLE s.secret (n int)")
    with connect(database.dsn, application_name="shisa/test") as connection:
        connection.execute("SET ROLE pg_monitor")
        session = ReadOnlySession(connection, statement_timeout=timedelta(milliseconds=200))
        sql = sql.replace("secret", "pg_catalog.pg_authid").replace("SELECT n", "SELECT 1 AS n")
        evidence = ask_guard(declare(gather=numbers(sql)), {}, GuardAsk(session, target="live"))
    assert evidence.verdict is Verdict.UNKNOWN
    assert reason.replace("secret", "pg_authid") in evidence.message
    assert evidence.looked_at == 0
    assert evidence.sql == (sql,)


def test_a_lost_connection_is_unknown(database, declare, port):
    def gather(ask):
        with database.connect() as other:
            other.execute("SELECT pg_terminate_backend(%s)", (ask.session._connection.info.backend_pid,))
        return ask.rows("SELECT 1 AS n", Number)

    spec = declare(gather=gather)
    for _ in range(2):  # and so it is for the next guard on the same connection
        evidence = ask_guard(spec, {}, port)
        assert evidence.verdict is Verdict.UNKNOWN
        assert "connection" in evidence.message  # what was read last: the server's farewell, or the end of the stream


def test_a_defect_in_a_check_is_unknown_and_named(declare, port):
    evidence = ask_guard(declare(gather=numbers("SELECT 1 AS n"), judge=lambda facts: facts[len(facts)]), {}, port)
    assert evidence.verdict is Verdict.UNKNOWN
    assert evidence.message == "made could not look: the check itself failed with IndexError: list index out of range."


def test_nothing_looked_at_is_unknown(declare, port):
    evidence = ask_guard(declare(gather=numbers("SELECT 1 AS n WHERE false")), {}, port)
    assert evidence.verdict is Verdict.UNKNOWN
    assert evidence.message == "made found no numbers to look at, so it says nothing."


def test_nothing_looked_at_passes_where_the_check_says_so(declare, port):
    evidence = ask_guard(declare(gather=numbers("SELECT 1 AS n WHERE false"), empty_ok=True), {}, port)
    assert evidence.verdict is Verdict.PASS


def test_an_older_server_is_unknown(declare, port):
    evidence = ask_guard(declare(gather=numbers("SELECT 1 AS n"), since=99), {}, port)
    assert evidence.verdict is Verdict.UNKNOWN
    assert "it needs PostgreSQL 99" in evidence.message


def test_a_wrong_parameter_is_unknown(declare, port):
    evidence = ask_guard(declare(gather=numbers("SELECT 1 AS n")), {"wanted": "many"}, port)
    assert evidence.verdict is Verdict.UNKNOWN
    assert "wanted: 'many' is not a whole number" in evidence.message


def test_a_target_that_was_not_reached_is_unknown(declare):
    evidence = could_not_ask(declare(gather=numbers("")), "live", "no server listens", clock=lambda: NOW)
    assert evidence.as_json() == {
        "check": "made",
        "verdict": "unknown",
        "message": "made could not look: no server listens.",
        "looked_at": 0,
        "findings": [],
        "target": "live",
        "sql": [],
        "taken_at": "2026-06-30T12:00:00.000000Z",
        "duration_ms": 0,
        "severity": "block",
        "limits": ["n"],
        "accepted": 0,
    }


def test_another_target_is_asked_in_its_own_snapshot(database, declare, port):
    with connect(database.dsn, application_name="shisa/other") as connection:
        second = GuardAsk(ReadOnlySession(connection), target="copy")
        port._other = {"copy": second}.get
        sql = "SELECT CASE current_setting('transaction_read_only') WHEN 'on' THEN 1 END AS n"

        def gather(ask):
            return ask.other("copy").rows(sql, Number)

        evidence = ask_guard(declare(gather=gather, judge=blocking), {}, port)
        assert [finding.measured for finding in evidence.findings] == [{"n": 1}]
        assert evidence.sql == (sql,)
        assert connection.info.transaction_status.name == "IDLE"


def test_there_is_no_other_target_outside_a_run(declare, port):
    evidence = ask_guard(declare(gather=lambda ask: ask.other("copy")), {}, port)
    assert "there is no other target copy here" in evidence.message


def test_a_query_of_a_person_is_sent_with_its_own_search_path(database, declare):
    database.execute("CREATE SCHEMA app; CREATE TABLE app.t (n int); INSERT INTO app.t VALUES (5)")
    with connect(database.dsn, application_name="shisa/test", options="-c search_path=app") as connection:
        port = GuardAsk(ReadOnlySession(connection), target="live")

        def gather(ask):
            answer = ask.select("SELECT n FROM t WHERE n > :least", least=3)
            assert ask.rows("SELECT (current_setting('search_path') = 'pg_catalog')::int AS n", Number) == [Number(1)]
            assert answer.columns == ("n",)
            return [Number(*row) for row in answer.rows]

        evidence = ask_guard(declare(gather=gather, judge=blocking), {}, port)
    assert evidence.message == "5 is too much."
    assert evidence.sql[0] == "SELECT n FROM t WHERE n > 3"


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("DELETE FROM t", "not proven to be read-only"),
        ("SELECT pg_terminate_backend(1)", "not proven to be read-only"),
        ("SELECT my_function()", "not proven to be read-only"),
        ("SELECT 1; SELECT 2", "a query is one statement, and here are 2"),
        ("COMMIT", "not proven to be read-only"),
        ("SELEC 1", "the query cannot be read"),
        ("SELECT :undeclared", "undeclared"),
    ],
)
def test_a_query_of_a_person_that_may_change_something_is_not_sent(sql, reason, declare, port):
    evidence = ask_guard(declare(gather=lambda ask: ask.select(sql)), {}, port)
    assert evidence.verdict is Verdict.UNKNOWN
    assert reason in evidence.message


def test_many_small_queries_go_fifty_a_statement(declare, port):
    def gather(ask):
        return ask.chunks([f"SELECT {n} AS n" for n in range(120)], Number)

    evidence = ask_guard(declare(gather=gather, judge=blocking), {}, port)
    assert evidence.looked_at == 120
    assert [sql.count("UNION ALL") for sql in evidence.sql] == [49, 49, 19]


def test_a_lower_severity_lowers_a_block_and_nothing_else(declare, port):
    found = [Finding("a", Verdict.BLOCK, "Bad."), Finding("b", Verdict.UNKNOWN, "Who knows.")]
    spec = declare(gather=numbers("SELECT 1 AS n"), judge=lambda _: found)
    evidence = ask_guard(spec, {}, port, severity="warn")
    assert evidence.verdict is Verdict.UNKNOWN
    assert [str(each.verdict) for each in evidence.findings] == ["unknown", "warn"]
    failed = ask_guard(dataclasses.replace(spec, since=99), {}, port, severity="warn")
    assert failed.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, "pass"),
        ({"until": "2026-06-29"}, "block"),
        ({"until": "soon"}, "block"),
        ({"object": "n8"}, "block"),
        ({"check": "another"}, "block"),
    ],
)
def test_a_known_exception_settles_its_finding_until_its_day_is_over(changed, verdict, declare, port):
    entry = {"check": "made", "object": "n7", "reason": "archived", "by": "bob", "until": "2026-06-30"} | changed
    spec = declare(gather=numbers("SELECT 7 AS n"), judge=blocking)
    evidence = ask_guard(spec, {}, port, accept=[Accepted(**entry)], clock=lambda: NOW)
    assert str(evidence.verdict) == verdict
    told = evidence.as_json()
    assert told["accepted"] == (verdict == "pass")
    assert told["findings"][0]["verdict"] == "block"
    assert ("accepted" in told["findings"][0]) == (verdict == "pass")
    assert ("known and accepted" in told["message"]) == (verdict == "pass")


def test_a_known_exception_of_a_query_settles_the_one_query_that_it_names(port):
    paid, closed = ({"sql": f"SELECT false AS {column}"} for column in ("all_paid", "month_closed"))
    entry = Accepted(check="sql", with_=paid, object="answer", reason="r", by="bob", until="2099-01-01")
    whole = Accepted(check="sql", object="answer", reason="r", by="bob", until="2099-01-01")
    verdicts = [ask_guard(catalog.get("sql"), each, port, accept=[entry, whole]).verdict for each in (paid, closed)]
    assert verdicts == [Verdict.PASS, Verdict.BLOCK]


def test_a_known_exception_with_parameters_settles_no_guard_with_others(declare, port):
    entry = Accepted(check="made", with_={"wanted": 2}, object="n7", reason="r", by="bob", until="2099-01-01")
    spec = declare(gather=numbers("SELECT 7 AS n"), judge=blocking)
    given = ({"wanted": 2}, {"wanted": 3}, {})
    verdicts = [str(ask_guard(spec, each, port, accept=[entry]).verdict) for each in given]
    assert verdicts == ["pass", "block", "block"]


def test_a_known_exception_never_settles_that_nobody_looked(declare, port):
    entry = Accepted(check="made", object="", reason="r", by="bob", until="2099-01-01")
    evidence = ask_guard(declare(gather=numbers("SELECT 1 AS n WHERE false")), {}, port, accept=[entry])
    assert evidence.verdict is Verdict.UNKNOWN


def test_a_known_exception_never_opens_the_gate_where_nothing_was_looked_at(declare, port):
    found = [Finding("gone", Verdict.UNKNOWN, "There is no gone.")]
    entry = Accepted(check="made", object="gone", reason="r", by="bob", until="2099-01-01")
    spec = declare(gather=numbers("SELECT 1 AS n WHERE false"), judge=lambda _: found)
    assert ask_guard(spec, {}, port).message == "There is no gone."
    assert ask_guard(spec, {}, port, accept=[entry]).verdict is Verdict.UNKNOWN


def made(findings, **changes):
    plain = {"message": "m", "looked_at": 1, "target": "live", "sql": (), "taken_at": "t", "duration_ms": 0}
    verdict = max((finding.verdict for finding in findings), default=Verdict.PASS)
    return Evidence("made", verdict, findings=tuple(findings), limits=("n",), **(plain | changes))


def finding(name, verdict="warn", n=1, **changes):
    return Finding(name, Verdict[verdict.upper()], "m", {"n": n}, **changes)


def test_evidence_beyond_the_cap_is_counted_and_kept_aside_by_its_digest():
    evidence = made([finding(f"t{number}", n=number) for number in range(130)], sql=tuple("abcdefghijklmnopqrstuvwxyz"))
    told = evidence.as_json()
    assert len(told["findings"]) == 100
    assert told["omitted"] == {
        "findings": 30,
        "sql": 6,
        "objecting": 30,
        "verdict": "warn",
        "limits": {"n": 129},
        "sha256": hashlib.sha256(evidence.aside()).hexdigest(),
    }
    aside = json.loads(evidence.aside())
    assert [each["object"] for each in aside["findings"]] == [f"t{number}" for number in range(100, 130)]
    assert aside["sql"] == list("uvwxyz")


def test_evidence_within_the_cap_has_nothing_aside():
    evidence = made([finding("t")])
    assert evidence.aside() is None
    assert "omitted" not in evidence.as_json()


def test_a_remedy_that_findings_share_is_told_once():
    remedy = Remedy("It helps.", {"restore.sequences": "keep"}, [{"title": "Raise", "sequences": {}}])
    told = made([finding("a", remedy=remedy), finding("b", remedy=remedy)]).as_json()["findings"]
    assert told[0]["remedy"] == {
        "why": "It helps.",
        "set": {"restore.sequences": "keep"},
        "then": [{"title": "Raise", "sequences": {}}],
    }
    assert "remedy" not in told[1]


MANY = [finding(f"t{number}") for number in range(105)]
COMPARED = {
    "the same": ([finding("a")], [finding("a")], []),
    "better": ([finding("a", n=5)], [finding("a", n=4)], []),
    "gone": ([finding("a")], [], []),
    "what passes needs no acceptance": ([], [finding("a", "pass", n=9)], []),
    "a greater number": (
        [finding("a", n=5)],
        [finding("a", n=6)],
        ["made on live: a: n was accepted up to 5 and is 6 now"],
    ),
    "a worse verdict": (
        [finding("a")],
        [finding("a", "block")],
        ["made on live: a was accepted as warn and is block now"],
    ),
    "another object": (
        [finding("a")],
        [finding("a"), finding("b")],
        ["made on live: b is warn now, and was not when it was accepted"],
    ),
    "as many beyond the cap": (MANY, MANY, []),
    "another object beside those beyond the cap": (
        MANY,
        [finding("new"), *MANY[1:]],
        ["made on live: further findings: 5 were accepted, 6 are there now"],
    ),
    "fewer beyond the cap": (MANY, MANY[:-2], []),
    "more beyond the cap": (
        MANY,
        [finding("new"), *MANY],
        ["made on live: further findings: 5 were accepted, 7 are there now"],
    ),
    "worse beyond the cap": (
        MANY,
        [*MANY[:-1], finding("t104", n=7)],
        ["made on live: further findings: n was accepted up to 1 and is 7 now"],
    ),
}


@pytest.mark.parametrize(("then", "now", "worse"), COMPARED.values(), ids=COMPARED.keys())
def test_fresh_evidence_is_compared_with_what_was_accepted(then, now, worse):
    accepted = envelope([made(then).as_json()])
    assert no_worse(json.loads(json.dumps(accepted)), [made(now).as_json()]) == worse


def test_a_guard_that_cannot_look_any_more_is_worse():
    accepted = envelope([made([finding("a")]).as_json()])
    blind = dataclasses.replace(made([]), verdict=Verdict.UNKNOWN).as_json()
    assert no_worse(accepted, [blind]) == ["made on live is unknown now, and was not when it was accepted"]


def test_the_same_object_on_another_target_is_another_one():
    accepted = envelope([made([finding("a")]).as_json()])
    assert no_worse(accepted, [made([finding("a")], target="copy").as_json()]) == [
        "made on copy: a is warn now, and was not when it was accepted"
    ]


def test_an_accepted_finding_is_not_in_the_envelope_so_that_its_end_is_noticed():
    known = Accepted(check="made", object="a", reason="r", by="bob", until="2026-01-01")
    assert envelope([made([finding("a")], accepted={"a": known}).as_json() | {"verdict": "pass"}]) == []


def test_two_guards_with_one_object_are_one_entry():
    both = [made([finding("a", n=3)]).as_json(), made([finding("a", "block", n=1)]).as_json()]
    assert envelope(both) == [
        {"check": "made", "target": "live", "object": "a", "verdict": "block", "limits": {"n": 3}, "count": 1}
    ]


def test_a_step_of_another_file_is_asked_whole(tmp_path, port):
    port._step = StepContext(id="s", kind="restore", backup=tmp_path / "of-the-step")
    with pytest.raises(CannotAskError, match="does not exist"):
        port.sequence_sets(tmp_path / "gone")


LOOKS = {
    "a query of the check's own": (lambda ask: ask.rows("SELECT 1 AS n", Number), True),
    "a query of a person": (lambda ask: ask.select("SELECT 1 AS n").rows and [Number(1)], False),
    "a program": (lambda ask: [Number(ask.run(["true"], limit=timedelta(seconds=9)).exit_code)], False),
    "the connection": (lambda ask: [Number(len(ask.session_facts().pids))], False),
    "another target": (lambda ask: ask.other("copy").rows("SELECT 1 AS n", Number), False),
    "nothing, for it failed": (lambda ask: ask.rows("SELECT gone", Number), False),
}


@pytest.mark.parametrize(("gather", "bounded"), LOOKS.values(), ids=LOOKS.keys())
def test_evidence_rests_on_what_can_be_marked_or_on_nothing(gather, bounded, database, declare):
    with connect(database.dsn, application_name="shisa/test") as connection:
        port = GuardAsk(ReadOnlySession(connection), target="live", other=lambda _: port)
        spec = declare(gather=gather, steady=True)
        evidence = ask_guard(spec, {}, port, rests_on=True)
        assert (evidence.basis is not None) is bounded, evidence.message
        assert ask_guard(spec, {}, port).basis is None


def test_a_check_that_is_not_steady_rests_on_nothing(declare, port):
    spec = declare(gather=numbers("SELECT 1 AS n"))
    assert ask_guard(spec, {}, port, rests_on=True).basis is None
