"""``command``: a program says whether the step may go on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from checks.base import Ask, CannotAskError, Check, Finding, Ran, Verdict, check, param

_SHOWN = 200
_NAGIOS = {0: Verdict.PASS, 1: Verdict.WARN, 2: Verdict.BLOCK}


@check("command", since=14, group="open", looks_at="programs")
class Command(Check[Ran]):
    """A program of your own says that the step may go on.

    ## Why it matters

    Not every danger is in the database: the load balancer still sends traffic, the deployment is running, the working
    copy is behind its upstream. A monitoring plug-in that exists already can be the guard.

    ## When it blocks

    The program ends with another exit code than `exit_code`, or its output does not match `stdout`, a regular
    expression. With `nagios: true` the codes of monitoring plug-ins hold: 0 passes, 1 warns, 2 blocks, everything else
    is unknown. A program that cannot be started or takes longer than `limit` is unknown.

    ## What to do

    What its output says, which stands in the evidence. Mend what it names and ask again.

    ## What it cannot see

    What the program does beside answering: it runs with the operator's rights on the operator's machine, so it must
    only look. Its output is shown cut short and is journaled: let it print no secret.
    """

    argv: tuple[str, ...] = param("The program and its arguments; no shell is between.")
    exit_code: int = param("Exit code that passes.", default=0, minimum=0)
    stdout: str | None = param("Regular expression that its output must match somewhere.", default=None)
    nagios: bool = param("Whether exit codes are those of monitoring plug-ins.", default=False)
    limit: timedelta = param("How long it may take.", default=timedelta(seconds=30))

    def gather(self, ask: Ask) -> Ran:
        """Run it."""
        if not self.argv:
            raise CannotAskError("no program was named")
        try:
            re.compile(self.stdout or "")
        except re.error as error:
            raise CannotAskError(f"stdout is no regular expression: {error}") from None
        return ask.run(self.argv, limit=self.limit)

    def looked_at(self, facts: Ran) -> int:
        """One program."""
        return 1

    def judge(self, facts: Ran) -> Iterator[Finding]:
        """Judge how it ended and what it said."""
        told = " ".join((facts.stdout.strip() or facts.stderr.strip() or "nothing").split())[:_SHOWN]
        name = self.argv[0]
        measured = {"exit_code": facts.exit_code, "output": told}
        bound = {"exit_code": self.exit_code} if self.stdout is None else {"stdout": self.stdout}
        if self.nagios:
            verdict = _NAGIOS.get(facts.exit_code, Verdict.UNKNOWN)
            yield Finding(
                name, verdict, f"{name} says {verdict} (exit code {facts.exit_code}): {told}", measured, bound
            )
        elif facts.exit_code != self.exit_code:
            message = f"{name} ended with exit code {facts.exit_code}, not {self.exit_code}, and said: {told}"
            yield Finding(name, Verdict.BLOCK, message, measured, bound)
        elif self.stdout is not None and re.search(self.stdout, facts.stdout) is None:
            message = f"The output of {name} does not match {self.stdout!r}; it said: {told}"
            yield Finding(name, Verdict.BLOCK, message, measured, bound)
        else:
            yield Finding(name, Verdict.PASS, f"{name} ended as expected and said: {told}", measured, bound)
