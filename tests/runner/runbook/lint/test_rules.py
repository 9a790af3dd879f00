"""Each rule has runbooks that break it and runbooks that do not: cases/<rule>.yaml."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from runner.config.load import check
from runner.runbook.lint.catalog import BY_ID, MODULES
from runner.runbook.lint.files import validate
from runner.runbook.lint.found import Found
from runner.runbook.lint.judge import judge
from runner.strict_yaml import parse

CASES = Path(__file__).parent / "cases"
OF_FILES = Path(__file__).parent / "cases_of_files"
"""Tables of the rules about files and shisa.yaml: a folder's files by name, and its links."""
HEAD = "shisa: 1\nid: case\ntitle: Case\nparams: {params}\ntargets: {{live: {{}}}}\nsteps:\n{steps}"


def cases(verdict: str, tables: Path = CASES) -> list[Any]:
    found = []
    for path in sorted(tables.glob("*.yaml")):
        table = yaml.safe_load(path.read_text("utf-8"))
        found += [pytest.param(path.stem, case, id=f"{path.stem}-{i}") for i, case in enumerate(table[verdict])]
    return found


def judged(case: dict[str, Any], folder: Path) -> list[Found]:
    home = folder / "repository"
    home.mkdir()
    (home / ".git").mkdir()
    for name, text in case.get("files", {}).items():
        (home / name).write_text(text, "utf-8")
    text = case.get("file") if "file" in case else HEAD.format(params=case.get("params", "{}"), steps=case.get("steps"))
    content = bytes.fromhex(case["bytes"]) if "bytes" in case else text.encode()
    (home / "case.yaml").write_bytes(content)
    config = None
    if "config" in case:
        config, problems = check(parse("shisa: 1\n" + case["config"]))
        assert not problems
    return judge(content, home / "case.yaml", config=config)


@pytest.mark.parametrize(("rule", "case"), cases("fail"))
def test_a_broken_runbook_is_told_what_is_wrong_and_where(rule: str, case: dict[str, Any], tmp_path: Path):
    found = [each for each in judged(case, tmp_path) if each.rule == rule]
    if case.get("absent"):
        assert not found
        return
    assert any(case["says"] in each.message for each in found), found
    first = next(each for each in found if case["says"] in each.message)
    for key in ("line", "column"):
        assert getattr(first, key) == case.get(key, getattr(first, key))
    assert case.get("hint", "") in (first.hint or "")


@pytest.mark.parametrize(("rule", "case"), cases("pass"))
def test_a_careful_runbook_raises_no_alarm(rule: str, case: dict[str, Any], tmp_path: Path):
    found = judged(case, tmp_path)
    assert [each for each in found if each.rule == rule and each.suppressed is None] == []
    assert [
        e for e in found if e.severity == "error" and e.suppressed is None and e.rule not in case.get("also", [])
    ] == []


def found_in(case: dict[str, Any], folder: Path) -> list[Found]:
    for name, text in case.items():
        if name.endswith(".yaml"):
            (folder / name).write_text(text, "utf-8")
    for name, end in case.get("links", {}).items():
        (folder / name).symlink_to(end)
    return list(validate([str(folder)]).found)


@pytest.mark.parametrize(("rule", "case"), cases("fail", OF_FILES))
def test_a_broken_folder_is_told_what_is_wrong_and_where(rule: str, case: dict[str, Any], tmp_path: Path):
    (told,) = found_in(case, tmp_path)
    assert told.rule == rule
    assert case["says"] in told.message
    assert told.line == case.get("line", told.line)


@pytest.mark.parametrize(("rule", "case"), cases("pass", OF_FILES))
def test_a_careful_folder_raises_no_alarm(rule: str, case: dict[str, Any], tmp_path: Path):
    assert found_in(case, tmp_path) == []


@pytest.mark.parametrize("rule", sorted(BY_ID))
def test_each_rule_has_a_failing_and_a_passing_case(rule: str):
    (path,) = (each for each in (CASES / f"{rule}.yaml", OF_FILES / f"{rule}.yaml") if each.exists())
    table = yaml.safe_load(path.read_text("utf-8"))
    assert table["fail"]
    assert table["pass"]


def test_no_case_file_is_left_of_a_rule_that_is_gone():
    assert {path.stem for tables in (CASES, OF_FILES) for path in tables.glob("*.yaml")} <= set(BY_ID)


def test_each_rule_is_one_file_named_after_it_with_a_whole_page():
    folder = Path(__file__).parents[4] / "runner" / "runbook" / "lint" / "rules"
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == {
        m.__name__.rpartition(".")[2] for m in MODULES
    }
    for module in MODULES:
        assert module.RULE.id.replace("-", "_") == module.__name__.rpartition(".")[2]
        headings = [line for line in module.RULE.page.splitlines() if line.startswith("## ")]
        assert headings == ["## What it does", "## Why is it bad", "## Example", "## Use instead"]


RELIED_ON = (
    "destructive-without-approval restore-without-sequence-drift restore-without-overwrite transaction-mismatch "
    "undefined-variable unknown-key unknown-check check-parameter sql-syntax secret-exposed hidden-characters "
    "policy-unsatisfiable"
)


@pytest.mark.parametrize("rule", RELIED_ON.split())
def test_the_rules_that_others_rely_on_exist(rule: str):
    assert BY_ID[rule].severity == "error"
