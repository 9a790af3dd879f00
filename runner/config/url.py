"""Which URL a webhook may have: it is a secret, and so is what it carries."""

from __future__ import annotations

from urllib.parse import urlsplit

HERE = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that are this machine."""


def url_objection(url: str) -> str | None:
    """Say what is wrong with a URL without a word of it; None where nothing is."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is no URL"
    if not url.isascii() or not url.isprintable() or " " in url or not host:
        return "is no URL"
    if parts.scheme != "https" and not (parts.scheme == "http" and host in HERE):
        return "must begin with https:// (http:// on this machine only)"
    if "@" in parts.netloc:
        return "must not hold a user or a password; `key_env` names a variable that holds a key"
    return None
