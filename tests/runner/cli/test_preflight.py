import pytest

from tests.runner.cli.desk import PURGE, Desk, fits

SESSIONS = "CREATE TABLE session (id serial PRIMARY KEY, ended boolean); INSERT INTO session (ended) VALUES (true);"
BOOK = """\
shisa: 1
id: tidy
title: Tidy up
requires: {postgres: ">=14", tools: [sh]}
params:
  table: {type: identifier, default: session}
targets:
  live: {description: the database customers use}
steps:
  - id: drift
    title: No sequence lags behind
    target: live
    check: sequence-drift
  - id: count
    title: How many
    target: live
    sql: SELECT max(id) AS highest FROM session
    capture: {highest: {column: highest, type: integer}}
  - id: purge
    title: Remove what has ended
    target: live
    sql: DELETE FROM session WHERE ended AND id <= 5
    expect: {rows: {min: 0, max: 3}}
    guards: {before: [{check: invalid-indexes}]}
    approval: cross-review
    no_rollback: nobody needs it
  - id: later
    title: Once the number is known
    target: live
    sql: SELECT :highest
"""


@pytest.fixture
def live(desk: Desk, database):
    desk.configure(database.dsn)
    (desk.folder / "book.yaml").write_text(BOOK)
    return desk, database


def objecting(found: dict) -> list[tuple[str, str]]:
    return [(each["area"], each["message"]) for each in found["items"] if each["verdict"] in {"block", "unknown"}]


def looked(desk: Desk, *words: str, who: str = "alice") -> tuple[int, dict]:
    ran = desk.shisa("preflight", "book.yaml", "--format", "json", *words, who=who)
    assert ran.out, ran.err
    fits("preflight", ran.json)
    assert ran.json["exit_code"] == ran.code
    return ran.code, ran.json


def test_where_nothing_objects_it_says_what_it_has_looked_at(live):
    desk, database = live
    database.execute(SESSIONS)
    code, found = looked(desk)
    assert (code, objecting(found)) == (0, [])
    areas = {each["area"] for each in found["items"]}
    assert areas == {"target", "privilege", "tool", "journal", "policy", "later"}
    assert [(each["step"], each["check"], each["verdict"]) for each in found["guards"]] == [
        ("drift", "sequence-drift", "pass"),
        ("purge", "invalid-indexes", "pass"),
    ]
    assert found["targets"][0]["identity"]["database"] == database.name
    assert not (desk.folder / "journal.db").exists()


def test_a_baseline_is_looked_at_as_if_captured_and_compared_only_by_the_run(live):
    desk, database = live
    database.execute(SESSIONS)
    counted = (
        "  - {{id: {0}, title: T, target: live, check: row-count, with: {{tables: [public.session], baseline: {0}}}}}\n"
    )
    (desk.folder / "book.yaml").write_text(BOOK + counted.format("capture") + counted.format("compare"))
    code, found = looked(desk)
    assert (code, objecting(found)) == (0, [])
    (kept,) = (each for each in found["guards"] if each["step"] == "capture")
    assert kept["baseline"]["mode"] == "capture"
    (later,) = (each["message"] for each in found["items"] if each["area"] == "later" and each["subject"] == "compare")
    assert later == "row-count compares with a baseline that the run captures"
    assert not list(desk.folder.glob("*.kept"))


def test_a_preflight_tries_no_statement_out(live):
    desk, database = live
    database.execute(SESSIONS)
    tried = "guards: {before: [{check: affected-rows, with: {exact: true, max_rows: 3}}]}"
    (desk.folder / "book.yaml").write_text(BOOK.replace("guards: {before: [{check: invalid-indexes}]}", tried))
    code, found = looked(desk)
    assert (code, objecting(found)) == (0, [])
    assert "affected-rows" not in [each["check"] for each in found["guards"]]
    told = [each["message"] for each in found["items"] if each["subject"] == "purge"]
    assert "affected-rows runs the statements and rolls them back, and a preflight only looks" in told


def test_a_server_that_lets_nobody_write_can_be_looked_at_whole(live):
    desk, database = live
    database.execute(SESSIONS + f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")
    _, found = looked(desk)
    told = objecting(found)
    assert {area for area, _ in told} == {"target"}
    assert all("are read-only, and step" in message for _, message in told)
    assert {each["verdict"] for each in found["guards"]} == {"pass"}


def test_a_guard_that_would_close_the_gate_is_a_finding(live):
    desk, database = live
    database.execute(SESSIONS + "INSERT INTO session VALUES (900, true);")
    code, found = looked(desk)
    assert code == 1
    assert [each["verdict"] for each in found["guards"] if each["check"] == "sequence-drift"] == ["block"]


@pytest.mark.parametrize(
    ("grants", "says"),
    [
        ("GRANT SELECT ON session TO {role}", "has no privilege DELETE on session"),
        ("GRANT DELETE ON session TO {role}", "has no privilege SELECT on session"),
        ("GRANT ALL ON session TO {role}", None),
        ("ALTER TABLE session OWNER TO {role}", None),
    ],
)
def test_a_privilege_that_a_step_will_want_is_missed_now(grants, says, live):
    desk, database = live
    role = f"role_{database.name}"
    database.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x';" + SESSIONS + grants.format(role=role))
    try:
        desk.configure(f"{database.dsn}&options=-c%20role%3D{role}")
        _, found = looked(desk)
        told = [message for area, message in objecting(found) if area == "privilege"]
        assert told == ([] if says is None else [f"role {role} {says}"])
    finally:
        database.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("ALTER TABLE session ADD v int", "does not own session; postgres does"),
        ("TRUNCATE session", "has no privilege TRUNCATE on session"),
        ("VACUUM session", "session"),
        ("INSERT INTO session DEFAULT VALUES", "has no privilege INSERT on session"),
        ("SELECT count(*) FROM hidden.thing", "may not use the schema of hidden.thing"),
        ("SELECT count(*) FROM missing", "there is no missing on this target yet"),
    ],
)
def test_each_kind_of_statement_is_asked_for_its_own_privilege(step, says, live):
    desk, database = live
    role = f"role_{database.name}"
    database.execute(f"CREATE ROLE {role} LOGIN; CREATE SCHEMA hidden; CREATE TABLE hidden.thing (); " + SESSIONS)
    try:
        desk.configure(f"{database.dsn}&options=-c%20role%3D{role}")
        book = BOOK.split("steps:", maxsplit=1)[0] + f"steps:\n  - {{id: a, title: A, target: live, sql: {step!r}}}\n"
        (desk.folder / "book.yaml").write_text(book)
        _, found = looked(desk)
        told = [message for area, message in objecting(found) if area == "privilege"]
        assert len(told) == 1
        assert says in told[0]
    finally:
        database.execute(f"DROP ROLE {role}")


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ("rows: insert-missing", ["SELECT", "INSERT", "UPDATE"]),
        ("rows: replace", ["SELECT", "INSERT", "UPDATE", "DELETE"]),
        ("rows: overwrite, triggers: off", ["SELECT", "INSERT", "UPDATE", None]),
    ],
)
def test_a_restore_of_rows_is_asked_for_the_privileges_of_its_mode(body, missing, live):
    desk, database = live
    role = f"role_{database.name}"
    database.execute(f'CREATE ROLE {role} LOGIN; CREATE TABLE "Thing" ()')
    try:
        desk.configure(f"{database.dsn}&options=-c%20role%3D{role}")
        step = f"{{id: a, title: A, target: live, restore: {{from: x.dump, tables: [public.Thing], {body}}}}}"
        (desk.folder / "book.yaml").write_text(BOOK.split("steps:", maxsplit=1)[0] + f"steps:\n  - {step}\n")
        _, found = looked(desk)
        told = [message for area, message in objecting(found) if area == "privilege"]
        name = '"public"."Thing"'
        owner = f"role {role} does not own {name}; postgres does"
        assert told == [f"role {role} has no privilege {each} on {name}" if each else owner for each in missing]
    finally:
        database.execute(f"DROP ROLE {role}")


def test_what_the_run_itself_creates_is_not_missed(live):
    desk, _ = live
    book = BOOK.split("steps:", maxsplit=1)[0] + (
        "steps:\n  - {id: a, title: A, target: live, sql: CREATE TABLE fresh (id int)}\n"
        "  - {id: b, title: B, target: live, sql: SELECT count(*) FROM fresh}\n"
    )
    (desk.folder / "book.yaml").write_text(book)
    _, found = looked(desk)
    assert [message for area, message in objecting(found) if area == "privilege"] == []


@pytest.mark.parametrize(
    ("old", "new", "area", "says"),
    [
        ('">=14"', '">=14, <14"', "target", "tidy requires PostgreSQL >=14, <14, this is"),
        ("[sh]", "[no-such-tool-anywhere]", "tool", "no-such-tool-anywhere is not on the PATH"),
        ("approval: cross-review", "approval: other", "runbook", "other"),
        (
            "    expect: {rows: {min",
            "    changes_target: {role: standby}\n    repeat: {until: {rows: 0}, max: 2}\n    expect: {rows: {min",
            "runbook",
            "changes_target means nothing beside repeat",
        ),
    ],
)
def test_what_the_runbook_wants_and_does_not_get_is_named(old, new, area, says, live):
    desk, database = live
    database.execute(SESSIONS)
    (desk.folder / "book.yaml").write_text(BOOK.replace(old, new))
    code, found = looked(desk)
    assert code == 1
    assert any(each == area and says in message for each, message in objecting(found)), objecting(found)


@pytest.mark.parametrize(
    ("old", "new", "area", "says"),
    [
        (
            "{team: dev, n: 1}",
            "{team: dev, n: 2}",
            "policy",
            "can never be approved under cross-review: the policy needs 2 of team dev",
        ),
        (", policy: cross-review", "", "policy", "it is destructive, and target live has no policy"),
        ("environment: staging", "environment: production", "target", "the journal journal.db is on this machine only"),
    ],
)
def test_what_the_configuration_makes_impossible_is_named(old, new, area, says, live):
    desk, database = live
    database.execute(SESSIONS)
    config = desk.folder / "shisa.yaml"
    config.write_text(config.read_text().replace(old, new))
    code, found = looked(desk)
    assert code == 1
    assert any(each == area and says in message for each, message in objecting(found)), objecting(found)


def test_a_database_that_says_it_is_another_environment_is_named(live):
    desk, database = live
    database.execute(SESSIONS + f"ALTER DATABASE {database.name} SET shisa.environment = 'production'")
    _, found = looked(desk)
    assert ("target", "the database says that it is production, and shisa.yaml says staging") in objecting(found)


def test_the_operator_is_not_counted_among_those_who_could_approve(live):
    desk, database = live
    database.execute(SESSIONS)
    _, found = looked(desk, who="bob")
    assert any("team dev besides bob" in message for _, message in objecting(found))
    _, found = looked(desk, who="alice")
    assert [each for each in objecting(found) if each[0] == "policy"] == []


def test_a_journal_that_cannot_be_written_is_named(live):
    desk, database = live
    database.execute(SESSIONS)
    (desk.folder / "journal.db").write_bytes(b"this is no journal, whatever it is called\n" * 40)
    code, found = looked(desk)
    assert code == 1
    assert [area for area, _ in objecting(found)] == ["journal"]


def test_a_journal_in_the_cluster_that_it_watches_is_named(live):
    desk, database = live
    database.execute(SESSIONS)
    config = desk.folder / "shisa.yaml"
    config.write_text(config.read_text().replace("journal: journal.db", f"journal: {database.dsn!r}"))
    _, found = looked(desk)
    assert any("lies in the cluster of target live" in message for _, message in objecting(found))


def test_a_target_that_is_not_reached_is_exit_2_and_the_rest_is_told(desk):
    (desk.folder / "book.yaml").write_text(PURGE)
    code, found = looked(desk)
    assert (code, found["unreached"], found["guards"]) == (2, ["live"], [])
    assert {"policy", "journal"} <= {each["area"] for each in found["items"]}


def test_the_screen_ends_with_what_it_comes_to(live):
    desk, database = live
    database.execute(SESSIONS)
    ran = desk.shisa("preflight", "book.yaml", who="alice")
    assert ran.code == 0, ran.out
    assert "READY" in ran.out.splitlines()[-1]
    assert "guards before purge" in ran.out
    database.execute("DROP TABLE session")
    ran = desk.shisa("preflight", "book.yaml", who="alice")
    assert ran.code == 1
    assert "NOT READY" in ran.out.splitlines()[-1]
