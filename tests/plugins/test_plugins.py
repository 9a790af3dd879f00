"""A check of another distribution, installed by pip and named in shisa.yaml, from validate to the journal."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from checks.base import REGISTRY
from runner.journal.codec import envelope
from runner.journal.events import PluginSource, RunResumed
from tests.fixtures.servers import ROOT
from tests.plugins.conftest import name_checks
from tests.runner.cli.desk import fits

BOOK = """\
shisa: 1
id: look
title: Look at the tables
targets:
  live: {description: the database customers use}
steps:
  - id: tables
    title: No table of value is unlogged
    target: live
    check: acme-unlogged-tables
    with: {allow: [public.cache]}
"""
UNLOGGED = "CREATE UNLOGGED TABLE cache (v int); CREATE UNLOGGED TABLE orders (id int); CREATE TABLE kept (id int);"
ACME = {"id": "acme-unlogged-tables", "distribution": "shisa-acme", "version": "1.4.2"}


def test_what_is_installed_but_not_named_is_not_there(acme):
    (acme.folder / "book.yaml").write_text(BOOK)
    ran = acme.shisa("validate", "book.yaml", "--format", "json")
    assert ran.code == 1
    assert {each["rule"] for each in ran.json["problems"]} == {"unknown-check"}
    assert "acme-unlogged-tables" not in acme.shisa("checks").out
    assert acme.shisa("explain", "acme-unlogged-tables").code == 2
    assert "shisa_acme" not in sys.modules


def test_what_is_named_validates_with_its_own_parameters(acme):
    name_checks(acme, "acme-unlogged-tables")
    (acme.folder / "book.yaml").write_text(BOOK)
    assert acme.shisa("validate", "--strict", "book.yaml").code == 0
    (acme.folder / "book.yaml").write_text(BOOK.replace("allow:", "alow:"))
    problems = acme.shisa("validate", "book.yaml", "--format", "json").json["problems"]
    assert [(each["rule"], each["hint"]) for each in problems] == [("check-parameter", "Did you mean 'allow'?")]


def test_each_file_is_validated_with_the_checks_of_its_own_configuration(acme):
    for folder, named in (("with", "checks: [acme-unlogged-tables]\n"), ("without", "")):
        (acme.folder / folder).mkdir()
        (acme.folder / folder / "shisa.yaml").write_text(f"shisa: 1\ntargets: {{live: {{host: db}}}}\n{named}")
        (acme.folder / folder / "book.yaml").write_text(BOOK)
    problems = acme.shisa("validate", "with", "without", "with", "--format", "json").json["problems"]
    assert [(each["file"], each["rule"]) for each in problems] == [("without/book.yaml", "unknown-check")]


def test_its_page_and_its_line_say_where_it_comes_from(acme):
    name_checks(acme, "acme-unlogged-tables")
    listed = acme.shisa("checks", "--format", "json")
    fits("checks", listed.json)
    sources = {each["id"]: each["plugin"] for each in listed.json}
    assert sources["acme-unlogged-tables"] == {"distribution": "shisa-acme", "version": "1.4.2"}
    assert sources["sequence-drift"] is None
    assert "(shisa-acme 1.4.2)" in acme.shisa("checks").out
    page = acme.shisa("explain", "acme-unlogged-tables").out
    assert page.startswith("From shisa-acme 1.4.2.")
    assert "## What it cannot see" in page
    assert "relpersistence = 'u'" in page


def test_a_run_asks_it_and_the_journal_says_whose_it_was(acme, database):
    acme.configure(database.dsn)
    name_checks(acme, "acme-unlogged-tables")
    database.execute(UNLOGGED)
    run, code = acme.run(BOOK, {"*": "go"})
    assert code == 1
    with contextlib.closing(acme.journal()) as journal:
        bodies = {record.body.name: envelope(record)["body"] for record in journal.records(run=run)}
    assert bodies["run.opened"]["plugins"] == [ACME]
    assert [each["object"] for each in bodies["guards.asked"]["evidence"][0]["findings"]] == ["public.orders"]
    assert "acme-unlogged-tables of shisa-acme 1.4.2" in " ".join(acme.shisa("show", run).out.split())
    database.execute("ALTER TABLE orders SET LOGGED")
    assert acme.shisa("resume", run, "--answers", "answers.yaml", who="alice").code == 0
    with contextlib.closing(acme.journal()) as journal:
        resumed = [one.body.plugins for one in journal.records(run=run) if isinstance(one.body, RunResumed)]
    assert resumed == [(PluginSource(**ACME),)]


def test_the_installed_program_asks_it_in_a_process_of_its_own(acme, installed, database):
    acme.configure(database.dsn)
    name_checks(acme, "acme-unlogged-tables")
    database.execute(UNLOGGED)
    words = ["check", "acme-unlogged-tables", "--target", "live", "--with", "allow=public.cache", "--format", "json"]
    shisa = str(Path(sys.executable).with_name("shisa"))
    env = os.environ | {"PYTHONPATH": str(installed)}
    done = subprocess.run(
        [shisa, *words], cwd=acme.folder, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1, done.stderr
    evidence = json.loads(done.stdout)
    fits("check", evidence)
    assert evidence["message"] == "public.orders is unlogged: its rows are gone after a crash of the server."


@pytest.mark.parametrize(
    ("named", "message", "hint"),
    [
        ("acme-unloged-tables", "no installed distribution has the check acme-unloged-tables", "Did you mean 'acme-"),
        ("other", "no installed distribution has the check other", "pipx inject"),
        ("sequence-drift", "the check sequence-drift is built in", "cannot be replaced"),
        (
            "acme-broken",
            "shisa-acme 1.4.2 cannot be loaded: RuntimeError: acme-broken was built for",
            "Tell its makers",
        ),
        ("acme-absent", "acme_unlogged_tables declares no check of this id", "Tell its makers"),
    ],
)
def test_one_that_cannot_be_used_closes_everything_with_one_sentence(named, message, hint, acme):
    builtin = dict(REGISTRY)
    name_checks(acme, "acme-unlogged-tables", named)
    (acme.folder / "book.yaml").write_text(BOOK)
    (acme.folder / "answers.yaml").write_text("{}")
    problems = acme.shisa("validate", "book.yaml", "--format", "json").json["problems"]
    told = [each for each in problems if each["file"] == "shisa.yaml"]
    assert [each["rule"] for each in told] == ["config-invalid"]
    assert message in told[0]["message"]
    assert hint in told[0]["hint"]
    commands = (
        ("run", "book.yaml", "--answers", "answers.yaml"),
        ("plan", "book.yaml"),
        ("check", "sequence-drift", "--target", "live"),
        ("checks",),
    )
    for words in commands:
        ran = acme.shisa(*words, who="alice" if words[0] == "run" else None)
        assert (ran.code, ran.out) == (2, ""), words
        assert message in ran.err
        assert hint in ran.err
        assert "Traceback" not in ran.err
    assert builtin == REGISTRY
    assert acme.shisa("explain", "sequence-drift").code == 0


def test_two_distributions_of_one_id_are_refused(acme, installed, tmp_path, monkeypatch):
    twin = tmp_path / "twin" / "shisa_twin-2.dist-info"
    twin.mkdir(parents=True)
    (twin / "METADATA").write_text("Metadata-Version: 2.1\nName: shisa-twin\nVersion: 2\n")
    (twin / "entry_points.txt").write_text("[shisa.checks]\nacme-unlogged-tables = shisa_twin\n")
    monkeypatch.syspath_prepend(twin.parent)
    name_checks(acme, "acme-unlogged-tables")
    ran = acme.shisa("checks")
    assert ran.code == 2
    assert "is in shisa-acme and shisa-twin" in ran.err


def test_the_public_catalogue_is_not_changed_by_it():
    assert "acme" not in (ROOT / "schemas" / "checks.schema.json").read_text()
