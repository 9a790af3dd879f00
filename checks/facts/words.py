"""Objects of a schema in words, and where two sides differ. Pure."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Iterable, Iterator

_QUOTED = re.compile(
    r"""/\*.*?\*/|[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$\w*\$).*?\1|--[^\n]*|\s+""", re.DOTALL
)
_INDENTED = re.compile(r"LANGUAGE (?!sql |plpgsql )")
_LONGEST = 160
_CODE = frozenset({"function", "procedure", "aggregate", "definition", "body"})
"""What is shown by its digest, for it may be long and say things that do not belong into a record."""


@dataclasses.dataclass(frozen=True, slots=True)
class ObjectRow:
    """One object."""

    schema: str
    kind: str
    object: str
    part_of: str | None = None
    """The table or view that it belongs to."""
    definition: str = ""
    deparsed: bool = False
    """Whether the server wrote it from what it has parsed, in the way of its version."""
    single: str | None = None
    """The one relation that a view reads."""

    @property
    def key(self) -> tuple[str, str]:
        """What it is found by on the other side."""
        return self.kind, self.object

    def text(self) -> str:
        """The definition with whitespace as one blank, except in quotes and in languages where it counts."""
        if _INDENTED.search(self.definition.partition("\n")[0]):
            return "\n".join(line.rstrip() for line in self.definition.strip().splitlines())
        return _QUOTED.sub(_blank, self.definition).strip()

    def unqualified(self) -> str:
        """The text without the name of the one relation in front of its columns; 16 and newer leave it out."""
        if self.single is None:
            return self.text()
        return re.sub(rf'(?<![\w".]){re.escape(self.single)}\.', "", self.text())


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """One object that is not the same on both sides; None stands for a side that has none."""

    kind: str
    object: str
    here: ObjectRow | None
    there: ObjectRow | None
    by_version: bool = False
    """Whether the two servers may only write the same differently."""


def differences(here: Iterable[ObjectRow], there: Iterable[ObjectRow], *, same_major: bool) -> Iterator[Difference]:
    """Compare by kind and name; what belongs to a table that one side lacks is not told again."""
    ours = {row.key: row for row in here}
    theirs = {row.key: row for row in there}
    alone = [row for key, row in (ours | theirs).items() if (key in ours) != (key in theirs)]
    schemas = {row.schema for row in alone if row.kind == "schema"}
    wholes = {row.object for row in alone if row.part_of is None}
    for key in sorted(ours.keys() | theirs.keys()):
        one, two = ours.get(key), theirs.get(key)
        known = one or two
        if known is None or known.part_of in wholes or (known.schema in schemas and known.kind != "schema"):
            continue
        if one is None or two is None:
            yield Difference(*key, one, two)
        elif one.definition != two.definition and one.text() != two.text():
            by_version = not same_major and (one.deparsed or two.deparsed)
            if not by_version or one.unqualified() != two.unqualified():
                yield Difference(*key, one, two, by_version)


def shown(row: ObjectRow | None) -> str | None:
    """Show a definition in a sentence and as evidence; code and what is long by its digest."""
    if row is None:
        return None
    text = row.text()
    if row.kind in _CODE or len(text) > _LONGEST:
        return f"sha256 {hashlib.sha256(text.encode()).hexdigest()[:12]} ({len(text)} characters)"
    return text or "plain"


def _blank(part: re.Match[str]) -> str:
    return " " if part[0].isspace() else f"{part[0].rstrip()}\n" if part[0].startswith("--") else part[0]
