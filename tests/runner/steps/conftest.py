from tests.runner.engine.conftest import accounts, database, emptied, stage

__all__ = ["accounts", "database", "emptied", "stage"]
