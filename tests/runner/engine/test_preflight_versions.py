import pytest

from runner.engine.preflight.places import fits


@pytest.mark.parametrize(
    ("version", "wanted", "answer"),
    [
        (150018, ">=14", True),
        (150018, ">=14, <16", True),
        (150018, ">=14,<15", False),
        (150018, "==15", True),
        (150018, "<=15", True),
        (150018, ">15", False),
        (150018, ">15.17", True),
        (150018, ">=15.19", False),
        (180000, ">=14, <18", False),
    ],
)
def test_a_bare_major_version_means_all_of_it(version, wanted, answer):
    assert fits(version, wanted) is answer
