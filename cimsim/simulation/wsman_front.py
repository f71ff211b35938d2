"""WS-Management put together: its codec, service and mount for one CIMOM."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from cimsim.cimom.contexts import ContextOptions
from cimsim.cimom.exchanges import Called
from cimsim.cimom.object_manager import Cimom
from cimsim.delivery.sender import DeliveryOptions
from cimsim.server.kerberos import Kerberos
from cimsim.server.negotiate import Users
from cimsim.simulation.decoder_threads import DecoderThreads
from cimsim.simulation.fault_effects import AnswerFaults
from cimsim.simulation.wsman_mount import WsmanMount

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from cimsim.simulation.wsman_events import Sends
    from cimsim.simulation.wsman_service import WsmanReply, WsmanService


_UUID_SIZE: Final = 16
_VARIANTS: Final = "89AB"


class FrontOptions(Protocol):
    """What of the options of an endpoint matters here."""

    @property
    def host(self) -> str:
        """The machine that faults name."""
        ...

    @property
    def users(self) -> Mapping[str, str]:
        """Passwords by name."""
        ...

    @property
    def kerberos(self) -> Kerberos | None:
        """The service that users may have tickets for; None: Kerberos is not served."""
        ...

    @property
    def random(self) -> Callable[[int], bytes]:
        """Names replies and subscriptions."""
        ...

    @property
    def contexts(self) -> ContextOptions:
        """How many event subscriptions there may be: as many as enumeration sessions."""
        ...

    @property
    def delivery(self) -> DeliveryOptions:
        """How many events may wait."""
        ...


class LateService:
    """A service that is made when the first message comes: most servers never see one, and start sooner without.

    Args:
        make: returns it.
    """

    def __init__(self, make: Callable[[], WsmanService]) -> None:
        self._make = make
        self._made: WsmanService | None = None

    def respond(
        self, body: bytes, user: str | None, calls: list[Called] | None = None, *, identify_only: bool = False
    ) -> WsmanReply:
        """See ``WsmanService``."""
        return self._service().respond(body, user, calls, identify_only=identify_only)

    def respond_later(
        self, body: bytes, user: str | None, calls: list[Called] | None = None, *, identify_only: bool = False
    ) -> Deferred[WsmanReply] | None:
        """See ``WsmanService``."""
        return self._service().respond_later(body, user, calls, identify_only=identify_only)

    def status_of(self, error: Exception) -> tuple[int, str] | None:
        """See ``WsmanService``."""
        return self._service().status_of(error)

    def _service(self) -> WsmanService:
        if self._made is None:
            self._made = self._make()
        return self._made


def wsman_mount(
    cimom: Cimom,
    embedded: Callable[[str], Any],
    threads: DecoderThreads,
    reactor: Any,
    options: FrontOptions,
    sender: Sends,
) -> WsmanMount:
    """Return the mount that serves WS-Management for a CIMOM.

    Args:
        cimom: carries the requests out.
        embedded: returns the object that a text embeds (rule WM-V-8).
        threads: decode long messages.
        reactor: drives what fault rules do to answers.
        options: see ``FrontOptions``.
        sender: sends events.
    """

    def make() -> WsmanService:
        # The codec, which is not loaded before it is wanted.
        from cimsim.cimxml.encode.resolved_class_writer import resolved_class
        from cimsim.simulation.wsman_events import wsman_events
        from cimsim.simulation.wsman_service import WsmanService
        from cimsim.wsman.message_cache import MessageCache
        from cimsim.wsman.message_decoder import WsmanDecoder
        from cimsim.wsman.reply_encoder import WsmanEncoder

        def identifier() -> str:
            return _uuid(options.random(_UUID_SIZE))

        decoder = WsmanDecoder(embedded, now=cimom.clock.now, write_class=resolved_class)
        encoder = WsmanEncoder(options.host, identifier, resolved_class)
        return WsmanService(
            MessageCache(decoder),
            encoder,
            cimom,
            decode_later=lambda body: threads.run(lambda: decoder.decode(body)),
            faults=AnswerFaults(cimom, reactor),
            events=wsman_events(
                cimom,
                encoder,
                identifier,
                sender,
                later=partial(reactor.callLater, 0),
                random=options.random,
                host=options.host,
                most=options.delivery.queue,
                most_subscriptions=options.contexts.most,
                most_of_user=options.contexts.most_of_user,
            ),
            statistics=cimom,
        )

    return WsmanMount(LateService(make), Users(options.users, options.kerberos) if options.users else None)


def _uuid(random: bytes) -> str:
    """Return a random UUID of version 4 in upper case; several times as fast as the class of the library, for every reply."""
    text = random.hex().upper()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{_VARIANTS[random[8] & 3]}{text[17:20]}-{text[20:]}"
