from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.fixtures.golden",
    "tests.fixtures.needs",
    "tests.fixtures.postgres",
    "tests.fixtures.standby",
    "tests.fixtures.team",
]

# A machine that is busy with other tests is no reason for a test to fail.
settings.register_profile("unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
