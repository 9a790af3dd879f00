"""Signing with what people really have: a key with a passphrase, an ssh-agent, a certificate of their authority."""

import shutil
import subprocess

import pytest

from runner.review.keys import find_keys
from tests.e2e.stage import Stage, open_waiting

pytestmark = pytest.mark.needs("ssh-keygen")
PASSPHRASE = "correct horse battery"


def keygen(*words):
    subprocess.run(["ssh-keygen", "-q", *map(str, words)], check=True, capture_output=True)


def up_to_signing(stage: Stage, *words: str):
    """bob, at the moment at which his key is used."""
    reviewer = stage.sit_down("bob", "review", open_waiting(stage), *words)
    stage.read_back(reviewer)
    return reviewer


def test_a_passphrase_is_asked_for_by_ssh_keygen_at_the_terminal(stage):
    keygen("-p", "-P", "", "-N", PASSPHRASE, "-f", stage.key("bob"))
    reviewer = up_to_signing(stage)
    reviewer.see("Enter passphrase")
    reviewer.type(PASSPHRASE)
    reviewer.see("approved by bob, signed")
    assert reviewer.ended() == 0
    assert PASSPHRASE not in reviewer.text()
    assert stage.events()[-1] == "approval.given"
    assert stage.shisa("alice", "verify").code == 0


def test_a_wrong_passphrase_signs_nothing(stage):
    keygen("-p", "-P", "", "-N", PASSPHRASE, "-f", stage.key("bob"))
    reviewer = up_to_signing(stage)
    before = stage.events()
    reviewer.see("Enter passphrase")
    reviewer.type("wrong")
    reviewer.see("did not sign", "incorrect passphrase", "add it to the agent with ssh-add")
    assert reviewer.ended() == 2
    assert stage.events() == before


@pytest.fixture
def agent(stage):
    """An ssh-agent of bob's own, ended by its process id."""
    socket = stage.folder / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        yield str(socket)
        process.terminate()


def test_an_agent_signs_for_whoever_has_no_key_file(stage, agent):
    subprocess.run(["ssh-add", "-q", stage.key("bob")], env=stage.env("bob") | {"SSH_AUTH_SOCK": agent}, check=True)
    stage.key("bob").unlink()
    assert (
        "bob has no key at hand"
        in stage.shisa("bob", "reject", open_waiting(stage), "purge", "--reason", "x", "--person", "bob").err
    )
    stage.extra_env["SSH_AUTH_SOCK"] = agent
    reviewer = up_to_signing(stage, "--person", "bob")
    reviewer.see("approved by bob, signed")
    assert reviewer.ended() == 0
    assert stage.events()[-1] == "approval.given"


def certify(stage: Stage, *limits: str, principal: str = "bob") -> None:
    """The company's authority vouches for bob's key; shisa.yaml lists the authority only."""
    authority, key = stage.folder / "ca", stage.key("bob")
    if not authority.exists():
        keygen("-t", "ed25519", "-N", "", "-f", authority)
    keygen("-s", authority, "-I", "bob", "-n", principal, *limits, key.with_suffix(".pub"))
    line = authority.with_suffix(".pub").read_text().strip()
    people = {name: {"teams": ["ops"], "keys": [stage.public(name)]} for name in ("alice", "carol")}
    stage.configure(people=people | {"bob": {"teams": ["dev"], "keys": [f"cert-authority {line}"]}})


def test_a_certificate_of_the_peoples_authority_signs(stage):
    certify(stage, "-V", "-1m:+1d")
    assert [one.public.certificate for one in find_keys(stage.home("bob"))] == [True, False]
    reviewer = up_to_signing(stage)
    reviewer.see("approved by bob, signed")
    assert reviewer.ended() == 0
    assert stage.shisa("alice", "verify").code == 0


@pytest.mark.parametrize(
    ("limits", "principal", "because"),
    [
        (("-V", "20200101:20210101"), "bob", "this does not count: the signature does not fit"),
        (("-V", "-1m:+1d"), "zoe", "Nobody in shisa.yaml has one of your SSH keys"),
    ],
)
def test_a_certificate_that_has_expired_or_is_for_somebody_else_does_not_count(stage, limits, principal, because):
    certify(stage, *limits, principal=principal)
    run = open_waiting(stage)
    refused = stage.shisa("bob", "reject", run, "purge", "--reason", "no")
    assert because in refused.err, refused.err
    assert stage.events()[-1] == "run.paused"


def test_the_operators_key_under_a_certificate_is_still_the_operators_key(stage):
    """The authority vouches for alice's key as bob's: the fingerprint is the key's, not the certificate's."""
    shutil.copy(stage.key("alice"), stage.key("bob"))
    shutil.copy(stage.key("alice").with_suffix(".pub"), stage.key("bob").with_suffix(".pub"))
    certify(stage, "-V", "-1m:+1d")
    run = open_waiting(stage)
    refused = stage.shisa("bob", "reject", run, "purge", "--reason", "no", "--person", "bob")
    assert (refused.code, "is the one that alice, the operator, signed with" in refused.err) == (4, True), refused.err
