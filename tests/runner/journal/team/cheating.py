"""Try one cheat, and say what went wrong with its refusal."""

import re
from collections.abc import Mapping
from typing import Any

import psycopg

from tests.runner.journal.team.ground import ORDER, Ground, append, changed, told, write


def outcome(cheat: Mapping[str, Any], ground: Ground) -> str:
    """Try it on an empty journal; empty where it was refused for its reason and nothing was added."""
    names = [*ORDER[: ORDER.index(cheat["until"]) + 1], *cheat.get("besides", ())]
    write(ground, names, ago=cheat.get("ago", "0s"), **cheat.get("change", {}))
    cheating = ground.login(cheat["as"])
    for each in cheat.get("root", ()):
        ground.root.execute(each)
    try:
        refusal = _refusal(cheat["do"], cheating, ground)
    finally:
        cheating.close()
        for each in cheat.get("undo", ()):
            ground.root.execute(each)
    if refusal is None:
        return "it was not refused"
    if not re.search(cheat["refused"], refusal):
        return f"it was refused for another reason: {refusal}"
    more = ground.lines() - len(names)
    return "" if more == cheat.get("adds", 0) else f"it added {more} lines"


def _refusal(acts: list[Any], cheating: psycopg.Connection, ground: Ground) -> str | None:
    for act in acts[:-1]:
        try:
            _attempt(cheating, ground, act)
        except psycopg.Error as error:
            return f"before it was tried: {error}"
    try:
        _attempt(cheating, ground, acts[-1])
    except psycopg.Error as error:
        return error.diag.message_primary or str(error)
    return None


def _attempt(connection: psycopg.Connection, ground: Ground, act: Any) -> None:
    if isinstance(act, str):
        connection.execute(act)
        return
    fields = dict(act)
    name = fields.pop("line")
    where = {key: fields.pop(key) for key in ("event", "run", "token", "seen") if key in fields}
    raw = fields.pop("raw", None)
    person, step, event, body = changed(told(ground), {name: fields})[name]
    append(connection, ground, (person, step, event, body if raw is None else raw), **where)
