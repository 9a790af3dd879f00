"""A file as plain data in which each value knows its place, so that every problem has a line and a column."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

Path = tuple[str | int, ...]
"""Where a value stands: mapping keys and list positions from the top."""


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong in a file; ``line`` and ``column`` count from 1."""

    rule: str
    message: str
    hint: str | None = None
    line: int = 1
    column: int = 1


class Node(msgspec.Struct):
    """Where one value stands in the text; ``children`` are by key or position."""

    start: Any
    key: Any = None
    style: str | None = None
    children: dict[str | int, Node] = msgspec.field(default_factory=dict)
    size: int = 1


class Suppression(msgspec.Struct, frozen=True):
    """A comment ``# shisa: ignore RULE reason``."""

    line: int
    rule: str
    reason: str
    alone: bool
    """Whether the comment has the line for itself, and so speaks of the line below."""


@dataclasses.dataclass(frozen=True)
class Document:
    """A file as plain data (dict, list, str, int, float, bool, None) with the place of each value."""

    text: str
    data: Any
    problems: tuple[Problem, ...]
    root: Node | None

    def node(self, path: Iterable[str | int]) -> tuple[Node | None, bool]:
        """Find the node at ``path`` or its nearest ancestor, and say whether it is the node itself."""
        node = self.root
        for part in path:
            if node is None or part not in node.children:
                return node, False
            node = node.children[part]
        return node, True

    def position(self, path: Iterable[str | int], *, of_key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of the value at ``path``, or of its key."""
        node, exact = self.node(path)
        if node is None:
            return 1, 1
        mark = node.key if (of_key and exact and node.key is not None) else node.start
        return mark.line + 1, mark.column + 1

    def locate(self, path: Iterable[str | int], offset: int) -> tuple[int, int]:
        """Line and column of a character inside the text value at ``path``; its start where not derivable."""
        path = tuple(path)
        node, exact = self.node(path)
        if node is None or not exact or node.children:
            return self.position(path)
        line, column = node.start.line, node.start.column
        before = _value_at(self.data, path)[:offset]
        rows = self.text.splitlines()
        if node.style == "|":
            return _in_block(rows, line, before)
        if "\n" in before or len(rows) <= line:
            return line + 1, column + 1
        shift = 1 if node.style in {"'", '"'} else 0
        raw = rows[line][column + shift : column + shift + len(before)]
        return line + 1, column + 1 + (shift + len(before) if raw == before else 0)

    @functools.cached_property
    def suppressions(self) -> tuple[Suppression, ...]:
        """The comments that suppress a rule; text inside values does not count."""
        return tuple(_suppressions(self.text)) if "shisa:" in self.text else ()


def _value_at(data: Any, path: Path) -> str:
    for part in path:
        data = data[part]
    return data if isinstance(data, str) else ""


def _in_block(rows: list[str], line: int, before: str) -> tuple[int, int]:
    """Find a place in a literal block whose indicator stands on ``line`` (from 0)."""
    row = line + 1 + before.count("\n")
    first = next((text for text in rows[line + 1 :] if text.strip()), "")
    indent = len(first) - len(first.lstrip(" "))
    return row + 1, indent + len(before) - (before.rfind("\n") + 1) + 1


_SUPPRESSION = re.compile(r"#\s*shisa:\s*ignore\b[ \t]*(\S*)[ \t]*(.*)$", re.MULTILINE)


def _suppressions(text: str) -> Iterator[Suppression]:
    found = list(_SUPPRESSION.finditer(text))
    if not found:
        return
    import yaml

    try:
        spans = [
            (token.start_mark.index, token.end_mark.index)
            for token in yaml.scan(text, Loader=yaml_loader())
            if isinstance(token, yaml.ScalarToken)
        ]
    except yaml.YAMLError:
        return
    for match in found:
        if any(start <= match.start() < end for start, end in spans):
            continue
        line_start = text.rfind("\n", 0, match.start()) + 1
        yield Suppression(
            line=text.count("\n", 0, match.start()) + 1,
            rule=match[1],
            reason=match[2].strip(),
            alone=not text[line_start : match.start()].strip(),
        )


@functools.cache
def yaml_loader() -> Any:
    """PyYAML's loader over libyaml, or the pure one where libyaml is missing."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
