"""A parameter is pasted into a shell line.

## What it does
Reports a template inside `argv` of a command with `shell: true`, or in the line given to `sh -c`.

## Why is it bad
A value with a quote or a semicolon in it becomes a command of its own.

## Example
```yaml
command: {argv: "gzip {{ backup }}", shell: true}
```

## Use instead
```yaml
command: [gzip, "{{ backup }}"]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.document import Path
from runner.runbook.lint.book import Book, StepView
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule
from runner.runbook.model import Command
from runner.runbook.template import is_template

_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "/bin/sh", "/bin/bash", "/usr/bin/env"})


def judge(book: Book) -> Iterator[Flag]:
    """Report values that a shell would read."""
    for view in book.steps:
        for path, text in view.texts:
            if is_template(text) and path[0] == "command" and _shell_reads(view, path):
                hint = 'Give the value in env: and write "$NAME", or leave the shell out and list the arguments.'
                yield Flag((*view.path, *path), "a value would be read by a shell", hint)


def _shell_reads(view: StepView, path: Path) -> bool:
    command = view.step.command
    if isinstance(command, Command):
        if "argv" not in path:
            return False
        argv, shell = command.argv, command.shell
    else:
        argv, shell = command or (), False
    line_at = argv.index("-c") + 1 if isinstance(argv, tuple) and "-c" in argv else None
    in_line = line_at is not None and bool(argv) and argv[0] in _SHELLS and path[-1] == line_at
    return shell or in_line


RULE = Rule("shell-with-parameter", __doc__, judge)
