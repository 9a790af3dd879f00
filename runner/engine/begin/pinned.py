"""The content that a run is pinned to: the plan as it was when the run opened, whatever the files say now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.errors import UsageError
from runner.journal.events import SourceFile
from runner.runbook.expand import plan_of
from runner.runbook.load import load_text
from runner.runbook.params import resolve
from runner.runbook.plan import Plan, amend

if TYPE_CHECKING:
    from runner.engine.fold.state import State
    from runner.runbook.expand import Read
    from runner.runbook.load import LoadedRunbook
    from runner.runbook.values import Secret


def pinned_plan(state: State, secrets_given: Mapping[str, Secret]) -> Plan:
    """Build the plan again from the content that the run is pinned to, with the remedies that were taken over.

    Raises UsageError where a secret of the run is not given again.
    """
    texts = {Path(file.path): file.text for file in state.opened.files}
    return plan_again(state, secrets_given, read=lambda path: load_text(texts[path.resolve()], path))


def plan_again(state: State, secrets_given: Mapping[str, Secret], *, read: Read) -> Plan:
    """Plan the run's runbook once more, from what ``read`` gives, with the parameters and remedies of the run."""
    main = read(Path(state.opened.files[0].path))
    plan = plan_of(main, _params(state, main, secrets_given), read=read)
    for path, amendment in state.amendments:
        plan = amend(plan, path, amendment.set, amendment.then)
    return plan


def _params(state: State, main: LoadedRunbook, secrets_given: Mapping[str, Secret]) -> dict[str, Any]:
    declared = main.runbook.params
    given = {name: value for name, value in state.opened.params.items() if name in declared}
    missing = [name for name, value in given.items() if isinstance(value, dict) and name not in secrets_given]
    if missing:
        name = missing[0]
        raise UsageError(f"the secret {name} must be given again", hint=f"-p {name}=env:NAME or -p {name}=file:PATH")
    open_ = {name: param for name, param in declared.items() if name not in secrets_given}
    return {**resolve(open_, {name: value for name, value in given.items() if name in open_}), **secrets_given}


def pins(files: Iterable[SourceFile]) -> dict[Path, str]:
    """Give the digest that each file must have."""
    return {Path(file.path): file.sha256 for file in files}


def sources(plan: Plan) -> tuple[SourceFile, ...]:
    """Give the files of a plan as a run is pinned to them."""
    return tuple(SourceFile(path=str(file.path.resolve()), sha256=file.sha256, text=file.text) for file in plan.files)
