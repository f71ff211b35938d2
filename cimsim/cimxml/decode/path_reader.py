"""Names and paths: INSTANCENAME, CLASSNAME and what puts them into a namespace and on a host."""

from typing import Any, Final

from cimsim.cimxml.decode.element_checks import (
    NOTHING,
    ONLY_NAME,
    attributes,
    children,
    expect,
    identifier,
    no_children,
    not_valid,
    only_child,
    text_of,
    unexpected,
)
from cimsim.cimxml.decode.message_limits import MessageLimits
from cimsim.cimxml.decode.own_host import DEFAULT_HOST, is_own_host
from cimsim.cimxml.decode.tolerances import NO_TOLERANCES, Tolerances
from cimsim.cimxml.decode.xml_parser import Element
from cimsim.operations.request import ClassName, ClassPath
from cimsim.world.paths import InstancePath
from cimsim.world.values import SCALAR_TYPES, Hinted, Untyped

_ONLY_CLASSNAME: Final = frozenset({"CLASSNAME"})
_KEYVALUE: Final = frozenset({"VALUETYPE", "TYPE"})
_VALUETYPES: Final = frozenset({"string", "boolean", "numeric"})

Reference = InstancePath | ClassName | ClassPath


class PathReader:
    """Reads names and paths. Every method raises MessageError, request-not-valid, for what breaks the DTD or the limits.

    Args:
        limits: on paths.
        host: that of the paths in our answers, which names this server in a reference (see ``own_host``).
        tolerances: which malformed paths are accepted all the same.

    Attributes:
        called: the header Host of the message that is read.
    """

    def __init__(self, limits: MessageLimits, host: str = DEFAULT_HOST, tolerances: Tolerances = NO_TOLERANCES) -> None:
        self._limits = limits
        self._longest = limits.name_length
        self._host = host
        self._valuetypes = _VALUETYPES | SCALAR_TYPES if tolerances.cim_value_types else _VALUETYPES
        self.called: str | None = None

    def name(self, text: str) -> str:
        """Return a CIM name (rule D30)."""
        return identifier(text, self._longest)

    def local_namespace(self, element: Element) -> str:
        """Return the namespace of a LOCALNAMESPACEPATH, its parts joined with slashes (rule M15)."""
        attributes(element, NOTHING)
        names = []
        for child in children(element):
            if child.tag != "NAMESPACE":
                raise unexpected(element, child)
            name = attributes(child, ONLY_NAME)["NAME"]
            no_children(child)
            if not name or len(name) > self._longest:
                raise not_valid(f"NAMESPACE with a NAME of {len(name)} characters")
            names.append(name)
        if not names:
            raise not_valid("LOCALNAMESPACEPATH without NAMESPACE")
        return "/".join(names)

    def class_name(self, element: Element) -> ClassName:
        """Return the class of a CLASSNAME."""
        no_children(element)
        return ClassName(self.name(attributes(element, ONLY_NAME)["NAME"]))

    def instance_name(self, element: Element, namespace: str | None = None, host: str | None = None) -> InstancePath:
        """Return the path of an INSTANCENAME; its key values stay text (rules D18 to D22)."""
        return self._instance_name(element, namespace, host, self._limits.path_depth)

    def _instance_name(self, element: Element, namespace: str | None, host: str | None, depth: int) -> InstancePath:
        classname = self.name(attributes(element, _ONLY_CLASSNAME)["CLASSNAME"])
        found = children(element)
        if len(found) > self._limits.key_bindings:
            raise not_valid(f"INSTANCENAME with {len(found)} keys")
        if len(found) == 1 and found[0].tag != "KEYBINDING":
            return InstancePath(classname, (("", self._key(element, found[0], depth)),), namespace, host)
        keys = []
        for binding in found:
            if binding.tag != "KEYBINDING":
                raise unexpected(element, binding)
            name = self.name(attributes(binding, ONLY_NAME)["NAME"])
            keys.append((name, self._key(binding, only_child(binding), depth)))
        return InstancePath(classname, tuple(keys), namespace, host)

    def _key(self, parent: Element, element: Element, depth: int) -> Any:
        if element.tag == "KEYVALUE":
            return self._key_value(element)
        if element.tag != "VALUE.REFERENCE":
            raise unexpected(parent, element)
        if depth == 0:
            raise not_valid(f"references as keys nest deeper than {self._limits.path_depth}")
        reference = self._reference(element, depth - 1)
        if not isinstance(reference, InstancePath):
            raise not_valid("a key that refers to a class")
        return reference

    def _key_value(self, element: Element) -> Untyped:
        """Return the text of a KEYVALUE; where VALUETYPE or TYPE says more than that it is one, with that (rules D18, D19)."""
        found = attributes(element, NOTHING, _KEYVALUE)
        kind = found.get("VALUETYPE", "string")
        if kind not in self._valuetypes:
            raise not_valid(f"KEYVALUE with VALUETYPE {kind!r}")
        # A TYPE that is empty or none is as good as absent.
        hint = found.get("TYPE")
        if hint not in SCALAR_TYPES:
            hint = kind
        return Untyped(text_of(element)) if hint == "string" else Hinted(text_of(element), hint)

    def reference(self, element: Element) -> Reference:
        """Return what a VALUE.REFERENCE refers to (rule X9)."""
        return self._reference(element, self._limits.path_depth)

    def _reference(self, element: Element, depth: int) -> Reference:
        attributes(element, NOTHING)
        child = only_child(element)
        match child.tag:
            case "INSTANCENAME":
                return self._instance_name(child, None, None, depth)
            case "LOCALINSTANCEPATH" | "INSTANCEPATH":
                namespace, host, name = self._located(child, "INSTANCENAME")
                if host is not None and is_own_host(host, self.called, self._host):
                    host = None
                return self._instance_name(name, namespace, host, depth)
            case "CLASSNAME":
                return self.class_name(child)
            case "LOCALCLASSPATH" | "CLASSPATH":
                return self.class_path(child)
        raise unexpected(element, child)

    def class_path(self, element: Element) -> ClassPath:
        """Return the class of a LOCALCLASSPATH or CLASSPATH."""
        namespace, host, name = self._located(element, "CLASSNAME")
        return ClassPath(self.class_name(name), namespace, host)

    def target(self, element: Element) -> tuple[str, InstancePath | ClassName]:
        """Return namespace and target of the LOCALINSTANCEPATH or LOCALCLASSPATH of a METHODCALL (rule X1)."""
        if element.tag == "LOCALINSTANCEPATH":
            namespace, _, name = self._located(element, "INSTANCENAME")
            return namespace, self.instance_name(name)
        if element.tag == "LOCALCLASSPATH":
            namespace, _, name = self._located(element, "CLASSNAME")
            return namespace, self.class_name(name)
        raise not_valid(f"METHODCALL with {element.tag} as its target")

    def _located(self, element: Element, tag: str) -> tuple[str, str | None, Element]:
        """Return namespace, host and name element of a path with a namespace, and with a host unless it is a local one."""
        attributes(element, NOTHING)
        found = children(element)
        if len(found) != 2:
            raise not_valid(f"{element.tag} with {len(found)} children instead of two")
        place, name = found
        expect(name, tag, element)
        if element.tag.startswith("LOCAL"):
            return self.local_namespace(expect(place, "LOCALNAMESPACEPATH", element)), None, name
        attributes(expect(place, "NAMESPACEPATH", element), NOTHING)
        parts = children(place)
        if len(parts) != 2:
            raise not_valid(f"NAMESPACEPATH with {len(parts)} children instead of two")
        attributes(expect(parts[0], "HOST", place), NOTHING)
        host = text_of(parts[0]).strip()
        return self.local_namespace(expect(parts[1], "LOCALNAMESPACEPATH", place)), host or None, name
