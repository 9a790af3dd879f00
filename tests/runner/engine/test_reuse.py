"""What is used again from step to step: the last rendering, and the thread that carries effects out."""

import dataclasses
import threading
from decimal import Decimal

import pytest

from runner.engine.effect.desk import Desk, Worker
from runner.engine.rendered import Source
from runner.runbook.values import Secret

SOURCE = Source(data={"id": "a"}, known={"n": 1, "pw": Secret("pw", "geheim")}, targets={}, harmless=frozenset())


@pytest.mark.parametrize("n", [2, "1", True, Decimal(1)], ids=repr)
def test_a_step_is_rendered_anew_when_a_value_is_another_even_if_python_calls_it_equal(n):
    assert SOURCE.is_still(dataclasses.replace(SOURCE, known={**SOURCE.known}))
    assert not SOURCE.is_still(dataclasses.replace(SOURCE, known={**SOURCE.known, "n": n}))


@pytest.mark.parametrize(
    "other",
    [{"data": {"id": "a"}}, {"harmless": frozenset({"f"})}, {"known": {**SOURCE.known, "pw": Secret("pw", "other")}}],
    ids=str,
)
def test_a_step_is_rendered_anew_when_anything_else_of_it_is_another(other):
    assert not SOURCE.is_still(dataclasses.replace(SOURCE, **other))


def test_effects_share_a_thread_unless_one_never_comes_back():
    worker, forever = Worker(), threading.Event()
    first, second = (Desk().start(threading.get_ident, worker).result(5) for _ in range(2))
    assert first == second
    Desk().start(forever.wait, worker)
    assert Desk().start(threading.get_ident, worker).result(5) != first
    forever.set()
    worker.dismiss()
