"""The inbox of ``shisa review``: what waits for a second person, and whom it waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.cli.common import Desk
    from runner.config.model import Config
    from runner.review.requests import Standing


def inbox(at: Desk, person: str | None, team: str | None) -> int:
    """List the requests that wait: all, those that a person could sign, or those that a team is missing in."""
    from runner.cli.reviewing import waiting
    from runner.engine.ports import stamp, wall_clock

    now, config = wall_clock(), at.config.config
    standings = [one for one in waiting(at, now) if _concerns(one, config, person, team)]
    if not standings:
        whom = f" of team {team}" if team else f" like {person}" if person else ""
        say(f"nothing waits for a second person{whom}")
        return 0
    titles = _titles(at)
    for one in standings:
        say("\n".join(_lines(one, config, titles.get(one.request.run, ""), stamp(now))))
    say(f"  next: shisa review {standings[0].request.run} {standings[0].request.step}")
    return 0


def _concerns(one: Standing, config: Config, person: str | None, team: str | None) -> bool:
    """Whether the team that is asked about is missing, and the person asked about could sign."""
    from runner.review.requests import could_sign

    missing = {gap.team for _, gap in one.missing}
    if team is not None and team not in missing:
        return False
    return person is None or any(person in could_sign(one, each, config) for each in missing)


def _titles(at: Desk) -> dict[str, str]:
    from runner.journal.events import RunOpened

    return {one.run: one.body.title for one in at.journal.records() if isinstance(one.body, RunOpened)}


def _lines(one: Standing, config: Config, title: str, now: str) -> Iterator[str]:
    from runner.figures import age, moment
    from runner.review.requests import could_sign

    body = one.request.body
    yield f"{one.request.run}  {one.request.step}  {title}"
    yield f"  asked by {body.operator} {age(one.request.at, now)}, until {moment(body.not_after)}"
    for policy, gap in one.missing:
        able = ", ".join(could_sign(one, gap.team, config)) or "NOBODY in shisa.yaml could"
        yield f"  missing: {gap.n} of {gap.team} for {policy}: {able}"
    for vote in one.votes:
        yield f"  approved by {vote.person} as {vote.team}"
