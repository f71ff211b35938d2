"""The JSON API of the control plane, as a resource of twisted.web.

``GET /`` lists what there is. Bodies and answers are JSON; errors are ``{"error": TEXT}`` with a fitting status. It changes the
simulation for whoever reaches it, so it listens on the loopback interface only, and takes bodies of type ``application/json``
alone: no page in a browser can send these to another origin unasked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec
from twisted.logger import Logger
from twisted.web.resource import Resource
from twisted.web.server import Site

from cimsim.control import clock_api as clock
from cimsim.control.api_errors import ControlError
from cimsim.simulation.controlled_cimom import ControlledCimom

_MAX_BYTES: Final = 1024 * 1024
_LOOPBACK: Final = "127.0.0.1"
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})

Body = TypeVar("Body")


class NoBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of what takes none: empty, or an empty object."""


@dataclass(frozen=True, slots=True)
class Call:
    """Something that can be done: the type of its body (None: it is a GET), what does it, and a line about it."""

    body: type[Any] | None
    function: Callable[..., Any]
    about: str


CALLS: Final[Mapping[str, Mapping[str, Call]]] = {
    "/clock": {"GET": Call(None, clock.state, "the time, whether the clock runs, when something is due next")},
    "/clock/advance": {"POST": Call(clock.Advance, clock.advance, 'advance it: {"seconds": 5} or {"to": "next"}')},
    "/clock/stop": {"POST": Call(NoBody, clock.stop, "stop it")},
    "/clock/resume": {"POST": Call(NoBody, clock.resume, "let it run on")},
}


class Api(Resource):
    """Answers the requests of the control plane for one CIMOM."""

    log = Logger()
    isLeaf = True  # noqa: N815 - twisted.web's name

    def __init__(self, controlled: ControlledCimom) -> None:
        base: Any = super()
        base.__init__()
        self._controlled = controlled

    def render(self, request: Any) -> bytes:
        """Return the body of the answer to a request, after setting its status."""
        request.setHeader("Content-Type", "application/json")
        request.setHeader("Cache-Control", "no-store")
        try:
            answer = self._answer(request)
        except ControlError as error:
            request.setResponseCode(error.status)
            answer = {"error": error.text}
        except Exception:  # noqa: BLE001 - whatever fails, a client gets an answer, and the log the traceback
            self.log.failure("{method} {path} failed", method=_text(request.method), path=_text(request.path))
            request.setResponseCode(500)
            answer = {"error": "failed for an internal reason, which is in the log of the server"}
        return msgspec.json.encode(answer) + b"\n"

    def _answer(self, request: Any) -> Any:
        _check_host(request)
        path = _text(request.path).rstrip("/") or "/"
        method = _text(request.method)
        if path == "/":
            return _contents()
        calls = CALLS.get(path)
        if calls is None:
            raise ControlError(404, f"there is no {path}; there are: {', '.join(CALLS)}")
        call = calls.get("GET" if method == "HEAD" else method)
        if call is None:
            request.setHeader("Allow", ", ".join(calls))
            raise ControlError(405, f"{path} takes {', '.join(calls)}, not {method}")
        if call.body is None:
            return call.function(self._controlled)
        return call.function(self._controlled, _body(request, call.body))


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
    made = factory(Api(controlled), reactor=reactor)
    made.displayTracebacks = False
    # twisted.web would write a line for each request in the style of Apache; the log of the server is not that.
    made.log = _unlogged
    return made


def _unlogged(_: object) -> None:
    """Log nothing."""


def _contents() -> dict[str, str]:
    return {f"{method} {path}": call.about for path, calls in CALLS.items() for method, call in calls.items()}


def _check_host(request: Any) -> None:
    """Refuse requests that a page reached by another name of this computer (DNS rebinding)."""
    host = request.getHeader("host") or ""
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    if name.lower() not in _LOCAL:
        raise ControlError(403, f"the control plane is called localhost, not {name or 'nothing'}")


def _body(request: Any, kind: type[Body]) -> Body:
    declared = (request.getHeader("content-type") or "").partition(";")[0].strip().lower()
    content = request.content.read(_MAX_BYTES + 1) if request.content is not None else b""
    if len(content) > _MAX_BYTES:
        raise ControlError(413, f"a body has at most {_MAX_BYTES} bytes")
    if declared != "application/json":
        raise ControlError(415, "send Content-Type: application/json")
    try:
        return msgspec.json.decode(content or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ControlError(400, f"the body is not what this takes: {error}") from None


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
