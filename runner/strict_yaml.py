"""YAML read strictly: one document of plain data in which nothing means something else than it seems to.

libyaml's events are folded without recursion, so that depth, size and aliases stay bounded for any input.
All problems of a file are gathered; each has its line and column. What YAML 1.1 reads in a surprising way
(``no``, ``010``, ``1:30``, dates) is a problem instead of a guess. ``on`` and ``off`` are words of our own
language and stay text.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

from runner.document import Document, Node, Problem, yaml_loader

MAX_BYTES = 2_000_000
MAX_DEPTH = 60
MAX_NODES = 100_000
"""How many nodes a document may have once its aliases are expanded."""

MAX_DIGITS = 19
"""Digits and sign of the largest bigint."""

MAX_PROBLEMS = 200
"""After so many problems nobody reads on."""

_UNPRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_INT = re.compile(r"-?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]+)?")
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?([Tt \t].*)?")
_SURPRISES = (
    (re.compile(r"-?[0-9]+\.0+"), "{0!r} is a whole number to some and a decimal one to others"),
    (_INT, "the number {0!r} does not fit into 64 bits"),
    (_DATE, "{0!r} is read as a date by YAML 1.1"),
    (re.compile(r"[-+]?0[0-9_]+"), "{0!r} is read as an octal number by some and as decimal by others"),
    (re.compile(r"[-+]?0[xob][0-9a-fA-F_]+"), "{0!r} is read as a number by some and as text by others"),
    (re.compile(r"[-+]?\d[\d_]*(:[0-5]?\d)+(\.\d*)?"), "{0!r} is read as a base-60 number by YAML 1.1"),
    (re.compile(r"[-+]?\d[\d_]*_[\d_]*"), "{0!r} is read as a number without its underscores by YAML 1.1"),
    (
        re.compile(r"[-+]?(\d[\d_]*)?\.\d*([eE][-+]?\d+)?|\+\d+|[-+]?\d+[eE][-+]?\d+"),
        "{0!r} is an odd number",
    ),
    (re.compile(r"[-+]?\.(inf|nan)", re.IGNORECASE), "{0!r} is read as a number by YAML"),
    (re.compile(r"=|<<"), "{0!r} has a special meaning in YAML 1.1"),
)
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_ODD_WORDS = {
    "yes": "{0!r} is read as true or false by YAML 1.1",
    "no": "{0!r} is read as true or false by YAML 1.1",
    "true": "{0!r} is spelled in another way than true and false",
    "false": "{0!r} is spelled in another way than true and false",
    "null": "{0!r} is spelled in another way than null",
}
_LETTERS = frozenset("tTfFnNyY")
_PLAIN_START = _LETTERS | frozenset("+-.=<~0123456789")


class _Stop(Exception):  # noqa: N818 - not an error: the fold ends here
    """The problem that was just noted makes the rest of the file meaningless."""


@dataclasses.dataclass(slots=True)
class _Open:
    """A container that is being filled."""

    value: Any
    node: Node
    anchor: str | None
    key: str | None = None
    key_mark: Any = None
    bad_key: bool = False


class _Fold:
    """Events in, plain data and nodes out."""

    def __init__(self, *, dates: bool) -> None:
        self.dates = dates
        self.problems: list[Problem] = []
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Any, Node]] = {}
        self.result: tuple[Any, Node] | None = None
        self.total = 0

    def note(self, mark: Any, rule: str, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(rule, message, hint, mark.line + 1, mark.column + 1))
        if len(self.problems) == MAX_PROBLEMS:
            raise _Stop

    def scalar(self, event: Any) -> Any:
        """Resolve a plain word; all else is text."""
        text = event.value
        if event.style or (text and text[0] not in _PLAIN_START):
            return text
        if text in _WORDS:
            return _WORDS[text]
        if text[0] in _LETTERS:
            self._surprise(event, _ODD_WORDS.get(text.lower()))
            return text
        if _INT.fullmatch(text) and len(text) <= MAX_DIGITS and -(2**63) <= int(text) < 2**63:
            return int(text)
        if _FLOAT.fullmatch(text) and text.rpartition(".")[2].strip("0"):
            return float(text)
        if not (self.dates and _DATE.fullmatch(text)):
            self._surprise(event, next((told for pattern, told in _SURPRISES if pattern.fullmatch(text)), None))
        return text

    def _surprise(self, event: Any, message: str | None) -> None:
        if message is not None:
            text = event.value
            other = {"yes": "true", "true": "true", "no": "false", "false": "false", "null": "null"}.get(text.lower())
            hint = f'Write "{text}" in quotes if it is text{f", or {other}" if other else ""}.'
            self.note(event.start_mark, "yaml-surprise", message.format(text), hint)

    def add(self, value: Any, node: Node, *, scalar: bool = False, plain: bool = True) -> None:
        """Put a finished or just opened value where it belongs."""
        self.total += node.size
        if self.total > MAX_NODES:
            self.note(node.start, "yaml-too-large", f"the file has more than {MAX_NODES:,} values, aliases expanded")
            raise _Stop
        if not self.stack:
            self.result = value, node
            return
        top = self.stack[-1]
        if isinstance(top.value, list):
            top.node.children[len(top.value)] = node
            top.value.append(value)
        elif top.key_mark is None:
            self._key(top, value, node, usable=scalar, plain=plain)
        else:
            if not top.bad_key and top.key is not None:
                node.key = top.key_mark
                top.value[top.key] = value
                top.node.children[top.key] = node
            top.key_mark = None

    def _key(self, top: _Open, value: Any, node: Node, *, usable: bool, plain: bool) -> None:
        top.key_mark, top.bad_key, top.key = node.start, False, None
        if not usable or not isinstance(value, str):
            top.bad_key = True
            self.note(node.start, "yaml-surprise", f"the key {value!r:.40} is not text", "Put the key in quotes.")
        elif value == "<<" and plain:
            top.bad_key = True
        elif value in top.value:
            top.bad_key = True
            first = top.node.children[value].key
            message = f"the key {value!r} stands twice; the first is on line {first.line + 1}"
            self.note(node.start, "duplicate-key", message, "Keep one of them.")
        else:
            top.key = value

    def document(self, event: Any) -> None:
        """Begin a document; only one is read."""
        if self.result is not None:
            hint = "Put it into a file of its own."
            self.note(event.start_mark, "yaml-documents", "a second document begins here", hint)
            raise _Stop

    def leaf(self, event: Any) -> None:
        """Take a scalar."""
        self._tag(event)
        value = self.scalar(event)
        node = Node(event.start_mark, None, event.style)
        self.add(value, node, scalar=True, plain=not event.style)
        if event.anchor:
            self.anchors[event.anchor] = value, node

    def mapping(self, event: Any) -> None:
        """Begin a mapping."""
        self._open(event, {})

    def sequence(self, event: Any) -> None:
        """Begin a list."""
        self._open(event, [])

    def _tag(self, event: Any) -> None:
        if event.tag is not None:
            self.note(event.start_mark, "yaml-tag", f"the tag {event.tag} is not understood", "Remove the tag.")

    def _open(self, event: Any, value: Any) -> None:
        self._tag(event)
        node = Node(event.start_mark)
        self.add(value, node)
        if len(self.stack) >= MAX_DEPTH:
            self.note(event.start_mark, "yaml-too-large", f"values nest deeper than {MAX_DEPTH} levels")
            raise _Stop
        self.stack.append(_Open(value, node, event.anchor))

    def close(self, _event: Any) -> None:
        """End the innermost container."""
        done = self.stack.pop()
        done.node.size += sum(child.size for child in done.node.children.values())
        if done.anchor:
            self.anchors[done.anchor] = done.value, done.node

    def alias(self, event: Any) -> None:
        """Stand the anchored value here again."""
        if event.anchor not in self.anchors:
            inside = any(each.anchor == event.anchor for each in self.stack)
            message = f"the alias *{event.anchor} {'refers to itself' if inside else 'has no anchor'}"
            self.note(event.start_mark, "yaml-alias", message, f"Define &{event.anchor} before it is used.")
            raise _Stop
        value, origin = self.anchors[event.anchor]
        node = Node(event.start_mark, None, "*", origin.children, origin.size)
        self.add(value, node, scalar=not isinstance(value, dict | list))


def parse(content: bytes | str, *, dates: bool = False) -> Document:
    """Read one YAML document.

    ``dates`` keeps what looks like a date as text instead of refusing it. Never raises: what is wrong stands
    in ``problems``, and ``data`` is then what could be read (None if nothing could).
    """
    text, problems = _text(content)
    if problems:
        return Document(text, None, tuple(problems), None)
    import yaml

    fold = _Fold(dates=dates)
    loader = yaml_loader()(text)
    try:
        _events(yaml, loader, fold)
    except _Stop:
        return Document(text, None, tuple(fold.problems), None)
    except yaml.MarkedYAMLError as error:
        fold.problems.append(_syntax(error))
        return Document(text, None, tuple(fold.problems), None)
    except yaml.YAMLError as error:
        fold.problems.append(Problem("yaml-syntax", f"this is not YAML: {error}".split("\n", 1)[0]))
        return Document(text, None, tuple(fold.problems), None)
    finally:
        loader.dispose()
    if fold.result is None:
        fold.problems.append(Problem("yaml-syntax", "the file is empty"))
        return Document(text, None, tuple(fold.problems), None)
    data, root = fold.result
    return Document(text, data, tuple(fold.problems), root)


def _events(yaml: Any, loader: Any, fold: _Fold) -> None:
    """Feed the fold until the stream ends."""
    handlers: dict[type, Callable[[Any], None]] = {
        yaml.ScalarEvent: fold.leaf,
        yaml.MappingStartEvent: fold.mapping,
        yaml.SequenceStartEvent: fold.sequence,
        yaml.MappingEndEvent: fold.close,
        yaml.SequenceEndEvent: fold.close,
        yaml.AliasEvent: fold.alias,
        yaml.DocumentStartEvent: fold.document,
    }
    while (kind := type(event := loader.get_event())) is not yaml.StreamEndEvent:
        handler = handlers.get(kind)
        if handler is not None:
            handler(event)


def _syntax(error: Any) -> Problem:
    mark = error.problem_mark or error.context_mark
    sentence = ", ".join(str(part) for part in (error.context, error.problem) if part)
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return Problem("yaml-syntax", f"this is not YAML: {sentence}", "Look at the indentation and quotes.", line, column)


def _text(content: bytes | str) -> tuple[str, list[Problem]]:
    """Decode and look at the raw characters before any parser does."""
    if len(content) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES:,} bytes"
        return "", [Problem("yaml-too-large", message, "A runbook is read by people; split it.")]
    if isinstance(content, bytes):
        if content[:2] in {b"\xff\xfe", b"\xfe\xff"} or content[:4] == b"\x00\x00\xfe\xff":
            return "", [Problem("yaml-encoding", "the file is UTF-16 or UTF-32", "Save it as UTF-8.")]
        raw = content.removeprefix(b"\xef\xbb\xbf")
        try:
            content = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            column = error.start - raw.rfind(b"\n", 0, error.start)
            message = f"byte 0x{raw[error.start]:02x} is not UTF-8"
            return "", [Problem("yaml-encoding", message, "Save the file as UTF-8.", line, column)]
    problems = []
    for found in _UNPRINTABLE.finditer(content):
        line = content.count("\n", 0, found.start()) + 1
        column = found.start() - content.rfind("\n", 0, found.start())
        message = f"the control character U+{ord(found[0]):04X} stands here"
        problems.append(Problem("hidden-characters", message, "Remove it.", line, column))
        if len(problems) == 20:  # noqa: PLR2004 - a binary file needs no longer list
            break
    return content, problems
