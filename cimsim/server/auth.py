"""Who may speak to the server: HTTP Basic authentication (rules HA1 to HA7, SEC9)."""

import binascii
import hashlib
import hmac
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Final

Users = Mapping[str, str]
"""Passwords by user name."""

REALM: Final = "cimsim"


def parse_user(text: str) -> tuple[str, str]:
    """Return the user name and the password of ``NAME:PASSWORD``; the first colon divides them, so a password may hold more.

    Raises:
        ValueError: there is no colon or no name. The message does not repeat the text, which may be a password.
    """
    name, colon, password = text.partition(":")
    if not colon or not name:
        raise ValueError("a user is written NAME:PASSWORD")
    return name, password


def read_users_file(path: Path) -> dict[str, str]:
    """Return the users of a UTF-8 file with one ``NAME:PASSWORD`` on each line.

    Empty lines and lines that begin with ``#`` are skipped. Blanks are part of the password, the line's end is not.

    Raises:
        ValueError: a line is no user or repeats one; the message names file and line, never the password.
        OSError: the file cannot be read.
    """
    users: dict[str, str] = {}
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not UTF-8") from None
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            name, password = parse_user(line)
        except ValueError as error:
            raise ValueError(f"{path}:{number}: {error}") from None
        if name in users:
            raise ValueError(f"{path}:{number}: user {name!r} is there twice")
        users[name] = password
    return users


class Authenticator:
    """Checks the Authorization header against a set of users. Keeps digests only, all of one length.

    Attributes:
        challenge: the header of a 401, spelt as clients compare it (rule HA1).
    """

    def __init__(self, users: Users, realm: str = REALM) -> None:
        self.challenge = b'WWW-Authenticate: Basic realm="%b"\r\n' % realm.encode("ascii")
        self._digests = {name: _digest(password) for name, password in users.items()}

    def knows(self, name: str) -> bool:
        """Return whether there is a user of that name."""
        return name in self._digests

    def check(self, authorization: bytes | None) -> str | None:
        """Return the user whose credentials these are, or None: absent, another scheme, malformed or wrong (rules HA2, HA6).

        An unknown user costs the same comparison as a wrong password, in constant time (rule HA7).
        """
        if authorization is None:
            return None
        scheme, _, token = authorization.partition(b" ")
        if scheme.lower() != b"basic":
            return None
        try:
            credentials = _text(b64decode(token.strip(b" \t"), validate=True))
        except binascii.Error:
            return None
        name, colon, password = credentials.partition(":")
        known = self._digests.get(name)
        right = hmac.compare_digest(_digest(password), _NOBODY if known is None else known)
        return name if right and known is not None and colon else None


def _digest(password: str) -> bytes:
    return hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest()


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


_NOBODY: Final = bytes(hashlib.sha256().digest_size)
