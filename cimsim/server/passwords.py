"""Passwords kept as scrypt hashes: ``scrypt$N$r$p$SALT$HASH``, salt and hash in base64 (rule SEC9)."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from typing import Final

import msgspec

PREFIX: Final = "scrypt$"
"""What a text begins with that is the hash of a password; any other is the password itself."""

SALT_SIZE: Final = 16
"""The bytes of salt in a new hash."""

MAX_MEMORY: Final = 64 * 1024 * 1024
"""The most bytes that checking a password may take, but for some buffers."""

_MAX_R: Final = 32
_MAX_P: Final = 4
_SALT_SIZES: Final = range(8, 65)
_HASH_SIZES: Final = range(16, 65)
# The server does nothing else while it checks a password: these parameters, those for logins of scrypt's author, take tens of
# milliseconds, and 16 MiB.
_N, _R, _P, _HASH_SIZE = 2**14, 8, 1, 32


class ScryptHash(msgspec.Struct, frozen=True):
    """The hash of one password, with what it was made with: ``n``, ``r`` and ``p`` are the parameters of RFC 7914."""

    n: int
    r: int
    p: int
    salt: bytes
    digest: bytes

    @classmethod
    def of(cls, password: str, salt: bytes) -> "ScryptHash":
        """Return the hash of a password; the salt must be random."""
        return cls(_N, _R, _P, salt, _scrypt(password, salt, _N, _R, _P, _HASH_SIZE))

    @classmethod
    def parse(cls, text: str) -> "ScryptHash":
        """Return the hash that a text stands for.

        Raises:
            ValueError: it stands for none, or checking it takes more memory or time than one request may.
                The message does not repeat the text.
        """
        scheme, *numbers = text.split("$")
        if f"{scheme}$" != PREFIX or len(numbers) != 5 or not all(each.isascii() and each.isdigit() for each in numbers[:3]):
            raise ValueError("a hash is written scrypt$N$r$p$SALT$HASH")
        if max(map(len, numbers[:3])) > len(str(MAX_MEMORY)):
            raise ValueError("a parameter of scrypt is too large")
        n, r, p = map(int, numbers[:3])
        try:
            salt, digest = (b64decode(each, validate=True) for each in numbers[3:])
        except ValueError:
            raise ValueError("salt or hash is not base64") from None
        if len(salt) not in _SALT_SIZES or len(digest) not in _HASH_SIZES:
            raise ValueError("the salt must have 8 to 64 bytes, the hash 16 to 64")
        # RFC 7914: N is a power of two, and less than 2^(128 * r / 8).
        if r < 1 or p < 1 or n < 2 or n & (n - 1) or n.bit_length() > 16 * r:
            raise ValueError("N, r and p are not parameters of scrypt")
        if 128 * r * n > MAX_MEMORY or r > _MAX_R or p > _MAX_P:
            raise ValueError(f"scrypt may take 64 MiB (128 * N * r), r be {_MAX_R} and p be {_MAX_P} at most")
        return cls(n, r, p, salt, digest)

    def __str__(self) -> str:
        """Return the text that ``parse`` reads."""
        salt, digest = (b64encode(each).decode() for each in (self.salt, self.digest))
        return f"{PREFIX}{self.n}${self.r}${self.p}${salt}${digest}"

    @property
    def cost(self) -> int:
        """How long a check takes, in arbitrary units."""
        return self.n * self.r * self.p

    def fits(self, password: str) -> bool:
        """Return whether this is the hash of a password; takes as long for any."""
        made = _scrypt(password, self.salt, self.n, self.r, self.p, len(self.digest))
        return hmac.compare_digest(made, self.digest)


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int, size: int) -> bytes:
    raw = password.encode("utf-8", "surrogatepass")
    memory = 128 * r * (n + p + 2)
    return hashlib.scrypt(raw, salt=salt, n=n, r=r, p=p, maxmem=memory, dklen=size)
