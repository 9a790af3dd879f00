"""The pages of the rules are what `shisa explain` shows."""

from pathlib import Path

import pytest

from runner.cli.main import main
from runner.runbook.lint.catalog import RULES
from tests.generate import generated

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_explain_shows_the_page_that_the_url_names(rule, capsys: pytest.CaptureFixture[str]):
    assert main(["explain", rule.id]) == 0
    page = generated()[ROOT / "docs" / "rules" / Path(rule.url).name]
    assert capsys.readouterr().out.strip() == page.strip()
