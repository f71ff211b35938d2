"""The shipped packs behind the codec of WS-Management, in this process and without HTTP; and what its answers must be."""

from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final, cast

from lxml import etree
from twisted.internet.task import Clock
from twisted.logger import LogLevel, globalLogBeginner

from cimsim.cimom.clock import Clock as CimomClock
from cimsim.cimom.delivery_queues import Done
from cimsim.cimom.object_manager import Cimom
from cimsim.cimxml.decode.decoder import Decoder as CimXmlDecoder
from cimsim.cimxml.encode.resolved_class_writer import resolved_class
from cimsim.packs.load import load
from cimsim.providers.listener_url import parse_listener_url
from cimsim.simulation.wsman_events import wsman_events
from cimsim.simulation.wsman_service import WsmanService
from cimsim.world.transaction import Transaction
from cimsim.wsman.message_decoder import NotSoapError, WsmanDecoder
from cimsim.wsman.reply_encoder import WsmanEncoder
from tests.hostile.simulated import NOW
from tests.hostile.wsman_envelopes import CONTEXT, ENVELOPES, SUBSCRIPTION
from tests.wsman.conftest import ENUMERATION, NS, WMI, envelope

_SUBSCRIBING: Final = ENVELOPES[-10]
_LONGEST: Final = 86_500
"""Seconds: no Pull waits for events any longer."""
_CODES: Final = frozenset({"s:Sender", "s:Receiver", "s:MustUnderstand", "s:VersionMismatch"})
_OPENING: Final = envelope(f"{ENUMERATION}Enumerate", f"{WMI}root/cimv2/Win32_Service", "<n:Enumerate/>")


def _stop_a_service(transaction: Transaction) -> None:
    service = transaction.instances("Win32_Service")[0]
    transaction.modify(service, State="Stopped")


class _Network:
    """Takes every message that is sent, which must be well-formed, and accepts every other one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accepts = False

    def check_destination(self, url: str) -> None:
        parse_listener_url(url)

    def prepare(self) -> None:
        pass

    def post(self, url: str, message: Callable[[], bytes], check: Callable[[bytes], None], done: Done) -> None:
        etree.fromstring(message())
        self._accepts = not self._accepts
        self._clock.callLater(0, done, None if self._accepts else "not now")


class WsmanSimulation:
    """The server. What it logs as an error is kept in ``faults``, and its state is the same before each message.

    Args:
        cache_dir: where compiled packs are kept.
    """

    def __init__(self, cache_dir: Path) -> None:
        self.faults: list[str] = []
        observer: Any = self._observe
        globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False, discardBuffer=True)
        self._loaded = load(("hyperv", "iscsitarget", "windows"), {}, cache_dir=cache_dir, now=NOW)
        self._clock = Clock()
        self._clock.advance(NOW)
        self._renew()

    def _renew(self) -> None:
        self._left = 200
        loaded, numbers = self._loaded, count(1)
        clock = CimomClock(timer=cast(Any, self._clock))  # Twisted's clock declares no float
        self._cimom = Cimom(
            loaded.world,
            loaded.providers,
            clock,
            random=self._cimom_random(numbers),
            hooks=loaded.providers,
        )
        decoder = WsmanDecoder(CimXmlDecoder().embedded, now=clock.now, write_class=resolved_class)

        def identifier() -> str:
            return f"{next(numbers):036}"

        encoder = WsmanEncoder("HVHOST01", identifier, resolved_class)
        later = partial(self._clock.callLater, 0)
        events = wsman_events(
            self._cimom, encoder, identifier, _Network(self._clock), later=later, random=self._cimom_random(numbers), most=20
        )
        self._service = WsmanService(decoder, encoder, self._cimom, events=events)

    @staticmethod
    def _cimom_random(numbers: "count[int]") -> Callable[[int], bytes]:
        return lambda size: next(numbers).to_bytes(size, "big")

    def completed(self, message: bytes) -> bytes:
        """Return a message with the context of an enumeration that is under way, where it wants one."""
        if SUBSCRIPTION.encode() in message:
            _, reply = self.send(_SUBSCRIBING) or (0, b"")
            identifier = etree.fromstring(reply).findtext(".//e:Identifier", "", NS)
            return message.replace(SUBSCRIPTION.encode(), identifier.encode())
        if CONTEXT.encode() not in message:
            return message
        _, reply = self.send(_OPENING) or (0, b"")
        (context,) = etree.fromstring(reply).iterfind(".//n:EnumerationContext", NS)
        return message.replace(CONTEXT.encode(), context.text.encode())

    def send(self, message: bytes) -> tuple[int, bytes] | None:
        """Return the status and the body of the reply; None where the message is not SOAP."""
        self._left -= 1
        if not self._left:
            # Enumerations that nobody ends would fill the table of sessions.
            self._renew()
        self._cimom.world = self._loaded.world
        try:
            reply = self._service.respond(message, None)
        except NotSoapError:
            return None
        # Something happens that events may report; then time passes, so that who waits for more learns that there is none.
        self._cimom.change(_stop_a_service, "root/cimv2")
        self._clock.pump([0, 3, 0])
        if reply.waiting is not None:
            self._clock.advance(_LONGEST)
        return reply.status, b"".join(piece for batch in reply.batches for piece in batch)

    def _observe(self, event: Any) -> None:
        if event["log_level"] >= LogLevel.error:
            failure = event.get("log_failure")
            self.faults.append(failure.getTraceback() if failure else str(event.get("log_format")))


def outcome(answer: tuple[int, bytes] | None) -> str:
    """Return what an answer is: ``not SOAP``, ``200`` or the subcode of a fault (rules WM-H-3, WM-F-1).

    Raises:
        ValueError: it is not legal.
    """
    if answer is None:
        return "not SOAP"
    status, body = answer
    root = etree.fromstring(body)
    (content,) = root.iterfind("s:Body", NS)
    fault = content.find("s:Fault", NS)
    if status != 500:
        _demand(status == 200 and fault is None, f"status {status}")
        return "200"
    _demand(fault is not None and len(content) == 1, "500 without a fault")
    _demand(fault.findtext("s:Code/s:Value", "", NS) in _CODES, "the code of the fault")
    _demand(bool(fault.findtext("s:Reason/s:Text", "", NS)), "a fault without a reason")
    detail = fault.find("s:Detail/f:WSManFault", NS)
    _demand(detail is not None and detail.get("Code", "").isdigit(), "a fault without a number")
    _demand(bool(root.findtext("s:Header/a:Action", "", NS).endswith("/fault")), "the action of a fault")
    return str(fault.findtext("s:Code/s:Subcode/s:Value", None, NS) or fault.findtext("s:Code/s:Value", "", NS))


def _demand(condition: bool, what: str) -> None:
    if not condition:
        raise ValueError(f"not a legal answer: {what}")
