"""The names of WS-Management: namespaces with the prefixes that replies use (rule WM-X-1), actions, dialects, fault details."""

from typing import Final

SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
SOAP_11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
ADDRESSING: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
ENUMERATION: Final = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
TRANSFER: Final = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
WSMAN: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
BINDING: Final = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"
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
UNSUPPORTED_ACTIONS: Final = frozenset({f"{ENUMERATION}/Renew", f"{ENUMERATION}/GetStatus"})
ACTIONS: Final = (GET, PUT, CREATE, DELETE, ENUMERATE, PULL, RELEASE)

WQL: Final = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
CQL: Final = "http://schemas.dmtf.org/wbem/cql/1/dsp0202.pdf"
SELECTOR_FILTER: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter"
ASSOCIATION_FILTER: Final = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter"

FAULT_DETAIL: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail"
WSMAN_FAULT_ACTION: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"

PREFIXES: Final = {"s": SOAP, "a": ADDRESSING, "n": ENUMERATION, "w": WSMAN, "x": TRANSFER}
"""What every reply declares on its Envelope, beside ``xsi``; no other prefix stands for these (rule WM-X-1)."""
