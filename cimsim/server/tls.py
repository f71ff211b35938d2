"""TLS for the data plane: version 1.2 and later, client certificates on demand (rules HA8, SEC10).

This module needs OpenSSL; import it only where TLS is wanted.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.protocol import Protocol
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from cimsim.server.pem import CertificateError, TlsIdentity, read_certificates

_HANDSHAKE_FAILURE: Final = bytes((21, 3, 3, 0, 2, 2, 40))
"""A fatal alert of TLS 1.2, which clients of 1.3 take before the versions are settled."""
_SESSIONS: Final = b"cimsim"
_SUITES: Final = b"ECDHE+AESGCM:ECDHE+CHACHA20"
"""The cipher suites of TLS 1.2: forward secrecy and authenticated encryption, so none with CBC. TLS 1.3 has no others."""


@implementer(IOpenSSLServerConnectionCreator)
class ServerContext:
    """Begins the TLS of each connection of a server.

    Args:
        identity: what the server shows.
        client_ca: a PEM file; if given, clients must show a certificate that an authority in it has signed.

    Raises:
        CertificateError: OpenSSL does not take the certificate or the key, for instance because it is too short, or the file of
            the authorities cannot be read.
    """

    def __init__(self, identity: TlsIdentity, client_ca: Path | None = None) -> None:
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_cipher_list(_SUITES)
        context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION)
        # Without a name of its own OpenSSL refuses to take up sessions that began with a client certificate.
        context.set_session_id(_SESSIONS)
        try:
            context.use_certificate(identity.certificate)
            context.use_privatekey(identity.key)
            for each in identity.chain:
                context.add_extra_chain_cert(each)
            if client_ca is not None:
                read_certificates(client_ca)
                context.load_verify_locations(str(client_ca))
                context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, _verified)
        except SSL.Error as error:
            reasons = ", ".join(str(each[-1]) for each in error.args[0]) if error.args else "for no given reason"
            raise CertificateError(f"OpenSSL refuses the certificate or its key: {reasons}") from None
        self._context = context

    def serverConnectionForTLS(self, tlsProtocol: object) -> SSL.Connection:
        """Return the state of a new connection."""
        return SSL.Connection(self._context, None)


def over_tls(factory: Any, context: Any, reactor: Any, refuses: Callable[[], bool] = bool) -> Any:
    """Return a factory that speaks TLS, as a ``ServerContext`` has it, and hands what is inside to another one.

    ``refuses`` is asked for each connection whether its handshake fails on purpose; by default none does.
    """
    return _TlsFactory(factory, context, reactor, refuses)


class _TlsFactory(TLSMemoryBIOFactory):
    def __init__(self, factory: Any, context: Any, reactor: Any, refuses: Callable[[], bool]) -> None:
        # reactor.listenSSL would flush on the clock of Twisted's global reactor, whichever one it belongs to.
        make: Any = super().__init__  # it carries no types
        make(context, False, factory, clock=reactor)
        self._refuses = refuses

    def buildProtocol(self, addr: Any) -> Any:
        if self._refuses():
            return _RefusedHandshake()
        build: Any = super().buildProtocol
        return build(addr)


class _RefusedHandshake(Protocol):
    """Answers the first bytes of a client with a fatal alert."""

    def dataReceived(self, data: bytes) -> None:
        transport: Any = self.transport
        transport.write(_HANDSHAKE_FAILURE)
        transport.loseConnection()


def _verified(connection: Any, certificate: Any, error: int, depth: int, verified: int) -> bool:
    return bool(verified)


def common_name(transport: Any) -> str | None:
    """Return the common name of the certificate that the client of a TLS connection has shown, None without one."""
    shown = transport.getPeerCertificate()
    if shown is None:
        return None
    names = shown.to_cryptography().subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[-1].value) if names else None
