"""SCRAM-SHA-256 verifiers made on the client, so that a new password never travels to the server's log.

Sources: RFC 5802, RFC 7677; RFC 4013 (SASLprep) as PostgreSQL's saslprep.c applies it: where the profile
prohibits the password, its bytes are used as they are.
"""

from __future__ import annotations

import secrets
from base64 import b64encode

ITERATIONS = 4096
_SALT_BYTES = 16


def verifier(password: str, *, salt: bytes | None = None, iterations: int = ITERATIONS) -> str:
    """The text that ALTER ROLE … PASSWORD takes instead of the password. Raises ValueError for an empty one."""
    import hashlib
    import hmac

    if not password:
        raise ValueError("an empty password has no verifier")
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", saslprep(password).encode(), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${iterations}:{_b64(salt)}${_b64(stored)}:{_b64(server)}"


def saslprep(password: str) -> str:
    """The password as both ends of a login must spell it."""
    if password.isascii():
        return password
    import stringprep
    import unicodedata

    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char for char in password if not stringprep.in_table_b1(char)
    )
    prepared = unicodedata.normalize("NFKC", mapped)
    right_to_left = [stringprep.in_table_d1(char) for char in prepared]
    bidi_broken = any(right_to_left) and (
        any(map(stringprep.in_table_d2, prepared)) or not (right_to_left[0] and right_to_left[-1])
    )
    if not prepared or bidi_broken or any(map(_prohibited, prepared)):
        return password
    return prepared


def _prohibited(char: str) -> bool:
    import stringprep

    tables = (
        stringprep.in_table_a1,
        stringprep.in_table_c12,
        stringprep.in_table_c21_c22,
        stringprep.in_table_c3,
        stringprep.in_table_c4,
        stringprep.in_table_c5,
        stringprep.in_table_c6,
        stringprep.in_table_c7,
        stringprep.in_table_c8,
        stringprep.in_table_c9,
    )
    return any(table(char) for table in tables)


def _b64(data: bytes) -> str:
    return b64encode(data).decode()
