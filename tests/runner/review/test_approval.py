import json
from datetime import timedelta
from pathlib import Path

import jsonschema_rs
import msgspec
import pytest
import yaml

from runner.canonical import canonical, digest, parse_canonical
from runner.config.model import Person
from runner.journal import events as ev
from runner.review import sshsig
from runner.review.approval import Counted, Request, event_of, verify_approval
from runner.review.sshsig import Refused
from tests.runner.review.people import HEAD, NOON, RUN, STEP, request, requested, stamp

PARTS = tuple(
    ev.Part(step=step, step_digest=digest(step), policies=("cross",), envelope={"guards": []}) for step in ("a", "b")
)
CASES = yaml.safe_load(Path(__file__).with_name("refusals.yaml").read_text(encoding="utf-8"))
SCHEMA = json.loads((Path(__file__).parents[3] / "schemas" / "approval.schema.json").read_text(encoding="utf-8"))


def receive(crew, signed, *, minutes=6, asked=None, **more):
    statement, signature = signed
    now = NOON + timedelta(minutes=minutes)
    return verify_approval(statement, signature, request(**asked or {}), people=crew.people, now=now, **more)


def roster(crew, case):
    if twin := case.get("twin"):
        return crew.with_people(**{twin[0]: Person(teams=("dev",), keys=crew.people[twin[1]].keys)})
    if moved := case.get("moved"):
        old = crew.people[moved[1]]
        new = Person(teams=old.teams, keys=(crew.keys["stranger"].public.line,))
        return crew.with_people(**{moved[0]: Person(teams=("dev",), keys=old.keys), moved[1]: new})
    if rekeyed := case.get("rekeyed"):
        new = Person(teams=crew.people[rekeyed].teams, keys=(crew.keys["stranger"].public.line,))
        return crew.with_people(**{rekeyed: new})
    return crew


def signed_by(crew, case):
    who, said = case.get("who", "bob"), dict(case.get("said", {}))
    changes = {key: tuple(v) if isinstance(v, list) else v for key, v in case.get("sign", {}).items()}
    statement, signature = crew.decide(who, case.get("team", "dev"), requested(**changes), **said)
    if "text" in case:
        old, new, *whole = case["text"]
        statement = whole[0] if whole else statement.replace(old, new)
        signature = crew.sign(who, statement)
    return statement, signature


@pytest.mark.parametrize("case", CASES, ids=[f"{case['threat']}: {case['name']}" for case in CASES])
def test_what_must_not_count_is_refused_for_its_reason(crew, case):
    found = receive(
        roster(crew, case),
        signed_by(crew, case),
        minutes=case.get("now_min", 6),
        asked=case.get("asked", {}),
        excluded_keys={crew.keys["alice"].public.fingerprint} if "moved" in case else (),
    )
    assert isinstance(found, Refused), found
    assert case["reason"] in found.reason


def test_a_decision_that_is_what_it_should_be_counts(crew, backend):
    found = receive(crew, crew.decide("bob", "dev", requested()))
    assert isinstance(found, Counted)
    assert (found.person, found.as_team, found.decision) == ("bob", "dev", "approve")
    assert (found.attested, found.head) == ({"target": "app", "rows": 12}, HEAD)


EDGES = {
    "half a minute ahead of the one who receives it": (6.5, 6),
    "half a minute before it was asked for": (-0.5, 6),
    "received at the very end": (6, 720),
}


@pytest.mark.parametrize(("signed", "received"), EDGES.values(), ids=EDGES)
def test_a_decision_counts_to_the_edge_of_its_time(crew, signed, received):
    said = crew.decide("bob", "dev", requested(), at=stamp(NOON + timedelta(minutes=signed)))
    assert isinstance(receive(crew, said, minutes=received), Counted)


def test_a_rejection_counts_and_keeps_its_reason(crew):
    signed = crew.decide("bob", "dev", requested(), decision="reject", reason="too late in the day")
    found = receive(crew, signed)
    event = event_of(found, request(), *signed)
    assert (event.name, event.reason, event.as_team) == ("approval.rejected", "too late in the day", "dev")
    bare = crew.decide("bob", "dev", requested(), decision="reject")
    assert event_of(receive(crew, bare), request(), *bare).reason == ""


def test_an_approval_becomes_the_journals_event(crew):
    signed = crew.decide("bob", "dev", requested())
    event = event_of(receive(crew, signed), request(), *signed)
    assert (event.name, event.statement, event.signature) == ("approval.given", *signed)


def test_no_byte_of_a_signed_statement_can_be_changed(crew, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    sshsig._refusal.cache_clear()
    statement, signature = crew.decide("bob", "dev", requested())
    for place in range(len(statement)):
        mutant = statement[:place] + chr(ord(statement[place]) ^ 1) + statement[place + 1 :]
        assert isinstance(receive(crew, (mutant, signature)), Refused), place


def test_the_statement_fits_its_schema_and_is_small_enough_to_paste(crew):
    validator = jsonschema_rs.validator_for(SCHEMA)
    statement, signature = crew.decide("bob", "dev", requested())
    value = parse_canonical(statement.encode())
    validator.validate(value)
    assert len(statement) + len(signature) < 2_000
    properties = set(SCHEMA["properties"]["predicate"]["properties"])
    assert set(SCHEMA["properties"]["predicate"]["required"]) == set(value["predicate"])
    group = parse_canonical(
        crew.decide("bob", "dev", requested(group="g", parts=PARTS, excluded={"dan": "wrote it"}))[0].encode()
    )
    validator.validate(group)
    assert properties == set(group["predicate"])
    windowed = requested(
        window={"not_before": "2026-11-24T02:00:00.000000Z", "not_after": "2026-11-24T04:00:00.000000Z"}
    )
    validator.validate(json.loads(crew.decide("bob", "dev", windowed, decision="reject", reason="no")[0]))
    value["predicate"]["max_uses"] = 0
    assert not validator.is_valid(value)


def test_the_statement_binds_the_step_and_the_envelope_by_their_digests(crew):
    value = json.loads(crew.decide("bob", "dev", requested())[0])
    assert value["subject"] == [{"name": "261123-abcdef/restore", "digest": {"sha256": digest("step")}}]
    assert value["predicate"]["envelope"] == digest({"rows": {"max": 5}})
    assert canonical(value).decode() == crew.decide("bob", "dev", requested())[0]


def test_a_request_is_about_its_own_step_or_all_steps_of_its_group():
    assert request().steps == (STEP,)
    assert request(group="g", parts=PARTS).steps == ("a", "b")


GROUPS = {
    "another step": {"step": "c"},
    "another text of a step": {"step_digest": digest("c")},
    "wider limits of a step": {"envelope": {"guards": [1]}},
}


@pytest.mark.parametrize("other", GROUPS)
def test_a_group_is_signed_with_every_step_in_it_and_for_no_other(crew, other):
    part = msgspec.structs.replace(PARTS[1], **GROUPS[other])
    asked = requested(group="g", parts=PARTS)
    statement, signature = crew.decide("bob", "dev", requested(group="g", parts=(PARTS[0], part)))
    now = NOON + timedelta(minutes=6)
    found = verify_approval(statement, signature, Request(RUN, STEP, stamp(NOON), asked), people=crew.people, now=now)
    assert found == Refused("it was signed for other steps of the group, or other texts of them, than are requested")
    alone = verify_approval(statement, signature, request(), people=crew.people, now=now)
    assert alone == Refused("it was signed for another group of steps than is requested")
