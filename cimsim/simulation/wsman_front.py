"""WS-Management put together: its codec, service and mount for one CIMOM."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol
from uuid import UUID

from cimsim.cimom.object_manager import Cimom
from cimsim.server.negotiate import Users
from cimsim.simulation.decoder_threads import DecoderThreads
from cimsim.simulation.fault_effects import AnswerFaults
from cimsim.simulation.wsman_mount import WsmanMount
from cimsim.simulation.wsman_service import WsmanService
from cimsim.wsman.message_decoder import Decoder
from cimsim.wsman.reply_encoder import Encoder


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
    def random(self) -> Callable[[int], bytes]:
        """Names replies."""
        ...


def wsman_mount(
    cimom: Cimom, embedded: Callable[[str], Any], threads: DecoderThreads, reactor: Any, options: FrontOptions
) -> WsmanMount:
    """Return the mount that serves WS-Management for a CIMOM.

    Args:
        cimom: carries the requests out.
        embedded: returns the object that a text embeds (rule WM-V-8).
        threads: decode long messages.
        reactor: drives what fault rules do to answers.
        options: see ``FrontOptions``.
    """
    random = options.random
    decoder = Decoder(embedded, now=cimom.clock.now)
    service = WsmanService(
        decoder,
        Encoder(options.host, lambda: str(UUID(bytes=random(16), version=4)).upper()),
        cimom,
        decode_later=lambda body: threads.run(lambda: decoder.decode(body)),
        faults=AnswerFaults(cimom, reactor),
    )
    return WsmanMount(service, Users(options.users) if options.users else None)
