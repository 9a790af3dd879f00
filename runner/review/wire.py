"""SSH's wire format: public keys and SSHSIG signatures, taken apart and put together (PROTOCOL.sshsig of OpenSSH)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from typing import NamedTuple

_MAGIC = b"SSHSIG"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_WIDTH = 70
_LARGEST = 1 << 16
"""Characters; a certificate's signature has about 3,000."""


class MalformedError(ValueError):
    """Bytes are not what SSH would have written."""


class Signature(NamedTuple):
    """What stands in an SSHSIG blob."""

    key: bytes
    """The signer's public key, as a blob."""
    namespace: str
    hash_name: str
    algorithm: str
    raw: bytes


def fields(blob: bytes) -> list[bytes]:
    """Take apart a run of length-prefixed strings; raises MalformedError where one does not fit."""
    found, place = [], 0
    while place < len(blob):
        if place + 4 > len(blob):
            raise MalformedError("a length is cut off")
        (size,) = struct.unpack_from(">I", blob, place)
        place += 4 + size
        if place > len(blob):
            raise MalformedError("a string is cut off")
        found.append(blob[place - size : place])
    return found


def key_type(blob: bytes) -> str:
    """Tell the type that a public key's blob begins with; empty where it is none."""
    (size,) = struct.unpack_from(">I", blob) if len(blob) >= 4 else (0,)  # noqa: PLR2004 - a length
    return blob[4 : 4 + size].decode("ascii", "replace")


def string(value: bytes) -> bytes:
    """Prefix a string with its length."""
    return struct.pack(">I", len(value)) + value


def unbase64(text: str) -> bytes:
    """Decode base64 strictly; raises MalformedError."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError("that is not base64") from error


def dearmour(text: str) -> Signature:
    """Read an armoured signature; raises MalformedError for anything but exactly one."""
    lines = text.strip().splitlines()
    if len(text) > _LARGEST or len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:  # noqa: PLR2004 - two marks
        raise MalformedError("that is not an armoured SSH signature")
    blob = unbase64("".join(lines[1:-1]))
    if blob[:10] != _MAGIC + struct.pack(">I", 1):
        raise MalformedError("that is not an SSH signature of version 1")
    parts = fields(blob[10:])
    if len(parts) != 5 or parts[2]:  # noqa: PLR2004 - key, namespace, reserved, hash, signature
        raise MalformedError("the SSH signature does not have its five fields")
    key, namespace, _, hash_name, signature = parts
    inner = fields(signature)
    if len(inner) < 2:  # noqa: PLR2004 - algorithm and value; a security key adds flags and a counter outside
        raise MalformedError("the SSH signature holds no value")
    try:
        return Signature(key, namespace.decode(), hash_name.decode("ascii"), inner[0].decode("ascii"), inner[1])
    except UnicodeDecodeError as error:
        raise MalformedError("the SSH signature holds names that are not text") from error


def armour(key: bytes, namespace: str, algorithm: str, raw: bytes) -> str:
    """Write an armoured signature over a SHA-512 digest, byte for byte as ssh-keygen does."""
    value = string(algorithm.encode()) + string(raw)
    body = b"".join(map(string, (key, namespace.encode(), b"", b"sha512", value)))
    text = base64.b64encode(_MAGIC + struct.pack(">I", 1) + body).decode()
    lines = [text[place : place + _WIDTH] for place in range(0, len(text), _WIDTH)]
    return "\n".join((_BEGIN, *lines, _END)) + "\n"


def signed_bytes(namespace: str, hash_name: str, data: bytes) -> bytes:
    """Tell the bytes that an SSHSIG signature is over; raises MalformedError for a hash that SSH does not use."""
    if hash_name not in {"sha256", "sha512"}:
        raise MalformedError(f"{hash_name!r} is not a hash that SSH signs with")
    summed = hashlib.new(hash_name, data).digest()
    return _MAGIC + b"".join(map(string, (namespace.encode(), b"", hash_name.encode(), summed)))
