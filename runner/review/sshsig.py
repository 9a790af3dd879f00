"""Signatures of people: made with their SSH keys, bound to a namespace, and checked against shisa.yaml."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from runner.config.model import Person
from runner.errors import UsageError
from runner.review import keygen
from runner.review.certificate import CERTIFICATE, certified
from runner.review.keys import KeyRef, PublicKey, fingerprint, keys_of, owners
from runner.review.wire import MalformedError, Signature, armour, dearmour, fields, key_type, signed_bytes

RUN, APPROVAL, ANSWER = "run@shisa", "approval@shisa", "answer@shisa"
"""The namespaces: a signature made for one use counts for no other."""
_ED25519 = "ssh-ed25519"


@dataclasses.dataclass(frozen=True, slots=True)
class Signer:
    """A signature holds, and this is whose it is."""

    person: str
    fingerprint: str


@dataclasses.dataclass(frozen=True, slots=True)
class Refused:
    """Something does not count, for a reason that completes the sentence "it does not count: …"."""

    reason: str


def sign(key: KeyRef, namespace: str, data: bytes) -> str:
    """Sign bytes and give the armoured signature, after verifying it.

    Through ssh-keygen where it can be used, else with ``cryptography``, which takes ed25519 keys without a
    passphrase. Raises UsageError.
    """
    tool = keygen.program()
    signature = keygen.sign(tool, key, namespace, data) if tool else _sign_plainly(key, namespace, data)
    if not key.public.certificate:
        reason = _refusal(signature, data, namespace, key.public, ("self", None))
        if reason is not None:
            raise UsageError(f"The key {key.public.fingerprint} made a signature that does not verify: {reason}.")
    return signature


def verify(
    signature: str, data: bytes, *, namespace: str, person: str, people: Mapping[str, Person], at: datetime
) -> Signer | Refused:
    """Say whether a signature is this person's, made with a key that shisa.yaml lists for nobody else.

    ``at`` is the moment for which keys and certificates must have been valid. Whatever goes wrong is a refusal.
    """
    try:
        found = _signer(signature, namespace, person, people, at)
        if isinstance(found, Refused):
            return found
        reason = _refusal(signature, data, namespace, found, (person, at if found.authority else None))
    except Exception as error:  # noqa: BLE001 - a verifier that stumbles has not verified
        return Refused(f"the signature cannot be checked ({type(error).__name__}: {error})")
    return Refused(reason) if reason is not None else Signer(person, fingerprint(dearmour(signature).key))


def _signer(
    signature: str, namespace: str, person: str, people: Mapping[str, Person], at: datetime
) -> PublicKey | Refused:
    """Find the key of shisa.yaml that a signature must hold for, and judge all but the mathematics."""
    try:
        parts = dearmour(signature)
    except MalformedError as error:
        return Refused(str(error))
    found = _listed_key(parts, person, people)
    if isinstance(found, Refused):
        return found
    name = fingerprint(parts.key)
    if parts.namespace != namespace:
        return Refused(f"it was signed for the namespace {parts.namespace!r}, not {namespace!r}")
    if found.valid_after is not None and at < found.valid_after:
        return Refused(f"the key {name} was not yet valid on {at:%Y-%m-%d}")
    if found.valid_before is not None and at >= found.valid_before:
        return Refused(f"the key {name} was no longer valid on {at:%Y-%m-%d}")
    return found


def _listed_key(parts: Signature, person: str, people: Mapping[str, Person]) -> PublicKey | Refused:
    name = fingerprint(parts.key)
    if person not in people:
        return Refused(f"shisa.yaml knows nobody called {person}")
    about = certified(parts.key) if CERTIFICATE in key_type(parts.key) else None
    whose = owners(people, parts.key) or (() if about is None else owners(people, about.key))
    if len(whose) > 1:
        return Refused(f"the key {name} is listed for {' and '.join(whose)}, so nobody can tell who signed")
    if whose and whose[0] != person:
        return Refused(f"the key {name} belongs to {whose[0]}, not to {person}")
    listed = keys_of(people[person])
    for key in listed:
        if key.blob == parts.key and not key.authority:
            return key
    if about is not None:
        authorities = [key for key in listed if key.authority]
        for key in sorted(authorities, key=lambda each: each.blob != about.authority):
            return key
    return Refused(f"the key {name} belongs to nobody in shisa.yaml")


@functools.lru_cache(maxsize=4096)
def _refusal(
    signature: str, data: bytes, namespace: str, key: PublicKey, holder: tuple[str, datetime | None]
) -> str | None:
    """Check the mathematics; kept, so that a waiting operator's polling spawns one process a signature.

    ``holder`` is the name that a certificate must carry and when it must have been valid.
    """
    tool = keygen.program()
    if tool is not None:
        return keygen.refusal(tool, signature, data, namespace=namespace, key=key, holder=holder)
    return _refusal_plainly(signature, data, namespace, key)


def _sign_plainly(key: KeyRef, namespace: str, data: bytes) -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    hint = "Install OpenSSH's ssh-keygen, or name an ed25519 key without a passphrase with --key."
    if key.path is None:
        raise UsageError("A key that only the agent holds signs through ssh-keygen, which is not installed.", hint=hint)
    try:
        private = load_ssh_private_key(Path(key.path).read_bytes(), None)
    except (OSError, TypeError, ValueError) as error:
        raise UsageError(f"The key {key.path} cannot be used without ssh-keygen: {error}.", hint=hint) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise UsageError(f"The key {key.path} is not an ed25519 key.", hint=hint)
    raw = private.sign(signed_bytes(namespace, "sha512", data))
    return armour(key.public.blob, namespace, _ED25519, raw)


def _refusal_plainly(signature: str, data: bytes, namespace: str, key: PublicKey) -> str | None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    parts = dearmour(signature)
    if (key.type, parts.algorithm) != (_ED25519, _ED25519):
        return f"a signature of type {parts.algorithm} is checked by ssh-keygen, which is not installed"
    _, raw = fields(key.blob)
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(parts.raw, signed_bytes(namespace, parts.hash_name, data))
    except InvalidSignature:
        return keygen.UNFIT
    return None
