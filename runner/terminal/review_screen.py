"""The reviewer's screen, in the order of DESIGN §9: what a person must see before signing, and nothing after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runner.figures import duration, moment, parse_time
from runner.journal.sentences import Tone, target_lines
from runner.terminal.blocks import Block, Cell, Code, Facts, Heading, Line, cell
from runner.terminal.comparison import comparison
from runner.terminal.evidence import evidence_blocks
from runner.terminal.review_group import group_guards, group_text
from runner.terminal.review_view import Need, ReviewView
from runner.terminal.step_card import exact_text, undo

_LOOKS = {
    True: "your signature will say that your own machine rendered and measured this too",
    False: "your signature will say that you only read what the operator's machine showed",
}


def review_screen(view: ReviewView) -> tuple[Block, ...]:
    """Lay one request out."""
    parts = (_target, _effect, _text, group_text, _differences, _guards, group_guards, _history, _signatures, _deadline)
    return tuple(block for part in parts for block in part(view))


def _target(view: ReviewView) -> Iterator[Block]:
    known = view.target
    environment = known.environment if known else None
    production = environment == "production"
    group = f" and {len(view.together)} more in one group," if view.together else ""
    badge = f"{(environment or 'environment unknown').upper()}: {view.step}{group} of {view.runbook}"
    yield Heading(badge, "bad" if production or environment is None else "strong")
    source = [("told by", cell(view.source, tone="warn"))] if view.source else []
    pairs = [
        *source,
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
    ran = cell("there is none") if view.rollback_ran == "" else _or_unknown(view.rollback_ran)
    yield Facts(
        (
            ("destroys", what),
            ("rows, measured", _unknown() if view.rows is None else cell(f"{view.rows:,} in all", tone="strong")),
            ("can be undone", undo(entered)),
            ("that rollback has run", ran),
            ("point of no return", final if entered.rendered.get("point_of_no_return") else cell("no")),
        )
    )


def _text(view: ReviewView) -> Iterator[Block]:
    yield Heading("The exact text")
    before = view.signed_before
    if before is None:
        yield from exact_text(view.entered)
    else:
        lines = sum(text.count("\n") + 1 for text in view.entered.statements)
        counted = "the line" if lines == 1 else f"the {lines:,} lines"
        told = f"{counted} that you signed at {moment(before.at)}" if lines else "the one that you signed"
        digest = f"sha256 {view.entered.step_digest[:16]}; --whole shows it"
        yield Facts((("unchanged", cell(f"{told}, letter by letter", digest)),))
    yield from _own_copy(view)


def _own_copy(view: ReviewView) -> Iterator[Block]:
    if view.look is None:
        yield Facts((("your own copy", _unknown()),))
        return
    copy = view.look.copy
    tones: dict[str, Tone] = {"same": "good", "differs": "bad", "none": "unknown"}
    yield Facts((("your own copy", cell(copy.told, tone=tones[copy.state])),))
    if copy.diff:
        yield Code(copy.diff, "from your copy to what you would sign", code=False)


def _differences(view: ReviewView) -> Iterator[Block]:
    if view.signed_before is not None:
        yield Heading("What changed since you signed it")
        yield Facts(
            (
                ("your signature", cell(view.signed_before.became)),
                ("changed", cell(*view.signed_before.changed or ("nothing but the request",))),
            )
        )
        return
    yield Heading("What is different")
    if view.amended:
        yield Facts((("from the runbook", cell(*view.amended, tone="warn")),))
    if view.last_run is None and view.durations_ms == ():
        yield Facts((("from the last run", cell("there was none")),))
    else:
        yield _difference(f"from the last run ({view.last_run or 'unknown'})", view.since_last_run)
    merged = None if view.look is None else view.look.since_merge
    why = "unknown" if view.look is None else "unknown: Git on this machine holds no merged copy of it"
    yield _difference("from the merged file", merged, why)


def _difference(label: str, diff: str | None, unknown: str = "unknown") -> Block:
    if diff:
        return Code(diff, label, code=False)
    return Facts(((label, cell(unknown, tone="unknown") if diff is None else cell("equal")),))


def _guards(view: ReviewView) -> Iterator[Block]:
    if view.signed_before is not None:
        yield Heading("What the guards measured when you signed, and now")
        yield from comparison(view.signed_before.evidence, view.evidence, view.now, ("then", "now"))
    else:
        yield Heading("What the guards measured, for the operator")
        yield from evidence_blocks(view.evidence, view.now)
    mine = None if view.look is None else view.look.guards
    if mine is None or mine.evidence is None:
        why = "the guards were not asked from this machine" if mine is None else mine.why
        yield Facts((("asked by yourself", cell(f"unknown: {why}", tone="unknown")),))
    elif mine.evidence:
        yield Heading("What the same guards measure from your machine")
        yield from comparison(_theirs(view), mine.evidence, view.now)
    yield Facts((("your signature accepts", cell(*view.limits or ("nothing worse than every guard passing",))),))


def _theirs(view: ReviewView) -> tuple[Mapping[str, Any], ...]:
    return view.evidence + tuple(item for each in view.together for item in each.evidence)


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
    if view.excluded:
        yield Facts((("does not count", cell(*view.excluded, tone="warn")),))


def _start(view: ReviewView) -> str:
    """Say when the step may start: a window is told with the time until then, for a reviewer in any zone."""
    if view.window is None:
        return "once it is approved; no window was named"
    begin, now = parse_time(view.window[0]), parse_time(view.now)
    ahead = int((begin - now).total_seconds() * 1000) if begin and now else 0
    return f"{' to '.join(map(moment, view.window))}{f' (begins in {duration(ahead)})' if ahead > 0 else ''}"


def _deadline(view: ReviewView) -> Iterator[Block]:
    yield Heading("Until when")
    due, now = parse_time(view.not_after), parse_time(view.now)
    left = int((due - now).total_seconds() * 1000) if due and now else None
    rest = "unknown" if left is None else f"{duration(left)} left" if left > 0 else "EXPIRED"
    expired = left is None or left <= 0
    sign = cell(f"{moment(view.not_after)} ({rest})", tone="bad" if expired else "plain")
    yield Facts((("sign until", sign), ("may start", cell(_start(view))), ("request", cell(view.request))))
    if view.look is not None:
        said = "INDEPENDENT" if view.look.independent else "PRIMED"
        yield Line(said, _LOOKS[view.look.independent], "good" if view.look.independent else "warn")


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
