"""What every response body must be, whatever was asked: valid by our DTD, and readable by the strictest clients.

A broken rule raises an AssertionError that begins with its identifier.
"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

from lxml import etree

from tests.replies.lexical import check_literal
from tests.replies.operations import check_response

_DECLARATION: Final = b'<?xml version="1.0" encoding="utf-8" ?>'
_MAY_CLOSE_ITSELF: Final = frozenset({"CLASSNAME", "NAMESPACE", "ERROR", "SCOPE", "VALUE.NULL"})
_EMBEDDED: Final = {"instance": {"INSTANCE"}, "object": {"INSTANCE", "CLASS"}}
_UNIQUE_NAMES: Final = {
    "INSTANCE": ("PROPERTY", "PROPERTY.ARRAY", "PROPERTY.REFERENCE"),
    "CLASS": ("PROPERTY", "PROPERTY.ARRAY", "PROPERTY.REFERENCE"),
    "METHOD": ("PARAMETER", "PARAMETER.ARRAY", "PARAMETER.REFERENCE", "PARAMETER.REFARRAY"),
    "INSTANCENAME": ("KEYBINDING",),
    "METHODRESPONSE": ("PARAMVALUE",),
    "IMETHODRESPONSE": ("PARAMVALUE",),
}
_NAMES: Final = frozenset({"NAME", "CLASSNAME", "SUPERCLASS", "CLASSORIGIN", "REFERENCECLASS"})
_NAME: Final = re.compile(r"[A-Za-z_\u0080-\uffef][A-Za-z0-9_\u0080-\uffef]*")
_NUMERIC: Final = re.compile(r"[us]int\d+|real\d+")


def check_reply(reply: bytes) -> None:
    """Assert that a reply is one that every known client can read, and fits the operation that it names."""
    for response in check_message(reply).iter("METHODRESPONSE", "IMETHODRESPONSE"):
        check_response(response)


def check_message(reply: bytes) -> Any:
    """Assert that a message is one that every known client can read, whatever operation it names; return its root."""
    assert reply.startswith(_DECLARATION), "M11"
    _check_bytes(reply.removeprefix(_DECLARATION))
    message = etree.fromstring(reply)
    check_element(message)
    _check_versions(message)
    return message


def check_element(root: Any) -> None:
    """Assert that an element is valid by the DTD, in its values, names and paths, and so is what is embedded in it."""
    dtd = _dtd()
    assert dtd.validate(root), f"D, CP1, CW1, CJ1: {dtd.error_log}"
    for element in root.iter():
        _check_names(element)
    _check_values(root)
    _check_paths(root)


@cache
def _dtd() -> Any:
    with (Path(__file__).parent / "response.dtd").open("rb") as text:
        return etree.DTD(text)


def _check_bytes(body: bytes) -> None:
    assert not re.search(rb"<[!?]|xmlns", body), "M12"
    tags = re.findall(rb"<[A-Z][^<>]*>", body)
    closed = {tag.split()[0].strip(b"</>").decode() for tag in tags if tag.endswith(b"/>")}
    assert closed <= _MAY_CLOSE_ITSELF, f"M13: {closed - _MAY_CLOSE_ITSELF}"
    assert not [tag for tag in tags if re.search(rb"[\r\n\t]", tag)], "D27"
    assert b"\r" not in body, "D1"


def _check_versions(message: Any) -> None:
    assert re.fullmatch(r"2\.\d+(\.\d+)?", message.get("CIMVERSION")), "M3"
    assert re.fullmatch(r"2\.\d+(\.\d+)?", message.get("DTDVERSION")), "M3"
    assert re.fullmatch(r"1\.\d+", message[0].get("PROTOCOLVERSION")), "M3"


def _check_names(element: Any) -> None:
    """Check that names are CIM identifiers and stand once in an element (rules D30, D31)."""
    if element.tag not in {"METHODRESPONSE", "IMETHODRESPONSE", "NAMESPACE"}:
        for attribute, name in element.items():
            if attribute in _NAMES:
                assert _NAME.fullmatch(name), f"D30: {element.tag} {attribute}={name!r}"
    together = _UNIQUE_NAMES.get(element.tag, ())
    seen = set()
    for child in element:
        group = element.tag if child.tag in together else child.tag
        if group != child.tag or group in {"METHOD", "QUALIFIER"}:
            name = group, child.get("NAME").lower()
            assert name not in seen, f"D31: {element.tag} {name}"
            seen.add(name)


def _check_values(root: Any) -> None:
    """Check every literal against its type (rules D3 to D11), and embedded objects as what they are (rules D24, CJ3)."""
    for element in root.iter("PROPERTY", "PROPERTY.ARRAY", "QUALIFIER", "QUALIFIER.DECLARATION", "PARAMVALUE", "RETURNVALUE"):
        cim_type = element.get("TYPE") or element.get("PARAMTYPE")
        if cim_type is None:
            assert element.get("NAME") == "QueryResultClass", "X12, PL-22"
            continue
        texts = [value.text or "" for value in _literals(element)]
        embedded = element.get("EmbeddedObject")
        if embedded:
            assert cim_type == "string", "D24"
            for text in texts:
                _check_embedded(text, embedded)
        elif cim_type == "reference":
            assert not texts, "X9"
        else:
            assert not list(element.iterchildren("VALUE.REFERENCE", "VALUE.REFARRAY")), "X9"
            for text in texts:
                check_literal(text, cim_type)
        size = element.get("ARRAYSIZE")
        assert size is None or len(texts) <= int(size), "D14"
    for key in root.iter("KEYVALUE"):
        _check_key(key)


def _check_key(key: Any) -> None:
    cim_type, kind = key.get("TYPE"), key.get("VALUETYPE")
    if cim_type is None:
        # The class of what a reference refers to need not be known here, and a number does not tell its type.
        assert kind == "numeric" and next(key.iterancestors("VALUE.REFERENCE"), None) is not None, "D17, VR-5"
        return
    assert kind == ("numeric" if _NUMERIC.fullmatch(cim_type) else "boolean" if cim_type == "boolean" else "string"), "D17"
    check_literal(key.text or "", cim_type)


def _literals(element: Any) -> Iterable[Any]:
    for child in element:
        if child.tag == "VALUE":
            yield child
        elif child.tag == "VALUE.ARRAY":
            yield from child.iterchildren("VALUE")


def _check_embedded(text: str, kind: str) -> None:
    assert not text.startswith("<?"), "D24"
    _check_bytes(text.encode())
    embedded = etree.fromstring(text)
    assert embedded.tag in _EMBEDDED[kind], "D24, CJ3"
    check_element(embedded)


def _check_paths(root: Any) -> None:
    assert all(name.get("NAME") and "/" not in name.get("NAME") for name in root.iter("NAMESPACE")), "M15"
    assert all(
        host.text and re.fullmatch(r"\[[\da-fA-F:.]+\](:\d+)?|[^\s:/]+(:\d+)?", host.text) for host in root.iter("HOST")
    ), "M16, D34"
    for binding in root.iter("KEYBINDING"):
        for reference in binding.iterchildren("VALUE.REFERENCE"):
            assert reference[0].tag in {"INSTANCEPATH", "LOCALINSTANCEPATH", "INSTANCENAME"}, "D22, CP10"
    for named in root.iter("VALUE.NAMEDINSTANCE", "VALUE.INSTANCEWITHPATH", "VALUE.OBJECTWITHPATH"):
        path, shown = named
        name = path if path.tag == "INSTANCENAME" else path.find("INSTANCENAME")
        if name is not None:
            assert name.get("CLASSNAME") == shown.get("CLASSNAME"), "OP-EI-2"
