"""SSH certificates: which key one is about, for whom, and which authority made it."""

from __future__ import annotations

import base64
import functools
from typing import NamedTuple

from runner.review.wire import MalformedError, key_type

CERTIFICATE = "-cert-v01@"
"""Stands in the type of every SSH certificate."""


class Certified(NamedTuple):
    """What a certificate says; whether it holds is judged when a signature made with it is."""

    key: bytes
    """The public key that it is about, as a blob."""
    principals: tuple[str, ...]
    authority: bytes
    """The public key of the authority, as a blob."""


@functools.lru_cache(maxsize=256)
def certified(blob: bytes) -> Certified:
    """Read a certificate's blob; raises MalformedError."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        SSHCertificate,
        load_ssh_public_identity,
    )

    try:
        found = load_ssh_public_identity(f"{key_type(blob)} {base64.b64encode(blob).decode()}".encode())
        if not isinstance(found, SSHCertificate):
            raise MalformedError("that is no certificate")
        keys = [
            base64.b64decode(key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1])
            for key in (found.public_key(), found.signature_key())
        ]
        return Certified(keys[0], tuple(name.decode() for name in found.valid_principals), keys[1])
    except (ValueError, UnsupportedAlgorithm, UnicodeDecodeError) as error:
        raise MalformedError(f"that certificate cannot be read ({error})") from error
