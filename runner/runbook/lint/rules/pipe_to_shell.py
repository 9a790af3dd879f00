"""Something from the network is run without being looked at.

## What it does
Finds `curl … | sh`, `wget … | bash`, `bash <(curl …)` in commands and manual texts.

## Why is it bad
What is run is decided by whoever answers at that moment, not by the review.

## Example
```yaml
command: {argv: "curl -s https://example.com/fix.sh | sh", shell: true}
```

## Use instead
```yaml
command: [sh, tools/fix.sh]   # in the repository, reviewed
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule
from runner.runbook.model import Command

_PIPED = re.compile(
    r"\b(curl|wget|fetch)\b[^\n;&]*\|\s*(sudo\s+)?(ba|z|da|k)?sh\b|\b(ba|z)?sh\b\s+(-c\s+)?[\"']?[<$]\(\s*(curl|wget)\b"
)


def judge(book: Book) -> Iterator[Flag]:
    """Report downloads that go straight to a shell."""
    for view in book.steps:
        lines = [(path, text) for path, text in view.texts if "command" in path or "manual" in path]
        command = view.step.command
        argv = command.argv if isinstance(command, Command) else command
        whole = [(("command",), " ".join(argv))] if isinstance(argv, tuple) else []
        seen = False
        for path, text in (*lines, *whole):
            if not seen and _PIPED.search(text):
                seen = True
                hint = "Put the script into the repository, or check its sha256 first."
                yield Flag((*view.path, *path), "a download is run without being looked at", hint)


RULE = Rule("pipe-to-shell", __doc__, judge)
