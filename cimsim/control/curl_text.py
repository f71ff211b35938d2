"""An exchange as a command that sends the same with curl."""

import shlex
from collections.abc import Sequence
from urllib.parse import quote

from cimsim.cimom.exchanges import CIM_XML, WS_MAN
from cimsim.cimom.journal import Entry
from cimsim.operations.request import ExtrinsicRequest

_WS_MAN_PATH = "/wsman"


def as_curl(entry: Entry, urls: Sequence[str]) -> str:
    """Return the command, with the URL of one of the ports; empty where the body of the request is not kept whole.

    The command asks for the password where the client had a user.
    """
    exchange = entry.exchange
    if not entry.is_whole or exchange.protocol not in {CIM_XML, WS_MAN}:
        return ""
    try:
        body = entry.request.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    url = url_of(exchange.protocol, urls)
    if not url or "\0" in body or (exchange.protocol == CIM_XML and not exchange.calls):
        return ""
    words = ["curl", "--silent", "--show-error"]
    if url.startswith("https:"):
        words.append("--insecure")
    if exchange.user is not None:
        words += ["--user", exchange.user]
    for name, value in headers_of(entry):
        words += ["--header", f"{name}: {value}" if value else f"{name};"]
    return " ".join(map(shlex.quote, [*words, "--data-binary", body, url])) + "\n"


def url_of(protocol: str, urls: Sequence[str]) -> str:
    """Return the URL of the first port that speaks a protocol, empty where none does."""
    ports = [url for url in urls if url.endswith(_WS_MAN_PATH) == (protocol == WS_MAN)]
    return "" if not ports else ports[0] if protocol == WS_MAN else f"{ports[0]}/cimom"


def headers_of(entry: Entry) -> list[tuple[str, str]]:
    """Return the headers that the body of a request needs, as pairs of name and value."""
    if entry.exchange.protocol == WS_MAN:
        return [("Content-Type", "application/soap+xml;charset=UTF-8")]
    headers = [("Content-Type", 'application/xml; charset="utf-8"'), ("CIMOperation", "MethodCall")]
    calls = entry.exchange.calls
    if len(calls) > 1:
        return [*headers, ("CIMBatch", "")]
    for call in calls:
        named = call.target if isinstance(call.request, ExtrinsicRequest) else call.namespace
        headers += [("CIMMethod", call.operation), ("CIMObject", quote(named))]
    return headers
