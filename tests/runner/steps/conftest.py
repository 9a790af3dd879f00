from tests.runner.engine.conftest import accounts, database, emptied, installed, stage, team_journal

__all__ = ["accounts", "database", "emptied", "installed", "stage", "team_journal"]
