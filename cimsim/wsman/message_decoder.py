"""From the bytes of an envelope to a message: headers, action, and the requests that it stands for.

What is wrong with the message is a ``WsmanError``; what is wrong with the request that it carries is for the operation to say.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from cimsim.operations.request import (
    Argument,
    ClassName,
    ExtrinsicRequest,
    IntrinsicRequest,
    Request,
    SelectedInstance,
    Selection,
)
from cimsim.operations.results import PullForm
from cimsim.query.syntax import WMI_CLASS_LANGUAGE, WMI_LANGUAGE
from cimsim.world.convert import InstanceData, PropertyData, Repeated
from cimsim.world.names import did_you_mean, fold
from cimsim.wsman.datetimes import seconds_of
from cimsim.wsman.definitions import MAX_AT_ONCE, DefinitionView, WriteClass, class_named, needed, read_view
from cimsim.wsman.event_decoder import (
    duration_of,
    is_duration,
    read_get_status,
    read_renew,
    read_subscribe,
    read_unsubscribe,
)
from cimsim.wsman.event_messages import EventingRequest, PullEvents, Unsubscribe, subscription_of
from cimsim.wsman.items import Room
from cimsim.wsman.references import namespace_of, read_reference, read_selectors
from cimsim.wsman.resource_uris import Resource, parse_resource
from cimsim.wsman.soap_faults import (
    ACTION_NOT_SUPPORTED,
    DESTINATION_UNREACHABLE,
    DIALECT_UNAVAILABLE,
    ENVELOPE_BELOW_MINIMUM,
    INVALID_CONTEXT,
    INVALID_HEADER,
    INVALID_REPRESENTATION,
    MISSING_HEADER,
    MUST_UNDERSTAND,
    SCHEMA_VALIDATION,
    UNEXPECTED_SELECTORS,
    UNSUPPORTED_FEATURE,
    VERSION_MISMATCH,
    WQL_NEEDED,
    WsmanError,
)
from cimsim.wsman.soap_xml import SoapElement, XmlError, parse
from cimsim.wsman.uris import (
    ACTIONS,
    ADDRESSING,
    ANONYMOUS,
    ASSOCIATION_FILTER,
    BINDING,
    CQL,
    CREATE,
    DELETE,
    ENUMERATE,
    ENUMERATION,
    EVENTING,
    GET,
    GET_STATUS,
    IDENTITY,
    MICROSOFT,
    PULL,
    PUT,
    RELEASE,
    RENEW,
    SELECTOR_FILTER,
    SOAP,
    SOAP_11,
    SUBSCRIBE,
    TRANSFER,
    UNSUBSCRIBE,
    WQL,
    WSMAN,
)
from cimsim.wsman.wsman_message import DEFAULT_ENVELOPE, Enumeration, MessageKind, Mode, WsmanMessage, parse_context
from cimsim.wsman.xml_values import read_properties

_UNDERSTOOD: Final = {
    ADDRESSING: frozenset({"To", "Action", "MessageID", "ReplyTo", "FaultTo", "From", "RelatesTo"}),
    EVENTING: frozenset({"Identifier"}),
    WSMAN: frozenset(
        {
            "ResourceURI",
            "SelectorSet",
            "OptionSet",
            "MaxEnvelopeSize",
            "OperationTimeout",
            "Locale",
            "RequestTotalItemsCountEstimate",
            "FragmentTransfer",
        }
    ),
    MICROSOFT: frozenset({"DataLocale", "SessionId", "OperationID", "SequenceId", "ActivityId"}),
}
_TRUE: Final = frozenset({"true", "1"})
_MIN_ENVELOPE: Final = 8_192
_DEFAULT_EXPIRY: Final = 60.0
_MAX_ITEMS: Final = 32_000
_DEFAULT_PATIENCE: Final = 60.0
_MAX_PATIENCE: Final = 86_400.0
"""Seconds for which a Pull waits for events."""
_LANGUAGES: Final = {WQL: WMI_LANGUAGE, f"{WQL}/": WMI_LANGUAGE, CQL: "DMTF:CQL"}
_META_CLASS: Final = "meta_class"
_NAME: Final = re.compile(r"[^\W\d]\w*")
_FAMILIES: Final = (TRANSFER, ENUMERATION, EVENTING, f"{ADDRESSING}/")
_PULLS: Final = {
    PullForm.INSTANCES_WITH_PATH: "PullInstancesWithPath",
    PullForm.INSTANCES: "PullInstances",
}


class NotSoapError(Exception):
    """The body is not a SOAP envelope, so that no fault would be understood either; the text says why."""


class _Headers:
    """The headers of a message that matter, read and checked."""

    def __init__(self, header: SoapElement | None) -> None:
        self.header = header if header is not None else SoapElement(SOAP, "Header", {})
        message_id = self.header.find(ADDRESSING, "MessageID")
        self.message_id = message_id.stripped if message_id is not None else None

    def check(self) -> None:
        """Refuse what must be understood and is not, and what is missing (rules WM-S-2 to WM-S-5)."""
        for each in self.header.children:
            must = each.attribute("mustUnderstand", SOAP)
            if must is not None and must.strip() in _TRUE and each.name not in _UNDERSTOOD.get(each.namespace, ()):
                name = (each.namespace, each.name)
                known = [header for headers in _UNDERSTOOD.values() for header in headers]
                # One of a known name lies in another namespace than that.
                hint = did_you_mean(each.name, known) if each.name not in known else ""
                of = f" of namespace {each.namespace[:200]!r}" if each.namespace not in _UNDERSTOOD else ""
                text = f"header {each.name[:200]}{of} is not understood{hint}"
                raise WsmanError(MUST_UNDERSTAND, text, not_understood=name)
        if self.message_id is None:
            raise WsmanError(MISSING_HEADER, "the message has no MessageID")
        reply_to = self.header.find(ADDRESSING, "ReplyTo")
        address = reply_to.find(ADDRESSING, "Address") if reply_to is not None else None
        if address is not None and address.stripped != ANONYMOUS:
            raise WsmanError(UNSUPPORTED_FEATURE, "replies go to the anonymous address only", "AddressingMode")
        timeout = self.header.find(WSMAN, "OperationTimeout")
        if timeout is not None and timeout.stripped and not is_duration(timeout):
            text = f"OperationTimeout is {timeout.stripped[:100]!r}, not a duration such as PT60S"
            raise WsmanError(INVALID_HEADER, text)
        if self.header.find(WSMAN, "FragmentTransfer") is not None:
            raise WsmanError(UNSUPPORTED_FEATURE, "fragments of instances are not served", "FragmentLevelAccess")

    def action(self) -> str:
        action = self.header.find(ADDRESSING, "Action")
        if action is None or not action.stripped:
            raise WsmanError(MISSING_HEADER, "the message has no Action")
        return action.stripped

    def resource(self) -> tuple[Resource, str, tuple[tuple[str, "str | Selection"], ...]]:
        """Return the resource, its namespace and the keys that the selectors give."""
        uri = self.header.find(WSMAN, "ResourceURI")
        if uri is None:
            raise WsmanError(DESTINATION_UNREACHABLE, "the message has no ResourceURI", "InvalidResourceURI")
        resource = parse_resource(uri.stripped)
        selected, keys = read_selectors(self.header.find(WSMAN, "SelectorSet"))
        return resource, namespace_of(resource, selected), keys

    def envelope(self) -> int:
        """Return the most bytes that the reply may have (rule WM-S-7)."""
        size = self.header.find(WSMAN, "MaxEnvelopeSize")
        if size is None:
            return DEFAULT_ENVELOPE
        number = _number(size, INVALID_HEADER)
        if number < _MIN_ENVELOPE:
            text = f"MaxEnvelopeSize is {number}; at least {_MIN_ENVELOPE} bytes are needed"
            raise WsmanError(ENVELOPE_BELOW_MINIMUM, text, "MinimumEnvelopeLimit")
        return number

    def to(self) -> str:
        """Return the address by which the client calls this server; "": it does not say."""
        to = self.header.find(ADDRESSING, "To")
        return to.stripped if to is not None else ""

    def patience(self, pull: SoapElement) -> float:
        """Return for how many seconds a client waits for events: its MaxTime, else its OperationTimeout (rule WM-EV-11)."""
        for element in (pull.find(ENUMERATION, "MaxTime"), self.header.find(WSMAN, "OperationTimeout")):
            if element is not None:
                return min(duration_of(element), _MAX_PATIENCE)
        return _DEFAULT_PATIENCE

    def definition_view(self) -> DefinitionView:
        """Return what is wanted of the definitions of classes (rule WM-R-6)."""
        return read_view(self.header.find(WSMAN, "OptionSet"))

    def estimate(self) -> bool:
        return self.header.find(WSMAN, "RequestTotalItemsCountEstimate") is not None


class WsmanDecoder:
    """Decodes request messages.

    Args:
        embedded: returns the object that a text embeds, as CIM-XML writes one (rule WM-V-8).
        max_expiry: the most seconds that an enumeration may stay idle, whatever the client asks for.
        now: returns the time in seconds since 1970-01-01 UTC, for expiries that are points in time.
        write_class: writes definitions of classes, of which only so many fit an envelope; None: they are not served.
    """

    def __init__(
        self,
        embedded: Callable[[str], Any] | None = None,
        max_expiry: int = 3600,
        now: Callable[[], float] = lambda: 0.0,
        write_class: WriteClass | None = None,
    ) -> None:
        self._embedded = embedded
        self._max_expiry = max_expiry
        self._now = now
        self._write_class = write_class

    def decode(self, body: bytes) -> WsmanMessage:
        """Return the message of an envelope.

        Raises:
            NotSoapError: it is not a SOAP envelope.
            WsmanError: the message is answered with a fault; its ``message_id`` is that of the message, where it has one.
        """
        try:
            root = parse(body)
        except XmlError as error:
            raise NotSoapError(str(error)) from None
        if root.name != "Envelope" or root.namespace not in (SOAP, SOAP_11):
            raise NotSoapError(f"the root element is {root.name}, not the Envelope of SOAP 1.2")
        if root.namespace == SOAP_11:
            raise WsmanError(VERSION_MISMATCH, "the message is of SOAP 1.1; SOAP 1.2 is spoken here")
        content = root.find(SOAP, "Body")
        if content is None:
            raise NotSoapError("the Envelope has no Body")
        if content.find(IDENTITY, "Identify") is not None:
            return WsmanMessage(MessageKind.IDENTIFY, "", "", None, ())
        headers = _Headers(root.find(SOAP, "Header"))
        try:
            headers.check()
            return self._message(headers, content)
        except WsmanError as error:
            error.message_id = headers.message_id
            raise

    def _message(self, headers: _Headers, body: SoapElement) -> WsmanMessage:
        action = headers.action()
        if action == PULL:
            return self._pull(headers, body)
        if action == RELEASE:
            return self._release(headers, body)
        if action == RENEW:
            return self._eventing(headers, action, read_renew(headers.header, body, self._now()))
        if action == GET_STATUS:
            return self._eventing(headers, action, read_get_status(headers.header, body))
        if action == UNSUBSCRIBE:
            return self._eventing(headers, action, read_unsubscribe(headers.header, body))
        if action not in (*ACTIONS, SUBSCRIBE) and action.startswith(_FAMILIES):
            hint = did_you_mean(action, (*ACTIONS, SUBSCRIBE, RENEW, GET_STATUS, UNSUBSCRIBE))
            raise WsmanError(ACTION_NOT_SUPPORTED, f"action {action[:200]} is not supported{hint}")
        resource, namespace, keys = headers.resource()
        if resource.definition and action != ENUMERATE:
            return self._definition(headers, action, resource, namespace, keys)
        if action == SUBSCRIBE:
            wanted = read_subscribe(body, resource, namespace, headers.to(), self._now())
            return self._eventing(headers, action, wanted, resource)
        if action == ENUMERATE:
            return self._enumerate(headers, body, resource, namespace, keys)
        if resource.of_all_classes:
            raise WsmanError(WQL_NEEDED, "a resource URI of all classes is for enumerations with a query only")
        kind, requests = self._requests(action, resource, namespace, keys, body)
        return WsmanMessage(kind, headers.message_id or "", action, resource, requests, headers.envelope())

    @staticmethod
    def _definition(headers: _Headers, action: str, resource: Resource, namespace: str, keys: Any) -> WsmanMessage:
        """Return the message that asks for the definition of a class (rule WM-R-6)."""
        if action != GET:
            name = action.rpartition("/")[2]
            raise WsmanError(
                ACTION_NOT_SUPPORTED, f"{name[:200]} of the definition of a class; Get and Enumerate are supported"
            )
        view = headers.definition_view()
        shown = view.class_view
        arguments = (
            Argument("ClassName", ClassName(needed(class_named(resource, keys)))),
            Argument("LocalOnly", shown.local_only),
            Argument("IncludeQualifiers", shown.qualifiers),
            Argument("IncludeClassOrigin", shown.class_origin),
        )
        requests = (IntrinsicRequest("GetClass", namespace, arguments, selects=True),)
        return WsmanMessage(
            MessageKind.GET, headers.message_id or "", action, resource, requests, headers.envelope(), definition=view
        )

    @staticmethod
    def _eventing(headers: _Headers, action: str, wanted: EventingRequest, resource: Resource | None = None) -> WsmanMessage:
        message_id = headers.message_id or ""
        return WsmanMessage(MessageKind.EVENTING, message_id, action, resource, (), headers.envelope(), eventing=wanted)

    def _requests(
        self, action: str, resource: Resource, namespace: str, keys: Any, body: SoapElement
    ) -> tuple[MessageKind, tuple[Request, ...]]:
        subject = Selection(resource.classname, keys)
        if action == GET:
            return MessageKind.GET, (_on(subject, "GetInstance", namespace),)
        if action == DELETE:
            return MessageKind.DELETE, (_on(subject, "DeleteInstance", namespace),)
        if action == PUT:
            instance = _without_keys(_instance(body), keys)
            modified = Argument("ModifiedInstance", SelectedInstance(subject, instance))
            modify = IntrinsicRequest("ModifyInstance", namespace, (modified,), selects=True)
            return MessageKind.PUT, (modify, _on(subject, "GetInstance", namespace))
        if action == CREATE:
            created = Argument("NewInstance", _instance(body))
            return MessageKind.CREATE, (IntrinsicRequest("CreateInstance", namespace, (created,), selects=True),)
        method = action.rpartition("/")[2]
        if not method or method == action:
            text = f"action {action[:200]} names no method; RESOURCEURI/METHOD does"
            raise WsmanError(ACTION_NOT_SUPPORTED, text)
        arguments = tuple(Argument(each.name, each.value) for each in _input(method, body))
        request = ExtrinsicRequest(method, namespace, subject, arguments, self._embedded, selects=True)
        return MessageKind.INVOKE, (request,)

    # Enumerations

    def _enumerate(self, headers: _Headers, body: SoapElement, resource: Resource, namespace: str, keys: Any) -> WsmanMessage:
        wanted = body.find(ENUMERATION, "Enumerate")
        if wanted is None:
            raise WsmanError(SCHEMA_VALIDATION, "the Body holds no Enumerate")
        optimized = wanted.find(WSMAN, "OptimizeEnumeration") is not None
        envelope = headers.envelope()
        mode = _choice(wanted.find(WSMAN, "EnumerationMode"), Mode, Mode.OBJECT)
        polymorphism = wanted.find(BINDING, "PolymorphismMode")
        before: tuple[Request, ...] = ()
        view = None
        if resource.definition:
            view = headers.definition_view()
            superclass = class_named(resource, keys)
            if superclass is not None:
                given = (Argument("ClassName", ClassName(superclass)),)
                before = (IntrinsicRequest("GetClass", namespace, given, selects=True),)
            name, arguments, form, classname = _definitions(wanted, superclass)
        else:
            name, arguments, form, classname = self._opening(
                wanted, resource, polymorphism.stripped if polymorphism is not None else "", keys
            )
        enumeration = Enumeration(resource, namespace, form, mode, classname, view)
        count = _at_once(enumeration, wanted) if optimized else 0
        limits = (
            Argument("OperationTimeout", self._expiry(wanted)),
            Argument("MaxObjectCount", count),
        )
        room = Room(enumeration, envelope, write_class=self._write_class)
        request = IntrinsicRequest(name, namespace, (*arguments, *limits), selects=True, room=room)
        return WsmanMessage(
            MessageKind.ENUMERATE,
            headers.message_id or "",
            ENUMERATE,
            resource,
            (*before, request),
            envelope,
            enumeration,
            optimized,
            headers.estimate(),
        )

    def _opening(
        self, wanted: SoapElement, resource: Resource, polymorphism: str, keys: Any
    ) -> tuple[str, tuple[Argument, ...], PullForm, str]:
        """Return the operation that opens an enumeration: name, arguments, form, and the class to show all instances as."""
        chosen = _filter(wanted)
        if chosen is not None:
            dialect = (chosen.attribute("Dialect") or "").strip()
            if dialect in _LANGUAGES:
                return _query(_LANGUAGES[dialect], chosen.text)
            if dialect == ASSOCIATION_FILTER:
                return _association(chosen)
            if dialect != SELECTOR_FILTER:
                text = f"filter dialect {dialect[:200]!r} is not supported; {WQL} is"
                raise WsmanError(DIALECT_UNAVAILABLE, text)
        if resource.of_all_classes:
            raise WsmanError(WQL_NEEDED, "a resource URI of all classes needs a filter, such as a query in WQL")
        if chosen is not None:
            return _query(WMI_LANGUAGE, _selecting(resource.classname, chosen))
        if polymorphism == "None":
            return _query(WMI_LANGUAGE, _selection(resource.classname, [f"__CLASS = '{resource.classname}'"]))
        exclude = polymorphism == "ExcludeSubClassProperties"
        if polymorphism not in ("", "IncludeSubClassProperties", "ExcludeSubClassProperties"):
            raise WsmanError(UNSUPPORTED_FEATURE, f"PolymorphismMode {polymorphism[:100]!r} is not one that DSP0227 names")
        arguments = (Argument("ClassName", ClassName(resource.classname)), Argument("DeepInheritance", not exclude))
        shown = resource.classname if exclude else ""
        return "OpenEnumerateInstances", arguments, PullForm.INSTANCES_WITH_PATH, shown

    def _expiry(self, wanted: SoapElement) -> int:
        """Return after how many idle seconds an enumeration ends (rule WM-E-10)."""
        expires = wanted.find(ENUMERATION, "Expires")
        seconds = _DEFAULT_EXPIRY
        if expires is not None:
            given = seconds_of(expires.stripped, self._now())
            if given is None or given <= 0:
                raise WsmanError(SCHEMA_VALIDATION, f"Expires {expires.stripped[:100]!r} is not a duration or a time to come")
            seconds = given
        return max(1, min(int(seconds), self._max_expiry))

    def _pull(self, headers: _Headers, body: SoapElement) -> WsmanMessage:
        wanted = body.find(ENUMERATION, "Pull")
        if wanted is None:
            raise WsmanError(SCHEMA_VALIDATION, "the Body holds no Pull")
        subscription = subscription_of(_context_text(wanted))
        if subscription is not None:
            seconds = headers.patience(wanted)
            return self._eventing(headers, PULL, PullEvents(subscription, _max_elements(wanted), headers.envelope(), seconds))
        enumeration, inner = _context(wanted)
        envelope = headers.envelope()
        requests: tuple[Request, ...] = ()
        if inner is not None:
            arguments = (Argument("EnumerationContext", inner), Argument("MaxObjectCount", _at_once(enumeration, wanted)))
            room = Room(enumeration, envelope, _max_characters(wanted), self._write_class)
            requests = (IntrinsicRequest(_PULLS[enumeration.form], enumeration.namespace, arguments, True, room),)
        return WsmanMessage(
            MessageKind.PULL, headers.message_id or "", PULL, None, requests, envelope, enumeration, False, headers.estimate()
        )

    def _release(self, headers: _Headers, body: SoapElement) -> WsmanMessage:
        wanted = body.find(ENUMERATION, "Release")
        if wanted is None:
            raise WsmanError(SCHEMA_VALIDATION, "the Body holds no Release")
        subscription = subscription_of(_context_text(wanted))
        if subscription is not None:
            return self._eventing(headers, RELEASE, Unsubscribe(subscription))
        enumeration, inner = _context(wanted)
        requests: tuple[Request, ...] = ()
        if inner is not None:
            closed = Argument("EnumerationContext", inner)
            requests = (IntrinsicRequest("CloseEnumeration", enumeration.namespace, (closed,), selects=True),)
        return WsmanMessage(MessageKind.RELEASE, headers.message_id or "", RELEASE, None, requests, enumeration=enumeration)


def _on(subject: Selection, operation: str, namespace: str) -> IntrinsicRequest:
    return IntrinsicRequest(operation, namespace, (Argument("InstanceName", subject),), selects=True)


def _instance(body: SoapElement) -> InstanceData:
    """Return the instance in a Body."""
    if len(body.children) != 1:
        raise WsmanError(SCHEMA_VALIDATION, f"the Body holds {len(body.children)} elements instead of one instance")
    element = body.children[0]
    return InstanceData(element.name, read_properties(element))


def _without_keys(instance: InstanceData, keys: tuple[tuple[str, Any], ...]) -> InstanceData:
    """Return an instance without the keys that the selectors give, whose spelling may differ (rules WM-T-5, WM-P-2).

    Raises:
        WsmanError: a key has another value than its selector.
    """
    selected = {fold(name): value for name, value in keys if isinstance(value, str)}
    kept: list[PropertyData] = []
    for prop in instance.properties:
        wanted = selected.get(fold(prop.name))
        if wanted is None:
            kept.append(prop)
            continue
        values = prop.value if isinstance(prop.value, Repeated) else [prop.value]
        if [str(value).lower() for value in values] != [wanted.lower()]:
            text = f"key {prop.name} differs from its selector; a key cannot be changed"
            raise WsmanError(INVALID_REPRESENTATION, text, "InvalidValues")
    return InstanceData(instance.classname, tuple(kept))


def _input(method: str, body: SoapElement) -> tuple[PropertyData, ...]:
    """Return the arguments of a method (rule WM-I-2)."""
    if not body.children:
        return ()
    element = body.children[0]
    if fold(element.name) != fold(f"{method}_INPUT"):
        raise WsmanError(SCHEMA_VALIDATION, f"the Body holds {element.name} instead of {method}_INPUT")
    return read_properties(element)


def _query(language: str, text: str) -> tuple[str, tuple[Argument, ...], PullForm, str]:
    arguments = (Argument("FilterQuery", text), Argument("FilterQueryLanguage", language))
    return "OpenQueryInstances", arguments, PullForm.INSTANCES, ""


def _selecting(classname: str, chosen: SoapElement) -> str:
    """Return the query that a selector filter stands for (rule WM-Q-3)."""
    _, keys = read_selectors(chosen.find(WSMAN, "SelectorSet"))
    terms = []
    for name, value in keys:
        if _NAME.fullmatch(name) is None:
            raise WsmanError(SCHEMA_VALIDATION, f"selector {name[:100]!r} of the filter is not the name of a property")
        if not isinstance(value, str):
            raise WsmanError(SCHEMA_VALIDATION, f"selector {name} of the filter must be a plain value")
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        terms.append(f"{name} = '{escaped}'")
    if not terms:
        raise WsmanError(SCHEMA_VALIDATION, "the filter has no selectors")
    return _selection(classname, terms)


def _selection(classname: str, terms: list[str], source: str = "") -> str:
    """Return a query; ``source`` stands behind FROM where the name that clients wrote does not."""
    if _NAME.fullmatch(classname) is None:
        text = f"{classname[:100]!r} is not the name of a class"
        raise WsmanError(DESTINATION_UNREACHABLE, text, "InvalidResourceURI")
    where = ("WHERE", " AND ".join(terms)) if terms else ()
    return " ".join(("SELECT * FROM", source or classname, *where))


def _association(chosen: SoapElement) -> tuple[str, tuple[Argument, ...], PullForm, str]:
    """Return the operation that an association filter stands for (rule WM-Q-4)."""
    for name, operation, association in (
        ("AssociatedInstances", "OpenAssociatorInstances", "AssocClass"),
        ("AssociationInstances", "OpenReferenceInstances", None),
    ):
        asked = chosen.find(BINDING, name)
        if asked is None:
            continue
        source = asked.find(BINDING, "Object")
        subject = read_reference(source) if source is not None else None
        if subject is None:
            raise WsmanError(SCHEMA_VALIDATION, f"{name} has no Object that is an endpoint reference")
        arguments = [Argument("InstanceName", subject)]
        wanted = {"ResultClass": "ResultClassName", "Role": "Role"}
        if association is not None:
            wanted |= {association: "AssociationClassName", "ResultRole": "ResultRole"}
        for parameter, element in wanted.items():
            given = asked.find(BINDING, element)
            if given is not None and given.stripped:
                value = ClassName(given.stripped) if parameter.endswith("Class") else given.stripped
                arguments.append(Argument(parameter, value))
        shown = [each.stripped for each in asked.all(BINDING, "IncludeResultProperty")]
        if shown:
            arguments.append(Argument("PropertyList", shown))
        return operation, tuple(arguments), PullForm.INSTANCES_WITH_PATH, ""
    raise WsmanError(SCHEMA_VALIDATION, "the filter holds neither AssociatedInstances nor AssociationInstances")


def _filter(wanted: SoapElement) -> SoapElement | None:
    found = wanted.find(WSMAN, "Filter")
    return found if found is not None else wanted.find(ENUMERATION, "Filter")


def _definitions(wanted: SoapElement, superclass: str | None) -> tuple[str, tuple[Argument, ...], PullForm, str]:
    """Return the operation that opens an enumeration of definitions: of all classes, or of the subclasses of one."""
    chosen = _filter(wanted)
    if chosen is None:
        terms = [] if superclass is None else [f"__this ISA '{superclass}'", f"NOT __CLASS = '{superclass}'"]
        text = _selection(superclass or _META_CLASS, terms, _META_CLASS)
    else:
        if superclass is not None:
            text = (
                f"either a filter says which definitions are wanted, or the class {superclass[:200]} whose subclasses they are"
            )
            raise WsmanError(UNEXPECTED_SELECTORS, text, "UnexpectedSelectors")
        dialect = (chosen.attribute("Dialect") or "").strip()
        if _LANGUAGES.get(dialect) != WMI_LANGUAGE:
            text = f"filter dialect {dialect[:200]!r} is not supported for definitions of classes; {WQL} is"
            raise WsmanError(DIALECT_UNAVAILABLE, text)
        text = chosen.text
    return _query(WMI_CLASS_LANGUAGE, text)


def _at_once(enumeration: Enumeration, wanted: SoapElement) -> int:
    """Return how many items may be handed out at once."""
    asked = _max_elements(wanted)
    return asked if enumeration.definition is None else min(asked, MAX_AT_ONCE)


def _context_text(wanted: SoapElement) -> str:
    context = wanted.find(ENUMERATION, "EnumerationContext")
    if context is None or not context.stripped:
        raise WsmanError(INVALID_CONTEXT, f"{wanted.name} has no EnumerationContext")
    return context.stripped


def _context(wanted: SoapElement) -> tuple[Enumeration, str | None]:
    return parse_context(_context_text(wanted))


def _max_elements(wanted: SoapElement) -> int:
    """Return how many items a client wants at once: one where it does not say (rules WM-E-4, WM-E-5)."""
    for namespace in (ENUMERATION, WSMAN):
        element = wanted.find(namespace, "MaxElements")
        if element is not None:
            return max(1, min(_number(element, SCHEMA_VALIDATION), _MAX_ITEMS))
    return 1


def _max_characters(wanted: SoapElement) -> int | None:
    """Return how many characters of items a client wants at once; None: it does not say (rule WM-E-4)."""
    element = wanted.find(ENUMERATION, "MaxCharacters")
    return None if element is None else _number(element, SCHEMA_VALIDATION)


def _number(element: SoapElement, kind: Any) -> int:
    text = element.stripped
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise WsmanError(kind, f"{element.name} is {text[:100]!r}, not a number")
    return int(text)


def _choice(element: SoapElement | None, choices: Any, default: Any) -> Any:
    if element is None or not element.stripped:
        return default
    try:
        return choices(element.stripped)
    except ValueError:
        names = ", ".join(each.value for each in choices)
        text = f"{element.name} {element.stripped[:100]!r} is not one of {names}"
        raise WsmanError(SCHEMA_VALIDATION, text) from None
