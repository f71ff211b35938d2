"""From the bytes of a body to a message: the envelope, the call and its arguments.

Checks run in the order of rule HE17, the first that fails gives the answer. What is wrong with the message is a MessageError;
what is wrong with the request it carries is for the operation to say (rule HE18).
"""

import re
from typing import Any, Final

from cimsim.cimxml.cim_headers import CimHeaders
from cimsim.cimxml.decode import common_shapes
from cimsim.cimxml.decode.class_reader import ClassReader
from cimsim.cimxml.decode.element_checks import (
    EMBEDDED,
    NOTHING,
    ONLY_NAME,
    attributes,
    children,
    expect,
    not_valid,
    only_child,
    optional_child,
    read_embedding,
    unexpected,
)
from cimsim.cimxml.decode.header_matching import check_method, check_object
from cimsim.cimxml.decode.instance_reader import InstanceReader, read_array, read_scalar
from cimsim.cimxml.decode.message_limits import MessageLimits
from cimsim.cimxml.decode.own_host import DEFAULT_HOST
from cimsim.cimxml.decode.path_reader import PathReader
from cimsim.cimxml.decode.tolerances import NO_TOLERANCES, Tolerances
from cimsim.cimxml.decode.xml_parser import Element, XmlParser
from cimsim.cimxml.message import (
    HEADER_MISMATCH,
    UNSUPPORTED_CIM_VERSION,
    UNSUPPORTED_DTD_VERSION,
    UNSUPPORTED_PROTOCOL_VERSION,
    Message,
    MessageError,
)
from cimsim.operations.request import Argument, ExtrinsicRequest, IntrinsicRequest, Request
from cimsim.world.names import fold
from cimsim.world.values import SCALAR_TYPES, Malformed

_VERSIONS: Final = frozenset({"CIMVERSION", "DTDVERSION"})
_MESSAGE: Final = frozenset({"ID", "PROTOCOLVERSION"})
_PARAMVALUE_OPTIONS: Final = EMBEDDED | {"PARAMTYPE"}
_MAJOR_2: Final = re.compile(r"2\.[0-9]+(?:\.[0-9]+)?")
_MAJOR_1: Final = re.compile(r"1\.[0-9]+")
_BLANKS: Final = b" \t\r\n"
_NAMELESS: Final = frozenset({"enumerateclasses", "enumerateclassnames"})
_PARAMTYPES: Final = SCALAR_TYPES | {"reference", "instance", "object"}


class EmbeddedReader:
    """Returns the objects that texts of one call embed, up to a length in all: it is called where other clients wait."""

    def __init__(self, instances: InstanceReader, limits: MessageLimits) -> None:
        self._instances = instances
        self._left = limits.embedded_length

    def __call__(self, text: str) -> Any:
        """Return the object that a text embeds, as ``InstanceReader.embedded`` does."""
        self._left -= len(text)
        if self._left < 0:
            return Malformed("the embedded objects of the call are too long")
        return self._instances.embedded(text)


class Decoder:
    """Decodes request messages. Keeps nothing between messages; not for use by several threads at once.

    Args:
        limits: on messages.
        host: that of the paths in our answers, which names this server in a reference (see ``own_host``).
        tolerances: which malformed messages are accepted all the same.
    """

    def __init__(
        self, limits: MessageLimits | None = None, host: str = DEFAULT_HOST, tolerances: Tolerances = NO_TOLERANCES
    ) -> None:
        limits = limits or MessageLimits()
        self._limits = limits
        self._tolerances = tolerances
        self._max_common = common_shapes.max_length(limits)
        self._parser = XmlParser(limits)
        self._paths = PathReader(limits, host, tolerances)
        self._classes = ClassReader(limits, self._paths)
        self._instances = InstanceReader(limits, self._parser, self._paths, self._classes)

    def embedded(self, text: str) -> Any:
        """Return the instance or class that a text embeds (rule D24), else a ``Malformed`` that says what is wrong."""
        return self._instances.embedded(text)

    def decode(self, body: bytes, headers: CimHeaders) -> Message:
        """Return the message of a body whose headers have passed ``check_headers``.

        Raises:
            MessageError: request-not-well-formed (HE6), request-not-valid (HE5, HE12), unsupported-cim-version (HE3),
                unsupported-dtd-version (HE4), unsupported-protocol-version (HC12), header-mismatch (HC7 to HC13).
        """
        self._paths.called = headers.host
        if self._tolerances.leading_blanks:
            body = body.lstrip(_BLANKS)
        try:
            if len(body) <= self._max_common and headers.batch is None:
                message = self._common(body, headers)
                if message is not None:
                    return message
            return self._message(self._parser.parse(body), headers)
        except MessageError:
            self._parser.spoil(len(body))
            raise

    def _common(self, body: bytes, headers: CimHeaders) -> Message | None:
        """Return the message of a body that has no more than common shapes in it, None for any other; raises as ``decode``."""
        common = common_shapes.read(body)
        if common is None or headers.protocol_version not in (None, common.protocol):
            return None
        name, namespace, target = common.name, common.namespace, common.target
        check_method(headers, name)
        check_object(headers, namespace, target)
        if target is None:
            return Message(common.id, IntrinsicRequest(name, namespace, common.arguments))
        embedded = EmbeddedReader(self._instances, self._limits)
        return Message(common.id, ExtrinsicRequest(name, namespace, target, common.arguments, embedded))

    def _message(self, root: Element, headers: CimHeaders) -> Message:
        if root.tag != "CIM":
            raise not_valid(f"the root element is {root.tag}, not CIM")
        versions = attributes(root, _VERSIONS)
        if not _MAJOR_2.fullmatch(versions["CIMVERSION"]):
            raise MessageError(UNSUPPORTED_CIM_VERSION, f"CIMVERSION {versions['CIMVERSION']!r} is not 2.x")
        if not _MAJOR_2.fullmatch(versions["DTDVERSION"]):
            raise MessageError(UNSUPPORTED_DTD_VERSION, f"DTDVERSION {versions['DTDVERSION']!r} is not 2.x")
        message = expect(only_child(root), "MESSAGE", root)
        found = attributes(message, _MESSAGE)
        protocol = found["PROTOCOLVERSION"]
        if headers.protocol_version is not None and headers.protocol_version != protocol:
            raise MessageError(
                HEADER_MISMATCH, f"CIMProtocolVersion is {headers.protocol_version!r}, but PROTOCOLVERSION {protocol!r}"
            )
        if not _MAJOR_1.fullmatch(protocol):
            raise MessageError(UNSUPPORTED_PROTOCOL_VERSION, f"PROTOCOLVERSION {protocol!r} is not 1.x")
        only = only_child(message)
        if only.tag != "MULTIREQ":
            if headers.batch is not None:
                expect(only, "SIMPLEREQ", message)
                raise MessageError(HEADER_MISMATCH, "header CIMBatch without MULTIREQ")
            return Message(found["ID"], self._request(message, only, headers))
        if headers.batch is None and headers.matched:
            raise MessageError(HEADER_MISMATCH, "MULTIREQ without header CIMBatch")
        first, *further = self._requests(only, headers)
        return Message(found["ID"], first, tuple(further))

    def _requests(self, batch: Element, headers: CimHeaders) -> list[Request]:
        attributes(batch, NOTHING)
        found = children(batch)
        if not 2 <= len(found) <= self._limits.batch:
            raise not_valid(f"MULTIREQ with {len(found)} requests; 2 to {self._limits.batch} are allowed")
        return [self._request(batch, single, headers) for single in found]

    def _request(self, parent: Element, single: Element, headers: CimHeaders) -> Request:
        attributes(expect(single, "SIMPLEREQ", parent), NOTHING)
        # A CORRELATOR is the client's own affair (rule M14).
        calls = [child for child in children(single) if child.tag != "CORRELATOR"]
        if len(calls) != 1:
            raise not_valid(f"SIMPLEREQ with {len(calls)} calls instead of one")
        call = calls[0]
        if call.tag == "IMETHODCALL":
            return self._intrinsic(call, headers)
        if call.tag == "METHODCALL":
            return self._extrinsic(call, headers)
        raise unexpected(single, call)

    def _intrinsic(self, call: Element, headers: CimHeaders) -> IntrinsicRequest:
        name, found = self._call(call, headers)
        namespace = self._paths.local_namespace(expect(found[0], "LOCALNAMESPACEPATH", call))
        if headers.batch is None:
            check_object(headers, namespace, None)
        nameless = self._tolerances.nameless_class and fold(name) in _NAMELESS
        arguments = [self._iparamvalue(expect(child, "IPARAMVALUE", call), nameless) for child in found[1:]]
        return IntrinsicRequest(name, namespace, tuple(arguments))

    def _extrinsic(self, call: Element, headers: CimHeaders) -> ExtrinsicRequest:
        name, found = self._call(call, headers)
        namespace, target = self._paths.target(found[0])
        if headers.batch is None:
            check_object(headers, namespace, target)
        arguments = [self._paramvalue(expect(child, "PARAMVALUE", call)) for child in found[1:]]
        return ExtrinsicRequest(name, namespace, target, tuple(arguments), EmbeddedReader(self._instances, self._limits))

    def _call(self, call: Element, headers: CimHeaders) -> tuple[str, list[Element]]:
        """Return name and children of a call, at least one."""
        name = self._paths.name(attributes(call, ONLY_NAME)["NAME"])
        if headers.batch is None:
            check_method(headers, name)
        found = children(call)
        if not found:
            raise not_valid(f"{call.tag} without a target")
        if len(found) > 1 + self._limits.parameters:
            raise not_valid(f"{call.tag} with {len(found) - 1} parameters")
        return name, found

    def _iparamvalue(self, element: Element, nameless: bool) -> Argument:
        name = self._paths.name(attributes(element, ONLY_NAME)["NAME"])
        child = optional_child(element)
        if nameless and child is not None and child.tag == "CLASSNAME" and not child.get("NAME", "missing"):
            child = None
        return Argument(name, None if child is None else self._intrinsic_value(element, child))

    def _intrinsic_value(self, parent: Element, element: Element) -> Any:
        match element.tag:
            case "VALUE":
                return read_scalar(element)
            case "INSTANCENAME":
                return self._paths.instance_name(element)
            case "CLASSNAME":
                return self._paths.class_name(element)
            case "VALUE.ARRAY":
                return read_array(element, self._limits.array_items)
            case "VALUE.REFERENCE":
                return self._paths.reference(element)
            case "INSTANCE":
                return self._instances.instance(element)
            case "VALUE.NAMEDINSTANCE":
                return self._instances.named_instance(element)
            case "CLASS":
                return self._classes.cim_class(element)
            case "QUALIFIER.DECLARATION":
                return self._classes.qualifier_declaration(element)
            case "CLASSPATH" | "LOCALCLASSPATH":
                # Not in the DTD; but what is not a class name is a CIM error (rule OP-GC-5).
                return self._paths.class_path(element)
        raise unexpected(parent, element)

    def _paramvalue(self, element: Element) -> Argument:
        found = attributes(element, ONLY_NAME, _PARAMVALUE_OPTIONS)
        name = self._paths.name(found["NAME"])
        cim_type = found.get("PARAMTYPE")
        if cim_type is not None and cim_type not in _PARAMTYPES:
            raise not_valid(f"PARAMVALUE with PARAMTYPE {cim_type!r}")
        embedded = read_embedding(element, found) is not None or cim_type in {"instance", "object"}
        child = optional_child(element)
        return Argument(name, None if child is None else self._extrinsic_value(element, child, embedded), cim_type)

    def _extrinsic_value(self, parent: Element, element: Element, embedded: bool) -> Any:
        match element.tag:
            case "VALUE":
                value = read_scalar(element)
                return self._instances.embedded(value) if embedded else value
            case "VALUE.ARRAY":
                read = self._embedded_item if embedded else read_scalar
                return read_array(element, self._limits.array_items, read=read)
            case "VALUE.REFERENCE":
                return self._paths.reference(element)
            case "VALUE.REFARRAY":
                return read_array(element, self._limits.array_items, "VALUE.REFERENCE", self._paths.reference)
            case "CLASSNAME":
                return self._paths.class_name(element)
            case "INSTANCENAME":
                return self._paths.instance_name(element)
            case "INSTANCE":
                return self._instances.instance(element)
            case "VALUE.NAMEDINSTANCE":
                return self._instances.named_instance(element).instance
            case "CLASS":
                return self._classes.cim_class(element)
        raise unexpected(parent, element)

    def _embedded_item(self, element: Element) -> Any:
        return self._instances.embedded(read_scalar(element))
