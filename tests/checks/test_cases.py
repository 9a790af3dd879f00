"""Facts → judgement: one YAML table a check, one loader."""

from __future__ import annotations

import typing
from pathlib import Path

import msgspec
import pytest
import yaml

from checks import catalog
from checks.base import Verdict

TABLES = Path(__file__).with_name("cases")
CANNOT_BE_UNKNOWN = {
    "active-sessions": ["pure"],  # what it cannot see it does not gather, and so with those below
    "backup-complete": ["pure"],
    "backup-readable": ["pure"],
    "connection-headroom": ["pure"],
    "direct-connection": ["live"],  # every server announces its process
    "idle-in-transaction": ["pure"],
    "long-transactions": ["pure"],
    "prepared-transactions": ["pure"],
    "primary": ["live"],  # every role may ask
    "time-window": ["pure"],
    "wraparound": ["pure"],
}
"""Where there is no unknown to make, for a reason."""
NAMES = {"list of strings": ["public.p"]}


def cases(check_id):
    """A check without a table has no cases; the test below says so."""
    table = TABLES / f"{check_id}.yaml"
    return yaml.safe_load(table.read_text("utf-8")) if table.is_file() else []


def facts_of(check, data):
    """Build the facts from plain data; a mapping whose keys are no text is written as pairs."""
    if isinstance(data, dict) and (shared := data.get("shared")):
        data = {**data, "shared": {**shared, "keys": {tuple(key): tables for key, tables in shared["keys"]}}}
    facts = typing.get_type_hints(check.gather)["return"] if check.row is None else list[check.row]
    return msgspec.convert(data, facts)


@pytest.mark.parametrize(
    ("check_id", "case"),
    [pytest.param(spec.id, case, id=f"{spec.id}: {case['name']}") for spec in catalog.all() for case in cases(spec.id)],
)
def test_facts_are_judged(check_id, case):
    spec = catalog.get(check_id)
    needed = {param.name: NAMES.get(param.kind.name, "public.p") for param in spec.params if param.required}
    check = spec.build({**needed, **case.get("params", {})})
    findings = sorted(check.judge(facts_of(check, case["facts"])), key=lambda each: -each.verdict)
    told = [finding.message for finding in findings]
    assert str(max((each.verdict for each in findings), default=Verdict.PASS)) == case["verdict"], told
    assert "message" not in case or any(case["message"] in message for message in told), told
    for part in {"measured", "bound", "shown"} & case.keys():
        found = getattr(findings[0], part)
        assert {key: found[key] for key in case[part]} == case[part]


@pytest.mark.parametrize("check_id", [spec.id for spec in catalog.all()])
def test_each_check_has_a_case_that_passes_one_that_objects_and_one_that_is_unknown(check_id):
    tables = [TABLES.with_name(folder) / f"{check_id}.yaml" for folder in ("live", "operations")]
    live = [case for table in tables if table.is_file() for case in yaml.safe_load(table.read_text("utf-8"))]
    where = {"pure": f"cases/{check_id}.yaml", "live": f"live/{check_id}.yaml or operations/{check_id}.yaml"}
    for name, table in (("pure", cases(check_id)), ("live", live)):
        verdicts = {case["verdict"] for case in table}
        assert "pass" in verdicts, f"no case of {where[name]} passes"
        assert verdicts & {"warn", "block"}, f"no case of {where[name]} objects"
        excused = name in CANNOT_BE_UNKNOWN.get(check_id, ())
        assert "unknown" in verdicts or excused, (
            f"no case of {where[name]} is unknown, nor does CANNOT_BE_UNKNOWN say why"
        )
