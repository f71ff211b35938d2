"""SOAP faults: the answers to a CIM status and to messages that are wrong (rules WM-F-1 to WM-F-3)."""

from html import escape
from typing import Final, NamedTuple

import msgspec
from pywbem import (
    CIM_ERR_ACCESS_DENIED,
    CIM_ERR_ALREADY_EXISTS,
    CIM_ERR_INVALID_CLASS,
    CIM_ERR_INVALID_ENUMERATION_CONTEXT,
    CIM_ERR_INVALID_NAMESPACE,
    CIM_ERR_INVALID_PARAMETER,
    CIM_ERR_INVALID_QUERY,
    CIM_ERR_METHOD_NOT_AVAILABLE,
    CIM_ERR_METHOD_NOT_FOUND,
    CIM_ERR_NOT_FOUND,
    CIM_ERR_NOT_SUPPORTED,
    CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED,
    CIM_ERR_SERVER_LIMITS_EXCEEDED,
    CIM_ERR_TYPE_MISMATCH,
    CIMError,
)

from cimsim.operations.selection import SelectionError
from cimsim.wsman.uris import ADDRESSING, ENUMERATION, EVENTING, FAULT, FAULT_DETAIL, TRANSFER, WSMAN_FAULT_ACTION

_QUERY_FEATURE_NOT_SUPPORTED: Final = 29
_PREFIX_ACTIONS: Final = {
    "a": f"{ADDRESSING}/fault",
    "n": f"{ENUMERATION}/fault",
    "e": f"{EVENTING}/fault",
    "x": f"{TRANSFER}/fault",
    "w": WSMAN_FAULT_ACTION,
}
_WMI_INVALID_NAMESPACE: Final = 2150858778


class FaultKind(NamedTuple):
    """A kind of fault.

    Attributes:
        subcode: as a qualified name with one of the usual prefixes; None: ``code`` says it all.
        number: Microsoft's, which clients show.
        code: the value of SOAP's Code.
    """

    subcode: str | None
    number: int
    code: str = "s:Sender"


ACCESS_DENIED: Final = FaultKind("w:AccessDenied", 5)
DESTINATION_UNREACHABLE: Final = FaultKind("a:DestinationUnreachable", 2150858811)
NOT_FOUND: Final = FaultKind("a:DestinationUnreachable", 2150858752)
ACTION_NOT_SUPPORTED: Final = FaultKind("a:ActionNotSupported", 2150858771)
INVALID_PARAMETER: Final = FaultKind("w:InvalidParameter", 2150858810)
ALREADY_EXISTS: Final = FaultKind("w:AlreadyExists", 2150858801)
CANNOT_PROCESS_FILTER: Final = FaultKind("n:CannotProcessFilter", 2150858778)
DIALECT_UNAVAILABLE: Final = FaultKind("n:FilterDialectRequestedUnavailable", 2150858777)
INTERNAL_ERROR: Final = FaultKind("w:InternalError", 1359, "s:Receiver")
INSUFFICIENT_SELECTORS: Final = FaultKind("w:InvalidSelectors", 2150858842)
UNEXPECTED_SELECTORS: Final = FaultKind("w:InvalidSelectors", 2150858843)
INVALID_CONTEXT: Final = FaultKind("n:InvalidEnumerationContext", 2150858779, "s:Receiver")
TIMED_OUT: Final = FaultKind("w:TimedOut", 2150858793, "s:Receiver")
ENVELOPE_TOO_SMALL: Final = FaultKind("w:EncodingLimit", 2150858823)
ENVELOPE_BELOW_MINIMUM: Final = FaultKind("w:EncodingLimit", 2150858878)
MUST_UNDERSTAND: Final = FaultKind(None, 2150858768, "s:MustUnderstand")
MISSING_HEADER: Final = FaultKind("a:MessageInformationHeaderRequired", 2150858769)
INVALID_HEADER: Final = FaultKind("a:InvalidMessageInformationHeader", 2150858767)
SCHEMA_VALIDATION: Final = FaultKind("w:SchemaValidationError", 2150858817)
INVALID_REPRESENTATION: Final = FaultKind("x:InvalidRepresentation", 2150858817)
UNSUPPORTED_FEATURE: Final = FaultKind("w:UnsupportedFeature", 2150858818)
QUOTA_LIMIT: Final = FaultKind("w:QuotaLimit", 2150858815)
VERSION_MISMATCH: Final = FaultKind(None, 2150858765, "s:VersionMismatch")
WQL_NEEDED: Final = FaultKind("a:DestinationUnreachable", 2150859003)
NO_EPR: Final = FaultKind("w:UnsupportedFeature", 2150858886)
DELIVERY_MODE_UNAVAILABLE: Final = FaultKind("e:DeliveryModeRequestedUnavailable", 2150858782)
INVALID_EXPIRATION_TIME: Final = FaultKind("e:InvalidExpirationTime", 2150858783)
UNSUPPORTED_EXPIRATION_TYPE: Final = FaultKind("e:UnsupportedExpirationType", 2150858784)
FILTERING_UNAVAILABLE: Final = FaultKind("e:FilteringRequestedUnavailable", 2150858786)
SOURCE_UNABLE: Final = FaultKind("e:EventSourceUnableToProcess", 2150858787, "s:Receiver")
UNABLE_TO_RENEW: Final = FaultKind("e:UnableToRenew", 2150858788, "s:Receiver")
INVALID_EVENTING_MESSAGE: Final = FaultKind("e:InvalidMessage", 2150858789)
UNUSABLE_DESTINATION: Final = FaultKind("w:EventDeliverToUnusable", 2150858789)
CANNOT_PROCESS_EVENT_FILTER: Final = FaultKind("w:CannotProcessFilter", 2150858778)
CONCURRENCY: Final = FaultKind("w:Concurrency", 2150858758)


class WsmanError(Exception):
    """A message is answered with a fault.

    Attributes:
        kind: which.
        reason: why, for a person; it names what was wrong.
        detail: the last part of the URI in FaultDetail, or None.
        not_understood: the namespace and name of the header that is not understood, for ``MUST_UNDERSTAND``.
        message_id: that of the message, once it is known; the reply names it.
    """

    message_id: str | None = None

    def __init__(
        self, kind: FaultKind, reason: str, detail: str | None = None, *, not_understood: tuple[str, str] | None = None
    ) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.detail = detail
        self.not_understood = not_understood


class _Meaning(msgspec.Struct, frozen=True):
    kind: FaultKind
    detail: str | None = None


_MEANINGS: Final = {
    CIM_ERR_ACCESS_DENIED: _Meaning(ACCESS_DENIED),
    CIM_ERR_INVALID_NAMESPACE: _Meaning(DESTINATION_UNREACHABLE, "InvalidResourceURI"),
    CIM_ERR_INVALID_CLASS: _Meaning(DESTINATION_UNREACHABLE, "InvalidResourceURI"),
    CIM_ERR_NOT_FOUND: _Meaning(NOT_FOUND),
    CIM_ERR_NOT_SUPPORTED: _Meaning(ACTION_NOT_SUPPORTED),
    CIM_ERR_METHOD_NOT_AVAILABLE: _Meaning(ACTION_NOT_SUPPORTED, "InvalidMethod"),
    CIM_ERR_METHOD_NOT_FOUND: _Meaning(ACTION_NOT_SUPPORTED, "InvalidMethod"),
    CIM_ERR_INVALID_PARAMETER: _Meaning(INVALID_PARAMETER),
    CIM_ERR_TYPE_MISMATCH: _Meaning(INVALID_PARAMETER, "TypeMismatch"),
    CIM_ERR_ALREADY_EXISTS: _Meaning(ALREADY_EXISTS),
    CIM_ERR_INVALID_QUERY: _Meaning(CANNOT_PROCESS_FILTER),
    _QUERY_FEATURE_NOT_SUPPORTED: _Meaning(CANNOT_PROCESS_FILTER),
    CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED: _Meaning(DIALECT_UNAVAILABLE),
    CIM_ERR_INVALID_ENUMERATION_CONTEXT: _Meaning(INVALID_CONTEXT),
    CIM_ERR_SERVER_LIMITS_EXCEEDED: _Meaning(QUOTA_LIMIT),
}


class EnvelopeTooSmallError(CIMError):  # type: ignore[misc] # pywbem has no type information
    """Not even one object fits the envelope that the client takes (rule WM-S-7)."""

    def __init__(self, limit: int) -> None:
        super().__init__(CIM_ERR_SERVER_LIMITS_EXCEEDED, f"the reply does not fit MaxEnvelopeSize, {limit} bytes")


class NoReferenceError(CIMError):  # type: ignore[misc] # pywbem has no type information
    """A row of a query with a select list has no endpoint reference (rule WM-E-8)."""

    def __init__(self) -> None:
        super().__init__(CIM_ERR_NOT_SUPPORTED, "the rows of a query with a select list have no endpoint references")


def fault_of(error: CIMError) -> WsmanError:
    """Return the fault that says what a CIM error says (rules WM-F-10 to WM-F-28)."""
    reason = error.status_description or error.status_code_name
    if isinstance(error, SelectionError):
        if error.unexpected:
            return WsmanError(UNEXPECTED_SELECTORS, reason, "UnexpectedSelectors")
        return WsmanError(INSUFFICIENT_SELECTORS, reason, "InsufficientSelectors")
    if isinstance(error, EnvelopeTooSmallError):
        return WsmanError(ENVELOPE_TOO_SMALL, reason, "MaxEnvelopeSize")
    if isinstance(error, NoReferenceError):
        return WsmanError(NO_EPR, reason)
    meaning = _MEANINGS.get(error.status_code)
    if meaning is None:
        return WsmanError(INTERNAL_ERROR, reason)
    return WsmanError(meaning.kind, reason, meaning.detail)


def action_of(fault: WsmanError) -> str:
    """Return the Action of the reply that carries a fault (rule WM-F-1)."""
    prefix = fault.kind.subcode.partition(":")[0] if fault.kind.subcode else "a"
    return _PREFIX_ACTIONS[prefix]


def render(fault: WsmanError, machine: str, cim_status: int | None = None) -> str:
    """Return the Fault element (rules WM-F-1 to WM-F-3).

    Args:
        fault: what it says.
        machine: the name of the simulated host.
        cim_status: the CIM status code behind it, if there is one.
    """
    kind = fault.kind
    reason = escape(fault.reason, quote=False)
    declared = f' xmlns:e="{EVENTING}"' if kind.subcode and kind.subcode.startswith("e:") else ""
    subcode = f"<s:Subcode><s:Value{declared}>{kind.subcode}</s:Value></s:Subcode>" if kind.subcode else ""
    detail = f"<w:FaultDetail>{FAULT_DETAIL}/{fault.detail}</w:FaultDetail>" if fault.detail else ""
    return (
        f"<s:Fault><s:Code><s:Value>{kind.code}</s:Value>{subcode}</s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{reason}</s:Text></s:Reason>'
        f'<s:Detail>{detail}<f:WSManFault xmlns:f="{FAULT}" Code="{kind.number}" Machine="{escape(machine)}">'
        f"<f:Message>{_provider_fault(reason, cim_status) or reason}</f:Message></f:WSManFault></s:Detail></s:Fault>"
    )


def _provider_fault(reason: str, cim_status: int | None) -> str:
    """Return WMI's own error, for the status whose number clients look for (rules WM-F-3, WM-R-10)."""
    if cim_status != CIM_ERR_INVALID_NAMESPACE:
        return ""
    error = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError"
    return (
        f'<f:ProviderFault provider="WMI Provider"><f:ExtendedError><p:MSFT_WmiError xmlns:p="{error}">'
        f"<p:CIMStatusCode>{cim_status}</p:CIMStatusCode><p:Message>{reason}</p:Message>"
        f"<p:error_Code>{_WMI_INVALID_NAMESPACE}</p:error_Code></p:MSFT_WmiError></f:ExtendedError></f:ProviderFault>"
    )
