"""A WS-Management message as the layers above see it: what it asks for, and what its reply must repeat or look like."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from enum import Enum
from typing import Final

import msgspec

from cimsim.operations.request import Request
from cimsim.operations.results import PullForm
from cimsim.wsman.definitions import DefinitionView
from cimsim.wsman.event_messages import EventingRequest
from cimsim.wsman.resource_uris import Resource, parse_resource
from cimsim.wsman.soap_faults import INVALID_CONTEXT, WsmanError

DEFAULT_ENVELOPE: Final = 512_000
"""Bytes of a reply to a client that sets no MaxEnvelopeSize (rule WM-S-7)."""
_MAX_CONTEXT: Final = 8_192


class MessageKind(Enum):
    """What a message asks for."""

    IDENTIFY = "Identify"
    GET = "Get"
    PUT = "Put"
    CREATE = "Create"
    DELETE = "Delete"
    ENUMERATE = "Enumerate"
    PULL = "Pull"
    RELEASE = "Release"
    INVOKE = "Invoke"
    EVENTING = "Eventing"


class Mode(Enum):
    """What an enumeration hands out (rule WM-E-8)."""

    OBJECT = "EnumerateObject"
    REFERENCE = "EnumerateEPR"
    BOTH = "EnumerateObjectAndEPR"


class Enumeration(msgspec.Struct, frozen=True):
    """How the items of an enumeration look, which its context carries from reply to request.

    The context that clients get holds all of this beside the context of the CIMOM: a client may pull with any resource URI,
    so the context alone must say it (rule WM-E-7).

    Attributes:
        resource: that of the request that began it, whose form the items take.
        namespace: in which it was begun.
        form: the kind of pull operation that it takes.
        mode: what the items are.
        classname: the class as which all items are shown; "": each as its own (rule WM-E-9).
        definition: the items are definitions of classes, and these look so (rule WM-R-6); None: they are instances.
    """

    resource: Resource
    namespace: str
    form: PullForm
    mode: Mode = Mode.OBJECT
    classname: str = ""
    definition: DefinitionView | None = None

    def context(self, inner: str | None) -> str:
        """Return the context for a client; ``inner`` is that of the CIMOM, None where nothing is left to pull."""
        definition = "" if self.definition is None else self.definition.code
        fields = (self.resource.uri, self.namespace, self.form.value, self.mode.value, self.classname, definition, inner or "")
        return urlsafe_b64encode("\n".join(fields).encode()).decode("ascii")


def parse_context(text: str) -> tuple[Enumeration, str | None]:
    """Return what a context holds, and the context of the CIMOM, None where nothing is left.

    Raises:
        WsmanError: it is not one of ours (rule WM-E-10).
    """
    try:
        if len(text) > _MAX_CONTEXT:
            raise ValueError
        uri, namespace, form, mode, classname, definition, inner = urlsafe_b64decode(text.encode("ascii")).decode().split("\n")
        shown = DefinitionView.of_code(definition) if definition else None
        return Enumeration(parse_resource(uri), namespace, PullForm(form), Mode(mode), classname, shown), inner or None
    except (ValueError, KeyError, Base64Error, WsmanError):
        raise WsmanError(INVALID_CONTEXT, "this enumeration context is not one that this server gave out") from None


class WsmanMessage(msgspec.Struct, frozen=True):
    """A request message.

    Attributes:
        kind: what it asks for.
        id: the text of its MessageID, which the reply names in RelatesTo (rule WM-S-6).
        action: the URI of its Action; "" for Identify.
        resource: what it is about; None for Identify, Pull and Release.
        requests: to be carried out one after the other, until one fails; the reply shows the result of the last one. Empty for
            a message that is answered without the CIMOM.
        envelope: the most bytes that the reply may have.
        enumeration: for Enumerate, Pull and Release.
        optimized: the reply to Enumerate holds the first items (rule WM-E-3).
        estimate: the client asks how many items there are (rule WM-E-11).
        eventing: what it asks for, of kind EVENTING.
        definition: what to show of the class that a Get is for (rule WM-R-6); None: it is for an instance.
    """

    kind: MessageKind
    id: str
    action: str
    resource: Resource | None
    requests: tuple[Request, ...]
    envelope: int = DEFAULT_ENVELOPE
    enumeration: Enumeration | None = None
    optimized: bool = False
    estimate: bool = False
    eventing: EventingRequest | None = None
    definition: DefinitionView | None = None

    def with_id(self, identifier: str) -> "WsmanMessage":
        """Return the same message with another MessageID."""
        return WsmanMessage(
            self.kind,
            identifier,
            self.action,
            self.resource,
            self.requests,
            self.envelope,
            self.enumeration,
            self.optimized,
            self.estimate,
            self.eventing,
            self.definition,
        )
