"""Two OS users with two homes: neither can read the other's key, and what they share is a journal, or only text."""

import contextlib
import dataclasses
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from runner.errors import UsageError
from runner.journal.sqlite import SqliteJournal
from tests.e2e.stage import SHISA, Stage, stage_at
from tests.e2e.terminal import Terminal
from tests.e2e.test_by_file import ASKING
from tests.fixtures.for_all import shisa_for_all
from tests.fixtures.needs import missing, program
from tests.fixtures.postgres import Database

GROUP = 65100
NAMED = [user.pw_uid for user in pwd.getpwall() if user.pw_uid != 0][:2]
USERS = dict(zip(("alice", "bob"), NAMED, strict=True)) | {"eve": 65103}
"""alice and bob are in the group of the journal; eve is not, and has no name on this system, as in a container."""
WAITING = "waits for approval under cross-review"


def as_user(name: str) -> list[str]:
    """The words that start a program as an OS user, with nothing of root's rights."""
    groups = f"--groups={GROUP}" if name in {"alice", "bob"} else "--clear-groups"
    ids = [f"--reuid={USERS[name]}", f"--regid={USERS[name]}", groups]
    return ["setpriv", *ids, "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]


@dataclasses.dataclass
class Machines:
    """A desk on which each person is an OS user of their own."""

    stage: Stage
    shisa: str

    def sit_down(self, person: str, *arguments: str, cwd: Path | None = None) -> Terminal:
        env = self.stage.env(person)
        terminal = Terminal([*as_user(person), self.shisa, *arguments], env=env, cwd=cwd or self.stage.folder)
        self.stage.terminals.append(terminal)
        return terminal

    def run(self, person: str, *words: str) -> subprocess.CompletedProcess[str]:
        env = self.stage.env(person)
        return subprocess.run([*as_user(person), *words], env=env, capture_output=True, text=True, check=False)


def open_to(path: Path, mode: int, user: int = 0, group: int = 0) -> None:
    os.chown(path, user, group)
    path.chmod(mode)


@pytest.fixture(scope="session")
def shisa() -> Iterator[str]:
    """The program as other users can start it: a copy where they cannot enter the folder of this one."""
    if os.getuid() != 0:
        missing(UsageError("Only root can start programs as two other users.", hint="Run the tests as root."))
    program("setpriv")
    if subprocess.run([*as_user("eve"), SHISA, "--version"], capture_output=True, check=False).returncode == 0:
        yield SHISA
        return
    with tempfile.TemporaryDirectory(prefix="shisa-for-all-") as folder:
        Path(folder).chmod(0o755)
        yield shisa_for_all(Path(folder))


@pytest.fixture
def machines(database: Database, shisa: str) -> Iterator[Machines]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shisa-two-")))
        stage = stack.enter_context(stage_at(folder / "desk", database))
        made = Machines(stage, shisa)
        for place in (folder, stage.folder, stage.folder / "homes"):
            open_to(place, 0o755)
        dsn = conninfo_to_dict(database.dsn)
        passwords = dsn.pop("passfile", None)
        for name, user in USERS.items():
            if passwords is not None:
                shutil.copy(passwords, stage.home(name) / ".pgpass")
            for path in (stage.home(name), *stage.home(name).rglob("*")):
                open_to(path, 0o700 if path.is_dir() else 0o600, user, user)
        shared = stage.folder / "shared"
        shared.mkdir()
        open_to(shared, 0o2775, 0, GROUP)
        stage.configure(journal="shared/journal.db", dsn=make_conninfo(**dsn))
        yield made


def records(machines: Machines):
    journal = SqliteJournal(machines.stage.folder / "shared" / "journal.db", readonly=True)
    with contextlib.closing(journal):
        return list(journal.records())


def read_back(reviewer: Terminal, machines: Machines) -> None:
    machines.stage.read_back(reviewer)
    reviewer.see("approved by bob, signed")
    assert reviewer.ended() == 0


def test_two_users_over_a_journal_of_their_group(machines):
    stage = machines.stage
    for reader, owner in (("alice", "bob"), ("bob", "alice")):
        assert machines.run(reader, "cat", str(stage.key(owner))).returncode != 0
    operator = machines.sit_down("alice", "run", "purge.yaml")
    operator.see(WAITING)
    journal = stage.folder / "shared" / "journal.db"
    assert (journal.stat().st_uid, journal.stat().st_gid, journal.stat().st_mode & 0o777) == (
        USERS["alice"],
        GROUP,
        0o660,
    )
    run = records(machines)[-1].run
    stranger = machines.sit_down("eve", "review", run)
    stranger.see("journal.db")
    assert stranger.ended() == 8
    reviewer = machines.sit_down("bob", "review", run)
    operator.see("bob is looking at it now")
    reviewer.see("purge of purge", "asked by alice")
    read_back(reviewer, machines)
    operator.see("APPROVED", "purge by bob as dev", "Type purge to go on")
    operator.type("purge")
    operator.see("DONE", "is completed")
    assert operator.ended() == 0
    assert stage.sessions() == 7
    checked = machines.run("bob", machines.shisa, "verify", "--config", str(stage.config))
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_two_users_who_share_nothing_but_text(machines):
    stage = machines.stage
    theirs = {}
    for name in ("alice", "bob"):
        theirs[name] = stage.home(name) / "ops"
        theirs[name].mkdir()
        for file in (stage.config, stage.folder / "purge.yaml"):
            shutil.copy(file, theirs[name])
        (theirs[name] / "shared").mkdir()
        for path in (theirs[name], *theirs[name].rglob("*")):
            open_to(path, 0o700 if path.is_dir() else 0o600, USERS[name], USERS[name])
    operator = machines.sit_down("alice", "run", "purge.yaml", cwd=theirs["alice"])
    operator.see(WAITING, "Where no journal is shared: shisa export")
    exporting = machines.sit_down("alice", "export", "last", "--out", "request.txt", cwd=theirs["alice"])
    exporting.see("send request.txt to whoever decides purge")
    assert exporting.ended() == 0
    carry(theirs["alice"] / "request.txt", theirs["bob"], USERS["bob"])
    reviewer = machines.sit_down("bob", "review", "--request", "request.txt", "--out", "no.txt", cwd=theirs["bob"])
    reviewer.see("asked by alice", "purge.yaml: renders the same step", "INDEPENDENT")
    read_back(reviewer, machines)
    carry(theirs["bob"] / "no.txt", theirs["alice"], USERS["alice"])
    importing = machines.sit_down("alice", "import", "last", "no.txt", cwd=theirs["alice"])
    importing.see("APPROVED purge by bob as dev", "its signature holds")
    assert importing.ended() == 0
    operator.see("APPROVED", "purge by bob as dev", "independent", "Type purge to go on")
    operator.type("purge")
    operator.see("DONE", "is completed")
    assert operator.ended() == 0
    assert stage.sessions() == 7
    assert list((theirs["bob"] / "shared").iterdir()) == []


def test_a_user_without_a_name_signs_and_verifies_without_ssh_keygen(machines):
    stage = machines.stage
    apart = stage.home("eve") / "ops"
    apart.mkdir()
    (apart / "asking.yaml").write_text(ASKING)
    stage.configure(journal=str(apart / "journal.db"), targets={})
    shutil.copy(stage.config, apart)
    for path in (apart, *apart.iterdir()):
        open_to(path, 0o700 if path.is_dir() else 0o600, USERS["eve"], USERS["eve"])
    asking = machines.sit_down("eve", "run", "asking.yaml", cwd=apart)
    asking.see("waits for an answer of cs")
    answering = machines.sit_down("eve", "answer", "last", cwd=apart)
    answering.see("For cs: Is anybody of tenant 7 logged in?", "> none, some:")
    answering.type("none")
    answering.see("answered by eve, signed")
    asking.see("is completed")
    assert asking.ended() == 0
    checked = machines.run("eve", machines.shisa, "verify", "--config", str(apart / "shisa.yaml"))
    assert (checked.returncode, "3 valid" in checked.stdout) == (0, True), checked.stdout + checked.stderr


def test_another_user_cannot_sign_through_a_reviewers_agent_but_root_can(machines):
    """An ssh-agent refuses everybody but its owner, and root: docs/security.md says so, and what to do."""
    stage = machines.stage
    opening = ("run", str(stage.folder / "purge.yaml"), "--detach", "--answers", str(stage.answers(purge="go")))
    assert machines.run("alice", machines.shisa, *opening).returncode == 6
    run = records(machines)[-1].run
    socket = stage.home("bob") / "agent"
    words = [*as_user("bob"), "ssh-agent", "-D", "-a", str(socket)]
    with subprocess.Popen(words, env=stage.env("bob"), stdout=subprocess.PIPE, text=True) as agent:
        agent.stdout.readline()
        stage.extra_env["SSH_AUTH_SOCK"] = str(socket)
        assert machines.run("bob", "ssh-add", "-q", str(stage.key("bob"))).returncode == 0
        for place in (socket, socket.parent):
            place.chmod(0o777)  # not even where the files would let them
        reject = ("reject", run, "purge", "--reason", "x", "--person", "bob", "--config", str(stage.config))
        refused = machines.run("alice", machines.shisa, *reject)
        assert (refused.returncode, "bob has no key at hand to sign with" in refused.stderr) == (4, True)
        as_root = subprocess.run([SHISA, *reject], env=stage.env("alice"), capture_output=True, text=True, check=False)
        assert (as_root.returncode, "rejected by bob, signed" in as_root.stderr) == (0, True), as_root.stderr
        agent.terminate()


def carry(file: Path, folder: Path, user: int) -> None:
    """What a chat does: the text arrives, and nothing else."""
    arrived = folder / file.name
    arrived.write_text("> " + file.read_text().replace("\n", "\r\n> "))
    open_to(arrived, 0o600, user, user)
