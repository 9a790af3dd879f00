"""Every cheat of cheats.yaml is refused by a real server, for its own reason, and leaves the journal whole."""

import re
from pathlib import Path

import psycopg
import pytest
import yaml

from tests.runner.journal.team.ground import ORDER, append, changed, told, write

CHEATS = yaml.safe_load((Path(__file__).parent / "cheats.yaml").read_text())


def attempt(connection, ground, each):
    if isinstance(each, str):
        connection.execute(each)
        return
    fields = dict(each)
    name = fields.pop("line")
    where = {key: fields.pop(key) for key in ("event", "run", "token", "seen") if key in fields}
    raw = fields.pop("raw", None)
    person, step, event, body = changed(told(ground), {name: fields})[name]
    append(connection, ground, (person, step, event, body if raw is None else raw), **where)


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat["cheat"])
def test_it_is_refused_for_its_reason(cheat, ground):
    names = [*ORDER[: ORDER.index(cheat["until"]) + 1], *cheat.get("besides", ())]
    write(ground, names, ago=cheat.get("ago", "0s"), **cheat.get("change", {}))
    cheating = ground.login(cheat["as"])
    for each in cheat.get("root", ()):
        ground.root.execute(each)
    try:
        for each in cheat["do"][:-1]:
            attempt(cheating, ground, each)
        with pytest.raises(psycopg.Error) as refusal:
            attempt(cheating, ground, cheat["do"][-1])
    finally:
        for each in cheat.get("undo", ()):
            ground.root.execute(each)
    assert re.search(cheat["refused"], refusal.value.diag.message_primary), refusal.value
    cheating.close()
    assert ground.lines() == len(names) + cheat.get("adds", 0)
    assert ground.broken() is None


def test_there_are_at_least_fifty():
    assert len({cheat["cheat"] for cheat in CHEATS}) == len(CHEATS) >= 50
