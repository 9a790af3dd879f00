"""A throwaway PostgreSQL: made in a temporary folder, reached on loopback only, gone at the end."""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from runner.demo.account import Account, unprivileged
from runner.demo.binaries import Binaries, find
from runner.demo.sweeper import Sweeper
from runner.errors import UsageError

USER = "postgres"
HOST = "127.0.0.1"
PATIENCE = 60.0
"""Seconds to wait for a start or a stop; a loaded machine in CI is slow."""
SOCKET_PATH_LIMIT = 103
"""Bytes of a Unix socket's path that every system takes (macOS the fewest)."""
SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Server:
    """One PostgreSQL cluster with its folder, port and password; ``throwaway`` makes them."""

    def __init__(self, binaries: Binaries, folder: Path, account: Account, sweeper: Sweeper) -> None:
        self.binaries = binaries
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "server.log"
        self.passfile = folder / "pgpass"
        self.password = secrets.token_urlsafe(24)
        self.host = HOST
        self.port = _free_port()
        self.user = USER
        self._account = account
        self._sweeper = sweeper
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline = -1

    @property
    def version(self) -> int:
        """The major version, as 18."""
        return self.binaries.version

    @property
    def pid(self) -> int:
        """The postmaster's process id; raises UsageError while the server is down."""
        if self._process is None:
            raise UsageError("The throwaway PostgreSQL is not running.")
        return self._process.pid

    @property
    def socket(self) -> Path | None:
        """The folder of the Unix socket; None where its path would be too long."""
        path = self.folder / ".s.PGSQL.65535"
        return self.folder if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT else None

    def dsn(self, dbname: str = "postgres", *, user: str = USER) -> str:
        """Give a libpq URI without the password in it: libpq reads that from ``passfile``, for any user."""
        return (
            f"postgresql://{quote(user, safe='')}@{self.host}:{self.port}/{quote(dbname, safe='')}"
            f"?passfile={quote(str(self.passfile), safe='')}"
        )

    def env(self, dbname: str = "postgres") -> dict[str, str]:
        """Give the environment in which PostgreSQL's client programs find this server."""
        return _clean_env() | {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGDATABASE": dbname,
            "PGPASSWORD": self.password,
        }

    def run(
        self, tool: str, *args: str | Path, dbname: str = "postgres", check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run psql, pg_dump or another client program of this version against a database.

        Raises UsageError when it fails, unless ``check`` is off.
        """
        done = subprocess.run(
            [self.binaries.path(tool), *args],
            env=self.env(dbname),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if check and done.returncode != 0:
            raise UsageError(f"{tool} failed with {done.returncode}: {_last_line(done.stderr)}")
        return done

    def create(self, settings: Mapping[str, str]) -> None:
        """Make the cluster's files (initdb)."""
        self.passfile.touch(mode=0o600)
        self.passfile.write_text(f"*:*:*:*:{self.password}\n")
        once = self.folder / "initial-password"
        once.touch(mode=0o600)
        once.write_text(self.password)
        self._account.give(once)
        initdb: list[str | Path] = [
            self.binaries.path("initdb"),
            "-D",
            self.data,
            "-U",
            USER,
            "--pwfile",
            once,
        ]
        initdb += ["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"]
        with self.log.open("ab") as log:
            done = self._account.call(initdb, cwd=self.folder, env=_clean_env(), stdout=log, stderr=log)
        if done != 0:
            raise self._failed("could not be made")
        once.unlink()
        with (self.data / "postgresql.conf").open("a") as conf:
            for name, value in settings.items():
                doubled = value.replace("\\", "\\\\").replace("'", "''")
                conf.write(f"{name} = '{doubled}'\n")

    def start(self) -> None:
        """Start the server, if it is down, and wait until it takes connections.

        It keeps its port, unless somebody has taken that meanwhile. Raises UsageError when it does not start.
        """
        if self._process is not None and self._process.poll() is None:
            return
        self._end(signal.SIGKILL)
        for _ in range(10):
            if self._try_to_start():
                return
            self.port = _free_port()
        raise self._failed("found no free port")

    def stop(self, mode: str = "fast") -> None:
        """Stop the server (``smart``, ``fast``, ``immediate``) and wait until all its processes are gone."""
        self._end(SIGNALS[mode])

    def kill(self) -> None:
        """Kill the postmaster with SIGKILL, as a crash would, and wait until its backends have noticed."""
        self._end(signal.SIGKILL)

    def restart(self, mode: str = "fast") -> None:
        """Stop the server and start it on the same port."""
        self.stop(mode)
        self.start()

    def _try_to_start(self) -> bool:
        seen = self.log.stat().st_size
        self._lifeline, inherited = os.pipe()  # closed when the server's last process is gone
        argv: list[str | Path] = [self.binaries.path("postgres"), "-D", self.data, "-p", str(self.port), "-c"]
        argv += [f"listen_addresses={self.host}", "-k", str(self.socket or "")]
        with self.log.open("ab") as log:
            process = self._process = self._account.start(
                argv, cwd=self.folder, env=_clean_env(), stdout=log, stderr=log, pass_fds=[inherited]
            )
        os.close(inherited)
        self._sweeper.watch(process.pid)
        deadline = time.monotonic() + PATIENCE
        while process.poll() is None:
            if self._ready():
                return True
            if time.monotonic() > deadline:
                self._end(signal.SIGQUIT)
                raise self._failed(f"was not ready after {PATIENCE:.0f} s")
            time.sleep(0.01)
        self._end(signal.SIGQUIT)
        if b"could not bind" in self.log.read_bytes()[seen:]:
            return False
        raise self._failed("did not start")

    def _ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        ready_line = 7  # as pg_ctl reads it; the file that a crashed server left names another pid
        return len(lines) > ready_line and lines[0] == str(self.pid) and lines[ready_line].strip() == "ready"

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        for each in (how, signal.SIGQUIT, signal.SIGKILL):
            self._process.send_signal(each)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(PATIENCE)
                break
        gone = select.poll()
        gone.register(self._lifeline, select.POLLIN)
        gone.poll(PATIENCE * 1000)
        os.close(self._lifeline)
        self._process = None
        self._sweeper.watch(None)

    def _failed(self, what: str) -> UsageError:
        log = self.log.read_text(encoding="utf-8", errors="replace")
        return UsageError(f"The throwaway PostgreSQL {what}: {_last_line(log)}")


@contextlib.contextmanager
def throwaway(
    binaries: Binaries | None = None, *, durable: bool = False, settings: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Give a running server that is stopped and removed at the end, also when this process is killed.

    ``durable`` keeps fsync on, for a server that is to be crashed. Raises UsageError when none can be run.
    """
    account = unprivileged()
    folder = account.folder()
    with Sweeper(folder) as sweeper:
        server = Server(account.reach(binaries or find(), folder), folder, account, sweeper)
        server.create({"timezone": "UTC"} | ({} if durable else NOT_DURABLE) | dict(settings or {}))
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def _clean_env() -> dict[str, str]:
    """Leave out of the environment what would lead PostgreSQL's programs elsewhere, in one known locale."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))} | {"LC_ALL": "C"}


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing"
