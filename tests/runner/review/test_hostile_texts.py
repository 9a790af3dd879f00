"""Texts that strangers send: whatever stands in them, it counts, or it is refused in a sentence; nothing falls over."""

from __future__ import annotations

import argparse
import base64
import contextlib
import copy
import dataclasses
import functools
import hashlib
import io
import operator
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from runner.canonical import canonical, parse_canonical
from runner.cli.show import blocks
from runner.cli.sources import of_a_stranger
from runner.config.model import Loaded, Need
from runner.errors import ApprovalError, JournalError, UsageError
from runner.journal import events as ev
from runner.journal.chain import line_hash
from runner.journal.sqlite import SqliteJournal
from runner.report.summary import summary
from runner.review.bring_in import bring_in
from runner.review.exceptions import exception_statement
from runner.review.exchange import Decided, export_request, import_decision, import_request
from runner.review.packed import pack, unpack
from runner.review.requests import requests_of
from runner.review.sshsig import ANSWER, APPROVAL
from runner.review.statement import answer_statement, withdrawal_statement
from runner.review.waivers import waivers_of
from runner.terminal.paint import show
from tests.fixtures.sample_run import BLOCKED, drift
from tests.runner.review.people import POLICY_DIGEST, RUN, STEP, opened, requested, stamp

QUESTION = ev.QuestionAsked(team="dev", question="Is it quiet?", choices={"yes": "Nobody is in"})
ENTERED = ev.StepEntered(
    kind="manual", title="t", step_digest="d", rendered={}, destructive=True, policies=("cross",), target="live"
)
DRIFT = drift("block", BLOCKED, 50, "2026-11-23T12:02:31.500000Z")
BROKEN = ev.BreakglassOpened(reason="down", ticket="OPS-1", until="2099-01-01T00:00:00Z", skipped=("bob",))
AWKWARD = ["", "9999-12-31", "0001-01-01T00:00:00+14:00", "tomorrow", 1 << 64, -1]
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | WORDS | st.sampled_from(AWKWARD)
VALUES = st.recursive(
    SCALARS, lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text("abcz_", max_size=4), some, max_size=3)
)


def places(value, path=()):
    """Every place in a value, the outermost first."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from places(item, (*path, key))


@st.composite
def changed(draw, value):
    """Take something out of a value, or put something else in its place, wherever in it."""
    *outer, last = draw(st.sampled_from(list(places(value)))) or (None,)
    if last is None:
        return draw(VALUES)
    made = copy.deepcopy(value)
    within = functools.reduce(operator.getitem, outer, made)
    if draw(st.booleans()):
        del within[last]
    else:
        within[last] = draw(VALUES)
    return made


LINE = {"seq": 1, "at": "2026-11-23T12:00:00.000000Z", "person": "alice", "event": "note", "run": RUN, "step": None}
TEXT = {"run": RUN, "step": STEP, "seq": 1, "head": "0" * 64}
REQUEST = TEXT | {"lines": [LINE | {"body": '{"text":"t"}', "prev": "0" * 64, "hash": "0" * 64}]}


@st.composite
def armoured(draw):
    """What ``pack`` wrote of any value, or something else where its bytes should be."""
    kind = draw(st.sampled_from(["REQUEST", "DECISION"]))
    if draw(st.booleans()):
        return pack(kind, draw(VALUES | changed(REQUEST) | changed({"statement": "s", "signature": "s"})))
    raw = draw(st.binary() | st.binary().map(zlib.compress))
    total = hashlib.sha256(raw).hexdigest()[:16]
    return f"BEGIN SHISA {kind} {base64.b64encode(raw).decode()} sha256:{total} END SHISA {kind}"


@dataclasses.dataclass(frozen=True)
class Letterbox:
    """A run that waits for everything that can come as text, and what bob signed of it."""

    journal: SqliteJournal
    crew: object
    config: Loaded
    signed: dict[str, str]

    def take(self, statement: str, signature: str):
        return bring_in(self.journal, self.config, RUN, Decided(statement, signature), datetime.now(UTC))


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """Sign and verify in this process, as where there is no ssh-keygen."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PATH", str(tmp_path_factory.mktemp("empty")))
        yield


@pytest.fixture(scope="module")
def letterbox(crew, quick, tmp_path_factory):
    journal = SqliteJournal(tmp_path_factory.mktemp("letters") / "journal.db")
    policies = {"cross": msgspec.structs.replace(crew.config.policies["cross"], waive=(Need(team="dev", n=1),))}
    config = msgspec.structs.replace(crew.config, policies=policies)
    now = stamp(datetime.now(UTC))
    asked = requested(not_after=stamp(datetime.now(UTC) + timedelta(hours=1)))
    statement, signature = crew.decide("bob", "dev", asked, at=now, head=journal.head())
    given_ = ev.ApprovalGiven(request=asked.request, as_team="dev", statement=statement, signature=signature)
    broken = msgspec.structs.replace(BROKEN, request=asked.request)
    for body, step, person in (
        (opened(crew, journal.head(), now), None, "alice"),
        (ENTERED, STEP, "alice"),
        (ev.GuardsAsked(moment="before", verdict="block", evidence=(DRIFT,)), STEP, "alice"),
        (QUESTION, "ask", "alice"),
        (asked, STEP, "alice"),
        (broken, STEP, "carol"),
        (given_, STEP, "bob"),
    ):
        journal.append(body, run=RUN, step=step, person=person)
    question = next(line for line in journal.records() if isinstance(line.body, ev.QuestionAsked))
    head, place = journal.head(), {"run": RUN, "person": "bob", "at": now}
    waiver = ev.WaiverGiven(
        check="sql", object="a", reason="r", until=asked.not_after, target="live", as_team="dev", step_digest="d",
        policy_digest=POLICY_DIGEST, statement="", signature="",
    )  # fmt: skip
    look = ev.BreakglassReviewed(as_team="dev", policy_digest=POLICY_DIGEST, statement="", signature="")
    said = {"person": "bob", "as_team": "dev", "at": now, "head": head}
    signed = {
        "approval": crew.decide("bob", "dev", asked, at=now, head=head)[0],
        "rejection": crew.decide("bob", "dev", asked, at=now, head=head, decision="reject", reason="no")[0],
        "withdrawal": withdrawal_statement(asked.request, step=STEP, reason="oh", head=head, **place),
        "answer": answer_statement(question, choice="yes", facts=None, **said),
        "waiver": exception_statement(waiver, step=STEP, head=head, **place),
        "look": exception_statement(look, step=None, head=head, **place),
    }
    yield Letterbox(journal, crew, Loaded(config=config, path=Path("shisa.yaml"), digest=POLICY_DIGEST), signed)
    journal.close()


@pytest.mark.parametrize("kind", ["approval", "rejection", "withdrawal", "answer", "waiver", "look"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_somebody_has_signed_counts_or_is_refused_in_a_sentence(letterbox, kind, data):
    said = data.draw(changed(parse_canonical(letterbox.signed[kind].encode())))
    statement = canonical(said).decode()
    signature = letterbox.crew.sign("bob", statement, ANSWER if kind == "answer" else APPROVAL)
    with contextlib.suppress(ApprovalError, UsageError):
        letterbox.take(statement, signature)


@pytest.mark.parametrize("read", [import_decision, import_request])
@given(text=st.text() | st.binary().map(lambda raw: raw.decode("utf-8", "replace")) | armoured())
def test_any_text_is_read_or_refused_in_a_sentence(read, text):
    with contextlib.suppress(UsageError):
        read(text)


@of_a_stranger
def shown(arguments: argparse.Namespace) -> int:
    """Do with a request's text what a command does: read it, judge what waits, and build a screen of the run."""
    box = arguments.request
    records = import_request(arguments.text).records
    requests_of(records, box.config.config, datetime.now(UTC))
    waivers_of(records, STEP, box.config.config, datetime.now(UTC))
    show(blocks(summary(records, box.config.config)), Console(file=io.StringIO()))
    return 0


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_a_request_tells_of_a_run_is_shown_or_refused_in_a_sentence(letterbox, data):
    whole = unpack("REQUEST", export_request(letterbox.journal.records(), RUN, STEP, letterbox.journal.head()))
    line = data.draw(st.sampled_from(whole["lines"]))
    if data.draw(st.booleans()):
        line["body"] = canonical(data.draw(changed(parse_canonical(line["body"].encode())))).decode()
    else:
        line[data.draw(st.sampled_from(["at", "person", "event", "run", "step"]))] = data.draw(WORDS)
    text = pack("REQUEST", chained(whole))
    with contextlib.suppress(UsageError, JournalError):
        shown(argparse.Namespace(request=letterbox, text=text))


def chained(request):
    """Give every line of a request its hash again, as whoever made it up would."""
    prev = request["lines"][0]["prev"]
    for line in request["lines"]:
        line["prev"] = prev
        names = ("at", "person", "event", "run", "step", "body", "prev")
        columns = [None if line[name] is None else line[name].encode() for name in names]
        line["hash"] = prev = line_hash(line["seq"], *columns)
    return request | {"head": prev}


def test_what_falls_over_in_our_own_lines_is_told_as_what_it_is(letterbox):
    with pytest.raises(AttributeError, match="no attribute 'text'"):
        shown(argparse.Namespace(request=None))
