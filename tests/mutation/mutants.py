"""What can be taken away: the guards of the team journal's functions, and the judgement in policy and review."""

import ast
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

SQL = "runner/journal/postgres"
CHEATS = ("tests/runner/journal/team/test_cheats.py", "tests/runner/journal/team/test_stories.py")
ALL = (*CHEATS, "tests/runner/journal/team/test_faults.py")
JUDGED = {
    "runner/policy.py": ("tests/runner/test_policy.py",),
    "runner/review/approval.py": ("tests/runner/review",),
    "runner/review/ledger.py": ("tests/runner/review", "tests/runner/engine/test_approvals.py"),
    "runner/review/requests.py": (
        "tests/runner/review",
        "tests/runner/engine/test_windows.py",
        "tests/runner/engine/test_approvals.py",
    ),
    "runner/review/answers.py": ("tests/runner/review", "tests/runner/engine/test_questions.py"),
    "runner/review/audit.py": ("tests/runner/review", "tests/runner/cli/test_verify.py"),
    "runner/journal/verify.py": ("tests/runner/journal", "tests/runner/cli/test_verify.py"),
}
"""File → the tests that must notice."""
CHANGES = {
    "append.sql": (
        ("role = session_user", "role = current_user"),
        ("FROM shisa.head FOR UPDATE", "FROM shisa.head"),
        ("FROM shisa.person WHERE role = session_user", "FROM person WHERE role = session_user"),
        ("event IN ('run.resumed', 'run.handed_over', 'run.closed')", "event IN ('run.closed')"),
        ("pg_has_role(session_user, w.role, 'MEMBER')", "true"),
    ),
    "chain.sql": (
        ("NEW.seq <> _head.seq + 1 OR ", ""),
        ("NEW.prev <> _head.hash OR ", ""),
        ("NEW.at < _head.at OR ", ""),
        ("TRIGGER durable AFTER INSERT", "TRIGGER durable AFTER UPDATE"),
        ("CREATE TRIGGER append_only BEFORE UPDATE OR DELETE", "CREATE TRIGGER append_only BEFORE UPDATE"),
    ),
    "always.sql": tuple(
        (f"ENABLE ALWAYS TRIGGER {name}", f"ENABLE TRIGGER {name}") for name in ("append_only", "chain", "no_truncate")
    ),
    "grants.sql": (
        ("REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA shisa FROM PUBLIC;", ""),
        ("GRANT SELECT ON shisa.version", "GRANT SELECT, UPDATE ON shisa.version"),
        ("GRANT SELECT ON shisa.version", "GRANT SELECT, INSERT, DELETE, TRUNCATE ON shisa.version"),
    ),
    "judge.sql": (("'run.closed', 'run.handed_over', 'run.resumed', 'step.intended'", "'run.resumed'"),),
    "judge_start.sql": (
        ("count(DISTINCT vote.person)", "count(*)"),
        ("(SELECT sum((_need ->> n)::int) FROM unnest(_some) n)", "1"),
        ("(1 << cardinality(_names)) - 1", "1"),
        ("AND shisa.object(line.body) ->> 'as_team' = ANY (who.teams)", ""),
        ("AND line.person <> _asked.person", ""),
        (
            "JOIN shisa.person who ON who.name = line.person",
            "CROSS JOIN LATERAL (SELECT '{dev,ops}'::text[] AS teams) who",
        ),
        ("AND seq > _entered.seq", ""),
        ("IN ('before', 'again')", "IN ('before', 'again', 'after')"),
        ("coalesce(window_max, approval_ttl)", "'infinity'"),
        ("least(\n    coalesce((_r ->> 'max_uses')::int, 1), 1 + (SELECT min(retries)", "(1 + (SELECT max(retries)"),
        ("AND (shisa.object(body) ->> 'until')::timestamptz > clock_timestamp()", ""),
        ("_part ->> 'step_digest'", "_e ->> 'step_digest'"),
    ),
    "judge_decision.sql": (
        ("AND shisa.object(body) ->> 'request' = _request\n", "\n"),
        ("_parts - _begun <> '{}' AND shisa.object(_line.body) ->> 'outcome' <> 'done'", "false"),
    ),
}
"""Changes that no rule finds, by file: what stands there, and what stands there then."""


@dataclasses.dataclass(frozen=True)
class Mutant:
    name: str
    area: str
    path: str
    text: str
    tests: tuple[str, ...]


def mutants(root: Path) -> Iterator[Mutant]:
    """Every mutant there is."""
    for path in sorted((root / SQL).glob("*.sql")):
        for name, text in _of_sql(path.name, path.read_text()):
            yield Mutant(
                f"{path.name}: {name}",
                "sql",
                f"{SQL}/{path.name}",
                text,
                CHEATS if path.name.startswith("judge") else ALL,
            )
    for file, tests in JUDGED.items():
        for name, text in _of_python((root / file).read_text()):
            yield Mutant(f"{file}: {name}", "python", file, text, tests)


_GUARD = re.compile(
    r"\b(?:ELS)?IF (?P<condition>(?:(?!\bTHEN\b).)+?)\s+THEN(?=\s+(?:PERFORM shisa\.refuse|RAISE))", re.DOTALL
)
_DEMAND = re.compile(r"PERFORM shisa\.demand_\w+\([^;]*\);")
_EDGES = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}
Change = tuple[str, int, int, str]
"""How it is called, from where to where, and what stands there then."""


def _of_sql(file: str, text: str) -> Iterator[tuple[str, str]]:
    changes: list[Change] = []
    if file.startswith(("judge", "append", "chain.")):
        guards = [each for each in _GUARD.finditer(text) if each["condition"] != "NOT FOUND"]  # what follows needs it
        changes += [(f"never {each['condition']}", *each.span("condition"), "false") for each in guards]
        changes += [(f"without {each[0]}", *each.span(), "NULL;") for each in _DEMAND.finditer(text)]
    yield from _named(text, changes)
    for old, new in CHANGES.get(file, ()):
        if old not in text:
            message = f"{file} has no {old!r} any more; look at CHANGES"
            raise SystemExit(message)
        yield f"{' '.join(old.split())} → {' '.join(new.split()) or 'nothing'}", text.replace(old, new)


def _of_python(text: str) -> Iterator[tuple[str, str]]:
    lines = text.splitlines(keepends=True)

    def at(node: ast.expr, how: str, new: str) -> Change:
        def place(line: int, column: int) -> int:
            return len("".join(lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())

        start, end = place(node.lineno, node.col_offset), place(node.end_lineno or 0, node.end_col_offset or 0)
        old = text[start:end]
        return f"{how} {old}", start, end, f"({new.replace('…', old)})"

    changes: list[Change] = []
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.If(test=test) | ast.IfExp(test=test) if ast.unparse(test) != "TYPE_CHECKING":
                changes.append(at(test, "not", "not (…)"))
            case ast.comprehension(ifs=tests):
                changes += [at(test, "always", "True") for test in tests]
            case ast.BoolOp(op=op, values=values):
                changes += [at(each, "without", str(isinstance(op, ast.And))) for each in values]
            case ast.match_case(guard=ast.expr() as guard):
                changes.append(at(guard, "always", "True"))
            case ast.Compare(ops=[op], left=left, comparators=[right]) if type(op) in _EDGES:
                changes.append(at(node, "edge", f"{ast.unparse(left)} {_EDGES[type(op)]} {ast.unparse(right)}"))
            case _:
                pass
    yield from _named(text, changes)


def _named(text: str, changes: list[Change]) -> Iterator[tuple[str, str]]:
    """Name each change by what it changes, so that a name outlives the lines around it."""
    seen: dict[str, int] = {}
    for told, start, end, new in changes:
        name = " ".join(told.split())
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name} #{seen[name]}", text[:start] + new + text[end:]
