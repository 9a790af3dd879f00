"""Labels: what a parameter's value is called by people, read from the target when a run opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checks.ask import Label as Asked
from checks.base import CannotAskError
from runner.engine.guard.looking import look_at
from runner.errors import ShisaError
from runner.runbook.values import Secret
from runner.sql.variables import render

if TYPE_CHECKING:
    from runner.config.model import Loaded
    from runner.engine.target.targets import Targets
    from runner.runbook.model import Label
    from runner.runbook.plan import Plan


def labels_of(plan: Plan, targets: Targets, config: Loaded) -> dict[str, str | None]:
    """Read the label of each parameter that declares one; None where it cannot be read, which is shown as unknown."""
    declared = {name: param.label for name, param in plan.runbook.runbook.params.items() if param.label is not None}
    known = {name: value for name, value in plan.params.items() if not isinstance(value, Secret)}
    return {name: _label(label, known, targets, config) for name, label in declared.items()}


def naming(plan: Plan) -> dict[str, Asked]:
    """Tell a guard how the values of parameters are named."""
    declared = plan.runbook.runbook.params
    return {name: Asked(each.label.target, each.label.sql) for name, each in declared.items() if each.label is not None}


def _label(label: Label, known: dict[str, Any], targets: Targets, config: Loaded) -> str | None:
    try:
        target = targets.of(label.target)
        if target is None:
            return None
        table = look_at(target, render(label.sql, known).text, config, "shisa/label")
    except (CannotAskError, ShisaError):
        return None
    if len(table.rows) != 1 or len(table.columns) != 1 or table.rows[0][0] is None:
        return None
    return str(table.rows[0][0])
