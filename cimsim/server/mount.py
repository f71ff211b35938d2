"""Mounts: the protocols that one data plane carries, each at its paths.

A mount is all that the data plane knows of a protocol: it admits heads, answers bodies, and words the header lines. It reports
failures with ``HttpError``, or with exceptions of its own that ``Mount.refusal_of`` translates. The order of one request:

1. ``check_method``, unless the method is POST; ``authenticate``; ``options_lines`` for OPTIONS, else ``admit``. The body is not
   there yet, and is not sent if the client waits for 100-continue.
2. ``respond_later`` if the body is long, else ``respond``.
3. ``response_head``, once the whole response has been taken; or ``refusal_of`` and ``refusal_lines``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

from cimsim.server.replies import HttpError

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from cimsim.server.head import Head
    from cimsim.server.logins import ClientLogin

Batches = Iterator[list[bytes]]
"""The body of a response in batches of fragments, rendered as they are taken; an empty batch where there is none yet."""


class Client:
    """The client of one connection.

    Attributes:
        address: its address, empty if unknown.
        login: checks its credentials; None: the data plane has no users.
        transport: that of the connection; None before it is made.
    """

    __slots__ = ("address", "login", "transport")

    def __init__(self, address: str, login: ClientLogin | None) -> None:
        self.address = address
        self.login = login
        self.transport: Any = None


class Mount(Protocol):
    """A protocol over HTTP, as the data plane sees it.

    Attributes:
        protocol: its name in records.
        expectations: 100-continue is met; otherwise Expect is answered 417.
        authenticates: ``authenticate`` is called even where the data plane has no users.
        own_field: the name of the header field, in lower case, that differs from request to request: what ``admit`` returns for
            a head depends on all others in the same way each time, and neither ``admit`` nor ``authenticate`` keeps anything of
            one request in the head beyond its admission (see ``known_heads``). b"": there is no such field; None: heads are not
            to be remembered.
        admits_each: what ``admit`` returns is for one request alone, so that it is called for each, remembered or not.
    """

    @property
    def protocol(self) -> str: ...  # noqa: D102

    @property
    def expectations(self) -> bool: ...  # noqa: D102

    @property
    def authenticates(self) -> bool: ...  # noqa: D102

    @property
    def own_field(self) -> bytes | None: ...  # noqa: D102

    @property
    def admits_each(self) -> bool: ...  # noqa: D102

    def connected(self, client: Client) -> Mount:
        """Return what serves one connection: itself, unless the protocol keeps state for each."""
        ...

    def check_method(self, head: Head) -> None:
        """Raise the refusal of a method other than POST that is not served: 405, 501."""
        ...

    def authenticate(self, head: Head, login: ClientLogin | None) -> str | None:
        """Return the user of a request; None: it needs none. Raises 401. Usually ``login.require(head)``."""
        ...

    def options_lines(self, head: Head) -> bytes:
        """Return the header lines of the answer to OPTIONS."""
        ...

    def admit(self, head: Head) -> Any:
        """Check a head; return what ``respond`` needs of it, or raise its refusal."""
        ...

    def admit_alike(self, admitted: Any, value: bytes) -> Any:
        """Return what ``admit`` would for a head that differs in the value of ``own_field``: printable ASCII, not empty.

        It serves all requests with that head, as ``admitted`` does.
        """
        ...

    def respond(
        self, admitted: Any, body: bytes, user: str | None, calls: list[Any] | None = None
    ) -> Batches | Deferred[Batches]:
        """Answer a request. A Deferred is one that waits for something: it is cancelled if the client goes.

        Args:
            admitted: what ``admit`` returned.
            body: a long one is a bytearray.
            user: who asks; None: not authenticated.
            calls: gets a record of each thing that the request asks for; None: nobody wants any.
        """
        ...

    def respond_later(
        self, admitted: Any, body: bytes, user: str | None, calls: list[Any] | None = None
    ) -> Deferred[Batches] | None:
        """Do the same for a long body, which others need not wait for; None: ``respond`` must do it."""
        ...

    def response_head(self, head: Head, admitted: Any, response: Batches, microseconds: int) -> tuple[int, bytes]:
        """Return the HTTP status of a response, and its header lines: the content type and those of the protocol.

        Args:
            head: that of the request.
            admitted: what ``admit`` returned.
            response: what ``respond`` returned; it has been taken whole.
            microseconds: how long the request took.
        """
        ...

    def refusal_of(self, error: Exception) -> HttpError | None:
        """Return the refusal that an exception of this mount stands for; None: it is a fault of the server."""
        ...

    def refusal_lines(self, refused: HttpError, head: Head | None) -> bytes:
        """Return the header lines of the protocol for a refusal; ``head`` is None where there is no legible one."""
        ...


class Routes:
    """Which mount serves which path.

    Args:
        default: serves all other paths; None: they are answered 404.
        by_path: the others by path, such as ``/wsman``, in any case, with or without a slash at the end.
        page: returns the page that a browser gets at the root, ``pages.Page``; None: it gets none.

    Attributes:
        default, page: as given.
        only: the mount of all paths; None where they have several, or some have none.
    """

    __slots__ = ("_by_path", "default", "only", "page")

    def __init__(
        self,
        default: Mount | None,
        by_path: Mapping[str, Mount] | None = None,
        page: Callable[[], HttpError] | None = None,
    ) -> None:
        self.default = default
        self.page = page
        self._by_path = {_folded(path): mount for path, mount in (by_path or {}).items()}
        self.only = default if not self._by_path else None

    def connected(self, client: Client) -> Routes:
        """Return the routes of one connection."""
        default = None if self.default is None else self.default.connected(client)
        return Routes(default, {path: mount.connected(client) for path, mount in self._by_path.items()}, self.page)

    def find(self, target: bytes) -> Mount:
        """Return the mount of a request target: a path, perhaps with a query, a whole URL, or ``*``.

        Raises:
            HttpError: 404.
        """
        mount = self._by_path.get(_folded(_path(target)), self.default)
        if mount is None:
            raise HttpError(404, f"nothing is served at this path, but at {', '.join(self._by_path) or 'none'}")
        return mount


_SCHEMES: Final = (b"http:", b"https:")


def _path(target: bytes) -> str:
    text = target.decode("latin-1")
    if target[:6].lower().startswith(_SCHEMES):
        try:
            return urlsplit(text).path
        except ValueError:
            return ""
    return text.partition("?")[0]


def _folded(path: str) -> str:
    return path.rstrip("/").lower() or "/"
