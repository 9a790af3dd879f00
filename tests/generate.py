"""Write the generated files again, or say which are stale: ``python -m tests.generate [--check]``."""

import json
import sys
from pathlib import Path

from checks import catalog, publish
from runner.runbook.lint import pages as rule_pages
from runner.runbook.lint.catalog import RULES
from tests import commands_page

ROOT = Path(__file__).parents[1]


def generated() -> dict[Path, str]:
    """Every generated file's content by its path."""
    specs = catalog.all()
    pages = {ROOT / "docs" / "checks" / f"{spec.id}.md": publish.page(spec) for spec in specs}
    pages |= {ROOT / "docs" / "rules" / f"{rule.id}.md": rule_pages.page(rule) for rule in RULES}
    return {
        ROOT / "docs" / "rules" / "README.md": rule_pages.index(RULES),
        ROOT / "schemas" / "checks.schema.json": json.dumps(publish.schema(specs), indent=2, ensure_ascii=False) + "\n",
        ROOT / "docs" / "checks" / "README.md": publish.index(specs),
        ROOT / "docs" / "commands.md": commands_page.page(),
        **pages,
    }


def stale() -> list[Path]:
    """The files that are not as they would be written, and pages of checks and rules that are gone."""
    wanted = generated()
    present = {page for folder in ("checks", "rules") for page in (ROOT / "docs" / folder).glob("*.md")}
    changed = [path for path, text in wanted.items() if not path.is_file() or path.read_text("utf-8") != text]
    return changed + sorted(present - wanted.keys())


def main() -> int:
    """Write, or with ``--check`` only look and fail where something is stale."""
    checking = sys.argv[1:] == ["--check"]
    paths = stale()
    for path in paths:
        sys.stdout.write(f"{path.relative_to(ROOT)} is stale\n" if checking else f"{path.relative_to(ROOT)}\n")
        if checking:
            continue
        if path in generated():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(generated()[path], "utf-8")
        else:
            path.unlink()
    return int(checking and bool(paths))


if __name__ == "__main__":
    sys.exit(main())
