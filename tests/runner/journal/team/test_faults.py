"""Many at once, a server that goes away and comes back, a session that holds everybody up."""

import collections
import concurrent.futures
import contextlib
import os
import threading
import time

import psycopg
import pytest

from runner.errors import JournalError
from runner.journal import events as ev
from runner.journal.postgres.install import install
from runner.journal.postgres.store import PostgresJournal
from runner.journal.verify import verify_journal
from tests.fixtures.standby import SETTINGS, standby_of, until
from tests.runner.engine.stage import as_user
from tests.runner.journal.team.ground import ORDER, RUN, append, empty, roles, told, write

RUNS = 50 if os.environ.get("SHISA_TEST_ALL") else 12
BOBS = "FROM pg_stat_activity WHERE usename = 'bob' AND datname = current_database()"
"""Bob's sessions on this test's journal; other workers may share the server."""


def problems(journal: PostgresJournal) -> list[str]:
    return [each.message for each in verify_journal(journal, check=lambda _: None).problems]


def at_once(jobs):
    """Let threads begin together; give what each returned."""
    gate = threading.Barrier(len(jobs))

    def begin(job):
        gate.wait()
        return job()

    with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(begin, jobs))


def test_of_sixteen_starts_at_once_exactly_one_uses_the_approval(ground):
    write(ground, ORDER[:-1])
    logins = [ground.login("alice") for _ in range(16)]

    def start(login):
        try:
            append(login, ground, told(ground)["started"])
        except psycopg.Error as error:
            return error.diag.message_primary
        return "started"

    said = at_once([lambda login=login: start(login) for login in logins])
    assert said.count("started") == 1
    assert all(each.startswith("the approval cannot be used: it was used at") for each in said if each != "started")
    assert ground.lines() == len(ORDER)


def test_runs_at_the_same_time_lose_no_line_and_double_none(ground):
    story = told(ground)

    def carry_out(number):
        run, request = f"261127-{number:06x}", f"req-{number:032x}"
        for name in ORDER:
            person, step, event, body = story[name]
            mine = dict(body)
            mine |= {"request": request} if "request" in mine else {}
            mine |= {"requests": [request]} if "requests" in mine else {}
            with contextlib.closing(ground.login(person)) as login:
                append(login, ground, (person, step, event, mine), run=run)

    at_once([lambda number=number: carry_out(number) for number in range(RUNS)])
    rows = ground.root.execute("SELECT run, array_agg(event ORDER BY seq) FROM shisa.journal GROUP BY run").fetchall()
    assert len(rows) == RUNS
    assert all(events == [story[name][2] for name in ORDER] for _, events in rows)
    assert ground.lines() == RUNS * len(ORDER)
    assert ground.broken() is None


def test_a_client_that_is_cut_off_while_it_waits_asks_again_and_writes_one_line(ground):
    write(ground, ORDER[:2])
    holder = ground.login("alice")
    holder.execute("BEGIN")
    append(holder, ground, told(ground)["note"])
    journal = PostgresJournal(as_user(ground.database.dsn, "bob"))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(journal.append, ev.Note(text="mine"), run=RUN, step=None, person="bob")
        waits = f"SELECT count(*) = 1 {BOBS} AND wait_event_type = 'Lock'"
        until(ground.root, waits)
        ground.root.execute(f"SELECT pg_terminate_backend(pid) {BOBS}")
        until(ground.root, waits)
        holder.execute("COMMIT")
        assert asked.result().seq == 4
    assert [each.body for each in journal.records(after=3)] == [ev.Note(text="mine")]
    assert problems(journal) == []
    journal.close()


def test_a_line_that_was_kept_though_the_answer_was_lost_is_given_again_by_its_token(ground):
    write(ground, ORDER[:2])
    first = append(ground.login("bob"), ground, ("bob", None, "note", {"text": "once", "sql": None}), token=TOKEN)
    again = append(ground.login("bob"), ground, ("bob", None, "note", {"text": "once", "sql": None}), token=TOKEN)
    assert first == again == (3,)
    assert ground.lines() == 3


TOKEN = "22222222-2222-2222-2222-222222222222"


def test_a_session_that_holds_the_chain_is_ended_and_the_others_go_on(ground):
    write(ground, ORDER[:2])
    holder = ground.login("alice")
    holder.execute("SET idle_in_transaction_session_timeout = 0")
    holder.execute("BEGIN")
    append(holder, ground, told(ground)["note"])
    began = time.monotonic()
    append(ground.login("bob"), ground, ("bob", None, "note", {"text": "late", "sql": None}))
    assert 3 < time.monotonic() - began < 14, "the holder is ended after 5 s, the waiting one would give up after 15"
    assert ground.lines() == 3


def test_a_line_that_the_next_server_lacks_stops_the_run(ground):
    write(ground, ORDER[:2])
    journal = PostgresJournal(as_user(ground.database.dsn, "bob"))
    journal.append(ev.Note(text="kept only by the old server"), run=RUN, step=None, person="bob")
    ground.root.execute(f"SELECT pg_terminate_backend(pid) {BOBS}")
    empty(ground.root)
    with pytest.raises(JournalError, match="Line 3, which was written before the connection was lost, is not in the"):
        journal.append(ev.Note(text="next"), run=RUN, step=None, person="bob")
    journal.close()
    assert ground.lines() == 0


@pytest.fixture
def alone(own_server):
    """A journal on a server of its own, to be stopped; ``postgres`` is alice."""
    server = own_server(durable=True, settings={**SETTINGS, "wal_writer_delay": "10s"})
    with psycopg.connect(server.dsn(), autocommit=True) as root:
        roles(root, server)
        install(server.dsn())
        root.execute("INSERT INTO shisa.person VALUES ('alice', 'postgres', '{ops}')")
    return server


def anchor(number: int) -> ev.Anchor:
    return ev.Anchor(kept=str(number), head_seq=0, head="")


def test_the_commit_of_a_line_waits_for_the_disk_whatever_the_session_has_set(alone):
    login = psycopg.connect(alone.dsn(), autocommit=True)
    login.execute("SET synchronous_commit = off; CREATE TABLE plain (n int)")
    flushed = "SELECT pg_current_wal_flush_lsn() >= %s::pg_lsn"
    body = '{"head":"","head_seq":0,"kept":"x"}'
    lazy, eager = [], []
    for _ in range(10):
        with login.transaction():
            login.execute("INSERT INTO plain VALUES (1)")
            (before,) = login.execute("SELECT pg_current_wal_insert_lsn()").fetchone()
        lazy += login.execute(flushed, (before,)).fetchone()
        with login.transaction():
            login.execute("SELECT shisa.append('anchor', '', NULL, 'alice', %s, gen_random_uuid())", (body,))
            login.execute("SET LOCAL synchronous_commit = off")
            (before,) = login.execute("SELECT pg_current_wal_insert_lsn()").fetchone()
        eager += login.execute(flushed, (before,)).fetchone()
    login.close()
    assert all(eager)
    assert not all(lazy), "else this shows nothing"


def test_a_server_that_falls_over_and_comes_back_has_every_acknowledged_line_once(alone):
    stop = threading.Event()

    def write_on(writer):
        journal, kept = PostgresJournal(alone.dsn()), []
        while not stop.is_set():
            number = writer * 1_000_000 + len(kept)
            journal.append(anchor(number), run="", step=None, person="alice")
            kept.append(number)
        journal.close()
        return kept

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write_on, writer) for writer in range(4)]
        with psycopg.connect(alone.dsn(), autocommit=True) as root:
            until(root, "SELECT seq > 40 FROM shisa.head")
        alone.restart("immediate")
        with psycopg.connect(alone.dsn(), autocommit=True) as root:
            (before,) = root.execute("SELECT seq FROM shisa.head").fetchone()
            until(root, f"SELECT seq > {before + 40} FROM shisa.head")
        stop.set()
        acknowledged = [number for each in writing for number in each.result()]
    journal = PostgresJournal(alone.dsn())
    stored = collections.Counter(int(each.body.kept) for each in journal.records())
    assert stored == collections.Counter(acknowledged)
    assert problems(journal) == []
    journal.close()


def test_a_server_that_stays_away_is_an_error_with_a_hint(alone):
    journal = PostgresJournal(alone.dsn(), patience_s=0.5)
    alone.stop("immediate")
    with pytest.raises(JournalError, match=r"The team journal (is away|at .* went away)") as told_:
        journal.append(anchor(1), run="", step=None, person="alice")
    assert told_.value.hint
    assert told_.value.exit_code == 8
    with pytest.raises(JournalError):
        journal.wait_for_change(0.1)
    journal.close()


def test_somebody_who_waits_through_a_restart_is_woken_by_the_next_line(alone):
    journal = PostgresJournal(alone.dsn())
    assert not journal.wait_for_change(0.2)
    alone.restart("fast")
    assert not journal.wait_for_change(0.2)
    other = PostgresJournal(alone.dsn())
    other.append(anchor(1), run="", step=None, person="alice")
    assert journal.wait_for_change(5)
    for each in (journal, other):
        each.close()


@pytest.mark.long
def test_a_fail_over_to_a_standby_that_has_all_lines_goes_on(alone):
    with standby_of(alone) as standby:
        both = (
            f"host=127.0.0.1,127.0.0.1 port={alone.port},{standby.port} user=postgres dbname=postgres "
            f"passfile={alone.passfile} target_session_attrs=read-write"
        )
        journal = PostgresJournal(both, patience_s=60)
        with psycopg.connect(alone.dsn(), autocommit=True) as root:
            root.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            root.execute("SELECT pg_reload_conf()")
            until(root, "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'")
        journal.append(anchor(1), run="", step=None, person="alice")
        alone.stop("immediate")
        with psycopg.connect(standby.dsn(), autocommit=True) as root:
            root.execute("ALTER SYSTEM RESET synchronous_standby_names")
            root.execute("SELECT pg_promote()")
        journal.append(anchor(2), run="", step=None, person="alice")
        assert [each.body.kept for each in journal.records()] == ["1", "2"]
        assert problems(journal) == []
        journal.close()


def test_a_pooler_that_loses_listen_and_sessions_only_makes_the_waking_slower(pair, pooled):
    with psycopg.connect(pair.primary.dsn(), autocommit=True) as root:
        install(pair.primary.dsn())
        root.execute("INSERT INTO shisa.person VALUES ('alice', 'postgres', '{ops}') ON CONFLICT DO NOTHING")
    journal, other = PostgresJournal(pooled.dsn()), PostgresJournal(pooled.dsn())
    began = time.monotonic()
    journal.wait_for_change(0.1)
    for number in range(5):
        other.append(anchor(number), run="", step=None, person="alice")
    assert journal.wait_for_change(10)
    assert time.monotonic() - began < 9
    assert problems(journal) == []
    for each in (journal, other):
        each.close()
