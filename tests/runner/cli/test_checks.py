import pytest

from checks import catalog, publish
from runner.runbook.lint import pages
from runner.runbook.lint.catalog import RULES
from tests.runner.cli.desk import fits


def test_the_catalogue_is_listed_whole(desk):
    found = desk.shisa("checks", "--format", "json").json
    fits("checks", found)
    assert [each["id"] for each in found] == [spec.id for spec in catalog.all()]


def test_the_list_for_people_has_a_line_for_each_check(desk):
    out = desk.shisa("checks").out
    for spec in catalog.all():
        assert f"{spec.id} " in out
        assert spec.title in out


@pytest.mark.parametrize("spec", catalog.all(), ids=lambda spec: spec.id)
def test_a_check_is_explained_by_its_page(spec, desk):
    ran = desk.shisa("explain", spec.id)
    assert ran.code == 0
    assert ran.out == publish.page(spec)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_explained_by_its_page(rule, desk):
    ran = desk.shisa("explain", rule.id)
    assert ran.code == 0
    assert ran.out == pages.page(rule)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("sequnce-drift", "did you mean sequence-drift?"),
        ("unknwn-key", "did you mean unknown-key?"),
        ("☃", "`shisa checks` lists"),
    ],
)
def test_what_is_neither_is_refused_with_the_nearest_name(name, hint, desk):
    ran = desk.shisa("explain", name)
    assert ran.code == 2
    assert ran.out == ""
    assert "no rule and no check is called" in ran.err
    assert hint in ran.err
