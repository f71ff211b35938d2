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
    ports = [url for url in urls if url.endswith(_WS_MAN_PATH) == (exchange.protocol == WS_MAN)]
    if not ports or "\0" in body or (exchange.protocol == CIM_XML and not exchange.calls):
        return ""
    url = ports[0] if exchange.protocol == WS_MAN else f"{ports[0]}/cimom"
    words = ["curl", "--silent", "--show-error"]
    if url.startswith("https:"):
        words.append("--insecure")
    if exchange.user is not None:
        words += ["--user", exchange.user]
    for header in _headers(entry):
        words += ["--header", header]
    return " ".join(map(shlex.quote, [*words, "--data-binary", body, url])) + "\n"


def _headers(entry: Entry) -> list[str]:
    if entry.exchange.protocol == WS_MAN:
        return ["Content-Type: application/soap+xml;charset=UTF-8"]
    content = 'Content-Type: application/xml; charset="utf-8"'
    if len(entry.exchange.calls) > 1:
        return [content, "CIMOperation: MethodCall", "CIMBatch;"]
    call = entry.exchange.calls[0]
    extrinsic = isinstance(call.request, ExtrinsicRequest)
    named = call.target if extrinsic else call.namespace
    return [content, "CIMOperation: MethodCall", f"CIMMethod: {call.operation}", f"CIMObject: {quote(named)}"]
