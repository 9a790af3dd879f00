"""What the team journal's refusals mean for the person whose run it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.errors import ApprovalError, GateClosedError, JournalError, RunEndedError, ShisaError

if TYPE_CHECKING:
    from psycopg import Error

_NOT_INSTALLED = {"3F000", "42P01", "42883"}
"""No schema, no table or no function of that name."""
_LATER = {"25006", "57P01", "57P02", "57P03", "57P05"}
"""A standby, a server that stops, starts or was ended: a fail-over may be under way, and another answers soon."""
_MEANINGS = {
    "42501": (
        "does not let this role in",
        "The journal's owner runs `shisa journal sync`, which lets the people of shisa.yaml read and write.",
    ),
    "55P03": (
        "is locked by another session for too long",
        "pg_locks on shisa.head names its pid, pg_stat_activity its role; pg_terminate_backend(pid) ends it.",
    ),
    "25006": ("answers from a standby, which takes no line", "Point `journal:` at the primary."),
    "53100": ("cannot grow: its server's disk is full", "Free some space there, then `shisa resume` the run."),
}


class LateError(ShisaError):
    """The line ``seq`` took the run over before this one came."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"line {seq} took the run over")
        self.seq = seq


def passes(error: Error) -> bool:
    """Tell whether the same question may be answered by another connection in a moment."""
    import psycopg

    lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and error.sqlstate is None
    return lost or (error.sqlstate or "") in _LATER


def worded(where: str, error: Error) -> ShisaError:
    """Say in one sentence why the team journal refuses; its own reasons keep their kind."""
    state = error.sqlstate or ""
    message, hint = error.diag.message_primary or str(error), error.diag.message_hint or None
    kinds: dict[str, type[ShisaError]] = {"SHA": ApprovalError, "SHG": GateClosedError}
    own = kinds.get(state[:3])
    if own is not None:
        return own(message, hint=hint)
    if state == "SHT00":
        return LateError(int(error.diag.message_detail or 0))
    if state == "SHE00":
        return RunEndedError(message)
    if state.startswith("SHJ"):
        return JournalError(f"The team journal refuses: {message}.", hint=hint)
    if state in _NOT_INSTALLED:
        return JournalError(
            f"The team journal at {where} is not installed, or is of another version of shisa.",
            hint="Its owner runs `shisa journal init`.",
        )
    meaning, hint = _MEANINGS.get(state, (f"cannot be used: {message}", "Look at the journal's server."))
    return JournalError(f"The team journal at {where} {meaning}.", hint=hint)
