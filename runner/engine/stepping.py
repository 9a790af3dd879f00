"""Step through a run: ask what is next, do it, write it down, until it ends or must wait."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Literal, assert_never

from runner.engine.effect import act, last_look, looping, retrying, rolling
from runner.engine.effect.enter import enter
from runner.engine.effect.settle import settle
from runner.engine.effect.stopping import Interrupted, Signals, by_interrupt, in_words
from runner.engine.fold.next_action import (
    Action,
    AskGuards,
    AskQuestion,
    Await,
    AwaitAnswer,
    AwaitWindow,
    Blocked,
    Close,
    EndLoop,
    Enter,
    Expand,
    Failed,
    Rebind,
    Refused,
    RequestApproval,
    Retry,
    Settle,
    Start,
    next_action,
)
from runner.engine.guard import gate
from runner.engine.people import approval, questions, waiting
from runner.engine.people.groups import groups
from runner.engine.ports import AtTheGate, ClosedGate, Offer
from runner.engine.session import Session
from runner.engine.target import rebinding
from runner.errors import (
    ApprovalError,
    ConnectError,
    GateClosedError,
    OutcomeUnknownError,
    RunbookError,
    RunEndedError,
    RunTakenError,
    UsageError,
)
from runner.journal import turns
from runner.journal.events import RunPaused

EXIT = {
    "completed": 0,
    "blocked": 1,
    "failed": 3,
    "rejected": 4,
    "stopped": 5,
    "waiting": 6,
    "unknown": 7,
    "aborted": 5,
    "rolled-back": 3,
    "rollback-failed": 9,
    "taken": 5,
}
"""Exit code of a run by the state in which the program leaves it (DESIGN §5)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Ending:
    """How the program lets go of a run."""

    state: str
    reason: str
    hint: str | None = None
    """What the operator can do about it, where the cause knows better than the state."""
    standing: tuple[str, ...] = ()
    """After a rollback: what is in place, what is not, and whom to wake."""

    @property
    def exit_code(self) -> int:
        """The process's exit code."""
        return EXIT[self.state]


def step_through(session: Session, *, back: bool = False) -> Ending:
    """Work on a run until it is completed, or until something or somebody is needed; ``back`` takes it back.

    Raises UsageError where it cannot be taken back.
    """
    try:
        return _carry_out(session, back=back)
    except RunTakenError as error:
        return Ending("taken", error.message, error.hint)
    except RunEndedError as error:
        closed = session.state.closed
        own = closed is not None and closed.state in {"completed", "rolled-back"}
        return _at_its_end(session) if own else Ending("aborted", error.message, error.hint)
    finally:
        with Signals().noted():
            session.let_go()


def _carry_out(session: Session, *, back: bool) -> Ending:
    try:
        return _work(session, back=back)
    except (KeyboardInterrupt, EOFError) as error:
        with Signals().noted():  # a closed terminal sends more than one
            return _interrupted(session, str(error) or "interrupted by the operator")
    except GateClosedError as error:
        return pause(session, "blocked", error.message, error.hint, error.guard)
    except (RunbookError, ConnectError) as error:
        return pause(session, "blocked", error.message, error.hint)
    except ApprovalError as error:
        return pause(session, "rejected", error.message, error.hint)


def _work(session: Session, *, back: bool) -> Ending:
    heard = session.signals.take()
    if heard is not None:
        raise Interrupted(in_words(heard))
    ending = _begin_rollback(session) if back and session.state.rollback is None else None
    looked = False
    seen = session.state.last_seq
    while ending is None:
        if session.state.last_seq == seen:  # else the run's own last line has told what others wrote before it
            session.refresh()
        seen = session.state.last_seq
        closed = session.state.closed
        if closed is not None:
            raise turns.ended(closed.state)
        action = _next(session)
        if not looked and session.state.rollback is None and not isinstance(action, Settle | Rebind | Failed | Close):
            last_look.refuse_changed(session)  # before anybody is asked; what was begun is settled all the same
            looked = True
        ending = _performed(session, action)
    return ending


def _performed(session: Session, action: Action) -> Ending | None:
    """Do one action, as often as the operator wants where something is in its way that may be mended meanwhile."""
    try:
        return perform(session, action)
    except Exception as error:
        if by_interrupt(error):
            raise Interrupted("interrupted by the operator") from error
        if not isinstance(error, GateClosedError | ConnectError):
            raise
        if not isinstance(action, Start | Retry | Rebind) or _next(session) != action:
            raise
        told = isinstance(error, GateClosedError) and error.guard is not None
        gate_ = ClosedGate(gate.view(session, action.path), why=None if told else error.message)
        if _asked_at(session, gate_) == "stop":
            raise
        return None


def _interrupted(session: Session, reason: str) -> Ending:
    """Leave a run that was broken off; what nobody knows the outcome of is found out when it is resumed.

    Raises RunEndedError where it has come to its end all the same.
    """
    session.refresh()
    if session.state.closed is not None:
        raise turns.ended(session.state.closed.state)
    unknown = [path for path, step in session.state.steps.items() if step.outcome == "unknown"]
    if not unknown:
        return pause(session, "stopped", reason)
    return pause(session, "unknown", reason, f"`shisa resume {session.run}` finds out what became of {unknown[0]}")


def _next(session: Session) -> Action:
    looked_at: list[str] = []  # what is to be done may lie ahead of the last one, in its group

    def ahead() -> Iterator[str]:
        for path in session.ahead():
            looked_at[:] = [path]
            yield path

    action = next_action(session.state, ahead(), session.requests(), groups(session))
    for path in looked_at:
        session.frontier.reach(session.plan, path)
    return action


def _begin_rollback(session: Session) -> Ending | None:
    try:
        begun = rolling.begin(session)
    except OutcomeUnknownError as error:
        return pause(session, "unknown", error.message, error.hint)
    except UsageError as error:
        pause(session, "stopped", f"it cannot be taken back: {error.message}")
        raise
    return None if begun else pause(session, "stopped", "the operator left the run as it is")


def perform(session: Session, action: Action) -> Ending | None:  # noqa: C901, PLR0911, PLR0912 - a case an action
    """Do one action; an ending where the program must let go."""
    match action:
        case Enter(path):
            enter(session, path)
        case Expand(path):
            looping.expand(session, path)
        case EndLoop(path):
            looping.end(session, path)
        case AskQuestion(path):
            questions.ask(session, path)
        case AwaitAnswer(path):
            if not questions.wait(session, path):
                return pause(session, "waiting", f"{path} waits for an answer")
        case AskGuards(path, moment):
            gate.ask(session, path, moment)
        case Blocked(path, moment):
            return _blocked(session, path, moment)
        case RequestApproval(path):
            approval.request(session, path, groups(session).get(path, ()))
        case Await(path):
            if not waiting.for_approval(session, path):
                return pause(session, "waiting", f"{path} waits for a second person")
        case AwaitWindow(path):
            if not waiting.for_window(session, path):
                return pause(session, "waiting", f"{path} is approved, and its window has not begun")
        case Refused(path, reason, expired):
            if expired:
                approval.expire(session, path, reason)
            return pause(session, "rejected", f"{path}: {reason}")
        case Start(path):
            if not act.start(session, path):
                return pause(session, "stopped", f"the operator stopped before {path}")
        case Retry(path):
            if not retrying.again(session, path):
                return _failed(session, path)
        case Failed(path):
            return _failed(session, path)
        case Settle(path):
            return _settle(session, path)
        case Rebind(path):
            rebinding.rebind(session, path)
        case Close("rolled-back"):
            session.close("rolled-back", f"taken back: {', '.join(session.state.rollback or ())}")
            return _at_its_end(session)
        case Close():
            session.close("completed")
            return _at_its_end(session)
        case _ as never:
            assert_never(never)
    return None


def _at_its_end(session: Session) -> Ending:
    if session.state.rollback is None:
        return Ending("completed", "every step is done")
    return Ending("rolled-back", "the run is taken back", standing=tuple(rolling.standing(session)))


def pause(session: Session, state: str, reason: str, hint: str | None = None, guard: str | None = None) -> Ending:
    """Journal why the program lets go of a run that can be resumed."""
    if session.state.rollback is not None and state in {"blocked", "failed", "rejected"}:
        state = "rollback-failed"
    session.append(RunPaused(state=state, reason=reason, guard=guard))  # type: ignore[arg-type]
    standing = tuple(rolling.standing(session)) if state == "rollback-failed" else ()
    return Ending(state, reason, hint, standing)


def _failed(session: Session, path: str) -> Ending | None:
    step = session.state.step(path)
    reason = f"{path}: {step.ended.message if step.ended else 'not done'}"
    if step.outcome == "failed" and rolling.offer(session, reason):
        return None
    return pause(session, "stopped" if step.outcome == "cancelled" else "failed", reason)


def _blocked(session: Session, path: str, moment: Literal["before", "after"]) -> Ending | None:
    before = moment == "before"
    teams = gate.may_waive(session, path) if before and not session.detach else ()
    offers = gate.offers(session, path) if before else ()
    match _asked_at(session, ClosedGate(gate.view(session, path), offers, teams)):
        case Offer() as chosen:
            gate.take_over(session, path, chosen)
        case "again":
            gate.ask(session, path, moment)
        case "wait":
            waiting.for_waiver(session, path)
            gate.ask(session, path, moment)
        case "stop":
            error = gate.refuse_closed(path, gate.view(session, path).evidence)
            return pause(session, "blocked", error.message, error.hint, error.guard)
        case _ as never:
            assert_never(never)
    return None


def _asked_at(session: Session, closed: ClosedGate) -> AtTheGate:
    """Ask the operator at a closed gate; one who does not wait for anybody does not wait for a cause to go away."""
    return "stop" if session.detach and not closed.offers else session.operator.closed(closed)


def _settle(session: Session, path: str) -> Ending | None:
    why = settle(session, path)
    return None if why is None else pause(session, "unknown", f"{path}: {why}")
