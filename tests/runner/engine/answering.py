"""Answers written questions while a run waits for them."""

from datetime import UTC, datetime

from runner.journal import open_journal
from runner.review.answers import give_answer
from runner.review.keys import key_at


def answer(stage, choice, person="bob", key=None):
    """Answer as a person, while the run waits."""

    def give(path, question):
        config = stage.config
        journal = open_journal(config.config.journal, config.folder)
        (record,) = [each for each in journal.records() if each.body.name == "question.asked"][-1:]
        give_answer(
            journal,
            config,
            record,
            choice=choice,
            person=person,
            key=key_at(stage.folder / f"{key or person}.key"),
            now=datetime.now(UTC),
        )
        journal.close()

    return give
