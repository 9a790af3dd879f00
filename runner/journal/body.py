"""What every event is made of."""

from __future__ import annotations

from typing import ClassVar

import msgspec


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every event's body."""

    name: ClassVar[str]
