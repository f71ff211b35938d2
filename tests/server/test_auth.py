from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cimsim.server.auth import Authenticator, parse_user, read_users_file

USERS = {"operator": "secret", "colon": "a:b:c", "jürgen": "naïve", "empty": ""}


def basic(credentials: bytes, scheme: bytes = b"Basic ") -> bytes:
    return scheme + b64encode(credentials)


@pytest.mark.parametrize(
    ("header", "user"),
    [
        (basic(b"operator:secret"), "operator"),
        (basic(b"operator:secret", b"basic "), "operator"),
        (basic(b"operator:secret", b"BASIC   "), "operator"),
        (basic(b"operator:secret") + b" ", "operator"),
        (basic(b"colon:a:b:c"), "colon"),  # HA2: the first colon divides
        (basic("jürgen:naïve".encode()), "jürgen"),  # HA2: UTF-8
        (basic("jürgen:naïve".encode("latin-1")), "jürgen"),  # HA2: Latin-1 as a fallback
        (basic(b"empty:"), "empty"),
        (None, None),
        (b"", None),
        (b"Basic", None),
        (b"Basic ", None),
        (basic(b"operator"), None),
        (basic(b"empty"), None),
        (basic(b":secret"), None),
        (basic(b"operator:wrong"), None),
        (basic(b"operator:secret "), None),
        (basic(b"Operator:secret"), None),
        (basic(b"nobody:secret"), None),
        (basic(b"operator:" + bytes(32)), None),
        (b"Basic !!!", None),  # HA2: bad base64 is refused, not a fault
        (b"Basic b3BlcmF0b3I6c2VjcmV", None),
        (b"Basic \xff\xfe", None),
        (b"Digest username=operator", None),
        (b"PegasusAuthorization Local", None),  # HA6
        (b"Local " + b64encode(b"operator:secret"), None),
    ],
)
def test_ha2_ha7_check(header: bytes | None, user: str | None) -> None:
    assert Authenticator(USERS).check(header) == user


def test_ha1_the_challenge_is_spelt_as_clients_compare_it() -> None:
    assert Authenticator({}).challenge == b'WWW-Authenticate: Basic realm="cimsim"\r\n'


def test_sec9_an_authenticator_keeps_no_passwords() -> None:
    assert "secret" not in str(vars(Authenticator(USERS)))


@given(st.binary())
def test_ha2_check_never_raises(header: bytes) -> None:
    authenticator = Authenticator(USERS)
    assert authenticator.check(header) is None
    assert authenticator.check(b"Basic " + header) is None


@given(st.text(st.characters(exclude_characters=":", codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8")))
def test_ha2_any_credentials_that_were_set_are_accepted(name: str, password: str) -> None:
    assert Authenticator({name: password}).check(basic(f"{name}:{password}".encode())) == name


def test_parse_user() -> None:
    assert parse_user("a:b:c") == ("a", "b:c")
    assert parse_user("a:") == ("a", "")


@pytest.mark.parametrize("text", ["hunter2", ":hunter2", ""])
def test_sec9_parse_user_never_repeats_what_may_be_a_password(text: str) -> None:
    with pytest.raises(ValueError, match=r"^a user is written NAME:PASSWORD$"):
        parse_user(text)


def test_read_users_file(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_bytes("\ufeff# who may come in\r\noperator:secret\r\n\r\n  # not he:x\njürgen: na ïve \n".encode())
    assert read_users_file(path) == {"operator": "secret", "jürgen": " na ïve "}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a:b\nhunter2\n", ":2: a user is written NAME:PASSWORD"),
        (b"a:hunter2\n\na:hunter3", ":3: user 'a' is there twice"),
        (b"a:\xff", ": not UTF-8"),
    ],
)
def test_read_users_file_names_file_and_line_but_no_password(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "users"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="users") as caught:
        read_users_file(path)
    assert str(caught.value) == f"{path}{message}"
    assert "hunter" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_read_users_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_users_file(tmp_path / "users")
