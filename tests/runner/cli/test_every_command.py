import os
import re
import shlex
import subprocess
import sys

import pytest

from runner.cli.main import COMMANDS, main, module_of, parser_of
from tests import commands_page
from tests.fixtures.servers import ROOT
from tests.runner.cli.desk import BY_HAND

HEAVY = {"psycopg", "rich", "questionary", "jinja2", "jsonschema", "cryptography", "pgparse"}
READING = (
    *("checks", "checks --format json", "explain sequence-drift", "runs", "runs --format json"),
    *("show last --format json", "status", "status --format json", "note last hello", "report last"),
)
WATCH = """
import sys
from runner.cli.main import main
code = main(sys.argv[1:])
print(*sorted(set(sys.modules) & set({heavy!r}.split())), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_a_module_that_tells_what_it_does(name, capsys):
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    told = capsys.readouterr().out
    assert left.value.code == 0
    assert " ".join(module_of(name).HELP.split()) in " ".join(told.split())
    assert module_of(name).EXAMPLE in told


@pytest.mark.parametrize("name", COMMANDS)
def test_an_example_is_understood_by_its_command(name):
    lines = [line for line in module_of(name).EXAMPLE.splitlines() if line.strip().startswith("shisa ")]
    assert lines, f"the example of {name} does not call it"
    for line in lines:
        words = shlex.split(re.split(r"\s{2,}", line.strip())[0])
        assert words[1] == name
        parser_of(name, module_of(name)).parse_args(words[2:])


def test_a_misspelt_command_is_told_the_nearest(capsys):
    assert main(["verfy"]) == 2
    assert "did you mean `shisa verify`?" in capsys.readouterr().err


@pytest.mark.parametrize("words", READING)
def test_a_command_that_reads_imports_neither_the_driver_nor_the_terminal(words, desk):
    assert desk.run(BY_HAND, {"*": "done"})[1] == 0
    watched = WATCH.format(heavy=" ".join(HEAVY))
    done = subprocess.run(
        [sys.executable, "-c", watched, *words.split(), *(["--person", "alice"] if "note" in words else [])],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == ""


def test_the_page_of_all_commands_is_fresh():
    assert (ROOT / "docs" / "commands.md").read_text("utf-8") == commands_page.page(), "run `make gen`"
