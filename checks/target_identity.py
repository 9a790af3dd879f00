"""``target-identity``: the target is the database that was meant."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from checks.base import Ask, Check, Finding, Verdict, check, param

_MARK = "ALTER DATABASE … SET shisa.environment = 'production' sets it"


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """What the server and the database say of themselves."""

    system_identifier: str
    database: str
    environment: str | None
    """The marker of the database; None where it has none."""
    role: str
    timeline: int
    address: str | None
    """None on a Unix socket."""


@check("target-identity", since=14, group="target and backup", looks_at="databases", waivable=False)
class TargetIdentity(Check[list[Row]]):
    """The target is the database that was meant.

    ## Why it matters

    Two windows, one prompt: the statement for staging runs in production. Host names move, tunnels end elsewhere than
    yesterday, and a service file is edited by somebody else.

    ## When it blocks

    Something that was expected is not so: the system identifier, the database's name, its marker `shisa.environment`,
    whether it is primary or standby, the timeline, the address. It is unknown where nothing was expected, where the
    database has no marker or where a Unix socket has no address. It warns where nothing but the system identifier and
    the timeline was expected, for a physical clone has the same.

    ## What to do

    Stop, and find out where the connection leads. Mark each database once:
    `ALTER DATABASE app SET shisa.environment = 'production'`.

    ## What it cannot see

    A clone that was made from the files of the server: it has the same system identifier, databases and marker until
    somebody marks it anew; then only the address tells. A standby tells the timeline of its last restart point.
    """

    system_identifier: str | None = param("What `pg_controldata` calls it; made by initdb.", default=None)
    database: str | None = param("The database's name.", default=None)
    environment: str | None = param("The marker shisa.environment of the database.", default=None)
    role: str | None = param("primary or standby.", default=None, choices=["primary", "standby"])
    timeline: int | None = param("The timeline's number.", default=None, minimum=1)
    address: str | None = param("Address and port of the server, as 10.0.3.12:5432.", default=None)

    def gather(self, ask: Ask) -> list[Row]:
        """Ask the server what it is."""
        return ask.rows(self.query, Row)

    def judge(self, facts: list[Row]) -> Iterator[Finding]:
        """Compare with what was expected."""
        (row,) = facts
        names = [field.name for field in dataclasses.fields(Row)]
        wanted = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        for name, value in wanted.items():
            yield _compared(name, getattr(row, name), value)
        measured = dataclasses.asdict(row)
        if not wanted:
            message = f"This is the {row.role} {row.database}; what was meant is not said, so nothing was compared."
            yield Finding(row.database, Verdict.UNKNOWN, message, measured)
        elif not wanted.keys() - {"system_identifier", "timeline", "role"}:
            message = "A clone made from the server's files has the same system identifier; expect its marker too."
            yield Finding(row.database, Verdict.WARN, message, measured)


def _compared(name: str, found: str | int | None, wanted: str | int) -> Finding:
    words = name.replace("_", " ")
    if found is None:
        why = f"has no marker; {_MARK}" if name == "environment" else "is reached over a Unix socket"
        message = f"Nobody can tell whether the {words} is {wanted}: the target {why}."
        return Finding(name, Verdict.UNKNOWN, message, {name: None}, {name: wanted})
    same = found == wanted
    message = (
        f"The {words} is {found}."
        if same
        else f"The {words} is {found}, not {wanted}: the step would hit another database than was meant."
    )
    return Finding(name, Verdict.PASS if same else Verdict.BLOCK, message, {name: found}, {name: wanted})
