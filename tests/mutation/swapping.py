"""Put a mutant's text in the place of the original in a process that has imported it already."""

import contextlib
import gc
import types
from collections.abc import Iterator
from pathlib import Path

import runner.journal.postgres
from tests.mutation.mutants import SQL, Mutant


@contextlib.contextmanager
def swapped(mutant: Mutant, root: Path, folder: Path) -> Iterator[None]:
    """Change what runs, and change it back."""
    if mutant.area == "python":
        path, original = str(root / mutant.path), (root / mutant.path).read_text()
        _functions(path, original, mutant.text)
        yield
        _functions(path, mutant.text, original)
    else:
        before = runner.journal.postgres.files
        _script(mutant, root, folder)
        yield
        runner.journal.postgres.files = before


def _functions(path: str, old: str, new: str) -> None:
    """Give each function of a module the code that it has in the new text."""
    renewed = dict(zip(_codes(path, old), _codes(path, new), strict=False))
    found = False
    for each in gc.get_objects():
        if isinstance(each, types.FunctionType) and each.__code__.co_filename == path and each.__code__ in renewed:
            found |= each.__code__ != renewed[each.__code__]
            each.__code__ = renewed[each.__code__]
    if not found:
        message = f"{path} has no function with this change"
        raise LookupError(message)


def _codes(path: str, text: str) -> Iterator[types.CodeType]:
    """The code of every function outside of functions, in the order of the text."""
    todo = [compile(text, path, "exec", dont_inherit=True)]
    while todo:
        code = todo.pop(0)
        within = [each for each in code.co_consts if isinstance(each, types.CodeType)]
        for each in within:
            if each.co_flags & 2:
                yield each
        todo += [each for each in within if not each.co_flags & 2]


def _script(mutant: Mutant, root: Path, folder: Path) -> None:
    """Let the journal be installed from a folder of scripts in which one is changed."""
    for each in (root / SQL).glob("*.sql"):
        (folder / each.name).write_text(mutant.text if each.name == Path(mutant.path).name else each.read_text())
    runner.journal.postgres.files = lambda _: folder
