"""Questions: answered by a person at a terminal, after the question stood there, and never by Enter alone."""

import contextlib
import os
import subprocess
import sys

import pexpect
import pyte
import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from runner.errors import UsageError
from runner.terminal.prompts import Prompter, demand_terminal

CHOICES = {"go": "run it now", "stop": "stop here", "skip": "leave it out"}


@contextlib.contextmanager
def typing(keys):
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        pipe.send_text(keys)
        yield Prompter(pipe, DummyOutput())


@pytest.mark.parametrize(
    ("keys", "chosen"),
    [
        ("go\r", "go"),
        ("g\r", "go"),
        ("st\r", "stop"),
        (" skip \r", "skip"),
        ("\rs\x15\x7fgo\r", "go"),
        ("s\rkip\r", "skip"),
    ],
)
def test_a_choice_is_its_word_or_its_beginning(keys, chosen):
    with typing(keys) as prompter:
        assert prompter.choose("Run it?", CHOICES) == chosen


@pytest.mark.parametrize("keys", ["\r\x03", "y\r\x03", "yes\r\x03", "GO\r\x03", "s\r\x03", "go now\r\x03"])
def test_enter_and_words_that_are_no_choice_are_asked_again(keys):
    with typing(keys) as prompter, pytest.raises(KeyboardInterrupt):
        prompter.choose("Run it?", CHOICES)


def test_enter_takes_a_default_only_where_one_is_given():
    with typing("\r") as prompter:
        assert prompter.choose("Run it?", CHOICES, default="stop") == "stop"
    with pytest.raises(ValueError, match="a default among them"):
        Prompter().choose("Run it?", CHOICES, default="yes")


@pytest.mark.parametrize(
    ("typed", "accepted"),
    [("restore", True), (" restore ", True), ("", False), ("y", False), ("Restore", False), ("restor", False)],
)
def test_a_dangerous_thing_is_typed_out(typed, accepted):
    with typing(f"{typed}\r") as prompter:
        assert prompter.type_word("restore is destructive", "restore") is accepted


def test_text_and_secrets_are_given_back_as_typed():
    with typing("  night shift \r") as prompter:
        assert prompter.text("Why?") == "night shift"
    with typing(" s3cret \r") as prompter:
        assert prompter.secret("Password") == " s3cret "


@pytest.mark.parametrize("ask", ["choose", "type_word", "text", "secret"])
@pytest.mark.parametrize(("key", "error"), [("\x03", KeyboardInterrupt), ("\x04", EOFError)])
def test_ctrl_c_and_ctrl_d_are_never_an_answer(ask, key, error):
    arguments = {"choose": ("?", CHOICES, "stop"), "type_word": ("?", "word"), "text": ("?",), "secret": ("?",)}[ask]
    with typing(key) as prompter, pytest.raises(error):
        getattr(prompter, ask)(*arguments)


@pytest.mark.parametrize("missing", ["stdin", "stdout"])
def test_without_a_terminal_the_question_is_refused(missing, monkeypatch):
    class Terminal:
        def __init__(self, *, is_one):
            self.isatty = lambda: is_one

    for name in ("stdin", "stdout"):
        monkeypatch.setattr(sys, name, Terminal(is_one=name != missing))
    with pytest.raises(UsageError, match="not a terminal") as refused:
        demand_terminal()
    assert refused.value.exit_code == 2
    assert "--answers FILE" in str(refused.value.hint)


ASK = """
import pathlib, sys, time
from runner.errors import UsageError
from runner.terminal.prompts import Prompter
choices = {"go": "run it now", "stop": "stop here"}
wait = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None
print("ready", flush=True)
while wait and not wait.exists():
    time.sleep(0.01)
try:
    for number in (1, 2):
        print(f"answer {number}:", Prompter().choose(f"Question {number}?", choices), flush=True)
    print("secret:", len(Prompter().secret("Password")), flush=True)
except UsageError as error:
    print(error.message)
    raise SystemExit(error.exit_code)
except KeyboardInterrupt:
    raise SystemExit(130)
except EOFError:
    raise SystemExit(5)
"""


def child(*arguments):
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": "1"}
    return pexpect.spawn(sys.executable, ["-c", ASK, *arguments], encoding="utf-8", timeout=20, env=environment)


def test_a_piped_answer_is_no_answer():
    done = subprocess.run([sys.executable, "-c", ASK], input="go\ngo\n", capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout.splitlines() == [
        "ready",
        "This needs an answer, and standard input or output is not a terminal.",
    ]


def test_what_was_typed_before_the_question_is_no_answer(tmp_path):
    gate = tmp_path / "gate"
    with child(str(gate)) as terminal:
        terminal.expect("ready")
        terminal.send("go\rgo\r")
        terminal.expect("go\r\ngo\r\n")
        gate.touch()
        terminal.expect(r"go, stop:")
        terminal.send("stop\r")
        terminal.expect("answer 1: stop")


def test_what_was_typed_together_with_the_answer_before_is_no_answer(tmp_path):
    with child() as terminal:
        terminal.expect(r"go, stop:")
        terminal.send("stop\rgo\r")
        terminal.expect("answer 1: stop")
        terminal.expect(r"Question 2\?[\s\S]*go, stop:")
        terminal.send("stop\r")
        terminal.expect("answer 2: stop")


LONG = """
from runner.terminal.prompts import Prompter
Prompter().choose("Question " + "q" * 100 + " END1", {"go": "m" * 100 + " END2", "stop": "経費" * 20 + " END3"})
Prompter().text("What was measured of " + "the word " * 10 + "END4?")
"""


def test_a_long_question_is_folded_and_not_cut():
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "80"}  # of another terminal
    arguments = {"encoding": "utf-8", "timeout": 20, "env": environment, "dimensions": (24, 60)}
    with pexpect.spawn(sys.executable, ["-c", LONG], **arguments) as terminal:
        terminal.expect("go, stop:")
        screen = pyte.Screen(60, 24)
        shown = pyte.Stream(screen)
        shown.feed(terminal.before + terminal.after)
        seen = "".join(line.strip() for line in screen.display)
        assert "q" * 100 + " END1" in seen
        assert "m" * 100 + " END2" in seen
        told = "".join(line.strip() for line in screen.display).replace(" ", "")
        assert "経費" * 20 + "END3" in told
        terminal.send("go\r")
        terminal.expect(r"END4\?")
        shown.feed(terminal.before + terminal.after)
        assert "the word\nthe word" in "\n".join(line.strip() for line in screen.display), "folded between words"


def test_a_secret_does_not_appear_on_the_terminal():
    with child() as terminal:
        for _ in range(2):
            terminal.expect(r"go, stop:")
            terminal.send("go\r")
            terminal.expect("answer")
        terminal.expect("Password")
        terminal.send("s3cret\r")
        terminal.expect("secret: 6")
        assert "s3cret" not in terminal.before


@pytest.mark.parametrize(("key", "code"), [("\x03", 130), ("\x04", 5)])
def test_ctrl_c_and_ctrl_d_reach_the_program(key, code):
    with child() as terminal:
        terminal.expect(r"go, stop:")
        terminal.send(key)
        terminal.expect(pexpect.EOF)
    assert terminal.exitstatus == code
