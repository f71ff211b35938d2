"""Logins by Negotiate and NTLM, and bodies that their sessions seal (rules WM-A-3, WM-A-4)."""

import os
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
import spnego
from spnego._ntlm_raw.crypto import compute_response_v1
from spnego._ntlm_raw.messages import Authenticate, Challenge, NegotiateFlags

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


def test_users_of_the_environment_are_not_known_and_are_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text(":Eve:secret\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(file))
    with pytest.raises(NegotiateError):
        login("Eve", "secret")
    assert login("Ann", "pass:word\\ü")[0].user == "Ann"
    assert os.environ["NTLM_USER_FILE"] == str(file)


def test_logins_at_two_servers_with_users_of_their_own_may_be_interleaved() -> None:
    servers = {Users({"Ann": "one"}): "one", Users({"ann": "two"}): "two"}
    clients = [(Negotiation(users), spnego.client("ann", text, protocol="ntlm")) for users, text in servers.items()]
    wrong = (Negotiation(next(iter(servers))), spnego.client("ann", "two", protocol="ntlm"))
    challenges = [server.step(b"NTLM " + b64encode(client.step() or b"")) for server, client in [*clients, wrong]]
    answers = [client.step(b64decode(each)) for (_, client), each in zip([*clients, wrong], challenges, strict=True)]
    for (server, _), token in zip(clients, answers[:2], strict=True):
        server.step(b"NTLM " + b64encode(token or b""))
    assert [server.user for server, _ in clients] == ["Ann", "ann"]
    with pytest.raises(NegotiateError):
        wrong[0].step(b"NTLM " + b64encode(answers[2] or b""))
    assert wrong[0].user is None


def test_an_answer_of_lan_manager_alone_opens_nothing() -> None:
    server = Negotiation(USERS)
    client = spnego.client("Ann", "?", protocol="ntlm")
    challenge = Challenge.unpack(b64decode(server.step(b"NTLM " + b64encode(client.step() or b""))))
    flags = challenge.flags & ~NegotiateFlags.extended_session_security
    _, answer, _ = compute_response_v1(flags, bytes(16), bytes(16), challenge.server_challenge, bytes(8))
    forged = Authenticate(flags, answer, None, domain_name="", username="Ann", encrypted_session_key=bytes(16))
    with pytest.raises(NegotiateError):
        server.step(b"NTLM " + b64encode(forged.pack()))
    assert server.user is None


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
