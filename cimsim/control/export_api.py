"""The exchanges of the journal as files: JSON lines, and HAR 1.2 as browsers write it (w3c.github.io/web-performance, HAR)."""

from collections.abc import Generator, Iterator
from http import HTTPStatus
from typing import Any, Final

import msgspec

from cimsim import __version__
from cimsim.cimom.exchanges import WS_MAN
from cimsim.cimom.journal import Entry
from cimsim.control.api_errors import ControlError
from cimsim.control.calls_api import checking, record_of
from cimsim.control.clock_api import iso
from cimsim.control.curl_text import headers_of, url_of
from cimsim.control.messages import ExchangeExport, ExportQuery, HarFile, JsonLines
from cimsim.simulation.controlled_cimom import ControlledCimom
from cimsim.world.names import fold

JSON_LINES: Final = "application/x-ndjson"
_JSON: Final = "application/json"
_STEP_BYTES: Final = 512 * 1024
"""How many bytes of bodies are written in a step."""
_MILLISECONDS: Final = 1000.0
_TYPES: Final = {WS_MAN: "application/soap+xml"}


def json_lines(controlled: ControlledCimom, query: ExportQuery) -> Generator[None, None, JsonLines]:
    """Return the exchanges that are kept with their bodies, one on each line, in steps; raises ControlError, 400."""
    parts: list[bytes] = []
    for entries in _batches((yield from _chosen(controlled, query))):
        yield
        parts += [msgspec.json.encode(_exported(each), enc_hook=str) + b"\n" for each in entries]
    return JsonLines(JSON_LINES, b"".join(parts))


def har(controlled: ControlledCimom, query: ExportQuery) -> Generator[None, None, HarFile]:
    """Return the exchanges that are kept as a HAR file, in steps; raises ControlError, 400."""
    parts: list[bytes] = []
    for entries in _batches((yield from _chosen(controlled, query))):
        yield
        parts += [msgspec.json.encode(_har_entry(controlled, each), enc_hook=str) for each in entries]
    creator = msgspec.json.encode({"name": "cimsim", "version": __version__})
    return HarFile(_JSON, b'{"log":{"version":"1.2","creator":%b,"entries":[\n%b\n]}}\n' % (creator, b",\n".join(parts)))


def _chosen(controlled: ControlledCimom, query: ExportQuery) -> Generator[None, None, list[Entry]]:
    if query.since < 0:
        raise ControlError(400, f"since: a number of an exchange, 0 or more, is expected, not {query.since}", "since")
    found = controlled.journal.since(query.since)
    if query.name is None:
        return found
    yield from checking(controlled, query.name)
    wanted = fold(query.name)
    return [each for each in found if any(fold(call.operation) == wanted for call in each.exchange.calls)]


def _batches(entries: list[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    size = 0
    for each in entries:
        batch.append(each)
        size += each.size
        if size >= _STEP_BYTES:
            yield batch
            batch, size = [], 0
    yield batch


def _exported(entry: Entry) -> ExchangeExport:
    shown = record_of(entry)
    return ExchangeExport(
        **{name: getattr(shown, name) for name in shown.__struct_fields__},
        request=entry.request.decode("utf-8", "replace"),
        response=entry.response.decode("utf-8", "replace"),
    )


def _har_entry(controlled: ControlledCimom, entry: Entry) -> dict[str, Any]:
    exchange = entry.exchange
    mime = _TYPES.get(exchange.protocol, "application/xml")
    milliseconds = exchange.seconds * _MILLISECONDS
    status = exchange.status or 0
    headers = [{"name": name, "value": value} for name, value in headers_of(entry)]
    return {
        "startedDateTime": iso(exchange.time),
        "time": milliseconds,
        "request": {
            "method": "POST",
            "url": url_of(exchange.protocol, controlled.urls) or "about:blank",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": headers,
            "queryString": [],
            "postData": {"mimeType": mime, "params": [], "text": entry.request.decode("utf-8", "replace")},
            "headersSize": -1,
            "bodySize": exchange.request_bytes,
        },
        "response": {
            "status": status,
            "statusText": HTTPStatus(status).phrase if status in set(HTTPStatus) else "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [],
            "content": {
                "size": exchange.response_bytes,
                "mimeType": mime if status else "x-unknown",
                "text": entry.response.decode("utf-8", "replace"),
            },
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": exchange.response_bytes,
        },
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "comment": ", ".join(f"{each.operation} {each.target}" for each in exchange.calls[:10]),
        "_exchange": record_of(entry),
    }
