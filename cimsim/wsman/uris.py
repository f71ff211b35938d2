"""The names of WS-Management: namespaces with the prefixes that replies use (rule WM-X-1), actions, dialects, fault details."""

from typing import Final

SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
SOAP_11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
ADDRESSING: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
ENUMERATION: Final = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
TRANSFER: Final = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
WSMAN: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
BINDING: Final = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"
EVENTING: Final = "http://schemas.xmlsoap.org/ws/2004/08/eventing"
COMMON: Final = "http://schemas.dmtf.org/wbem/wscim/1/common"
MICROSOFT: Final = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
FAULT: Final = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
IDENTITY: Final = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"

ANONYMOUS: Final = f"{ADDRESSING}/role/anonymous"

GET: Final = f"{TRANSFER}/Get"
PUT: Final = f"{TRANSFER}/Put"
CREATE: Final = f"{TRANSFER}/Create"
DELETE: Final = f"{TRANSFER}/Delete"
ENUMERATE: Final = f"{ENUMERATION}/Enumerate"
PULL: Final = f"{ENUMERATION}/Pull"
RELEASE: Final = f"{ENUMERATION}/Release"
SUBSCRIBE: Final = f"{EVENTING}/Subscribe"
RENEW: Final = f"{EVENTING}/Renew"
GET_STATUS: Final = f"{EVENTING}/GetStatus"
UNSUBSCRIBE: Final = f"{EVENTING}/Unsubscribe"
SUBSCRIPTION_END: Final = f"{EVENTING}/SubscriptionEnd"
_MANAGEMENT: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman"
EVENT: Final = f"{_MANAGEMENT}/Event"
EVENTS: Final = f"{_MANAGEMENT}/Events"
HEARTBEAT: Final = f"{_MANAGEMENT}/Heartbeat"
DROPPED_EVENTS: Final = f"{_MANAGEMENT}/DroppedEvents"
ACK: Final = f"{_MANAGEMENT}/Ack"
PUSH_MODE: Final = f"{EVENTING}/DeliveryModes/Push"
PUSH_WITH_ACK_MODE: Final = f"{_MANAGEMENT}/PushWithAck"
EVENTS_MODE: Final = f"{_MANAGEMENT}/Events"
PULL_MODE: Final = f"{_MANAGEMENT}/Pull"
ACTIONS: Final = (GET, PUT, CREATE, DELETE, ENUMERATE, PULL, RELEASE)

WQL: Final = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
CQL: Final = "http://schemas.dmtf.org/wbem/cql/1/dsp0202.pdf"
SELECTOR_FILTER: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter"
ASSOCIATION_FILTER: Final = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter"

FAULT_DETAIL: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail"
WSMAN_FAULT_ACTION: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"

PREFIXES: Final = {"s": SOAP, "a": ADDRESSING, "n": ENUMERATION, "w": WSMAN, "x": TRANSFER}
"""What every reply declares on its Envelope, beside ``xsi``; no other prefix stands for these (rule WM-X-1)."""
