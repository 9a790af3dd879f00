"""What can be taken away of an SQL function: each refusal by itself, and what changes.yaml names."""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.mutation.change import Change

NAMED = yaml.safe_load((Path(__file__).parent / "changes.yaml").read_text())
"""File → changes that no rule finds: what stands there, and what stands there then."""
_JUDGING = ("judge", "append", "attach", "chain.")
_REFUSAL = r"(?:PERFORM shisa\.refuse|RAISE|RETURN\b)"
_RULES = (
    (("grants",), "without", r"^(?P<what>(?:ALTER DEFAULT PRIVILEGES|REVOKE)\b[^;]*;)", {}),
    (("always",), "sometimes", r"ENABLE (?P<what>ALWAYS)(?P<more> TRIGGER \w+)", {}),
    (
        _JUDGING,
        "never",
        rf"(?<!TRIGGER )\b(?:ELS)?IF (?!NOT FOUND)(?P<what>(?:(?!\bTHEN\b).)+?)\s+THEN(?=\s+{_REFUSAL})",
        {None: "false"},  # what follows NOT FOUND needs it
    ),
    (_JUDGING, "without", r"(?P<what>PERFORM shisa\.(?:demand|judge)_\w+\([^;]*\);)", {None: "NULL;"}),
    (
        _JUDGING,
        "the other of",
        r"(?<![\w.])(?P<what>min\(|max\(|least\(|greatest\(|DESC\b|(?<=count\()DISTINCT )(?=(?P<more>[^\n]*))",
        {"min(": "max(", "max(": "min(", "least(": "greatest(", "greatest(": "least(", "DESC": "ASC"},
    ),
)
"""The files, how a change is called, what is changed, and what stands there then: nothing where none is named."""
_TOKEN = re.compile(
    r"""'(?:[^']|'')*' | --[^\n]* | (?P<open>[(\[]) | (?P<close>[)\]]) | \b(?P<side>AND|OR)\b
    | \b(?P<first>IF|ELSIF|WHEN|WHERE|ON|HAVING|SELECT)\b
    | (?P<last>; | (?<!DISTINCT\ )\bFROM\b | \b(?:THEN|GROUP|ORDER|LIMIT|LOOP|UNION|JOIN|ELSE|END)\b)""",
    re.VERBOSE,
)


def changes(file: str, text: str) -> Iterator[Change]:
    """Every change of one file; one of changes.yaml wherever its text stands, however that is wrapped."""
    for files, how, pattern, instead in _RULES:
        for each in re.finditer(pattern, text, re.DOTALL | re.MULTILINE) if file.startswith(files) else ():
            new = instead.get(each["what"], instead.get(None, ""))
            yield Change(f"{how} {each['what']}{each.groupdict().get('more', '')}", *each.span("what"), new)
    for start, end, side in _sides(text) if file.startswith(_JUDGING) else ():
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
