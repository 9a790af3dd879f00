"""One declaration: its parameters are read strictly, and everything that is derived from it is fresh."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from checks import base, catalog, publish
from checks.base import REGISTRY, Check, StepContext, check, param
from checks.describe import ParamError, describe
from tests.generate import ROOT, stale


class _Every(Check[list[int]]):
    """It has a parameter of every type.

    ## Why it matters
    ## When it blocks
    ## What to do
    ## What it cannot see
    """

    backup: Path = param("A file.")
    name: str = param("A name.")
    count: int = param("A count.", default=3, minimum=1, unit="MB")
    on: bool = param("A switch.", default=False)
    age: timedelta | None = param("An age.", default=timedelta(minutes=5))
    names: tuple[str, ...] = param("Names.", default=())
    mode: str = param("A mode.", default="fast", choices=["fast", "slow"])


EVERY = check("every-type", since=14, group="tests", looks_at="things", row=int)(_Every)
del REGISTRY["every-type"]  # declared for the tests below alone


@pytest.fixture
def every(monkeypatch):
    monkeypatch.setitem(REGISTRY, "every-type", EVERY)
    return describe(EVERY)


GIVEN = {"backup": "b.dump", "name": "n"}
READ = [
    ({"count": 7}, "count", 7),
    ({"on": True}, "on", True),
    ({"age": "1.5 h"}, "age", timedelta(minutes=90)),
    ({"names": ["a", 7]}, "names", ("a", "7")),
    ({"mode": "slow"}, "mode", "slow"),
    ({}, "backup", Path("b.dump")),
    ({}, "count", 3),
]
REFUSED = [
    ({"conut": 7}, "every-type has no parameter conut; did you mean count?"),
    ({"x": 7}, "every-type has no parameter x; it has backup, name, count, on, age, names, mode"),
    ({"count": "7"}, "count: '7' is not a whole number"),
    ({"count": True}, "count: True is not a whole number"),
    ({"count": 0}, "count: 0 is less than 1"),
    ({"on": 1}, "on: 1 is not true or false"),
    ({"age": 5}, "age: 5 is not a duration with its unit, as 5min"),
    ({"age": "5"}, "age: '5' is not a duration: write a number and one of us, ms, s, min, h, d (as in 5min)"),
    ({"names": "a"}, "names: 'a' is not a list of texts"),
    ({"name": 5}, "name: 5 is not a text"),
    ({"backup": ""}, "backup: '' is not a path"),
    ({"mode": "medium"}, "mode: 'medium' is none of fast, slow"),
]
TOO_LONG = [
    ({"age": "36501d"}, "age: '36501d' is longer than 36500d"),
    ({"age": "9" * 400 + "us"}, f"age: {'9' * 40!r} is longer than 36500d"),
]


@pytest.mark.parametrize(("given", "name", "value"), READ)
def test_plain_values_are_read(every, given, name, value):
    assert getattr(every.build({**GIVEN, **given}), name) == value


@pytest.mark.parametrize(("given", "sentence"), [*REFUSED, *TOO_LONG])
def test_what_does_not_fit_is_refused_in_one_sentence(every, given, sentence):
    with pytest.raises(ParamError) as refused:
        every.build({**GIVEN, **given})
    assert str(refused.value) == sentence
    assert refused.value.param == next(iter(given))


@pytest.mark.parametrize(("given", "sentence"), REFUSED)
def test_the_schema_refuses_what_the_program_refuses(every, given, sentence):
    use = {"check": "every-type", "with": {**GIVEN, **given}}
    refused = list(_schema(every).iter_errors(use))
    assert bool(refused) == (given != {"backup": ""}), sentence


@pytest.mark.parametrize(("given", "name", "value"), READ)
def test_the_schema_takes_what_the_program_takes(every, given, name, value):
    assert not list(_schema(every).iter_errors({"check": "every-type", "with": {**GIVEN, **given}}))


@pytest.mark.parametrize("name", ["backup", "name", "count", "on", "age", "names", "mode"])
def test_a_template_may_stand_for_every_parameter(every, name):
    assert not list(_schema(every).iter_errors({"check": "every-type", "with": {**GIVEN, name: "{{ given }}"}}))


def test_what_is_missing_is_taken_from_the_step(every):
    step = StepContext(id="s", kind="restore", backup=Path("/of/the/step"))
    assert every.build({"name": "n"}, step).backup == Path("/of/the/step")
    assert every.build(GIVEN, step).backup == Path("b.dump")
    with pytest.raises(ParamError, match="every-type needs the parameter backup: A file"):
        every.build({"name": "n"}, StepContext(id="s", kind="sql"))


def test_text_of_the_command_line_becomes_plain_values(every):
    text = {"count": "7", "on": "true", "age": "5min", "names": "a, b", "mode": "slow", "backup": "b", "x": "y"}
    assert every.from_text(text) == {**text, "count": 7, "on": True, "names": ["a", "b"]}
    assert every.from_text({"count": "many", "on": "maybe"}) == {"count": "many", "on": "maybe"}


def test_a_docstring_without_its_sections_is_refused(every, monkeypatch):
    monkeypatch.setattr(every.cls, "__doc__", "One line.")
    with pytest.raises(ValueError, match="every-type: its docstring needs one line and the sections Why it matters"):
        describe(every.cls)


def test_two_checks_cannot_have_one_id(every):
    with pytest.raises(ValueError, match="two checks are called 'every-type'"):
        check("every-type", since=14, group="tests", looks_at="things")(_Every)


def test_an_unknown_check_is_answered_with_the_nearest(every):
    with pytest.raises(catalog.UnknownCheckError) as unknown:
        catalog.get("sequence-drfit")
    assert str(unknown.value) == "There is no check 'sequence-drfit'; did you mean sequence-drift?"
    with pytest.raises(catalog.UnknownCheckError, match=r"There is no check 'zzz'\.$"):
        catalog.get("zzz")


def test_a_check_that_gathers_nothing_says_so():
    class Silent(Check[list[int]]):
        id, row = "silent", None

    with pytest.raises(TypeError, match="silent declares neither gather"):
        Silent().gather(None)


def test_the_generated_files_are_fresh():
    assert [path.relative_to(ROOT) for path in stale()] == [], "run make gen"


def test_the_generated_schema_is_a_schema():
    schema = json.loads((ROOT / "schemas" / "checks.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert set(schema["$defs"]["use"]["properties"]["check"]["enum"]) == {spec.id for spec in catalog.all()}


@pytest.mark.parametrize("spec", catalog.all(), ids=lambda spec: spec.id)
def test_a_check_says_everything_on_its_page(spec):
    page = publish.page(spec)
    assert [name for name, text in spec.sections.items() if len(text) <= 40] == [], "a section takes a sentence or more"
    assert all(f"`{each.name}`" in page and each.description in page for each in spec.params)
    assert spec.as_json()["title"] == spec.title
    assert spec.as_json()["params"].keys() == {each.name for each in spec.params}


def test_verdicts_are_ordered_by_how_much_they_close():
    assert [str(each) for each in sorted(base.Verdict)] == ["pass", "warn", "unknown", "block"]
    assert [each.closes for each in sorted(base.Verdict)] == [False, False, True, True]


def _schema(spec):
    return jsonschema.Draft202012Validator(publish.schema([spec])["$defs"]["use"])
