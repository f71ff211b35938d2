"""The JSON API of the control plane, as a resource of twisted.web.

``GET /`` lists what there is. Bodies and answers are JSON; errors are a ``Problem`` with a fitting status. It changes the
simulation for whoever reaches it: ``access`` says who may, and only bodies of type ``application/json`` are taken, since no
page in a browser can send these to another origin unasked. What is of one CIMOM is there for each by its name, and for the
first.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from pywbem import CIMError
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from cimsim.control.access import Access, content_type
from cimsim.control.api_errors import ControlError, refusal_of
from cimsim.control.caller import Caller
from cimsim.control.event_connection import Listening, serve
from cimsim.control.messages import PlainText, Problem
from cimsim.control.reading import read_body, read_query
from cimsim.control.routes import CALLS, find
from cimsim.simulation.controlled_cimom import ControlledCimom, ControlledCimoms, UnknownCimomError, Work
from cimsim.simulation.decoder_threads import DecoderThreads

if TYPE_CHECKING:
    from cimsim.control.static_files import StaticFiles


class Api(Resource):
    """Answers the requests of the control plane.

    Args:
        cimoms: what it shows and changes.
        reactor: lets others be answered between the steps of long answers.
        access: decides who may.
    """

    log = Logger()
    isLeaf = True  # noqa: N815 - twisted.web's name
    _later: int = NOT_DONE_YET

    def __init__(self, cimoms: ControlledCimoms, reactor: Any, access: Access) -> None:
        base: Any = super()
        base.__init__()
        self._cimoms = cimoms
        self._reactor = reactor
        self._access = access
        self._threads = DecoderThreads(reactor)
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
            if isinstance(answer, Listening):
                serve(request, answer, self._reactor)
                return self._later
        except Exception as error:  # noqa: BLE001 - whatever fails, a client gets an answer
            answer = self._problem(request, error)
        if isinstance(answer, Generator):
            gone: list[Any] = []
            request.notifyFinish().addErrback(gone.append)
            self._go_on(request, answer, gone)
            return self._later
        return _encoded(request, answer)

    def _console_file(self, request: Any) -> bytes | None:
        """Return a file of the console after setting its headers, empty if the browser has it; None: it asks for none."""
        path = _text(request.path)
        if path != "/" and not path.startswith("/console"):
            return None
        # What serves the console is loaded when somebody first wants it.
        from cimsim.control import static_files

        if not static_files.is_static(path, request.getHeader("accept")):
            return None
        self._access.check_names(request)
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

    def _go_on(self, request: Any, steps: Generator[Work | None, Any, Any], gone: list[Any], result: Any = None) -> None:
        """Take a step, then let others be answered; end when the answer is there, or when nobody waits for it.

        A step that is work is done in a thread; ``result`` is what came of it.
        """
        if gone:
            steps.close()
            return
        try:
            work = steps.throw(_raised(result)) if isinstance(result, Failure) else steps.send(result)
        except StopIteration as end:
            answer = end.value
        except Exception as error:  # noqa: BLE001 - as in render
            answer = self._problem(request, error)
        else:
            if work is None:
                self._reactor.callLater(0, self._go_on, request, steps, gone)
            else:
                self._threads.run(work).addBoth(partial(self._go_on, request, steps, gone))
            return
        body = _encoded(request, answer)
        request.setHeader("Content-Length", str(len(body)))
        request.write(body)
        request.finish()

    def _problem(self, request: Any, error: Exception) -> Problem:
        """Return what a client learns of an error, after setting the status; the log gets the traceback of a defect."""
        if isinstance(error, CIMError):
            error = refusal_of(error)
        if isinstance(error, ControlError):
            request.setResponseCode(error.status)
            for name, value in error.headers.items():
                request.setHeader(name, value)
            return Problem(error.text, error.field, error.nearest, error.line, error.column, error.cim_status, error.fault)
        self.log.failure("{method} {path} failed", method=_text(request.method), path=_text(request.path))
        request.setResponseCode(500)
        return Problem("failed for an internal reason, which is in the log of the server")

    def _answer(self, request: Any) -> Any:
        self._access.check_names(request)
        path = _text(request.path).rstrip("/") or "/"
        method = _text(request.method)
        if path == "/":
            return _contents()
        found = find(path)
        call = found.calls.get("GET" if method == "HEAD" else method)
        if call is None:
            request.setHeader("Allow", ", ".join(found.calls))
            raise ControlError(405, f"{found.template} takes {', '.join(found.calls)}, not {method}")
        if not call.public:
            self._access.require_token(request)
        query = read_query(_text(request.uri.partition(b"?")[2]), call.query)
        given = [] if call.query is None else [query]
        if call.body is not None:
            given.append(read_body(_content(request), call.body))
        subject = Caller(self._cimoms, self._access, request) if call.of_server else self._cimom(found.cimom)
        answer = call.function(subject, *found.names, *given)
        request.setResponseCode(call.status)
        return answer

    def _cimom(self, name: str | None) -> ControlledCimom:
        try:
            return self._cimoms.first if name is None else self._cimoms.get(name)
        except UnknownCimomError as error:
            raise ControlError(404, error.text, "cimom", error.nearest) from None


def _raised(failure: Failure) -> BaseException:
    return failure.value or RuntimeError("failed without an exception")


def _encoded(request: Any, answer: Any) -> bytes:
    """Return the body of an answer, after setting its type where it is not JSON."""
    if isinstance(answer, PlainText):
        request.setHeader("Content-Type", answer.content_type)
        return answer.body
    # What a rule is made of need not be what JSON has.
    return msgspec.json.encode(answer, enc_hook=str) + b"\n"


def _contents() -> dict[str, str]:
    return {f"{method} {path}": call.about for path, calls in CALLS.items() for method, call in calls.items()}


def _content(request: Any) -> bytes:
    content: bytes = request.content.read() if request.content is not None else b""
    if content_type(request) != "application/json":
        raise ControlError(415, "send Content-Type: application/json")
    return content


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
