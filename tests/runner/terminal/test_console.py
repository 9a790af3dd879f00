"""Consoles: where they print, and what they leave out."""

import os
import subprocess
import sys

import pytest

CODE = """
from runner.terminal.blocks import Line
from runner.terminal.console import console
from runner.terminal.paint import show
show([Line("BLOCK", "経費 " + "x" * 200, "bad")], console({stream!r}))
"""
UNREAD = """
import sys
from runner.terminal.console import console
try:
    for _ in range(2):
        console({stream!r}).print("a line")
    sys.{other}.write("went on")
except BrokenPipeError:
    sys.{other}.write("told")
"""


def run(stream, **environment):
    code = CODE.format(stream=stream)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env={"PATH": "", **environment}
    )


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_console_writes_to_its_own_stream_only(stream):
    done = run(stream, PYTHONIOENCODING="utf-8")
    other = {"stdout": done.stderr, "stderr": done.stdout}[stream]
    assert "経費".encode() in getattr(done, stream)
    assert other == b""


def test_no_color_and_files_get_no_escape_sequences():
    assert b"\x1b" not in run("stdout").stdout
    assert b"\x1b[1;31m" in run("stdout", FORCE_COLOR="1", TERM="xterm").stdout
    assert b"31m" not in run("stdout", FORCE_COLOR="1", NO_COLOR="1", TERM="xterm").stdout


def test_a_locale_without_the_letters_makes_no_message_fail():
    assert rb"\u7d4c\u8cbb" in run("stderr", PYTHONIOENCODING="ascii").stderr


@pytest.mark.parametrize(("stream", "other", "what"), [("stderr", "stdout", b"went on"), ("stdout", "stderr", b"told")])
def test_talk_that_nobody_hears_hinders_nothing_and_a_result_that_nobody_reads_is_told(stream, other, what):
    reading, writing = os.pipe()
    os.close(reading)
    code = UNREAD.format(stream=stream, other=other)
    done = subprocess.run([sys.executable, "-uc", code], check=False, **{stream: writing, other: subprocess.PIPE})
    os.close(writing)
    assert getattr(done, other) == what


def test_a_file_gets_lines_of_a_hundred_cells_unless_told():
    assert max(map(len, run("stdout", PYTHONIOENCODING="ascii").stdout.decode().splitlines())) <= 112
    assert max(map(len, run("stdout", COLUMNS="60").stdout.decode().splitlines())) <= 60
