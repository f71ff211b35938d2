"""Shared by the codec's tests: requests in a few words, and what pywbem reads in our responses."""

from collections.abc import Callable
from typing import Any

import pytest
from pywbem import CIMClass, CIMProperty, CIMQualifier
from pywbem._tupleparse import TupleParser
from pywbem._tupletree import xml_to_tupletree_sax

from cimsim.cimxml.cim_headers import CimHeaders
from cimsim.cimxml.decode.decoder import Decoder
from cimsim.cimxml.encode.encoder import Encoder
from cimsim.cimxml.message import Message
from cimsim.operations.request import IntrinsicRequest, Request
from cimsim.world.schema import ResolvedClass, Schema
from tests.replies.check import check_message

_ROOT_X = '<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="x"/></LOCALNAMESPACEPATH>'


def _message(call: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?><CIM CIMVERSION="2.0" DTDVERSION="2.0">'
        f'<MESSAGE ID="1001" PROTOCOLVERSION="1.0"><SIMPLEREQ>{call}</SIMPLEREQ></MESSAGE></CIM>'
    ).encode()


@pytest.fixture(scope="session")
def message() -> Callable[[str], bytes]:
    """The body of a message around a call."""
    return _message


@pytest.fixture(scope="session")
def local_namespace() -> str:
    """The LOCALNAMESPACEPATH of root/x."""
    return _ROOT_X


@pytest.fixture(scope="session")
def intrinsic() -> Callable[..., Request]:
    """Decodes an IMETHODCALL in root/x with the given parameters."""

    def decode(parameters: str = "", name: str = "Op") -> Request:
        body = _message(f'<IMETHODCALL NAME="{name}">{_ROOT_X}{parameters}</IMETHODCALL>')
        return Decoder().decode(body, CimHeaders("MethodCall", name, "root/x")).request

    return decode


@pytest.fixture(scope="session")
def argument(intrinsic: Callable[..., Request]) -> Callable[[str], Any]:
    """Decodes the value of one IPARAMVALUE."""

    def decode(content: str) -> Any:
        [only] = intrinsic(f'<IPARAMVALUE NAME="P">{content}</IPARAMVALUE>').arguments
        return only.value

    return decode


@pytest.fixture(scope="session")
def extrinsic() -> Callable[..., Request]:
    """Decodes a METHODCALL of a class or, with ``keys``, an instance of root/x."""

    def decode(parameters: str = "", keys: str | None = None, header: str = "root/x:C") -> Request:
        if keys is None:
            target = f'<LOCALCLASSPATH>{_ROOT_X}<CLASSNAME NAME="C"/></LOCALCLASSPATH>'
        else:
            name = f'<INSTANCENAME CLASSNAME="C">{keys}</INSTANCENAME>'
            target = f"<LOCALINSTANCEPATH>{_ROOT_X}{name}</LOCALINSTANCEPATH>"
        body = _message(f'<METHODCALL NAME="M">{target}{parameters}</METHODCALL>')
        return Decoder().decode(body, CimHeaders("MethodCall", "M", header)).request

    return decode


@pytest.fixture(scope="session")
def respond() -> Callable[..., str]:
    """Encodes a result as the response to a request; it must be one that every client can read."""

    def encode(result: Any, request: Request | None = None, message_id: str = "1001") -> str:
        sent = Message(message_id, request or IntrinsicRequest("Op", "root/x"))
        batches = Encoder("host:5988", null_outputs=True).encode(sent, result)
        reply = b"".join([piece for batch in batches for piece in batch])
        check_message(reply)
        return reply.decode()

    return encode


@pytest.fixture(scope="session")
def content(respond: Callable[..., str]) -> Callable[[Any], str]:
    """Encodes a result; what stands inside IRETURNVALUE."""

    def encode(result: Any) -> str:
        text = respond(result)
        return text[text.index("<IRETURNVALUE>") + 14 : text.index("</IRETURNVALUE>")]

    return encode


@pytest.fixture(scope="session")
def pywbem_reads() -> Callable[[str], Any]:
    """What pywbem makes of a response: the children of IMETHODRESPONSE or METHODRESPONSE, as (name, attributes, value)."""

    def parse(text: str) -> Any:
        tree = TupleParser().parse_cim(xml_to_tupletree_sax(text.encode("utf-8", "surrogatepass"), "response"))
        return tree[2][2][2][2]

    return parse


@pytest.fixture(scope="session")
def resolved() -> Callable[..., ResolvedClass]:
    """Makes a class of pairs of name and type; ``*`` before a name makes it a key, ``[]`` after a type an array."""

    def make(classname: str, *properties: tuple[str, str], **more: Any) -> ResolvedClass:
        declared = [
            CIMProperty(
                name.lstrip("*"),
                None,
                type=cim_type.removesuffix("[]"),
                is_array=cim_type.endswith("[]"),
                qualifiers=[CIMQualifier("Key", True)] if name.startswith("*") else [],
            )
            for name, cim_type in properties
        ]
        cls = Schema().with_class(CIMClass(classname, properties=declared, **more)).get(classname)
        assert cls is not None
        return cls

    return make
