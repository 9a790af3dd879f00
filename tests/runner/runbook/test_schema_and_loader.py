"""The schema and the loader accept the same files, and the design's example is one of them."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from referencing import Registry, Resource

from checks import catalog
from runner.config.load import check
from runner.runbook.lint.judge import judge
from runner.runbook.load import InvalidRunbookError, examine, load_text, runbook_schema
from runner.runbook.model import Runbook, step_of
from runner.strict_yaml import parse

ROOT = Path(__file__).parents[3]
WHOLE = Path(__file__).parent / "whole-language.yaml"
EXAMPLE = Path(__file__).parent / "restore-tenant-rows.yaml"
EXAMPLES = [WHOLE, EXAMPLE, *sorted((ROOT / "runbooks").glob("*.yaml"))]
VALUES = [
    None,
    True,
    False,
    0,
    -1,
    3,
    1.5,
    "",
    "x",
    "5min",
    "{{ name }}",
    [],
    ["x"],
    {},
    {"check": "sequence-drift"},
    {"min": 1},
]


def independent() -> jsonschema.Draft202012Validator:
    """The schema read by another implementation than the product's."""
    schemas = {
        name: json.loads((ROOT / "schemas" / name).read_bytes())
        for name in ("runbook.schema.json", "checks.schema.json")
    }
    registry = Registry().with_resources([(name, Resource.from_contents(each)) for name, each in schemas.items()])
    return jsonschema.Draft202012Validator(schemas["runbook.schema.json"], registry=registry)


INDEPENDENT = independent()


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


def agree(data: Any) -> None:
    by_schema = INDEPENDENT.is_valid(data)
    assert runbook_schema().errors(data) == [] if by_schema else runbook_schema().errors(data)
    if by_schema:
        for step in msgspec.convert(data, Runbook).steps:
            step_of(step)


@settings(max_examples=400)
@given(st.data())
def test_what_the_schema_accepts_the_loader_accepts_and_the_reverse(data: st.DataObject):
    runbook = copy.deepcopy(parse(data.draw(st.sampled_from(EXAMPLES)).read_bytes()).data)
    for _ in range(data.draw(st.integers(1, 2))):
        *parents, last = data.draw(st.sampled_from(places(runbook)[1:]))
        around = runbook
        for part in parents:
            around = around[part]
        match data.draw(st.sampled_from(["replace", "remove", "rename", "add"])):
            case "replace":
                around[last] = copy.deepcopy(data.draw(st.sampled_from(VALUES)))
            case "rename" if isinstance(around, dict):
                around[f"{last}x"] = around.pop(last)
            case "add" if isinstance(around, dict):
                around[data.draw(st.sampled_from(["with", "sql", "target", "rows", "expected"]))] = "x"
            case _:
                del around[last]
    agree(runbook)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_agree(path: Path):
    agree(parse(path.read_bytes()).data)


def test_the_example_of_the_language_has_every_kind_and_every_key():
    schema = json.loads((ROOT / "schemas" / "runbook.schema.json").read_bytes())
    whole = json.dumps(parse(WHOLE.read_bytes()).data)
    parts = "step guard duringGuard restore forEach command ask param expect backup wait include sequences verify body"
    wanted = {key for name in parts.split() for key in schema["$defs"][name]["properties"]}
    assert {key for key in wanted if f'"{key}":' not in whole} == set()


def test_the_design_example_validates_clean():
    config, problems = check(parse(
        "shisa: 1\n"
        "people: {a: {teams: [dev, customer-success]}, b: {teams: [ops]}, c: {teams: [ops]}}\n"
        "policies: {cross-review: {need: [{team: dev, n: 1}, {team: ops, n: 1}]}}\n"
        "targets: {live: {service: prod, policy: cross-review}}\n"
    ))  # fmt: skip
    assert problems == []
    found = judge(EXAMPLE.read_bytes(), EXAMPLE, config=config)
    known = {spec.id for spec in catalog.all()}
    missing = {"backup-readable", "restore-overwrite", "long-transactions"} - known
    told = {each.message for each in found if each.rule == "unknown-check"}
    assert told == {f'there is no check "{name}"' for name in missing}
    assert [each for each in found if each.rule != "unknown-check"] == []


def test_the_runbook_of_the_documentation_validates_clean():
    text = (ROOT / "docs" / "writing-a-runbook.md").read_text("utf-8")
    example = text.partition("```yaml\n")[2].partition("```")[0]
    assert judge(example, ROOT / "runbooks" / "example.yaml") == []


def test_all_problems_of_a_file_are_named_at_once_with_their_places():
    text = "shisa: 1\nid: Bad\ntitel: x\nsteps:\n  - {id: a, title: A, manuel: m}\n  - {id: a, title: B, sql: 3}\n"
    with pytest.raises(
        InvalidRunbookError, match=r"bad.yaml:2:5: 'id' cannot be \"Bad\" \(and 4 more problems\)"
    ) as caught:
        load_text(text, Path("bad.yaml"))
    assert [(each.rule, each.line) for each in caught.value.problems] == [
        ("wrong-value", 2), ("unknown-key", 3), ("unknown-key", 5), ("wrong-type", 6), ("duplicate-step", 6)
    ]  # fmt: skip


@given(st.text(st.sampled_from("shisa: 1\nid: a\ntitle: t\nsteps:\n  - {}[]&*!|>'\"#%@`,?xy"), max_size=120))
def test_any_text_is_loaded_or_refused_with_a_reason(text: str):
    _, loaded, problems = examine(text, Path("x.yaml"))
    assert (loaded is None) == bool(problems)
