"""Which Python codec reads what PostgreSQL calls by another name."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from runner.errors import ArchiveError

CODECS = {
    **dict.fromkeys(("", "UTF8", "SQL_ASCII"), "utf-8"),
    **{f"LATIN{n}": f"iso8859-{part}" for n, part in enumerate((1, 2, 3, 4, 9, 10, 13, 14, 15, 16), start=1)},
    **{f"ISO_8859_{n}": f"iso8859-{n}" for n in (5, 6, 7, 8)},
    **{f"WIN{n}": f"cp{n}" for n in (866, 874, *range(1250, 1259))},
    "KOI8R": "koi8-r",
    "KOI8U": "koi8-u",
    "EUC_JP": "euc_jp",
    "EUC_JIS_2004": "euc_jis_2004",
    "EUC_CN": "gb2312",
    "EUC_KR": "euc_kr",
    "SJIS": "cp932",
    "SHIFT_JIS_2004": "shift_jis_2004",
    "BIG5": "cp950",
    "GBK": "cp936",
    "UHC": "cp949",
    "JOHAB": "johab",
    "GB18030": "gb18030",
}
CLIENT_ONLY = {"SJIS", "SHIFT_JIS_2004", "BIG5", "GBK", "UHC", "JOHAB", "GB18030"}
"""Encodings whose characters may contain the bytes of a backslash; a server never stores them."""
SETTING = re.compile(rb"SET client_encoding (?:=|TO) '([A-Za-z0-9_]*)';?\s*")


@dataclasses.dataclass(frozen=True, slots=True)
class Codec:
    """How the texts of one dump are read."""

    label: str
    python: str

    def name(self, raw: bytes) -> str:
        """Read a name exactly; raises UnicodeDecodeError, since half a name is another object's name."""
        return raw.decode(self.python)

    def text(self, raw: bytes) -> str:
        r"""Read any text; bytes that do not fit are shown as ``\xNN``."""
        return raw.decode(self.python, errors="backslashreplace")


def codec(statement: bytes) -> Codec:
    """Return the codec that a ``SET client_encoding`` chose; only ASCII where the encoding is not known here."""
    match = SETTING.fullmatch(statement)
    label = match.group(1).decode("ascii") if match else ""
    return Codec(label or "UTF8", CODECS.get(label, "ascii"))


def foreign(path: Path, codec: Codec) -> ArchiveError:
    """Say that a name cannot be read; guessing would name another object."""
    return ArchiveError(
        f"{path} names an object in bytes that are not {codec.label}.",
        hint="Take the backup with pg_dump --encoding=UTF8.",
    )
