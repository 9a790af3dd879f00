"""Whatever text comes into any place of a screen, a person sees all of it and nothing else moves."""

import pytest

from runner.safe_text import escape, escape_code
from runner.terminal.blocks import Code, Facts, Grid, Heading, Line, cell
from tests.fixtures.payloads import TEXTS
from tests.fixtures.screens import on_screen, painted

FRAME = set("│╭╮╰╯─├┤┬┴┼━↪|+-=>0123456789 \n")


def letters(text):
    """What is left of a text without spaces, line ends and all that frames are made of."""
    return "".join(char for char in text if char not in FRAME)


def multiline(text):
    return escape(text, multiline=True)


PLACES = {
    "line": (multiline, lambda text: Line("WORD", text, "bad", "12:00:00")),
    "word": (escape, lambda text: Line(text, "")),
    "heading": (escape, Heading),
    "label": (escape, lambda text: Facts(((text, cell("")),))),
    "value": (escape, lambda text: Facts((("label", cell(text)),))),
    "table": (escape, lambda text: Grid(("verdict",), ((cell(text),),))),
    "code": (escape_code, lambda text: Code(text, "label")),
    "diff": (multiline, lambda text: Code(text, "label", code=False)),
    "code's label": (escape, lambda text: Code("SELECT 1", text)),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("payload", TEXTS.values(), ids=TEXTS)
def test_a_hostile_text_is_seen_whole_and_leaves_its_neighbours_alone(payload, place):
    before, after = Line("BEFORE", "stays where it is"), Line("AFTER", "stays where it is")
    shown, block = PLACES[place]
    width = 40 if len(payload) % 2 else 80  # narrow screens stack their tables
    seen = on_screen([before, block(payload), after], width)
    assert letters(shown(payload)) in letters(seen)
    lines = seen.split("\n")
    assert lines[0].split() == ["BEFORE", "stays", "where", "it", "is"]
    assert lines[-1].split() == ["AFTER", "stays", "where", "it", "is"]


def test_long_lines_of_code_go_on_in_rows_without_a_number():
    seen = painted([Code("SELECT 1; --" + " " * 60 + "DROP TABLE customers;\nSELECT 2", "exact text")], 40)
    assert seen.splitlines() == [
        "exact text (2 lines, 102 characters)",
        "1 │ SELECT 1; --" + " " * 24,
        "↪ │ " + " " * 36,
        "↪ │ DROP TABLE customers;",
        "2 │ SELECT 2",
    ]


def test_what_is_shown_escaped_is_named_below():
    seen = painted([Code("SELECT '\u202e'", "exact text")])
    assert "shown escaped: U+202E RIGHT-TO-LEFT OVERRIDE" in seen
    assert "shown escaped" not in painted([Code(r"SELECT E'\u202e'", "exact text")])


def test_verdicts_are_told_without_colour():
    from runner.terminal.blocks import verdict_cell

    rows = tuple((verdict_cell(word),) for word in ("pass", "warn", "unknown", "block", "no such verdict"))
    seen = painted([Grid(("verdict",), rows)])
    assert [line.strip("│ ") for line in seen.splitlines() if line.startswith("│")] == [
        "verdict", "PASS", "WARN", "UNKNOWN", "BLOCK", "UNKNOWN",
    ]  # fmt: skip


def test_on_a_narrow_screen_it_is_told_whose_figures_are_compared():
    grid = Grid(("guard", "the operator saw", "you see"), ((cell("lag"), cell("PASS"), cell("WARN")),), compares=True)
    seen = [line.rstrip() for line in painted([grid], 40).splitlines()]
    assert seen == ["lag", "  the operator saw: PASS", "  you see: WARN"]


def test_a_stream_that_carries_only_ascii_gets_ascii_frames():
    import io

    from rich.console import Console

    from runner.terminal.paint import show

    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    show(
        [Heading("Title"), Code("SELECT 1", "exact text"), Grid(("a",), ((cell("b"),),))], Console(file=file, width=80)
    )
    file.seek(0)
    assert "1 | SELECT 1" in file.read()
