"""A secret parameter and a target's password: nowhere but where they are needed."""

import re
import stat

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.e2e import books
from tests.e2e.stage import dump

pytestmark = pytest.mark.long  # one version of PostgreSQL is enough
SECRET = "Tr0ub4dor&3 'x' %s"
PASSWORD = "c0rrect-h0rse/b4ttery"


def kept(stage):
    """Every byte that the run has left: the journal and what else lies beside it, and every report."""
    files = [path for path in stage.folder.rglob("*") if path.is_file() and "homes" not in path.parts]
    found = {str(path): path.read_bytes() for path in files if path.name not in {"given", "shisa.yaml"}}
    for words in (
        ("show", "last"),
        *(("report", "last", "--format", each) for each in ("md", "html", "json", "junit")),
    ):
        ran = stage.shisa("alice", *words)
        assert ran.code == 0, ran.said
        found[" ".join(words)] = ran.said.encode()
    return found


def spellings(secret):
    """A secret as it is, as a literal of SQL, in JSON, in HTML and in a URI."""
    return {
        secret,
        secret.replace("'", "''"),
        secret.replace("&", "&amp;").replace("'", "&#39;"),
        secret.replace("&", "\\u0026"),
        psycopg.conninfo.make_conninfo(password=secret).removeprefix("password="),
        secret.replace("/", "%2F").replace(" ", "%20"),
        *re.findall(r"\w{6,}", secret),
    }


def nowhere(secret, places):
    for spelling in spellings(secret):
        for place, content in places.items():
            assert spelling.encode() not in content, f"{spelling} stands in {place}"


@pytest.mark.parametrize("source", ["file", pytest.param("env", marks=pytest.mark.slow), "prompt"])
def test_a_secret_reaches_the_server_and_nothing_else(stage, source):
    stage.runbook(books.VAULT)
    (stage.folder / "given").write_text(SECRET)
    answers = stage.answers(**{"*": "go"})
    if source == "prompt":
        operator = stage.sit_down("alice", "run", "purge.yaml")
        operator.see("password (secret: the new password):")
        operator.type(SECRET)
        for step in ("store", "misuse"):
            operator.see(f"Run {step} now?", "go, stop, skip:")
            operator.type("go")
        operator.see("FAILED", "Take run", "Type rollback to go on")
        operator.type("no")
        operator.see("is failed")
        code, said = operator.ended(), operator.text()
    else:
        stage.extra_env = {"NEW_PASSWORD": SECRET}
        given = "password=file:given" if source == "file" else "password=env:NEW_PASSWORD"
        ran = stage.shisa("alice", "run", "purge.yaml", "-p", given, "--answers", answers)
        code, said = ran.code, ran.said
    assert code == 3, said
    assert stage.database.connect().execute("SELECT word FROM vault").fetchone() == (SECRET,)
    assert "invalid input syntax for type integer" in said
    nowhere(SECRET, kept(stage) | {"the terminal": said.encode()})

    again = stage.shisa("alice", "resume", "last", "--answers", answers)
    assert (again.code, "the secret password must be given again" in again.err) == (2, True), again.said


def test_a_resume_at_a_terminal_asks_for_the_secret_again(stage):
    stage.runbook(books.VAULT)
    (stage.folder / "given").write_text(SECRET)
    answers = stage.answers(store="go", misuse="stop")
    assert stage.shisa("alice", "run", "purge.yaml", "-p", "password=file:given", "--answers", answers).code == 5
    operator = stage.sit_down("alice", "resume", "last")
    operator.see("password (secret: of the run, which the journal does not hold):")
    operator.type(SECRET)
    operator.see("Run misuse now?", "go, stop, skip:")
    operator.type("stop")
    assert operator.ended() == 5
    nowhere(SECRET, kept(stage) | {"the terminal": operator.text().encode()})


@pytest.fixture
def clerk(stage):
    """A role of the server whose password stands in shisa.yaml."""
    name = f"clerk_{stage.database.name}"
    with psycopg.connect(stage.database.dsn, autocommit=True) as connection:
        make = sql.SQL("CREATE ROLE {} LOGIN SUPERUSER PASSWORD {}")
        connection.execute(make.format(sql.Identifier(name), sql.Literal(PASSWORD)))
    place = conninfo_to_dict(stage.database.dsn)
    yield {"host": place["host"], "port": place["port"], "dbname": stage.database.name, "user": name}
    with psycopg.connect(stage.database.dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(name)))


def test_the_password_of_a_target_stays_in_shisa_yaml(stage, clerk, archive_tools):
    stage.database.execute(books.CUSTOMERS)
    stage.configure(dsn=make_conninfo(**clerk, password=PASSWORD))
    stage.runbook(books.RESTORE.replace("sequences: from-backup", "sequences: keep"))
    spy = stage.folder / "bin"
    spy.mkdir()
    real = archive_tools.path("pg_restore")
    (spy / "pg_restore").write_text(f'#!/bin/sh\necho "$0 $@" >> {stage.folder}/argv\nexec {real} "$@"\n')
    (spy / "pg_restore").chmod(stat.S_IRWXU)
    dump(archive_tools, stage.database.dsn, stage.folder / "customers.dump")
    stage.database.execute("TRUNCATE customer, session")
    stage.path = f"{spy}:{stage.path}"
    answers = stage.answers(**{"*": "go"})
    waits = stage.shisa("alice", "run", "purge.yaml", "-p", "backup=customers.dump", "--answers", answers, "--detach")
    assert waits.code == 6, waits.said
    stage.sign()
    done = stage.shisa("alice", "resume", "last", "--answers", answers)
    assert done.code == 0, done.said
    assert "-d" in (stage.folder / "argv").read_text()
    nowhere(PASSWORD, kept(stage) | {"the terminal": (waits.said + done.said).encode()})


def test_a_password_is_not_repeated_when_it_is_refused_or_given_on_the_command_line(stage, clerk):
    wrong = make_conninfo(**{**clerk, "user": "nobody-of-that-name"}, password=PASSWORD)
    place = f"{clerk['host']}:{clerk['port']}/{clerk['dbname']}"
    said = []
    torn = (f"postgresql://x:{PASSWORD}@{place}", f"postgresql://x:12/{PASSWORD}@{place}", f"host=x {PASSWORD}")
    for dsn in (wrong, *torn):
        stage.configure(dsn=dsn)
        ran = stage.shisa("alice", "run", "purge.yaml", "--detach")
        assert ran.code == 2, ran.said
        said.append(ran.said)
    stage.configure(policies={"cross-review": {"need": [{"team": "dev", "n": 1}]}})
    uri = f"postgresql://{clerk['user']}:{PASSWORD.replace('/', '%2F')}@{place}"
    ran = stage.shisa("alice", "run", "purge.yaml", "--detach", "--target", f"live={uri}")
    assert (ran.code, "has no policy" in ran.err) == (1, True), ran.said
    nowhere(PASSWORD, kept(stage) | {"the terminal": "".join([*said, ran.said]).encode()})
