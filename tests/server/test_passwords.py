"""Passwords kept as hashes (rules HA7, SEC9)."""

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cimsim.server.auth import Authenticator, parse_user, read_users_file
from cimsim.server.passwords import MAX_MEMORY, ScryptHash

SALT, DIGEST = b64encode(bytes(16)).decode(), b64encode(bytes(32)).decode()
# Cheap parameters: the tests are about the rest.
SECRET = ScryptHash.of("secret", b"0123456789abcdef")


def basic(credentials: str) -> bytes:
    return b"Basic " + b64encode(credentials.encode())


def test_the_hash_is_that_of_rfc_7914() -> None:
    # Section 12 of RFC 7914, the third vector, cut to 32 bytes: what scrypt makes is a stream.
    salt = b64encode(b"SodiumChloride").decode()
    digest = bytes.fromhex("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2")
    made = ScryptHash.parse(f"scrypt$16384$8$1${salt}${b64encode(digest).decode()}")
    assert made.fits("pleaseletmein")
    assert not made.fits("pleaseletmeout")


def test_sec9_what_is_written_is_read_and_does_not_hold_the_password() -> None:
    assert ScryptHash.parse(str(SECRET)) == SECRET
    assert "secret" not in str(SECRET)
    assert ScryptHash.of("secret", b"another salt....").digest != SECRET.digest


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("scrypt$", "a hash is written"),
        (f"scrypt$16$8$1${SALT}", "a hash is written"),
        (f"scrypt$16$8$1${SALT}${DIGEST}$", "a hash is written"),
        (f"scrypt$-16$8$1${SALT}${DIGEST}", "a hash is written"),
        (f"scrypt$\u0661$8$1${SALT}${DIGEST}", "a hash is written"),
        (f"bcrypt$16$8$1${SALT}${DIGEST}", "a hash is written"),
        (f"scrypt${'9' * 5000}$8$1${SALT}${DIGEST}", "a parameter of scrypt is too large"),
        (f"scrypt$16$8$1$!${DIGEST}", "salt or hash is not base64"),
        (f"scrypt$16$8$1$ä${DIGEST}", "salt or hash is not base64"),
        (f"scrypt$16$8$1$AAAA${DIGEST}", "the salt must have"),
        (f"scrypt$16$8$1${SALT}$AAAA", "the salt must have"),
        (f"scrypt$17$8$1${SALT}${DIGEST}", "are not parameters of scrypt"),
        (f"scrypt$0$8$1${SALT}${DIGEST}", "are not parameters of scrypt"),
        (f"scrypt$1$8$1${SALT}${DIGEST}", "are not parameters of scrypt"),
        (f"scrypt$16$0$1${SALT}${DIGEST}", "are not parameters of scrypt"),
        (f"scrypt$16$8$0${SALT}${DIGEST}", "are not parameters of scrypt"),
        (f"scrypt$65536$1$1${SALT}${DIGEST}", "are not parameters of scrypt"),
        (f"scrypt$131072$8$1${SALT}${DIGEST}", "64 MiB"),
        (f"scrypt$2$1048576$1${SALT}${DIGEST}", "64 MiB"),
        (f"scrypt$16384$8$5${SALT}${DIGEST}", "64 MiB"),
    ],
)
def test_sec9_what_is_no_hash_or_too_costly_is_refused_unrepeated(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        ScryptHash.parse(text)
    assert DIGEST not in str(caught.value)


def test_a_hash_that_is_none_is_never_taken_for_a_password() -> None:
    for text in ("scrypt$", f"scrypt$17$8$1${SALT}${DIGEST}"):
        with pytest.raises(ValueError, match="scrypt"):
            parse_user(f"eve:{text}")
        with pytest.raises(ValueError, match="scrypt"):
            Authenticator({"eve": text})
    assert parse_user("eve:bcrypt$1") == ("eve", "bcrypt$1")


@pytest.mark.longer
@pytest.mark.parametrize(("n", "r", "p"), [(2, 1, 1), (32768, 1, 1), (65536, 8, 1), (16384, 32, 1), (2, 32, 4)])
def test_parameters_up_to_the_limit_work(n: int, r: int, p: int) -> None:
    assert 128 * n * r <= MAX_MEMORY
    assert not ScryptHash.parse(f"scrypt${n}${r}${p}${SALT}${DIGEST}").fits("secret")


def test_ha2_a_user_with_a_hash_comes_in() -> None:
    authenticator = Authenticator({"eve": str(SECRET), "bob": "plain"})
    assert authenticator.knows("eve")
    assert [authenticator.check(basic(f"eve:{each}")) for each in ("secret", "secret", "Secret", "")] == [
        "eve",
        "eve",
        None,
        None,
    ]
    assert authenticator.check(basic("bob:plain")) == "bob"
    assert authenticator.check(basic(f"eve:{SECRET}")) is None
    assert authenticator.check(basic("nobody:secret")) is None


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were compared with a hash, the slow way."""
    passwords: list[str] = []
    fits: Callable[[ScryptHash, str], bool] = ScryptHash.fits

    def recorded(self: ScryptHash, password: str) -> bool:
        passwords.append(password)
        return fits(self, password)

    monkeypatch.setattr(ScryptHash, "fits", recorded)
    return passwords


def test_only_the_first_request_costs_a_hash(checked: list[str]) -> None:
    authenticator = Authenticator({"eve": str(SECRET)})
    for _ in range(3):
        assert authenticator.check(basic("eve:secret")) == "eve"
    assert checked == ["secret"]


def test_ha7_every_refusal_costs_one_hash_whoever_is_named(checked: list[str]) -> None:
    authenticator = Authenticator({"eve": str(SECRET), "bob": "plain"})
    assert authenticator.check(basic("eve:secret"))
    assert authenticator.check(basic("bob:plain"))
    checked.clear()
    for name in ("eve", "bob", "nobody"):
        assert authenticator.check(basic(f"{name}:wrong")) is None
    assert checked == ["wrong"] * 3


def test_ha7_a_password_of_another_user_is_not_remembered_for_this_one() -> None:
    authenticator = Authenticator({"eve": str(SECRET)})
    for _ in range(2):
        assert authenticator.check(basic("nobody:secret")) is None
    assert not authenticator.knows("nobody")


def test_without_hashes_nothing_is_slow(checked: list[str]) -> None:
    authenticator = Authenticator({"bob": "plain"})
    assert authenticator.check(basic("bob:wrong")) is None
    assert checked == []


def test_sec9_remembered_digests_are_keyed() -> None:
    def digests(seed: int) -> Any:
        authenticator = Authenticator({"bob": "plain"}, random=lambda size: bytes([seed]) * size)
        return vars(authenticator)["_digests"]

    assert digests(1) == digests(1)
    assert digests(1) != digests(2)


def test_sec9_a_users_file_holds_hashes(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text(f"eve:{SECRET}\nbob:plain\n")
    assert read_users_file(path) == {"eve": str(SECRET), "bob": "plain"}
    path.write_text("bob:plain\neve:scrypt$1$2\n")
    with pytest.raises(ValueError, match=r"users:2: a hash is written") as caught:
        read_users_file(path)
    assert "$1$2" not in str(caught.value)
