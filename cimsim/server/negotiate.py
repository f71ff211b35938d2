"""Negotiate and NTLM authentication of one connection, by pyspnego (rules WM-A-1, WM-A-3, WM-A-4).

NTLM proves that a client knows a password without sending it, so the server must know it too: users of whom only a hash is
known cannot log in this way. It authenticates the connection, not the request: what follows needs no credentials.
"""

from __future__ import annotations

import binascii
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Final

from cimsim.server.passwords import PREFIX

SCHEMES: Final = (b"negotiate", b"ntlm")
MISSING: Final = "Negotiate and NTLM need the package pyspnego: pip install 'cimsim-wbem[ntlm]'"
_USERS_FILE: Final = "NTLM_USER_FILE"
_THIRD_LEG: Final = b"NTLMSSP\0\x03\0\0\0"
_FIELDS: Final = ((28, "domain"), (36, "user"))
_UNICODE: Final = 1
_MAX_TOKEN: Final = 48 * 1024


class NegotiateError(Exception):
    """A token is not right, or was not made with the password of a user; the text says what."""


def is_available() -> bool:
    """Return whether the package that does it is installed."""
    return find_spec("spnego") is not None


def scheme_of(authorization: bytes) -> bytes | None:
    """Return the scheme of an Authorization header as the client spells it if it is one of these, else None."""
    scheme = authorization.partition(b" ")[0]
    return scheme if scheme.lower() in SCHEMES else None


class Users:
    """Those who may log in: their passwords by name.

    Args:
        passwords: in clear; hashes are left out.
    """

    def __init__(self, passwords: Mapping[str, str]) -> None:
        self._known = {name.casefold(): (name, text) for name, text in passwords.items() if not text.startswith(PREFIX)}

    def __len__(self) -> int:
        return len(self._known)

    def find(self, name: str) -> tuple[str, str] | None:
        """Return name and password of a user, whose name is compared without regard to case."""
        return self._known.get(name.casefold())


class Negotiation:
    """The legs of one login, then the session that they open.

    Attributes:
        user: None before the last leg.
    """

    def __init__(self, users: Users) -> None:
        self._users = users
        self._context: Any = None
        self.user: str | None = None

    def step(self, authorization: bytes) -> bytes:
        """Take a token; return the one for the client, empty if there is none. The last leg sets ``user``.

        Raises:
            NegotiateError: it is not right.
        """
        try:
            token = b64decode(authorization.partition(b" ")[2].strip(), validate=True)
        except binascii.Error:
            raise NegotiateError("the token is not in base64") from None
        if not token or len(token) > _MAX_TOKEN:
            raise NegotiateError("the token is empty or too long")
        named = _named(token)
        found = None if named is None else self._users.find(named[1])
        answer = self._step(token, named, None if found is None else found[1])
        if self._context.complete:
            if found is None:
                raise NegotiateError("there is no such user")
            self.user = found[0]
        return b"" if answer is None else b64encode(answer)

    def _step(self, token: bytes, named: tuple[str, str] | None, password: str | None) -> bytes | None:
        # Only loaded where somebody logs in so.
        import spnego

        with _users_file(named, password):
            try:
                if self._context is None:
                    options = spnego.NegotiateOptions.use_negotiate | spnego.NegotiateOptions.wrapping_winrm
                    self._context = spnego.server(protocol="negotiate", options=options)
                answer: bytes | None = self._context.step(token)
            except Exception as error:  # noqa: BLE001 - what a wrong token may raise is not said anywhere
                raise NegotiateError(f"the token is not right: {type(error).__name__}") from None
        return answer

    def unseal(self, signature: bytes, sealed: bytes) -> bytes:
        """Return what a client sealed.

        Raises:
            NegotiateError: it was not sealed in this session, or not in this order.
        """
        try:
            opened: bytes = self._context.unwrap_winrm(signature, sealed)
        except Exception as error:  # noqa: BLE001 - see above
            raise NegotiateError(f"the message cannot be decrypted: {type(error).__name__}") from None
        return opened

    def seal(self, body: bytes) -> tuple[bytes, bytes]:
        """Return the signature of a body, and the body sealed."""
        sealed = self._context.wrap_winrm(body)
        return sealed.header, sealed.data


@contextmanager
def _users_file(named: tuple[str, str] | None, password: str | None) -> Iterator[None]:
    """Let pyspnego know the one user who logs in: it takes users from a file that a variable names, and nowhere else.

    The domain is whatever the client says. The file has the hash that NTLM needs, and is there no longer than the login.
    """
    from tempfile import NamedTemporaryFile

    from spnego._ntlm_raw.crypto import ntowfv1

    domain, name = named or ("", "nobody")
    account = f"{domain}\\{name}" if domain else name
    digest = (os.urandom(16) if password is None else ntowfv1(password)).hex().upper()
    with NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(f"{account}:0:{'0' * 32}:{digest}:[U]:LCT-0\n")
        file.flush()
        before = os.environ.get(_USERS_FILE)
        os.environ[_USERS_FILE] = file.name
        try:
            yield
        finally:
            if before is None:
                del os.environ[_USERS_FILE]
            else:
                os.environ[_USERS_FILE] = before


def _named(token: bytes) -> tuple[str, str] | None:
    """Return the domain and the user that the last leg of NTLM names, wrapped or not; None for other tokens.

    Raises:
        NegotiateError: it is cut off, or the names cannot be.
    """
    start = token.find(_THIRD_LEG)
    if start < 0:
        return None
    message = token[start:]
    encoding = "utf-16-le" if message[60:64] and message[60] & _UNICODE else "latin-1"
    names = []
    for place, what in _FIELDS:
        length = int.from_bytes(message[place : place + 2], "little")
        offset = int.from_bytes(message[place + 4 : place + 8], "little")
        raw = message[offset : offset + length]
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            raise NegotiateError(f"the {what} is not text") from None
        if len(raw) != length or any(each in text for each in ":\r\n\\"):
            raise NegotiateError(f"the {what} is cut off, or has characters that it must not have")
        names.append(text)
    return names[0], names[1]
