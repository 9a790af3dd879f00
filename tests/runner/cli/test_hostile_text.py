"""Text from files and people at the terminal, by every command that shows it: no character of it hides another."""

import json
import re

import msgspec
import pyte
import pytest

from runner.journal import events as ev
from runner.safe_text import escape
from tests.fixtures.payloads import DISPLAY
from tests.runner.cli.desk import BY_HAND
from tests.runner.review.people import requested

TEXTS = {name: text for name, text in DISPLAY.items() if name != "lone surrogate"}
"""The journal's text is UTF-8: a lone surrogate cannot get into it."""
FAR = "2999-01-01T00:00:00.000000Z"
EACH = (
    ("show",),
    ("show", "--format", "json"),
)
SOME = dict(list(TEXTS.items())[::2])
"""Enough for whole runs: what escapes is tried with all of them, and reports too, in tests of their own."""
ALL = (
    ("status",),
    ("runs",),
    ("review",),
    ("status", "--format", "json"),
    ("runs", "--format", "json"),
)


def flat(text):
    return re.sub(r"\s+", "", text)


def on_a_screen(text):
    """What a VT100 shows of it."""
    screen = pyte.Screen(200, sum(len(line) // 100 + 1 for line in text.split("\n")))
    pyte.Stream(screen).feed(text.replace("\n", "\r\n"))
    return flat("\n".join(screen.display))


def shown(ran, *, document=False):
    """Make sure that only visible characters were written, and that a screen shows all of what was written.

    A document for other programs is long, and only made sure of to hold nothing else.
    """
    written = ran.out + ran.err
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]", written)
    assert document or on_a_screen(written) == flat(written)


def tell(journal, run, opened, entered, payload):
    """Journal a run that is open, with a payload in every text that a person or a database can write."""
    target = ev.BoundTarget(name=payload, configured=payload, fingerprint=payload, identity={"database": payload})
    bad = {"title": payload, "runbook": payload, "operator": payload, "host": payload, "targets": (target,)}
    bad |= {"params": {"tenant": payload}, "labels": {"tenant": payload}, "statement": None, "signature": None}
    request = requested(request=payload, operator=payload, policies=(payload,), not_after=FAR)
    for body, step in (
        (msgspec.structs.replace(opened, **bad), None),
        (msgspec.structs.replace(entered, title=payload, statements=(payload,), reasons=(payload,)), "purge"),
        (ev.StepSkipped(reason=payload), payload),
        (ev.Note(text=payload, sql=payload), None),
        (ev.QuestionAsked(team=payload, question=payload, choices={"a": payload}), payload),
        (request, "purge"),
        (ev.RunPaused(state="blocked", reason=payload), None),
    ):
        journal.append(body, run=run, step=step, person=payload)


def test_no_command_shows_a_hostile_text_otherwise_than_it_is(desk):
    run, _ = desk.run(BY_HAND, {"*": "done"})
    journal = desk.journal()
    records = list(journal.records(run=run))
    entered = next(one.body for one in records if isinstance(one.body, ev.StepEntered))
    for number, payload in enumerate(SOME.values()):
        tell(journal, f"261127-{number:06x}", records[0].body, entered, payload)
    for words in ALL:
        ran = desk.shisa(*words)
        assert ran.code == 0, (words, ran.err)
        shown(ran)
    for number, (name, payload) in enumerate(SOME.items()):
        for command, *options in EACH:
            ran = desk.shisa(command, f"261127-{number:06x}", *options)
            assert ran.code == 0, (name, command, ran.err)
            shown(ran, document=bool(options))
            if options[-1:] == ["json"]:
                json.loads(ran.out)
        told = flat(desk.shisa("show", f"261127-{number:06x}").out)
        assert flat(escape(payload, multiline=True)) in told, name


@pytest.mark.parametrize("payload", TEXTS.values(), ids=TEXTS)
def test_an_error_shows_what_was_typed_as_it_is(desk, payload):
    for words in (
        ("show", payload),
        (payload,),
        ("review", payload),
        ("explain", payload),
        ("run", f"{payload}.yaml", "--detach"),
        ("plan", "book.yaml", "--target", f"{payload}=x"),
        ("check", payload, "--target", payload),
        ("note", payload, "hello", "--person", payload),
        ("import", "last", payload),
    ):
        if "\0" in "".join(words):
            continue  # no argument of a program can hold it
        shown(desk.shisa(*words))


def as_yaml(value):
    """JSON as YAML takes it: a character beyond U+FFFF has an escape of its own, not two halves."""
    text = json.dumps(value)
    pairs = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})")
    return pairs.sub(lambda found: f"\\U{_whole(found[0]):08x}", text)


def _whole(halves):
    return ord(json.loads(f'"{halves}"'))


def test_a_plan_and_a_validation_show_a_runbook_as_it_is(desk):
    steps = [
        {"id": f"step-{number}", "title": payload, "manual": payload, "expected": payload, "why": payload}
        | {"when": f"who == {json.dumps(payload)}"}
        for number, payload in enumerate(TEXTS.values())
    ]
    commands = [
        {"id": f"command-{number}", "title": payload, "command": ["echo", payload], "no_rollback": payload}
        for number, payload in enumerate(TEXTS.values())
    ]
    who = {"type": "string", "default": TEXTS["homoglyphs"], "description": TEXTS["tag characters"]}
    book = {"shisa": 1, "id": "hostile", "title": TEXTS["erase the line"], "params": {"who": who}}
    (desk.folder / "book.yaml").write_text(as_yaml(book | {"steps": steps + commands}))
    for words in (
        ("plan", "book.yaml"),
        ("plan", "book.yaml", "--format", "json"),
        ("validate", "book.yaml"),
        *(("validate", "book.yaml", "--format", form) for form in ("json", "sarif", "github", "junit")),
    ):
        ran = desk.shisa(*words)
        assert ran.code in {0, 1}, ran.err
        shown(ran, document=len(words) > len(("plan", "book.yaml")))
    told = flat(desk.shisa("plan", "book.yaml").out)
    for name, payload in TEXTS.items():
        assert flat(escape(payload, multiline=True)) in told or flat(escape(payload)) in told, name
