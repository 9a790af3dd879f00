"""Every threat has tests, and every test that is named is there; what stays possible is said in docs/security.md."""

import ast
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
THREATS = yaml.safe_load((ROOT / "tests" / "threats.yaml").read_text("utf-8"))
REFUSALS = yaml.safe_load((ROOT / "tests" / "runner" / "review" / "refusals.yaml").read_text("utf-8"))
CHEATS = yaml.safe_load((ROOT / "tests" / "runner" / "journal" / "team" / "cheats.yaml").read_text("utf-8"))
SECURITY = (ROOT / "docs" / "security.md").read_text("utf-8")
TOTAL = 32


def functions(path: Path) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)}


def caught(test: ast.FunctionDef) -> list[tuple[ast.Call, bool]]:
    """Every error that a test catches, and whether it looks at what it says."""
    found = [item for node in ast.walk(test) if isinstance(node, ast.With) for item in node.items]
    return [
        (call, item.optional_vars is not None or any(each.arg == "match" for each in call.keywords))
        for item in found
        if isinstance(call := item.context_expr, ast.Call) and ast.unparse(call.func) == "pytest.raises"
    ]


def judges(test: ast.FunctionDef) -> bool:
    calls = [ast.unparse(node.func) for node in ast.walk(test) if isinstance(node, ast.Call)]
    return "refused" in calls or bool(caught(test)) or any(isinstance(node, ast.Assert) for node in ast.walk(test))


def test_the_rows_are_all_there_once():
    assert [each["row"] for each in THREATS] == list(range(1, TOTAL + 1))


@pytest.mark.parametrize("each", THREATS, ids=lambda each: f"row {each['row']}")
def test_a_threat_is_held_by_tests_that_exist(each):
    assert each["tests"], "no test holds it"
    assert {one["cheat"] for one in CHEATS} >= set(each.get("team", ())), "cheats.yaml calls it otherwise"
    for name in each["tests"]:
        file, _, test = name.partition("::")
        assert (ROOT / file).is_file(), f"{file} is gone"
        assert test in functions(ROOT / file), f"{name} is gone"
    refused = {one["cheat"]: one.get("refused") for one in CHEATS}
    for name in each.get("team", ()):
        assert refused.get(name), f"no team journal is tried with: {name}"
    if each.get("refusals"):
        number = each.get("as", each["row"])
        found = [one for one in REFUSALS if one["threat"] == number]
        assert found, f"refusals.yaml has no row of threat {number}"
        assert all(one["reason"] for one in found), "a refusal without its reason proves nothing"


@pytest.mark.parametrize("each", THREATS, ids=lambda each: f"row {each['row']}")
def test_what_holds_a_threat_looks_at_the_reason_and_not_only_at_an_error(each):
    for name in each["tests"]:
        file, _, test = name.partition("::")
        found = functions(ROOT / file)[test]
        assert judges(found), f"{name} asserts nothing"
        blind = [ast.unparse(call) for call, looks in caught(found) if not looks]
        assert blind == [], f"{name} would take any error of that kind: say `match=`"


@pytest.mark.parametrize("each", THREATS, ids=lambda each: f"row {each['row']}")
def test_the_page_on_security_names_each_threat_and_what_stays_possible(each):
    rows = dict(re.findall(r"^\| (\d+) \| (.*)$", SECURITY, re.MULTILINE))
    told = rows[str(each["row"])]
    assert each["threat"].rstrip(".") in told
    assert each.get("residual", "") in told
