"""From a result to the bytes of an envelope, in batches."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from itertools import islice
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from pywbem import CIM_ERR_NOT_FOUND, CIMError

from cimsim.operations.request import IntrinsicRequest
from cimsim.operations.results import Classes, CreatedInstance, MethodResult, OneInstance, Output, Pulled, Result
from cimsim.world.errors import invalid_class
from cimsim.wsman.definitions import WriteClass, definition
from cimsim.wsman.element_writer import instance_element, instance_pieces
from cimsim.wsman.element_writer import is_long as instance_is_long
from cimsim.wsman.items import Room, items
from cimsim.wsman.references import write_reference
from cimsim.wsman.resource_uris import Resource
from cimsim.wsman.soap_faults import MUST_UNDERSTAND, EnvelopeTooSmallError, WsmanError, action_of, fault_of, render
from cimsim.wsman.uris import ANONYMOUS, IDENTITY, PREFIXES, WSMAN, XSI
from cimsim.wsman.wsman_message import Enumeration, MessageKind, WsmanMessage
from cimsim.wsman.xml_values import is_long as value_is_long
from cimsim.wsman.xml_values import pieces, write

CONTENT_TYPE: Final = b"application/soap+xml;charset=UTF-8"
"""Of every reply (rule WM-H-2)."""

_BATCH: Final = 100
_DECLARATIONS: Final = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in PREFIXES.items()) + f' xmlns:xsi="{XSI}"'
_START: Final = f"<s:Envelope {_DECLARATIONS}><s:Header><a:Action>"
_END: Final = b"</s:Body></s:Envelope>"
_VENDOR: Final = "Microsoft Corporation"
_VERSION: Final = "OS: 10.0.20348 SP: 0.0 Stack: 3.0"
_SECURITY_PROFILE: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/http/basic"
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[\w.~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*", re.ASCII)
_FAULT: Final = 500
_OK: Final = 200


class Reply(NamedTuple):
    """A reply: its HTTP status (rule WM-H-3) and its body in batches of fragments."""

    status: int
    batches: Iterator[list[bytes]]


class WsmanEncoder:
    """Encodes reply messages.

    Args:
        machine: the name of the simulated host, in faults.
        identifier: returns a new UUID in upper case, for MessageID.
        write_class: writes definitions of classes; None: they are not served.
    """

    def __init__(self, machine: str, identifier: Callable[[], str], write_class: WriteClass | None = None) -> None:
        self._machine = machine
        self._identifier = identifier
        self._write_class = write_class

    def encode(self, message: WsmanMessage, result: Result | CIMError | None) -> Reply:
        """Return the reply to a message; ``result`` is None for one without requests."""
        if isinstance(result, CIMError):
            error = _of_class(result, message)
            return self.fault(fault_of(error), message.id, error.status_code)
        try:
            fragments = self._body(message, result)
        except WsmanError as error:
            return self.fault(error, message.id)
        except CIMError as error:
            return self.fault(fault_of(error), message.id, error.status_code)
        return self.reply(message, fragments)

    def encoding(self, message: WsmanMessage, result: Result | CIMError | None) -> Iterator[Reply | None]:
        """Yield the reply as ``encode`` returns it, and before it None now and then where its values are long."""
        if isinstance(result, CIMError) or message.resource is None or not is_long(result):
            yield self.encode(message, result)
            return
        fragments: list[bytes] = []
        size = 0
        for piece in _pieces(message, message.resource, result):
            size += len(piece)
            if size > message.envelope:
                yield self.encode(message, EnvelopeTooSmallError(message.envelope))
                return
            fragments.append(piece)
            yield None
        yield Reply(_OK, self.reply(message, iter(fragments)).batches)

    def reply(self, message: WsmanMessage, fragments: Iterable[bytes]) -> Reply:
        """Return the reply to a message with what its Body holds."""
        head = self._head(f"{message.action}Response", message.id, _estimate(message)) if message.action else self._bare()
        if type(fragments) is list:
            return Reply(_OK, iter([[head.encode(), *fragments, _END]]))
        return Reply(_OK, _batches(head.encode(), iter(fragments)))

    def fault(self, error: WsmanError, message_id: str | None, cim_status: int | None = None) -> Reply:
        """Return the reply that carries a fault."""
        header = ""
        if error.kind is MUST_UNDERSTAND and error.not_understood is not None:
            header = _not_understood(*error.not_understood)
        head = self._head(action_of(error), message_id, header)
        return Reply(_FAULT, iter([[head.encode(), render(error, self._machine, cim_status).encode("utf-8", "replace"), _END]]))

    def _head(self, action: str, message_id: str | None, further: str = "") -> str:
        relates = f"<a:RelatesTo>{escape(message_id, quote=False)}</a:RelatesTo>" if message_id is not None else ""
        return (
            f"{_START}{escape(action)}</a:Action><a:MessageID>uuid:{self._identifier()}</a:MessageID>"
            f"<a:To>{ANONYMOUS}</a:To>{relates}{further}</s:Header><s:Body>"
        )

    def _bare(self) -> str:
        return f"<s:Envelope {_DECLARATIONS}><s:Header/><s:Body>"

    def _body(self, message: WsmanMessage, result: Result | None) -> Iterable[bytes]:
        """Return what the Body holds; a list is short enough to be sent at once."""
        match message.kind:
            case MessageKind.IDENTIFY:
                return [_identity().encode()]
            case MessageKind.ENUMERATE | MessageKind.PULL:
                return _enumerated(message, result, self._write_class)
            case MessageKind.DELETE | MessageKind.RELEASE:
                return []
        if message.resource is None:
            raise TypeError(f"a message of kind {message.kind.value} has a resource")
        return [_one(message, message.resource, result, self._write_class)]


def _of_class(error: CIMError, message: WsmanMessage) -> CIMError:
    """Return the error for a class that there is not as all operations but GetClass have it (rules OP-GC-2, WM-R-8)."""
    got = message.requests and message.requests[0].name == "GetClass"
    return invalid_class(error.status_description) if got and error.status_code == CIM_ERR_NOT_FOUND else error


def _not_understood(namespace: str, name: str) -> str:
    """Return the header that names one that was not understood; nothing where its namespace could not be declared here."""
    try:
        _ = urlsplit(namespace).port
    except ValueError:
        return ""
    if _URI.fullmatch(namespace) is None:
        return ""
    return f'<s:NotUnderstood qname="u:{escape(name)}" xmlns:u="{escape(namespace)}"/>'


def _one(message: WsmanMessage, resource: Resource, result: Result | None, write_class: WriteClass | None) -> bytes:
    """Return the body of a reply that shows one thing, if it fits (rule WM-S-7)."""
    match result:
        case OneInstance(instance, projection):
            body = instance_element(instance, resource, projection)
        case CreatedInstance(instance):
            body = f"<x:ResourceCreated>{write_reference(instance.path, resource)}</x:ResourceCreated>".encode()
        case Classes([cls]) if message.definition is not None:
            body = definition(cls, message.definition, write_class)
        case MethodResult():
            body = _output(message, resource, result).encode()
        case _:
            raise TypeError(f"{type(result).__name__} is not the result of {message.kind.value}")
    if len(body) > message.envelope:
        raise EnvelopeTooSmallError(message.envelope)
    return body


def is_long(result: Result | CIMError | None) -> bool:
    """Whether a result shows one thing with values that take long to write."""
    match result:
        case OneInstance(instance):
            return instance_is_long(instance)
        case MethodResult(returned, outputs):
            return value_is_long(returned.value) or any(value_is_long(each.value) for each in outputs)
    return False


def _pieces(message: WsmanMessage, resource: Resource, result: Result | None) -> Iterator[bytes]:
    """Yield in pieces what ``_one`` returns."""
    match result:
        case OneInstance(instance, projection):
            yield from instance_pieces(instance, resource, projection)
        case MethodResult(returned, outputs):
            request = message.requests[-1]
            namespace = request.namespace.strip("/").lower()
            yield f'<p:{request.name}_OUTPUT xmlns:p="{escape(resource.uri)}">'.encode()
            for each in (*outputs, returned):
                for piece in pieces(each.name, each.type, each.is_array, each.value, resource, namespace=namespace):
                    yield piece.encode()
            yield f"</p:{request.name}_OUTPUT>".encode()


def _output(message: WsmanMessage, resource: Resource, result: MethodResult) -> str:
    """Return the output of a method, the return value last (rule WM-I-3)."""
    request = message.requests[-1]
    name = f"p:{request.name}_OUTPUT"
    namespace = request.namespace.strip("/").lower()
    outputs = "".join([_parameter(each, resource, namespace) for each in (*result.outputs, result.return_value)])
    return f'<{name} xmlns:p="{escape(resource.uri)}">{outputs}</{name}>'


def _parameter(output: Output, resource: Resource, namespace: str) -> str:
    return write(output.name, output.type, output.is_array, output.value, resource, namespace=namespace)


def _enumerated(message: WsmanMessage, result: Result | None, write_class: WriteClass | None) -> list[bytes]:
    enumeration = message.enumeration
    if enumeration is None or not (result is None or isinstance(result, Pulled)):
        raise TypeError(f"{type(result).__name__} is not the result of {message.kind.value}")
    pulled = result.context if result is not None else None
    context = enumeration.context(pulled)
    if message.kind is MessageKind.ENUMERATE and not message.optimized:
        text = f"<n:EnumerationContext>{context}</n:EnumerationContext>"
        return [f"<n:EnumerateResponse>{text}</n:EnumerateResponse>".encode()]
    done = pulled is None
    # Rendered here already: what cannot be an item ends in a fault, and so nothing may be sent before.
    return _items(message, context, _rendered(message, enumeration, result, write_class), done=done)


def _rendered(
    message: WsmanMessage, enumeration: Enumeration, result: Pulled | None, write_class: WriteClass | None
) -> Sequence[bytes]:
    if result is None:
        return []
    room = message.requests[-1].room if isinstance(message.requests[-1], IntrinsicRequest) else None
    if isinstance(room, Room):
        return room.rendered(result.instances, result.projections)
    return list(items(enumeration, result.instances, result.projections, write_class))


def _items(message: WsmanMessage, context: str, rendered: Sequence[bytes], *, done: bool) -> list[bytes]:
    """Return the reply to Pull or to an optimized Enumerate (rules WM-E-3, WM-E-6)."""
    kind, prefix = ("Enumerate", "w") if message.kind is MessageKind.ENUMERATE else ("Pull", "n")
    if not done:
        shown = f"<n:EnumerationContext>{context}</n:EnumerationContext>"
    else:
        shown = "<n:EnumerationContext/>" if message.kind is MessageKind.ENUMERATE else ""
    end = f"<{prefix}:EndOfSequence/>" if done else ""
    start = f"<n:{kind}Response>{shown}<{prefix}:Items>".encode()
    return [start, *rendered, f"</{prefix}:Items>{end}</n:{kind}Response>".encode()]


def _estimate(message: WsmanMessage) -> str:
    """Return the header about the number of items: it is not known (rule WM-E-11)."""
    return '<w:TotalItemsCountEstimate xsi:nil="true"/>' if message.estimate else ""


def _identity() -> str:
    return (
        f'<wsmid:IdentifyResponse xmlns:wsmid="{IDENTITY}"><wsmid:ProtocolVersion>{WSMAN}</wsmid:ProtocolVersion>'
        f"<wsmid:ProductVendor>{_VENDOR}</wsmid:ProductVendor><wsmid:ProductVersion>{_VERSION}</wsmid:ProductVersion>"
        f"<wsmid:SecurityProfiles><wsmid:SecurityProfileName>{_SECURITY_PROFILE}</wsmid:SecurityProfileName>"
        "</wsmid:SecurityProfiles></wsmid:IdentifyResponse>"
    )


def _batches(head: bytes, fragments: Iterator[bytes]) -> Iterator[list[bytes]]:
    batch = [head]
    while taken := list(islice(fragments, _BATCH)):
        yield [*batch, *taken]
        batch = []
    yield [*batch, _END]
