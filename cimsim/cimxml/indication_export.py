"""Export messages: an indication for a listener, and the listener's answer (rules I15 to I18, M1, M2)."""

from typing import Final

from cimsim.cimxml.decode.message_limits import MessageLimits
from cimsim.cimxml.decode.xml_parser import Element, XmlParser
from cimsim.cimxml.encode.instance_writer import bare_instance
from cimsim.cimxml.encode.xml_escape import escape_attribute
from cimsim.cimxml.message import MessageError
from cimsim.operations.results import Projection
from cimsim.world.instances import Instance

METHOD: Final = "ExportIndication"
CONTENT_TYPE: Final = 'application/xml; charset="utf-8"'
PROTOCOL_VERSION: Final = "1.0"

_START: Final = '<?xml version="1.0" encoding="utf-8" ?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="'
_CALL: Final = (
    f'" PROTOCOLVERSION="{PROTOCOL_VERSION}"><SIMPLEEXPREQ><EXPMETHODCALL NAME="{METHOD}"><EXPPARAMVALUE NAME="NewIndication">'
)
_END: Final = b"</EXPPARAMVALUE></EXPMETHODCALL></SIMPLEEXPREQ></MESSAGE></CIM>\n"
_LIMITS: Final = MessageLimits(elements=1000, attributes=1000, tag_length=16384)
_MAX_SHOWN: Final = 200


class ExportError(Exception):
    """A listener refused an indication, or its answer is not valid. The text says why; it may quote what the listener sent."""


def export_payload(indication: Instance, columns: Projection | None = None) -> bytes:
    """Return the INSTANCE of an indication, which all its listeners get; ``columns`` None shows all of it."""
    return bare_instance(indication, columns)


def export_message(identifier: str, payload: bytes) -> bytes:
    """Return the message that brings a payload to a listener (rule I16)."""
    return b"".join((f"{_START}{escape_attribute(identifier)}{_CALL}".encode(), payload, _END))


def check_reply(body: bytes, identifier: str) -> None:
    """Check that a listener has accepted the indication of the message with this ID.

    Raises:
        ExportError: it has not (rule I17).
    """
    try:
        message = _child(XmlParser(_LIMITS).parse(body), "CIM", "MESSAGE")
        response = _child(_child(message, "MESSAGE", "SIMPLEEXPRSP"), "SIMPLEEXPRSP", "EXPMETHODRESPONSE")
    except MessageError as error:
        raise ExportError(f"the answer is not CIM-XML: {error.detail[:_MAX_SHOWN]}") from None
    if message.get("ID") != identifier:
        raise ExportError(f"the answer is to message {str(message.get('ID'))[:_MAX_SHOWN]!r}, not to {identifier!r}")
    if response.get("NAME") != METHOD:
        raise ExportError(f"the answer is to method {str(response.get('NAME'))[:_MAX_SHOWN]!r}")
    refusal = response.find("ERROR")
    if refusal is not None:
        description = str(refusal.get("DESCRIPTION") or "")[:_MAX_SHOWN]
        raise ExportError(f"the listener refused it with {str(refusal.get('CODE'))[:_MAX_SHOWN]}: {description!r}")


def _child(element: Element, tag: str, child: str) -> Element:
    """Return the one child of an element, which both must have these names."""
    if element.tag != tag or len(element) != 1 or element[0].tag != child:
        raise ExportError(f"the answer has no {child} where one belongs")
    return element[0]
