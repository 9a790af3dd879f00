"""Rendering: typed values where they stand, SQL by psql variables, secrets by name only."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import RunbookError
from runner.runbook.model import step_of
from runner.runbook.render import holds, preview, render_step, statements_of
from runner.runbook.template import TemplateError, names_in, names_in_expression, render_text
from runner.runbook.values import Secret

VALUES = {
    "tenant": 42,
    "name": "it's",
    "on": True,
    "share": Decimal("0.50"),
    "backup": Path("a b.dump"),
    "schemas": ("a", "b"),
    "pw": Secret("pw", "geheim"),
}


def step(**keys: Any) -> dict[str, Any]:
    return {"id": "s", "title": "S", **keys}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ tenant }}", 42),
        (" {{tenant}} ", 42),
        ("{{ on }}", True),
        ("{{ schemas }}", ["a", "b"]),
        ("{{ share }}", "0.50"),
        ("{{ backup }}", "a b.dump"),
        ("no. {{ tenant }}", "no. 42"),
        ("{{ on }} {{ share }}", "true 0.50"),
        ("{{ tenant + 1 }}", "43"),
        ("{% if on %}yes{% endif %}", "yes"),
        ("{{ schemas | join('+') }}", "a+b"),
        ("plain { text }", "plain { text }"),
    ],
)
def test_a_template_takes_the_value_typed_where_it_stands_alone(text: str, value: Any):
    assert render_text(text, VALUES) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ nobody }}", "'nobody' is not defined"),
        ("{{ nobody + 1 }}", "'nobody' is undefined"),
        ("x {{ schemas }}", "a list stands only"),
        ("{{ pw }}", "the secret pw may stand only"),
        ("x {{ pw }}", "the secret pw may stand only"),
        ("{{ pw | upper }}", "'pw' is undefined"),
        ("{{ name.__class__.__mro__ }}", "unsafe"),
        ("{{ a b }}", "cannot be rendered"),
        ("{{ 1 / 0 }}", "division by zero"),
    ],
)
def test_what_cannot_be_rendered_is_refused_with_the_reason(text: str, reason: str):
    with pytest.raises(TemplateError, match=reason):
        render_text(text, VALUES)


@pytest.mark.parametrize(
    ("expression", "answer"), [("tenant > 1", True), ("on and tenant == 1", False), ("name in schemas", False)]
)
def test_when_has_an_answer_of_true_or_false(expression: str, answer: object):
    assert holds(expression, VALUES) is answer


@pytest.mark.parametrize(
    ("expression", "reason"),
    [("tenant", "neither true nor false"), ("nobody", "undefined"), ("nobody == 1", "undefined"), ("1 +", "cannot")],
)
def test_when_without_an_answer_is_an_error_and_never_false(expression: str, reason: str):
    with pytest.raises(TemplateError, match=reason):
        holds(expression, VALUES)


def test_names_are_found_without_evaluating_anything():
    assert names_in("{{ a }} {{ b.c | center(9999999999) }} {% for x in d %}{{ x }}{% endfor %}") == {"a", "b", "d"}
    assert names_in_expression("a > 9 ** 9 ** 9 and answers['x']") == {"a", "answers"}


def test_sql_is_rendered_by_variables_and_never_by_templates():
    rendered = render_step(
        step(target="live", sql="SELECT :tenant, :'name', :\"name\", '{{ tenant }}'", verify="SELECT :on"), VALUES
    )
    assert rendered["sql"] == "SELECT 42, 'it''s', \"it's\", '{{ tenant }}'"
    assert rendered["verify"] == "SELECT TRUE"


def test_rendering_a_rendered_step_changes_nothing():
    data = step(target="live", sql="SELECT :'name'; ALTER ROLE a PASSWORD :'pw'", title="{{ tenant }} and {{ name }}")
    once = render_step(data, VALUES)
    assert render_step(once, VALUES) == once


def test_a_secret_stays_a_name_until_the_send():
    data = step(
        target="live", sql="SELECT 1; ALTER ROLE a PASSWORD :'pw'", rollback={"sql": "ALTER ROLE a PASSWORD :scram'pw'"}
    )
    rendered = render_step(data, VALUES)
    assert "geheim" not in repr(rendered)
    assert rendered["rollback"]["sql"] == "ALTER ROLE a PASSWORD :scram'pw'"
    first, second = statements_of(step_of(rendered), VALUES)
    assert (first.text, first.slots) == ("SELECT 1", ())
    assert "geheim" not in second.text
    assert second.with_secrets({"pw": "it's"}) == "ALTER ROLE a PASSWORD 'it''s'"


def test_a_secret_may_stand_in_env_and_stdin_by_placeholder():
    command = {"argv": ["psql"], "env": {"PGPASSWORD": "{{ pw }}"}, "stdin": "x {{ pw }}"}
    rendered = render_step(step(command=command), VALUES)["command"]
    assert rendered["env"]["PGPASSWORD"] == "‹secret pw›"
    assert rendered["stdin"] == "x ‹secret pw›"
    with pytest.raises(RunbookError, match="the secret pw may stand only"):
        render_step(step(command=["psql", "{{ pw }}"]), VALUES)


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"target": "live", "sql": "SELECT :nobody"}, "nobody is not declared"),
        (
            {"target": "live", "sql": "SELECT 1", "expect": {"rows": {"max": "{{ name }}"}}},
            "expect.rows.max does not fit",
        ),
        ({"target": "live", "restore": {"from": "x", "sequences": "{{ name }}"}}, "restore.sequences does not fit"),
        ({"target": "live", "sql": "SELECT 1", "timeout": "{{ tenant }}"}, "timeout does not fit"),
    ],
)
def test_a_value_that_does_not_fit_its_place_stops_the_step(keys: dict[str, Any], reason: str):
    with pytest.raises(RunbookError, match=reason):
        render_step(step(**keys), VALUES)


def test_inner_steps_of_a_loop_wait_for_their_item():
    loop = {"items": "{{ schemas }}", "as": "s", "steps": [{"id": "i", "title": "{{ s }}", "manual": "x"}]}
    rendered = render_step(step(for_each=loop), VALUES)["for_each"]
    assert rendered["items"] == ["a", "b"]
    assert rendered["steps"][0]["title"] == "{{ s }}"


def test_a_preview_shows_what_is_not_known_yet_by_name():
    data = step(title="{{ tenant }} of {{ count }}", target="live", sql="SELECT :tenant, :count, :'pw'")
    shown = preview(data, VALUES)
    assert shown["title"] == "42 of ‹captured count›"
    assert shown["sql"] == "SELECT 42, ‹captured count›, ‹secret pw›"


@given(st.text(max_size=40))
def test_a_value_in_sql_is_one_literal_whatever_it_holds(value: str):
    if "\0" in value:
        return
    rendered = render_step(step(target="live", sql="SELECT :'value'"), {"value": value})
    statements = statements_of(step_of(rendered), {"value": value})
    assert len(statements) == 1
    assert statements[0].text == rendered["sql"].strip()


@given(st.text(max_size=60))
def test_any_text_is_rendered_or_refused(text: str):
    try:
        render_text(text, VALUES)
        holds(text, VALUES)
    except TemplateError:
        pass
