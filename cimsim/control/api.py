"""The JSON API of the control plane, as a resource of twisted.web.

``GET /`` lists what there is. Bodies and answers are JSON; errors are a ``Problem`` with a fitting status. It changes the
simulation for whoever reaches it, so it listens on the loopback interface only, and takes bodies of type ``application/json``
alone: no page in a browser can send these to another origin unasked.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final

import msgspec
from pywbem import CIMError
from twisted.logger import Logger
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

from cimsim.control.api_errors import ControlError, refusal_of
from cimsim.control.event_connection import serve
from cimsim.control.event_messages import EventStream
from cimsim.control.messages import PlainText, Problem
from cimsim.control.reading import read_body, read_query
from cimsim.control.routes import CALLS, find
from cimsim.simulation.controlled_cimom import ControlledCimom

if TYPE_CHECKING:
    from cimsim.control.static_files import StaticFiles

_MAX_BYTES: Final = 1024 * 1024
_LOOPBACK: Final = "127.0.0.1"
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


class Api(Resource):
    """Answers the requests of the control plane for one CIMOM."""

    log = Logger()
    isLeaf = True  # noqa: N815 - twisted.web's name
    _later: int = NOT_DONE_YET

    def __init__(self, controlled: ControlledCimom, reactor: Any) -> None:
        base: Any = super()
        base.__init__()
        self._controlled = controlled
        self._reactor = reactor
        self._console: StaticFiles | None = None

    def render(self, request: Any) -> bytes | int:
        """Return the body of the answer to a request, after setting its status; what takes long is answered later."""
        request.setHeader("Content-Type", "application/json")
        request.setHeader("Cache-Control", "no-store")
        request.setHeader("X-Content-Type-Options", "nosniff")
        try:
            if request.method in (b"GET", b"HEAD") and (content := self._console_file(request)) is not None:
                return content
            answer = self._answer(request)
            if isinstance(answer, EventStream):
                serve(request, self._controlled, answer, self._reactor)
                return self._later
        except Exception as error:  # noqa: BLE001 - whatever fails, a client gets an answer
            answer = self._problem(request, error)
        if isinstance(answer, Generator):
            gone: list[Any] = []
            request.notifyFinish().addErrback(gone.append)
            self._go_on(request, answer, gone)
            return self._later
        if isinstance(answer, PlainText):
            request.setHeader("Content-Type", answer.content_type)
            return answer.body
        return _encoded(answer)

    def _console_file(self, request: Any) -> bytes | None:
        """Return a file of the console after setting its headers, empty if the browser has it; None: it asks for none."""
        path = _text(request.path)
        if path != "/" and not path.startswith("/console"):
            return None
        # What serves the console is loaded when somebody first wants it.
        from cimsim.control import static_files

        if not static_files.is_static(path, request.getHeader("accept")):
            return None
        _check_host(request)
        if self._console is None:
            self._console = static_files.StaticFiles()
        file = self._console.find(path)
        for name, value in {**static_files.HEADERS, "Content-Type": file.content_type, "ETag": file.etag}.items():
            request.setHeader(name, value)
        request.setHeader("Vary", "Accept")
        if static_files.is_known(file, request.getHeader("if-none-match")):
            request.setResponseCode(304)
            return b""
        return file.content

    def _go_on(self, request: Any, steps: Generator[None, None, Any], gone: list[Any]) -> None:
        """Take a step, then let others be answered; end when the answer is there, or when nobody waits for it."""
        if gone:
            steps.close()
            return
        try:
            next(steps)
        except StopIteration as end:
            answer = end.value
        except Exception as error:  # noqa: BLE001 - as in render
            answer = self._problem(request, error)
        else:
            self._reactor.callLater(0, self._go_on, request, steps, gone)
            return
        body = _encoded(answer)
        request.setHeader("Content-Length", str(len(body)))
        request.write(body)
        request.finish()

    def _problem(self, request: Any, error: Exception) -> Problem:
        """Return what a client learns of an error, after setting the status; the log gets the traceback of a defect."""
        if isinstance(error, CIMError):
            error = refusal_of(error)
        if isinstance(error, ControlError):
            request.setResponseCode(error.status)
            return Problem(error.text, error.field, error.nearest, error.line, error.column, error.cim_status)
        self.log.failure("{method} {path} failed", method=_text(request.method), path=_text(request.path))
        request.setResponseCode(500)
        return Problem("failed for an internal reason, which is in the log of the server")

    def _answer(self, request: Any) -> Any:
        _check_host(request)
        path = _text(request.path).rstrip("/") or "/"
        method = _text(request.method)
        if path == "/":
            return _contents()
        template, calls, names = find(path)
        call = calls.get("GET" if method == "HEAD" else method)
        if call is None:
            request.setHeader("Allow", ", ".join(calls))
            raise ControlError(405, f"{template} takes {', '.join(calls)}, not {method}")
        query = read_query(_text(request.uri.partition(b"?")[2]), call.query)
        given = [] if call.query is None else [query]
        if call.body is not None:
            given.append(read_body(_content(request), call.body))
        answer = call.function(self._controlled, *names, *given)
        request.setResponseCode(call.status)
        return answer


def listen(reactor: Any, controlled: ControlledCimom, port: int) -> tuple[str, Any]:
    """Open a port of the loopback interface for the control plane; return its URL and the port, which has ``stopListening``.

    Raises:
        CannotListenError: the port is not to be had.
    """
    opened = reactor.listenTCP(port, _site(controlled, reactor), interface=_LOOPBACK)
    return f"http://{_LOOPBACK}:{opened.getHost().port}", opened


def _site(controlled: ControlledCimom, reactor: Any) -> Any:
    # Twisted's classes carry no types here.
    factory: Any = Site
    made = factory(Api(controlled, reactor), reactor=reactor)
    made.displayTracebacks = False
    # twisted.web would write a line for each request in the style of Apache; the log of the server is not that.
    made.log = _unlogged
    return made


def _unlogged(_: object) -> None:
    """Log nothing."""


def _encoded(answer: Any) -> bytes:
    # What a rule is made of need not be what JSON has.
    return msgspec.json.encode(answer, enc_hook=str) + b"\n"


def _contents() -> dict[str, str]:
    return {f"{method} {path}": call.about for path, calls in CALLS.items() for method, call in calls.items()}


def _check_host(request: Any) -> None:
    """Refuse requests that a page reached by another name of this computer (DNS rebinding), and those of pages elsewhere."""
    name = _host_name(request.getHeader("host") or "")
    if name not in _LOCAL:
        raise ControlError(403, f"the control plane is called localhost, not {name or 'nothing'}")
    origin = request.getHeader("origin")
    if origin is not None and _host_name(origin.rpartition("//")[2]) not in _LOCAL:
        raise ControlError(403, f"the control plane is not for pages of {origin}")


def _host_name(host: str) -> str:
    return (host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host).lower()


def _content(request: Any) -> bytes:
    declared = (request.getHeader("content-type") or "").partition(";")[0].strip().lower()
    content: bytes = request.content.read(_MAX_BYTES + 1) if request.content is not None else b""
    if len(content) > _MAX_BYTES:
        raise ControlError(413, f"a body has at most {_MAX_BYTES} bytes")
    if declared != "application/json":
        raise ControlError(415, "send Content-Type: application/json")
    return content


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
