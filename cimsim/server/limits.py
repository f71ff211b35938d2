"""How much one client may ask of the server, and how long it may take (rules H11, SEC4, SEC9, T9)."""

import msgspec
from msgspec.structs import fields


class HttpLimits(msgspec.Struct, frozen=True):
    """Limits of the data plane. Sizes are in bytes, times in seconds; all must be positive.

    Attributes:
        max_body: the largest request body, as announced or as counted while chunks arrive; beyond it 413.
        max_bodies: what all request bodies longer than 64 KiB that are not answered yet may take together; beyond it 503.
        max_header_bytes: the largest header block, trailers included; beyond it 431. A CIMObject with many keys is long.
        max_headers: the most header fields of one request, trailers included; beyond it 431.
        max_request_line: the longest request target; beyond it 414.
        max_drain: a refused request whose announced body is at most this long is read to its end, so that the connection
            stays open; otherwise it is closed.
        max_connections: connections beyond this number are answered 503 and closed.
        max_failed_logins: how many wrong passwords an address may send in ``login_window``; beyond it 429.
        idle_timeout: how long a connection may stay open without a request.
        request_timeout: how long a request may take to arrive, from its first byte to its last; then how long the client may
            take for each piece of the response.
        linger_timeout: how long a connection that ends with a refusal is still read, so that the client can read the answer.
        stop_timeout: how long requests under way may take once the server stops.
        login_window: see ``max_failed_logins``.
        sweep_interval: how often time-outs are looked for; the times above are exact to this.
        time_slice: how long one connection may hold the reactor at a stretch.
        piece: how much of a long response is handed to the transport at once.
    """

    max_body: int = 64 * 1024 * 1024
    max_bodies: int = 256 * 1024 * 1024
    max_header_bytes: int = 64 * 1024
    max_headers: int = 200
    max_request_line: int = 16 * 1024
    max_drain: int = 64 * 1024
    max_connections: int = 1000
    max_failed_logins: int = 60
    idle_timeout: float = 60.0
    request_timeout: float = 30.0
    linger_timeout: float = 2.0
    stop_timeout: float = 5.0
    login_window: float = 60.0
    sweep_interval: float = 1.0
    time_slice: float = 0.005
    piece: int = 128 * 1024

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) <= 0:
                raise ValueError(f"{field.name} must be positive")
