"""Let people write the lines of a story one after the other, each logged in as themselves."""

from runner.journal.postgres.store import PostgresJournal
from runner.journal.verify import verify_journal
from tests.runner.journal.team.ground import RUN, append, changed, told


def tell(ground, names, run=RUN, **change):
    story = changed(told(ground), change)
    for name in names:
        append(ground.login(story[name][0]), ground, story[name], run=run)


def whole(ground):
    journal = PostgresJournal(ground.database.dsn, readonly=True)
    found = verify_journal(journal, check=lambda _: None)
    journal.close()
    return [each.message for each in found.problems]


def tell_of(ground, step, names, **change):
    """Write lines of another step than the story is about."""
    tell(ground, names, **{name: {"step": step, **change.get(name, {})} for name in names})


UNAIMED = {
    "entered": {"target": None, "policies": ["four-eyes"]},
    "requested": {"target": "", "policies": ["four-eyes"]},
}
