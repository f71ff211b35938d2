"""The HOST of a path in a request (rules D23, D34, X9)."""

from collections.abc import Callable
from typing import Any

import pytest

from cimsim.cimxml.cim_headers import CimHeaders
from cimsim.cimxml.decode.decoder import Decoder
from cimsim.cimxml.decode.own_host import is_own_host

SPACE = '<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/></LOCALNAMESPACEPATH>'


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("cimom", "cimom"),
        ("cimom.example:5989", "cimom.example:5989"),
        ("192.0.2.7", "192.0.2.7"),
        ("[2001:db8::7]:5988", "[2001:db8::7]:5988"),
        ("\n cimom\t", "cimom"),
        ("<![CDATA[cimom]]>", "cimom"),
    ],
)
def test_d34_d26_forms_of_host(argument: Callable[[str], Any], text: str, host: str) -> None:
    place = f"<NAMESPACEPATH><HOST>{text}</HOST>{SPACE}</NAMESPACEPATH>"
    path = argument(f'<VALUE.REFERENCE><INSTANCEPATH>{place}<INSTANCENAME CLASSNAME="C"/></INSTANCEPATH></VALUE.REFERENCE>')
    assert (path.host, path.namespace) == (host, "root")


@pytest.mark.parametrize(
    ("host", "called", "own"),
    [
        ("cimom.example:5988", "cimom.example:5988", "localhost"),
        ("CIMOM.example", "cimom.example:5988", "localhost"),
        ("cimom.example:5988", "cimom.example", "localhost"),  # the call does not say its port
        ("localhost", "cimom.example:5988", "shown"),
        ("127.0.0.1:5988", "cimom.example:5988", "shown"),
        ("[::1]:5988", "localhost:5988", "shown"),
        ("::1", "localhost:5988", "shown"),
        ("[2001:db8::7]", "[2001:DB8::7]:5988", "shown"),
        ("Shown", None, "shown"),
        ("shown:1", "other:2", "shown:1"),
        ("localhost:5990", None, "shown"),
    ],
)
def test_d23_names_of_this_server(host: str, called: str | None, own: str) -> None:
    assert is_own_host(host, called, own)


@pytest.mark.parametrize(
    ("host", "called"),
    [
        ("far.example", "cimom.example:5988"),
        ("cimom.example:5990", "cimom.example:5988"),
        ("localhost:5990", "localhost:5988"),
        ("[2001:db8::8]:5988", "[2001:db8::7]:5988"),
        ("cimom", "cimom.example"),
        ("far.example", None),
    ],
)
def test_d23_names_of_another_server(host: str, called: str | None) -> None:
    assert not is_own_host(host, called, "shown:1")


def test_x9_a_reference_to_the_host_that_was_called_is_one_to_this_server(
    message: Callable[[str], bytes], local_namespace: str
) -> None:
    """Whether the message that called it by another name is the same to the last byte or not."""
    place = f"<NAMESPACEPATH><HOST>gateway:8080</HOST>{SPACE}</NAMESPACEPATH>"
    path = f'<INSTANCEPATH>{place}<INSTANCENAME CLASSNAME="C"/></INSTANCEPATH>'
    value = f'<IPARAMVALUE NAME="P"><VALUE.REFERENCE>{path}</VALUE.REFERENCE></IPARAMVALUE>'
    body = message(f'<IMETHODCALL NAME="Op">{local_namespace}{value}</IMETHODCALL>')
    decoder = Decoder()
    hosts = []
    for called in ("gateway:8080", "other:8080", None):
        request = decoder.decode(body, CimHeaders("MethodCall", "Op", "root/x", host=called)).request
        hosts.append(request.arguments[0].value.host)
    assert hosts == [None, "gateway:8080", "gateway:8080"]
