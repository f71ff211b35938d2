"""A plain HTTP client for WS-Management messages that tests write word for word as a client does which cannot run here."""

import http.client
from base64 import b64encode
from typing import Any, Final

from lxml import etree

NAMESPACES: Final = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "n": "http://schemas.xmlsoap.org/ws/2004/09/enumeration",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
}
ANONYMOUS: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
TRANSFER: Final = NAMESPACES["x"]
ENUMERATION: Final = NAMESPACES["n"]
WQL: Final = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
WMI: Final = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
V2: Final = f"{WMI}root/virtualization/v2/"
WIN32: Final = f"{WMI}root/cimv2/"
HOST: Final = "127.0.0.1"


def basic(user: str, password: str) -> str:
    """Return the value of the header Authorization."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


class Wire:
    """A connection that is kept open.

    Args:
        port: where WS-Management is served on this computer.
    """

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=30)

    def post(self, body: bytes, **fields: str) -> tuple[int, http.client.HTTPResponse, bytes]:
        """Send a body to /wsman; return the status, the response, and its body. ``_`` in a name of a field stands for ``-``."""
        self._connection.request("POST", "/wsman", body, {name.replace("_", "-"): value for name, value in fields.items()})
        response = self._connection.getresponse()
        return response.status, response, response.read()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def parsed(reply: bytes) -> Any:
    """Return the root of a reply."""
    root = etree.fromstring(reply)
    assert root.tag == f"{{{NAMESPACES['s']}}}Envelope"
    return root


def escaped(text: str) -> str:
    """Return a text as the content of an element."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
