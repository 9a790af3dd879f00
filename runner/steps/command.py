"""``command``: a program with its arguments, in a process group of its own, ended whole when it must be."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable
from typing import Any

from runner.journal.events import Outcome, StepEnded
from runner.postgres.clients import end_group
from runner.runbook.model import Command
from runner.runbook.values import masked, put_secrets
from runner.steps.base import Effect, since
from runner.steps.ending import end_on_server
from runner.steps.hearing import Said, hear

_HOLDS: dict[str, Callable[[str, str], bool]] = {
    "equals": lambda text, output: output.strip() == text.strip(),
    "contains": lambda text, output: text in output,
    "matches": lambda text, output: re.search(text, output) is not None,
}
_KEPT = 4000
"""Characters of output that the journal keeps, most of them from the end."""


def perform(effect: Effect) -> StepEnded:
    """Run the program and judge its exit code and output; what a program does cannot be rolled back."""
    command = _command(effect)
    argv = ["/bin/sh", "-c", str(command.argv)] if command.shell else [str(word) for word in command.argv]
    begun = time.monotonic()
    with effect.mark().held() as mark:
        effect.intend(None)
        try:
            child = _start(argv, command, effect, mark)
        except OSError as error:
            return StepEnded(outcome="failed", message=f"{argv[0]} cannot be run: {error.strerror}")
    effect.started(child)
    given = None if command.stdin is None else put_secrets(command.stdin, effect.secrets)
    with child:
        try:
            said = hear(child, given, effect.seconds)
        except subprocess.TimeoutExpired:
            end_group(child)
            message = f"{argv[0]} was ended after {effect.step.timeout}; what it had done stands{_server(effect)}"
            return StepEnded(outcome="unknown", message=message, duration_ms=since(begun))
        except BaseException:
            end_group(child)
            raise
    return _judge(effect, command, child.returncode, said, begun)


def _command(effect: Effect) -> Command:
    given = effect.step.command
    return given if isinstance(given, Command) else Command(argv=tuple(given or ()))


def _start(argv: list[str], command: Command, effect: Effect, mark: int) -> subprocess.Popen[bytes]:
    named = {name: put_secrets(value, effect.secrets) for name, value in command.env.items()}
    ours = {} if effect.conninfo is None else {"PGAPPNAME": effect.application_name}
    return subprocess.Popen(
        argv,
        cwd=effect.folder / (command.cwd or "."),
        env={**os.environ, **ours, **named},
        stdin=subprocess.DEVNULL if command.stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
        pass_fds=(mark,),
    )


def _judge(effect: Effect, command: Command, code: int, said: tuple[Said, Said], begun: float) -> StepEnded:
    output, errors = (each.changed(lambda text: masked(text, effect.secrets)) for each in said)
    wanted = command.exit_code if isinstance(command.exit_code, tuple) else (command.exit_code,)
    detail: dict[str, Any] = {"exit_code": code, "stdout": output.shortened(_KEPT), "stderr": errors.shortened(_KEPT)}
    problem = None
    if code not in wanted:
        last = ((errors.beginning + errors.end).strip().splitlines() or ["it said nothing"])[-1]
        how = f"exit code {code} instead of {', '.join(map(str, wanted))}" if code >= 0 else f"ended by signal {-code}"
        problem = f"{how}: {last}"
    elif output.between and (command.stdout is not None or effect.step.capture):
        problem = f"it said too much to be judged: {output.between:,} bytes more than are kept"
    elif command.stdout is not None:
        problem = _output_problem(command.stdout, output.beginning)
    if problem is None:
        problem = _capture(effect, output.beginning)
    elif code < 0 or effect.stopping():
        problem += _server(effect)
    return StepEnded(
        outcome=_outcome(effect) if problem else "done",
        message=problem or f"exit code {code}",
        duration_ms=since(begun),
        detail=detail,
    )


def _server(effect: Effect) -> str:
    """End the sessions that a program which was ended has left on the step's target; nothing where it has none."""
    return "" if effect.conninfo is None else f"; {end_on_server(effect)}"


def _outcome(effect: Effect) -> Outcome:
    """A program that did not end as expected may have done part of it: known is only what it cannot leave behind."""
    return "failed" if effect.step.effects == "none" or effect.step.cleanup is not None else "unknown"


def _output_problem(wanted: str | dict[str, str], output: str) -> str | None:
    rules = {"equals": wanted} if isinstance(wanted, str) else wanted
    broken = [f"{rule} {text!r}" for rule, text in rules.items() if not _HOLDS[rule](text, output)]
    return f"its output is not as expected: {', '.join(broken)}" if broken else None


def _capture(effect: Effect, output: str) -> str | None:
    """Journal the captured values; a pattern that finds nothing is a problem, not an empty value."""
    for name, capture in effect.step.capture.items():
        value = output.strip()
        if isinstance(capture.stdout, str):
            found = re.search(capture.stdout, output)
            if found is None:
                return f"there is nothing in its output to capture as {name}"
            value = found[1] if found.groups() else found[0]
        effect.capture(name, int(value) if capture.type == "integer" and value.lstrip("-").isdigit() else value)
    return None
