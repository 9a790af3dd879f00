"""What is kept of what a program says."""

import subprocess
import sys
import time

import pytest

from runner.steps.hearing import HALF, Said, hear


def says(code, given=None, seconds=20):
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    ) as child:
        try:
            return hear(child, given, seconds)
        finally:
            child.kill()


def test_both_streams_are_heard_whole():
    code = "import sys; sys.stdout.write('a' * 300_000); sys.stderr.write('b\\r\\n' * 100_000)"
    assert says(code) == (Said("a" * 300_000), Said("b\n" * 100_000))


def test_what_fits_is_whole_to_the_last_byte():
    (said, _) = says(f"print('a' * {2 * HALF - 1})")
    assert (said.beginning[-2:], said.end, said.between) == ("a\n", "", 0)


@pytest.mark.parametrize("more", [1, 3 * HALF + 7, 50 * HALF])
def test_of_more_the_beginning_and_the_end_are_kept_and_the_rest_is_counted(more):
    code = f"import sys; sys.stdout.write('a' * {HALF} + 'b' * {more} + 'c' * {HALF})"
    (said, _) = says(code)
    assert (said.beginning, said.end, said.between) == ("a" * HALF, "c" * HALF, more)


def test_a_program_gets_all_of_its_input_and_need_not_read_it():
    assert says("import sys; print(len(sys.stdin.read()))", "x" * 1_000_000)[0].beginning == "1000000\n"
    assert says("print('no')", "x" * 1_000_000)[0].beginning == "no\n"


def test_one_that_takes_too_long_is_told_though_only_its_child_still_has_the_stream():
    begun = time.monotonic()
    code = "import subprocess; subprocess.Popen(['sleep', '3'], start_new_session=True)"
    with pytest.raises(subprocess.TimeoutExpired):
        says(code, seconds=1)
    assert time.monotonic() - begun < 3


def test_a_short_text_is_shown_whole_and_a_long_one_says_what_it_leaves_out():
    assert Said("abc").shortened(3) == "abc"
    assert Said("a" * 20 + "b" * 80).shortened(40) == f"{'a' * 10}\n… 60 bytes are left out here …\n{'b' * 30}"
    assert Said("a" * 5, "b" * 5, 10**6).shortened(8) == "aa\n… 1,000,002 bytes are left out here …\nabbbbb"
