"""TLS to listeners (rule I26). This module needs OpenSSL; import it only where TLS is wanted."""

from ipaddress import ip_address
from pathlib import Path
from typing import Any

from OpenSSL import SSL
from OpenSSL.crypto import X509
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IStreamClientEndpoint
from twisted.internet.ssl import Certificate, trustRootFromCertificates
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.web.client import BrowserLikePolicyForHTTPS, HostnameCachingHTTPSPolicy
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer

from cimsim.server.pem import read_certificates


def listener_policy(verify: bool, ca: Path | None) -> Any:
    """Return the ``IPolicyForHTTPS`` that says which listeners are believed to be who they are.

    Args:
        verify: whether certificates are verified.
        ca: a PEM file of the authorities for this; None: those of the system.

    Raises:
        CertificateError: the file cannot be read, or holds no certificate.
    """
    browser: Any = BrowserLikePolicyForHTTPS  # Twisted gives it no types
    policy: Any = browser(None if ca is None else _root(ca)) if verify else _Unverified()
    # What is made for a host is kept: reading the authorities of the system anew takes milliseconds.
    return HostnameCachingHTTPSPolicy(policy)


@implementer(IStreamClientEndpoint)
class TlsEndpoint:
    """An endpoint that speaks TLS.

    Twisted's own one sends by the reactor of the process, which need not be the one that runs here.

    Args:
        endpoint: makes the connection.
        creator: begins TLS on it.
        reactor: the one that runs.
    """

    def __init__(self, endpoint: Any, creator: Any, reactor: Any) -> None:
        self._endpoint = endpoint
        self._creator = creator
        self._reactor = reactor

    def connect(self, protocolFactory: Any) -> "Deferred[Any]":
        """Connect; the Deferred fires with the protocol."""
        make: Any = TLSMemoryBIOFactory  # Twisted gives it no types
        connecting: Deferred[Any] = self._endpoint.connect(make(self._creator, True, protocolFactory, clock=self._reactor))
        return connecting.addCallback(lambda protocol: protocol.wrappedProtocol)


def _root(path: Path) -> Any:
    certificate: Any = Certificate  # Twisted gives these no types
    root: Any = trustRootFromCertificates
    return root([certificate(X509.from_cryptography(each)) for each in read_certificates(path)])


@implementer(IPolicyForHTTPS)
class _Unverified:
    """Takes any certificate."""

    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:
        return _UnverifiedHost(hostname)


@implementer(IOpenSSLClientConnectionCreator)
class _UnverifiedHost:
    """Begins TLS with a host, whoever it is."""

    def __init__(self, host: bytes) -> None:
        self._host = host
        self._context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        self._context.set_min_proto_version(SSL.TLS1_2_VERSION)

    def clientConnectionForTLS(self, tlsProtocol: object) -> SSL.Connection:
        connection = SSL.Connection(self._context, None)
        if not _is_address(self._host.decode("ascii")):
            connection.set_tlsext_host_name(self._host)
        return connection


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
