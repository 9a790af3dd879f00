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


@pytest.mark.parametrize("mode", MODES)
def test_the_mode_and_the_condition_of_the_step_are_judged(mode, database, archive_tools, tmp_path):
    rows, where, verdict = mode
    database.execute(
        "CREATE TABLE settings (id int PRIMARY KEY, tenant_id int, v text);"
        "INSERT INTO settings SELECT g, g % 4, 'v' FROM generate_series(1, 40) g; CREATE TABLE other AS TABLE settings"
    )
    backup = tmp_path / "b"
    command = [archive_tools.path("pg_dump"), "--dbname", database.dsn, "--file", backup, "-Fc"]
    subprocess.run(command, check=True, capture_output=True)
    database.execute(
        "UPDATE settings SET v = 'saved' WHERE tenant_id = 1; INSERT INTO settings VALUES (41, 3, 'new'); "
        "UPDATE other SET v = 'not selected'"
    )
    selection = Selection(tables=("public.settings",))
    step = StepContext("r", "restore", backup=backup, selection=selection, rows=rows, where=where)
    with connect(database.dsn, application_name="shisa/test") as connection:
        port = GuardAsk(ReadOnlySession(connection), target="live", step=step)
        evidence = ask_guard(catalog.get("restore-overwrite"), {"group_by": "tenant_id"}, port)
    assert evidence.verdict is verdict, evidence.message
    assert {finding.measured["table"] for finding in evidence.findings} == {"public.settings"}
    assert "v = 'saved'" not in str(evidence.as_json())
    assert any("COPY" in statement for statement in evidence.sql)
