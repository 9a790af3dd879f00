"""What a lint rule is: an id, a page, a severity, and a judgement over one runbook."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from runner.runbook.lint.book import Book
    from runner.runbook.lint.flag import Flag

Severity = Literal["error", "warning", "off"]

PAGES = "https://github.com/shisa-db/shisa/blob/main/docs/rules/"


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """A declared rule; without ``judge`` it is told by a layer below (YAML, schema, references, suppressions)."""

    id: str
    page: str
    """Markdown: one line, then What it does, Why is it bad, Example, Use instead."""
    judge: Callable[[Book], Iterable[Flag]] | None = None
    severity: Severity = "error"

    @property
    def title(self) -> str:
        """The page's first line."""
        return self.page.strip().splitlines()[0]

    @property
    def url(self) -> str:
        """Where the page can be read."""
        return f"{PAGES}{self.id}.md"
