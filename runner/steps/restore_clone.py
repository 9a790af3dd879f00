"""``restore`` with ``into``: schemas of an archive beside the ones of today, under another name.

pg_restore cannot rename, and a live schema must not be renamed out of its way. So pg_restore writes the script, each
statement's schemas are renamed where the grammar says that they are schemas, rows pass through untouched, and all of it
is one transaction. Before it commits the catalogue proves that nothing of the clone refers to the original, and that no
default draws from a sequence that the runbook does not name: the first of the incidents began with such a default.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from checks.facts.wording import counted, listed
from runner.archive.plain import Dump
from runner.archive.script import Script
from runner.errors import StepFailedError, UsageError
from runner.journal.events import StepEnded
from runner.postgres.clients import Client, end_group
from runner.postgres.clones import drawn, existing, held_behind
from runner.postgres.raising import raise_in_transaction
from runner.runbook.model import Restore
from runner.sql.errors import SqlSyntaxError
from runner.sql.quoting import quote_identifier
from runner.sql.rename_schema import rename_in_literal, rename_schemas
from runner.steps.base import Effect
from runner.steps.progress import Progress
from runner.steps.restore_script import in_one_transaction
from runner.steps.sending import send_script
from runner.steps.tools import described, described_archive, pg_restore_for

if TYPE_CHECKING:
    from psycopg import Connection

    from checks.base import ArchiveEntry, ArchiveFacts

_REMARKS = frozenset({"COMMENT", "SECURITY LABEL"})
"""Entries whose texts are for people."""
_BLOCK = 1 << 16


def perform_clone(effect: Effect, restore: Restore, facts: ArchiveFacts) -> StepEnded:
    """Clone the schemas that ``into`` names; the ones they come from are neither touched nor referred to."""
    if restore.into is None:
        raise AssertionError
    names = dict(restore.into.schemas)
    _refuse_selection(restore, facts, names)
    client = pg_restore_for(facts)
    with effect.connect(purpose="look") as connection:
        there = existing(connection, tuple(names.values()))
    if there:
        raise UsageError(
            f"the schema {there[0]} is there already; a clone goes only into a schema that is new",
            hint="name another schema in `into:`, or look who made this one",
        )
    entries = [each for each in facts.entries if _belongs(each, names, restore.section)]
    detail = {"archive": described_archive(facts, effect.archive(facts.path)), "tool": described(client)}
    clone = _Clone(effect, restore, names, entries)

    def work(connection: Connection[Any]) -> str:
        said = clone.make(connection, client, facts.path)
        effect.archive(facts.path)
        return said

    ended = in_one_transaction(effect, work, detail)
    return ended if ended.outcome != "done" else clone.told(ended)


def _refuse_selection(restore: Restore, facts: ArchiveFacts, names: Mapping[str, str]) -> None:
    problem = None
    held = {each.schema for each in facts.entries} | {each.name for each in facts.entries if each.kind == "SCHEMA"}
    missing = sorted(names.keys() - held)
    if facts.format == "plain":
        raise UsageError(
            f"{facts.path} is a plain SQL dump, out of which no schema can be taken",
            hint="take the backup with -Fc, -Fd or -Ft",
        )
    if missing:
        raise UsageError(f"{facts.path.name} holds no schema {missing[0]}", hint=f"`pg_restore -l {facts.path}` lists")
    if restore.tables or set(restore.schemas) - names.keys():
        problem = "`into` clones the schemas that it names, whole; it takes no tables and no other schemas"
    elif restore.section not in {None, "pre-data"}:
        problem = f"a new schema cannot begin with the section {restore.section}"
    elif len(set(names.values())) < len(names) or not all(_new(name, names) for name in names.values()):
        problem = "`into` needs a new name of its own for each schema"
    elif int(restore.jobs) > 1:
        problem = "a clone is made in one transaction, so by one job"
    if problem:
        raise UsageError(problem, hint="look at `into:` in the runbook")


def _new(name: str, names: Mapping[str, str]) -> bool:
    """Whether a schema can have this name, and none of the archive's has it."""
    try:
        quote_identifier(name)
    except ValueError:
        return False
    return name not in names and not name.startswith("pg_")


def _belongs(entry: ArchiveEntry, names: Mapping[str, str], section: str | None) -> bool:
    """Whether an entry makes a part of one of the schemas, or the schema itself."""
    if section is not None and entry.section not in {section, "none"}:
        return False
    own = {*names, *(f"SCHEMA {form}" for name in names for form in (name, quote_identifier(name)))}
    return entry.schema in names or (
        entry.kind in {"SCHEMA", "ACL", "COMMENT"} and not entry.schema and entry.name in own
    )


class _Clone:
    """One clone being made."""

    def __init__(self, effect: Effect, restore: Restore, names: Mapping[str, str], entries: list[ArchiveEntry]) -> None:
        if restore.into is None:
            raise AssertionError
        self._effect, self._names, self._entries = effect, names, entries
        self._sequences = restore.sequences == "from-backup"
        self._shared, self._as_written = frozenset(restore.into.shared_sequences), frozenset(restore.into.as_written)
        self._progress = Progress(effect.progress, effect.tell)
        self._raised: list[dict[str, Any]] = []
        self._drawn: list[tuple[str, str]] = []

    def make(self, connection: Connection[Any], client: Client, path: Path) -> str:
        """Send the renamed script, then prove what it made; gives the sentence for the journal."""
        made = {each.name for each in self._entries if each.kind == "SCHEMA"}
        for old, new in self._names.items():
            if old not in made:
                connection.execute(f"CREATE SCHEMA {quote_identifier(new)}".encode())
        self._effect.tell(
            f"{path.name}: {counted(len(self._entries), 'entry', 'entries')} go into {', '.join(self._names.values())}"
        )
        with tempfile.TemporaryDirectory(prefix="shisa-") as folder:
            list_file = Path(folder) / "entries"
            list_file.write_text("".join(f"{each.dump_id};\n" for each in self._entries), encoding="utf-8")
            argv = [str(client.path), "-L", str(list_file), "-f", "-", str(path)]
            with _Writer(argv, self._effect) as writer:
                script = Script(path, writer.blocks(), sent=True)
                sent = send_script(connection, script, sequences=self._sequences, change=self._change, look=self._look)
        self._prove(connection)
        clones = tuple(self._names.values())
        self._raised = [each.as_json() for each in raise_in_transaction(connection, clones)]
        return f"{', '.join(clones)} made by {counted(sent, 'statement')}"

    def told(self, ended: StepEnded) -> StepEnded:
        """Add what the journal shall keep of the sequences."""
        import msgspec

        more = {"raised": self._raised, "drawn": [list(each) for each in self._drawn]}
        return msgspec.structs.replace(ended, detail={**ended.detail, **more})

    def _change(self, text: bytes, dump: Dump, sets: bool) -> bytes:  # noqa: FBT001 - the port's shape
        entry = dump.entries[-1] if dump.entries else None
        try:
            statement = text.decode(dump.codec.python)
            if sets:
                return _set(statement, self._names).encode(dump.codec.python)
            renamed = rename_schemas(statement, self._names)
        except (SqlSyntaxError, UnicodeDecodeError) as error:
            what = statement.split("\n")[0][:60] if isinstance(error, SqlSyntaxError) else repr(text[:60])
            message = f"{what} cannot be put under another name: {error}"
            raise StepFailedError(message, hint="clone this object by hand, from another backup without it") from None
        if renamed.mentions and entry is not None and entry.kind not in _REMARKS:
            name = f"{entry.schema}.{entry.name.partition('(')[0]}"
            if name not in self._as_written:
                raise StepFailedError(
                    f"{entry.kind.lower()} {name} speaks of {renamed.mentions[0]} in a text: the clone's would go on "
                    "working on the original",
                    hint=f"if that is meant, say `as_written: [{name}]` in `into:`",
                )
        return renamed.text.encode(dump.codec.python)

    def _look(self, dump: Dump) -> None:
        done, whole = len(dump.entries), max(len(self._entries), 1)
        self._progress.say(f"{min(done, whole)} of {counted(whole, 'entry', 'entries')}", min(done / whole, 1.0))

    def _prove(self, connection: Connection[Any]) -> None:
        """Ask the catalogue what the clone holds on to. Raises StepFailedError where that is not what was said."""
        behind = held_behind(connection, tuple(self._names.values()), tuple(self._names))
        if behind:
            named = listed([f"{mine} refers to {theirs}" for mine, theirs in behind], 3)
            raise StepFailedError(
                f"the clone would hold on to the original: {named}",
                hint="this object cannot be cloned; take it out of the backup",
            )
        foreign = []
        for column, sequence, expression in drawn(connection, tuple(self._names.values())):
            if sequence is None:
                raise StepFailedError(
                    f"the default of {column} ({expression}) draws from a sequence that nobody can tell",
                    hint="give the original a default of nextval('schema.sequence'::regclass) first",
                )
            self._drawn.append((column, sequence))
            if not _inside(sequence, self._names) and sequence not in self._shared:
                foreign.append((column, sequence))
        if foreign:
            named = listed([f"{column} from {sequence}" for column, sequence in foreign], 3)
            wanted = ", ".join(dict.fromkeys(sequence for _, sequence in foreign))
            raise StepFailedError(
                f"columns of the clone would draw their ids from sequences of other schemas: {named}",
                hint=f"if the environments share them, say `shared_sequences: [{wanted}]` in `into:`",
            )


def _inside(sequence: str, names: Mapping[str, str]) -> bool:
    from runner.postgres.names import split_name

    return split_name(sequence)[0] in names.values()


def _set(statement: str, names: Mapping[str, str]) -> str:
    """Rename the sequence in pg_dump's ``SELECT pg_catalog.setval('env_a.seq', 5, true);``."""
    start, end = statement.index("'"), statement.rindex("'") + 1
    return statement[:start] + rename_in_literal(statement[start:end], names) + statement[end:]


class _Writer:
    """A pg_restore that writes its script into a pipe, for as long as it is read."""

    def __init__(self, argv: list[str], effect: Effect) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the child
        self._child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )
        effect.started(self._child)  # only its group is ended

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._child.stdout is not None:
            self._child.stdout.close()
        if self._child.poll() is None:
            end_group(self._child)  # only its group is ended
        self._errors.close()

    def blocks(self) -> Iterator[bytes]:
        """Yield the script. Raises StepFailedError where pg_restore does not end well."""
        while self._child.stdout is not None and (block := self._child.stdout.read(_BLOCK)):
            yield block
        code = self._child.wait()
        if code < 0:
            raise StepFailedError(f"pg_restore was ended by signal {-code}")
        if code != 0:
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace").strip().splitlines() or ["it said nothing"]
            raise StepFailedError(next((line for line in said if "error:" in line), said[-1]))
