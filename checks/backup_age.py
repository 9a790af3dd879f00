"""``backup-age``: the backup is young enough, and one of this database."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from checks.base import Ask, CannotAskError, Check, Finding, Verdict, check, param
from checks.facts.figures import span, whole_seconds

_SLACK_S = 300
"""How far two clocks may be apart before a backup from the future is an error."""


@dataclasses.dataclass(frozen=True, slots=True)
class AgeRow:
    """How old the backup may be, in seconds."""

    database: str
    file_age_s: int
    at_most_s: int | None
    """None where the backup does not say when it was taken."""
    at_least_s: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """The backup and its age."""

    backup: str
    backup_database: str | None
    created_at: str | None
    age: AgeRow


@check("backup-age", since=14, group="target and backup", looks_at="backups", limits=["age_s"])
class BackupAge(Check[Facts]):
    """The backup is young enough, and one of this database.

    ## Why it matters

    Everything that was written since the backup is missing in it. An operation whose way back is a backup of last week
    has no way back; and the file that lies at the expected place may be the dump of another database.

    ## When it blocks

    The backup is older than `max_age` by the clock of the server, or names another database than the target (or
    `from_database`). pg_dump writes the local time of its machine without a zone: without `zone` the age is known to
    26 hours only, narrowed by the file's date, and where that decides it is unknown. A plain dump does not say when it
    was taken: its file's date is judged, with a warning, for a copy looks younger.

    ## What to do

    Take a fresh backup; or say in `max_age` how much may be lost. Give `zone` once, as Asia/Tokyo.

    ## What it cannot see

    Whether the backup can be read (`backup-readable`) and holds all that is needed (`backup-complete`); when the data
    in it were true, for a dump shows the moment at which it began.
    """

    backup: Path = param("pg_dump archive or plain dump.")
    max_age: timedelta = param("Oldest backup that is fine.", default=timedelta(days=1))
    zone: str | None = param("Time zone of the machine that dumps, as Asia/Tokyo.", default=None)
    from_database: str | None = param(
        "Database that the backup was taken from, where that is not the target's own name.", default=None
    )

    def gather(self, ask: Ask) -> Facts:
        """Read the backup's own date, and let the server reckon."""
        archive = ask.archive(self.backup)
        if archive.modified_at is None:
            raise CannotAskError(f"the date of the file {self.backup} is not known")
        (age,) = ask.rows(
            self.query,
            AgeRow,
            modified=archive.modified_at,
            created=archive.created_at or "epoch",
            zone=self.zone or "",
        )
        if archive.created_at is None:
            age = dataclasses.replace(age, at_most_s=None, at_least_s=None)
        return Facts(str(self.backup), archive.database, archive.created_at, age)

    def looked_at(self, facts: Facts) -> int:
        """One backup."""
        return 1

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Compare what the age may be with what it may be at most."""
        age, bound = facts.age, whole_seconds(self.max_age)
        wanted = self.from_database or age.database
        if facts.backup_database is not None and facts.backup_database != wanted:
            yield Finding(
                facts.backup,
                Verdict.BLOCK,
                f"{facts.backup} is a backup of the database {facts.backup_database}, not of {wanted}.",
                {"backup_database": facts.backup_database},
                {"database": wanted},
            )
        low = max(age.file_age_s, age.file_age_s if age.at_least_s is None else age.at_least_s)
        high = age.file_age_s if age.at_most_s is None else max(low, age.at_most_s)
        measured = {"age_s": high, "at_least_s": low, "created_at": facts.created_at, "file_age_s": age.file_age_s}
        told = f"at least {span(max(0, low))}" if high - low > _SLACK_S else span(max(0, high))
        if low < -_SLACK_S or high < -_SLACK_S:
            verdict, why = (
                Verdict.UNKNOWN,
                "is from the future by the server's clock: one of the clocks or zones is wrong.",
            )
        elif low > bound:
            verdict, why = (
                Verdict.BLOCK,
                f"is {told} old, and may be {span(bound)}: what was written since is not in it.",
            )
        elif high > bound:
            verdict = Verdict.UNKNOWN
            why = f"is between {span(max(0, low))} and {span(high)} old, for its time has no zone; give `zone`."
        elif facts.created_at is None:
            verdict, why = Verdict.WARN, f"does not say when it was taken; its file was written {told} ago."
        else:
            verdict, why = Verdict.PASS, f"is {told} old."
        yield Finding(f"age of {facts.backup}", verdict, f"{facts.backup} {why}", measured, {"age_s": bound})
