"""``replication-lag``: the standbys keep up."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.activity import require_monitor
from checks.facts.figures import size, span
from checks.facts.wording import counted


@dataclasses.dataclass(frozen=True, slots=True)
class ServerRow:
    """Which side is asked, how many standbys a commit waits for, and how many of these stream."""

    standby: bool
    waits_for: int
    synchronous: int


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One standby."""

    name: str
    address: str | None
    state: str
    sync: str
    behind_bytes: int | None
    delay_ms: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """The standbys, or the one that was asked itself."""

    standby: bool
    rows: tuple[Row, ...] = ()
    waits_for: int = 0
    synchronous: int = 0


@check("replication-lag", since=14, group="target and backup", looks_at="standbys", limits=["behind_bytes", "delay_ms"])
class ReplicationLag(Check[Facts]):
    """The standbys keep up.

    ## Why it matters

    Who reads from a standby sees the past, and a failover to one that is behind loses what it lacks. A step that writes
    much makes it worse; with synchronous replication every commit then waits.

    ## When it blocks

    A standby is behind by more than `max_behind` and by more than `max_delay` (or its delay is not known), it is
    connected and not streaming, or one of `expected` is not connected. It blocks too where commits wait for more
    synchronous standbys than there are: each of them hangs. Asked on a standby, it judges what that has
    received and not replayed, and is unknown where it receives nothing. Without any standby it is unknown.

    ## What to do

    Wait, make the step's batches smaller, or look at what holds the standby back (a long query there, its disk).

    ## What it cannot see

    Standbys that are not connected and not expected; standbys of standbys. Without pg_monitor it is unknown. Logical
    replication (`replication-slots`).
    """

    max_behind: int = param("Bytes a standby may be behind.", default=1_048_576, minimum=0, unit="bytes")
    max_delay: timedelta = param("Time a standby may be behind.", default=timedelta(minutes=2))
    expected: tuple[str, ...] = param("application_name of standbys that must be connected.", default=())

    def gather(self, ask: Ask) -> Facts:
        """Ask the side that we are on."""
        require_monitor(ask)
        (server,) = ask.rows(self.queries["server"], ServerRow)
        rows = ask.rows(self.queries["own" if server.standby else "standbys"], Row)
        return Facts(server.standby, tuple(rows), 0 if server.standby else server.waits_for, server.synchronous)

    def looked_at(self, facts: Facts) -> int:
        """Count the standbys; those that commits wait for are looked for even where there are none."""
        return len(facts.rows) or facts.waits_for

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Compare, and miss those that are not there."""
        for row in facts.rows:
            yield self._own(row) if facts.standby else self._standby(row)
        if facts.synchronous < facts.waits_for:
            there = f"{facts.synchronous} of them {'is' if facts.synchronous == 1 else 'are'} there"
            waits = f"Each commit waits for {counted(facts.waits_for, 'synchronous standby')}"
            message = f"{waits}, and {there}: it hangs with its locks until another comes."
            measured = {"synchronous": facts.synchronous}
            yield Finding(
                "synchronous_standby_names", Verdict.BLOCK, message, measured, {"synchronous": facts.waits_for}
            )
        for name in self.expected:
            if not facts.standby and name not in {row.name for row in facts.rows}:
                message = f"The standby {name} is not connected: it falls behind with every commit."
                yield Finding(name, Verdict.BLOCK, message, {"connected": False}, {"connected": True})

    def _own(self, row: Row) -> Finding:
        if row.state != "streaming" or row.behind_bytes is None:
            message = f"This standby is {row.state}, so nobody can tell how far it is behind."
            return Finding(row.name, Verdict.UNKNOWN, message, _measured(row), self._bound())
        return self._judged(row, f"This standby ({row.sync})")

    def _standby(self, row: Row) -> Finding:
        if row.state != "streaming" or row.behind_bytes is None:
            message = f"The standby {row.name} is in state {row.state}: it has not caught up and shows the past."
            return Finding(row.name, Verdict.BLOCK, message, _measured(row), self._bound())
        return self._judged(row, f"The standby {row.name}")

    def _judged(self, row: Row, who: str) -> Finding:
        behind, delay = row.behind_bytes or 0, row.delay_ms
        late = delay is None or delay > self.max_delay / timedelta(milliseconds=1)
        far = behind > self.max_behind and late
        told = "" if delay is None else f" and {span(delay / 1000)}"
        return Finding(
            row.name,
            Verdict.BLOCK if far else Verdict.PASS,
            f"{who} is {size(behind)}{told} behind"
            + (": a failover now loses that, and its readers see the past." if far else "."),
            _measured(row),
            self._bound(),
        )

    def _bound(self) -> dict[str, int]:
        return {"behind_bytes": self.max_behind, "delay_ms": round(self.max_delay / timedelta(milliseconds=1))}


def _measured(row: Row) -> dict[str, str | int | None]:
    return {key: value for key, value in dataclasses.asdict(row).items() if key != "name"}
