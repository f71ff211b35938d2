"""Logins by Negotiate and NTLM, and bodies that their sessions seal (rules WM-A-3, WM-A-4)."""

import os
from base64 import b64decode, b64encode

import pytest
import spnego

from cimsim.server.negotiate import NegotiateError, Negotiation, Users, scheme_of
from cimsim.server.passwords import PREFIX
from cimsim.server.sealed_bodies import SealedBody, SealedBodyError, sealed_body

USERS = Users({"Ann": "pass:word\\ü", "hashed": f"{PREFIX}16384$8$1$AAAA$AAAA"})


def login(user: str, password: str, protocol: str = "ntlm", users: Users = USERS) -> tuple[Negotiation, spnego.ContextProxy]:
    """Go through the legs of a login; return both ends."""
    client = spnego.client(user, password, protocol=protocol, options=spnego.NegotiateOptions.wrapping_winrm)
    server = Negotiation(users)
    token = client.step()
    while token:
        answer = server.step(b"Negotiate " + b64encode(token))
        token = client.step(b64decode(answer)) if answer and not client.complete else None
    return server, client


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
@pytest.mark.parametrize("user", ["Ann", "ann", "HVHOST01\\ANN", ".\\Ann"])
def test_a_user_logs_in_with_any_domain_and_in_any_case(protocol: str, user: str) -> None:
    server, _ = login(user, "pass:word\\ü", protocol)
    assert server.user == "Ann"


@pytest.mark.parametrize(
    ("user", "password"), [("Ann", "pass:word"), ("Bob", "pass:word\\ü"), ("hashed", f"{PREFIX}16384$8$1$AAAA$AAAA")]
)
def test_others_do_not(user: str, password: str) -> None:
    with pytest.raises(NegotiateError):
        login(user, password)


def test_users_of_whom_only_a_hash_is_known_are_not_among_those_who_can() -> None:
    assert len(USERS) == 1
    assert not Users({"hashed": f"{PREFIX}16384$8$1$AAAA$AAAA"})


@pytest.mark.parametrize(
    "token",
    [
        b"",
        b"?",
        b64encode(b"hello"),
        b64encode(b"NTLMSSP\0\x03\0\0\0"),
        b64encode(b"NTLMSSP\0\x03\0\0\0" + b"\xff" * 80),
        b64encode(b"NTLMSSP\0\x01\0\0\0"),
        b64encode(bytes(100_000)),
    ],
)
def test_a_token_that_is_not_right_is_refused(token: bytes) -> None:
    with pytest.raises(NegotiateError):
        Negotiation(USERS).step(b"Negotiate " + token)


def test_neither_a_login_nor_its_failure_leaves_users_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for before in (None, "/nonexistent"):
        if before is not None:
            monkeypatch.setenv("NTLM_USER_FILE", before)
        login("Ann", "pass:word\\ü")
        with pytest.raises(NegotiateError):
            login("Ann", "wrong")
        assert os.environ.get("NTLM_USER_FILE") == before


@pytest.mark.parametrize(
    ("authorization", "scheme"),
    [(b"Negotiate abc", b"Negotiate"), (b"NTLM abc", b"NTLM"), (b"ntlm", b"ntlm"), (b"Basic abc", None), (b"", None)],
)
def test_the_scheme_is_named_as_the_client_spells_it(authorization: bytes, scheme: bytes | None) -> None:
    assert scheme_of(authorization) == scheme


# Sealed bodies

TYPE = b"application/soap+xml;charset=UTF-8"


def test_what_one_end_seals_the_other_opens() -> None:
    server, client = login("Ann", "pass:word\\ü")
    for text in (b"<first/>", b"", b"<third/>" * 1000):
        sealed = client.wrap_winrm(text)
        parts = SealedBody(b"".join(sealed_body(TYPE, len(text), sealed.header, sealed.data)))
        assert (parts.content_type, parts.length) == (TYPE.decode(), len(text))
        assert server.unseal(parts.signature, parts.data) == text
        assert client.unwrap_winrm(*server.seal(text)) == text


def test_what_was_sealed_by_nobody_is_not_opened() -> None:
    server, client = login("Ann", "pass:word\\ü")
    sealed = client.wrap_winrm(b"<first/>")
    with pytest.raises(NegotiateError):
        server.unseal(sealed.header, sealed.data[:-1] + bytes([sealed.data[-1] ^ 1]))


@pytest.mark.parametrize("indent", [b"\t", b"", b"  "])
def test_the_lines_of_the_parts_may_begin_with_a_tab(indent: bytes) -> None:
    body = b"".join(sealed_body(TYPE, 5, b"S" * 16, b"--Encrypted Boundary--")).replace(b"\n\t", b"\n" + indent)
    parts = SealedBody(bytearray(body))
    assert (parts.signature, parts.data) == (b"S" * 16, b"--Encrypted Boundary--")


def whole() -> bytes:
    return b"".join(sealed_body(TYPE, 5, b"S" * 16, b"hello"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        whole()[:-24],
        whole()[40:],
        whole().replace(b"Length=5", b"Length=five"),
        whole().replace(b"\x10\0\0\0", b"\0\0\0\0"),
        whole().replace(b"\x10\0\0\0", b"\xff\0\0\0"),
        whole().replace(b"\x10\0\0\0", b"\0\0\0\xff"),
        whole().replace(b"octet-stream", b"xml"),
    ],
)
def test_a_body_of_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(SealedBodyError):
        SealedBody(body)
