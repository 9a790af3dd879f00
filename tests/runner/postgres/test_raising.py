"""Raising a sequence while other sessions insert through it."""

import threading

import psycopg
import pytest

from runner.errors import StepFailedError
from runner.postgres.raising import Raised, raise_sequences

CLIENTS = 4
ROUNDS = 25
"""Rounds of each start; healthy and rewound together are the fifty that the promise names."""

TREE = """
CREATE SCHEMA base;
CREATE TABLE base.customer (id serial PRIMARY KEY, name text);
CREATE SCHEMA env_a;
CREATE TABLE env_a.customer (PRIMARY KEY (id)) INHERITS (base.customer);
CREATE SCHEMA env_b;
CREATE TABLE env_b.customer (PRIMARY KEY (id)) INHERITS (base.customer);
INSERT INTO env_a.customer (name) SELECT 'a' FROM generate_series(1, 200);
"""
NAME = [("base", "customer_id_seq")]


def sign_up(database, schema, stop, errors, inserted):
    with database.connect() as connection:
        while not stop.is_set():
            try:
                connection.execute(f"INSERT INTO {schema}.customer (name) VALUES ('x')")
                inserted.append(1)
            except psycopg.Error as error:
                errors.append(error.sqlstate)


WAITING = """
SELECT count(*) FROM pg_locks
 WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


def raise_under_load(database, *, rewound):
    """Raise while four clients insert; gives what was raised and the errors of the clients.

    A rewound sequence hurts whoever inserts before the raise, so there the rewind itself happens behind a lock, and
    the clients stand in the queue for it when the raise begins.
    """
    stop, errors, inserted = threading.Event(), [], []
    clients = [
        threading.Thread(target=sign_up, args=(database, f"env_{'ab'[n % 2]}", stop, errors, inserted))
        for n in range(CLIENTS)
    ]
    with database.connect() as admin, database.connect() as watcher:
        try:
            with admin.transaction():
                if rewound:
                    admin.execute("LOCK TABLE base.customer IN SHARE ROW EXCLUSIVE MODE")
                    admin.execute("SELECT setval('base.customer_id_seq', 100)")
                for client in clients:
                    client.start()
                while rewound and watcher.execute(WAITING).fetchone()[0] < CLIENTS:
                    stop.wait(0.001)
                raised = raise_sequences(admin, NAME, margin=10, lock_timeout="2s")
            again = raise_sequences(admin, NAME, margin=10, lock_timeout="2s")
            while len(inserted) < CLIENTS:
                stop.wait(0.001)
        finally:
            stop.set()
            for client in clients:
                client.join()
        twice = admin.execute(
            "SELECT count(*) FROM (SELECT id FROM base.customer GROUP BY id HAVING count(*) > 1) AS d"
        ).fetchone()[0]
    return raised[0], again[0], errors, twice


@pytest.mark.parametrize("rewound", [False, True], ids=["healthy", "rewound"])
def test_raising_under_load_makes_no_duplicate_and_no_23505(database, rewound):
    database.execute(TREE)
    for _ in range(ROUNDS):
        raised, again, errors, twice = raise_under_load(database, rewound=rewound)
        assert errors == []
        assert twice == 0
        assert (raised.is_next > raised.was_next) is rewound
        assert again.is_next >= again.was_next


def test_raising_while_clients_already_fail_stops_their_errors(database):
    """Clients hit the rewound sequence first; once the raise has returned, no insert fails and no id doubles."""
    database.execute(TREE)
    database.execute("SELECT setval('base.customer_id_seq', 100)")
    stop, errors, inserted = threading.Event(), [], []
    clients = [
        threading.Thread(target=sign_up, args=(database, "env_a", stop, errors, inserted)) for _ in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    with database.connect() as admin:
        raise_sequences(admin, NAME, margin=1000, lock_timeout="2s")
        seen = len(errors)
        goal = len(inserted) + 50
        while len(inserted) < goal:
            stop.wait(0.001)
        stop.set()
        for client in clients:
            client.join()
        # an insert that drew before the raise may end in 23505 right after it: at most one a client
        assert len(errors) <= seen + CLIENTS
        assert set(errors) <= {"23505"}
        assert admin.execute("SELECT count(*) - count(DISTINCT id) FROM base.customer").fetchone() == (0,)


def test_a_sequence_that_is_not_behind_is_left_alone(database):
    database.execute(TREE)
    with database.connect() as admin:
        raised = raise_sequences(admin, NAME, margin=1000, lock_timeout="2s")
    assert raised == [Raised("base.customer_id_seq", 201, 201, 200, 1)]


def test_a_sequence_behind_goes_to_the_highest_id_of_the_whole_tree_and_the_margin(database):
    database.execute(TREE)
    database.execute("SELECT setval('base.customer_id_seq', 100); INSERT INTO env_b.customer VALUES (500, 'x')")
    with database.connect() as admin:
        raised = raise_sequences(admin, NAME, margin=1000, lock_timeout="2s")
    assert raised == [Raised("base.customer_id_seq", 101, 1501, 500, 1)]


def test_a_descending_sequence_is_moved_below_the_lowest_id(database):
    database.execute(
        "CREATE SEQUENCE down INCREMENT -1 MINVALUE -100000;"
        "CREATE TABLE t (id int PRIMARY KEY DEFAULT nextval('down'));"
        "INSERT INTO t SELECT FROM generate_series(1, 50); SELECT setval('down', -10)"
    )
    with database.connect() as admin:
        raised = raise_sequences(admin, [("public", "down")], margin=100, lock_timeout="2s")
    assert (raised[0].was_next, raised[0].is_next, raised[0].furthest) == (-11, -151, -50)


def test_all_sequences_of_a_schema_can_be_meant(database):
    database.execute(TREE)
    database.execute("SELECT setval('base.customer_id_seq', 100)")
    with database.connect() as admin:
        raised = raise_sequences(admin, (), ["base"], margin=1, lock_timeout="2s")
    assert [change.is_next for change in raised] == [202]


def test_a_missing_sequence_is_refused_by_name(database):
    with database.connect() as admin, pytest.raises(StepFailedError, match="not on the target") as refused:
        raise_sequences(admin, [("public", "nowhere")], margin=1, lock_timeout="2s")
    assert "public.nowhere" in refused.value.hint


def test_a_schema_without_sequences_is_no_success(database):
    with database.connect() as admin, pytest.raises(StepFailedError, match="no sequence is in the scope"):
        raise_sequences(admin, (), ["public"], margin=1, lock_timeout="2s")


def test_no_room_to_raise_is_told_with_the_bounds(database):
    database.execute(
        "CREATE SEQUENCE s MAXVALUE 120; CREATE TABLE t (id int DEFAULT nextval('s')); INSERT INTO t VALUES (110)"
    )
    with database.connect() as admin, pytest.raises(StepFailedError, match="beyond its bounds 1 to 120"):
        raise_sequences(admin, [("public", "s")], margin=1000, lock_timeout="2s")


def test_ids_that_cannot_be_compared_are_never_called_healthy(database):
    database.execute("CREATE SEQUENCE s; CREATE TABLE t (id text DEFAULT 'INV-' || nextval('s'))")
    with database.connect() as admin, pytest.raises(StepFailedError, match="its ids cannot be compared"):
        raise_sequences(admin, [("public", "s")], margin=1, lock_timeout="2s")


def test_a_lock_that_is_not_to_be_had_is_an_error_and_changes_nothing(database, monkeypatch):
    monkeypatch.setattr("runner.postgres.raising._ATTEMPTS", 2)
    database.execute(TREE)
    database.execute("SELECT setval('base.customer_id_seq', 100)")
    holder = database.connect(autocommit=False)
    holder.execute("LOCK TABLE env_a.customer IN ROW EXCLUSIVE MODE")
    with database.connect() as admin, pytest.raises(psycopg.errors.LockNotAvailable):
        raise_sequences(admin, NAME, margin=1, lock_timeout="50ms")
    holder.rollback()
    with database.connect() as admin:
        assert admin.execute("SELECT last_value FROM base.customer_id_seq").fetchone() == (100,)


def test_ids_that_a_function_draws_for_a_default_count_like_any_other(database):
    database.execute(
        "CREATE SEQUENCE s; CREATE FUNCTION next_id() RETURNS bigint LANGUAGE sql AS $$ SELECT nextval('s') $$;"
        "CREATE TABLE t (id bigint PRIMARY KEY DEFAULT next_id()); INSERT INTO t VALUES (300)"
    )
    with database.connect() as admin:
        raised = raise_sequences(admin, [("public", "s")], margin=10, lock_timeout="2s")
    assert (raised[0].was_next, raised[0].is_next, raised[0].furthest) == (1, 311, 300)


def test_numbers_of_a_function_that_cannot_be_followed_are_never_called_healthy(database):
    database.execute(
        "CREATE SEQUENCE s; CREATE TABLE t (id text);"
        "CREATE FUNCTION number() RETURNS text LANGUAGE sql AS $$ SELECT 'INV-' || nextval('s') $$;"
    )
    with database.connect() as admin, pytest.raises(StepFailedError, match="cannot be compared: gets its numbers"):
        raise_sequences(admin, [("public", "s")], margin=1, lock_timeout="2s")


def test_a_column_that_the_role_may_not_read_is_never_called_healthy(database):
    role = f"blind_{database.name}"
    database.execute(
        "CREATE SEQUENCE s; CREATE TABLE t (id int DEFAULT nextval('s'));"
        f"CREATE ROLE {role}; GRANT ALL ON SEQUENCE s TO {role}"
    )
    try:
        admin = database.connect()
        admin.execute(f"SET ROLE {role}")
        with pytest.raises(StepFailedError, match="may not be read by this role"):
            raise_sequences(admin, [("public", "s")], margin=1, lock_timeout="2s")
    finally:
        database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
