"""The whole catalogue on a streaming standby and through PgBouncer: nothing passes that was not seen."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

import psycopg
import pytest
import yaml

from checks import catalog
from checks.base import CannotAskError, Verdict
from runner.allowed import Allowed
from runner.guards import GuardAsk, ask_guard
from runner.postgres.connect import connect
from runner.postgres.readonly import ReadOnlySession
from tests.fixtures.postgres import Database

TABLE = yaml.safe_load(Path(__file__).with_name("in_other_places.yaml").read_text("utf-8"))
OWN_SESSION = {"restore-overwrite"}
"""Checks that fill temporary tables, which a pooler does not keep."""
OTHERWISE = {"direct-connection", "active-sessions"}
"""What a pooler is told by, and what sees the other way's session."""
CASES = [
    pytest.param(state, check, case, id=f"{state}: {check}")
    for state, told in TABLE.items()
    for check, case in told["checks"].items()
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("places")


@pytest.fixture(scope="module")
def homes(pair, archive_tools, folder):
    """A healthy and a sick database on the primary; of the healthy one there is a backup."""
    process = os.getpid()
    with contextlib.ExitStack() as stack:
        root = stack.enter_context(psycopg.connect(pair.primary.dsn(), autocommit=True))
        made = {state: Database(f"{state}_{process}", pair.primary) for state in TABLE}
        for state, home in made.items():
            root.execute(f"CREATE DATABASE {home.name} TEMPLATE template0")
            stack.callback(root.execute, f"DROP DATABASE {home.name} WITH (FORCE)")
            with psycopg.connect(home.dsn, autocommit=True) as connection:
                for statement in TABLE[state]["sql"]:
                    with contextlib.suppress(psycopg.errors.UniqueViolation):  # leaves an index that is not valid
                        connection.execute(statement)
        dump = [archive_tools.path("pg_dump"), "-Fc", "-f", folder / "backup", "-d", made["healthy"].dsn]
        subprocess.run(dump, check=True)
        yield made


@pytest.fixture(scope="module")
def copies(pair, homes, folder):
    """Both as the standby shows them."""
    pair.caught_up()
    with contextlib.ExitStack() as stack:
        yield {state: asked(stack, pair.standby.dsn(home.name), folder) for state, home in homes.items()}


@pytest.fixture(scope="module")
def ways(pooled, homes, folder):
    """The healthy one, asked directly and through PgBouncer in transaction mode."""
    name = homes["healthy"].name
    with contextlib.ExitStack() as stack:
        yield asked(stack, homes["healthy"].dsn, folder), asked(stack, pooled.dsn(name), folder)


def asked(stack, dsn, folder):
    return GuardAsk(
        ReadOnlySession(stack.enter_context(connect(dsn, application_name="shisa/test"))),
        target="copy",
        folder=folder,
        other=nobody,
        disk_free=["echo", "1000000000000"],
        allowed=Allowed(trials=True),
    )


def nobody(name):
    raise CannotAskError(f"there is no other target {name} here")


@pytest.mark.parametrize(("state", "check", "case"), CASES)
def test_a_check_says_what_a_standby_shows(state, check, case, copies):
    evidence = ask_guard(catalog.get(check), case.get("params", {}), copies[state])
    told = [evidence.message, *(finding.message for finding in evidence.findings)]
    assert str(evidence.verdict) == case["verdict"], told
    assert any(case.get("message", "") in message for message in told), told
    assert "the check itself failed" not in evidence.message


@pytest.mark.parametrize("check", sorted(TABLE["healthy"]["checks"].keys() - OTHERWISE))
def test_a_check_says_the_same_through_a_pooler(check, ways):
    params = TABLE["healthy"]["checks"][check].get("params", {})
    directly, pooled = (ask_guard(catalog.get(check), params, port) for port in ways)
    assert pooled.verdict is (Verdict.UNKNOWN if check in OWN_SESSION else directly.verdict), pooled.message
    assert "the check itself failed" not in pooled.message
    assert not ways[1].session.held


SHOWN = "SELECT current_setting('search_path'), current_setting('statement_timeout'), current_setting('row_security')"


def test_nothing_of_a_guard_stays_in_the_sessions_of_a_pooler(ways, pooled, homes):
    for check in ("restore-overwrite", "sequence-drift"):
        ask_guard(catalog.get(check), TABLE["healthy"]["checks"][check].get("params", {}), ways[1])
    params = {"statement": "DELETE FROM s.child", "exact": True, "max_rows": 10}
    assert ask_guard(catalog.get("affected-rows"), params, ways[1]).verdict is Verdict.PASS
    with contextlib.ExitStack() as stack:
        several = [stack.enter_context(psycopg.connect(pooled.dsn(homes["healthy"].name))) for _ in range(5)]
        shown = [each.execute(SHOWN).fetchone() for each in several]  # each in a transaction that stays open
    assert set(shown) == {('"$user", public', "0", "on")}


def test_every_check_is_asked_and_what_does_not_pass_has_its_reason():
    known = {spec.id for spec in catalog.all()}
    assert TABLE["healthy"]["checks"].keys() == known, (
        "in_other_places.yaml has a line for each check, and for no other"
    )
    assert all("message" in case for case in TABLE["healthy"]["checks"].values() if case["verdict"] != "pass")
