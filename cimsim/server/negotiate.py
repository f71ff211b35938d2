"""Negotiate and NTLM authentication of one connection, by pyspnego (rules WM-A-1, WM-A-3, WM-A-4).

NTLM proves that a client knows a password without sending it, so the server must know it too: users of whom only a hash is
known cannot log in this way. It authenticates the connection, not the request: what follows needs no credentials.
"""

from __future__ import annotations

import binascii
import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from importlib.util import find_spec, module_from_spec
from typing import Any, Final

from cimsim.server.passwords import PREFIX

SCHEMES: Final = (b"negotiate", b"ntlm")
MISSING: Final = "Negotiate and NTLM need the package pyspnego: pip install 'cimsim-wbem[ntlm]'"
_MAX_TOKEN: Final = 48 * 1024
_HASH_SIZE: Final = 16


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
        self._ntlm: Any = None

    def __len__(self) -> int:
        return len(self._known)

    def acceptor(self) -> Any:
        """Return pyspnego's server side of one login by NTLM, which knows these users.

        It takes users from a file that a variable of the environment names, of which there is one for all servers of a
        process. So these users have a copy of its module, in which looking up a user is asking them.
        """
        if self._ntlm is None:
            spec = find_spec("spnego._ntlm")
            if spec is None or spec.loader is None:
                raise NegotiateError(MISSING)
            self._ntlm = module_from_spec(spec)
            spec.loader.exec_module(self._ntlm)
            self._ntlm._get_credential_file = lambda: "users"
            self._ntlm._get_credential = self._credential
        import spnego

        return self._ntlm.NTLMProxy(usage="accept", options=spnego.NegotiateOptions.wrapping_winrm)

    def _credential(self, store: str, domain: str | None, name: str) -> tuple[None, str, bytes, bytes]:
        """Return what pyspnego compares an answer with; the domain is whatever the client says.

        The hash of LAN Manager, which clients may use instead, is one that fits no password.
        """
        from spnego._ntlm_raw.crypto import ntowfv1

        found = self._known.get(name.casefold())
        if found is None:
            raise NegotiateError("there is no such user")
        return None, found[0], os.urandom(_HASH_SIZE), ntowfv1(found[1])


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
        try:
            if self._context is None:
                self._context = self._new_context()
            answer: bytes | None = self._context.step(token)
        except Exception as error:  # noqa: BLE001 - what a wrong token may raise is not said anywhere
            raise NegotiateError(f"the token is not right: {type(error).__name__}") from None
        if self._context.complete:
            self.user = self._context.client_principal
        return b"" if answer is None else b64encode(answer)

    def _new_context(self) -> Any:
        # Only loaded where somebody logs in so.
        from spnego import NegotiateOptions
        from spnego._context import GSSMech
        from spnego._negotiate import NegotiateProxy

        contexts = {GSSMech.ntlm: self._users.acceptor()}
        for each in contexts.values():
            each._is_wrapped = True
        options = NegotiateOptions.use_negotiate | NegotiateOptions.wrapping_winrm
        return NegotiateProxy(usage="accept", options=options, _negotiate_contexts=contexts)

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
