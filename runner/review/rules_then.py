"""The people and policies that were in force at an earlier moment: shisa.yaml as it was merged by then."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from runner.config.load import check, policy_digest
from runner.runbook.merged import merged
from runner.strict_yaml import parse

if TYPE_CHECKING:
    from datetime import datetime

    from runner.config.model import Config, Loaded
    from runner.review.afterwards import Then


def rules_then(today: Loaded) -> Then:
    """Find the rules of an earlier moment in the history of the branch that shisa.yaml is merged into.

    They count only where they have the digest that was signed: a file that was not merged by then never rules.
    """

    @functools.cache
    def then(digest: str, at: datetime) -> Config | None:
        whole = None if digest == today.digest else merged(today.path, before=at)
        config = None if whole is None else check(parse(whole.text.encode(), dates=True))[0]
        return config if config is not None and policy_digest(config) == digest else None

    return then
