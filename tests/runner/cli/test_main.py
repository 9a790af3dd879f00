"""The way into the program: what is said and which code is given when a command cannot be served."""

import os
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from runner import __version__, errors
from runner.cli import main as cli
from runner.cli.main import COMMANDS, main
from tests.fixtures.servers import ROOT

MODULE = [sys.executable, "-m", "runner"]
SOURCE = {**os.environ, "PYTHONPATH": str(ROOT)}


def fails_with(monkeypatch, error):
    def fail(_words):
        raise error

    monkeypatch.setattr(cli, "_dispatch", fail)
    return main(["runs"])


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_the_version_is_one_line(word, capsys):
    assert main([word]) == 0
    assert capsys.readouterr().out == f"shisa {__version__}\n"


@pytest.mark.parametrize(("words", "code"), [([], 2), (["--help"], 0), (["help"], 0)])
def test_the_overview_names_every_command_and_where_to_begin(words, code, capsys):
    assert main(words) == code
    shown = capsys.readouterr().out
    assert [name for name in COMMANDS if f"\n  {name} " not in shown] == []
    assert "`shisa demo`" in shown


def test_a_name_that_resembles_no_command_is_escaped_and_led_to_the_list(capsys):
    assert main(["\x1b[2Jdrop"]) == 2
    shown = capsys.readouterr().err
    assert "\x1b" not in shown
    assert "hint: `shisa --help` lists the commands" in shown


ERRORS = [
    (errors.UsageError, 2),
    (errors.ConfigError, 2),
    (errors.ConnectError, 2),
    (errors.RunbookError, 1),
    (errors.GateClosedError, 1),
    (errors.StepFailedError, 3),
    (errors.ApprovalError, 4),
    (errors.OutcomeUnknownError, 7),
    (errors.JournalError, 8),
]


@pytest.mark.parametrize(("kind", "code"), ERRORS)
def test_an_error_is_a_sentence_a_hint_and_its_code(kind, code, monkeypatch, capsys):
    assert fails_with(monkeypatch, kind("no\x1b[2K", hint="look\x07")) == code
    assert capsys.readouterr().err == "shisa: no\\x1b[2K\n  hint: look\\x07\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt, EOFError])
def test_ctrl_c_and_ctrl_d_outside_of_a_run_are_an_interruption(error, monkeypatch, capsys):
    assert fails_with(monkeypatch, error()) == 130
    assert capsys.readouterr().err == "shisa: interrupted\n"


def test_a_result_that_nobody_reads_to_its_end_is_no_success():
    """The reader of the pipe is gone before a line is written."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as pipe:  # noqa: PTH123 - a descriptor
        done = subprocess.run([*MODULE, "--help"], stdout=pipe, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (141, "")


def test_an_error_is_folded_between_words_at_a_terminal(tmp_path):
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 40))
    book = f"{'x' * 30} {'y' * 30}.yaml"
    done = subprocess.run([*MODULE, "plan", book], stderr=theirs, cwd=tmp_path, env=SOURCE, check=False)
    os.close(theirs)
    shown = os.read(ours, 4096).decode().splitlines()
    os.close(ours)
    assert done.returncode == 2
    assert [line for line in shown if len(line) > 40] == []
    assert shown[1] == f"  {'y' * 30}.yaml"
    assert "  hint: A relative path starts from" in shown
    assert shown[-1].startswith("    ")


def test_a_stranger_called_checks_is_noticed(tmp_path):
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "__init__.py").touch()
    code = "import sys; sys.path.insert(0, sys.argv.pop()); from runner.cli.main import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "runs", str(tmp_path)], capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.returncode == 2
    assert f"another distribution's package `checks` hides ours: {tmp_path / 'checks'}" in done.stderr
    assert "hint: install shisa in an environment of its own" in done.stderr


def test_the_program_is_also_a_module():
    done = subprocess.run([*MODULE, "--version"], capture_output=True, text=True, check=True, cwd=Path(__file__).parent)
    assert done.stdout == f"shisa {__version__}\n"
