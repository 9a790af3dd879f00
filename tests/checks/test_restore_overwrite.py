"""Inside a restore step the guard judges the step's own selection, condition and mode."""

from __future__ import annotations

import subprocess

import pytest

from checks import catalog
from checks.base import Selection, StepContext, Verdict
from runner.guards import GuardAsk, ask_guard
from runner.postgres.connect import connect
from runner.postgres.readonly import ReadOnlySession

MODES = [
    ("overwrite", {}, Verdict.BLOCK),
    ("overwrite", {"public.settings": "tenant_id = 2"}, Verdict.PASS),
    ("overwrite", {"public.settings": "tenant_id = 1"}, Verdict.BLOCK),
    ("replace", {"public.settings": "tenant_id = 3"}, Verdict.BLOCK),
    ("overwrite", {"public.settings": "tenant_id = 3"}, Verdict.PASS),
    ("insert-missing", {}, Verdict.PASS),
    (None, {}, Verdict.PASS),
]


@pytest.fixture
def backup(database, archive_tools, tmp_path):
    """Settings of four tenants: since the backup tenant 1 saved ten, and tenant 3 made one more."""
    database.execute(
        "CREATE TABLE settings (id int PRIMARY KEY, tenant_id int, v text);"
        "INSERT INTO settings SELECT g, g % 4, 'v' FROM generate_series(1, 40) g; CREATE TABLE other AS TABLE settings"
    )
    path = tmp_path / "b"
    command = [archive_tools.path("pg_dump"), "--dbname", database.dsn, "--file", path, "-Fc"]
    subprocess.run(command, check=True, capture_output=True)
    database.execute(
        "UPDATE settings SET v = 'saved' WHERE tenant_id = 1; INSERT INTO settings VALUES (41, 3, 'new'); "
        "UPDATE other SET v = 'not selected'"
    )
    return path


def asked(database, check, params, backup, *, table="settings", **keys):
    selection = Selection(tables=(f"public.{table}",))
    step = StepContext("r", "restore", backup=backup, selection=selection, **keys)
    with connect(database.dsn, application_name="shisa/test") as connection:
        port = GuardAsk(ReadOnlySession(connection), target="live", step=step)
        return ask_guard(catalog.get(check), params, port)


@pytest.mark.parametrize("mode", MODES)
def test_the_mode_and_the_condition_of_the_step_are_judged(mode, database, backup):
    rows, where, verdict = mode
    evidence = asked(database, "restore-overwrite", {"group_by": "tenant_id"}, backup, rows=rows, where=where)
    assert evidence.verdict is verdict, evidence.message
    assert {finding.measured["table"] for finding in evidence.findings} == {"public.settings"}
    assert "v = 'saved'" not in str(evidence.as_json())
    assert any("COPY" in statement for statement in evidence.sql)


COUNTED = [
    ("insert-missing", {}, {"insert": (4, [["2", 4]])}),
    ("overwrite", {}, {"insert": (4, [["2", 4]]), "overwrite": (10, [["1", 10]])}),
    ("overwrite", {"public.settings": "tenant_id = 2"}, {"insert": (4, [["2", 4]]), "overwrite": (0, [])}),
    ("replace", {}, {"insert": (4, [["2", 4]]), "overwrite": (10, [["1", 10]]), "remove": (1, [["3", 1]])}),
]


@pytest.mark.parametrize(("rows", "where", "counts"), COUNTED)
def test_the_rows_that_a_restore_would_write_are_counted_by_what_it_does_and_by_tenant(
    rows, where, counts, database, backup
):
    database.execute("DELETE FROM settings WHERE tenant_id = 2 AND id <= 14")
    params = {"group_by": "tenant_id", "allow": ["1", "2"]}
    evidence = asked(database, "affected-rows", params, backup, rows=rows, where=where)
    found = {
        finding.object: (finding.measured["rows"], [[*each.values()] for each in finding.measured["groups"]])
        for finding in evidence.findings
    }
    assert found == {f"public.settings ({kind})": count for kind, count in counts.items()}
    verdicts = {finding.object: finding.verdict for finding in evidence.findings}
    stranger = verdicts.pop("public.settings (remove)", Verdict.BLOCK)
    assert (stranger, {*verdicts.values()}) == (Verdict.BLOCK, {Verdict.PASS})


UNCOUNTED = [
    ("overwrite", "other", "it has no key that tells which row is which"),
    ("overwrite", "settings", "there is no such table any more"),
    (None, "other", "adds all that the backup holds, or fails"),
]


@pytest.mark.parametrize(("rows", "table", "reason"), UNCOUNTED)
def test_rows_of_a_restore_that_nobody_can_count_are_unknown_with_the_reason(rows, table, reason, database, backup):
    database.execute("DROP TABLE settings")
    evidence = asked(database, "affected-rows", {"max_rows": 99}, backup, table=table, rows=rows)
    assert evidence.verdict is Verdict.UNKNOWN
    assert reason in evidence.message
