"""Values as SQL text that means exactly the value, whatever stands in it."""

from __future__ import annotations

from decimal import Decimal

MAX_IDENTIFIER_BYTES = 63
"""NAMEDATALEN - 1: the server cuts a longer name without an error."""
MAX_NUMBER_DIGITS = 1000
"""More than any number in a runbook needs; keeps hostile exponents and integers small."""


def quote_literal(text: str) -> str:
    """A string constant; an E'' constant where there are backslashes, so that the session's settings do not matter.

    Raises ValueError for a text that PostgreSQL cannot hold.
    """
    _require_storable(text)
    doubled = text.replace("'", "''")
    return "E'" + doubled.replace("\\", "\\\\") + "'" if "\\" in text else f"'{doubled}'"


def quote_identifier(name: str) -> str:
    """A quoted identifier. Raises ValueError for a name that the server would refuse or silently cut."""
    _require_storable(name)
    if not name:
        raise ValueError("an identifier cannot be empty")
    if len(name.encode()) > MAX_IDENTIFIER_BYTES:
        raise ValueError(f"an identifier longer than {MAX_IDENTIFIER_BYTES} bytes would be cut by the server")
    return '"' + name.replace('"', '""') + '"'


def plain(value: object) -> str:
    """A number or a boolean as PostgreSQL writes it. Raises ValueError for anything else."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case int() if value.bit_length() <= MAX_NUMBER_DIGITS * 3:
            return str(value)
        case Decimal() if value.is_finite() and _digits(value) <= MAX_NUMBER_DIGITS:
            return str(value)
        case int() | Decimal():
            raise ValueError("the number is not finite or has too many digits")
        case _:
            raise ValueError("only a number or a boolean may stand unquoted")


def _digits(value: Decimal) -> int:
    return len(value.as_tuple().digits) + abs(value.adjusted())


def _require_storable(text: str) -> None:
    if "\x00" in text:
        raise ValueError("PostgreSQL cannot store a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("the text is not valid Unicode") from None
