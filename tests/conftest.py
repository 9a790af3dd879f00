pytest_plugins = ["tests.fixtures.golden", "tests.fixtures.needs", "tests.fixtures.postgres", "tests.fixtures.standby"]
