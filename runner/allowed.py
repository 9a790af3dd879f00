"""What a guard may do here beside looking: try statements out, send what the step's author wrote, start programs."""

from __future__ import annotations

import dataclasses

from checks.base import CannotAskError


@dataclasses.dataclass(frozen=True, slots=True)
class Allowed:
    """Each door says why it is shut; a guard that needs it is UNKNOWN then."""

    trials: bool = False
    """Whether rows may be written in a transaction that is rolled back."""
    sql: bool = True
    """Whether somebody here stands for the SQL of the step."""
    programs: bool = True
    """Whether the step may start programs here."""

    def require_trials(self) -> None:
        """Raise CannotAskError where nothing is tried out."""
        if not self.trials:
            raise CannotAskError("statements are tried out, and rolled back, only by a run and by `shisa check`")

    def require_sql(self) -> None:
        """Raise CannotAskError where nobody stands for the step's SQL."""
        if not self.sql:
            raise CannotAskError(
                "its SQL stands in the request, and your own copy of the runbook does not vouch for it"
            )

    def require_programs(self) -> None:
        """Raise CannotAskError where the step starts no programs."""
        if not self.programs:
            raise CannotAskError("it runs a program, and a request from elsewhere starts none on this machine")
