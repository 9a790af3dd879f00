"""A webhook: what there is to tell goes as JSON to a URL, which is a secret as a password is."""

from __future__ import annotations

import http.client
import json
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from runner import __version__
from runner.config.model import Webhook
from runner.config.url import HERE, url_objection

_SECONDS = 10.0
"""How long it may take as a whole, whatever the other side does."""
_TAKEN = range(200, 300)


class _UnusableError(Exception):
    """An environment variable that the webhook names holds nothing of use."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nobody: what was meant for one address is not sent to another."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Refuse."""


def send(hook: Webhook, message: Mapping[str, Any]) -> str | None:
    """Post the message; says why people could not be told, None where it was taken.

    No part of the URL or the key stands in what it says, nor anything that the other side said but a number.
    """
    try:
        request = _request(hook, message)
    except _UnusableError as error:
        return str(error)
    return _within(_SECONDS, lambda: _post(request))


def _request(hook: Webhook, message: Mapping[str, Any]) -> urllib.request.Request:
    url = hook.url or _from_env(hook.url_env or "", "its url")
    objection = url_objection(url)
    if objection is not None:
        raise _UnusableError(f"its url {objection}")
    headers = {"Content-Type": "application/json", "User-Agent": f"shisa/{__version__}"}
    if hook.key_env is not None:
        headers["Authorization"] = f"Bearer {_from_env(hook.key_env, 'its key')}"
    return urllib.request.Request(url, json.dumps(message).encode(), headers, method="POST")  # noqa: S310 - looked at


def _from_env(name: str, what: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value.isascii() or not value.isprintable() or not value:
        raise _UnusableError(f"the environment variable {name}, which holds {what}, is not set or not plain text")
    return value


def _post(request: urllib.request.Request) -> str | None:
    here = urlsplit(request.full_url).hostname in HERE
    proxies = [urllib.request.ProxyHandler({})] if here else []
    try:
        with urllib.request.build_opener(_NoRedirect, *proxies).open(request, timeout=_SECONDS) as answer:
            return None if answer.status in _TAKEN else f"it answered {answer.status}"
    except urllib.error.HTTPError as error:
        error.close()
        return f"it answered {error.code}"
    except urllib.error.URLError as error:
        return f"it cannot be reached: {_reason(error.reason)}"
    except (OSError, http.client.HTTPException) as error:
        return f"it gave no whole answer: {_reason(error)}"
    except Exception as error:  # noqa: BLE001 - a sink's failure never changes a run, and its words may hold the URL
        return f"it cannot be reached: {type(error).__name__}"


def _reason(error: object) -> str:
    """Say what the system said of a connection; other errors may quote the URL."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__


def _within(seconds: float, call: Callable[[], str | None]) -> str | None:
    """Give a call its time; one that still hangs then, in a name server or a byte a minute, is left behind."""
    answers: list[str | None] = []
    worker = threading.Thread(target=lambda: answers.append(call()), daemon=True)
    worker.start()
    worker.join(seconds)
    return answers[0] if answers else f"it gave no answer within {seconds:.0f} s"
