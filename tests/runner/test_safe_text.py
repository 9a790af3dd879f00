"""What is shown is what is there: nothing hides, moves or imitates."""

import re
import unicodedata

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.safe_text import escape, escape_code, escaped_characters
from tests.fixtures.payloads import DISPLAY, HIDDEN

ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([nrt]))")
SHORT = {"n": "\n", "r": "\r", "t": "\t"}
TRICKY = st.sampled_from("\r\n\t\x1b\x9b'\"$-/*eE a\u043e\u0301\u0336\u202e\u3000経é")
TEXT = st.text(st.one_of(TRICKY, st.characters()))
ANYTHING = st.text(st.one_of(TRICKY, st.characters(exclude_characters="\\")))


def display(text, width=600, height=120):
    """What a terminal has on its screen after printing a text."""
    screen = pyte.Screen(width, height)
    stream = pyte.Stream(screen)
    stream.feed(text.replace("\n", "\r\n"))
    return "\n".join(line.rstrip() for line in screen.display).rstrip()


def unescape(text):
    return ESCAPE.sub(lambda m: SHORT[m[4]] if m[4] else chr(int(m[1] or m[2] or m[3], 16)), text)


@pytest.mark.parametrize("show", [lambda text: escape(text, multiline=True), escape_code], ids=["prose", "code"])
@pytest.mark.parametrize("payload", DISPLAY.values(), ids=DISPLAY)
def test_a_terminal_shows_every_character_of_a_hostile_text(payload, show):
    shown = show(payload)
    assert display(shown) == "\n".join(line.rstrip() for line in shown.split("\n"))
    assert unescape(shown.replace("\\r\n", "\\r")) == payload


def test_shown_as_they_are_several_of_these_texts_would_have_hidden_the_statement():
    hidden = [
        name
        for name, payload in DISPLAY.items()
        if HIDDEN in payload and HIDDEN not in display(payload.encode(errors="replace").decode())
    ]
    assert len(hidden) >= 5, hidden


@pytest.mark.parametrize(
    "text",
    [
        "テナント42の行を戻す\uff08本番\uff09。「経費」・ＡＣＭＥ株式会社々ー",
        "DB移行: ID一覧 フェーズⅠ ①",
        "Zoë naïve Việt Nam 12 µs \u2013 “quoted” … €5 ✓",
        "Привет мир",
        "한국어 ไทย हिन्दी",
        r"E'\x1b' \d+ C:\temp",
    ],
)
def test_ordinary_writing_stays_readable(text):
    assert escape(text) == text
    assert escape_code(f'SELECT "{text}" -- {text}') == f'SELECT "{text}" -- {text}'
    assert escaped_characters(text) == ()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("p\u0430ypal", r"p\u0430ypal"),
        ("\u0441\u043e\u0440\u0430", r"\u0441\u043e\u0440\u0430"),
        ("\u2160I", r"\u2160I"),
        ("=\u0338", r"=\u0338"),
        ("\u0301a", r"\u0301a"),
        ("a\u0301\u0302\u0303", "a\u0301\u0302\\u0303"),
        ("a\u20dd", r"a\u20dd"),
        ("\u2488\U00016fe4", "\u2488\\U00016fe4"),
        ("\ufdfd", r"\ufdfd"),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
    ],
)
def test_impostors_are_shown_by_number(text, shown):
    assert escape(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("SELECT '経費' AS \"経費\" /* 経費 /* 費 */ 費 */ -- 経費", None),
        ("SELECT 経費", r"SELECT \u7d4c\u8cbb"),
        ("SELECT 'a''é' é", r"SELECT 'a''é' \xe9"),
        (r"SELECT 'a\' é 'é'", r"SELECT 'a\' \xe9 'é'"),
        (r"SELECT E'a\' é' é", r"SELECT E'a\' é' \xe9"),
        ("DO $x$ BEGIN 'é' é; don't $x$ é", r"DO $x$ BEGIN 'é' \xe9; don't $x$ " + r"\xe9"),
        ("-- é\ré", "-- é\\r\n\\xe9"),
        ("-- é\r\né", "-- é\\r\n\\xe9"),
        ("'é\ré'", "'é\\r\né'"),
        ("SELECT 'open é", None),
        ("/* open é", None),
        ("$open$ é", r"$open$ \xe9"),
        ("a$$b é c$$", r"a$$b \xe9 c$$"),
    ],
)
def test_code_shows_other_letters_only_where_postgresql_takes_them_as_text(text, shown):
    assert escape_code(text) == (text if shown is None else shown)


def test_dollar_quotes_nested_without_end_are_shown_whole():
    text = "".join(f"$a{n}$ é " for n in range(3000)) + "".join(f"$a{n}$ " for n in reversed(range(3000)))
    assert escape_code(text) == text.replace("é", r"\xe9")


def test_the_escapes_that_are_real_are_named():
    assert escaped_characters("\x1b[2K\u202e \\x07 é") == ("U+001B ESCAPE", "U+202E RIGHT-TO-LEFT OVERRIDE")
    assert escaped_characters("é 'é' \x9b", code=True) == ("U+00E9 LATIN SMALL LETTER E WITH ACUTE", "U+009B CSI")


def is_safe(char):
    return unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Me"} and (
        char == " " or unicodedata.category(char) != "Zs"
    )


@given(ANYTHING)
def test_no_character_is_lost_or_changed(text):
    assert unescape(escape(text)) == text


@given(ANYTHING)
def test_no_character_of_code_is_lost_or_changed(text):
    assert unescape(escape_code(text.replace("\n", "")).replace("\\r\n", "\\r")) == text.replace("\n", "")


@given(TEXT)
def test_only_visible_characters_that_keep_their_place_are_shown(text):
    for shown in (escape(text), escape(text, multiline=True), escape_code(text)):
        odd = {char for char in shown if char != "\n" and not is_safe(char)}
        assert not odd
        assert not {char for char in shown if unicodedata.bidirectional(char) in {"R", "AL", "AN"}}
    assert "\n" not in escape(text)


@given(TEXT)
def test_escaping_twice_is_escaping_once(text):
    assert escape(escape(text)) == escape(text)
    assert escape_code(escape_code(text)) == escape_code(text)
