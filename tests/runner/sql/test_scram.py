import hmac
from base64 import b64decode
from hashlib import sha256

import psycopg
import pytest

from runner.sql.scram import saslprep, verifier
from runner.sql.variables import render

NONCE = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
SALT = "W22ZaJ0SNY7soEsUEjb6gQ=="


def test_the_verifier_signs_the_exchange_of_rfc_7677():
    kind, cost, keys = verifier("pencil", salt=b64decode(SALT)).split("$")
    assert (kind, cost) == ("SCRAM-SHA-256", f"4096:{SALT}")
    messages = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={NONCE},s={SALT},i=4096,c=biws,r={NONCE}".encode()
    stored_key, server_key = map(b64decode, keys.split(":"))
    assert hmac.digest(server_key, messages, "sha256") == b64decode("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
    proof = b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    client_key = bytes(a ^ b for a, b in zip(proof, hmac.digest(stored_key, messages, "sha256"), strict=True))
    assert sha256(client_key).digest() == stored_key


@pytest.mark.parametrize(
    ("password", "prepared"),
    [
        ("user", "user"),
        ("I\u00adX", "IX"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("é\u0007", "é\u0007"),
        ("\u06271", "\u06271"),
        ("\u0627a\u0628", "\u0627a\u0628"),
        ("\u00ad", "\u00ad"),
    ],
)
def test_passwords_are_prepared_as_the_server_does(password, prepared):
    assert saslprep(password) == prepared


def test_an_empty_password_has_no_verifier():
    with pytest.raises(ValueError, match="an empty password has no verifier"):
        verifier("")


@pytest.mark.parametrize("password", ["it's a \\ long one", "パスワード", "I\u00adX \u2168", "é\u0007", "\u0627\u0628"])
def test_a_role_logs_in_with_the_password_whose_verifier_was_sent(own_server, password):
    server = own_server()
    rendered = render("CREATE ROLE guest LOGIN PASSWORD :scram'pw'", {}, secrets=frozenset({"pw"}))
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        conn.execute(rendered.with_secrets({"pw": password}))
    parts = psycopg.conninfo.conninfo_to_dict(server.dsn())
    with psycopg.connect(**parts | {"user": "guest", "password": password}) as conn:
        assert conn.execute("SELECT current_user").fetchone() == ("guest",)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(**parts | {"user": "guest", "password": password + "x"})
