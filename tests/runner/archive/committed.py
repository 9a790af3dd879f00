"""The archives under tests/data/archives, and what the server and pg_restore said of them."""

from functools import cache
from pathlib import Path

import yaml

ARCHIVES = Path(__file__).parents[2] / "data" / "archives"
VERSIONS = (14, 15, 16, 17, 18)
FILES = sorted(file for version in VERSIONS for file in (ARCHIVES / str(version)).iterdir())
PARTIAL = {"custom-schema-only.dump", "custom-base.dump"}


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


@cache
def expected() -> dict[int, dict]:
    return yaml.safe_load((ARCHIVES / "expected.yaml").read_text(encoding="utf-8"))


def cases(name: str) -> list[dict]:
    return yaml.safe_load((Path(__file__).parent / "cases" / name).read_text(encoding="utf-8"))
