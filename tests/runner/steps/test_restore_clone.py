"""Clones under another name, out of archives of the real pg_dump, beside the schemas that customers use."""

import os
import subprocess

import pytest

from tests.runner.engine.stage import Player

HEAD = "params: {backup: {type: path}}\n"
SHARED = "shared_sequences: [base.customer_id_seq]"
TREE = """
CREATE SCHEMA base; CREATE TABLE base.customer (id serial PRIMARY KEY, name text NOT NULL);
CREATE SCHEMA env_a; CREATE TABLE env_a.customer (PRIMARY KEY (id)) INHERITS (base.customer);
CREATE TABLE env_a.invoice (id serial PRIMARY KEY, customer int REFERENCES env_a.customer, of text DEFAULT 'x');
INSERT INTO env_a.customer (name) SELECT 'a' FROM generate_series(1, 100);
INSERT INTO env_a.invoice (customer) SELECT id FROM env_a.customer;
DELETE FROM env_a.invoice WHERE id > 90;
"""


def step(into="{schemas: {env_a: env_c}, " + SHARED + "}", more=""):
    return (
        "  - id: clone\n    title: Clone it\n    target: live\n    approval: cross\n"
        f'    restore: {{from: "{{{{ backup }}}}", into: {into}{more}}}\n'
    )


@pytest.fixture
def tools(archive_tools, monkeypatch):
    monkeypatch.setenv("PATH", f"{archive_tools.bin}{os.pathsep}{os.environ['PATH']}")
    return archive_tools


@pytest.fixture
def dump(database, tools, tmp_path):
    def dumped(*options, dsn=database.dsn):
        path = tmp_path / "saved.dump"
        path.unlink(missing_ok=True)
        subprocess.run([tools.path("pg_dump"), *(options or ("-Fc",)), "-f", path, "-d", dsn], check=True)
        return path

    return dumped


@pytest.fixture
def play(stage):
    def one(backup, steps=None):
        stage.write(steps or step(), head=HEAD)
        return stage.play(Player(on_wait=stage.sign), params={"backup": str(backup)})

    return one


@pytest.fixture
def environments(database, dump):
    """The first incident's environments; fifty customers more after the backup."""
    database.execute(TREE)
    backup = dump()
    database.execute("INSERT INTO env_a.customer (name) SELECT 'b' FROM generate_series(1, 50)")
    return backup


ORIGINAL = "SELECT md5(string_agg(c::text, '|' ORDER BY id)) FROM env_a.customer c"
STANDS_AT = "SELECT last_value FROM base.customer_id_seq"


def failed(done, reason):
    ended = done.ended("clone")
    assert (done.ending.exit_code, ended.outcome) == (3, "failed"), done.reason
    assert reason in ended.message, ended.message
    return ended.detail.get("hint", "")


@pytest.mark.parametrize("mode", ["keep", "raise", "from-backup"])
def test_ids_of_the_original_and_the_clone_never_collide_and_the_original_is_untouched(
    play, environments, accounts, database, mode
):
    before = accounts(ORIGINAL)
    done = play(environments, step(more=f", sequences: {mode}"))
    assert done.ending.exit_code == 0, done.reason
    assert (accounts(ORIGINAL), accounts(STANDS_AT)) == (before, [150])
    assert accounts("SELECT count(*) FROM env_c.customer") == [100]
    for environment in ("env_c", "env_a", "env_c"):
        database.execute(f"INSERT INTO {environment}.customer (name) SELECT 'new' FROM generate_series(1, 5)")
    new = "SELECT count(DISTINCT id) FROM base.customer WHERE name = 'new'"
    assert accounts(new) == [15]
    assert accounts("SELECT count(*) FROM env_a.customer a JOIN env_c.customer c USING (id) WHERE a.name = 'new'") == [
        0
    ]
    assert done.ended("clone").detail["drawn"] == [
        ["env_c.customer.id", "base.customer_id_seq"],
        ["env_c.invoice.id", "env_c.invoice_id_seq"],
    ]


@pytest.mark.parametrize(("mode", "first"), [("keep", 91), ("from-backup", 101)])
def test_the_clones_own_sequences_are_new_and_above_every_id(play, environments, accounts, database, mode, first):  # noqa: PLR0917
    assert play(environments, step(more=f", sequences: {mode}")).ending.exit_code == 0
    assert accounts("INSERT INTO env_c.invoice (customer) VALUES (1) RETURNING id") == [first]
    assert accounts("INSERT INTO env_a.invoice (customer) VALUES (1) RETURNING id") == [101]
    database.execute("DROP TABLE env_a.invoice")
    assert accounts("INSERT INTO env_c.invoice (customer) VALUES (1) RETURNING id") == [first + 1]


def test_a_default_that_draws_from_the_parents_sequence_is_named_and_must_be_said(play, environments, accounts):
    done = play(environments, step("{schemas: {env_a: env_c}}"))
    hint = failed(
        done,
        "rolled back: columns of the clone would draw their ids from sequences of other schemas: "
        "env_c.customer.id from base.customer_id_seq",
    )
    assert "shared_sequences: [base.customer_id_seq]" in hint
    assert accounts("SELECT to_regnamespace('env_c')") == [None]
    assert accounts("SELECT count(*) FROM base.customer") == [150]


def test_two_schemas_go_together_and_the_clone_of_the_child_draws_from_the_clone_of_the_parent(
    play, environments, accounts
):
    done = play(environments, step("{schemas: {base: base_2, env_a: env_c}}"))
    assert done.ending.exit_code == 0, done.reason
    assert accounts("INSERT INTO env_c.customer (name) VALUES ('first') RETURNING id") == [101]
    assert accounts("SELECT count(*) FROM base_2.customer") == [101]
    assert accounts(STANDS_AT) == [150]
    assert accounts("SELECT count(*) FROM base.customer") == [150]


def test_a_clone_of_the_structure_alone_has_no_rows(play, environments, accounts):
    assert play(environments, step(more=", section: pre-data")).ending.exit_code == 0
    assert accounts("SELECT count(*) FROM env_c.customer") == [0]


RICH = r'''
CREATE SCHEMA base; CREATE TABLE base.customer (id serial PRIMARY KEY, name text NOT NULL, "At" timestamptz);
CREATE SCHEMA "Env A"; SET search_path = "Env A", public;
CREATE TABLE customer (PRIMARY KEY (id), extra int GENERATED ALWAYS AS (length(name)) STORED) INHERITS (base.customer);
CREATE TYPE mood AS ENUM ('glad', 'sad'); CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE TYPE pair AS (a mood, b positive); CREATE TYPE spans AS RANGE (subtype = numeric);
CREATE OPERATOR @@@ (LEFTARG = int, RIGHTARG = int, FUNCTION = int4pl);
CREATE COLLATION mine (LC_COLLATE = 'C', LC_CTYPE = 'C');
CREATE TABLE "own ""one""" (
  id bigserial PRIMARY KEY, m mood DEFAULT 'glad', i int GENERATED BY DEFAULT AS IDENTITY, c int REFERENCES customer,
  p pair, n positive DEFAULT 1, t text COLLATE mine, r regclass DEFAULT '"Env A".customer'::regclass,
  CHECK ((id::int @@@ 1) > 0), CHECK ((p).a IS DISTINCT FROM 'sad'::mood), UNIQUE (c, m));
CREATE FUNCTION f(mood, x int DEFAULT 1) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION g("Env A" mood) RETURNS bigint LANGUAGE sql
  BEGIN ATOMIC SELECT o.id FROM "own ""one""" o WHERE o.m = g."Env A" AND f(o.m) = 1; END;
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER note BEFORE UPDATE ON customer FOR EACH ROW WHEN (new.id > 0) EXECUTE FUNCTION noted();
CREATE VIEW seen AS SELECT "Env A".id, o.m, f(o.m) AS f FROM customer "Env A" JOIN "own ""one""" o ON o.c = "Env A".id;
CREATE MATERIALIZED VIEW kept AS SELECT * FROM seen WHERE m = 'glad'::mood;
CREATE INDEX ON "own ""one""" (f(m)) WHERE m <> 'sad'::mood;
CREATE RULE nothing AS ON DELETE TO seen DO INSTEAD UPDATE customer SET name = 'gone' WHERE customer.id = old.id;
CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int);
CREATE STATISTICS st ON c, m FROM "own ""one""";
CREATE TABLE parted (k int, v text) PARTITION BY RANGE (k);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
CREATE SEQUENCE loose OWNED BY NONE;
COMMENT ON TABLE customer IS 'of Env A'; COMMENT ON SCHEMA "Env A" IS 'of Env A';
ALTER TABLE customer ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON customer USING (id IN (SELECT c FROM "own ""one"""));
GRANT USAGE ON SCHEMA "Env A" TO public; GRANT SELECT ("name"), UPDATE ON customer TO public;
ALTER DEFAULT PRIVILEGES IN SCHEMA "Env A" GRANT SELECT ON TABLES TO public;
INSERT INTO customer (name) SELECT 'c' FROM generate_series(1, 20);
INSERT INTO "own ""one""" (c, r) SELECT id, NULL FROM customer; INSERT INTO parted SELECT 1, 'Env A';
REFRESH MATERIALIZED VIEW kept
'''


def test_a_clone_is_what_postgresql_makes_of_a_schema_that_it_renames(play, database, dump, tools):
    """PostgreSQL's own ALTER SCHEMA … RENAME is the judge: afterwards both must dump the same."""
    database.execute(RICH)
    into = "{schemas: {Env A: Env C}, shared_sequences: [base.customer_id_seq]}"
    done = play(dump(), step(into, more=", sequences: from-backup"))
    assert done.ending.exit_code == 0, done.reason
    cloned = structure(tools, database)
    database.execute('DROP SCHEMA "Env C" CASCADE; ALTER SCHEMA "Env A" RENAME TO "Env C"')
    renamed = structure(tools, database)
    assert [line for line in cloned if line not in renamed] == []
    assert [line for line in renamed if line not in cloned] == []


def structure(tools, database):
    argv = [tools.path("pg_dump"), "-n", '"Env C"', "-d", database.dsn]
    text = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    return sorted(line for line in text.splitlines() if not line.startswith(("\\restrict", "\\unrestrict")))


BODY = "CREATE FUNCTION env_a.count() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM env_a.customer'"


def test_a_function_whose_body_speaks_of_the_original_is_named_and_must_be_said(
    play, environments, dump, database, accounts
):
    database.execute(BODY)
    backup = dump()
    hint = failed(play(backup), "rolled back: function env_a.count speaks of env_a in a text")
    assert "as_written: [env_a.count]" in hint
    assert accounts("SELECT to_regnamespace('env_c')") == [None]
    said = "{schemas: {env_a: env_c}, " + SHARED + ", as_written: [env_a.count]}"
    assert play(backup, step(said)).ending.exit_code == 0
    assert accounts("SELECT env_c.count()") == [150]


def test_a_default_whose_sequence_nobody_can_tell_is_refused(play, environments, dump, database):
    database.execute("CREATE TABLE env_a.hidden (id int DEFAULT nextval('base.customer_id_seq'::text))")
    hint = failed(
        play(dump()), "the default of env_c.hidden.id (nextval(('base.customer_id_seq'::text)::regclass)) draws"
    )
    assert "nextval('schema.sequence'::regclass)" in hint


@pytest.mark.parametrize(
    ("into", "more", "reason"),
    [
        ("{schemas: {env_a: base}}", "", "not begun: the schema base is there already"),
        ("{schemas: {env_z: env_c}}", "", "not begun: saved.dump holds no schema env_z"),
        ("{schemas: {env_a: env_c, base: env_c}}", "", "not begun: `into` needs a new name of its own for each schema"),
        ("{schemas: {env_a: env_a}}", "", "not begun: `into` needs a new name of its own for each schema"),
        ("{schemas: {env_a: pg_c}}", "", "not begun: `into` needs a new name of its own for each schema"),
        (f"{{schemas: {{env_a: {'c' * 64}}}}}", "", "not begun: `into` needs a new name of its own for each schema"),
        (
            "{schemas: {env_a: env_c}}",
            ", tables: [env_a.customer]",
            "not begun: `into` clones the schemas that it names",
        ),
        ("{schemas: {env_a: env_c}}", ", schemas: [base]", "not begun: `into` clones the schemas that it names, whole"),
        ("{schemas: {env_a: env_c}}", ", section: data", "not begun: a new schema cannot begin with the section data"),
        ("{schemas: {env_a: env_c}}", ", jobs: 2", "not begun: a clone is made in one transaction, so by one job"),
    ],
)
def test_what_would_not_be_a_clone_is_refused_before_it_begins(  # noqa: PLR0917 - fixtures
    play, environments, accounts, into, more, reason
):
    before = accounts(ORIGINAL)
    failed(play(environments, step(into, more)), reason)
    assert accounts(ORIGINAL) == before


def test_a_plain_dump_has_no_schema_to_take(play, environments, dump):
    failed(play(dump("-Fp")), "is a plain SQL dump, out of which no schema can be taken")


def test_an_archive_that_breaks_off_leaves_no_clone(play, environments, dump, accounts, database):
    database.execute("INSERT INTO env_a.customer (name) SELECT md5(i::text) FROM generate_series(1, 20000) i")
    backup = dump()
    backup.write_bytes(backup.read_bytes()[:-3000])
    before = accounts(ORIGINAL)
    done = play(backup)
    assert done.ended("clone").outcome == "failed", done.reason
    assert "pg_restore: error: " in done.ended("clone").message or "truncated" in done.ended("clone").message
    assert accounts("SELECT to_regnamespace('env_c')") == [None]
    assert accounts(ORIGINAL) == before
