"""The fast path of the decoder beside the strict reader: what both make of the same message."""

from typing import Any

from msgspec.structs import astuple

from cimsim.cimxml.cim_headers import CimHeaders
from cimsim.cimxml.decode.decoder import Decoder
from cimsim.cimxml.message import Message, MessageError
from cimsim.operations.request import ExtrinsicRequest
from cimsim.world.paths import InstancePath
from cimsim.world.values import Hinted, Malformed


def strict_decoder() -> Decoder:
    """Return a decoder that reads every message as a tree of elements."""
    decoder = Decoder()
    decoder._max_common = 0
    return decoder


def outcome(decoder: Decoder, body: bytes, headers: CimHeaders) -> Any:
    """Return what a decoder makes of a message, types of values included, or the refusal."""
    try:
        return _described(decoder.decode(body, headers))
    except MessageError as error:
        return error.status, error.cim_error, error.detail


def _described(value: Any) -> Any:
    match value:
        case Message():
            return "Message", [_described(part) for part in astuple(value)]
        case ExtrinsicRequest():
            # A function for embedded objects is equal to none but itself.
            return type(value).__name__, [_described(part) for part in value if not callable(part)]
        case InstancePath():
            parts = (value.classname, value.keys, value.namespace, value.host, value.types)
            return "InstancePath", [_described(part) for part in parts]
        case Hinted():
            return "Hinted", str(value), value.hint
        case Malformed():
            return "Malformed", value.reason
        case tuple() | list():
            return type(value).__name__, [_described(part) for part in value]
    return type(value).__name__, repr(value)


class BothReaders(Decoder):
    """A decoder that fails where its fast path and the strict reader differ."""

    def __init__(self) -> None:
        super().__init__()
        self._fast = Decoder()
        self._strict = strict_decoder()

    def decode(self, body: bytes, headers: CimHeaders) -> Message:
        """Return the message of a body; raises as ``Decoder.decode``, and AssertionError where the readers differ."""
        assert outcome(self._fast, body, headers) == outcome(self._strict, body, headers)
        return super().decode(body, headers)
