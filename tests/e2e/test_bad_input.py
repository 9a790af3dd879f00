"""What cannot go well ends in one sentence, a hint and an exit code; the database stays as it was."""

from pathlib import Path

import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.e2e import books
from tests.e2e.stage import PURGE, Ran, Stage

GROUPS = yaml.safe_load(Path(__file__).with_name("bad_input.yaml").read_text())


def one_sentence(ran: Ran) -> str | None:
    """Say what is wrong with the way in which something was refused; None where nothing is."""
    if "Traceback" in ran.said:
        return "a traceback"
    if not ran.err.startswith("shisa: ") and "\nrun " not in ran.err:
        return "no sentence of ours"
    if len(ran.err.splitlines()) > 30:
        return "a wall of text"
    return None


def ask(stage: Stage, case: dict) -> list[str]:
    """Make a call that must be refused; what is wrong with the refusal."""
    dsn = make_conninfo(**conninfo_to_dict(stage.database.dsn))
    names = {"dsn": dsn, "user": conninfo_to_dict(dsn)["user"]}
    stage.runbook(getattr(books, case["book"]) if "book" in case else case.get("file", PURGE))
    stage.configure(**_filled(case.get("config", {}), names))
    before = stage.events()
    words = case.get("call") or ["run", "purge.yaml", "--detach", "--answers", str(stage.answers(**{"*": "go"}))]
    ran = stage.shisa("alice", *words)
    wrong = [] if (odd := one_sentence(ran)) is None else [odd]
    if ran.code != case["code"]:
        wrong.append(f"exit code {ran.code} instead of {case['code']}")
    at = 0
    for text in (text.format(**names) for text in case["says"]):
        found = " ".join(ran.err.split()).find(text, at)
        wrong += [f"it does not say {text!r}"] if found < 0 else []
        at = max(at, found)
    if (written := stage.events()[len(before) :]) != case.get("journal", []):
        wrong.append(f"the journal says {written}")
    return [f"{case['name']}: {each}\n{ran.said}" for each in wrong]


def _filled(value, names):
    if isinstance(value, dict):
        return {key: _filled(each, names) for key, each in value.items()}
    return value.format(**names) if isinstance(value, str) else value


@pytest.mark.parametrize("group", GROUPS)
def test_what_cannot_go_well_is_said_in_one_sentence_and_changes_nothing(stage, group):
    digest = stage.digest()
    wrong = [each for case in GROUPS[group] for each in ask(stage, case)]
    assert not wrong, "\n".join(wrong)
    assert stage.digest() == digest
