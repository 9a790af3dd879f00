import base64
import os
import random
import shutil
import subprocess
from datetime import UTC, datetime

import msgspec
import pytest

from runner.config.model import Person
from runner.errors import ConfigError, UsageError
from runner.review import keygen, sshsig
from runner.review.keys import KeyRef, allowed_signers, find_keys, generate_key, key_at, parse_public_key
from runner.review.sshsig import APPROVAL, RUN, Refused, Signer, sign, verify
from tests.runner.review.people import NOON

DATA = b'{"what":"was meant"}'
ssh_keygen = pytest.mark.needs("ssh-keygen")


def judged(crew, signature, *, data=DATA, person="bob", namespace=APPROVAL, at=NOON):
    return verify(signature, data, namespace=namespace, person=person, people=crew.people, at=at)


def test_a_signature_tells_whose_it_is(crew, backend):
    signature = sign(crew.keys["bob"], APPROVAL, DATA)
    assert judged(crew, signature) == Signer("bob", crew.keys["bob"].public.fingerprint)


def test_other_bytes_are_refused(crew, backend):
    found = judged(crew, sign(crew.keys["bob"], APPROVAL, DATA), data=DATA + b" ")
    assert found.reason.startswith("the signature does not fit what it is said to sign")


def test_another_namespace_is_refused(crew, backend):
    found = judged(crew, sign(crew.keys["bob"], RUN, DATA))
    assert found == Refused("it was signed for the namespace 'run@shisa', not 'approval@shisa'")


def test_a_namespace_rewritten_in_the_envelope_is_refused(crew, backend):
    signature = sign(crew.keys["bob"], "approval@other", DATA)
    lines = signature.splitlines()
    blob = base64.b64decode("".join(lines[1:-1])).replace(b"\0\0\0\x0eapproval@other", b"\0\0\0\x0eapproval@shisa")
    forged = "\n".join((lines[0], base64.b64encode(blob).decode(), lines[-1]))
    assert judged(crew, forged).reason.startswith("the signature does not fit")


def test_anothers_key_is_refused_by_name(crew, backend):
    found = judged(crew, sign(crew.keys["carol"], APPROVAL, DATA))
    assert found.reason.endswith("belongs to carol, not to bob")


def test_a_strangers_key_is_refused(crew, backend):
    found = judged(crew, sign(crew.keys["stranger"], APPROVAL, DATA))
    assert found.reason.endswith("belongs to nobody in shisa.yaml")


def test_a_key_listed_for_two_people_counts_for_neither(crew, backend):
    twin = Person(teams=("dev",), keys=crew.people["bob"].keys)
    found = judged(crew.with_people(robert=twin), sign(crew.keys["bob"], APPROVAL, DATA))
    assert found.reason.endswith("is listed for bob and robert, so nobody can tell who signed")


def test_an_authority_vouches_for_people_and_does_not_sign_for_them(crew, backend):
    authority = Person(teams=("dev",), keys=(f"cert-authority {crew.keys['stranger'].public.line}",))
    found = judged(crew.with_people(bob=authority), sign(crew.keys["stranger"], APPROVAL, DATA))
    assert found.reason.endswith("belongs to nobody in shisa.yaml")


def test_an_unknown_person_is_refused(crew, backend):
    found = judged(crew, sign(crew.keys["bob"], APPROVAL, DATA), person="zoe")
    assert found == Refused("shisa.yaml knows nobody called zoe")


def test_a_key_out_of_its_time_is_refused(crew, backend):
    dated = f'valid-after="20260101",valid-before="20270101" {crew.keys["bob"].public.line}'
    dated_crew = crew.with_people(bob=Person(teams=("dev",), keys=(dated,)))
    signature = sign(crew.keys["bob"], APPROVAL, DATA)
    assert isinstance(judged(dated_crew, signature), Signer)
    early, late = datetime(2025, 6, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    assert judged(dated_crew, signature, at=early).reason.endswith("was not yet valid on 2025-06-01")
    assert judged(dated_crew, signature, at=late).reason.endswith("was no longer valid on 2027-01-01")


@pytest.mark.parametrize("text", ["", "hello", "-----BEGIN SSH SIGNATURE-----\n!\n-----END SSH SIGNATURE-----"])
def test_what_is_no_signature_is_refused(crew, backend, text):
    assert judged(crew, text).reason in {"that is not an armoured SSH signature", "that is not base64"}


def test_no_mutation_of_a_signature_verifies(crew, backend):
    """Every byte of the blob, changed once: not one may be accepted, and none may raise."""
    lines = sign(crew.keys["bob"], APPROVAL, DATA).splitlines()
    blob = base64.b64decode("".join(lines[1:-1]))
    rng = random.Random(7)  # noqa: S311 - the same mutants each time
    places = range(len(blob)) if backend == "cryptography" else rng.sample(range(len(blob)), 40)
    for place in places:
        mutant = bytearray(blob)
        mutant[place] ^= 1 << rng.randrange(8)
        forged = "\n".join((lines[0], base64.b64encode(bytes(mutant)).decode(), lines[-1]))
        assert isinstance(judged(crew, forged), Refused), place
    for length in range(0, len(blob), 7):
        forged = "\n".join((lines[0], base64.b64encode(blob[:length]).decode(), lines[-1]))
        assert isinstance(judged(crew, forged), Refused), length


@ssh_keygen
def test_both_ways_write_the_same_bytes_and_accept_each_other(crew, monkeypatch, tmp_path):
    by_ssh = sign(crew.keys["bob"], APPROVAL, DATA)
    sshsig._refusal.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert sign(crew.keys["bob"], APPROVAL, DATA) == by_ssh
    sshsig._refusal.cache_clear()
    assert isinstance(judged(crew, by_ssh), Signer)


@ssh_keygen
def test_both_ways_agree_on_mutated_signatures(crew, monkeypatch, tmp_path):
    tool, key = shutil.which("ssh-keygen"), crew.keys["bob"].public
    lines = sign(crew.keys["bob"], APPROVAL, DATA).splitlines()
    blob = base64.b64decode("".join(lines[1:-1]))
    monkeypatch.setenv("PATH", str(tmp_path))
    sshsig._refusal.cache_clear()
    rng = random.Random(11)  # noqa: S311 - the same mutants each time
    for _ in range(40):
        mutant = bytearray(blob)
        mutant[rng.randrange(len(blob))] = rng.randrange(256)
        forged = "\n".join((lines[0], base64.b64encode(bytes(mutant)).decode(), lines[-1]))
        by_ssh = keygen.refusal(tool, forged, DATA, namespace=APPROVAL, key=key, holder=("bob", None))
        assert (by_ssh is None) == isinstance(judged(crew, forged), Signer), forged


@ssh_keygen
@pytest.mark.parametrize("kind", [["-t", "rsa", "-b", "3072"], ["-t", "ecdsa"]])
def test_other_kinds_of_keys_come_with_ssh_keygen(crew, tmp_path, monkeypatch, kind):
    subprocess.run(["ssh-keygen", "-q", "-N", "", *kind, "-f", tmp_path / "k"], check=True)
    key = key_at(tmp_path / "k")
    signature = sign(key, APPROVAL, DATA)
    eve = crew.with_people(eve=Person(teams=("dev",), keys=(key.public.line,)))
    assert isinstance(judged(eve, signature, person="eve"), Signer)
    sshsig._refusal.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert judged(eve, signature, person="eve").reason.endswith("is checked by ssh-keygen, which is not installed")
    with pytest.raises(UsageError, match="is not an ed25519 key"):
        sign(key, APPROVAL, DATA)


@pytest.fixture
def agent(tmp_path, monkeypatch):
    """Run an ssh-agent of our own, and end it by its process id."""
    socket = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
    yield
    process.terminate()
    process.wait(10)
    process.stdout.close()


@ssh_keygen
def test_a_key_that_only_the_agent_holds_signs(agent, crew, tmp_path, monkeypatch):
    private = tmp_path / "gone"
    generate_key(private, "gone")
    subprocess.run(["ssh-add", "-q", private], check=True)
    private.unlink()
    monkeypatch.setenv("HOME", str(tmp_path))
    (found,) = find_keys()
    assert found.path is None
    team = crew.with_people(gil=Person(teams=("dev",), keys=(found.public.line,)))
    assert isinstance(judged(team, sign(found, APPROVAL, DATA), person="gil"), Signer)


@ssh_keygen
def test_a_certificate_counts_for_its_principal_while_it_is_valid(agent, crew, tmp_path):
    for name in ("ca", "ida"):
        subprocess.run(["ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", tmp_path / name], check=True)
    subprocess.run(
        ["ssh-keygen", "-q", "-s", "ca", "-I", "ida", "-n", "ida", "-V", "20260101:20270101", "ida.pub"],
        cwd=tmp_path,
        check=True,
    )
    subprocess.run(["ssh-add", "-q", "ida"], cwd=tmp_path, check=True)
    held = [key for key in find_keys(tmp_path) if key.public.certificate]
    authority = "cert-authority " + (tmp_path / "ca.pub").read_text(encoding="utf-8").strip()
    team = crew.with_people(**{name: Person(teams=("dev",), keys=(authority,)) for name in ("ida", "ivo")})
    signature = sign(held[0], APPROVAL, DATA)
    assert isinstance(judged(team, signature, person="ida"), Signer)
    assert judged(team, signature, person="ivo").reason.startswith("the signature does not fit")
    late = datetime(2028, 1, 1, tzinfo=UTC)
    assert judged(team, signature, person="ida", at=late).reason.startswith("the signature does not fit")
    assert judged(crew, signature, person="bob").reason.endswith("belongs to nobody in shisa.yaml")
    listed = team.with_people(ivo=Person(teams=("ops",), keys=((tmp_path / "ida.pub").read_text(encoding="utf-8"),)))
    assert judged(listed, signature, person="ida").reason.endswith("belongs to ivo, not to ida"), "whoever vouches"
    older = f"cert-authority {crew.keys['bob'].public.line}"
    both = crew.with_people(ida=Person(teams=("dev",), keys=(older, authority)))
    assert isinstance(judged(both, signature, person="ida"), Signer), "either of two authorities may vouch"


@ssh_keygen
def test_a_key_with_a_passphrase_and_no_terminal_says_that_it_did_not_sign(tmp_path, monkeypatch):
    subprocess.run(["ssh-keygen", "-q", "-N", "secret", "-t", "ed25519", "-f", tmp_path / "k"], check=True)
    monkeypatch.setenv("SSH_ASKPASS", "/bin/false")
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(UsageError, match="did not sign") as raised:
        sign(key_at(tmp_path / "k"), APPROVAL, DATA)
    assert "ssh-add" in raised.value.hint
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="cannot be used without ssh-keygen"):
        sign(key_at(tmp_path / "k"), APPROVAL, DATA)


def test_a_made_key_is_private_and_never_replaces_another(tmp_path):
    path = tmp_path / "deep" / "key"
    public = generate_key(path, "me@here")
    assert path.stat().st_mode & 0o777 == 0o600
    assert key_at(path).public == public
    with pytest.raises(UsageError, match="cannot be written: File exists"):
        generate_key(path, "again")


def test_a_public_key_without_its_private_half_is_not_ones_own(tmp_path, monkeypatch):
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    generate_key(tmp_path / ".ssh" / "mine", "me")
    generate_key(tmp_path / ".ssh" / "theirs", "them")
    (tmp_path / ".ssh" / "theirs").unlink()
    (tmp_path / ".ssh" / "notes.pub").write_text("not a key", encoding="utf-8")
    (tmp_path / ".ssh" / "notes").write_text("", encoding="utf-8")
    assert [key.path.name for key in find_keys(tmp_path)] == ["mine"]


def test_a_missing_key_is_named_with_what_to_do(tmp_path):
    with pytest.raises(UsageError, match="There is no key"):
        key_at(tmp_path / "nothing")
    (tmp_path / "lonely").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match=r"lonely\.pub is missing") as raised:
        key_at(tmp_path / "lonely")
    assert "ssh-keygen -y" in raised.value.hint


@pytest.mark.parametrize("text", ["", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIA==", "# x"])
def test_what_is_no_public_key_is_refused(text):
    with pytest.raises(ConfigError, match="is not an SSH public key"):
        parse_public_key(text)


def test_an_unknown_option_of_a_key_is_refused(crew):
    with pytest.raises(ConfigError, match="option 'no-pty' of an SSH key is not known"):
        parse_public_key(f"cert-authority,no-pty {crew.keys['bob'].public.line}")


@ssh_keygen
@pytest.mark.parametrize(
    ("options", "at", "code"),
    [
        ("", "20261123120000Z", 0),
        ('valid-after="20261101",valid-before="20261201" ', "20261123120000Z", 0),
        ('valid-after="20261124" ', "20261123120000Z", 255),
        ('valid-before="20261123" ', "20261123120000Z", 255),
    ],
)
def test_ssh_keygen_alone_honours_the_file_that_the_people_make(crew, tmp_path, options, at, code):
    bob = crew.people["bob"]
    people = {"bob": msgspec.structs.replace(bob, keys=(options + bob.keys[0],))}
    (tmp_path / "allowed_signers").write_text(allowed_signers(people, [APPROVAL]))
    (tmp_path / "sig").write_text(sign(crew.keys["bob"], APPROVAL, DATA))
    words = ["-f", tmp_path / "allowed_signers", "-I", "bob", "-n", APPROVAL, "-s", tmp_path / "sig"]
    done = subprocess.run(
        ["ssh-keygen", "-Y", "verify", *words, "-O", f"verify-time={at}"], input=DATA, capture_output=True, check=False
    )
    assert done.returncode == code, done.stderr
    moment = datetime(2026, 11, 23, 12, tzinfo=UTC)
    ours = judged(crew.with_people(**people), (tmp_path / "sig").read_text(), at=moment)
    assert isinstance(ours, Signer) is (code == 0)


def test_allowed_signers_names_everybody_with_the_namespaces(crew):
    lines = allowed_signers(crew.people, [APPROVAL, RUN]).splitlines()
    assert lines[1] == f'bob namespaces="approval@shisa,run@shisa" {crew.keys["bob"].public.line}'


def test_a_verifier_that_stumbles_refuses(crew, monkeypatch):
    def stumble(*_):
        raise OSError("no more processes")

    signature = sign(crew.keys["bob"], APPROVAL, DATA)
    monkeypatch.setattr(sshsig, "_refusal", stumble)
    assert judged(crew, signature) == Refused("the signature cannot be checked (OSError: no more processes)")


def test_a_key_file_that_was_swapped_for_anothers_is_noticed_when_signing(crew, backend, tmp_path):
    path = tmp_path / "k"
    generate_key(path, "old")
    stale = key_at(path)
    path.unlink()
    path.with_name("k.pub").unlink()
    generate_key(path, "new")
    with pytest.raises(UsageError, match="does not verify"):
        sign(KeyRef(stale.public, path), APPROVAL, DATA)


@ssh_keygen
@pytest.mark.parametrize("folder", ["", "."])
def test_a_program_in_the_folder_that_one_works_in_judges_no_signature(crew, tmp_path, monkeypatch, folder):
    believes_all = tmp_path / "ssh-keygen"
    believes_all.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    believes_all.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    forged = sign(crew.keys["bob"], APPROVAL, DATA)
    assert judged(crew, forged, data=b"other bytes").reason.startswith("the signature does not fit")
