r"""Text from anywhere, shown so that nothing in it hides, moves or imitates what stands beside it.

What is not plainly visible is shown as its escape: `\x1b`, `\u202e`, `\U000e0041`. Letters of the scripts in common
use stay readable (UAX #31, table 5), except: scripts written from right to left (a terminal that reorders them moves
the figures beside them), words that mix scripts or consist of look-alikes of Latin letters, marks that strike out or
pile up. A backslash is shown as it is, so that SQL can be read; `escaped_characters` tells the real escapes.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator

_EAST_ASIAN = frozenset(
    {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HALFWIDTH", "FULLWIDTH", "HANGUL", "BOPOMOFO"}
    | {"IDEOGRAPHIC", "VERTICAL"}
)
_SCRIPTS = _EAST_ASIAN | {
    *("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "GEORGIAN", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA"),
    *("TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "ETHIOPIC"),
    "MICRO",
}
_FREE = _EAST_ASIAN | {"MICRO"}
"""Scripts that stand beside others in one word: UTS #39's highly restrictive level, and µs."""

_LOOKALIKES = frozenset(
    "асеорхуіјѕһԁԛԝӏАВЕЗКМНОРСТУХІЅЈԌԚԜӀѴ"  # Cyrillic
    "οναΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"  # Greek  # noqa: RUF001
    "ոսօհցզքՍՕՏ"  # Armenian  # noqa: RUF001
    "ɑɡıɩǀ"  # Latin letters that pass for other ones  # noqa: RUF001
)
_BLANK = re.compile(
    "[\u034f\u115f\u1160-\u11ff\u17b4\u17b5\u180b-\u180f\u2800\u3164\ud7b0-\ud7ff\ufe00-\ufe0f\uffa0"
    "\U00016fe4\U0001d159\U000e0100-\U000e01ef]"
)
"""Letters and marks that draw nothing: fillers, joiners, variation selectors."""

_WORD = re.compile(r"[\w\u0300-\u036f]+")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs", "Me"})
_STACK = 2
"""So many marks may stand on one letter; Vietnamese needs two."""
_OVERLAY = 1
"""The canonical combining class of marks that strike their letter out."""
_DEPTH = 20
"""Dollar quotes nested deeper than this are shown without a look inside."""

_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_OPENING = re.compile(r"[eE]'|'|\"|--|/\*|\$(?:[^\W\d]\w*)?\$")
_CLOSING = {
    "'": re.compile(r"(?:[^']|'')*'?"),
    "e'": re.compile(r"(?:[^'\\]|\\.|'')*'?", re.DOTALL),
    '"': re.compile(r'(?:[^"]|"")*"?'),
    "--": re.compile(r"[^\r\n]*"),
}


def escape(text: str, *, multiline: bool = False) -> str:
    r"""Show prose, names and values: letters stay readable, everything that could deceive is escaped.

    With ``multiline`` a newline stays one; a lone carriage return, which ends a line for PostgreSQL and not for the
    eye, is shown as ``\r`` and breaks the line.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(shown for _, shown in _prose(text, multiline=multiline))


def escape_code(text: str) -> str:
    """Show SQL or a command, whole: outside literals, quoted names and comments only ASCII is shown as it is."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(shown for _, shown in _code(text))


def escaped_characters(text: str, *, code: bool = False) -> tuple[str, ...]:
    """Name each kind of character that is shown escaped, in order: ``U+202E RIGHT-TO-LEFT OVERRIDE``."""
    pieces = _code(text) if code else _prose(text, multiline=True)
    found = dict.fromkeys(char for char, shown in pieces if char not in {shown, "\t"})
    return tuple(f"U+{ord(char):04X} {unicodedata.name(char, _unnamed(char))}" for char in found)


def _unnamed(char: str) -> str:
    names = {"\x1b": "ESCAPE", "\r": "CARRIAGE RETURN", "\b": "BACKSPACE", "\0": "NULL", "\x9b": "CSI"}
    return names.get(char, {"Cc": "CONTROL", "Cs": "LONE SURROGATE"}.get(unicodedata.category(char), "NO CHARACTER"))


def _as_escape(char: str) -> str:
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if code <= 0xFF:  # noqa: PLR2004 - where \x ends
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - where \u ends


def _prose(text: str, *, multiline: bool) -> Iterator[tuple[str, str]]:
    impostors = frozenset(_impostors(text))
    stack = -1  # marks on the last letter; -1 where nothing carries a mark
    for position, char in enumerate(text):
        if char == "\n" and multiline:
            yield char, char
        elif char == "\r" and multiline:
            yield char, r"\r" if text[position + 1 : position + 2] == "\n" else "\\r\n"
        elif unicodedata.category(char) in {"Mn", "Mc"} and not _BLANK.match(char):
            stands = 0 <= stack < _STACK and position not in impostors and unicodedata.combining(char) != _OVERLAY
            yield char, char if stands else _as_escape(char)
            stack = stack + 1 if stands else -1
            continue
        else:
            visible = position not in impostors and _visible(char)
            yield char, char if visible else _as_escape(char)
            stack = 0 if visible and char.isalpha() else -1
            continue
        stack = -1


@functools.cache
def _visible(char: str) -> bool:
    if " " <= char <= "~":
        return True
    category = unicodedata.category(char)
    if category in _HIDDEN or _BLANK.match(char):
        return False
    if unicodedata.bidirectional(char) in {"R", "AL", "AN"} or _script(char) == "ARABIC":
        return False
    return not category.startswith("L") or _script(char) in _SCRIPTS


@functools.cache
def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]


def _impostors(text: str) -> Iterator[int]:
    """Where letters stand that imitate others: in words of mixed scripts, or made of look-alikes alone."""
    for word in _WORD.finditer(text):
        letters = [char for char in word.group() if not char.isascii() and not unicodedata.combining(char)]
        if not letters:
            continue
        scripts = {_script(char) for char in word.group() if char.isalpha() or _script(char) == "ROMAN"} - _FREE
        if len(scripts) > 1 or all(char in _LOOKALIKES for char in letters):
            for position, char in enumerate(word.group(), word.start()):
                if not char.isascii() and (char in _LOOKALIKES or _script(char) not in _FREE | {"LATIN"}):
                    yield position


def _code(text: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    position = 0
    while opening := _OPENING.search(text, position):
        yield from _strict(text[position : opening.start()])
        mark, begin = opening.group(), opening.start()
        if mark.startswith("$"):
            end = text.find(mark, opening.end())
            body = text[opening.end() : end] if end >= 0 and depth < _DEPTH else ""
            yield from _strict(mark)
            yield from _code(body, depth + 1)
            position = opening.end() + len(body)
            if body:
                yield from _strict(mark)
                position += len(mark)
            continue
        position = _comment_end(text, begin) if mark == "/*" else _end(text, mark, opening.end())
        yield from _prose(text[begin:position], multiline=True)
    yield from _strict(text[position:])


def _end(text: str, mark: str, position: int) -> int:
    found = _CLOSING[mark.lower()].match(text, position)
    return found.end() if found else position


def _comment_end(text: str, position: int) -> int:
    """Where a block comment ends; they nest in PostgreSQL."""
    depth = 0
    for mark in re.compile(r"/\*|\*/").finditer(text, position):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)


def _strict(text: str) -> Iterator[tuple[str, str]]:
    for position, char in enumerate(text):
        if char == "\n" or " " <= char <= "~":
            yield char, char
        elif char == "\r":
            yield char, r"\r" if text[position + 1 : position + 2] == "\n" else "\\r\n"
        else:
            yield char, _as_escape(char)
