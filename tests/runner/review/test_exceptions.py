"""What is signed beside approvals: whose signature on a waiver, a broken glass or a look at it counts."""

import json
from datetime import timedelta

import msgspec
import pytest

from runner.journal import events as ev
from runner.review.exceptions import exception_statement, rebuilt, signed, signer_of
from runner.review.sshsig import Refused, Signer
from tests.runner.review.people import HEAD, NOON, RUN, STEP, stamp

WAIVER = ev.WaiverGiven(check="c", object="o", reason="r", until="u", as_team="dev", statement="", signature="")


def made(crew, at=NOON):
    place = {"run": RUN, "step": STEP, "person": "bob"}
    return signed(WAIVER, **place, key=crew.keys["bob"], people=crew.people, head=HEAD, now=at)


def judged(crew, body, *, person="bob", **more):
    return signer_of(body, run=RUN, step=STEP, person=person, people=crew.people, at=NOON, **more)


def test_a_signature_counts_from_half_a_minute_ahead_and_not_from_more(crew):
    assert isinstance(judged(crew, made(crew, NOON + timedelta(seconds=30))), Signer)
    late = judged(crew, made(crew, NOON + timedelta(seconds=31)))
    assert isinstance(late, Refused)
    assert late.reason.startswith("it was signed in the future")


def test_a_key_of_an_operator_does_not_count_and_a_wrong_signature_is_told_as_what_it_is(crew):
    body, own = made(crew), crew.keys["bob"].public.fingerprint
    assert judged(crew, body, excluded_keys={own}) == Refused(f"the key {own} is the one that the operator signed with")
    assert isinstance(judged(crew, body, excluded_keys={"another"}), Signer)
    broken = msgspec.structs.replace(body, signature="x")
    assert judged(crew, broken, excluded_keys={own}) == Refused("that is not an armoured SSH signature")


@pytest.mark.parametrize(("step", "name"), [(None, RUN), (STEP, f"{RUN}/{STEP}")])
def test_what_is_signed_names_the_run_or_the_step_that_it_is_about(step, name):
    text = exception_statement(WAIVER, run=RUN, step=step, person="bob", at=stamp(NOON), head=HEAD)
    assert json.loads(text)["subject"][0]["name"] == name


def test_a_line_is_built_again_from_what_was_signed(crew):
    body = made(crew)
    assert rebuilt(body.statement, body.signature) == body
