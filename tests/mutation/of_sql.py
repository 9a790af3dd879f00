"""What can be taken away of an SQL function: each refusal by itself, and what changes.yaml names."""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.mutation.change import Change

NAMED = yaml.safe_load((Path(__file__).parent / "changes.yaml").read_text())
"""File → changes that no rule finds: what stands there, and what stands there then."""
_GUARD = re.compile(
    r"\b(?:ELS)?IF (?P<condition>(?:(?!\bTHEN\b).)+?)\s+THEN(?=\s+(?:PERFORM shisa\.refuse|RAISE|RETURN\b))", re.DOTALL
)
_RIGHTS = re.compile(r"^(?:ALTER DEFAULT PRIVILEGES|REVOKE)\b[^;]*;", re.MULTILINE)
_DEMAND = re.compile(r"PERFORM shisa\.(?:demand|judge)_\w+\([^;]*\);")
_WORDS = {"min(": "max(", "max(": "min(", "least(": "greatest(", "greatest(": "least(", "DESC": "ASC", "DISTINCT ": ""}
_WORD = re.compile(r"(?<![\w.])(?:min\(|max\(|least\(|greatest\(|DESC\b|(?<=count\()DISTINCT )")
_TOKEN = re.compile(
    r"""'(?:[^']|'')*' | --[^\n]* | (?P<open>[(\[]) | (?P<close>[)\]]) | \b(?P<side>AND|OR)\b
    | \b(?P<first>IF|ELSIF|WHEN|WHERE|ON|HAVING)\b
    | (?P<last>; | \b(?:THEN|GROUP|ORDER|LIMIT|LOOP|UNION|JOIN|ELSE|END)\b)""",
    re.VERBOSE,
)


def changes(file: str, text: str) -> Iterator[Change]:
    """Every change of one file; one of changes.yaml wherever its text stands, however that is wrapped."""
    for each in _RIGHTS.finditer(text):
        yield Change(f"without {each[0]}", *each.span(), "")
    for each in re.finditer("ENABLE ALWAYS (TRIGGER \\w+)", text):
        yield Change(f"not always {each[1]}", *each.span(), f"ENABLE {each[1]}")
    if file.startswith(("judge", "append", "attach", "chain.")):
        for each in _GUARD.finditer(text):
            if each["condition"] != "NOT FOUND":  # what follows needs it
                yield Change(f"never {each['condition']}", *each.span("condition"), "false")
        for each in _DEMAND.finditer(text):
            yield Change(f"without {each[0]}", *each.span(), "NULL;")
        for each in _WORD.finditer(text):
            told = f"{_WORDS[each[0]] or 'nothing'} for {each[0]}{text[each.end() :].partition(chr(10))[0]}"
            yield Change(told, *each.span(), _WORDS[each[0]])
        for start, end, side in _sides(text):
            yield Change(f"without {text[start:end]}", start, end, "true" if side == "AND" else "false")
    for named in NAMED.get(file, ()):
        for each in places(named["is"], text):
            yield Change(f"{named['is']} → {named['then'] or 'nothing'}", *each.span(), named["then"])


def places(old: str, text: str) -> Iterator[re.Match[str]]:
    """Find a text whatever white space its lines are wrapped with."""
    return re.finditer(r"\s+".join(map(re.escape, old.split())), text)


def _sides(text: str) -> Iterator[tuple[int, int, str]]:
    """Give each operand of AND and OR in a condition, and by which of them it is bound."""
    levels: list[list[tuple[int, str]]] = [[]]
    for token in _TOKEN.finditer(text):
        begun = levels[-1]
        if token["first"] or token["side"] or token["last"] or token["close"]:
            if begun and (begun[-1][1] or token["side"]):
                yield _trimmed(text, begun[-1][0], token.start(), begun[-1][1] or token["side"])
            begun[:] = [(token.end(), token["side"] or "")] if token["first"] or (token["side"] and begun) else []
        if token["open"]:
            levels.append([(token.end(), "")])
        elif token["close"] and len(levels) > 1:
            levels.pop()


def _trimmed(text: str, start: int, end: int, side: str) -> tuple[int, int, str]:
    inner = text[start:end]
    return start + len(inner) - len(inner.lstrip()), end - len(inner) + len(inner.rstrip()), side
