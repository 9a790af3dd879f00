"""What is left running on the server when a client program had to be ended: nothing, or somebody is told."""

from __future__ import annotations

from runner.errors import ShisaError
from runner.postgres.clients import end_backends
from runner.steps.base import Effect


def why(stopped: BaseException) -> str:
    """Say in one sentence why a program was ended."""
    return stopped.message if isinstance(stopped, ShisaError) else "interrupted by the operator"


def end_on_server(effect: Effect) -> str:
    """End what runs on the server for a program that was ended; say whether all of it is gone."""
    try:
        with effect.connect(purpose="end") as connection:
            gone = end_backends(connection, effect.application_name)
    except Exception as error:  # noqa: BLE001 - whatever hinders it, the operator must know that it may still run
        return f"the target cannot be reached ({type(error).__name__}); it may still be running on the server"
    return "nothing of it runs any more" if gone else "it may still be running on the server"
