"""What comes after a kill: the run is resumed until it has ended, or nobody knows."""

import signal
import time

from tests.runner.engine.answering import answer
from tests.runner.engine.stage import Player

AT_WORK = "is still at work"
"""What a run says of a backend or a program that outlives its shisa; it has ended a moment later."""


def killed(told):
    """Whether the driver's child was killed, and did not come to its end."""
    return told["signal"] in {signal.SIGKILL, signal.SIGALRM}


def finish(stage, *, ends=("completed",), params=None, tries=6):
    """Resume what was killed until it is at its end or nobody knows; a run that was never opened is opened."""
    player = Player(on_wait=stage.sign, on_question=answer(stage, "some"))
    records = stage.records()
    if records and records[-1].body.name == "run.closed":
        return Closed(records)
    play = stage.resume(records[0].run, player) if records else stage.play(player, params=params)
    deadline = time.monotonic() + 30
    while (tries and play.state not in {*ends, "unknown"}) or (AT_WORK in play.reason and time.monotonic() < deadline):
        tries -= 1
        play = stage.resume(play.run, player)
    return play


class Closed:
    """A run that had come to its end before its process died."""

    reason = ""

    def __init__(self, records):
        self.records = records
        self.state = records[-1].body.state

    def bodies(self, name, step=None):
        return [each.body for each in self.records if each.body.name == name and (step is None or each.step == step)]
