"""Bring in the third-party checks that a configuration names, before a runbook is read with them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from runner.errors import ConfigError

if TYPE_CHECKING:
    from checks.plugins import Plugin
    from runner.config.model import Config


def use_plugins(config: Config | None) -> tuple[Plugin, ...]:
    """Put the checks that ``config`` names beside the built-in ones, and no others.

    Raises ConfigError where one of them cannot be used.
    """
    wanted = () if config is None else config.checks
    if not wanted and "checks.plugins" not in sys.modules:
        return ()
    from checks import plugins

    try:
        return plugins.use(wanted)
    except plugins.PluginError as error:
        raise ConfigError(f"shisa.yaml: {error.message}", hint=error.hint) from error


def plugins_in_use() -> tuple[Plugin, ...]:
    """Tell which third-party checks are there now; none without importing anything."""
    if "checks.plugins" not in sys.modules:
        return ()
    from checks import plugins

    return plugins.used()
