"""Certificates and keys in PEM files: reading them with every check that a server can make before it listens (rule SEC10).

This module needs ``cryptography``; import it only where TLS is wanted.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

# As PostgreSQL has it: a group of the system may be let in for reading.
_TOO_OPEN: Final = 0o037
_CERTIFICATE_END: Final = b"-----END CERTIFICATE-----"


class CertificateError(Exception):
    """A certificate or key cannot be used; the text names the file and says why."""


class TlsIdentity(msgspec.Struct, frozen=True):
    """What a server shows: its key, its certificate, and the certificates between that one and the CA."""

    key: PrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()


def read_identity(certificate: Path, key: Path, now: float) -> TlsIdentity:
    """Return the identity in two PEM files, which may be one and the same.

    Args:
        certificate: holds the certificate, then those between it and the CA if any.
        key: holds its private key, RSA or elliptic curve, not encrypted; nobody but owner and group may read it.
        now: in seconds since 1970.

    Raises:
        CertificateError: a file cannot be read or is not such a file, the key's file is open to others, certificate and key do
            not belong together, the certificate has expired or is not valid yet.
    """
    first, *chain = read_certificates(certificate)
    private = read_key(key)
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if first.public_key().public_bytes(*form) != private.public_key().public_bytes(*form):
        raise CertificateError(f"{key}: not the key of the certificate in {certificate}")
    check_time(first, certificate, now)
    return TlsIdentity(private, first, tuple(chain))


def read_certificates(path: Path) -> list[x509.Certificate]:
    """Return the certificates of a PEM file, at least one.

    Raises:
        CertificateError: the file cannot be read or holds none.
    """
    content = _read(path)
    if _CERTIFICATE_END not in content:
        raise CertificateError(f"{path}: no certificate in PEM form")
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        raise CertificateError(f"{path}: a certificate in it cannot be read") from None


def read_key(path: Path) -> PrivateKey:
    """Return the private key of a PEM file.

    Raises:
        CertificateError: the file cannot be read, is open to others, or holds no usable key.
    """
    content = _read(path)
    mode = path.stat().st_mode & 0o777
    if mode & _TOO_OPEN:
        raise CertificateError(f"{path}: others may read or change this key (mode {mode:04o}); use chmod 600")
    try:
        key = load_pem_private_key(content, None)
    except TypeError:
        raise CertificateError(f"{path}: the key is encrypted; store it without a passphrase") from None
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateError(f"{path}: no private key in PEM form") from None
    if not isinstance(key, PrivateKey):
        raise CertificateError(f"{path}: the key is neither RSA nor of an elliptic curve")
    return key


def check_time(certificate: x509.Certificate, path: Path, now: float) -> None:
    """Check that a certificate is valid now.

    Raises:
        CertificateError: it has expired, or is not valid yet.
    """
    moment = datetime.fromtimestamp(now, UTC)
    if moment > certificate.not_valid_after_utc:
        raise CertificateError(f"{path}: the certificate expired on {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC")
    if moment < certificate.not_valid_before_utc:
        raise CertificateError(
            f"{path}: the certificate is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
        )


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 fingerprint as it is usually shown: hexadecimal, bytes divided by colons."""
    return certificate.fingerprint(SHA256()).hex(":").upper()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CertificateError(f"{path}: {error.strerror}") from None
