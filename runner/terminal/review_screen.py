"""The reviewer's screen, in the order of DESIGN §9: what a person must see before signing, and nothing after it."""

from __future__ import annotations

from collections.abc import Iterator

from runner.figures import duration, moment, parse_time
from runner.journal.sentences import target_lines
from runner.terminal.blocks import Block, Cell, Code, Facts, Heading, Line, cell
from runner.terminal.evidence import evidence_blocks
from runner.terminal.review_group import group_guards, group_text
from runner.terminal.review_view import Need, ReviewView
from runner.terminal.step_card import exact_text, undo


def review_screen(view: ReviewView) -> tuple[Block, ...]:
    """Lay one request out."""
    parts = (_target, _effect, _text, group_text, _differences, _guards, group_guards, _history, _signatures, _deadline)
    return tuple(block for part in parts for block in part(view))


def _target(view: ReviewView) -> Iterator[Block]:
    known = view.target
    environment = known.environment if known else None
    production = environment == "production"
    badge = f"{(environment or 'environment unknown').upper()}: {view.step} of {view.runbook}"
    yield Heading(badge, "bad" if production or environment is None else "strong")
    pairs = [
        ("target", cell(known.name, *target_lines(known)) if known else _unknown()),
        ("asked by", cell(f"{view.operator}, run {view.run}")),
        *((f"-p {name}", _labelled(value, label)) for name, value, label in view.params),
    ]
    yield Facts(tuple(pairs))


def _effect(view: ReviewView) -> Iterator[Block]:
    entered = view.entered
    yield Heading(f"What it does: {entered.title}")
    what = cell("YES", *entered.reasons, tone="bad") if entered.destructive else cell("not destructive")
    final = cell("YES: no rollback is offered after it", tone="bad")
    yield Facts(
        (
            ("destroys", what),
            ("rows, measured", _unknown() if view.rows is None else cell(f"{view.rows:,}", tone="strong")),
            ("can be undone", undo(entered)),
            ("that rollback has run", _or_unknown(view.rollback_ran)),
            ("point of no return", final if entered.rendered.get("point_of_no_return") else cell("no")),
        )
    )


def _text(view: ReviewView) -> Iterator[Block]:
    yield Heading("The exact text")
    yield from exact_text(view.entered)
    yield Facts((("your own copy of the runbook", _or_unknown(view.own_copy)),))


def _differences(view: ReviewView) -> Iterator[Block]:
    yield Heading("What is different")
    if view.amended:
        yield Facts((("from the runbook", cell(*view.amended, tone="warn")),))
    if view.last_run is None and view.durations_ms == ():
        yield Facts((("from the last run", cell("there was none")),))
    else:
        yield _difference(f"from the last run ({view.last_run or 'unknown'})", view.since_last_run)
    yield _difference("from the merged file", view.since_merge)


def _difference(label: str, diff: str | None) -> Block:
    if diff:
        return Code(diff, label, code=False)
    return Facts(((label, _unknown() if diff is None else cell("equal")),))


def _guards(view: ReviewView) -> Iterator[Block]:
    yield Heading("What the guards measured, for the operator")
    yield from evidence_blocks(view.evidence, view.now)
    if view.own_evidence is None:
        yield Facts((("asked by yourself", cell("unknown: the guards were not asked from this machine")),))
    else:
        yield Heading("What the same guards measure from your machine")
        yield from evidence_blocks(view.own_evidence, view.now)
    yield Facts((("your signature accepts", cell(*view.limits or ("nothing worse than every guard passing",))),))


def _history(view: ReviewView) -> Iterator[Block]:
    yield Heading("What happened before, and happens beside it")
    took = view.durations_ms
    yield Facts(
        (
            ("the last runs took", _unknown() if took is None else cell(", ".join(map(duration, took)) or "never run")),
            ("skipped earlier", _listed(view.skips)),
            ("waivers", _listed(view.waivers)),
            ("other runs now", _listed(view.other_runs)),
        )
    )


def _signatures(view: ReviewView) -> Iterator[Block]:
    yield Heading("Who has approved")
    if not view.needs:
        yield Line("UNKNOWN", "the policy that asks for this approval is not known here", "unknown")
    yield Facts(tuple((f"{need.policy}: {need.n} of {need.team}", _signed(need)) for need in view.needs))


def _deadline(view: ReviewView) -> Iterator[Block]:
    yield Heading("Until when")
    due, now = parse_time(view.not_after), parse_time(view.now)
    left = int((due - now).total_seconds() * 1000) if due and now else None
    rest = "unknown" if left is None else f"{duration(left)} left" if left > 0 else "EXPIRED"
    window = cell(" to ".join(map(moment, view.window))) if view.window else cell("none: it may start once approved")
    expired = left is None or left <= 0
    sign = cell(f"{moment(view.not_after)} ({rest})", tone="bad" if expired else "plain")
    yield Facts((("sign until", sign), ("may start", window), ("request", cell(view.request))))


def _signed(need: Need) -> Cell:
    missing = need.n - len(need.signed)
    said = [f"{person} as {need.team}" for person in need.signed]
    return cell(*said, tone="good") if missing <= 0 else cell(*said, f"{missing} missing", tone="ask")


def _labelled(value: str, label: str | None) -> Cell:
    return (
        cell(f"{value} = unknown", tone="unknown") if label is None else cell(f"{value} = {label}" if label else value)
    )


def _listed(found: tuple[str, ...] | None) -> Cell:
    return _unknown() if found is None else cell(*found, tone="warn") if found else cell("none")


def _or_unknown(text: str | None) -> Cell:
    return _unknown() if text is None else cell(text)


def _unknown() -> Cell:
    return cell("unknown", tone="unknown")
