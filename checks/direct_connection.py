"""``direct-connection``: nothing stands between this program and the server that shares sessions."""

from __future__ import annotations

from collections.abc import Iterator

from checks.base import Ask, Check, Finding, SessionFacts, Verdict, check


@check("direct-connection", since=14, group="target and backup", looks_at="transactions")
class DirectConnection(Check[SessionFacts]):
    """The connection is one session of the server, not a pooler's.

    ## Why it matters

    A pooler in transaction mode gives each transaction another session: a lock_timeout that was SET is gone, or stays
    behind for a stranger; an advisory lock is held by nobody one can name; what a step set up is not there in the next.

    ## When it blocks

    Another server process answers than the one announced when the connection was made, the process changes from
    transaction to transaction, or a setting of the session gets lost.

    ## What to do

    Point the target at the server itself, past PgBouncer and its like. A pooler in session mode announces itself in
    the same way; accept it by name in shisa.yaml if you are sure of its mode.

    ## What it cannot see

    Which pooler it is, and its mode. Proxies that hand on bytes (HAProxy, a tunnel) keep the session whole and are not
    told. Where no process was announced, it is unknown.
    """

    def gather(self, ask: Ask) -> SessionFacts:
        """Watch several transactions."""
        return ask.session_facts()

    def looked_at(self, facts: SessionFacts) -> int:
        """Count the transactions."""
        return len(facts.pids)

    def judge(self, facts: SessionFacts) -> Iterator[Finding]:
        """A direct connection is answered by the process that was announced, with its state."""
        seen = sorted(set(facts.pids))
        measured = {"announced_pid": facts.told_pid, "pids": seen, "state_kept": facts.kept}
        bound = {"pids": [facts.told_pid], "state_kept": True}
        if len(seen) > 1 or not facts.kept:
            why = f"{len(seen)} server processes answered" if len(seen) > 1 else "a setting of the session was lost"
            message = (
                f"Over {len(facts.pids)} transactions {why}: a pooler shares sessions, so no SET and no lock holds."
            )
            yield Finding("connection", Verdict.BLOCK, message, measured, bound)
        elif facts.told_pid is None:
            message = "No server process was announced, so nobody can tell whether a pooler stands in between."
            yield Finding("connection", Verdict.UNKNOWN, message, measured, bound)
        elif seen != [facts.told_pid]:
            message = (
                f"Process {seen[0]} answers, and {facts.told_pid} was announced: a pooler stands in between, and may "
                "give the session to somebody else after each transaction."
            )
            yield Finding("connection", Verdict.BLOCK, message, measured, bound)
        else:
            message = f"Process {facts.told_pid} was announced and answered {len(facts.pids)} transactions."
            yield Finding("connection", Verdict.PASS, message, measured, bound)
