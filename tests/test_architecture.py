"""The shape of the code: one direction of imports, small modules, a complete catalogue."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from checks import catalog

ROOT = Path(__file__).parents[1]
MODULES = sorted(path.relative_to(ROOT) for package in ("runner", "checks") for path in (ROOT / package).rglob("*.py"))
LONGEST = 300
DRAWERS = {"utils", "util", "helpers", "misc"}
"""Names that say nothing, so that anything ends up there."""


def declares_a_check(path: Path) -> bool:
    classes = [node for node in ast.walk(ast.parse((ROOT / path).read_bytes())) if isinstance(node, ast.ClassDef)]
    calls = [each.func for node in classes for each in node.decorator_list if isinstance(each, ast.Call)]
    return any(isinstance(called, ast.Name) and called.id == "check" for called in calls)


CHECKS = [path.stem for path in MODULES if path.parts[0] == "checks" and declares_a_check(path)]


def imported_from_checks(path: Path) -> set[str]:
    """The modules of ``checks`` that a file imports, in whatever spelling, at whatever depth."""
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Import():
                found |= {each.name.removeprefix("checks.") for each in node.names if each.name.startswith("checks.")}
            case ast.ImportFrom(module="checks"):
                found |= {each.name for each in node.names}
            case ast.ImportFrom(module=str(module)) if module.startswith("checks."):
                found.add(module.removeprefix("checks."))
    return found


def test_imports_go_one_way(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    broken = lint_imports(no_logo=True, cache_dir=None, no_cache=True)
    assert not broken, capsys.readouterr().out


@pytest.mark.parametrize(
    ("module", "line", "complaint"),
    [
        ("runner/errors.py", "import runner.cli", "runner.errors is not allowed to import runner.cli"),
        ("runner/journal/late.py", "def f():\n    import runner.engine", "is not allowed to import runner.engine"),
        ("checks/base.py", "import runner.errors", "checks is not allowed to import runner"),
        ("checks/base.py", "import psycopg", "checks is not allowed to import psycopg"),
        ("runner/cli/fast.py", "import psycopg", "runner.cli.fast -> psycopg"),
        ("runner/newcomer.py", "", "newcomer"),
    ],
)
def test_an_import_against_the_direction_is_found(module, line, complaint, tmp_path):
    for part in ("runner", "checks", "pyproject.toml"):
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(ROOT / part, tmp_path / part)
    with (tmp_path / module).open("a") as code:
        code.write(f"\n{line}\n")
    lint = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_logo=True, no_cache=True))"
    done = subprocess.run(
        [sys.executable, "-c", lint], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 1
    assert complaint in " ".join(done.stdout.split())


def opens_a_connection(path: Path) -> bool:
    """Whether a file calls psycopg's connect, under whatever name it imported it."""
    for node in ast.walk(ast.parse((ROOT / path).read_bytes())):
        match node:
            case ast.ImportFrom(module="psycopg", names=names) if any(each.name == "connect" for each in names):
                return True
            case ast.Attribute(value=ast.Name(id="psycopg" | "Connection"), attr="connect"):
                return True
    return False


def test_nobody_else_opens_a_connection():
    connecting = {path.parts[1] for path in MODULES if opens_a_connection(path)}
    assert "postgres" in connecting
    assert connecting <= {"postgres", "journal", "demo"}


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_module_is_small_and_named_for_what_it_does(path):
    lines = len((ROOT / path).read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST, f"{path} has {lines} lines: split it where its docstring says 'and'"
    assert path.stem not in DRAWERS


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_is_in_the_catalogue_and_leans_on_no_other_check(name):
    assert name.replace("_", "-") in catalog.BUILT_IN
    others = imported_from_checks(ROOT / "checks" / f"{name}.py") & {*CHECKS, "catalog"} - {name}
    assert not others, f"checks/{name}.py imports {', '.join(others)}"
