"""Every cheat of cheats.yaml is refused by a real server, for its own reason, and leaves the journal whole."""

from pathlib import Path

import pytest
import yaml

from tests.runner.journal.team.cheating import outcome

CHEATS = yaml.safe_load((Path(__file__).parent / "cheats.yaml").read_text())


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat["cheat"])
def test_it_is_refused_for_its_reason(cheat, ground):
    assert outcome(cheat, ground) == ""
    assert ground.broken() is None


def test_there_are_at_least_fifty():
    assert len({cheat["cheat"] for cheat in CHEATS}) == len(CHEATS) >= 50
