"""`shisa verify`: judging the chain, against reading and hashing the same rows: at most 2.5 times.

Floor: one SELECT over all rows and one SHA-256 over each row's text. Signatures are stated apart. The journal has
100,000 lines of about 400 bytes and no signatures, then 40 signed approvals. Exit 1 when the bound is broken.
"""

from __future__ import annotations

import hashlib
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from runner.config.model import Person
from runner.journal import events as ev
from runner.journal.chain import GENESIS, line_hash
from runner.journal.codec import encode
from runner.journal.sqlite import SqliteJournal
from runner.journal.verify import verify_journal
from runner.review.audit import signature_check
from runner.review.keys import KeyRef, generate_key
from runner.review.sshsig import RUN, sign
from runner.review.statement import closed_statement

BOUND = 2.5
LINES = 100_000
SIGNED = 40
ROUNDS = 5


def timed(action: Callable[[], object]) -> float:
    """Seconds that an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def fill(path: Path) -> None:
    """Write many lines at once; the chain is real, only the fsync of each line is saved."""
    SqliteJournal(path).close()
    connection = sqlite3.connect(path)
    prev, at = GENESIS, "2026-11-23T21:02:31.000000Z"
    body = encode(ev.Note(text="x" * 380))
    for seq in range(1, LINES + 1):
        fields = (at, "alice", "note", f"261123-{seq // 50:06d}", "restore", body, prev)
        own = line_hash(seq, *(field.encode() for field in fields))
        connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (seq, *fields, own))
        prev = own
    connection.commit()
    connection.close()


def floor(path: Path) -> None:
    """Read and hash the rows, and judge nothing."""
    connection = sqlite3.connect(path)
    connection.text_factory = bytes
    for row in connection.execute("SELECT at, person, event, run, step, body, prev, hash FROM journal ORDER BY seq"):
        hashlib.sha256(b"".join(row)).hexdigest()
    connection.close()


def judge(path: Path, people: dict[str, Person]) -> int:
    """Verify the journal; gives the number of signatures that hold."""
    journal = SqliteJournal(path, readonly=True)
    result = verify_journal(journal, check=signature_check(people))
    journal.close()
    if result.problems:
        raise SystemExit(result.problems[0].message)
    return result.valid


def sign_some(path: Path, key: KeyRef) -> None:
    """Add lines with signatures."""
    journal = SqliteJournal(path)
    for number in range(SIGNED):
        run = f"261124-{number:06d}"
        where = {"run": run, "state": "completed", "reason": None, "person": "alice"}
        statement = closed_statement(**where, at="2026-11-24T00:00:00.000000Z", head=journal.head())
        signature = sign(key, RUN, statement.encode())
        closed = ev.RunClosed(state="completed", statement=statement, signature=signature)
        journal.append(closed, run=run, step=None, person="alice")
    journal.close()


def main() -> int:
    """Measure, print two lines, and say by the exit code whether the bound holds."""
    with tempfile.TemporaryDirectory(prefix="shisa-bench-") as name:
        path = Path(name, "journal.db")
        key = KeyRef(generate_key(Path(name, "key"), "bench"), Path(name, "key"))
        people = {"alice": Person(keys=(key.public.line,))}
        fill(path)
        times = [(timed(lambda: floor(path)), timed(lambda: judge(path, people))) for _ in range(ROUNDS)]
        least, cost = (statistics.median(column) for column in zip(*times, strict=True))
        sign_some(path, key)
        signed = timed(lambda: judge(path, people)) - cost
    ratio = cost / least
    print(f"verify, chain of {LINES}: {cost:.2f} s, read and hash {least:.2f} s: {ratio:.2f} x of {BOUND:g}")
    print(f"verify, {SIGNED} signatures: {signed * 1e3 / SIGNED:.1f} ms each")
    return 0 if ratio <= BOUND else 1


if __name__ == "__main__":
    sys.exit(main())
