from tests.runner.engine.conftest import accounts, stage

__all__ = ["accounts", "stage"]
