"""Typed parameters: what fits, what does not and why, and secrets that never show themselves."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import UsageError
from runner.runbook.model import Param
from runner.runbook.params import params_file, parse_pairs, resolve, typed
from runner.runbook.values import Secret, masked, put_secrets

FITS = [
    ("string", "a b", "a b"),
    ("integer", "42", 42),
    ("integer", -7, -7),
    ("number", "1.50", Decimal("1.50")),
    ("boolean", "true", True),
    ("boolean", False, False),
    ("identifier", "env_a", "env_a"),
    ("path", "x/y.dump", Path("x/y.dump")),
    ("duration", "5min", "5min"),
    ("target", "live", "live"),
    ("list", "a, b", ("a", "b")),
    ("list", ["a", 1], ("a", 1)),
]
MISFITS = [
    ("integer", "4x", "must be a whole number"),
    ("integer", True, "must be a whole number"),
    ("number", "nan", "must be a number"),
    ("boolean", "yes", "must be true or false"),
    ("identifier", "x" * 64, "1 to 63 bytes"),
    ("path", "", "is empty"),
    ("duration", "5", "not a duration"),
    ("target", "Live!", "the name of a target"),
    ("string", "a\0b", "NUL"),
    ("secret", "geheim", "cannot stand on a command line"),
    ("secret", "env:SHISA_NOT_SET", "not set"),
    ("secret", "file:/nowhere", "cannot be read"),
]


@pytest.mark.parametrize(("kind", "raw", "value"), FITS)
def test_a_value_that_fits_is_typed(kind: str, raw: Any, value: Any):
    found = typed("x", Param(type=kind), raw)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("kind", "raw", "reason"), MISFITS)
def test_a_value_that_does_not_fit_is_refused_with_the_reason(kind: str, raw: Any, reason: str):
    with pytest.raises(UsageError, match="the parameter x .*" + reason):
        typed("x", Param(type=kind), raw)


@pytest.mark.parametrize(
    ("param", "raw", "reason"),
    [
        (Param(type="integer", minimum=1), "0", "at least 1"),
        (Param(type="number", maximum=1.5), "1.6", "at most 1.5"),
        (Param(type="string", pattern="[a-z]+"), "a1", "does not match"),
        (Param(type="enum", values=("keep", "raise")), "kep", "one of keep, raise"),
    ],
)
def test_bounds_are_kept(param: Param, raw: str, reason: str):
    with pytest.raises(UsageError, match=reason):
        typed("x", param, raw)


def test_given_wins_over_default_and_default_over_asking():
    declared = {
        "a": Param(type="string", default="d"),
        "b": Param(type="string", default="d"),
        "c": Param(type="string"),
    }
    assert resolve(declared, {"a": "g"}, prompt=lambda name, _: f"asked {name}") == {"a": "g", "b": "d", "c": "asked c"}


def test_what_nobody_gives_is_demanded_with_an_example():
    with pytest.raises(UsageError, match="the parameters a, b must be given") as caught:
        resolve({"a": Param(type="integer"), "b": Param(type="secret")}, {})
    assert caught.value.hint == "-p a=<integer>"


def test_an_unknown_parameter_is_refused_with_the_nearest_name():
    with pytest.raises(UsageError, match="no parameter 'tenat'") as caught:
        resolve({"tenant": Param(type="integer")}, {"tenat": "1"})
    assert caught.value.hint == "Did you mean 'tenant'?"


@pytest.mark.parametrize(("pairs", "reason"), [(["a"], "is not name=value"), (["a=1", "a=2"], "given twice")])
def test_arguments_of_another_shape_are_refused(pairs: list[str], reason: str):
    with pytest.raises(UsageError, match=reason):
        parse_pairs(pairs)


def test_a_file_of_parameters_is_strict_and_names_the_place(tmp_path: Path):
    file = tmp_path / "p.yaml"
    file.write_text("tenant: 42\nday: 2026-11-23\n", "utf-8")
    assert params_file(file) == {"tenant": 42, "day": "2026-11-23"}
    file.write_text("a: 1\na: 2\n", "utf-8")
    with pytest.raises(UsageError, match=r"p.yaml:2:1: the key 'a' stands twice"):
        params_file(file)


def test_a_secret_comes_from_the_environment_a_file_or_the_operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SHISA_TEST_SECRET", "geheim")
    (tmp_path / "s").write_text("geheim\n", "utf-8")
    secret = Param(type="secret")
    given = [
        typed("pw", secret, "env:SHISA_TEST_SECRET"),
        typed("pw", secret, f"file:{tmp_path / 's'}"),
        resolve({"pw": secret}, {}, prompt=lambda *_: "geheim")["pw"],
    ]
    for each in given:
        assert isinstance(each, Secret)
        assert each.reveal() == "geheim"
        assert "geheim" not in f"{each} {each!r}"
    with pytest.raises(TypeError):
        json.dumps(given[0])


@given(st.text(min_size=1), st.text(), st.text())
def test_no_secret_is_left_in_a_masked_text(secret: str, before: str, after: str):
    text = masked(before + secret + after, {"s": secret})
    assert secret not in text or secret in "‹secret s›"


def test_secrets_are_put_in_only_where_their_placeholder_stands():
    assert put_secrets("PW=‹secret a›;‹secret b›", {"a": "1", "c": "3"}) == "PW=1;‹secret b›"
