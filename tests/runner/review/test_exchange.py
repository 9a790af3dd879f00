import re
import zlib
from base64 import b64encode
from hashlib import sha256

import msgspec
import pytest

from runner.canonical import canonical
from runner.errors import UsageError
from runner.journal import events as ev
from runner.journal.sqlite import SqliteJournal
from runner.review.approval import Counted, verify_approval
from runner.review.exchange import export_decision, export_request, import_decision, import_request
from runner.review.packed import pack, unpack
from tests.runner.review.people import NOON, RUN, STEP, closed, opened, play, request, requested, stamp


@pytest.fixture
def exported(crew, tmp_path):
    journal = SqliteJournal(tmp_path / "journal.db")
    play(journal, crew)
    yield journal, export_request(journal.records(), RUN, STEP, journal.head())
    journal.close()


def as_chat(text):
    """What chats and mails do to text: other line breaks, quoting, blanks, dashes, words around it."""
    flat = text.replace("\n", "\r\n> ").replace("-----", "\u2014")
    return "Hi Bob,\u00a0please look:\n> " + re.sub(r"(\w{40})(\w)", "\\1 \u200b\n\\2", flat) + "\nthanks"


def test_a_request_travels_as_text_with_the_lines_of_its_run(exported):
    journal, text = exported
    assert max(map(len, text.splitlines())) <= 80
    found = import_request(as_chat(text))
    assert list(found.records) == list(journal.records(run=RUN))
    assert (found.head, found.run, found.step) == (journal.head(), RUN, STEP)


def test_a_decision_travels_as_text_and_counts_at_the_other_end(crew):
    signed = crew.decide("bob", "dev", requested())
    found = import_decision(as_chat(export_decision(*signed)))
    judged = verify_approval(found.statement, found.signature, request(), people=crew.people, now=NOON.replace(hour=13))
    assert isinstance(judged, Counted)


def test_a_text_that_was_changed_on_the_way_is_refused():
    text = export_decision("statement", "signature")
    lines = text.splitlines()
    lines[1] = ("A" if lines[1][5] != "A" else "B").join((lines[1][:5], lines[1][6:]))
    with pytest.raises(UsageError, match="changed on the way: its checksum does not fit"):
        import_decision("\n".join(lines))


@pytest.mark.parametrize("cut", [30, -30])
def test_a_text_that_was_cut_is_refused(cut):
    text = export_decision("statement", "signature")
    with pytest.raises(UsageError, match="no SHISA DECISION in the text, or a part of it is missing") as raised:
        import_decision(text[cut:] if cut > 0 else text[:cut])
    assert "BEGIN to END" in raised.value.hint


def test_a_request_is_not_taken_for_a_decision(exported):
    with pytest.raises(UsageError, match="no SHISA DECISION"):
        import_decision(exported[1])


def test_a_line_that_was_edited_under_a_good_checksum_is_refused(exported):
    journal, _ = exported
    found = import_request(export_request(journal.records(), RUN, STEP, journal.head()))
    lines = [
        {"seq": one.seq, "at": one.at, "person": one.person, "event": one.body.name, "run": one.run, "step": one.step}
        | {"body": one.text.replace('"live"', '"test"'), "prev": one.prev, "hash": one.hash}
        for one in found.records
    ]
    head = {"run": RUN, "step": STEP, "seq": found.head.seq, "head": found.head.hash}
    with pytest.raises(UsageError, match="Line 1 of the request does not have the hash"):
        import_request(pack("REQUEST", {**head, "lines": lines}))
    with pytest.raises(UsageError, match="do not belong to the journal head"):
        import_request(export_request(journal.records(), RUN, STEP, type(found.head)(3, found.head.hash)))


@pytest.mark.parametrize(
    "value", [[], {}, {"lines": 3}, {"lines": [{}]}, {"lines": [], "seq": "x", "head": "", "run": "", "step": ""}]
)
def test_a_text_of_another_shape_is_refused(value):
    with pytest.raises(UsageError, match="holds no approval request"):
        import_request(pack("REQUEST", value))
    with pytest.raises(UsageError, match="holds no decision"):
        import_decision(pack("DECISION", value))


@pytest.mark.parametrize(
    ("run", "step", "because"),
    [
        ("261123-zzzzzz", STEP, "There is no run 261123-zzzzzz"),
        (RUN, "other", f"Step other of run {RUN} asks nobody for an approval, an answer or a waiver"),
    ],
)
def test_what_the_lines_do_not_hold_is_not_exported(exported, run, step, because):
    with pytest.raises(UsageError, match=because):
        export_request(exported[0].records(), run, step, exported[0].head())


def test_lines_out_of_their_order_are_refused(exported):
    _, text = exported
    value = unpack("REQUEST", text)
    value["lines"][1], value["lines"][2] = value["lines"][2], value["lines"][1]
    with pytest.raises(UsageError, match="Line 2 of the request does not follow from the line before it"):
        import_request(pack("REQUEST", value))
    with pytest.raises(UsageError, match=f"The lines of run {RUN} do not begin where it was opened"):
        import_request(pack("REQUEST", value | {"lines": unpack("REQUEST", text)["lines"][1:]}))


def test_of_other_runs_only_what_the_screen_tells_travels(crew, tmp_path):
    journal = SqliteJournal(tmp_path / "journal.db")
    play(journal, crew)
    now = stamp(NOON)
    for run, body, step in (
        ("other-runbook", opened(crew, journal.head(), now), None),
        ("other-runbook", ev.Note(text="private"), None),
        ("other-runbook", closed(crew, journal.head(), now), None),
        ("open-beside", opened(crew, journal.head(), now), None),
        ("open-beside", ev.Note(text="private"), None),
    ):
        if isinstance(body, ev.RunOpened) and run == "other-runbook":
            body = msgspec.structs.replace(body, runbook="another", statement=None, signature=None)  # noqa: PLW2901
        journal.append(body, run=run, step=step, person="alice")
    found = import_request(export_request(journal.records(), RUN, STEP, journal.head()))
    beside = [(one.run, one.body.name) for one in found.records if one.run != RUN]
    assert beside == [("open-beside", "run.opened")]
    journal.close()


def test_a_text_that_unpacks_to_gigabytes_is_refused():
    packed = zlib.compress(canonical("x" * (17 << 20)), 9)
    total = sha256(packed).hexdigest()[:16]
    text = f"BEGIN SHISA DECISION\n{b64encode(packed).decode()}\nsha256:{total}\nEND SHISA DECISION"
    with pytest.raises(UsageError, match="more than a request can hold"):
        import_decision(text)
