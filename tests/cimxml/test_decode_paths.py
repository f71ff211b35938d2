from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from cimsim.cimxml.cim_headers import CimHeaders
from cimsim.cimxml.decode.decoder import Decoder
from cimsim.cimxml.decode.message_limits import MessageLimits
from cimsim.cimxml.message import MessageError
from cimsim.operations.request import ClassName, ClassPath, ExtrinsicRequest
from cimsim.world.paths import InstancePath
from cimsim.world.values import Hinted, Untyped

NAME = '<INSTANCENAME CLASSNAME="C"><KEYBINDING NAME="K"><KEYVALUE>v</KEYVALUE></KEYBINDING></INSTANCENAME>'
LOCAL = '<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="x"/></LOCALNAMESPACEPATH>'
REMOTE = f"<NAMESPACEPATH><HOST> h:5989 </HOST>{LOCAL}</NAMESPACEPATH>"


def keys(content: str) -> str:
    return f'<INSTANCENAME CLASSNAME="C">{content}</INSTANCENAME>'


def key(value: str) -> str:
    return keys(f'<KEYBINDING NAME="K">{value}</KEYBINDING>')


def test_class_name(argument: Callable[[str], Any]) -> None:
    value = argument('<CLASSNAME NAME="CIM_X"></CLASSNAME>')
    assert value == "CIM_X"
    assert isinstance(value, ClassName)


@pytest.mark.parametrize(
    "attributes",
    ["", ' TYPE=""', ' TYPE="uint8"', ' VALUETYPE="numeric"', ' VALUETYPE="string" TYPE="datetime"', ' VALUETYPE="boolean"'],
)
def test_d18_d19_hints_of_keys_are_ignored(argument: Callable[[str], Any], attributes: str) -> None:
    value = argument(key(f"<KEYVALUE{attributes}> 5 </KEYVALUE>"))
    assert value == InstancePath("C", (("K", " 5 "),))
    assert isinstance(value.keys[0][1], Untyped)


@pytest.mark.parametrize(
    ("attributes", "hint"),
    [
        (' VALUETYPE="numeric"', "numeric"),
        (' VALUETYPE="numeric" TYPE="uint8"', "uint8"),
        (' TYPE="datetime"', "datetime"),
        (' VALUETYPE="string" TYPE="char16"', "char16"),
        (' VALUETYPE="boolean" TYPE=""', "boolean"),
        (' VALUETYPE="numeric" TYPE="number"', "numeric"),
        (' VALUETYPE="numeric" TYPE="string"', None),
        (' VALUETYPE="string" TYPE="string"', None),
    ],
)
def test_d18_hints_are_kept_for_classes_that_nobody_here_knows(
    argument: Callable[[str], Any], attributes: str, hint: str | None
) -> None:
    [(_, value)] = argument(key(f"<KEYVALUE{attributes}>5</KEYVALUE>")).keys
    assert (type(value), getattr(value, "hint", None)) == (Untyped if hint is None else Hinted, hint)


def test_d20_a_key_without_a_name(argument: Callable[[str], Any]) -> None:
    assert argument(keys("<KEYVALUE>v</KEYVALUE>")) == InstancePath("C", (("", "v"),))
    reference = argument(keys(f"<VALUE.REFERENCE>{NAME}</VALUE.REFERENCE>"))
    assert reference == InstancePath("C", (("", InstancePath("C", (("K", "v"),))),))


def test_d21_no_keys(argument: Callable[[str], Any]) -> None:
    assert argument(keys("")) == InstancePath("C", ())


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (NAME, InstancePath("C", (("K", "v"),))),
        (f"<LOCALINSTANCEPATH>{LOCAL}{NAME}</LOCALINSTANCEPATH>", InstancePath("C", (("K", "v"),), "root/x")),
        (f"<INSTANCEPATH>{REMOTE}{NAME}</INSTANCEPATH>", InstancePath("C", (("K", "v"),), "root/x", "h:5989")),
        ('<CLASSNAME NAME="C"/>', ClassName("C")),
        (f'<LOCALCLASSPATH>{LOCAL}<CLASSNAME NAME="C"/></LOCALCLASSPATH>', ClassPath("C", "root/x")),
        (f'<CLASSPATH>{REMOTE}<CLASSNAME NAME="C"/></CLASSPATH>', ClassPath("C", "root/x", "h:5989")),
    ],
)
def test_x9_references(argument: Callable[[str], Any], content: str, path: object) -> None:
    value = argument(f"<VALUE.REFERENCE>{content}</VALUE.REFERENCE>")
    assert value == path
    assert type(value) is type(path)


def test_q1_an_empty_host_is_none(argument: Callable[[str], Any]) -> None:
    content = f"<INSTANCEPATH>{REMOTE.replace(' h:5989 ', '')}{NAME}</INSTANCEPATH>"
    assert argument(f"<VALUE.REFERENCE>{content}</VALUE.REFERENCE>").host is None


def test_op_gc_5_a_class_path_is_kept_for_the_operation_to_refuse(argument: Callable[[str], Any]) -> None:
    assert argument(f'<LOCALCLASSPATH>{LOCAL}<CLASSNAME NAME="C"/></LOCALCLASSPATH>') == ClassPath("C", "root/x")


@pytest.mark.parametrize(
    "content",
    [
        keys("<KEYVALUE>a</KEYVALUE><KEYVALUE>b</KEYVALUE>"),  # D20
        keys('<KEYVALUE>a</KEYVALUE><KEYBINDING NAME="K"><KEYVALUE>b</KEYVALUE></KEYBINDING>'),
        keys('<KEYBINDING NAME="K"><KEYVALUE>b</KEYVALUE></KEYBINDING><KEYVALUE>a</KEYVALUE>'),
        keys('<KEYBINDING NAME="K"/>'),
        keys("<KEYBINDING><KEYVALUE>b</KEYVALUE></KEYBINDING>"),
        keys('<KEYBINDING NAME=""><KEYVALUE>b</KEYVALUE></KEYBINDING>'),
        keys('<KEYBINDING NAME="1a"><KEYVALUE>b</KEYVALUE></KEYBINDING>'),
        keys("text"),
        key("<VALUE>b</VALUE>"),
        key("<KEYVALUE>b</KEYVALUE><KEYVALUE>c</KEYVALUE>"),
        key('<KEYVALUE VALUETYPE="reference">b</KEYVALUE>'),
        key('<KEYVALUE FOO="">b</KEYVALUE>'),
        key("<KEYVALUE>b<C/></KEYVALUE>"),
        key('<VALUE.REFERENCE><CLASSNAME NAME="C"/></VALUE.REFERENCE>'),  # D22
        key("<VALUE.REFERENCE/>"),
        key(f"<VALUE.REFERENCE>{NAME}{NAME}</VALUE.REFERENCE>"),
        "<INSTANCENAME/>",
        '<INSTANCENAME CLASSNAME="a b"/>',
        '<INSTANCENAME CLASSNAME="C" FOO=""/>',
        '<CLASSNAME NAME="C">text</CLASSNAME>',
        '<CLASSNAME NAME="C"><A/></CLASSNAME>',
        "<VALUE.REFERENCE>text</VALUE.REFERENCE>",
        "<VALUE.REFERENCE><VALUE>a</VALUE></VALUE.REFERENCE>",
        f"<VALUE.REFERENCE><INSTANCEPATH>{LOCAL}{NAME}</INSTANCEPATH></VALUE.REFERENCE>",
        f"<VALUE.REFERENCE><LOCALINSTANCEPATH>{REMOTE}{NAME}</LOCALINSTANCEPATH></VALUE.REFERENCE>",
        f"<VALUE.REFERENCE><LOCALINSTANCEPATH>{NAME}</LOCALINSTANCEPATH></VALUE.REFERENCE>",
        "<VALUE.REFERENCE><INSTANCEPATH><NAMESPACEPATH><HOST>h</HOST></NAMESPACEPATH>"
        + NAME
        + "</INSTANCEPATH></VALUE.REFERENCE>",
    ],
)
def test_d20_d22_d30_he12_not_valid(argument: Callable[[str], Any], content: str) -> None:
    with pytest.raises(MessageError) as caught:
        argument(content)
    assert caught.value.cim_error == "request-not-valid"


def test_d30_names_beyond_ascii(argument: Callable[[str], Any]) -> None:
    assert argument('<CLASSNAME NAME="Größe_1"/>') == "Größe_1"


def test_sec3_many_keys_and_long_names(message: Callable[[str], bytes]) -> None:
    decoder = Decoder(MessageLimits(key_bindings=2, name_length=10, path_depth=1))
    headers = CimHeaders("MethodCall", "Op", "root/x")

    def decode(content: str) -> None:
        decoder.decode(
            message(f'<IMETHODCALL NAME="Op">{LOCAL}<IPARAMVALUE NAME="P">{content}</IPARAMVALUE></IMETHODCALL>'), headers
        )

    binding = '<KEYBINDING NAME="K"><KEYVALUE>v</KEYVALUE></KEYBINDING>'
    decode(keys(binding * 2))
    decode(key(f"<VALUE.REFERENCE>{NAME}</VALUE.REFERENCE>"))
    for content in (
        keys(binding * 3),
        f'<CLASSNAME NAME="{"a" * 11}"/>',
        key(f"<VALUE.REFERENCE>{key(f'<VALUE.REFERENCE>{NAME}</VALUE.REFERENCE>')}</VALUE.REFERENCE>"),
    ):
        with pytest.raises(MessageError) as caught:
            decode(content)
        assert caught.value.cim_error == "request-not-valid"


def test_method_targets(extrinsic: Callable[..., ExtrinsicRequest]) -> None:
    assert replace(extrinsic(), embedded=None) == ExtrinsicRequest("M", "root/x", ClassName("C"))
    binding = '<KEYBINDING NAME="K"><KEYVALUE>v</KEYVALUE></KEYBINDING>'
    request = replace(extrinsic(keys=binding, header='root/x:C.K="v"'), embedded=None)
    assert request == ExtrinsicRequest("M", "root/x", InstancePath("C", (("K", "v"),)))
    assert isinstance(request.target, InstancePath)
