"""docs/configuration.md: its example can be read, and no key of the schema is missing from the page."""

import json
import re
from importlib import resources
from pathlib import Path

from runner.config.load import read

PAGE = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text(encoding="utf-8")
SCHEMA = json.loads((resources.files("schemas") / "config.schema.json").read_text(encoding="utf-8"))


def test_the_example_of_the_page_is_read_without_a_problem(tmp_path):
    (tmp_path / "shisa.yaml").write_text(re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1], encoding="utf-8")
    assert set(read(tmp_path / "shisa.yaml").config.targets) == {"live", "staging"}


def keys(schema):
    """Every key that an object of the schema may have."""
    for value in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(value, dict | list):
            yield from keys(value)
    if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
        yield from schema["properties"]


def test_every_key_of_the_schema_stands_on_the_page():
    assert sorted(key for key in set(keys(SCHEMA)) if not re.search(rf"\b{key}\b", PAGE)) == []
