"""What is too large for a line is in the team's database, for whoever goes on with the run on another machine."""

import hashlib

import psycopg
import pytest

from runner.errors import JournalError
from runner.journal.postgres.install import install
from runner.journal.postgres.store import PostgresJournal
from tests.runner.engine.stage import as_user
from tests.runner.journal.team.ground import ORDER, write

CONTENT = b"\0\xff rows" * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def journal_of(ground):
    opened = []

    def made(who: str) -> PostgresJournal:
        opened.append(PostgresJournal(as_user(ground.database.dsn, who)))
        return opened[-1]

    yield made
    for each in opened:
        each.close()


def test_what_an_operator_attaches_is_read_by_the_others_and_is_there_once(ground, journal_of):
    assert [journal_of("alice").attach(CONTENT) for _ in range(2)] == [DIGEST, DIGEST]
    assert journal_of("bob").attached(DIGEST) == CONTENT
    assert ground.root.execute("SELECT role FROM shisa.attachment").fetchall() == [("alice",)]


def test_what_is_missing_is_said(journal_of):
    with pytest.raises(JournalError, match=f"has no attachment {'0' * 64}"):
        journal_of("alice").attached("0" * 64)


def test_content_that_the_owner_changed_is_not_given_out(ground, journal_of):
    journal = journal_of("alice")
    journal.attach(CONTENT)
    ground.root.execute("ALTER TABLE shisa.attachment DISABLE TRIGGER attachment_append_only")
    ground.root.execute("ALTER TABLE shisa.attachment DROP CONSTRAINT attachment_check")
    try:
        ground.root.execute("UPDATE shisa.attachment SET content = 'other rows'")
        with pytest.raises(JournalError, match=f"The attachment {DIGEST} was changed after it was written"):
            journal.attached(DIGEST)
    finally:
        ground.root.execute("DELETE FROM shisa.attachment")
        ground.root.execute("ALTER TABLE shisa.attachment ENABLE ALWAYS TRIGGER attachment_append_only")
        ground.root.execute("ALTER TABLE shisa.attachment ADD CHECK (sha256 = encode(sha256(content), 'hex'))")


def test_a_journal_of_the_format_before_is_refused_until_its_owner_brings_it_up_to_date(ground, journal_of):
    write(ground, ORDER[:4])
    ground.root.execute("DROP TABLE shisa.attachment")
    ground.root.execute("UPDATE shisa.version SET format = 1")
    with pytest.raises(JournalError, match="has format 1, and this shisa knows format 2") as refused:
        journal_of("alice")
    assert "`shisa journal init`" in refused.value.hint
    done = install(ground.database.dsn)
    assert (done.before, done.now, ground.lines()) == (1, 2, 4)
    assert journal_of("alice").attach(CONTENT) == DIGEST
    with psycopg.connect(as_user(ground.database.dsn, "alice")) as alice, pytest.raises(psycopg.Error, match="denied"):
        alice.execute("DELETE FROM shisa.attachment")
