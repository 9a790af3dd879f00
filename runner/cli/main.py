"""The command line: one file per command, loaded only when it is called.

A command module has ``HELP`` (one line), ``EXAMPLE`` (shown at the end of its help), ``add_arguments(parser)`` and
``run(arguments) -> exit code``. Results go to stdout, talk to stderr; a ShisaError becomes one sentence and a hint.
"""

from __future__ import annotations

import importlib
import keyword
import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runner import __version__
from runner.errors import ShisaError, UsageError

if TYPE_CHECKING:
    import argparse

COMMANDS = {
    "init": "write a configuration with your SSH key and a policy",
    "validate": "find every problem in runbook files, offline",
    "explain": "show the page of a lint rule or a check",
    "checks": "list the guards there are",
    "check": "ask one guard, now, outside any run",
    "plan": "show what a run would do, and who must approve it",
    "preflight": "look at everything that would stop a run, before it opens",
    "run": "step through a runbook",
    "resume": "take up a run that waits, was stopped or was interrupted",
    "rollback": "take back what a run has done",
    "takeover": "go on with a run whose operator cannot; list and end what it left on the servers",
    "abort": "end a run that shall not go on",
    "resolve": "settle a step whose outcome nobody knows",
    "review": "look at what waits for a second person, and decide",
    "approve": "sign a step of a run",
    "reject": "refuse a step of a run, with a reason",
    "break-glass": "go on without the second person, in the open",
    "post-review": "look afterwards at a run that broke the glass",
    "waive": "accept a finding that closed a gate, by name and for a time",
    "answer": "answer a written question of a run",
    "export": "write a waiting step as text for somebody who shares no journal",
    "import": "take in a decision that came as text",
    "withdraw": "take an approval back before the step starts",
    "note": "add a remark to a run",
    "runs": "list the runs",
    "status": "tell who waits for whom",
    "notify": "tell people what they are waited for, beside the runs that wait",
    "show": "show a run's timeline",
    "report": "write a run's report",
    "verify": "prove that the journal is whole and signed by whom it says",
    "journal": "install and fill a team's journal; keep a journal's head elsewhere",
    "demo": "live through an incident on a throwaway PostgreSQL, without shisa and with it",
}
"""Command → what it does; the module of the same name in this package holds it."""

_INTERRUPTED = 130
_NOBODY_READS = 141
"""What a shell gives for SIGPIPE: not 0, for whoever reads it was not told the result."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give the process's exit code (DESIGN §5)."""
    words = list(sys.argv[1:] if argv is None else argv)
    if argv is None:
        _end_as_by_ctrl_c()
    if words in (["--version"], ["-V"]):
        sys.stdout.write(f"shisa {__version__}\n")
        return 0
    try:
        _own_checks()
        code = _dispatch(words)
        sys.stdout.flush()  # here, where a reader that is gone is told from success
    except ShisaError as error:
        from runner.cli.common import say

        say(f"shisa: {error.message}" + (f"\n  hint: {error.hint}" if error.hint else ""))
        return error.exit_code
    except (KeyboardInterrupt, EOFError):  # Ctrl-C, or Ctrl-D at a question that nobody else takes
        sys.stderr.write("shisa: interrupted\n")
        return _INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return _NOBODY_READS
    return code


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in {"-h", "--help", "help"}:
        sys.stdout.write(_overview())
        return 0 if words else 2
    name = words[0]
    if name not in COMMANDS:
        import difflib

        near = difflib.get_close_matches(name, COMMANDS, 1)
        hint = f"did you mean `shisa {near[0]}`?" if near else "`shisa --help` lists the commands"
        raise UsageError(f"there is no command {name!r}", hint=hint)
    module = module_of(name)
    code: int = module.run(parser_of(name, module).parse_args(words[1:]))
    return code


def module_of(name: str) -> Any:
    """Load the module that serves a command; a name that Python keeps for itself gets an underscore."""
    plain = name.replace("-", "_")
    return importlib.import_module(f"runner.cli.{plain}{'_' * keyword.iskeyword(plain)}")


def parser_of(name: str, module: Any) -> argparse.ArgumentParser:
    """Build a command's parser, its example at the end of its help."""
    from argparse import RawDescriptionHelpFormatter

    from runner.cli.parser import Parser

    parser = Parser(
        prog=f"shisa {name}",
        description=module.HELP,
        epilog=f"example:\n{module.EXAMPLE}",
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    return parser


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {what}" for name, what in COMMANDS.items()]
    return (
        "shisa: pre-operation safety checklist and runbook executor for PostgreSQL\n\n"
        "usage: shisa COMMAND [ARGUMENT …]   (shisa COMMAND --help tells more)\n\n"
        + "\n".join(lines)
        + "\n\nNew here? `shisa demo` shows in a minute what it is for.\n"
    )


def _end_as_by_ctrl_c() -> None:
    """Let SIGTERM and SIGHUP end a command as Ctrl-C does: a run notes that it stopped, a demo clears up."""
    for name in ("SIGTERM", "SIGHUP"):
        ending = getattr(signal, name, None)
        if ending is not None and signal.getsignal(ending) == signal.SIG_DFL:
            signal.signal(ending, signal.default_int_handler)


def _drop_output() -> None:
    """Send what is left to nowhere, so that closing the streams at the end does not fail once more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)


def _own_checks() -> None:
    """Make sure that the package ``checks`` is the one that came with this program, not a stranger of that name."""
    import checks
    import runner

    own = str(runner.__file__).rpartition("runner")[0]
    if not str(checks.__file__).startswith(own):
        raise ShisaError(
            f"another distribution's package `checks` hides ours: {checks.__file__}",
            hint="install shisa in an environment of its own: `uv tool install` or `pipx install`",
        )
