"""Which files are validated, with which configuration, against which baseline."""

from __future__ import annotations

import dataclasses
import gc
import json
import os
import stat
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from runner.config.load import NAME, check, find
from runner.config.model import Config
from runner.config.plugins import use_plugins
from runner.document import Document, Problem
from runner.errors import ConfigError, UsageError
from runner.runbook.lint.found import Found, severity_of
from runner.runbook.lint.judge import chosen, judge
from runner.runbook.lint.report import Report
from runner.runbook.load import read_bytes
from runner.strict_yaml import MAX_BYTES, parse

STDIN = "-"
_BASELINE = "Make one by: shisa validate --format json > FILE"
_GARBAGE = 100_000
"""Looked for less often than by default: trees are made and dropped file by file, and hold no cycles."""
_SUFFIXES = frozenset({".yaml", ".yml"})
_SKIPPED = frozenset({"node_modules", "__pycache__", "venv"})


def validate(
    paths: Sequence[str],
    *,
    config: Path | None = None,
    baseline: Path | None = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> Report:
    """Validate files, folders (recursively) and stdin (``-``).

    Raises UsageError for a path that does not exist, and for a baseline that cannot be read.
    """
    gc.set_threshold(_GARBAGE)
    bench = _Bench(config)
    for path in paths:
        for name, file, given in _expanded(path):
            bench.look(name, file, given=given)
    found = tuple(chosen(bench.found, select, ignore))
    known = frozenset(_known(found, baseline)) if baseline is not None else frozenset()
    return Report(tuple(dict.fromkeys(bench.files)), found, bench.texts, known)


@dataclasses.dataclass
class _Bench:
    """Collects problems; each configuration is read once."""

    config: Path | None
    files: list[str] = dataclasses.field(default_factory=list)
    found: list[Found] = dataclasses.field(default_factory=list)
    texts: dict[str, str] = dataclasses.field(default_factory=dict)
    configs: dict[Path, Config | None] = dataclasses.field(default_factory=dict)
    nearest: dict[Path, Path | None] = dataclasses.field(default_factory=dict)

    def look(self, name: str, file: Path, *, given: bool) -> None:
        """Validate one file; one of a folder that is another kind of YAML is passed over."""
        try:
            content = sys.stdin.buffer.read(MAX_BYTES + 4) if name == STDIN else read_bytes(file)
        except UsageError as error:
            self.files.append(name)
            self.found.append(_told(name, Problem("file-unreadable", error.message, "Look at the permissions.")))
            return
        if file.name == NAME:
            self._config(file)
        elif given or _is_runbook(content):
            self.files.append(name)
            self.texts[name] = content.decode("utf-8", "replace")
            self.found += judge(content, file, config=self._config_of(file), name=name)

    def _config_of(self, file: Path) -> Config | None:
        folder = file.parent
        if folder not in self.nearest:
            self.nearest[folder] = find(config=self.config, runbook=file, cwd=Path.cwd())
        path = self.nearest[folder]
        return None if path is None else self._config(path)

    def _config(self, path: Path) -> Config | None:
        path = path.resolve()
        if path not in self.configs:
            name = os.path.relpath(path)
            document = parse(read_bytes(path), dates=True)
            self.configs[path], problems = _with_plugins(document)
            self.files.append(name)
            self.texts[name] = document.text
            self.found += [_told(name, each) for each in problems]
        return self.configs[path]


def _with_plugins(document: Document) -> tuple[Config | None, list[Problem]]:
    """Type a configuration, and load the third-party checks that it names."""
    config, problems = check(document)
    try:
        use_plugins(config)
    except ConfigError as error:
        place = document.position(("checks",))
        return None, [Problem("config-invalid", error.message.removeprefix("shisa.yaml: "), error.hint, *place)]
    return config, problems


def _told(name: str, problem: Problem) -> Found:
    rule = problem.rule if problem.rule not in _OF_RUNBOOKS else "config-invalid"
    return Found(name, problem.line, problem.column, rule, severity_of(rule, {}), problem.message, problem.hint)


_OF_RUNBOOKS = frozenset({"unknown-key", "missing-key", "wrong-type", "wrong-value"})
"""Rules whose pages speak of runbooks; in shisa.yaml they are one rule."""


def _expanded(path: str) -> Iterator[tuple[str, Path, bool]]:
    """The files behind one argument, with the name to report, and whether it was given by name."""
    if path == STDIN:
        yield STDIN, Path(STDIN), True
        return
    file = Path(path)
    if "\0" in path or not os.path.lexists(path):
        raise UsageError(f"there is no file {path}", hint="shisa validate takes files, folders, or - for stdin")
    if not file.is_dir():
        yield path, file, True
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(each for each in folders if not each.startswith(".") and each not in _SKIPPED)
        for each in sorted(names):
            inner = Path(folder, each)
            if inner.suffix in _SUFFIXES and not each.startswith(".") and _readable_kind(inner):
                yield str(inner), inner, False


def _readable_kind(file: Path) -> bool:
    """A file, or a link whose end nobody knows yet; never a pipe or device that would block."""
    try:
        return stat.S_ISREG(file.stat().st_mode)
    except OSError:
        return True


def _is_runbook(content: bytes) -> bool:
    """Tell whether a file of a folder means to be a runbook; what cannot be read as YAML is reported as one."""
    if b"shisa" in content or b"steps" in content:
        return True
    data = parse(content, dates=True).data
    return not isinstance(data, dict | list)


def _known(found: Sequence[Found], baseline: Path) -> Iterator[Found]:
    """The problems that an earlier report already holds, by file, rule and message, as often as it does."""
    try:
        known = json.loads(baseline.read_text("utf-8"))["problems"]
        old = Counter((each["file"], each["rule"], each["message"]) for each in known)
    except OSError as error:
        raise UsageError(f"{baseline} cannot be read: {error.strerror}", hint=_BASELINE) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{baseline} is not a baseline", hint=_BASELINE) from error
    for each in found:
        key = (each.file, each.rule, each.message)
        if old[key] > 0:
            old[key] -= 1
            yield each
