"""Messages of WS-Eventing: from their elements to what they ask for (rules WM-EV-1 to WM-EV-5, WM-EV-14 to WM-EV-16)."""

import re
from html import escape
from typing import Any, Final

from cimsim.query.syntax import WMI_EVENT_LANGUAGE
from cimsim.wsman.datetimes import seconds_of
from cimsim.wsman.event_messages import DeliveryMode, Expiry, GetStatus, Receiver, Renew, Retry, Subscribe, Unsubscribe
from cimsim.wsman.resource_uris import Resource
from cimsim.wsman.soap_faults import (
    DELIVERY_MODE_UNAVAILABLE,
    FILTERING_UNAVAILABLE,
    INVALID_EVENTING_MESSAGE,
    INVALID_EXPIRATION_TIME,
    SCHEMA_VALIDATION,
    SOURCE_UNABLE,
    UNSUPPORTED_EXPIRATION_TYPE,
    UNSUPPORTED_FEATURE,
    WsmanError,
)
from cimsim.wsman.soap_xml import SoapElement
from cimsim.wsman.uris import ADDRESSING, ANONYMOUS, CQL, EVENTING, SOAP, WQL, WSMAN

_LANGUAGES: Final = {WQL: WMI_EVENT_LANGUAGE, f"{WQL}/": WMI_EVENT_LANGUAGE, CQL: "DMTF:CQL"}
_NAME: Final = re.compile(r"[^\W\d]\w*")
_MAX_PARAMETERS: Final = 8_192
_MIN_ENVELOPE: Final = 8_192
_MAX_ELEMENTS: Final = 32_000
_MAX_ATTEMPTS: Final = 1_000
_MIN_SECONDS: Final = 1.0
"""Between heartbeats, and between tries."""
_POLICIES: Final = ("CancelSubscription", "Skip", "Notify")
_CALENDAR: Final = re.compile(r"-?P\d+[YM].*")


def read_subscribe(body: SoapElement, resource: Resource, namespace: str, to: str, now: float) -> Subscribe:
    """Return what a Subscribe asks for.

    Args:
        body: that of the message.
        resource: what the message is about.
        namespace: that of the resource.
        to: the address by which the client calls this server; "": it does not say.
        now: the time in seconds since 1970-01-01 UTC.

    Raises:
        WsmanError: it asks for what is not served, or is not valid.
    """
    wanted = body.find(EVENTING, "Subscribe")
    if wanted is None:
        raise WsmanError(SCHEMA_VALIDATION, "the Body holds no Subscribe")
    for name in ("Bookmark", "SendBookmarks"):
        if wanted.find(WSMAN, name) is not None:
            raise WsmanError(UNSUPPORTED_FEATURE, f"{name}: events that are past are not kept", "Bookmarks")
    delivery = wanted.find(EVENTING, "Delivery")
    if delivery is None:
        raise WsmanError(INVALID_EVENTING_MESSAGE, "the Subscribe has no Delivery")
    mode = _mode(delivery)
    language, query = _query(wanted, resource)
    retry, envelope, oversize = _retry(delivery), *_envelope(delivery)
    return Subscribe(
        resource,
        namespace,
        language,
        query,
        mode,
        _notify_to(delivery, mode),
        _receiver(wanted.find(EVENTING, "EndTo")),
        _expiry(wanted, now),
        _seconds(delivery, "Heartbeats", "Heartbeats"),
        retry,
        _max_elements(delivery),
        _seconds(delivery, "MaxTime", "MaxTime"),
        envelope,
        oversize,
        to or ANONYMOUS,
    )


def read_renew(header: SoapElement, body: SoapElement, now: float) -> Renew:
    """Return what a Renew asks for; raises as ``read_subscribe``."""
    wanted = body.find(EVENTING, "Renew")
    if wanted is None:
        raise WsmanError(SCHEMA_VALIDATION, "the Body holds no Renew")
    return Renew(_identifier(header), _expiry(wanted, now))


def read_get_status(header: SoapElement, body: SoapElement) -> GetStatus:
    """Return what a GetStatus asks for; raises as ``read_subscribe``."""
    if body.find(EVENTING, "GetStatus") is None:
        raise WsmanError(SCHEMA_VALIDATION, "the Body holds no GetStatus")
    return GetStatus(_identifier(header))


def read_unsubscribe(header: SoapElement, body: SoapElement) -> Unsubscribe:
    """Return what an Unsubscribe asks for; raises as ``read_subscribe``."""
    if body.find(EVENTING, "Unsubscribe") is None:
        raise WsmanError(SCHEMA_VALIDATION, "the Body holds no Unsubscribe")
    return Unsubscribe(_identifier(header))


def duration_of(element: SoapElement) -> float:
    """Return the seconds of an element that holds a duration.

    Raises:
        WsmanError: it holds something else.
    """
    seconds = _duration(element)
    if seconds is None:
        raise WsmanError(SCHEMA_VALIDATION, f"{element.name} {element.stripped[:100]!r} is not a duration such as PT60S")
    return seconds


def is_duration(element: SoapElement) -> bool:
    """Whether an element holds a duration."""
    return _duration(element) is not None


def _duration(element: SoapElement) -> float | None:
    text = element.stripped
    return seconds_of(text, 0.0) if text.startswith("P") else None


def _identifier(header: SoapElement) -> str:
    found = header.find(EVENTING, "Identifier")
    if found is None or not found.stripped:
        raise WsmanError(INVALID_EVENTING_MESSAGE, "the message has no header Identifier, which names the subscription")
    return found.stripped


def _mode(delivery: SoapElement) -> DeliveryMode:
    given = (delivery.attribute("Mode") or "").strip()
    try:
        return DeliveryMode(given) if given else DeliveryMode.PUSH
    except ValueError:
        served = ", ".join(each.value for each in DeliveryMode)
        text = f"delivery mode {given[:200]!r} is not served; {served} are"
        raise WsmanError(DELIVERY_MODE_UNAVAILABLE, text) from None


def _query(wanted: SoapElement, resource: Resource) -> tuple[str, str]:
    """Return the language and the text of the query: that of the filter, or else of all events of the class of the resource."""
    found = wanted.find(WSMAN, "Filter")
    chosen = found if found is not None else wanted.find(EVENTING, "Filter")
    if chosen is not None:
        dialect = (chosen.attribute("Dialect") or "").strip()
        language = _LANGUAGES.get(dialect)
        if language is None:
            raise WsmanError(FILTERING_UNAVAILABLE, f"filter dialect {dialect[:200]!r} is not served for events; {WQL} is")
        return language, chosen.text
    if resource.of_all_classes:
        text = "a resource URI of all classes needs a filter, such as a query in WQL about __InstanceModificationEvent"
        raise WsmanError(SOURCE_UNABLE, text)
    if _NAME.fullmatch(resource.classname) is None:
        raise WsmanError(SOURCE_UNABLE, f"{resource.classname[:100]!r} is not the name of a class")
    return WMI_EVENT_LANGUAGE, " ".join(("SELECT * FROM", resource.classname))


def _expiry(wanted: SoapElement, now: float) -> Expiry:
    """Return when a subscription is to end (rule WM-EV-5)."""
    expires = wanted.find(EVENTING, "Expires")
    if expires is None:
        return Expiry(None)
    text = expires.stripped
    if _CALENDAR.fullmatch(text):
        raise WsmanError(
            UNSUPPORTED_EXPIRATION_TYPE, f"Expires {text[:100]!r}: durations in days, hours, minutes or seconds are served"
        )
    seconds = seconds_of(text, now)
    if seconds is None or seconds <= 0:
        raise WsmanError(INVALID_EXPIRATION_TIME, f"Expires {text[:100]!r} is not a duration or a time to come")
    return Expiry(now + seconds, not text.startswith("P"))


def _notify_to(delivery: SoapElement, mode: DeliveryMode) -> Receiver | None:
    """Return where events are pushed to (rule WM-EV-4)."""
    auth = delivery.find(WSMAN, "Auth")
    if auth is not None:
        profile = (auth.attribute("Profile") or "")[:200]
        text = f"credentials for the receiver of events are not served: {profile}"
        raise WsmanError(UNSUPPORTED_FEATURE, text, "AuthorizationMode")
    encoding = delivery.find(WSMAN, "ContentEncoding")
    if encoding is not None and encoding.stripped.upper() not in ("", "UTF-8"):
        raise WsmanError(UNSUPPORTED_FEATURE, f"events are sent in UTF-8, not in {encoding.stripped[:100]!r}", "CharacterSet")
    if mode is DeliveryMode.PULL:
        return None
    receiver = _receiver(delivery.find(EVENTING, "NotifyTo"))
    if receiver is None:
        raise WsmanError(INVALID_EVENTING_MESSAGE, "the Delivery has no NotifyTo, which events are pushed to")
    return receiver


def _receiver(reference: SoapElement | None) -> Receiver | None:
    """Return what an endpoint reference names.

    Its parameters become headers; those of WS-Addressing and SOAP itself may not be among them.
    """
    if reference is None:
        return None
    address = reference.find(ADDRESSING, "Address")
    if address is None or not address.stripped:
        raise WsmanError(INVALID_EVENTING_MESSAGE, f"{reference.name} has no Address")
    headers: list[str] = []
    for name in ("ReferenceProperties", "ReferenceParameters"):
        parameters = reference.find(ADDRESSING, name)
        for each in parameters.children if parameters is not None else ():
            if each.namespace in (ADDRESSING, SOAP):
                raise WsmanError(INVALID_EVENTING_MESSAGE, f"{reference.name}: {each.name} cannot be one of its {name}")
            headers.append(_written(each))
    written = "".join(headers)
    if len(written) > _MAX_PARAMETERS:
        text = f"{reference.name}: its reference parameters are longer than {_MAX_PARAMETERS} characters"
        raise WsmanError(INVALID_EVENTING_MESSAGE, text)
    return Receiver(address.stripped, written)


def _written(element: SoapElement) -> str:
    """Return an element as XML that stands on its own; all namespaces are declared where they are used."""
    prefix, declared = ("r:", f' xmlns:r="{escape(element.namespace)}"') if element.namespace else ("", "")
    attributes = []
    for number, ((namespace, name), text) in enumerate(element.attributes.items()):
        own = f"r{number}:" if namespace else ""
        if namespace:
            attributes.append(f' xmlns:r{number}="{escape(namespace)}"')
        attributes.append(f' {own}{name}="{_attribute(text)}"')
    inner = escape(element.text, quote=False).replace("\r", "&#13;") + "".join(map(_written, element.children))
    return f"<{prefix}{element.name}{declared}{''.join(attributes)}>{inner}</{prefix}{element.name}>"


def _attribute(text: str) -> str:
    return escape(text).replace("\r", "&#13;").replace("\n", "&#10;").replace("\t", "&#9;")


def _seconds(delivery: SoapElement, name: str, feature: str) -> float | None:
    element = delivery.find(WSMAN, name)
    if element is None:
        return None
    seconds = duration_of(element)
    if seconds < _MIN_SECONDS:
        text = f"{name} {element.stripped[:100]!r} is shorter than {_MIN_SECONDS:g} second"
        raise WsmanError(UNSUPPORTED_FEATURE, text, feature)
    return seconds


def _retry(delivery: SoapElement) -> Retry | None:
    element = delivery.find(WSMAN, "ConnectionRetry")
    if element is None:
        return None
    total = (element.attribute("Total") or "1").strip()
    if not (total.isascii() and total.isdigit() and len(total) <= 9):
        raise WsmanError(SCHEMA_VALIDATION, f"the Total of ConnectionRetry is {total[:100]!r}, not a number")
    return Retry(min(int(total), _MAX_ATTEMPTS), max(_MIN_SECONDS, duration_of(element)))


def _max_elements(delivery: SoapElement) -> int | None:
    number = _number(delivery.find(WSMAN, "MaxElements"))
    return None if number is None else max(1, min(number, _MAX_ELEMENTS))


def _envelope(delivery: SoapElement) -> tuple[int | None, str]:
    """Return how long a delivery may be, and what becomes of an event that is longer (rule WM-EV-13)."""
    element = delivery.find(WSMAN, "MaxEnvelopeSize")
    size = _number(element)
    if element is None or size is None:
        return None, _POLICIES[0]
    policy = (element.attribute("Policy") or _POLICIES[0]).strip()
    if policy not in _POLICIES:
        text = f"Policy {policy[:100]!r} of MaxEnvelopeSize is not one of {', '.join(_POLICIES)}"
        raise WsmanError(UNSUPPORTED_FEATURE, text, "MaxEnvelopePolicy")
    if size < _MIN_ENVELOPE:
        text = f"MaxEnvelopeSize is {size}; at least {_MIN_ENVELOPE} bytes are needed"
        raise WsmanError(UNSUPPORTED_FEATURE, text, "MaxEnvelopeSize")
    return size, policy


def _number(element: SoapElement | None) -> Any:
    if element is None:
        return None
    text = element.stripped
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise WsmanError(SCHEMA_VALIDATION, f"{element.name} is {text[:100]!r}, not a number")
    return int(text)
