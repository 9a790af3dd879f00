"""The pages that people read: links lead somewhere, commands and their options exist, ids are of this program."""

import re
from pathlib import Path

import pytest

from runner.cli.main import COMMANDS, main, module_of, parser_of

ROOT = Path(__file__).parents[1]
SOURCES = [path for package in ("runner", "checks") for path in sorted((ROOT / package).rglob("*.py"))]
PAGES = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"(?:^\s*(?:\$ )?|`)shisa ([a-z][a-z-]*)([^`\n#|]*)", re.MULTILINE)
OPTION = re.compile(r"(?<=\s)(--[a-z][a-z-]*)")


def slugs(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    lines = FENCE.sub("", page.read_text("utf-8")).splitlines()
    titles = [line.lstrip("#").strip().lower() for line in lines if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_somewhere(page):
    for target in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), f"{target} is not there"
        assert not anchor or anchor in slugs(there), f"{target}: no such heading"


def test_the_first_runbook_has_no_problem(tmp_path, monkeypatch, capsys):
    (book,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "first-run.md").read_text("utf-8"), re.DOTALL)
    (tmp_path / "purge.yaml").write_text(book)
    monkeypatch.chdir(tmp_path)
    assert main(["validate", "--strict", "purge.yaml"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("page", [*PAGES, *SOURCES], ids=lambda page: str(page.relative_to(ROOT)))
def test_a_command_is_called_as_it_can_be(page):
    for name, rest in CALL.findall(page.read_text("utf-8")):
        assert name in COMMANDS, f"shisa {name}"
        assert set(OPTION.findall(rest)) <= options(name), f"shisa {name}{rest}"


def options(name: str) -> set[str]:
    """Every option of a command and of its own commands."""
    parsers = [parser_of(name, module_of(name))]
    for parser in parsers:
        parsers += [one for each in parser._actions if isinstance(each.choices, dict) for one in each.choices.values()]
    return {option for parser in parsers for action in parser._actions for option in action.option_strings}
