"""What people sign beside approvals: a waiver, a broken glass, the look at it afterwards.

Each signs its own journal line: the statement is built again from the line, and must come out the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec

from runner.canonical import NotCanonicalError, digest
from runner.clock import stamp
from runner.config.model import Person
from runner.errors import ApprovalError
from runner.journal.events import BreakglassOpened, BreakglassReviewed, WaiverGiven
from runner.journal.record import Head
from runner.review.keys import KeyRef
from runner.review.sshsig import APPROVAL, Refused, Signer, sign, verify
from runner.review.statement import CLOCK_SKEW, build, differences, head_in, kind_of, predicate_of, seen

Exceptional = WaiverGiven | BreakglassOpened | BreakglassReviewed
_SIGNATURE = {"statement", "signature"}


def exception_statement(body: Exceptional, *, run: str, step: str | None, person: str, at: str, head: Head) -> str:
    """Build what is signed (namespace ``approval@shisa``): everything that the journal's line says, and the head."""
    said = {name: value for name, value in msgspec.to_builtins(body).items() if name not in _SIGNATURE}
    if said.get("nth") == 1:  # as it was signed before guards of one check were told apart
        del said["nth"]
    predicate = {**said, "run": run, "step": step, "person": person, "at": at, "journal": seen(head)}
    return build(body.name, run if step is None else f"{run}/{step}", digest(said), predicate)


def signed(
    body: Exceptional,
    *,
    run: str,
    step: str | None,
    person: str,
    key: KeyRef,
    people: Mapping[str, Person],
    head: Head,
    now: datetime,
    excluded_keys: Collection[str] = (),
) -> Exceptional:
    """Sign it; raises ApprovalError where it would not count, with the reason."""
    at = stamp(now)
    statement = exception_statement(body, run=run, step=step, person=person, at=at, head=head)
    made = msgspec.structs.replace(body, statement=statement, signature=sign(key, APPROVAL, statement.encode()))
    found = signer_of(made, run=run, step=step, person=person, people=people, at=now, excluded_keys=excluded_keys)
    if isinstance(found, Refused):
        raise ApprovalError(f"this does not count: {found.reason}")
    return made


def rebuilt(statement: str, signature: str) -> WaiverGiven | BreakglassReviewed:
    """Build the line again that somebody has signed as a statement of its own; NotCanonicalError where there is none.

    Who signed it, and whether it counts, has yet to be judged.
    """
    kind: type[WaiverGiven | BreakglassReviewed] = (
        WaiverGiven if kind_of(statement) == WaiverGiven.name else BreakglassReviewed
    )
    said = predicate_of(statement)
    told = {each.name: said[each.name] for each in msgspec.structs.fields(kind) if each.name in said}
    try:
        return msgspec.convert({**told, "statement": statement, "signature": signature}, kind)
    except msgspec.ValidationError as error:
        raise NotCanonicalError(str(error)) from error


def signer_of(
    body: Exceptional,
    *,
    run: str,
    step: str | None,
    person: str,
    people: Mapping[str, Person],
    at: datetime,
    excluded_keys: Collection[str] = (),
) -> Signer | Refused:
    """Say who signed a line, or why its signature does not count; ``at`` is when it was received."""
    try:
        said: Mapping[str, Any] = predicate_of(body.statement)
        due = exception_statement(body, run=run, step=step, person=person, at=said["at"], head=head_in(said))
        when = datetime.fromisoformat(said["at"])
        if when > at + CLOCK_SKEW:
            return Refused(f"it was signed in the future ({said['at']}); look at the clocks of both machines")
    except (NotCanonicalError, KeyError, TypeError, ValueError) as error:
        return Refused(f"the statement is malformed ({error})")
    wrong = differences(body.statement, due)
    if wrong:
        return Refused(f"what was signed and what the line says differ in {', '.join(wrong)}")
    found = verify(body.signature, body.statement.encode(), namespace=APPROVAL, person=person, people=people, at=when)
    if isinstance(found, Signer) and found.fingerprint in excluded_keys:
        return Refused(f"the key {found.fingerprint} is the one that the operator signed with")
    return found
