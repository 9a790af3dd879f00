"""What people sign: in-toto statements in canonical JSON, each bound to one run and to the journal's head.

A statement is never taken at its word. It is built again from what the journal holds, with the few facts that only
its signer could know, and must come out the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from runner.canonical import NotCanonicalError, canonical, digest, parse_canonical
from runner.journal.events import ApprovalRequested, QuestionAsked, RunHandedOver, RunOpened
from runner.journal.record import Head, Record

Decision = Literal["approve", "reject"]
_TYPE = "https://in-toto.io/Statement/v1"
CLOCK_SKEW = timedelta(seconds=30)
"""How far the clocks of who signs and of who receives it may be apart."""
_PREDICATE = "https://github.com/shisa-db/shisa/"


def approval_statement(
    request: ApprovalRequested,
    *,
    run: str,
    step: str,
    decision: Decision,
    person: str,
    as_team: str,
    at: str,
    head: Head,
    reviewer_policy_digest: str,
    attested: Mapping[str, Any],
    reason: str | None = None,
) -> str:
    """Build what a reviewer signs (namespace ``approval@shisa``): exactly this request, once, until its deadline.

    ``attested`` is what the reviewer read back or measured. ``reviewer_policy_digest`` is that of the reviewer's own
    shisa.yaml. Raises NotCanonicalError for attested values without one spelling.
    """
    predicate = (
        {
            "request": request.request,
            "run": run,
            "step": step,
            "target": request.target,
            "plan_digest": request.plan_digest,
            "policy_digest": request.policy_digest,
            "policies": list(request.policies),
            "envelope": digest(request.envelope),
            "window": request.window,
            "operator": request.operator,
            "not_after": request.not_after,
            "max_uses": request.max_uses,
            "decision": decision,
            "person": person,
            "as_team": as_team,
            "at": at,
            "reviewer_policy_digest": reviewer_policy_digest,
            "attested": dict(attested),
            "reason": reason,
            "journal": seen(head),
        }
        | _group(request)
        | ({"excluded": request.excluded} if request.excluded else {})
    )
    return build("approval", f"{run}/{step}", request.step_digest, predicate)


def answer_statement(
    asked: Record, *, choice: str, facts: str | None, person: str, as_team: str, at: str, head: Head
) -> str:
    """Build what somebody signs who answers a question (namespace ``answer@shisa``): this line that asks, no other."""
    question = asked_in(asked)
    text = {"team": question.team, "question": question.question, "choices": question.choices}
    predicate = {
        "run": asked.run,
        "step": asked.step,
        "asked": seen(Head(asked.seq, asked.hash)),
        "choice": choice,
        "facts": facts,
        "person": person,
        "as_team": as_team,
        "at": at,
        "journal": seen(head),
    }
    return build("answer", f"{asked.run}/{asked.step}", digest(text), predicate)


def asked_in(asked: Record) -> QuestionAsked:
    """Take the question out of the line that asks it."""
    if not isinstance(asked.body, QuestionAsked):
        raise TypeError(asked.body.name)
    return asked.body


def withdrawal_statement(request: str, *, run: str, step: str, reason: str, person: str, at: str, head: Head) -> str:
    """Build what somebody signs who takes their approval back (namespace ``approval@shisa``, a type of its own)."""
    predicate = {
        "request": request,
        "run": run,
        "step": step,
        "reason": reason,
        "person": person,
        "at": at,
        "journal": seen(head),
    }
    return build("withdrawal", f"{run}/{step}", digest(request), predicate)


def kind_of(text: str) -> str:
    """Tell what a statement is: ``approval``, ``answer``, ``withdrawal``, ``run``, or the event that its line is.

    Empty where it is none of ours.
    """
    try:
        value = parse_canonical(text.encode())
    except (NotCanonicalError, UnicodeEncodeError):
        return ""
    kind = value.get("predicateType") if isinstance(value, dict) else None
    found = str(kind).removeprefix(_PREDICATE).removesuffix("/v1")
    return found if kind == f"{_PREDICATE}{found}/v1" else ""


def opened_statement(opened: RunOpened, *, run: str, at: str, head: Head) -> str:
    """Build what the operator signs when a run begins (namespace ``run@shisa``)."""
    predicate = {
        "run": run,
        "state": "opened",
        "operator": opened.operator,
        "host": opened.host,
        "unattended": opened.unattended,
        "policy_digest": opened.policy_digest,
        "targets": [{"name": target.name, "fingerprint": target.fingerprint} for target in opened.targets],
        "files": [{"path": file.path, "sha256": file.sha256} for file in opened.files],
        "at": at,
        "journal": seen(head),
    }
    return build("run", run, opened.plan_digest, predicate)


def handed_statement(handed: RunHandedOver, *, run: str, at: str, head: Head) -> str:
    """Build what somebody signs who takes a run over (namespace ``run@shisa``); its subject is the journal's head."""
    predicate = {
        "run": run,
        "state": "handed over",
        "operator": handed.to_person,
        "before": handed.from_person,
        "host": handed.host,
        "reason": handed.reason,
        "ghosts": len(handed.ghosts),
        "at": at,
        "journal": seen(head),
    }
    return build("run", run, head.hash, predicate)


def closed_statement(*, run: str, state: str, reason: str | None, person: str, at: str, head: Head) -> str:
    """Build what the operator signs when a run ends (namespace ``run@shisa``); its subject is the journal's head."""
    predicate = {
        "run": run,
        "state": state,
        "reason": reason,
        "operator": person,
        "at": at,
        "journal": seen(head),
    }
    return build("run", run, head.hash, predicate)


def predicate_of(text: str) -> dict[str, Any]:
    """Read a statement's predicate; raises NotCanonicalError where the text is not a canonical statement."""
    try:
        value = parse_canonical(text.encode())
    except UnicodeEncodeError as error:
        message = "the statement is not Unicode text"
        raise NotCanonicalError(message) from error
    match value:
        case {"predicate": {"journal": {"seq": int(), "head": str()}, "at": str()} as predicate}:
            return dict(predicate)
    message = "the statement lacks its time or the journal's head"
    raise NotCanonicalError(message)


def head_in(predicate: Mapping[str, Any]) -> Head:
    """Tell the journal's head that a statement's signer saw."""
    return Head(predicate["journal"]["seq"], predicate["journal"]["head"])


def differences(text: str, expected: str) -> tuple[str, ...]:
    """Name the fields in which a statement, of which there is a predicate, differs from what it must be."""
    if text == expected:
        return ()
    said, due = _flat(parse_canonical(text.encode())), _flat(parse_canonical(expected.encode()))
    missing = object()
    return tuple(field for field in dict.fromkeys((*due, *said)) if said.get(field, missing) != due.get(field, missing))


def _group(request: ApprovalRequested) -> dict[str, Any]:
    """The steps of a group, each with its text and limits; nothing for a step alone."""
    if not request.parts:
        return {}
    parts = [
        {
            "step": part.step,
            "step_digest": part.step_digest,
            "policies": list(part.policies),
            "envelope": digest(part.envelope),
        }
        for part in request.parts
    ]
    return {"group": request.group, "steps": parts}


def build(kind: str, name: str, sha256: str, predicate: Mapping[str, Any]) -> str:
    """Put a predicate of ours into an in-toto statement about ``name`` and a digest."""
    return canonical(
        {
            "_type": _TYPE,
            "subject": [{"name": name, "digest": {"sha256": sha256}}],
            "predicateType": f"{_PREDICATE}{kind}/v1",
            "predicate": predicate,
        }
    ).decode()


def seen(head: Head) -> dict[str, Any]:
    """A journal's line as a statement names it, such as its head: who signs is a witness of it."""
    return {"seq": head.seq, "head": head.hash}


def _flat(statement: Mapping[str, Any]) -> dict[str, Any]:
    """Spread a statement for comparison: its predicate's fields, then everything else."""
    return {**statement["predicate"], **{key: value for key, value in statement.items() if key != "predicate"}}
