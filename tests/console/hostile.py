"""A control API in which every text is markup, a script, or an address that runs one."""

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from cimsim.control.static_files import HEADERS, StaticFiles

EVIL: Final = """<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>'"/>&amp;${harmed}"""
LINK: Final = "javascript:window.harmed=1"
PATH: Final = f'root/evil:Evil_Class.Name="{EVIL.replace(chr(34), chr(92) + chr(34))}"'
TIME: Final = "2025-03-10T12:00:00.000000Z"
XML: Final = f"<?xml version='1.0'?><CIM a=\"{EVIL.replace(chr(34), '')}\">{EVIL}<!-- {EVIL} --></CIM><"

CLOCK: Final = {"now": TIME, "running": False, "due": TIME, "waiting": 1}
CALL: Final = {
    "operation": EVIL,
    "target": PATH,
    "status": 1,
    "description": EVIL,
    "parameters": {EVIL: EVIL, "Null": None},
    "returned": EVIL,
    "fault": 1,
}
EXCHANGE: Final = {
    "number": 1,
    "time": TIME,
    "protocol": EVIL,
    "address": EVIL,
    "user": EVIL,
    "http_status": 200,
    "detail": EVIL,
    "why": EVIL,
    "seconds": 0.1,
    "request_bytes": 1,
    "response_bytes": 2,
    "has_bodies": True,
    "calls": [CALL],
}
ELEMENT: Final = {
    "name": EVIL,
    "type": "string",
    "array": False,
    "key": False,
    "writable": True,
    "input": True,
    "output": True,
    "required": False,
    "reference_class": EVIL,
    "origin": EVIL,
    "default": EVIL,
    "description": EVIL,
    "values": [EVIL, EVIL],
    "value_map": [EVIL, ".."],
    "qualifiers": [],
}
METHOD: Final = {
    "name": EVIL,
    "returns": EVIL,
    "static": True,
    "origin": EVIL,
    "description": EVIL,
    "values": [EVIL],
    "value_map": ["0"],
    "provided": False,
    "parameters": [ELEMENT],
}
CLASS: Final = {
    "name": EVIL,
    "superclasses": [EVIL],
    "subclasses": [EVIL],
    "abstract": False,
    "association": False,
    "indication": False,
    "description": EVIL,
    "qualifiers": [{"name": EVIL, "value": EVIL}],
    "properties": [ELEMENT],
    "methods": [METHOD],
    "mof": f'class {EVIL} {{ "{EVIL}" }};',
}
INSTANCE: Final = {"path": PATH, "classname": EVIL, "properties": {EVIL: EVIL}}
COLUMN: Final = {"property": EVIL, "title": EVIL, "show": "text", "lamps": {}}
LAMP: Final = {**COLUMN, "show": "lamp", "lamps": {"on": [EVIL]}}
BUTTON: Final = {"method": EVIL, "title": EVIL, "parameters": {}, "ask": [], "confirm": EVIL, "when": {}}
PAGE: Final = {
    "name": "evil",
    "title": EVIL,
    "about": EVIL,
    "namespace": "root/evil",
    "class": "Evil_Class",
    "where": "",
    "sort": "",
    "column": [COLUMN, LAMP],
    "button": [BUTTON],
    "part": [
        {"title": EVIL, "class": "Evil_Class", "match": {EVIL: EVIL}, "column": [LAMP], "button": [BUTTON], "in_row": True}
    ],
}
MARKDOWN: Final = (
    f"# {EVIL}\n\n{EVIL}\n\n[harm]({LINK}) ![harm]({LINK}) [data](data:text/html,<script>window.harmed=1</script>)\n\n"
    f"<script>window.harmed=1</script>\n\n<div onclick='window.harmed=1'>{EVIL}</div>\n\n"
    f"| {EVIL} | b |\n|---|---|\n| `{EVIL}` | **{EVIL}** |"
    f"\n\n* {EVIL}\n\n> {EVIL}\n\n```html\n{EVIL}\n```\n"
)

ANSWERS: Final[dict[str, Any]] = {
    "/v1/cimoms": {"cimoms": [{"name": EVIL, "urls": [EVIL], "namespaces": {}}, {"name": "b", "urls": [], "namespaces": {}}]},
    "/v1/status": {
        "version": EVIL,
        "urls": [EVIL, f"{LINK}/wsman"],
        "clock": CLOCK,
        "namespaces": {EVIL: 1},
        "faults": 1,
        "snapshots": 1,
        "exchanges": 1,
    },
    "/v1/clock": CLOCK,
    "/v1/calls": {"exchanges": [EXCHANGE], "last": 1, "more": False, "instance": EVIL},
    "/v1/calls/1": {
        **EXCHANGE,
        "request": XML,
        "response": XML,
        "request_headers": {EVIL: EVIL},
        "rule": {EVIL: EVIL},
        "as_pywbem": EVIL,
        "as_curl": EVIL,
        "as_fault_rule": {EVIL: EVIL},
    },
    "/v1/namespaces": {"namespaces": [{"name": EVIL, "classes": 1, "instances": 1}]},
    "/v1/namespaces/root/evil/classes": {
        "classes": [
            {
                "name": EVIL,
                "superclass": EVIL,
                "abstract": True,
                "association": True,
                "indication": True,
                "instances": 1,
                "deep_instances": 1,
            }
        ]
    },
    "/v1/namespaces/root/evil/classes/Evil_Class": CLASS,
    "/v1/namespaces/root/evil/classes/Evil_Class/instances": {"total": 1, "instances": [INSTANCE]},
    "/v1/instance": {
        "path": PATH,
        "classname": EVIL,
        "properties": [
            {
                "name": EVIL,
                "type": EVIL,
                "array": False,
                "value": EVIL,
                "key": False,
                "writable": True,
                "origin": EVIL,
                "text": EVIL,
            }
        ],
        "mof": EVIL,
    },
    "/v1/associations": {
        "associations": [
            {
                "association": PATH,
                "association_class": EVIL,
                "role": EVIL,
                "result_role": EVIL,
                "path": PATH,
                "classname": EVIL,
                "label": EVIL,
            }
        ]
    },
    "/v1/invoke": {"returned": EVIL, "text": EVIL, "outputs": {EVIL: EVIL}},
    "/v1/query": {"columns": [EVIL, "path"], "rows": [[EVIL, LINK]], "total": 1, "more": True},
    "/v1/pages": {"pages": [{"pack": EVIL, "pack_title": EVIL, "page": PAGE}]},
    "/v1/faults": {"faults": [{"number": 1, "rule": {EVIL: EVIL}, "matched": 1, "hits": 1}]},
    "/v1/snapshots": {"snapshots": [{"name": EVIL, "time": TIME}]},
    "/v1/diff": {
        "created": [PATH],
        "modified": [{"path": PATH, "changes": {EVIL: {"before": EVIL, "after": EVIL}}}],
        "deleted": [PATH],
    },
    "/v1/subscriptions": {
        "subscriptions": [
            {
                "path": PATH,
                "filter": PATH,
                "query": EVIL,
                "language": EVIL,
                "source_namespaces": [EVIL],
                "destination": LINK,
                "active": True,
                "sent": 1,
                "failed": 1,
                "queued": 1,
                "last_error": EVIL,
            }
        ]
    },
    "/v1/settings": {
        "options": [{"name": EVIL, "value": EVIL, "default": "", "about": EVIL}],
        "packs": [{"name": EVIL, "settings": [{"name": EVIL, "value": EVIL, "default": None, "type": EVIL, "about": EVIL}]}],
    },
    "/v1/conformance": {"rules": [{"id": EVIL, "title": EVIL, "source": EVIL, "status": EVIL}]},
    "/v1/documents": {"documents": [{"name": "evil", "title": EVIL, "excerpt": EVIL}]},
    "/v1/documents/evil": {"name": "evil", "title": EVIL, "markdown": MARKDOWN},
}
PROBLEM: Final = {"error": EVIL, "field": EVIL, "nearest": EVIL, "line": 1, "column": 3}

ROUTES: Final = (
    "overview",
    "exchanges",
    "exchanges/1",
    "systems",
    "browse",
    "browse/root%2Fevil",
    *(f"browse/root%2Fevil/Evil_Class?tab={tab}" for tab in ("", "properties", "methods", "qualifiers", "hierarchy", "mof")),
    *(f"instance?path=root%2Fevil%3AEvil_Class.Name%3D%22a%22&tab={tab}" for tab in ("", "associations", "mof")),
    "query",
    "clock",
    "faults",
    "snapshots",
    "subscriptions",
    "settings",
    "conformance",
    "documents/evil",
    "documents?search=harmed",
    "%3Cimg%20src%3Dx%20onerror%3Dwindow.harmed%3D1%3E",
)
"""Every page, as far as an address leads there."""


class HostileServer:
    """Serves the console with that API, on a thread of its own; while ``refuse`` is set, all but the frame's requests are
    refused."""

    def __init__(self) -> None:
        self.refuse = False
        self._files = StaticFiles()
        self._over = threading.Event()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                owner.answer(self)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                owner.answer(self)

            def log_message(self, *_: Any) -> None:
                """Write nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        asked = urlsplit(request.path)
        path = unquote(asked.path)
        if not path.startswith("/v1/"):
            file = self._files.find(path)
            self._send(request, 200, file.content_type, file.content, HEADERS)
        elif path == "/v1/events":
            event = f"id: {EVIL}.1\nevent: exchange\ndata: {json.dumps({**EXCHANGE, 'number': 2})}\n\n"
            request.close_connection = True
            request.send_response(200)
            request.send_header("Content-Type", "text/event-stream")
            request.end_headers()
            request.wfile.write(event.encode())
            self._over.wait()
        elif path in ANSWERS and not (self.refuse and path not in ("/v1/clock", "/v1/calls", "/v1/cimoms")):
            self._send(request, 200, "application/json", json.dumps(ANSWERS[path]).encode(), {})
        else:
            self._send(request, 400, "application/json", json.dumps(PROBLEM).encode(), {})

    @staticmethod
    def _send(request: BaseHTTPRequestHandler, status: int, kind: str, content: bytes, headers: Mapping[str, str]) -> None:
        request.send_response(status)
        for name, value in {**headers, "Content-Type": kind, "Content-Length": str(len(content))}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(content)
