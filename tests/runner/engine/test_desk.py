"""The desk between an effect's thread and the one that hears signals."""

import signal
import threading
import time

from runner.engine.effect.desk import Desk


def test_a_signal_that_comes_as_the_time_is_up_does_not_make_the_desk_deaf():
    desk = Desk()
    before = signal.signal(signal.SIGALRM, lambda *_: time.sleep(0.1))
    rescue = threading.Timer(5, desk.call, [int])  # so that a desk that waits without end fails, and does not hang
    rescue.start()
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        begun = time.monotonic()
        desk.serve(0.05)
        assert time.monotonic() - begun < 3
    finally:
        signal.signal(signal.SIGALRM, before)
        rescue.cancel()


def test_what_is_done_in_the_owners_place_is_done_while_the_owner_waits_and_not_while_it_works():
    desk, at_work, seen = Desk(), [True], []
    other = threading.Thread(target=lambda: desk.work(lambda: (time.sleep(0.05), seen.append(at_work[0]))))
    other.start()
    time.sleep(0.1)
    assert seen == []
    at_work[0] = False
    desk.serve(0.01)
    at_work[0] = True
    assert seen == [False]
    other.join(5)
