"""A character that nobody sees, or that reorders text, stands in the file.

## What it does
Finds control, bidirectional and zero-width characters anywhere, also as escapes in quoted text; and letters outside
ASCII where SQL or a command has them outside of literals, quoted identifiers and comments. Japanese titles, texts
and comments are normal.

## Why is it bad
What the reviewer sees must be what PostgreSQL gets.

## Example
```yaml
title: Delete the old rows<U+202E>   # what follows is shown from right to left
```

## Use instead
```yaml
title: Delete the old rows
```
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from runner.document import Document, Path
from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule
from runner.sql.surface import hidden_characters

_HIDING = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)

_ASCII = 127


def judge(book: Book) -> Iterator[Flag]:
    """Report invisible characters everywhere, and foreign letters in code."""
    if book.document.text.isascii() and "\\" not in book.document.text:
        return
    for found in _HIDING.finditer(book.document.text):
        yield Flag((), _hides(found[0]), "Remove it.", offset=found.start())
    for path, text in _escaped(book.document):
        if hiding := _HIDING.search(text):
            yield Flag(path, _hides(hiding[0]), "Remove the escape.")
    yield from _in_sql(book)
    for view in book.steps:
        for place, text in view.texts:
            if place[0] == "command" and "stdin" not in place and "stdout" not in place:
                yield from _in_command((*view.path, *place), text)


def _in_sql(book: Book) -> Iterator[Flag]:
    for sql in book.sql:
        for each in hidden_characters(sql.text):
            if not _HIDING.match(sql.text[each.offset]):
                message = f"{each.name} stands in SQL outside of a literal"
                yield Flag(sql.path, message, "Write it in ASCII, or quote the identifier.", offset=each.offset)


def _in_command(path: Path, text: str) -> Iterator[Flag]:
    strange = next((char for char in text if ord(char) > _ASCII and unicodedata.category(char)[0] in "LZ"), None)
    if strange is not None and _looks_latin(strange):
        message = f"{unicodedata.name(strange, 'a character')} stands in a command and looks like another letter"
        yield Flag(path, message, "Write it in ASCII.")


def _looks_latin(char: str) -> bool:
    """Letters of scripts that pass for Latin, and spaces that are none."""
    name = unicodedata.name(char, "")
    return name.startswith(("CYRILLIC", "GREEK", "ARMENIAN", "FULLWIDTH LATIN")) or "SPACE" in name


def _escaped(document: Document) -> Iterator[tuple[Path, str]]:
    """Texts that say more than the file shows: those in double quotes with an escape."""
    if "\\" not in document.text or _HIDING.search(document.text):
        return
    todo: list[tuple[Path, Any]] = [((), document.data)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, dict):
            todo += [((*path, key), item) for key, item in value.items()]
        elif isinstance(value, list):
            todo += [((*path, i), item) for i, item in enumerate(value)]
        elif isinstance(value, str) and _HIDING.search(value):
            yield path, value


def _hides(char: str) -> str:
    return f"U+{ord(char):04X} ({unicodedata.name(char, 'a control character')}) stands here and cannot be seen"


RULE = Rule("hidden-characters", __doc__, judge)
