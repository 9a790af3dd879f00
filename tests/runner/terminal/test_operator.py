"""The operator at the terminal, as the engine asks."""

import dataclasses
import io

import msgspec
import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console

from checks.base import Remedy
from runner.engine.ports import ClosedGate, Offer, StepView
from runner.terminal.operator import TerminalOperator
from runner.terminal.prompts import Prompter
from tests.fixtures.sample_run import REQUEST, RESTORE, RUN, entered, records

MANUAL = entered({"title": "Write in the channel", "manual": "Write."}, kind="manual")
OFFERS = [
    Offer("sequence-drift", "a_seq", Remedy("Keep the sequence.", {"restore.sequences": "keep"}, ({"sequences": {}},))),
    Offer("sequence-drift", "b_seq", Remedy("Raise it.")),
]


@pytest.fixture
def operator():
    """Builds an operator who types the given keys; ``said`` is what stood on the console."""
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):

        def typing(keys):
            pipe.send_text(keys)
            console = Console(record=True, width=100, file=io.StringIO())
            return TerminalOperator(console, Prompter(pipe, DummyOutput()))

        yield typing


def view(body, *, may_skip=False):
    return StepView(RUN, "restore", body, may_skip)


@pytest.mark.parametrize(
    ("body", "may_skip", "keys", "answer"),
    [
        (MANUAL, True, "go\r", "go"),
        (MANUAL, True, "skip\r", "skip"),
        (MANUAL, False, "stop\r", "stop"),
        (MANUAL, True, "\x04", "stop"),
        (RESTORE, False, "restore\r", "go"),
        (RESTORE, False, "go\r", "stop"),
        (RESTORE, False, "\r", "stop"),
        (RESTORE, False, "\x04", "stop"),
    ],
)
def test_a_destructive_step_is_started_by_its_name_and_any_other_by_go(body, may_skip, keys, answer, operator):
    assert operator(keys).go(view(body, may_skip=may_skip)) == answer


def test_skipping_is_not_offered_where_the_engine_forbids_it(operator):
    with pytest.raises(KeyboardInterrupt):
        operator("skip\r\x03").go(view(MANUAL, may_skip=False))


@pytest.mark.parametrize(("keys", "answer"), [("done\r", "done"), ("stop\r", "stop"), ("\x04", "stop")])
def test_a_manual_step_is_done_only_when_said_so(keys, answer, operator):
    assert operator(keys).done(view(MANUAL)) == answer


def test_a_skip_needs_a_reason(operator):
    assert operator("nobody to tell\r").reason(view(MANUAL)) == "nobody to tell"
    with pytest.raises(EOFError):
        operator("\x04").reason(view(MANUAL))


@pytest.mark.parametrize(
    ("keys", "chosen"),
    [
        ("remedy1\r", OFFERS[0]),
        ("remedy2\r", OFFERS[1]),
        ("a\r", "again"),
        ("stop\r", "stop"),
        ("\x04", "stop"),
    ],
)
def test_at_a_closed_gate_one_measures_again_or_takes_a_remedy_over_by_its_name(keys, chosen, operator):
    assert operator(keys).closed(ClosedGate(view(RESTORE), OFFERS)) == chosen


def test_waiting_is_offered_only_where_somebody_may_waive(operator):
    with pytest.raises(KeyboardInterrupt):
        operator("wait\r\x03").closed(ClosedGate(view(RESTORE), OFFERS))


def test_the_operator_sees_what_the_run_waits_for_and_each_event(operator):
    person = operator("")
    person.waiting(view(RESTORE), REQUEST)
    person.observe(records()[0])
    person.tell("100 rows so far")
    said = person.console.export_text()
    assert "restore waits for approval under cross-review, until 2026-11-24 00:02:50 UTC." in said
    assert f"The reviewer runs: shisa review {RUN}" in said
    assert "opened by alice on ops-1" in said
    assert "100 rows so far" in said


def test_a_step_of_an_earlier_terminal_is_shown_again_before_it_is_started_and_one_of_this_terminal_is_not(operator):
    resumed = operator("restore\r")
    resumed.go(view(RESTORE))
    assert resumed.console.export_text().count("destructive") == 1

    begun = operator("restore\r")
    begun.observe(next(each for each in records() if each.step == "restore" and each.body == RESTORE))
    assert begun.console.export_text(clear=False).count("destructive") == 1
    begun.go(view(RESTORE))
    assert begun.console.export_text().count("destructive") == 1


def test_what_a_person_does_by_hand_is_shown_again_after_a_resume(operator):
    resumed = operator("done\r")
    resumed.done(view(MANUAL))
    assert "Write." in resumed.console.export_text()


def test_an_operator_who_may_wait_for_a_waiver_sees_what_to_have_waived(operator):
    finding = {"object": "public.a b", "verdict": "block", "measured": {}}
    evidence = ({"check": "row-count", "verdict": "block", "findings": [finding]},)
    person = operator("stop\r")
    gate = ClosedGate(dataclasses.replace(view(RESTORE), evidence=evidence), teams=["dev"])
    assert person.closed(gate) == "stop"
    assert f"shisa waive {RUN} restore 'row-count:public.a b'" in person.console.export_text()


def test_an_operator_who_named_a_window_sees_which_one_was_understood(operator):
    window = {"not_before": "2026-11-24T02:00:00Z", "not_after": "2026-11-24T04:00:00Z"}
    person = operator("")
    person.waiting(view(RESTORE), msgspec.structs.replace(REQUEST, window=window))
    assert "may start from 2026-11-24 02:00:00 UTC to 2026-11-24 04:00:00 UTC" in person.console.export_text()
