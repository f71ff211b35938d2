"""Who may speak to the server: HTTP Basic authentication (rules HA1 to HA7, SEC9)."""

import binascii
import hashlib
import hmac
import os
from base64 import b64decode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from cimsim.server.passwords import PREFIX, ScryptHash

Users = Mapping[str, str]
"""Passwords by user name, or their hashes: texts that begin with ``scrypt$``."""

REALM: Final = "cimsim"


def parse_user(text: str) -> tuple[str, str]:
    """Return the user name and the password of ``NAME:PASSWORD``; the first colon divides them, so a password may hold more.

    A password that begins with ``scrypt$`` is the hash of one.

    Raises:
        ValueError: there is no colon or no name, or the hash is not one. The message does not repeat the text, which may be a
            password.
    """
    name, colon, password = text.partition(":")
    if not colon or not name:
        raise ValueError("a user is written NAME:PASSWORD")
    if password.startswith(PREFIX):
        ScryptHash.parse(password)
    return name, password


def read_users_file(path: Path) -> dict[str, str]:
    """Return the users of a UTF-8 file with one ``NAME:PASSWORD`` or ``NAME:HASH`` on each line.

    Empty lines and lines that begin with ``#`` are skipped. Blanks are part of the password, the line's end is not.

    Raises:
        ValueError: a line does not name a user or repeats one; the message names file and line, never the password.
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
    """Checks the Authorization header against a set of users. Keeps hashes only, and keyed digests, all of one length.

    Hashes are slow to check, so the digest of a password that fitted its hash is remembered: only the first request costs it.

    Args:
        users: who may come in.
        realm: what the challenge names.
        random: returns that many bytes that nobody can foresee.

    Attributes:
        challenge: the header of a 401, spelt as clients compare it (rule HA1).

    Raises:
        ValueError: the hash of a password is not one.
    """

    def __init__(self, users: Users, realm: str = REALM, random: Callable[[int], bytes] = os.urandom) -> None:
        self.challenge = b'WWW-Authenticate: Basic realm="%b"\r\n' % realm.encode("ascii")
        self._key = random(_DIGEST_SIZE)
        self._hashes = {name: ScryptHash.parse(text) for name, text in users.items() if text.startswith(PREFIX)}
        self._digests = {name: self._digest(text) for name, text in users.items() if name not in self._hashes}
        # What a wrong password of a user without a hash, or of nobody, is compared with, so that it takes as long.
        self._decoy = max(self._hashes.values(), key=lambda each: each.cost, default=None)

    def knows(self, name: str) -> bool:
        """Return whether there is a user of that name."""
        return name in self._digests or name in self._hashes

    def check(self, authorization: bytes | None) -> str | None:
        """Return the user whose credentials these are, or None: absent, another scheme, malformed or wrong (rules HA2, HA6).

        An unknown user costs the same comparisons as a wrong password, in constant time (rule HA7).
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
        digest = self._digest(password)
        right = hmac.compare_digest(digest, _NOBODY if known is None else known) and known is not None
        if not right and self._decoy is not None:
            right = self._fits_hash(name, password)
            if right:
                self._digests[name] = digest
        return name if right and colon else None

    def _fits_hash(self, name: str, password: str) -> bool:
        kept = self._hashes.get(name)
        compared = self._decoy if kept is None else kept
        return compared is not None and compared.fits(password) and kept is not None

    def _digest(self, password: str) -> bytes:
        raw = password.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(raw, key=self._key, digest_size=_DIGEST_SIZE).digest()


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


_DIGEST_SIZE: Final = 32
_NOBODY: Final = bytes(_DIGEST_SIZE)
