"""A local certificate authority and a server certificate, made once and kept in the state folder (rule SEC10).

The folder ``certificates`` holds ``authority.pem`` (key and certificate of the CA, mode 0600), ``ca.pem`` (that certificate,
for clients) and ``server.pem`` (key and certificate of the server, mode 0600). Key and certificate share a file so that nobody
ever sees one without the other. Files are written under another name first; when two servers start at once, one of them makes
the CA and the other takes it. The server's certificate is made anew when it lacks a name or is about to expire, the CA never
is, unless asked for, because clients have been set up to trust it.
"""

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cimsim.server.pem import CertificateError, TlsIdentity, check_time, read_identity

LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "::1")
"""What a server certificate is good for in any case."""

_CA_DAYS: Final = 3650
_SERVER_DAYS: Final = 397  # the longest that some clients take
_RENEW_DAYS: Final = 30
_SLACK: Final = timedelta(days=1)  # for clocks that are behind
_FOLDER: Final = "certificates"
_LONGEST_NAME: Final = 64  # of a common name


class Kept(msgspec.Struct, frozen=True):
    """What the state folder holds: the files, and what is in them."""

    ca_path: Path
    ca: x509.Certificate
    server_path: Path
    server: TlsIdentity

    @property
    def names(self) -> list[str]:
        """The host names and addresses of the server."""
        return names_of(self.server.certificate)


def ca_file(state_dir: Path) -> Path:
    """Return the file of a state folder that holds the certificate of the CA, for clients to trust."""
    return state_dir / _FOLDER / "ca.pem"


def keep(state_dir: Path, names: Iterable[str], now: float, *, renew: bool = False) -> Kept:
    """Return the CA and the server certificate of a state folder, and make what is missing.

    Args:
        state_dir: the state folder; made if it does not exist.
        names: host names and addresses that the server has besides ``LOCAL_NAMES``.
        now: in seconds since 1970.
        renew: make a new CA and a new certificate even though there are some.

    Raises:
        CertificateError: a file cannot be read or written, or the CA has expired.
    """
    folder = state_dir / _FOLDER
    wanted = list(dict.fromkeys((*LOCAL_NAMES, *names)))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        authority = _authority(folder / "authority.pem", now, renew)
        _show_ca(ca_file(state_dir), authority)
        server = _server(folder / "server.pem", authority, wanted, now, renew)
    except OSError as error:
        raise CertificateError(f"{folder}: {error.strerror}") from None
    return Kept(ca_file(state_dir), authority.certificate, folder / "server.pem", server)


def _authority(path: Path, now: float, renew: bool) -> TlsIdentity:
    if renew:
        _write(path, _pem(_new_authority(now)))
    elif not path.exists():
        # Another server may be doing the same: the first one wins.
        with suppress(FileExistsError):
            _write(path, _pem(_new_authority(now)), replace=False)
    try:
        return read_identity(path, path, now)
    except CertificateError as error:
        raise CertificateError(f"{error}; cimsim certificates --renew makes new ones") from None


def _show_ca(path: Path, authority: TlsIdentity) -> None:
    content = authority.certificate.public_bytes(Encoding.PEM)
    if not path.exists() or path.read_bytes() != content:
        _write(path, content, mode=0o644)


def _server(path: Path, authority: TlsIdentity, names: list[str], now: float, renew: bool) -> TlsIdentity:
    if not renew and path.exists():
        with suppress(CertificateError, x509.ExtensionNotFound):
            kept = read_identity(path, path, now + _RENEW_DAYS * 86400)
            if _is_issued(kept.certificate, authority) and set(names) <= set(names_of(kept.certificate)):
                return kept
            # Another server may go by the other names.
            names = list(dict.fromkeys((*names, *names_of(kept.certificate))))
    made = _new_server(authority, names, now)
    _write(path, _pem(made))
    return made


def _is_issued(certificate: x509.Certificate, authority: TlsIdentity) -> bool:
    try:
        certificate.verify_directly_issued_by(authority.certificate)
    except Exception:  # noqa: BLE001 - cryptography has an exception for each kind of mismatch
        return False
    return True


def names_of(certificate: x509.Certificate) -> list[str]:
    """Return the host names, then the addresses that a certificate is good for."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]


def _new_authority(now: float) -> TlsIdentity:
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    # Two authorities must not share a name: programs look certificates up by it.
    subject = _subject(f"cimsim local CA {serial:x}"[:_LONGEST_NAME])
    builder = _builder(subject, subject, key, now, _CA_DAYS, serial)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(sign_certificates=True), critical=True)
    return TlsIdentity(key, builder.sign(key, SHA256()))


def _new_server(authority: TlsIdentity, names: list[str], now: float) -> TlsIdentity:
    check_time(authority.certificate, Path("the CA"), now)
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate
    builder = _builder(_subject(names[0][:_LONGEST_NAME]), issuer.subject, key, now, _SERVER_DAYS, x509.random_serial_number())
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(sign_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName(list(map(_general_name, names))), critical=False)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = builder.add_extension(identifier, critical=False)
    return TlsIdentity(key, builder.sign(authority.key, SHA256()))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: float, days: int, serial: int
) -> x509.CertificateBuilder:
    start = datetime.fromtimestamp(now, UTC).replace(microsecond=0)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(start - _SLACK)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(name)
    except ValueError:
        raise CertificateError(f"host name {name!r} is not one that a certificate can hold") from None


def _pem(identity: TlsIdentity) -> bytes:
    key = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key + identity.certificate.public_bytes(Encoding.PEM)


def _write(path: Path, content: bytes, *, mode: int = 0o600, replace: bool = True) -> None:
    """Write a file so that nobody ever sees it half-written, nor may read it in between.

    Raises:
        FileExistsError: the file exists, and ``replace`` is false.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)
        if replace:
            temporary.replace(path)
        else:
            path.hardlink_to(temporary)
    finally:
        temporary.unlink(missing_ok=True)
