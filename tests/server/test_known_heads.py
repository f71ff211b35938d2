"""Heads that a connection knows: whatever comes, it is answered as if each head were parsed anew."""

from random import Random
from typing import Any, Final, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from cimsim.server.auth import Authenticator
from cimsim.server.factory import HttpFactory
from cimsim.server.framing import RequestReader
from cimsim.server.head import Head
from cimsim.server.limits import HttpLimits
from cimsim.server.logins import ClientLogin
from cimsim.server.mount import Batches, Client
from cimsim.server.replies import HttpError
from tests.examples import examples

LIMITS: Final = HttpLimits(max_body=2000, max_header_bytes=1000, max_request_line=300, max_headers=20)
AUTHORIZATION: Final = "Basic dXNlcjpwYXNz"
"""Of user and pass."""


class Echo:
    """A protocol that answers with all that it was given; the field X-Own is each request's own."""

    protocol = "ECHO"
    authenticates = False
    expectations = True
    own_field: bytes | None = b"x-own"
    admits_each = False

    def connected(self, client: Client) -> "Echo":
        return self

    def check_method(self, head: Head) -> None:
        if head.method != b"OPTIONS":
            raise HttpError(405, "say it with POST", fields=b"Allow: POST\r\n")

    def authenticate(self, head: Head, login: ClientLogin | None) -> str | None:
        return None if login is None else login.require(head.values.get(b"authorization"))

    def options_lines(self, head: Head) -> bytes:
        return b"Allow: POST\r\n"

    def admit(self, head: Head) -> Any:
        if b"x-refused" in head.values:
            raise HttpError(400, "refused")
        others = [field for field in head.fields if field[0] not in (b"x-own", b"content-length")]
        return head.method, head.target, others, head.values.get(b"x-own")

    def admit_alike(self, admitted: Any, value: bytes) -> Any:
        return (*admitted[:-1], value)

    def respond(self, admitted: Any, body: bytes, user: str | None, calls: list[Any] | None = None) -> Batches:
        return iter([[repr((admitted, body, user)).encode()]])

    def respond_later(self, admitted: Any, body: bytes, user: str | None, calls: list[Any] | None = None) -> None:
        return None

    def response_head(self, head: Head, admitted: Any, response: Batches, microseconds: int) -> tuple[int, bytes]:
        return 200, b"Content-Type: text/plain\r\n"

    def refusal_of(self, error: Exception) -> HttpError | None:
        return error if isinstance(error, HttpError) else None

    def refusal_lines(self, refused: HttpError, head: Head | None) -> bytes:
        return b"X-Refused: %b\r\n" % (b"head" if head is not None else b"nothing")


class Once:
    """What is admitted of one request."""

    def __init__(self, shown: Any) -> None:
        self.shown = shown
        self.used = False


class EchoOnce(Echo):
    """The same, but what it admits is for one request alone, and no field is each request's own."""

    authenticates = True
    own_field: bytes | None = b""
    admits_each = True

    def authenticate(self, head: Head, login: ClientLogin | None) -> str | None:
        head.style = Once(None)
        return super().authenticate(head, login)

    def admit(self, head: Head) -> Any:
        once, head.style = head.style, None
        once.shown = super().admit(head)
        return once

    def respond(self, admitted: Any, body: bytes, user: str | None, calls: list[Any] | None = None) -> Batches:
        assert not admitted.used
        admitted.used = True
        return super().respond(admitted.shown, body, user, calls)

    def response_head(self, head: Head, admitted: Any, response: Batches, microseconds: int) -> tuple[int, bytes]:
        assert admitted.used
        return super().response_head(head, admitted, response, microseconds)


class Wire:
    """A transport that collects what is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.lost = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def registerProducer(self, producer: object, streaming: bool) -> None: ...

    def unregisterProducer(self) -> None: ...

    def pauseProducing(self) -> None: ...

    def resumeProducing(self) -> None: ...

    def loseConnection(self) -> None:
        self.lost = True

    def abortConnection(self) -> None:
        self.lost = True


class Talk:
    """One connection and what it answers."""

    def __init__(self, *, users: bool = False, limits: HttpLimits = LIMITS, mount: type[Echo] = Echo) -> None:
        clock: Any = Clock()
        authenticator = Authenticator({"user": "pass"}) if users else None
        self._clock = clock
        factory: Any = HttpFactory(mount(), clock, authenticator, limits)
        self._protocol = factory.buildProtocol(None)
        self._wire = Wire()
        self._protocol.makeConnection(self._wire)

    @property
    def reader(self) -> RequestReader:
        """What reads the connection."""
        return cast(RequestReader, self._protocol._reader)

    def forget(self) -> None:
        """Have the connection know no head."""
        self.reader._known_heads._known.clear()
        self.reader._known_heads._met.clear()

    def say(self, *segments: bytes) -> bytes:
        """Send segments; return what is answered."""
        self._wire.written.clear()
        for segment in segments:
            if not self._wire.lost:
                self._protocol.dataReceived(segment)
            self._clock.advance(0)
        return b"".join(self._wire.written) + (b"closed" if self._wire.lost else b"")

    def wait(self, seconds: int) -> bytes:
        """Let time pass; return what is answered."""
        self._wire.written.clear()
        for _ in range(seconds):
            self._clock.advance(1)
        return b"".join(self._wire.written)


def request(body: bytes = b"body", own: str = "a", *lines: str, target: str = "/echo") -> bytes:
    head = [f"POST {target} HTTP/1.1", "Host: me", f"X-Own: {own}", *lines, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode("latin-1") + body


def taken(talk: Talk, *segments: bytes) -> int:
    """Return how many requests in segments go past the parser."""
    reader: Any = talk.reader
    count, original = 0, reader._take

    def counted(*arguments: Any) -> bool:
        nonlocal count
        done: bool = original(*arguments)
        count += done and not reader.reading
        return done

    reader._take = counted
    talk.say(*segments)
    return count


def test_a_request_that_differs_in_length_and_its_own_field_is_recognized() -> None:
    talk = Talk()
    assert taken(talk, request()) == 0
    assert taken(talk, request(b"another", "b c")) == 1
    for _ in range(3):
        assert talk.say(request(b"third", "(d)")) == Talk().say(request(b"third", "(d)"))


def test_head_and_body_may_come_in_two_segments() -> None:
    talk = Talk()
    talk.say(request())
    head, _, body = request(b"another", "b").partition(b"\r\n\r\n")
    assert taken(talk, head + b"\r\n\r\n", body) == 1
    assert talk.say(head + b"\r\n\r\n", body) == Talk().say(request(b"another", "b"))
    # In three the parser gets them.
    assert talk.say(head + b"\r\n\r\n", body[:2], body[2:]) == Talk().say(request(b"another", "b"))


def test_a_body_that_does_not_come_is_waited_for_as_long_as_any_other() -> None:
    for known in (False, True):
        talk = Talk()
        if known:
            talk.say(request())
        assert talk.say(request(b"x" * 20)[:-10]) == b""
        answer = talk.wait(40)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"X-Refused: head" in answer


@pytest.mark.parametrize(
    "other",
    [
        request(b"body", "a", "X-More: 1"),
        request(b"body", "a", "Connection: close"),
        request(b"body", "a", "Expect: 100-continue"),
        request(b"body", "a", "X-Refused: yes"),
        request(b"body", "a", "X-Own: b"),
        request(b"body", "a", "Content-Length: 4"),
        request(b"body", "a", "Content-Length: 5"),
        request(b"body", "a", "Transfer-Encoding: chunked"),
        request(b"body", "a\r\n b"),
        request(b"body", ""),
        request(b"body", "\u00fc"),
        request(b"body", " a\t"),
        request(b"body", "x" * 1000),
        request(b"x" * 2001),
        request(b"body", target="/other"),
        request(b"body").replace(b"POST", b"PUT"),
        request(b"body").replace(b"POST", b"M-POST"),
        request(b"body").replace(b"1.1", b"1.0"),
        request(b"body").replace(b"Content-Length: 4", b"Content-Length: 04"),
        request(b"body").replace(b"Content-Length: 4", b"Content-Length: +4"),
        request(b"body").replace(b"X-Own: a", b"X-OWN:a"),
        b"\r\n" + request(b"body"),
        request(b"body") + request(b"more", "b"),
        request(b"body") + b"POST /ec",
    ],
)
def test_another_head_is_answered_as_on_a_new_connection(other: bytes) -> None:
    for _ in range(2):
        talk = Talk()
        talk.say(request())
        talk.say(request(b"body", "b"))
        assert talk.say(other) == Talk().say(other)
        assert talk.say(other, request()) == _after(other)


def _after(other: bytes) -> bytes:
    talk = Talk()
    talk.say(other)
    talk.forget()
    return talk.say(other, request())


def test_who_asks_is_found_out_each_time() -> None:
    talk = Talk(users=True)
    known = request(b"body", "a", f"Authorization: {AUTHORIZATION}")
    assert b"'user'" in talk.say(known)
    assert b"'user'" in talk.say(known)
    assert b" 401 " in talk.say(request(b"body", "a", "Authorization: Basic dXNlcjpvdGhlcg=="))
    assert b" 401 " in talk.say(request())


def test_what_is_known_is_bounded() -> None:
    talk = Talk()
    for number in range(100):
        talk.say(request(b"body", "a", f"X-Number: {number}"))
    assert len(talk.reader._known_heads._known) <= 16
    for number in range(100):
        talk.say(request(b"body", str(number)))
    assert 0 < len(talk.reader._known_heads._met) <= 16


def test_long_heads_are_recognized_but_not_kept_whole() -> None:
    talk = Talk(limits=HttpLimits())
    talk.say(request(b"body", "a" * 2000))
    assert taken(talk, request(b"body", "b" * 2000)) == 1
    assert not talk.reader._known_heads._met


_PIECES: Final = (
    b"",
    b"\r\n",
    b"\r\n\r\n",
    b" ",
    b"\t",
    b":",
    b"\0",
    b"\xfc",
    b"a",
    b"0",
    b"POST ",
    b"X-Own: z\r\n",
    b"Content-Length: 3\r\n",
)


def test_what_is_admitted_for_one_request_alone_is_admitted_for_each() -> None:
    talk = Talk(mount=EchoOnce)
    messages = [request(b"a"), request(b"bc"), request(b"a"), request(b"a", "b"), request(b"d", "b")]
    apart = [Talk(mount=EchoOnce).say(message) for message in messages]
    assert taken(talk, *messages) == 3
    assert [talk.say(message) for message in messages] == apart
    # Both are admitted before the first is answered.
    head, body = messages[1][:-2], messages[1][-2:]
    assert talk.say(messages[0], head, body) == apart[0] + apart[1]


def test_a_login_in_several_legs_is_not_remembered() -> None:
    talk = Talk(mount=EchoOnce)
    message = request(b"a", "a", "Authorization: Negotiate abcd")
    assert talk.say(message) == talk.say(message)
    assert taken(talk, message) == 0


@given(st.randoms(use_true_random=False), st.sampled_from([Echo, EchoOnce]))
def test_damaged_requests_are_answered_as_if_no_head_were_known(random: Random, mount: type[Echo]) -> None:
    for _ in range(examples(1)):
        known, unknown = Talk(mount=mount), Talk(mount=mount)
        for _ in range(6):
            lines = random.sample(["X-One: 1", "X-Two: 2", "User-Agent: me"], random.randrange(3))
            data = bytearray(request(b"b" * random.choice((0, 1, 4, 30)), random.choice(("a", "b c", 'd="e"', "")), *lines))
            if random.random() < 0.4:
                place = random.randrange(len(data))
                data[place : place + random.choice((0, 1, 3))] = random.choice(_PIECES)
            cut = random.choice((len(data), len(data), bytes(data).find(b"\r\n\r\n") + 4, random.randrange(len(data))))
            segments = [bytes(data[:cut]), bytes(data[cut:])]
            unknown.forget()
            assert known.say(*segments) == unknown.say(*segments)
