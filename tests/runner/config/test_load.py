"""shisa.yaml: found, read strictly, and refused where it contradicts itself."""

import json
from importlib import resources
from pathlib import Path

import pytest

from checks import catalog
from runner.config.load import conninfo, find, load, policy_digest, read, target_named
from runner.config.model import Target
from runner.errors import ConfigError

GOOD = """\
shisa: 1
journal: journal.db
targets:
  live: {service: prod, environment: production, policy: cross-review}
  test: {host: db host, port: 5433, dbname: "it's", user: app}
people:
  alice: {teams: [ops], keys: [ssh-ed25519 AAAAC3Nz alice@host], os_user: alice}
  bob: {teams: [dev], keys: [ssh-ed25519 AAAAC3Ob]}
policies:
  cross-review: {need: [{team: dev, n: 1}, {team: ops, n: 1}], approval_ttl: 1h, window: {max: 16h}}
accept: [{check: hidden-nextval, object: f(), reason: archived, by: bob, until: 2027-03-31}]
lint: {severity: {manual-without-expected: off}}
"""
BROKEN = [
    ("journal:", "jornal:", r":2:1: the key 'jornal' is unknown", "Did you mean 'journal'"),
    ("n: 1}, {team: ops", "n: 0}, {team: ops", r"cross-review.*|'n'", None),
    (
        "team: dev, n",
        "team: dve, n",
        "policy cross-review needs team dve, which nobody is in",
        "Teams with people: dev, ops",
    ),
    ("  bob: ", "  Bob: ", """:8:3: 'people': "Bob" does not match""", None),
    ("  bob: ", "  'b,*': ", "does not match", None),
    ("  bob: ", "  böb: ", "does not match", None),
    ("policy: cross-review", "policy: cros", "target live names policy cros, which is not defined", "cross-review"),
    ("AAAAC3Ob", "AAAAC3Nz", "alice and bob share one key", "an own key"),
    ("by: bob", "by: bbo", "accepted by bbo, who is not in people", None),
    ("check: hidden-nextval", "check: sql", "the key 'with' is missing", None),
    ("service: prod", "service: prod, dsn: x", "live has a dsn and other places", "Keep one"),
    ("journal.db", "journal.db\njournal: other", ":3:1: the key 'journal' stands twice", None),
    ("approval_ttl: 1h", "approval_ttl: '1'", "'approval_ttl' cannot be", "one of us"),
    ("ssh-ed25519 AAAAC3Ob", "secret", "an item of 'keys' cannot be", None),
    ("lint:", "notify: {redmine: {}}\nlint:", "this version does not deliver to Redmine", "Use webhook or command"),
    ("lint:", "notify: {webhook: [{name: a}]}\nlint:", "one of url, url_env is missing in 'webhook'", None),
    (
        "lint:",
        "notify: {webhook: [{url_env: A}, {url: 'https://a/', name: A}]}\nlint:",
        "two webhooks are called A, so nobody could tell which one delivered",
        "Give each a name",
    ),
    (
        "lint:",
        "notify: {webhook: [{url: 'http://chat.example/s3cret'}]}\nlint:",
        r":12:26: the webhook's url must begin with https:// \(http:// on this machine only\)$",
        "may be a secret",
    ),
]


def test_the_schema_demands_parameters_for_every_check_that_asks_whatever_they_say():
    schema = json.loads((resources.files("schemas") / "config.schema.json").read_text(encoding="utf-8"))
    named = schema["$defs"]["accepted"]["if"]["properties"]["check"]["enum"]
    assert named == [each for each in catalog.BUILT_IN if catalog.get(each).group == "open"]


def test_a_configuration_is_read_whole(tmp_path: Path):
    (tmp_path / "shisa.yaml").write_text(GOOD, "utf-8")
    loaded = load(cwd=tmp_path)
    assert loaded.folder == tmp_path
    assert loaded.config.accept[0].until == "2027-03-31"
    assert loaded.config.lint["severity"] == {"manual-without-expected": "off"}


@pytest.mark.parametrize(("old", "new", "reason", "hint"), BROKEN, ids=[new for _, new, _, _ in BROKEN])
def test_a_wrong_configuration_is_refused_with_the_place(
    old: str, new: str, reason: str, hint: str | None, tmp_path: Path
):
    (tmp_path / "shisa.yaml").write_text(GOOD.replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigError, match=rf"shisa.yaml:\d+:\d+: |{reason}") as caught:
        read(tmp_path / "shisa.yaml")
    assert caught.match(reason)
    assert hint is None or hint in str(caught.value.hint)


def test_it_is_found_upward_from_the_runbook_before_the_current_folder(tmp_path: Path):
    for folder in ("team/runbooks", "here/below"):
        (tmp_path / folder).mkdir(parents=True)
    for folder in ("team", "here"):
        (tmp_path / folder / "shisa.yaml").write_text(GOOD, "utf-8")
    here = tmp_path / "here" / "below"
    assert find(config=None, runbook=tmp_path / "team/runbooks/x.yaml", cwd=here) == tmp_path / "team/shisa.yaml"
    assert find(config=None, cwd=here) == tmp_path / "here/shisa.yaml"
    assert find(config=tmp_path / "team/shisa.yaml", cwd=here) == tmp_path / "team/shisa.yaml"


def test_a_missing_configuration_is_told_with_a_way_out(tmp_path: Path):
    with pytest.raises(ConfigError, match="there is no configuration file"):
        load(config=tmp_path / "gone.yaml", cwd=tmp_path)


def test_the_policy_digest_changes_with_policy_and_not_with_places(tmp_path: Path):
    def digest(text: str) -> str:
        (tmp_path / "shisa.yaml").write_text(text, "utf-8")
        return policy_digest(read(tmp_path / "shisa.yaml").config)

    base = digest(GOOD)
    assert digest(GOOD.replace("host: db host", "host: other")) == base
    assert digest(GOOD + "# a comment\n") == base
    changes = [
        ("team: dev, n: 1", "team: dev, n: 2"),
        ("AAAAC3Ob", "AAAAC3Oc"),
        ("environment: production", "environment: test"),
    ]
    assert len({base, *(digest(GOOD.replace(old, new)) for old, new in changes)}) == 4


def test_a_target_becomes_a_libpq_connection_string(tmp_path: Path):
    (tmp_path / "shisa.yaml").write_text(GOOD, "utf-8")
    config = load(cwd=tmp_path).config
    assert conninfo(target_named(config, "live")) == "service=prod"
    assert conninfo(target_named(config, "test")) == "host='db host' port=5433 dbname='it\\'s' user=app"
    assert conninfo(target_named(None, "postgresql://h/d")) == "postgresql://h/d"
    assert conninfo(Target(dsn="host=x")) == "host=x"
    with pytest.raises(ConfigError, match="there is no target 'life'") as caught:
        target_named(config, "life")
    assert "live, test" in str(caught.value.hint)


def test_libpq_reads_the_connection_string_as_it_was_meant():
    from psycopg.conninfo import conninfo_to_dict

    strange = Target(host="a b", dbname="it's \\ here", user="")
    assert conninfo_to_dict(conninfo(strange)) == {"host": "a b", "dbname": "it's \\ here", "user": ""}
