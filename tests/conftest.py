pytest_plugins = ["tests.fixtures.golden", "tests.fixtures.postgres", "tests.fixtures.standby"]
