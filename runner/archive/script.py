r"""A plain dump cut into statements, comments and psql commands, the way psql cuts it; blocks in, bounded memory.

Only what psql itself would take for a statement comes out as one: text inside literals, quoted names, dollar quotes,
comments, bodies of SQL functions and COPY data never does.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

from runner.archive import stream

LONGEST = 1 << 20
"""What is kept of one statement, 1 MiB; the COPY of a table with 1,600 columns needs 220 KiB."""
LONGEST_SENT = 1 << 30
"""What is kept of one statement that will be sent, 1 GiB: PostgreSQL takes no longer one."""
AHEAD = 80
"""Bytes that must be there behind a place before it is judged; longer than any token that decides."""
BEHIND = 4
"""Bytes that stay in sight before a place, to see what it is joined to."""
LONGEST_LINE = 1 << 13
"""What is kept of one comment, 8 KiB."""

MARK = re.compile(rb"['\"();\\$/-]")
MARK_OR_WORD = re.compile(rb"['\"();\\$/-]|(?<![\w$\x80-\xff])(?:begin|case|end)(?![\w$\x80-\xff])", re.IGNORECASE)
ROUTINE = re.compile(rb"\s*create\s+(?:or\s+replace\s+)?(?:function|procedure)\s", re.IGNORECASE)
MARK_QUOTE = re.compile(rb'"')
MARK_APOSTROPHE = re.compile(rb"'")
DOLLAR = re.compile(rb"\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]{0,62})?\$")
IN_NAME = re.compile(rb"[\w$\x80-\xff]")
ESCAPE_PREFIX = re.compile(rb"(?<![\w$\x80-\xff])[eE]\Z")
ESCAPED_END = re.compile(rb"\\.|''|'", re.DOTALL)
NESTED = re.compile(rb"/\*|\*/")
INSERT = re.compile(
    rb'\s*(INSERT INTO (?:[^"(); ]++|"[^"]*+")+ (?:\((?:[^"();]++|"[^"]*+")+\) )?'
    rb"(?:OVERRIDING SYSTEM VALUE )?VALUES )"
)
PLAIN_VALUES = rb"(?:[^'\"\\;$/-]++|-(?!-)|'[^'\\]*+'|\"[^\"]*+\")*;"
"""Values that cannot be read in two ways: no backslash, dollar or comment. No group is possessive: Python before 3.11.5
matches those wrongly (gh-106052)."""
COPY = re.compile(rb"\s*COPY\s.*\sFROM stdin;", re.DOTALL)
BACKSLASHES = re.compile(rb"\s*SET standard_conforming_strings = (on|off);")


@dataclasses.dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement with its semicolon."""

    text: bytes
    bare: bytes
    """The text without what stands inside literals and dollar quotes."""
    whole: bool
    """False where the statement was longer than what is kept."""

    @property
    def copies(self) -> bool:
        """Whether rows follow this statement."""
        return COPY.fullmatch(self.bare) is not None


@dataclasses.dataclass(frozen=True, slots=True)
class Comment:
    """One ``--`` comment that stands outside of any statement."""

    text: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """One psql command, from its backslash to the end of the line."""

    text: bytes


class Script:
    """A plain dump being read; ``parts`` drives, ``rows`` reads the data of the COPY that just came out."""

    def __init__(self, path: Path, blocks: Iterator[bytes], *, sent: bool = False) -> None:
        """``sent`` is true where every statement is wanted whole, and not only what it tells."""
        self.path = path
        self._longest, self._sent = LONGEST_SENT if sent else LONGEST, sent
        self._blocks = blocks
        self._buffer = b""
        self._at = 0
        self._ended = False
        self._backslash_escapes = False
        self._in_rows = False
        self._text, self._bare, self._whole = bytearray(), bytearray(), True
        self._depth, self._bodies, self._routine = 0, 0, False

    @property
    def backslash_escapes(self) -> bool:
        """Whether the script has turned standard_conforming_strings off."""
        return self._backslash_escapes

    def parts(self) -> Iterator[Statement | Comment | Command]:
        """Yield what the script is made of, in its order; raises ArchiveError where it breaks off."""
        while mark := self._until(MARK_OR_WORD if self._routine else MARK):
            part = self._part(mark)
            if part is not None:
                yield part
            for _ in self.rows():
                pass  # nobody wanted them
            if isinstance(part, Statement) and not self._sent:
                self._skip_inserts_like(part)
        if self._bare.strip():
            raise stream.damaged(self.path, "it ends inside a statement")

    def rows(self) -> Iterator[bytes]:
        r"""Yield the data of the COPY at hand in blocks, without the closing ``\.``; nothing where no COPY is."""
        line_end = 1  # the newline behind the statement is no data
        while self._in_rows:
            end = self._buffer.find(b"\n\\.", self._at)
            if end >= 0:
                yield self._buffer[self._at + line_end : end + 1]
                self._at, self._in_rows = end + 3, False
            elif self._ended:
                raise stream.damaged(self.path, "it ends inside the rows of a table")
            else:
                sure = max(self._at, len(self._buffer) - 2)
                if sure > self._at:
                    yield self._buffer[self._at + line_end : sure]
                    self._at, line_end = sure, 0
                self._more()

    def _skip_inserts_like(self, statement: Statement) -> None:
        """Pass over the INSERTs into the same table that follow: they tell nothing new, and there may be millions."""
        first = INSERT.match(statement.text)
        if first is None:
            return
        run = re.compile(rb"(?:\s*" + re.escape(first[1]) + PLAIN_VALUES + rb")+")
        while True:
            if more := run.match(self._buffer, self._at):
                self._at = more.end()
            if self._ended or len(self._buffer) - self._at > stream.BLOCK:
                return
            self._more()

    def _part(self, mark: re.Match[bytes]) -> Statement | Comment | Command | None:
        found = mark.group().lower()
        pair = self._buffer[mark.start() : mark.start() + 2]
        if found == b"'":
            self._literal(mark.start())
        elif found == b'"':
            self._keep(found)
            self._within(MARK_QUOTE)
            self._keep(found)
        elif found == b"$":
            self._dollar_quote(mark.start())
        elif pair == b"--":
            return self._line_comment()
        elif pair == b"/*":
            self._block_comment()
        elif found == b"\\":
            return Command(found + self._line())
        else:
            self._keep(found)
            return self._structure(found)
        return None

    def _structure(self, found: bytes) -> Statement | None:
        """Follow what keeps a semicolon from ending a statement, as psql does."""
        if found == b"(":
            self._routine = self._routine or ROUTINE.match(self._bare) is not None
            self._depth += 1
        elif found == b")":
            self._depth = max(0, self._depth - 1)
        elif found == b"begin" or (found == b"case" and self._bodies):
            self._bodies += self._depth == 0
        elif found == b"end":
            self._bodies = max(0, self._bodies - (self._depth == 0))
        elif found == b";" and not self._depth and not self._bodies:
            statement = Statement(bytes(self._text), bytes(self._bare), self._whole)
            if setting := BACKSLASHES.fullmatch(statement.bare):
                self._backslash_escapes = setting[1] == b"off"
            self._in_rows = statement.copies
            self._next_statement()
            return statement
        return None

    def _literal(self, start: int) -> None:
        escapes = self._backslash_escapes or ESCAPE_PREFIX.search(self._buffer, max(0, start - 1), start)
        self._keep(b"'")
        if escapes:
            while (end := self._within(ESCAPED_END, bare=False).group()) != b"'":
                self._keep(end, bare=False)
        else:
            self._within(MARK_APOSTROPHE, bare=False)
        self._keep(b"'")

    def _dollar_quote(self, start: int) -> None:
        tag = DOLLAR.match(self._buffer, start)
        if tag is None or (start and IN_NAME.match(self._buffer, start - 1)):
            self._keep(b"$")
            return
        self._at = tag.end()
        self._keep(tag.group(), bare=False)
        self._within(re.compile(re.escape(tag.group())), bare=False)
        self._keep(tag.group(), bare=False)

    def _line_comment(self) -> Comment | None:
        text = b"-" + self._line()
        return None if self._bare.strip() else Comment(text)

    def _block_comment(self) -> None:
        self._at += 1
        level = 1
        while level:
            level += 1 if self._within(NESTED, kept=False).group() == b"/*" else -1

    def _line(self) -> bytes:
        """Take the rest of the line, of which the first 8 KiB are returned."""
        line = bytearray()
        while (end := self._buffer.find(b"\n", self._at)) < 0 and not self._ended:
            line += self._buffer[self._at :][: LONGEST_LINE - len(line)]
            self._at = len(self._buffer)
            self._more()
        stop = end if end >= 0 else len(self._buffer)
        line += self._buffer[self._at : stop][: LONGEST_LINE - len(line)]
        self._at = stop
        return bytes(line)

    def _within(self, pattern: re.Pattern[bytes], *, bare: bool = True, kept: bool = True) -> re.Match[bytes]:
        end = self._until(pattern, bare=bare, kept=kept)
        if end is None:
            raise stream.damaged(self.path, "it ends inside a text or a name")
        return end

    def _until(self, pattern: re.Pattern[bytes], *, bare: bool = True, kept: bool = True) -> re.Match[bytes] | None:
        """Go behind the next match and keep what lies before it; None at the end of the script."""
        while True:
            sure = max(self._at, len(self._buffer) - (0 if self._ended else AHEAD))
            match = pattern.search(self._buffer, self._at)
            if match and match.start() >= sure:
                match = None
            stop = match.start() if match else sure
            if kept:
                self._keep(self._buffer[self._at : stop], bare=bare)
            self._at = match.end() if match else stop
            if match or self._ended:
                return match
            self._more()

    def _keep(self, piece: bytes, *, bare: bool = True) -> None:
        room = self._longest - len(self._text)
        self._whole = self._whole and len(piece) <= room
        self._text += piece[:room]
        if bare:
            self._bare += piece[:room]

    def _next_statement(self) -> None:
        self._text, self._bare, self._whole = bytearray(), bytearray(), True
        self._depth, self._bodies, self._routine = 0, 0, False

    def _more(self) -> None:
        block = next(self._blocks, b"")
        self._ended = not block
        behind = min(self._at, BEHIND)
        self._buffer = self._buffer[self._at - behind :] + block
        self._at = behind
