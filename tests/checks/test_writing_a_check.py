"""The walk-through in docs/writing-a-check.md, followed literally: its files make a check that works."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import msgspec
import pytest
import yaml

from checks.base import REGISTRY, Verdict
from checks.describe import describe
from runner.guards import GuardAsk, ask_guard
from runner.postgres.connect import connect
from runner.postgres.readonly import ReadOnlySession

PAGE = Path(__file__).parents[2] / "docs" / "writing-a-check.md"
NAME = "unlogged_tables"


@pytest.fixture
def followed(tmp_path):
    """Write the page's first blocks to files and import the module; gives the check and its table of cases."""
    blocks = {}
    for language, text in re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        blocks.setdefault(language, text)
    (tmp_path / f"{NAME}.sql").write_text(blocks["sql"], "utf-8")
    (tmp_path / f"{NAME}.py").write_text(blocks["python"], "utf-8")
    spec = importlib.util.spec_from_file_location(NAME, tmp_path / f"{NAME}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module
    spec.loader.exec_module(module)
    yield describe(REGISTRY["unlogged-tables"]), yaml.safe_load(blocks["yaml"])
    del REGISTRY["unlogged-tables"], sys.modules[NAME]


def test_the_table_of_cases_holds(followed):
    spec, cases = followed
    assert {case["verdict"] for case in cases} == {"pass", "block"}
    for case in cases:
        check = spec.build(case.get("params", {}))
        findings = list(check.judge(msgspec.convert(case["facts"], list[check.row])))
        assert str(max((each.verdict for each in findings), default=Verdict.PASS)) == case["verdict"]
        assert all(case.get("message", "") in each.message for each in findings)


def test_it_works_on_a_server(followed, database):
    spec, _ = followed
    with connect(database.dsn, application_name="shisa/test") as connection:
        port = GuardAsk(ReadOnlySession(connection), target="live")
        assert ask_guard(spec, {}, port).verdict is Verdict.PASS
        database.execute("CREATE UNLOGGED TABLE t (id int)")
        evidence = ask_guard(spec, {}, port)
        assert evidence.verdict is Verdict.BLOCK
        assert evidence.message == "public.t is unlogged: it is empty after a crash, and on a standby."
        assert ask_guard(spec, {"scratch": ["public"]}, port).verdict is Verdict.PASS
