"""psql variables in SQL text: find them, put typed values in, keep secrets out until the send."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePath

from runner.sql.errors import VariableError
from runner.sql.quoting import plain, quote_identifier, quote_literal
from runner.sql.tokens import Style, places, position, tokens

Value = int | Decimal | bool | str | PurePath
"""What a parameter or a captured name may hold when it reaches SQL."""

_OPEN = frozenset({"", *" \t\n\r(,[=<>"})
_MARKS = {"literal": "secret", "scram": "scram"}


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One psql variable where it stands; offsets count characters, line and column count from 1."""

    name: str
    style: Style
    start: int
    end: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class SecretSlot:
    """A place in a rendered text that shows a secret's name and receives its value at the send."""

    name: str
    style: Style
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RenderedSql:
    """SQL with all values in it except secrets: the text that is shown, digested and journaled."""

    text: str
    slots: tuple[SecretSlot, ...] = ()

    @property
    def analysable(self) -> str:
        """The text with a string constant of the same length for each secret, for the grammar."""
        return self._filled({slot: f"'{self.text[slot.start + 1 : slot.end - 1]}'" for slot in self.slots})

    def with_secrets(self, values: Mapping[str, str]) -> str:
        """The text to send; a SCRAM verifier has a new salt each time. Raises VariableError without the value."""
        from runner.sql.scram import verifier

        filled: dict[SecretSlot, str] = {}
        for slot in self.slots:
            line, column = position(self.text, slot.start)
            try:
                value = values[slot.name]
                filled[slot] = quote_literal(verifier(value) if slot.style == "scram" else value)
            except KeyError:
                raise VariableError(f"the secret {slot.name} has no value", line=line, column=column) from None
            except ValueError as error:
                raise VariableError(f"the secret {slot.name}: {error}", line=line, column=column) from None
        return self._filled(filled)

    def _filled(self, fill: Mapping[SecretSlot, str]) -> str:
        parts, at = [], 0
        for slot in self.slots:
            parts += [self.text[at : slot.start], fill[slot]]
            at = slot.end
        return "".join([*parts, self.text[at:]])


def placeholders(sql: str) -> tuple[Placeholder, ...]:
    """Every psql variable of the text that stands outside literals, quoted identifiers and comments."""
    if ":" not in sql:
        return ()
    found = [token for token in tokens(sql) if token.kind == "variable"]
    return tuple(
        Placeholder(token.name, token.style, token.start, token.end, *place)
        for token, place in zip(found, places(sql, (token.start for token in found)), strict=True)
    )


def analysable(sql: str) -> str:
    """The text with a stand-in of the same length for each variable, so that the grammar accepts it.

    A number for `:name`, the name itself as a constant or identifier for the quoted styles: positions map back.
    """
    parts, at = [], 0
    for each in placeholders(sql):
        parts += [sql[at : each.start], _stand_in(each)]
        at = each.end
    return "".join([*parts, sql[at:]])


def render(sql: str, values: Mapping[str, Value], *, secrets: AbstractSet[str] = frozenset()) -> RenderedSql:
    """Put the values in; a secret shows as its marked name. Raises VariableError with the place."""
    parts: list[str] = []
    slots: list[SecretSlot] = []
    at = length = 0
    for each in placeholders(sql):
        before = sql[at : each.start]
        value = _secret(each) if each.name in secrets else _text(each, values)
        lead = " " if _glues_before(each, sql[max(each.start - 1, 0) : each.start]) else ""
        trail = " " if _glues_behind(each, sql[each.end : each.end + 1]) else ""
        start = length + len(before) + len(lead)
        if each.name in secrets:
            slots.append(SecretSlot(each.name, each.style, start, start + len(value)))
        parts += [before, lead, value, trail]
        length = start + len(value) + len(trail)
        at = each.end
    return RenderedSql("".join([*parts, sql[at:]]), tuple(slots))


def _text(each: Placeholder, values: Mapping[str, Value]) -> str:
    if each.name not in values:
        raise _wrong(each, f"the variable {each.name} is not declared", "write a[1 : n] for an array slice")
    value = values[each.name]
    try:
        match each.style:
            case "plain":
                return plain(value)
            case "literal":
                return quote_literal(_as_text(value))
            case "identifier" if isinstance(value, str):
                return quote_identifier(value)
            case "identifier":
                raise _wrong(each, f"the variable {each.name} is not a name", f"write :'{each.name}' for a literal")
            case _:
                raise _wrong(each, f"the variable {each.name} is not a secret", "declare it with type: secret")
    except ValueError as error:
        hint = f"write :'{each.name}' for a literal" if each.style == "plain" else None
        raise _wrong(each, f"the variable {each.name}: {error}", hint) from None


def _as_text(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return plain(value)
        case str() | PurePath():
            return str(value)
        case _:
            raise ValueError("a list or another structure has no SQL text")


def _secret(each: Placeholder) -> str:
    if each.style not in _MARKS:
        message = f"the secret {each.name} may stand only in :'{each.name}' or :scram'{each.name}'"
        raise _wrong(each, message, None)
    return f"\u2039{_MARKS[each.style]} {each.name}\u203a"


def _stand_in(each: Placeholder) -> str:
    match each.style:
        case "plain":
            return " 0".ljust(each.end - each.start)
        case "literal":
            return f" '{each.name}'"
        case "identifier":
            return f' "{each.name}"'
        case "scram":
            return f"'{each.name}'".rjust(each.end - each.start)


def _glues_before(each: Placeholder, char: str) -> bool:
    """Whether the value could merge with the character before it into another token, e.g. E'…' or a comment."""
    return char not in _OPEN and not (char == "." and each.style == "identifier")


def _glues_behind(each: Placeholder, char: str) -> bool:
    if char == ".":
        return each.style == "plain"
    return char.isalnum() or char in {"_", "$", "'", '"'} or char > "\x7f"


def _wrong(each: Placeholder, message: str, hint: str | None) -> VariableError:
    return VariableError(message, line=each.line, column=each.column, hint=hint)
