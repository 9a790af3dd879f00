"""Values as text that survives a chat or a mail: armoured, folded, and with a checksum.

New line breaks, quoting marks and blanks that were put in on the way do not matter; anything else that changed breaks
the checksum. It is against accidents only: what makes a decision count is its signature.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from typing import Any, Literal

from runner.canonical import NotCanonicalError, canonical, parse_canonical
from runner.errors import UsageError

Kind = Literal["REQUEST", "DECISION"]
_WIDTH = 64
_LARGEST = 16 << 20
"""Bytes of an unpacked text; a run with all its evidence has far less."""
_PUT_IN = re.compile(r"[\s\u00a0\u200b-\u200d\u2060\ufeff>|]+")
_PACKED = re.compile(r"([A-Za-z0-9+/]+={0,2})sha256:([0-9a-f]{16})")
_AGAIN = "Ask for it again, and paste everything from BEGIN to END."


def pack(kind: Kind, value: dict[str, Any]) -> str:
    """Write a value as armoured text."""
    packed = zlib.compress(canonical(value), 9)
    text = base64.b64encode(packed).decode()
    rows = [text[place : place + _WIDTH] for place in range(0, len(text), _WIDTH)]
    total = f"sha256:{hashlib.sha256(packed).hexdigest()[:16]}"
    return "\n".join((f"-----BEGIN SHISA {kind}-----", *rows, total, last_line(kind))) + "\n"


def last_line(kind: Kind) -> str:
    """Tell the line that such a text ends with."""
    return f"-----END SHISA {kind}-----"


def unpack(kind: Kind, text: str) -> Any:
    """Read what ``pack`` wrote, whatever stands around it; raises UsageError."""
    between = re.search(rf"BEGIN SHISA {kind}(.*?)END SHISA {kind}", text, re.DOTALL)
    if between is None:
        raise UsageError(f"There is no SHISA {kind} in the text, or a part of it is missing.", hint=_AGAIN)
    found = _PACKED.fullmatch(_PUT_IN.sub("", between[1]).strip("-\u2013\u2014"))
    try:
        packed = b"" if found is None else base64.b64decode(found[1], validate=True)
    except ValueError:
        packed = b""
    if found is None or hashlib.sha256(packed).hexdigest()[:16] != found[2]:
        raise UsageError("The text was changed on the way: its checksum does not fit.", hint=_AGAIN)
    unpacking = zlib.decompressobj()
    try:
        data = unpacking.decompress(packed, _LARGEST)
        if not unpacking.eof:
            raise UsageError("The text unpacks to more than a request can hold.")
        return parse_canonical(data)
    except (zlib.error, NotCanonicalError) as error:
        raise UsageError(f"The text cannot be read: {error}.", hint=_AGAIN) from error
