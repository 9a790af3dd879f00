"""Any backup over any live table, in each mode and within a condition: as a model of ten lines says, and back."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.errors import ShisaError
from tests.runner.steps.effects import dump, restore

ROWS = st.dictionaries(st.integers(0, 5), st.tuples(st.integers(7, 8), st.sampled_from("ab")), max_size=5)
MODES = ("insert-missing", "overwrite", "replace")


def model(mode, backup, live):
    """Give the live rows of tenant 7 restored; None where a row moved from or to somebody else."""
    meant, theirs = ({key for key, row in rows.items() if row[0] == 7} for rows in (backup, live))
    after = live | {key: backup[key] for key in meant if key not in live}
    if mode == "insert-missing":
        return after
    differ = {key for key in meant & live.keys() if backup[key] != live[key]}
    if differ - theirs or (mode == "replace" and theirs & backup.keys() - meant):
        return None
    after |= {key: backup[key] for key in differ}
    return {key: row for key, row in after.items() if mode == "overwrite" or key in meant or key not in theirs}


@pytest.fixture
def desk(database, archive_tools, tmp_path):
    """A plain dump whose rows are written anew for each example."""
    database.execute("CREATE TABLE t (id int PRIMARY KEY, tenant int, v text); INSERT INTO t VALUES (0, 0, 'MARK')")
    text = dump(archive_tools, database.dsn, tmp_path / "b", "-Fp").read_text()
    connection = database.connect()

    def put(backup, live):
        lines = "".join(f"{key}\t{tenant}\t{v}\n" for key, (tenant, v) in backup.items())
        (tmp_path / "b").write_text(text.replace("0\t0\tMARK\n", lines))
        connection.execute("TRUNCATE t")
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO t VALUES (%s, %s, %s)", [(key, *row) for key, row in live.items()])

    def work(body, **options):
        return restore(database.dsn, tmp_path, body, **options)

    return put, work, lambda: {row[0]: row[1:] for row in connection.execute("SELECT * FROM t").fetchall()}


@settings(
    max_examples=400 if os.environ.get("SHISA_TEST_ALL") else 20,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(mode=st.sampled_from(MODES), backup=ROWS, live=ROWS)
def test_rows_are_restored_as_the_model_says_and_taken_back(desk, mode, backup, live):
    put, work, look = desk
    put(backup, live)
    body = {"from": "b", "rows": mode, "where": {"public.t": "tenant = 7"}}
    expected = model(mode, backup, live)
    if expected is None:
        with pytest.raises(ShisaError, match="within `where` on one side only"):
            work(body)
        assert look() == live
        return
    done = work(body)
    assert done.ended.outcome == "done", done.ended.message
    assert look() == expected
    assert work("undo", undoes=done).ended.outcome == "done"
    assert look() == live
