"""Text put into Markdown and HTML so that it stays text."""

from __future__ import annotations

import re

from runner.safe_text import escape, escape_code

_INLINE = re.compile(r"[\\`*\[\]<>|~&$]|(?<![^\W_])_|_(?![^\W_])")
"""An underscore inside a word is never markup."""
_BLOCK = re.compile(r"^(\s*(?:\d{1,9}(?=[.)](?:\s|$)))?)([-+=#>:!.)])")
_LINK = re.compile(r"(?<=\w)://|(?<=www)\.", re.IGNORECASE)
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")  # noqa: RUF001 - spreadsheets take full-width signs too
_NUMBER = re.compile(r"\s*[-+]?\d[\d.,:]*\s*%?\s*")
_TICKS = re.compile(r"`+")


def prose(text: str) -> str:
    """Write text into Markdown as it is: no character of it is markup, no address becomes a link."""
    shown = _INLINE.sub(r"\\\g<0>", escape(text))
    return _LINK.sub(lambda mark: "".join(f"\\{char}" for char in mark.group()), _BLOCK.sub(r"\1\\\2", shown))


def in_table(text: str) -> str:
    """Write text into a cell of a Markdown table."""
    return prose(no_formula(text))


def code(text: str) -> str:
    """Write a short literal into Markdown, between more backticks than it holds."""
    shown = escape(text)
    longest = max((len(run) for run in _TICKS.findall(shown)), default=0)
    ticks = "`" * (longest + 1)
    return f"{ticks} {shown} {ticks}" if longest else f"`{shown}`" if shown.strip() else "(empty)"


def code_in_table(text: str) -> str:
    """Write a short literal into a cell; a ``|`` would end the cell even in a literal, and is written as prose."""
    return in_table(text) if "|" in text else code(no_formula(text))


def fence(text: str, language: str = "sql") -> str:
    """Write exact text as a fenced block of Markdown, whole, its fence longer than any in the text."""
    shown = escape_code(text).removesuffix("\n")
    ticks = "`" * max(3, *(len(run) + 1 for run in _TICKS.findall(shown)), 3)
    return f"{ticks}{language}\n{shown}\n{ticks}"


def no_formula(text: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula: one that begins like one gets an apostrophe before it."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text
