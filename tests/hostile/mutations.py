"""What the fuzzer does to requests: to their bytes, to the elements of their bodies, and to their headers."""

from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any, Final

from lxml import etree

from tests.hostile.recorded import Request

_TOKENS: Final = (
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\0",
    b"\xff\xfe",
    b"<",
    b">",
    b"&",
    b'"',
    b"=",
    b"]]>",
    b"<!--",
    b"<![CDATA[",
    b"<!DOCTYPE CIM [<!ENTITY a 'a'>]>",
    b"&a;",
    b"&#1;",
    b"&#xD800;",
    b"M-POST ",
    b"POST / HTTP/1.1\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"Content-Length: 1\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: close\r\n",
    b"0\r\n\r\n",
    b"99999999999999999999",
    b"-1",
    b"%",
    b"%00",
    b"\xc3\x28",
)
TEXTS: Final = (
    "",
    " ",
    "NULL",
    "TRUE",
    "maybe",
    "-1",
    "256",
    "18446744073709551616",
    "9" * 400,
    "1e999",
    "NaN",
    "0x",
    "1_0",
    "\u0663",
    "20240230000000.000000+000",
    "99999999999999.999999:000",
    "********************+***",
    "uint8",
    "string",
    "reference",
    "instance",
    "DMTF:FQL",
    "WQL",
    "SELECT * FROM CIM_Service WHERE " + "(" * 60,
    "Name LIKE '" + "%" * 60 + "a'",
    "root/virtualization/v2",
    "root//x",
    "/",
    "Msvm_GuestService",
    "StartService",
    "a" * 2000,
    "\U0001f600\ufffd\u0085",
    "<INSTANCE CLASSNAME='C'/>",
    "<INSTANCE CLASSNAME='C'><PROPERTY NAME='P' TYPE='string' EmbeddedObject='object'><VALUE>x</VALUE></PROPERTY></INSTANCE>",
)
SIGNS: Final = (
    "",
    " ",
    "'",
    '"',
    "(",
    ")",
    "[",
    ".",
    ",",
    "=",
    "<>",
    " AND ",
    " NOT ",
    " IS NULL",
    "%",
    "_",
    "1",
    "1.5",
    "TRUE",
    "::",
)
_WORDS: Final = (
    "CIM_Service",
    "Msvm_GuestService",
    "Name",
    "DeepInheritance",
    "FilterQuery",
    "MaxObjectCount",
    "C",
    "Status",
    "_",
)
_CARRIERS: Final = frozenset(
    {"VALUE", "KEYVALUE", "CLASSNAME", "INSTANCENAME", "KEYBINDING", "IPARAMVALUE", "PARAMVALUE", "PROPERTY", "NAMESPACE"}
)
_VALUES: Final = (
    "",
    " ",
    "*",
    "MethodCall",
    "GetInstance",
    "root/virtualization/v2",
    'root/cimv2:C.K="v"',
    "%",
    "%zz",
    "%0d%0a",
    "\x7f\xff",
    "a" * 3000,
    "0",
    "-5",
    "chunked",
    "gzip",
    "text/xml;q=0",
    "application/xml; charset=utf-16",
    "close",
    "Upgrade",
    "100-continue",
    "Basic " + "A" * 100,
    "1.0",
    "http://www.dmtf.org/cim/mapping/http/v1.0 ; ns=12",
)
_NAMES: Final = (
    "Accept",
    "Accept-Charset",
    "Accept-Encoding",
    "Accept-Language",
    "CIMBatch",
    "CIMExport",
    "CIMMethod",
    "CIMObject",
    "CIMOperation",
    "CIMProtocolVersion",
    "Connection",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "Expect",
    "Host",
    "Man",
    "Range",
    "Transfer-Encoding",
    "Upgrade",
    "73-CIMMethod",
)
_METHODS: Final = ("POST", "M-POST", "OPTIONS", "GET", "PUT", "CONNECT", "M-PUT", "post")
LARGEST: Final = 40_000


def mutate(request: Request, random: Random) -> list[bytes]:
    """Return the segments of a stream that is like a request, but not quite."""
    kind = random.randrange(10)
    if kind < 5 and request.body:
        request = request._replace(body=_elements(request.body, random))
    if kind in (4, 5, 6):
        request = _headers(request, random)
    data = request.to_bytes()
    if kind > 6:
        data = change_bytes(data, random)
    if random.randrange(8) == 0:
        data += request.to_bytes()
    if random.randrange(4):
        return [data]
    cuts = sorted(random.randrange(len(data) + 1) for _ in range(random.randrange(1, 4)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def change_bytes(data: bytes, random: Random) -> bytes:
    """Return bytes with some of them cut, doubled or replaced."""
    for _ in range(random.randrange(1, 5)):
        start = random.randrange(len(data) + 1)
        end = min(len(data), start + random.choice((0, 1, 1, 2, 10, 200)))
        match random.randrange(5):
            case 0:
                data = data[:start]
            case 1:
                data = data[:start] + data[start:end] * 3 + data[end:]
            case 2:
                data = data[:start] + random.randbytes(random.randrange(4)) + data[end:]
            case _:
                data = data[:start] + random.choice(_TOKENS) + data[end:]
    return data


def _elements(body: bytes, random: Random) -> bytes:
    root = etree.fromstring(body)
    for _ in range(random.randrange(1, 4)):
        elements = list(root.iter())
        # Half of the changes leave the message one that is carried out, or nothing behind the codec would be tried.
        carriers = [each for each in elements if each.tag in _CARRIERS]
        if carriers and random.randrange(2):
            _value(carriers, random)
        else:
            random.choice(ON_ELEMENTS)(random.choice(elements), elements, random)
    # A mutation may multiply; what is too long is for the tests of limits.
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8")
    return written[:LARGEST]


def _value(carriers: list[Any], random: Random) -> None:
    """Change a value or a name in the parameters, to one of the same message or to another."""
    element = random.choice(carriers)
    others = [each.text or "" for each in carriers if not each.keys()]
    if not element.keys() or element.tag == "KEYVALUE":
        element.text = random.choice((*others, *TEXTS))
        if random.randrange(4) == 0 and len(element.text) > 2:
            place = random.randrange(len(element.text))
            element.text = element.text[:place] + random.choice(SIGNS) + element.text[place + random.randrange(3) :]
    elif element.tag != "NAMESPACE" or random.randrange(4) == 0:
        element.set(next(iter(element.keys())), random.choice(carriers).get("NAME") or random.choice(_WORDS))


def _remove(element: Any, _: list[Any], __: Random) -> None:
    if element.getparent() is not None:
        element.getparent().remove(element)


def _double(element: Any, _: list[Any], __: Random) -> None:
    if element.getparent() is not None:
        element.addnext(deepcopy(element))


def _rename(element: Any, elements: list[Any], random: Random) -> None:
    element.tag = random.choice(elements).tag


def _move(element: Any, elements: list[Any], random: Random) -> None:
    place = random.choice(elements)
    if element.getparent() is not None and element not in (place, *place.iterancestors()):
        place.append(element)


def _attribute(element: Any, _: list[Any], random: Random) -> None:
    names = [*element.keys(), random.choice(("NAME", "TYPE", "FOO", "PARAMTYPE", "EmbeddedObject", "PROPAGATED", "ISARRAY"))]
    element.set(random.choice(names), random.choice(TEXTS))


def _no_attribute(element: Any, _: list[Any], random: Random) -> None:
    if element.keys():
        del element.attrib[random.choice(element.keys())]


def _text(element: Any, _: list[Any], random: Random) -> None:
    element.text = random.choice(TEXTS)


def _nest(element: Any, _elements: list[Any], random: Random) -> None:
    for _ in range(random.choice((1, 5, 100, 300))):
        element = etree.SubElement(element, element.tag, dict(element.attrib))


def _repeat(element: Any, _elements: list[Any], random: Random) -> None:
    if element.getparent() is not None and len(element) < 20:
        for _ in range(random.choice((2, 20))):
            element.addnext(deepcopy(element))


_Change = Callable[[Any, list[Any], Random], None]
ON_ELEMENTS: Final[tuple[_Change, ...]] = (
    _remove,
    _double,
    _rename,
    _move,
    _attribute,
    _attribute,
    _no_attribute,
    _text,
    _text,
    _nest,
    _repeat,
)


def _headers(request: Request, random: Random) -> Request:
    headers = list(request.headers)
    for _ in range(random.randrange(1, 4)):
        place = random.randrange(len(headers)) if headers else 0
        match random.randrange(6):
            case 0 if headers:
                del headers[place]
            case 1 if headers:
                headers.append(headers[place])
            case 2 if headers:
                headers[place] = (headers[place][0], random.choice(_VALUES))
            case 3 if headers:
                name, value = headers[place]
                at = random.randrange(len(value) + 1)
                headers[place] = (name, value[:at] + random.choice(_VALUES[:12]) + value[at + 1 :])
            case 4:
                request = request._replace(method=random.choice(_METHODS))
            case _:
                headers.insert(place, (random.choice(_NAMES), random.choice(_VALUES)))
    return request._replace(headers=tuple(headers))
