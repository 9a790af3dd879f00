"""Whatever comes in whatever order, what remains is exactly the difference, and memory stays bounded."""

from __future__ import annotations

import collections
import itertools
import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.postgres.diff_window import CAP, Block, cancel

LINES = st.lists(
    st.sampled_from([b"a\n", b"b\n", b"ab\n", b"\n", b"\\\\.\n", b"c\r\n"])
    | st.binary(max_size=3).map(lambda text: text.replace(b"\n", b"") + b"\n"),
    max_size=60,
)
SIZES = st.integers(1, 20)


def blocks(lines, size):
    parts = (lines[at : at + size] for at in range(0, len(lines), size))
    return [Block(sum(map(len, part)), part) for part in parts]


def remains(backup, live, cap):
    with cancel(backup, live, cap=cap) as found:
        texts = [collections.Counter(file.readlines()) for file in found.files]
        return texts, found.read, found.left


@given(LINES, LINES, SIZES, SIZES, st.sampled_from([400, 2000, CAP]))
@settings(max_examples=60)
def test_what_remains_is_the_difference_of_the_multisets(backup, live, first, second, cap):
    (of_backup, of_live), read, left = remains(blocks(backup, first), blocks(live, second), cap)
    have, has = collections.Counter(backup), collections.Counter(live)
    assert of_backup == have - has
    assert of_live == has - have
    assert read == (len(backup), len(live))
    assert left == (of_backup.total(), of_live.total())


@pytest.mark.parametrize("duplicates", [1, 3])
def test_memory_is_bounded_where_the_order_does_not_help(duplicates):
    numbers = list(range(60_000)) * duplicates
    backup = [f"{number}\tsome value {number * 7}\n".encode() for number in numbers]
    live = backup[:-5] + [b"new\n"] * 2
    random.Random(1).shuffle(live)  # noqa: S311 - not a secret
    tracemalloc.start()
    (of_backup, of_live), _, _ = remains(blocks(backup, 2000), blocks(live, 2000), 1 << 20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert of_backup.total() == 5
    assert of_live == {b"new\n": 2}
    assert peak < 4 << 20


def test_a_line_that_comes_millions_of_times_takes_no_memory():
    tracemalloc.start()
    thousand = Block(5000, [b"same\n"] * 1000)
    texts, _, left = remains(itertools.repeat(thousand, 300), itertools.repeat(thousand, 299), 1 << 16)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert left == (1000, 0)
    assert texts == [{b"same\n": 1000}, {}]
    assert peak < 1 << 20
