"""Every shipped runbook is valid, can be planned, and runs to its end on a real PostgreSQL."""

import dataclasses
import os
import shutil
import subprocess
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest

from runner.cli.plan import errors_of
from runner.runbook.expand import plan_of
from runner.runbook.load import load
from runner.runbook.params import resolve
from tests.runner.engine.answering import answer
from tests.runner.engine.stage import Player, Stage

SHIPPED = sorted(Path(str(resources.files("runbooks"))).glob("*.yaml"))


@dataclasses.dataclass(frozen=True)
class Scene:
    """What a runbook needs to find, and what it must leave."""

    before: str
    params: Callable[[Path, Callable[..., None]], dict[str, str]]
    """Makes the parameters; is given a folder and pg_dump."""
    meanwhile: str
    """What happens on the live system between the backup and the run."""
    after: dict[str, object]
    """Query → its one value once the runbook has run."""
    answer: str | None = None
    """What the team answers that the runbook asks."""


def clone_params(folder, dump):
    dump("-Fc", "-n", "base", "-n", "env_a", "-f", folder / "shared.dump")
    return {"backup": str(folder / "shared.dump")}


def tenant_params(folder, dump):
    dump("-Fc", "-f", folder / "tenants.dump")
    return {"backup": str(folder / "tenants.dump"), "tenant": "42"}


SCENES = {
    "restore-tenant-rows.yaml": Scene(
        before="""
            CREATE TABLE tenants (id int PRIMARY KEY, name text NOT NULL);
            INSERT INTO tenants VALUES (42, 'ACME K.K.'), (7, 'Seven & Co.');
            CREATE TABLE expenses (id serial PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants, amount numeric);
            INSERT INTO expenses (tenant_id, amount) SELECT CASE i % 2 WHEN 0 THEN 42 ELSE 7 END, i
              FROM generate_series(1, 40) i;
            CREATE TABLE settings (tenant_id int, name text, value text, PRIMARY KEY (tenant_id, name));
            INSERT INTO settings SELECT t.id, 'limit', 'old' FROM tenants t;
        """,
        params=tenant_params,
        meanwhile="""
            DELETE FROM expenses WHERE tenant_id = 42 AND id > 20; UPDATE expenses SET amount = 0 WHERE id = 2;
            INSERT INTO expenses (tenant_id, amount) VALUES (42, 99);
            UPDATE settings SET value = 'saved since'
        """,
        answer="saved",
        after={
            "SELECT count(*) FROM expenses WHERE tenant_id = 42": 21,
            "SELECT amount FROM expenses WHERE id = 2": 0,
            "SELECT count(*) FROM settings WHERE value = 'saved since'": 2,
            "INSERT INTO expenses (tenant_id) VALUES (42) RETURNING id": 42,
        },
    ),
    "clone-environment.yaml": Scene(
        before="""
            CREATE SCHEMA base;
            CREATE TABLE base.customer (id serial PRIMARY KEY, name text NOT NULL);
            CREATE TABLE base.plan (name text PRIMARY KEY);
            INSERT INTO base.plan VALUES ('free'), ('paid');
            CREATE SCHEMA env_a;
            CREATE TABLE env_a.customer (PRIMARY KEY (id)) INHERITS (base.customer);
            INSERT INTO env_a.customer (name) SELECT 'a' FROM generate_series(1, 50);
        """,
        params=clone_params,
        meanwhile="INSERT INTO env_a.customer (name) SELECT 'b' FROM generate_series(1, 30); TRUNCATE base.plan",
        after={
            "SELECT count(*) FROM base.plan": 2,
            "SELECT last_value FROM base.customer_id_seq": 80,
            "SELECT count(*) FROM env_b.customer": 0,
            "SELECT count(*) - count(DISTINCT id) FROM base.customer": 0,
            "INSERT INTO env_b.customer (name) VALUES ('first of the copy') RETURNING id": 81,
        },
    ),
}


@pytest.fixture
def stage(tmp_path, database):
    made = Stage.of(tmp_path / "desk", database.dsn)
    made.settings["policies"]["cross-review"] = made.settings["policies"].pop("cross")
    made.settings["targets"]["live"]["policy"] = "cross-review"
    made.settings["people"]["bob"]["teams"] += ["customer-success"]
    made.save()
    return made


@pytest.fixture
def enter(stage, database, archive_tools, monkeypatch):
    """Builds a runbook's scene and copies the runbook onto the stage; gives its parameters."""
    monkeypatch.setenv("PATH", f"{archive_tools.bin}{os.pathsep}{os.environ['PATH']}")

    def dump(*arguments):
        subprocess.run([archive_tools.path("pg_dump"), *arguments, "-d", database.dsn], check=True)

    def build(runbook):
        scene = SCENES[runbook.name]
        database.execute(scene.before)
        params = scene.params(stage.folder, dump)
        database.execute(scene.meanwhile)
        shutil.copy(runbook, stage.runbook)
        return params

    return build


def test_there_are_runbooks_and_each_has_a_scene():
    assert SHIPPED
    assert {path.name for path in SHIPPED} == SCENES.keys()


@pytest.mark.parametrize("runbook", SHIPPED, ids=lambda path: path.name)
def test_it_is_valid_and_can_be_planned(stage, enter, runbook):
    params = enter(runbook)
    loaded = load(runbook)
    plan = plan_of(loaded, resolve(loaded.runbook.params, params))
    assert errors_of(plan, stage.config.config) == []
    assert plan.order == tuple(step["id"] for step in loaded.runbook.steps)


@pytest.mark.parametrize("runbook", SHIPPED, ids=lambda path: path.name)
def test_it_runs_to_its_end_and_leaves_what_it_promises(stage, enter, runbook, database):
    params = enter(runbook)
    given = SCENES[runbook.name].answer
    play = stage.play(
        Player(on_wait=stage.sign, on_question=None if given is None else answer(stage, given)), params=params
    )
    assert (play.state, play.ending.exit_code) == ("completed", 0), play.reason
    connection = database.connect()
    for query, value in SCENES[runbook.name].after.items():
        assert connection.execute(query).fetchone() == (value,), query
    assert stage.problems() == []


def test_cloning_with_the_sequences_of_the_backup_is_stopped_and_the_remedy_brings_it_to_its_end(
    stage, enter, database
):
    params = enter(Path(str(resources.files("runbooks"))) / "clone-environment.yaml")
    stopped = stage.play(Player(on_wait=stage.sign), params=params | {"sequences": "from-backup"})
    assert stopped.ending.exit_code == 1
    assert "A restore would put base.customer_id_seq back to 51 (it is at 81)" in stopped.reason
    done = stage.resume(stopped.run, Player(remedy=True, on_wait=stage.sign))
    assert done.ending.exit_code == 0, done.reason
    connection = database.connect()
    assert connection.execute("SELECT last_value FROM base.customer_id_seq").fetchone() == (80,)
