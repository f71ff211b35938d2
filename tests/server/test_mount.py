"""Several protocols on one data plane, without one that knows CIM (rules H4, H8, H12, HA1, HO1 for any of them)."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from cimsim.server.auth import Authenticator
from cimsim.server.factory import HttpFactory
from cimsim.server.head import Head
from cimsim.server.limits import HttpLimits
from cimsim.server.logins import ClientLogin
from cimsim.server.mount import Batches, Client, Routes
from cimsim.server.recording import HttpExchange
from cimsim.server.replies import HttpError
from tests.http_peer import Peer

Post = Callable[..., bytes]


class NotGreetingError(Exception):
    pass


class Response:
    """Batches that know the status of their answer once they are taken."""

    def __init__(self, body: bytes) -> None:
        self.status = 0
        self._body = body

    def __iter__(self) -> Iterator[list[bytes]]:
        return self

    def __next__(self) -> list[bytes]:
        if self.status:
            raise StopIteration
        self.status = 500 if self._body == b"bad" else 200
        return [b"<", self._body, b">"]


class Greetings:
    """A protocol that counts the requests of each connection, and lets anybody say hello."""

    protocol = "GREETINGS"
    authenticates = True
    expectations = True
    own_field = None
    admits_each = False

    def __init__(self) -> None:
        self.count = 0
        self.client: Client | None = None

    def connected(self, client: Client) -> "Greetings":
        made = Greetings()
        made.client = client
        return made

    def check_method(self, head: Head) -> None:
        if head.method not in (b"OPTIONS",):
            raise HttpError(405, "say it with POST", fields=b"Allow: POST, OPTIONS\r\n")

    def authenticate(self, head: Head, login: ClientLogin | None) -> str | None:
        if b"x-hello" in head.values:
            return None
        return "anybody" if login is None else login.require(head.values.get(b"authorization"))

    def options_lines(self, head: Head) -> bytes:
        return b"Allow: POST, OPTIONS\r\n"

    def admit(self, head: Head) -> Any:
        if b"x-trailers" in head.values:
            head.trailers = lambda piece: b"X-First: %d\r\n" % len(piece)
        if head.values.get(b"content-type") != b"text/greeting":
            raise NotGreetingError
        return head.values[b"content-type"]

    def admit_alike(self, admitted: Any, value: bytes) -> Any:
        raise NotImplementedError

    def respond(self, admitted: Any, body: bytes, user: str | None, calls: list[Any] | None = None) -> Batches:
        self.count += 1
        if calls is not None:
            calls.append(admitted)
        if body == b"odd":
            raise NotGreetingError
        return Response(body)

    def respond_later(
        self, admitted: Any, body: bytes, user: str | None, calls: list[Any] | None = None
    ) -> "Deferred[Batches] | None":
        return None

    def response_head(self, head: Head, admitted: Any, response: Batches, microseconds: int) -> tuple[int, bytes]:
        assert isinstance(response, Response)
        return response.status, b"Content-Type: text/greeting\r\nX-Count: %d\r\n" % self.count

    def refusal_of(self, error: Exception) -> HttpError | None:
        return HttpError(415, "that is not a greeting", code="rude") if isinstance(error, NotGreetingError) else None

    def refusal_lines(self, refused: HttpError, head: Head | None) -> bytes:
        return b"X-Refused: %d\r\n" % refused.status


class Plane:
    """CIM-XML's place is taken by nothing: only ``/greet`` is served, unless ``default`` is given."""

    def __init__(self, default: Greetings | None = None, users: dict[str, str] | None = None) -> None:
        self.records: list[HttpExchange] = []
        self.bodies = False
        authenticator = Authenticator(users) if users else None
        routes = Routes(default, {"/greet": Greetings()})
        self.factory = HttpFactory(routes, Clock(), authenticator, HttpLimits(), self)

    def record(self, exchange: HttpExchange, request: bytes, response: bytes) -> None:
        self.records.append(exchange)

    def connect(self) -> Peer:
        return Peer(self.factory, window=None, tcp=False)


@pytest.fixture
def plane() -> Plane:
    return Plane()


@pytest.fixture
def greet(post: Post) -> Post:
    def make(body: bytes = b"hi", headers: dict[str, str] | None = None, target: str = "/greet", **more: Any) -> bytes:
        return post(body, {"Content-Type": "text/greeting", **(headers or {})}, target=target, **more)

    return make


@pytest.mark.parametrize("target", ["/greet", "/GREET/", "/greet?loud=1", "http://host:5985/greet", "HTTPS://host/Greet"])
def test_a_path_in_any_form_leads_to_its_mount(plane: Plane, greet: Post, target: str) -> None:
    answer = plane.connect().ask(greet(target=target))
    assert (answer.status, answer["Content-Type"], answer.body) == (200, "text/greeting", b"<hi>")
    assert (answer["CIMOperation"], answer["CIMErrorDescription"]) == (None, None)


@pytest.mark.parametrize("target", ["/", "/cimom", "/greeting", "/greet/x", "*", "http://[", "http://host"])
def test_another_path_is_404_and_the_connection_goes_on(plane: Plane, greet: Post, target: str) -> None:
    peer = plane.connect()
    answer = peer.ask(greet(target=target))
    assert (answer.status, answer["X-Refused"]) == (404, None)
    assert b"/greet" in answer.body
    assert peer.ask(greet()).status == 200


def test_the_default_mount_serves_all_other_paths(greet: Post) -> None:
    assert Plane(Greetings()).connect().ask(greet(target="/cimom")).status == 200


def test_the_status_is_the_mounts_and_is_recorded(plane: Plane, greet: Post) -> None:
    peer = plane.connect()
    assert [peer.ask(greet(body)).status for body in (b"hi", b"bad")] == [200, 500]
    assert peer.open
    assert [(each.protocol, each.status, each.calls) for each in plane.records] == [
        ("GREETINGS", 200, (b"text/greeting",)),
        ("GREETINGS", 500, (b"text/greeting",)),
    ]


def test_exceptions_of_a_mount_are_refusals_before_and_after_the_body(plane: Plane, greet: Post) -> None:
    peer = plane.connect()
    for request in (greet(headers={"Content-Type": "text/plain"}), greet(b"odd")):
        answer = peer.ask(request)
        assert (answer.status, answer["X-Refused"]) == (415, "415")
        assert b"(rude)" in answer.body
    assert peer.open


def test_methods_and_options_are_the_mounts(plane: Plane, greet: Post) -> None:
    peer = plane.connect()
    assert (peer.ask(greet(method="OPTIONS")).status, peer.ask(greet(method="PUT")).status) == (200, 405)
    assert peer.ask(greet(method="M-POST")).status == 405


def test_a_mount_may_keep_state_for_each_connection(plane: Plane, greet: Post) -> None:
    first, second = plane.connect(), plane.connect()
    assert [first.ask(greet())["X-Count"] for _ in range(2)] == ["1", "2"]
    assert second.ask(greet())["X-Count"] == "1"


def test_a_mount_says_which_heads_need_a_user(greet: Post) -> None:
    peer = Plane(users={"eve": "secret"}).connect()
    assert peer.ask(greet()).status == 401
    assert peer.ask(greet(headers={"X-Hello": "1"})).status == 200
    assert peer.ask(greet(headers={"Authorization": f"Basic {b64encode(b'eve:secret').decode()}"})).status == 200


def test_a_mount_may_authenticate_where_the_plane_has_no_users(plane: Plane, greet: Post) -> None:
    plane.connect().ask(greet())
    assert plane.records[0].user == "anybody"


def test_a_mount_may_end_a_response_with_trailers(plane: Plane, greet: Post) -> None:
    peer = plane.connect()
    peer.send(greet(headers={"X-Trailers": "1"}))
    assert peer.transport.written.endswith(b"Transfer-Encoding: chunked\r\n\r\n4\r\n<hi>\r\n0\r\nX-First: 4\r\n\r\n")


def test_what_is_not_http_is_refused_without_a_mount(plane: Plane) -> None:
    answer = plane.connect().ask(b"GET / HTTP/3.0\r\n\r\n")
    assert (answer.status, answer["X-Refused"]) == (505, None)
    assert plane.records[0].protocol == "HTTP"
