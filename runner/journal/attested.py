"""What a reviewer attested beside their signature, in a few words for timelines and reports."""

from __future__ import annotations

from typing import Any

from runner.canonical import NotCanonicalError, parse_canonical
from runner.figures import duration


def attested_in(statement: str) -> dict[str, Any]:
    """Read what the signer of a decision attested; nothing where the statement is none."""
    try:
        value = parse_canonical(statement.encode())
    except (NotCanonicalError, UnicodeEncodeError):
        return {}
    predicate = value.get("predicate") if isinstance(value, dict) else None
    found = predicate.get("attested") if isinstance(predicate, dict) else None
    return found if isinstance(found, dict) else {}


def told(statement: str) -> str:
    """Say how somebody looked before they signed: whether for themselves, and for how long; empty where unknown."""
    found = attested_in(statement)
    look, looked, wrong = found.get("look"), found.get("looked_ms"), found.get("wrong_answers")
    parts = [look] if look in {"independent", "primed"} else []
    if isinstance(looked, int):
        parts.append(f"looked for {duration(looked)}")
    if isinstance(wrong, int) and wrong:
        parts.append(f"{wrong} wrong answer{'s' * (wrong != 1)} when reading back")
    return "".join(f", {part}" for part in parts)
