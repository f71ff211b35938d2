"""Names and paths as XML text: CLASSNAME, INSTANCENAME, and what puts them into a namespace and on a host."""

from typing import Any, Final

from cimsim.cimxml.encode.scalar_writer import SCALARS
from cimsim.cimxml.encode.xml_escape import escape_attribute, escape_text
from cimsim.world.paths import InstancePath
from cimsim.world.values import DateTime

VALUE_TYPES: Final = {"string": "string", "char16": "string", "datetime": "string", "boolean": "boolean"}
"""The VALUETYPE of keys by CIM type; that of all others is ``numeric`` (rule D17)."""


def class_name(name: str) -> str:
    """Return a CLASSNAME."""
    return f'<CLASSNAME NAME="{escape_attribute(name)}"/>'


def local_namespace_path(namespace: str) -> str:
    """Return a LOCALNAMESPACEPATH with one NAMESPACE for each component (rule M15)."""
    names = "".join([f'<NAMESPACE NAME="{escape_attribute(name)}"/>' for name in namespace.split("/") if name])
    return f"<LOCALNAMESPACEPATH>{names}</LOCALNAMESPACEPATH>"


def namespace_path(host: str, namespace: str) -> str:
    """Return a NAMESPACEPATH (rule M16)."""
    return f"<NAMESPACEPATH><HOST>{escape_text(host)}</HOST>{local_namespace_path(namespace)}</NAMESPACEPATH>"


def key_start(name: str, cim_type: str) -> str:
    """Return what comes before the text of a key, with both VALUETYPE and TYPE (rule D17)."""
    valuetype = VALUE_TYPES.get(cim_type, "numeric")
    return f'<KEYBINDING NAME="{escape_attribute(name)}"><KEYVALUE VALUETYPE="{valuetype}" TYPE="{cim_type}">'


KEY_END: Final = "</KEYVALUE></KEYBINDING>"


def instance_name(path: InstancePath) -> str:
    """Return the INSTANCENAME of a path; keys without a type are typed as their values are."""
    types = path.types or (None,) * len(path.keys)
    keys = "".join([_key(name, value, cim_type) for (name, value), cim_type in zip(path.keys, types, strict=True)])
    return f'<INSTANCENAME CLASSNAME="{escape_attribute(path.classname)}">{keys}</INSTANCENAME>'


def reference(path: InstancePath) -> str:
    """Return what stands inside VALUE.REFERENCE: LOCALINSTANCEPATH on this server, INSTANCEPATH on another (rule D16)."""
    name = instance_name(path)
    if path.namespace is None:
        return name
    if path.host is None:
        return f"<LOCALINSTANCEPATH>{local_namespace_path(path.namespace)}{name}</LOCALINSTANCEPATH>"
    return f"<INSTANCEPATH>{namespace_path(path.host, path.namespace)}{name}</INSTANCEPATH>"


def reference_key(name: str, path: InstancePath) -> str:
    """Return the KEYBINDING of a key that is a reference (rule D22)."""
    return f"{reference_key_start(name)}{reference(path)}{REFERENCE_KEY_END}"


def reference_key_start(name: str) -> str:
    """Return what comes before the path in the KEYBINDING of a reference."""
    return f'<KEYBINDING NAME="{escape_attribute(name)}"><VALUE.REFERENCE>'


REFERENCE_KEY_END: Final = "</VALUE.REFERENCE></KEYBINDING>"


def _key(name: str, value: Any, cim_type: str | None) -> str:
    if isinstance(value, InstancePath):
        return reference_key(name, value)
    known = cim_type or _type(value)
    return f"{key_start(name, known)}{SCALARS[known](value)}{KEY_END}"


def _type(value: Any) -> str:
    """Return a CIM type for a key value: of a number without one, a type that has room for it (rules D17, VR-5)."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, DateTime):
        return "datetime"
    if isinstance(value, str):
        return "string"
    cim_type: str | None = getattr(value, "cimtype", None)
    if cim_type is None:
        return "real64" if isinstance(value, float) else "uint64" if value >= 0 else "sint64"
    return cim_type
