"""``shisa plan``: what a run would do, before anything is done."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.cli.common import add_config, add_format, print_json

if TYPE_CHECKING:
    import argparse

    from runner.config.model import Config
    from runner.runbook.plan import Plan

HELP = "Show what a run would do: each step's text, class, lock, guards, who must approve, what can be undone."
EXAMPLE = "  shisa plan runbooks/clone-environment.yaml -p backup=env_a.dump -p sequences=keep --target live=staging"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("runbook", metavar="RUNBOOK", type=Path)
    add_params(parser)
    add_config(parser)
    add_format(parser, "text", "json")


def add_params(parser: argparse.ArgumentParser) -> None:
    """Add ``-p``, ``--params`` and ``--target``."""
    parser.add_argument("-p", "--param", metavar="NAME=VALUE", action="append", default=[], help="a parameter's value")
    parser.add_argument("--params", metavar="FILE", type=Path, help="a YAML file of parameters; -p wins over it")
    parser.add_argument(
        "--target", metavar="NAME=TARGET", action="append", default=[], help="the configured target, or a libpq URI"
    )


def run(args: argparse.Namespace) -> int:
    """Print the plan; exit 1 when the runbook has errors."""
    from runner.config.load import find, read
    from runner.config.plugins import use_plugins
    from runner.runbook.describe import describe

    path = find(config=args.config, runbook=args.runbook, cwd=Path.cwd())
    config = None if path is None else read(path).config
    use_plugins(config)
    plan = planned(args)
    described = describe(plan, config, targets=target_map(args, plan))
    problems = errors_of(plan, config)
    if args.format == "json":
        print_json({**described, "problems": problems})
    else:
        sys.stdout.write("\n".join(_lines(described)) + "\n")
    for problem in problems:
        sys.stderr.write(f"shisa: {problem['file']}:{problem['line']}: {problem['message']} [{problem['rule']}]\n")
    return 1 if problems else 0


def planned(args: argparse.Namespace) -> Plan:
    """Load the runbook that the arguments name and plan it with their parameters.

    A secret that is not given is not asked for: a plan shows it by name only.
    """
    from runner.runbook.expand import plan_of
    from runner.runbook.load import load
    from runner.runbook.params import params_file, parse_pairs, resolve
    from runner.runbook.values import Secret

    loaded = load(args.runbook)
    given = {**(params_file(args.params) if args.params else {}), **parse_pairs(args.param)}
    declared = loaded.runbook.params
    silent = {
        name: Secret(name, "") for name, param in declared.items() if param.type == "secret" and name not in given
    }
    values = resolve({name: param for name, param in declared.items() if name not in silent}, given)
    return plan_of(loaded, {**values, **silent})


def target_map(args: argparse.Namespace, plan: Plan) -> dict[str, str]:
    """Read ``--target``: the runbook's name → what stands for it.

    Raises UsageError for a name that the runbook does not have: a slip must not leave the run on its usual target.
    """
    from runner.errors import UsageError
    from runner.runbook.params import parse_pairs

    given = parse_pairs(args.target, like=f"--target {next(iter(plan.targets), 'live')}=NAME, a name of shisa.yaml")
    unknown = sorted(given.keys() - set(plan.targets))
    if unknown:
        raise UsageError(
            f"the runbook has no target {unknown[0]!r}", hint=f"its targets: {', '.join(plan.targets) or 'none'}"
        )
    return given


def errors_of(plan: Plan, config: Config | None) -> list[dict[str, Any]]:
    """Find what `shisa validate` calls an error in the files of a plan."""
    from runner.runbook.lint.judge import judge

    return [
        {"file": str(file.path), "line": problem.line, "rule": problem.rule, "message": problem.message}
        for file in plan.files
        for problem in judge(file.text, file.path, config=config)
        if problem.severity == "error" and not problem.suppressed
    ]


def _lines(plan: Mapping[str, Any]) -> Iterator[str]:
    from runner.safe_text import escape

    yield escape(f"{plan['runbook']}: {plan['title']}")
    for param in plan["params"]:
        yield escape(f"  param   {param['name']} = {param['value']}")
    for target in plan["targets"]:
        policy = f", policy {target['policy']}" if target["policy"] else ", no policy"
        yield escape(f"  target  {target['name']} → {target['configured']}{policy}")
    for number, step in enumerate(plan["steps"], 1):
        yield ""
        yield from (escape(line, multiline=True) for line in _step(step, str(number)))


def _step(step: Mapping[str, Any], number: str) -> Iterator[str]:
    from runner.runbook.describe import asked_again

    where = f" on {step['target']}" if step["target"] else ""
    yield f"{number}. {step['path']}  ({step['kind']}{where})  {step['title']}"
    for condition in step["when"]:
        yield f"     only when   {condition}"
    yield from (f"     | {line}" for line in _shown(step["text"]))
    yield from _facts(step)
    for guard in step["guards"]:
        how = "" if guard["severity"] == "block" else f" ({guard['severity']})"
        again = f", {text}" if (text := asked_again(guard)) else ""
        yield f"     guard       {guard['moment']}: {guard['check']}{how}{_shown_with(guard.get('with'))}{again}"
    for approval in step["approval"]:
        need = approval["need"]
        who = ", ".join(f"{each['n']} of {each['team']}" for each in need) if need else "not in the configuration"
        yield f"     approval    {approval['policy']}: {who}"
    if step["destructive"] and not step["approval"]:
        yield "     approval    NOBODY IS NAMED: a run would refuse this step"
    yield f"     undo        {step['undo']}"
    yield f"     after crash {step['after_a_crash']}"
    for inner, each in enumerate(step.get("steps", ()), 1):
        yield from (f"   {line}" for line in _step(each, f"{number}.{inner}"))


def _facts(step: Mapping[str, Any]) -> Iterator[str]:
    if step["repeats"]:
        yield f"     repeats     {step['repeats']}"
    for statement in step["statements"]:
        yield f"     statement   {statement['command']}: {statement['class']}, lock {statement['lock'] or 'none'}"
        for reason in statement["survives_rollback"]:
            yield f"                 a ROLLBACK does not undo this: {reason}"
    yield from (f"     note        {note}" for note in step["notes"])
    if step["destructive"]:
        yield f"     destructive {'; '.join(step['reasons'])}"
    elif step["lowered"]:
        yield f"     not called destructive: {step['lowered']} (it looks so: {'; '.join(step['reasons']) or 'no'})"
    for key, label in (("not_known_yet", "not known yet"), ("problem", "problem")):
        if step[key]:
            yield f"     {label}: {step[key]}"


def _shown(text: Any) -> list[str]:
    from runner.figures import as_written

    if isinstance(text, str):
        return text.rstrip().splitlines()
    if isinstance(text, list):
        return [" ".join(str(each) for each in text)]
    return [f"{key}: {as_written(value)}" for key, value in text.items()]


def _shown_with(given: Mapping[str, Any] | None) -> str:
    from runner.figures import as_written

    return f" {{{', '.join(f'{key}: {as_written(value)}' for key, value in given.items())}}}" if given else ""
