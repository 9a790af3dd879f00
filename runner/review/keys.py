"""SSH public keys as shisa.yaml lists them, and the keys that a user can sign with."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from runner.config.model import Person
from runner.errors import ConfigError, UsageError
from runner.review.certificate import CERTIFICATE, certified
from runner.review.wire import MalformedError, key_type, unbase64
from runner.which import which

_KEY = re.compile(
    r"(?:(?P<options>(?:cert-authority|valid-(?:after|before)=\"\d{8}\")(?:,[^ ]*)?) )?"
    r"(?P<type>(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+) (?P<blob>[A-Za-z0-9+/=]+)(?: (?P<comment>.*))?"
)
_OPTION = re.compile(r'(cert-authority)|valid-(after|before)="(\d{8})"')


@dataclasses.dataclass(frozen=True, slots=True)
class PublicKey:
    """One SSH public key, or the authority whose certificates count for a person."""

    type: str
    blob: bytes
    comment: str = ""
    authority: bool = False
    valid_after: datetime | None = None
    valid_before: datetime | None = None

    @property
    def line(self) -> str:
        """The key as one line without its comment, ``ssh-ed25519 AAAA…``."""
        return f"{self.type} {base64.b64encode(self.blob).decode()}"

    @property
    def fingerprint(self) -> str:
        """``SHA256:…``, as ssh-keygen prints it."""
        return fingerprint(self.blob)

    @property
    def certificate(self) -> bool:
        """Whether an authority vouches for this key."""
        return CERTIFICATE in self.type


@dataclasses.dataclass(frozen=True, slots=True)
class KeyRef:
    """A key that the user can sign with: in a file, in the agent, or both."""

    public: PublicKey
    path: Path | None = None
    """The private key's file, or the certificate's beside it; None for a key that only the agent holds."""


def fingerprint(blob: bytes) -> str:
    """Name a public key as ssh-keygen does: a certificate by the key that it is about."""
    if CERTIFICATE in key_type(blob):
        blob = certified(blob).key
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def parse_public_key(text: str) -> PublicKey:
    """Read ``[options] type base64 [comment]``; options are those of allowed_signers that limit who and when.

    Raises ConfigError.
    """
    found = _KEY.fullmatch(text.strip())
    blob = b"" if found is None else _blob(found["blob"])
    if found is None or key_type(blob) != found["type"]:
        raise ConfigError(
            f"{text[:40]!r} is not an SSH public key.", hint="Copy the one line of ~/.ssh/id_ed25519.pub."
        )
    limits: dict[str, datetime] = {}
    options = found["options"] or ""
    for option in filter(None, options.split(",")):
        one = _OPTION.fullmatch(option)
        if one is None:
            raise ConfigError(f"The option {option!r} of an SSH key is not known here.")
        if one[2]:
            limits[f"valid_{one[2]}"] = datetime.strptime(one[3], "%Y%m%d").replace(tzinfo=UTC)
    authority = "cert-authority" in options
    return PublicKey(found["type"], blob, found["comment"] or "", authority, **limits)


def keys_of(person: Person) -> tuple[PublicKey, ...]:
    """Read the keys that shisa.yaml lists for a person; ConfigError where one is malformed."""
    return tuple(map(parse_public_key, person.keys))


def owners(people: Mapping[str, Person], blob: bytes) -> tuple[str, ...]:
    """Tell who lists a key as their own; more than one is a fault of the configuration."""
    return tuple(
        name
        for name, person in people.items()
        if any(key.blob == blob and not key.authority for key in keys_of(person))
    )


def vouched_for(people: Mapping[str, Person], key: PublicKey) -> tuple[str, ...]:
    """Tell for whom an authority of theirs has made a certificate out."""
    if not key.certificate:
        return ()
    about = certified(key.blob)
    return tuple(
        name
        for name, person in people.items()
        if name in about.principals and any(one.authority and one.blob == about.authority for one in keys_of(person))
    )


def allowed_signers(people: Mapping[str, Person], namespaces: Iterable[str]) -> str:
    """Write ssh-keygen's allowed_signers file for the people of shisa.yaml."""
    only = f'namespaces="{",".join(namespaces)}"'
    return "".join(
        f"{name} {','.join((*_limits(key), only))} {key.line}\n"
        for name, person in people.items()
        for key in keys_of(person)
    )


def _limits(key: PublicKey) -> Iterator[str]:
    if key.authority:
        yield "cert-authority"
    for name, moment in (("valid-after", key.valid_after), ("valid-before", key.valid_before)):
        if moment is not None:
            yield f'{name}="{moment:%Y%m%d}Z"'


def find_keys(home: Path | None = None) -> tuple[KeyRef, ...]:
    """Find what the user can sign with: the agent's keys and the pairs of files in ``~/.ssh``.

    A public key without its private half counts only where the agent holds it: it may be somebody else's.
    """
    found: dict[bytes, KeyRef] = {}
    for path in sorted((home or _home()).glob(".ssh/*.pub")):
        private = private_of(path)
        if private.is_file():
            for key in _readable(path):
                found.setdefault(key.blob, KeyRef(key, path if key.certificate else private))
    for key in _in_agent():
        found.setdefault(key.blob, KeyRef(key))
    return tuple(found.values())


def _home() -> Path:
    """The user's home folder; a folder that is not there where the system knows none, as in many containers."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/nonexistent")


def key_at(path: Path) -> KeyRef:
    """Take the key that ``--key`` names: a private key's file, or a public one whose private half the agent holds.

    Raises UsageError.
    """
    public = path if path.suffix == ".pub" else path.with_name(path.name + ".pub")
    keys = _readable(public)
    if not keys:
        if not path.exists():
            raise UsageError(f"There is no key {path}.", hint="Name a private key's file.")
        hint = f"`ssh-keygen -y -f {private_of(public)} > {public}` writes it."
        raise UsageError(f"The public key {public} is missing or cannot be read.", hint=hint)
    private = private_of(public)
    if not private.is_file():
        return KeyRef(keys[0])
    return KeyRef(keys[0], public if keys[0].certificate else private)


def private_of(public: Path) -> Path:
    """Tell where the private half of a public key's file is; a certificate stands beside the key that it is about."""
    return public.with_name(public.name.removesuffix(".pub").removesuffix("-cert"))


def generate_key(path: Path, comment: str) -> PublicKey:
    """Make an ed25519 key pair without a passphrase, as ssh-keygen would: ``path`` 0600 and ``path.pub``.

    Raises UsageError where a file is in the way.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    ssh = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    line = f"{key.public_key().public_bytes(*ssh).decode()} {comment}\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for place, content, mode in (
            (path, private, 0o600),
            (path.with_name(path.name + ".pub"), line.encode(), 0o644),
        ):
            with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(content)
    except OSError as error:
        raise UsageError(f"The key {path} cannot be written: {error.strerror}.") from error
    return parse_public_key(line)


def _blob(text: str) -> bytes:
    try:
        return unbase64(text)
    except MalformedError:
        return b""


def _readable(path: Path) -> list[PublicKey]:
    try:
        return [parse_public_key(path.read_text(encoding="utf-8"))]
    except (OSError, UnicodeDecodeError, ConfigError):
        return []


def _in_agent() -> list[PublicKey]:
    tool = which("ssh-add")
    if tool is None or "SSH_AUTH_SOCK" not in os.environ:
        return []
    try:
        listed = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return []
    found = []
    for line in listed.stdout.splitlines() if listed.returncode == 0 else ():
        try:
            found.append(parse_public_key(line))
        except ConfigError:  # a kind of key that cannot be listed in shisa.yaml either
            continue
    return found
