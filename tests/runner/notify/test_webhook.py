"""A webhook, over the wire: what it carries, and every way in which the other side fails; the URL stays a secret."""

import ipaddress
import json
import socket
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from runner.config.model import Webhook
from runner.config.url import url_objection
from runner.notify import webhook
from tests.fixtures.receiver import receiver

MESSAGE = {"shisa": 1, "id": "261123-abcdef/3", "title": 'x\r\nHost: evil "}\x1b[31m\u202e', "to": ["bob"]}
SECRET = "?token=XYZZY"


@pytest.fixture
def other():
    with receiver() as made:
        yield made


def test_the_message_is_posted_as_json_and_hostile_text_stands_in_values_alone(other):
    assert webhook.send(Webhook(url=other.url()), MESSAGE) is None
    assert other.got == [MESSAGE]
    assert other.keys == [None]


def test_url_and_key_may_stand_in_the_environment(other, monkeypatch):
    monkeypatch.setenv("CHAT_URL", f" {other.url()}\n")
    monkeypatch.setenv("CHAT_KEY", "k3y")
    assert webhook.send(Webhook(url_env="CHAT_URL", key_env="CHAT_KEY"), MESSAGE) is None
    assert other.keys == ["Bearer k3y"]


def test_a_proxy_of_the_environment_is_not_asked_for_what_is_on_this_machine(other, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    assert webhook.send(Webhook(url=other.url()), MESSAGE) is None


FAILURES = [
    ("/error", "it answered 500"),
    ("/redirect", "it answered 302"),
    ("/hang", "no answer"),
    ("/trickle", "it gave no answer within 1 s"),
    ("/cut", "it gave no whole answer|it cannot be reached"),
    ("/cut-within", "it gave no whole answer: BadStatusLine"),
    ("/nonsense", "it gave no whole answer: BadStatusLine"),
]


@pytest.mark.parametrize(("path", "reason"), FAILURES, ids=[path for path, _ in FAILURES])
def test_a_failure_of_the_other_side_is_told_in_time_and_without_a_word_of_the_url(path, reason, other, monkeypatch):
    if path in {"/hang", "/trickle"}:
        monkeypatch.setattr(webhook, "_SECONDS", 0.6)
    failed = webhook.send(Webhook(url=other.url(path + SECRET)), MESSAGE)
    assert failed is not None
    assert any(each in failed for each in reason.split("|")), failed
    assert not any(part in failed for part in ("XYZZY", path, "secret", "\x1b", str(other.server_port))), failed
    assert other.got == [], "nobody is sent on"


def test_nobody_there_is_told_by_what_the_system_says():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert (
        webhook.send(Webhook(url=f"http://127.0.0.1:{port}/x"), MESSAGE) == "it cannot be reached: Connection refused"
    )


@pytest.fixture
def certificate(tmp_path):
    """A certificate for this machine that nobody vouches for, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "here")]), datetime.now(UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    built = built.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    signed = built.add_extension(here, critical=False).sign(key, hashes.SHA256())
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + signed.public_bytes(Encoding.PEM)
    (tmp_path / "here.pem").write_bytes(text)
    return tmp_path / "here.pem"


def test_over_tls_a_server_that_nobody_vouches_for_gets_nothing(certificate, monkeypatch):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with receiver(context) as other:
        failed = webhook.send(Webhook(url=other.url("/ok" + SECRET)), MESSAGE)
        assert failed is not None
        assert "certificate verify failed" in failed
        assert "XYZZY" not in failed
        assert other.asked == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert webhook.send(Webhook(url=other.url()), MESSAGE) is None
        assert other.got == [MESSAGE]


ENV = [
    (None, "the environment variable CHAT, which holds its url, is not set or not plain text"),
    ("  ", "the environment variable CHAT, which holds its url, is not set or not plain text"),
    ("https://chat/XYZZY\x1b", "the environment variable CHAT, which holds its url, is not set or not plain text"),
    ("http://chat.example/XYZZY", "its url must begin with https:// (http:// on this machine only)"),
    ("https://u:XYZZY@chat.example/", "its url must not hold a user or a password; `key_env` names a variable"),
]


@pytest.mark.parametrize(("value", "reason"), ENV)
def test_what_the_environment_lacks_is_named_and_what_it_holds_is_not(value, reason, monkeypatch):
    monkeypatch.delenv("CHAT", raising=False)
    if value is not None:
        monkeypatch.setenv("CHAT", value)
    failed = webhook.send(Webhook(url_env="CHAT"), MESSAGE)
    assert failed is not None
    assert failed.startswith(reason)
    assert "XYZZY" not in failed


def test_a_key_that_is_not_set_sends_nothing(other, monkeypatch):
    monkeypatch.delenv("CHAT_KEY", raising=False)
    failed = webhook.send(Webhook(url=other.url(), key_env="CHAT_KEY"), MESSAGE)
    assert failed == "the environment variable CHAT_KEY, which holds its key, is not set or not plain text"
    assert other.asked == []


URLS = {
    "https://chat.example/hooks/1?x=y": None,
    "https://chat.example:8443/": None,
    "http://localhost:8065/hooks/1": None,
    "http://[::1]:8065/": None,
    "http://chat.example/": "must begin with https://",
    "ftp://chat.example/": "must begin with https://",
    "file:///etc/passwd": "is no URL",
    "chat.example/hooks": "is no URL",
    "https://chat.example:port/": "is no URL",
    "https://chat.example/a b": "is no URL",
    "https://chat.example/a\r\nX: y": "is no URL",
    "https://[::1/": "is no URL",
    "https://user:word@chat.example/": "must not hold a user or a password",
    "https://ch\u0430t.example/": "is no URL",
}


@pytest.mark.parametrize(("url", "reason"), URLS.items())
def test_only_such_urls_are_taken(url, reason):
    found = url_objection(url)
    assert (found or "").startswith(reason or "")
    assert (found is None) == (reason is None)
    assert json.dumps(found).find("chat") < 0
