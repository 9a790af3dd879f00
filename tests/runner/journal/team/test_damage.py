"""What the owner of a team journal changed in it is named."""

import pytest

from runner.journal.postgres.damage import damage_of
from runner.journal.postgres.install import install
from tests.runner.journal.team.ground import ORDER, write

DAMAGE = {
    "CREATE OR REPLACE FUNCTION shisa.ended(_asked shisa.journal, _step text DEFAULT NULL, _uses integer DEFAULT 1)"
    " RETURNS text LANGUAGE sql SET search_path = pg_catalog, pg_temp AS 'SELECT NULL'": (
        "The function ended is not what shisa made it."
    ),
    "ALTER FUNCTION shisa.satisfied OWNER TO postgres": "The function satisfied is not what shisa made it.",
    "DROP FUNCTION shisa.judge_guards": "The function judge_guards is not there any more.",
    "ALTER FUNCTION shisa.append RESET search_path": (
        "The function append has lost its search_path, so that others can put their objects before ours."
    ),
    "GRANT EXECUTE ON FUNCTION shisa.judge TO PUBLIC": "Everybody may call the function judge.",
    "CREATE FUNCTION shisa.mine() RETURNS int LANGUAGE sql AS 'SELECT 1';"
    "REVOKE EXECUTE ON FUNCTION shisa.mine FROM PUBLIC": "The function mine is none of shisa's.",
    "CREATE FUNCTION shisa.me(name) RETURNS shisa.person LANGUAGE sql AS 'SELECT * FROM shisa.person LIMIT 1'": (
        "The function me stands there more than once, with other parameters."
    ),
    "ALTER TABLE shisa.journal DISABLE TRIGGER append_only": "The trigger append_only is switched off.",
    "ALTER TABLE shisa.journal ENABLE TRIGGER chain": "The trigger chain is switched off.",
    "DROP TRIGGER durable ON shisa.journal": "The trigger durable is not there any more.",
    "ALTER TABLE shisa.attachment DISABLE TRIGGER USER": "The trigger attachment_durable is switched off.",
    "ALTER TABLE shisa.attachment ENABLE TRIGGER attachment_no_truncate": (
        "The trigger attachment_no_truncate is switched off."
    ),
    "GRANT CREATE ON SCHEMA shisa TO alice": "alice may create in the schema, and nobody but the owner may.",
    "GRANT CREATE ON SCHEMA shisa TO PUBLIC": "Everybody may create in the schema, and nobody but the owner may.",
    "CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE ON shisa.journal FOR EACH ROW"
    " EXECUTE FUNCTION suppress_redundant_updates_trigger();"
    "ALTER TABLE shisa.journal ENABLE ALWAYS TRIGGER append_only": "The trigger append_only is not what shisa made it.",
    "CREATE OR REPLACE TRIGGER append_only BEFORE DELETE ON shisa.journal FOR EACH ROW"
    " EXECUTE FUNCTION shisa.append_only();"
    "ALTER TABLE shisa.journal ENABLE ALWAYS TRIGGER append_only": "The trigger append_only is not what shisa made it.",
    "CREATE OR REPLACE TRIGGER chain BEFORE INSERT ON shisa.journal FOR EACH ROW WHEN (NEW.seq < 9)"
    " EXECUTE FUNCTION shisa.chain();"
    "ALTER TABLE shisa.journal ENABLE ALWAYS TRIGGER chain": "The trigger chain is not what shisa made it.",
    "GRANT INSERT ON shisa.journal TO alice": "alice may insert journal, and nobody but the owner may.",
    "GRANT UPDATE ON shisa.policy TO PUBLIC": "Everybody may update policy, and nobody but the owner may.",
    "UPDATE shisa.head SET seq = 1": "The journal's head says line 1, and its last line is 4.",
    "UPDATE shisa.head SET hash = repeat('0', 64)": "The journal's head has another hash than line 4, its last.",
    "DELETE FROM shisa.head": "The journal has lost its head, so nothing can be added to it.",
}


def test_a_journal_as_it_was_installed_has_no_damage(ground):
    write(ground, ORDER[:4])
    assert damage_of(ground.root) == ()


@pytest.mark.parametrize("statement", DAMAGE)
def test_a_change_is_named(statement, ground):
    write(ground, ORDER[:4])
    ground.root.execute("BEGIN")
    try:
        ground.root.execute(statement)
        found = damage_of(ground.root)
    finally:
        ground.root.execute("ROLLBACK")
    assert DAMAGE[statement] in found


STAYS = {
    "ALTER FUNCTION shisa.satisfied OWNER TO postgres",
    (
        "CREATE FUNCTION shisa.mine() RETURNS int LANGUAGE sql AS 'SELECT 1';"
        "REVOKE EXECUTE ON FUNCTION shisa.mine FROM PUBLIC"
    ),
    "CREATE FUNCTION shisa.me(name) RETURNS shisa.person LANGUAGE sql AS 'SELECT * FROM shisa.person LIMIT 1'",
    "GRANT CREATE ON SCHEMA shisa TO alice",
    "GRANT INSERT ON shisa.journal TO alice",
    "UPDATE shisa.head SET seq = 1",
    "UPDATE shisa.head SET hash = repeat('0', 64)",
    "DELETE FROM shisa.head",
}
"""What only whoever did it can undo."""


@pytest.mark.parametrize("statement", sorted(DAMAGE.keys() - STAYS))
def test_an_installation_mends_what_was_changed_of_its_own(statement, ground):
    write(ground, ORDER[:4])
    ground.root.execute(statement)
    install(ground.database.dsn)
    assert damage_of(ground.root) == ()
    assert ground.lines() == 4
