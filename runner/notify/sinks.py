"""The ways out that shisa.yaml names: a program, and any number of webhooks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from runner.config.model import Loaded

Sink = Callable[[Mapping[str, Any]], str | None]
"""Sends one message; says why it could not, None where it was taken."""


def sinks_of(config: Loaded) -> dict[str, Sink]:
    """Give each sink by the name that it has in the journal."""
    from runner.notify import command, webhook

    notify = config.config.notify
    program: dict[str, Sink] = {"command": functools.partial(command.send, config)} if notify.command else {}
    return program | {f"webhook {hook.called}": functools.partial(webhook.send, hook) for hook in notify.webhook}
