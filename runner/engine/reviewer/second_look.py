"""A reviewer's own look at a step: what their machine renders and measures, beside what the operator's did."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runner.config.plugins import use_plugins
from runner.engine.reviewer.own_copy import OwnCopy, merged_difference, own_copy
from runner.engine.reviewer.own_guards import OwnGuards, ask_again

if TYPE_CHECKING:
    from runner.config.model import Loaded
    from runner.engine.fold.state import State
    from runner.engine.ports import Clock


@dataclasses.dataclass(frozen=True, slots=True)
class SecondLook:
    """What a reviewer's own machine says of a step."""

    copy: OwnCopy
    guards: OwnGuards
    since_merge: str | None = None
    """Unified diff from the merged files to those of the run; empty where equal, None where nobody can tell."""

    @property
    def independent(self) -> bool:
        """Whether text and figures come from the reviewer's side too; else they have only read along."""
        return self.copy.state == "same" and self.guards.verdict not in {"not asked", "unknown"}

    @property
    def attested(self) -> dict[str, str]:
        """What of it becomes part of the signed bytes."""
        return {
            "look": "independent" if self.independent else "primed",
            "own_copy": self.copy.state,
            "own_guards": self.guards.verdict,
        }


def second_look(
    state: State, paths: Sequence[str], config: Loaded, clock: Clock, *, runbook: Path | None
) -> SecondLook:
    """Render the steps of a request and ask their guards again, with what the reviewer's machine has of its own."""
    use_plugins(config.config)
    copy = own_copy(state, paths, runbook=runbook, folder=config.folder)
    guards = ask_again(state, paths, config.config, clock, vouched=copy.state == "same")
    return SecondLook(copy, guards, merged_difference(state, config.folder))
