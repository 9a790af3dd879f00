"""What a preflight says of targets, tools and the journal."""

from __future__ import annotations

import contextlib
import operator
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from checks.base import Verdict
from runner.config.model import Loaded
from runner.engine.begin.demands import shared
from runner.engine.preflight.item import Item
from runner.engine.target.targets import Target, Targets
from runner.errors import ShisaError
from runner.journal import is_team, open_journal
from runner.journal.postgres.rules import demand_same
from runner.postgres.clients import run_client
from runner.postgres.reach import shown
from runner.runbook.plan import Plan
from runner.sql.quoting import quote_identifier, quote_literal

_SECONDS = 10.0
"""How long a tool may take to tell its version."""
_BOUND = re.compile(r"(>=|<=|==|>|<) ?([0-9]+)(?:\.([0-9]+))?")
_COMPARE = {">=": operator.ge, "<=": operator.le, "==": operator.eq, ">": operator.gt, "<": operator.lt}


def target_items(target: Target, plan: Plan) -> Iterator[Item]:
    """Say where a target leads, and whether that is what the configuration and the runbook expect."""
    bound, identity = target.bound, target.bound.identity
    told = f"{identity['database']} as {identity['role']}, PostgreSQL {_dotted(identity['version'])}"
    yield Item("target", bound.name, Verdict.PASS, told)
    marked, configured = identity["environment"], bound.environment
    mark = f"ALTER DATABASE {quote_identifier(identity['database'])} SET shisa.environment"
    if marked != configured and marked is not None:
        message = f"the database says that it is {marked}, and shisa.yaml says {configured or 'nothing of it'}"
        hint = f"{mark} marks a database; one of the two is wrong."
        yield Item("target", bound.name, Verdict.BLOCK, message, hint)
    elif configured is not None and marked is None:
        message = f"the database carries no mark shisa.environment, so that nobody can tell that it is {configured}"
        hint = f"{mark} = {quote_literal(configured)} marks it."
        yield Item("target", bound.name, Verdict.WARN, message, hint)
    for file in plan.files:
        wanted = file.runbook.requires.postgres
        if bound.name in file.runbook.targets and wanted is not None and not fits(identity["version"], wanted):
            message = f"{file.runbook.id} requires PostgreSQL {wanted}, this is {_dotted(identity['version'])}"
            yield Item("target", bound.name, Verdict.BLOCK, message)


def fits(version: int, wanted: str) -> bool:
    """Tell whether a ``server_version_num`` fits bounds such as ``>=14, <18``; a bare major means all of it."""
    major, minor = divmod(version, 10000)
    for sign, first, second in _BOUND.findall(wanted):
        given = (major, minor) if second else (major,)
        bound = (int(first), int(second)) if second else (int(first),)
        if not _COMPARE[sign](given, bound):
            return False
    return True


def tool_items(plan: Plan) -> Iterator[Item]:
    """Say of each required tool which version is on the PATH."""
    for name in dict.fromkeys(name for file in plan.files for name in file.runbook.requires.tools):
        path = shutil.which(name)
        if path is None:
            yield Item("tool", name, Verdict.BLOCK, f"{name} is not on the PATH")
            continue
        try:
            ran = run_client([path, "--version"], dict(os.environ), seconds=_SECONDS)
        except (OSError, ShisaError) as error:
            yield Item("tool", name, Verdict.UNKNOWN, f"{path} cannot be asked for its version: {error}")
            continue
        lines = (ran.output or ran.errors).split("\n")
        told = lines[0].strip() if ran.code == 0 else ""
        yield Item("tool", name, Verdict.PASS, f"{path}: {told or 'tells no version'}")


def journal_items(config: Loaded, targets: Targets) -> Iterator[Item]:
    """Say whether the journal can be written, and that it does not lie in what it watches over."""
    location = config.config.journal
    name = shown(location) if is_team(location) else location
    if is_team(location):
        yield from _same_cluster(location, targets)
    else:
        path = config.folder / Path(location).expanduser()
        if not path.exists():
            yield _to_come(path)
            return
    try:
        if is_team(location):
            demand_same(location, config)
        with contextlib.closing(open_journal(location, config.folder)) as journal:
            journal.probe()
    except ShisaError as error:
        yield Item("journal", name, Verdict.BLOCK, error.message, error.hint)
    else:
        yield Item("journal", name, Verdict.PASS, "it can be written")


def _same_cluster(location: str, targets: Targets) -> Iterator[Item]:
    try:
        names = list(shared(location, targets))
    except ShisaError as error:
        yield Item("journal", "", Verdict.UNKNOWN, error.message, error.hint)
        return
    for name in names:
        message = f"the journal lies in the cluster of target {name}, and would go down with it"
        yield Item("journal", name, Verdict.BLOCK, message, "Keep the journal in another cluster.")


def _to_come(path: Path) -> Item:
    folder = next(each for each in path.parents if each.exists())
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return Item("journal", str(path), Verdict.PASS, "the first run makes it")
    return Item("journal", str(path), Verdict.BLOCK, f"it is not there, and {folder} cannot be written")


def _dotted(version: int) -> str:
    return f"{version // 10000}.{version % 10000}"
