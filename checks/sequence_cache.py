"""``sequence-cache``: sessions that hold numbers of a sequence do not notice that it was set."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from checks.base import Ask, Check, Finding, Remedy, Verdict, check, param
from checks.facts.scope import SCHEMAS, Seen, not_there, seen
from checks.facts.wording import listed


@dataclasses.dataclass(frozen=True, slots=True)
class CacheRow:
    """One sequence."""

    schema: str
    object: str
    cache: int


@check("sequence-cache", since=14, group="sequences and keys", looks_at="sequences", limits=["cache"], steady=True)
class SequenceCache(Check[Seen[CacheRow]]):
    """No session holds numbers of a sequence in its cache.

    ## Why it matters

    With `CACHE 20` each session takes twenty numbers at once and hands them out by itself. After a setval or a restore
    the sequence is right, and every session that was open before goes on with the numbers it holds: a pooler's
    connections do so for hours.

    ## When it blocks

    Never. It warns for each sequence whose CACHE is above `max_cache`.

    ## What to do

    Recycle the sessions (reconnect the pool) right after the sequence was set, before the application writes again. The
    remedy adds that as a step for a person.

    ## What it cannot see

    Which sessions hold numbers, and which; numbers that an application reserves for itself (an `INCREMENT 50` with an
    allocator in the application, as Hibernate does). A schema that is asked for and not there is unknown.
    """

    schemas: tuple[str, ...] = param(SCHEMAS, default=())
    max_cache: int = param("Numbers that a session may hold.", default=1, minimum=1)

    def gather(self, ask: Ask) -> Seen[CacheRow]:
        """Learn the caches."""
        return seen(ask, self.query, CacheRow, self.schemas, "sequences")

    def looked_at(self, facts: Seen[CacheRow]) -> int:
        """Count the sequences."""
        return facts.looked_at

    def judge(self, facts: Seen[CacheRow]) -> Iterator[Finding]:
        """Warn where sessions hold numbers; one remedy for all of them."""
        yield from not_there(facts.absent)
        cached = [row for row in facts.rows if row.cache > self.max_cache]
        remedy = Remedy(
            "Sessions that are opened after the sequence was set hold none of its old numbers.",
            {},
            [
                {
                    "title": "Recycle every session that writes",
                    "manual": f"Reconnect the pool: sessions hold old numbers of {listed([r.object for r in cached])}.",
                    "expected": "No session is older than the step before this one.",
                }
            ],
        )
        for row in cached:
            message = (
                f"A session takes {row.cache} numbers of {row.object} at once (CACHE): after a setval, open sessions "
                "go on handing out the old ones that they hold, until they are recycled."
            )
            measured = {"cache": row.cache}
            yield Finding(row.object, Verdict.WARN, message, measured, {"cache": self.max_cache}, remedy)
