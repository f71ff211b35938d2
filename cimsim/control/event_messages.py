"""What goes over the control API as events."""

import msgspec

from cimsim.control.messages import ClockState, ExchangeRecord


class EventsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``since``: the identifier of the event that was received last, None: from now on. Last-Event-ID says it too."""

    since: str | None = None


class EventStream(msgspec.Struct, frozen=True):
    """Events as ``text/event-stream`` has them.

    ``exchange`` (ExchangeRecord), ``change`` (ChangeEvent), ``clock`` (ClockState), ``faults`` and ``snapshots`` (CountEvent),
    ``lost`` (LostEvent).
    """


class ChangeEvent(msgspec.Struct, frozen=True):
    """An instance was changed: ``kind`` is created, modified or deleted; its path as text, and its class."""

    kind: str
    path: str
    classname: str


class CountEvent(msgspec.Struct, frozen=True):
    """Fault rules or snapshots are others than before; how many there are now."""

    count: int


class LostEvent(msgspec.Struct, frozen=True):
    """Events are left out, and why: what was shown so far may be old."""

    why: str


class ControlEvent(msgspec.Struct, frozen=True):
    """An event as the client hands it on: its identifier, its kind, and its message."""

    id: str
    kind: str
    message: ExchangeRecord | ChangeEvent | ClockState | CountEvent | LostEvent
