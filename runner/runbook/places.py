"""Which texts of a step are SQL, which are templates, which may hold a secret, and which stay as they are."""

from __future__ import annotations

from runner.document import Path

_UNTOUCHED = frozenset({"id", "when", "check", "as", "include", "capture", "approval", "group"})
"""Keys whose values are names or expressions, not templates."""


def is_sql(path: Path) -> bool:
    """Tell whether the text at this place of a step is SQL, where psql variables stand and templates do not."""
    match path:
        case (
            (*_, "sql")
            | (*_, "where" | "tenant_of", str())
            | ("verify",)
            | (*_, "for_each", "query")
            | (*_, "with", "query")
        ):
            return True
        case _:
            return False


def takes_secrets(path: Path) -> bool:
    """Tell whether a secret may stand here: the environment or the input of a command."""
    return path[-2:] == ("command", "stdin") or path[-3:-1] == ("command", "env")


def kept(key: str, path: Path) -> bool:
    """Tell whether a key's value stays as it is: names, expressions, and steps that are rendered on their own."""
    if "with" in path or path[-1:] == ("choices",):
        return False
    return key in _UNTOUCHED or (key == "steps" and path[-1:] == ("for_each",))
