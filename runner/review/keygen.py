"""Signing and verifying by ``ssh-keygen -Y``: agents, passphrases, certificates and security keys come with it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from runner.errors import UsageError
from runner.review.keys import KeyRef, PublicKey
from runner.which import which

UNFIT = "the signature does not fit what it is said to sign"
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC"}


def program() -> str | None:
    """Find ssh-keygen; None where there is none, or where it would refuse to start: for a user without a name."""
    if sys.platform != "win32":
        import pwd

        try:
            pwd.getpwuid(os.getuid())
        except KeyError:  # as in containers that run under any number
            return None
    return which("ssh-keygen")


def sign(tool: str, key: KeyRef, namespace: str, data: bytes) -> str:
    """Sign with a key's file or through the agent; asks for a passphrase on the terminal, not on stdin.

    Raises UsageError with what ssh-keygen says.
    """
    with _folder() as folder:
        if key.path is None:
            place = folder / "key.pub"
            place.write_text(key.public.line + "\n", encoding="ascii")
        else:
            place = key.path
        touch = key.public.type.startswith("sk-")
        done = subprocess.run(
            [tool, "-Y", "sign", "-f", str(place), "-n", namespace],
            input=data,
            stdout=subprocess.PIPE,
            stderr=None if touch else subprocess.PIPE,  # a security key asks for its touch there
            env=_environment(),
            check=False,
        )
    if done.returncode != 0:
        raise UsageError(
            f"The key {key.public.fingerprint} did not sign: {_last_line(done.stderr)}.",
            hint="Name another with --key, or add it to the agent with ssh-add.",
        )
    return done.stdout.decode("ascii", "replace")


def refusal(
    tool: str, signature: str, data: bytes, *, namespace: str, key: PublicKey, holder: tuple[str, datetime | None]
) -> str | None:
    """Say why a signature does not hold for a key (or for the certificates of an authority); None where it does.

    ``holder`` is the name that a certificate must carry and when it must have been valid.
    """
    principal, at = holder
    options = "cert-authority," if key.authority else ""
    when = [] if at is None else ["-O", f"verify-time={at.astimezone(UTC):%Y%m%d%H%M%S}"]
    with _folder() as folder:
        signers, armoured = folder / "allowed_signers", folder / "signature"
        signers.write_text(f'* {options}namespaces="{namespace}" {key.line}\n', encoding="ascii")
        armoured.write_text(signature, encoding="ascii")
        done = subprocess.run(
            [tool, "-Y", "verify", "-f", str(signers), "-I", principal, "-n", namespace, "-s", str(armoured), *when],
            input=data,
            capture_output=True,
            env=_environment(),
            timeout=30,
            check=False,
        )
    return None if done.returncode == 0 else f"{UNFIT} (ssh-keygen: {_last_line(done.stderr or done.stdout)})"


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="shisa-") as name:
        yield Path(name)


def _environment() -> dict[str, str]:
    return {**os.environ, **_ENVIRONMENT}


def _last_line(output: bytes | None) -> str:
    lines = (output or b"").decode("ascii", "replace").strip().splitlines()
    return lines[-1].rstrip(". ") if lines else "ssh-keygen gave no reason"
