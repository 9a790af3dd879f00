"""The demo's folder: three people with a key each, a policy, a configuration, a journal and a report."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from runner.config.load import read
from runner.review.keys import generate_key, key_at

if TYPE_CHECKING:
    from runner.config.model import Loaded
    from runner.review.keys import KeyRef

OPERATOR = "alice"
REVIEWER = "bob"
ANSWERER = "carol"
_CONFIG = """\
shisa: 1
journal: journal.db
targets:
  live: {{dsn: "{dsn}", environment: demo, policy: cross-review}}
people:
  alice: {{teams: [ops], keys: ["{alice}"]}}
  bob: {{teams: [dev], keys: ["{bob}"]}}
  carol: {{teams: [customer-success], keys: ["{carol}"]}}
policies:
  cross-review:
    need: [{{team: dev, n: 1}}]
    request_ttl: 1h
    approval_ttl: 15min
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Stage:
    """Everything of the demo that stays when its server is gone."""

    folder: Path
    config: Loaded

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.folder / "journal.db"

    @property
    def report(self) -> Path:
        """The report's file."""
        return self.folder / "report.md"

    def key(self, person: str) -> KeyRef:
        """The key that a person of the demo signs with."""
        return key_at(self.folder / f"{person}.key")


def set_up(folder: Path, dsn: str) -> Stage:
    """Make a key for each person and write the configuration."""
    public = {
        name: generate_key(folder / f"{name}.key", f"{name}@demo").line for name in (OPERATOR, REVIEWER, ANSWERER)
    }
    config = folder / "shisa.yaml"
    config.write_text(_CONFIG.format(dsn=dsn.replace("\\", "\\\\").replace('"', '\\"'), **public), encoding="utf-8")
    return Stage(folder, read(config))
