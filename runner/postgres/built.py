"""Rows of a query as objects of the type that asked for them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeVar

from checks.base import CannotAskError

if TYPE_CHECKING:
    from runner.postgres.readonly import Table

Row = TypeVar("Row")


def built(table: Table, into: type[Row]) -> list[Row]:
    """Build one object a row; the columns must be exactly the fields, in any order."""
    fields = [field.name for field in dataclasses.fields(into)]  # type: ignore[arg-type]
    if list(table.columns) == fields:
        return [into(*row) for row in table.rows]
    if sorted(table.columns) != sorted(fields):
        raise CannotAskError(f"a query returned {', '.join(table.columns)}; {into.__name__} is {', '.join(fields)}")
    return [into(**dict(zip(table.columns, row, strict=True))) for row in table.rows]
