"""What can be turned round in a Python function: conditions, comparisons, and calls that are made for their effect."""

import ast
from collections.abc import Iterator

from tests.mutation.change import Change

_EDGES = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}
_OPPOSITE = {"any": "all", "all": "any", "min": "max", "max": "min"}


def changes(text: str) -> Iterator[Change]:
    """Every change of what a module's functions do; what it does at its import is left alone."""
    lines = text.splitlines(keepends=True)

    def place(line: int, column: int) -> int:
        return len("".join(lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())

    for function in _functions(ast.parse(text)):
        for first, node in _parts(function):
            for how, at, new in _turned(node):
                end = at.end_lineno or 0
                start, stop = place(at.lineno, at.col_offset), place(end, at.end_col_offset or 0)
                old = text[start:stop]
                yield Change(f"{how} {old}", start, stop, new.replace("…", old), range(first or at.lineno, end + 1))


def _functions(tree: ast.Module) -> Iterator[ast.AST]:
    """The outermost functions: those within come with them."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from (each for each in node.body if isinstance(each, ast.FunctionDef))


def _parts(function: ast.AST) -> Iterator[tuple[int | None, ast.AST]]:
    """Every node in a function, with the first line of the outermost expression that it belongs to, if to any."""
    todo: list[tuple[ast.AST, int | None]] = [(each, None) for each in function.body]  # type: ignore[attr-defined]
    while todo:
        node, first = todo.pop(0)
        if isinstance(node, ast.stmt):
            first = None
        elif first is None and isinstance(node, ast.expr):
            first = node.lineno
        yield first, node
        todo[:0] = [(each, first) for each in ast.iter_child_nodes(node)]


def _turned(node: ast.AST) -> Iterator[tuple[str, ast.expr | ast.stmt, str]]:
    """How a node's change is called, where it is, and what stands there then; … is what stood there.

    The nothing in ``name or ""`` stays, for nothing in its place is nothing too.
    """
    match node:
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test) if not isinstance(test, ast.Constant):
            yield "not", test, "(not (…))"
        case ast.comprehension(ifs=tests):
            yield from (("always", test, "(True)") for test in tests)
        case ast.BoolOp(op=op, values=values):
            told = [each for each in values if not (isinstance(each, ast.Constant) and not each.value)]
            yield from (("without", each, f"({isinstance(op, ast.And)})") for each in told)
        case ast.match_case(guard=ast.expr() as guard):
            yield "always", guard, "(True)"
            yield "never", guard, "(False)"
        case ast.Compare(ops=[op], left=left, comparators=[right]) if type(op) in _EDGES:
            yield "edge", node, f"({ast.unparse(left)} {_EDGES[type(op)]} {ast.unparse(right)})"
        case ast.Return(value=ast.Compare() | ast.BoolOp() as value):
            yield "not", value, "(not (…))"
        case ast.Call(func=ast.Name(id=name) as called) if name in _OPPOSITE:
            yield f"{_OPPOSITE[name]} for", called, _OPPOSITE[name]
        case ast.Expr(value=ast.Call() as call):
            yield "without", call, "None"
        case _:
            pass
