"""Malformed requests that the decoder can be made to accept (rule Q2)."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from cimsim.cimxml.cim_headers import CimHeaders
from cimsim.cimxml.decode.decoder import Decoder
from cimsim.cimxml.decode.tolerances import NO_TOLERANCES, Tolerances
from cimsim.cimxml.message import REQUEST_NOT_VALID, REQUEST_NOT_WELL_FORMED, MessageError
from cimsim.operations.request import Argument

# As SFCB accepts them.
SFCB = Tolerances(leading_blanks=True, nameless_class=True, cim_value_types=True)
CLASS_NAMES = '<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="{}"/></IPARAMVALUE>'


def decoded(tolerances: Tolerances, body: bytes) -> Any:
    return Decoder(tolerances=tolerances).decode(body, CimHeaders("MethodCall", matched=False)).request


@pytest.mark.parametrize("name", ["EnumerateClasses", "enumerateCLASSNAMES"])
def test_q2_no_name_is_accepted_for_all_classes(message: Callable[[str], bytes], local_namespace: str, name: str) -> None:
    body = message(f'<IMETHODCALL NAME="{name}">{local_namespace}{CLASS_NAMES.format("")}</IMETHODCALL>')
    assert decoded(SFCB, body).arguments == (Argument("ClassName", None),)
    for tolerances in (NO_TOLERANCES, replace(SFCB, nameless_class=False)):
        with pytest.raises(MessageError) as error:
            decoded(tolerances, body)
        assert error.value.cim_error == REQUEST_NOT_VALID


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EnumerateInstances", '<CLASSNAME NAME=""/>'),
        ("EnumerateClasses", "<CLASSNAME/>"),
        ("EnumerateClasses", "<VALUE/><VALUE/>"),
    ],
)
def test_q2_no_name_is_refused_elsewhere(message: Callable[[str], bytes], local_namespace: str, name: str, value: str) -> None:
    parameter = f'<IPARAMVALUE NAME="ClassName">{value}</IPARAMVALUE>'
    with pytest.raises(MessageError):
        decoded(SFCB, message(f'<IMETHODCALL NAME="{name}">{local_namespace}{parameter}</IMETHODCALL>'))


def test_q2_white_space_is_accepted_before_the_declaration(message: Callable[[str], bytes], local_namespace: str) -> None:
    body = b" \r\n\t" + message(f'<IMETHODCALL NAME="EnumerateQualifiers">{local_namespace}</IMETHODCALL>')
    assert decoded(SFCB, body).name == "EnumerateQualifiers"
    with pytest.raises(MessageError) as error:
        decoded(replace(SFCB, leading_blanks=False), body)
    assert error.value.cim_error == REQUEST_NOT_WELL_FORMED


@pytest.mark.parametrize("cim_type", ["uint16", "datetime", "string", "real32"])
def test_q2_a_cim_type_is_accepted_for_the_kind_of_a_key(
    message: Callable[[str], bytes], local_namespace: str, cim_type: str
) -> None:
    key = f'<KEYBINDING NAME="K"><KEYVALUE VALUETYPE="{cim_type}">5</KEYVALUE></KEYBINDING>'
    name = f'<IPARAMVALUE NAME="InstanceName"><INSTANCENAME CLASSNAME="C">{key}</INSTANCENAME></IPARAMVALUE>'
    body = message(f'<IMETHODCALL NAME="GetInstance">{local_namespace}{name}</IMETHODCALL>')
    assert decoded(SFCB, body).arguments[0].value.keys == (("K", "5"),)
    for bad, tolerances in ((body, NO_TOLERANCES), (body.replace(cim_type.encode(), b"number"), SFCB)):
        if bad == body and cim_type == "string":
            continue
        with pytest.raises(MessageError) as error:
            decoded(tolerances, bad)
        assert error.value.cim_error == REQUEST_NOT_VALID
