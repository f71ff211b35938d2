from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs
from pywbem import CIMClass, CIMError, CIMInstance, CIMProperty, Uint8

from cimsim.cimxml.encode.encoder import Encoder
from cimsim.cimxml.message import Message
from cimsim.operations.request import ClassName, ExtrinsicRequest, IntrinsicRequest, Request
from cimsim.operations.results import (
    Classes,
    ClassesWithPath,
    ClassView,
    InstanceNames,
    MethodResult,
    NamedInstances,
    Output,
    QueryObjects,
    Result,
    Value,
    Void,
)
from cimsim.world.instances import Instance
from cimsim.world.paths import InstancePath
from cimsim.world.schema import ResolvedClass
from cimsim.world.values import DateTime

CALL = ExtrinsicRequest("stopService", "root/x", ClassName("C"))
RETURNED = Output("ReturnValue", "uint32", False, 0)
HEAD = (
    '<?xml version="1.0" encoding="utf-8" ?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1001" PROTOCOLVERSION="1.0">'
)
TAIL = "</SIMPLERSP></MESSAGE></CIM>\n"


def test_m3_m8_m11_m13_void(respond: Callable[..., str]) -> None:
    assert respond(Void()) == f'{HEAD}<SIMPLERSP><IMETHODRESPONSE NAME="Op"></IMETHODRESPONSE>{TAIL}'


def test_m2_the_id_verbatim(respond: Callable[..., str]) -> None:
    assert '<MESSAGE ID="a&lt;&#10;&quot;" PROTOCOLVERSION' in respond(Void(), message_id='a<\n"')


def test_m4_the_name_as_it_was_sent(respond: Callable[..., str], pywbem_reads: Callable[[str], Any]) -> None:
    assert '<IMETHODRESPONSE NAME="getinstance">' in respond(Void(), IntrinsicRequest("getinstance", "root/x"))
    assert '<METHODRESPONSE NAME="stopService">' in respond(MethodResult(RETURNED), CALL)  # X15


def test_m9_an_empty_list(content: Callable[[Any], str]) -> None:
    assert content(NamedInstances([])) == ""


@pytest.mark.parametrize("request_", [IntrinsicRequest("Op", "root/x"), CALL])
def test_e1_e2_m7_error(respond: Callable[..., str], pywbem_reads: Callable[[str], Any], request_: Request) -> None:
    text = respond(CIMError(6, 'no <instance> "K"\n\x00'), request_)
    kind = "METHODRESPONSE" if request_ is CALL else "IMETHODRESPONSE"
    error = '<ERROR CODE="6" DESCRIPTION="no &lt;instance&gt; &quot;K&quot;&#10;\ufffd"/>'
    assert text == f'{HEAD}<SIMPLERSP><{kind} NAME="{request_.name}">{error}</{kind}>{TAIL}'
    assert pywbem_reads(text)[0][1] == {"CODE": "6", "DESCRIPTION": 'no <instance> "K"\n\ufffd'}


def test_sec3_a_long_description_is_cut(respond: Callable[..., str]) -> None:
    assert f'DESCRIPTION="{"x" * 1000}"/>' in respond(CIMError(1, "x" * 1000))
    assert f'DESCRIPTION="{"&lt;" * 1000}..."/>' in respond(CIMError(1, "<" * 9_000_000))


def test_e1_an_error_always_has_a_description(respond: Callable[..., str]) -> None:
    assert '<ERROR CODE="1" DESCRIPTION="A general error' in respond(CIMError(1))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Value("string", "a<"), "<VALUE>a&lt;</VALUE>"),
        (Value("string", None), ""),
        (Value("uint8", (1, None)), "<VALUE.ARRAY><VALUE>1</VALUE><VALUE.NULL/></VALUE.ARRAY>"),
        (Value("uint8", ()), "<VALUE.ARRAY></VALUE.ARRAY>"),
        (
            Value("reference", InstancePath("C", ())),
            '<VALUE.REFERENCE><INSTANCENAME CLASSNAME="C"></INSTANCENAME></VALUE.REFERENCE>',
        ),
    ],
)
def test_op_gp_2_values(content: Callable[[Any], str], value: Value, expected: str) -> None:
    assert content(value) == expected


def outcome(respond: Callable[..., str], *outputs: Output, returned: Output = RETURNED) -> str:
    text = respond(MethodResult(returned, outputs), CALL)
    return text[text.index('NAME="stopService">') + 19 : text.index("</METHODRESPONSE>")]


def test_x11_return_value(respond: Callable[..., str]) -> None:
    assert outcome(respond) == '<RETURNVALUE PARAMTYPE="uint32"><VALUE>0</VALUE></RETURNVALUE>'
    nothing = Output("ReturnValue", "string", False, None)  # X13
    assert outcome(respond, returned=nothing) == '<RETURNVALUE PARAMTYPE="string"></RETURNVALUE>'


@pytest.mark.parametrize(
    ("output", "attributes", "expected"),
    [
        (Output("P", "string", False, ""), 'PARAMTYPE="string"', "<VALUE></VALUE>"),
        (Output("P", "uint8", False, None), 'PARAMTYPE="uint8"', ""),  # X12
        (Output("P", "uint8", True, None), 'PARAMTYPE="uint8"', ""),
        (
            Output("P", "uint8", True, (1, None)),
            'PARAMTYPE="uint8"',
            "<VALUE.ARRAY><VALUE>1</VALUE><VALUE.NULL/></VALUE.ARRAY>",
        ),
        (Output("P", "boolean", False, True), 'PARAMTYPE="boolean"', "<VALUE>TRUE</VALUE>"),
        (
            Output("P", "reference", False, InstancePath("C", (("K", 5),), "root/x")),
            'PARAMTYPE="reference"',
            '<VALUE.REFERENCE><LOCALINSTANCEPATH><LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="x"/>'
            '</LOCALNAMESPACEPATH><INSTANCENAME CLASSNAME="C"><KEYBINDING NAME="K"><KEYVALUE VALUETYPE="numeric" TYPE="uint64">'
            "5</KEYVALUE></KEYBINDING></INSTANCENAME></LOCALINSTANCEPATH></VALUE.REFERENCE>",
        ),
        (
            Output("P", "reference", True, (InstancePath("C", (), "root/x", "h:1"), None)),
            'PARAMTYPE="reference"',
            "<VALUE.REFARRAY><VALUE.REFERENCE><INSTANCEPATH><NAMESPACEPATH><HOST>h:1</HOST><LOCALNAMESPACEPATH>"
            '<NAMESPACE NAME="root"/><NAMESPACE NAME="x"/></LOCALNAMESPACEPATH></NAMESPACEPATH><INSTANCENAME CLASSNAME="C">'
            "</INSTANCENAME></INSTANCEPATH></VALUE.REFERENCE><VALUE.NULL/></VALUE.REFARRAY>",
        ),
        (
            Output("P", "string", False, CIMInstance("E"), "instance"),
            'PARAMTYPE="string" EmbeddedObject="instance"',
            '<VALUE>&lt;INSTANCE CLASSNAME="E"&gt;&lt;/INSTANCE&gt;</VALUE>',
        ),
        (
            Output("P", "string", True, (CIMClass("E"), None), "object"),
            'PARAMTYPE="string" EmbeddedObject="object"',
            '<VALUE.ARRAY><VALUE>&lt;CLASS NAME="E"&gt;&lt;/CLASS&gt;</VALUE><VALUE.NULL/></VALUE.ARRAY>',
        ),
    ],
)
def test_x12_x17_outputs(respond: Callable[..., str], output: Output, attributes: str, expected: str) -> None:
    text = outcome(respond, output)
    assert text.startswith("<RETURNVALUE")  # M6
    assert text.endswith(f'</RETURNVALUE><PARAMVALUE NAME="P" {attributes}>{expected}</PARAMVALUE>')


def test_x12_null_outputs_are_left_out_unless_asked_for() -> None:
    message = Message("1", CALL)
    result = MethodResult(RETURNED, (Output("P", "uint8", False, None), Output("Q", "string", False, "")))
    (batch,) = Encoder("h").encode(message, result)
    assert b'NAME="Q"' in b"".join(batch)
    assert b'NAME="P"' not in b"".join(batch)
    (batch,) = Encoder("h", null_outputs=True).encode(message, result)
    assert b'<PARAMVALUE NAME="P" PARAMTYPE="uint8"></PARAMVALUE>' in b"".join(batch)


def test_pywbem_reads_method_results(respond: Callable[..., str], pywbem_reads: Callable[[str], Any]) -> None:
    inner = CIMInstance("E", properties=[CIMProperty("T", "<&>", type="string", propagated=False)])
    outputs = (
        Output("Instance", "string", False, inner, "instance"),
        Output("Times", "datetime", True, (DateTime("00000000000000.000000:000"),)),
        Output("Null", "string", False, None),
    )
    read = pywbem_reads(respond(MethodResult(RETURNED, outputs), CALL))
    assert read[0] == ("RETURNVALUE", {"PARAMTYPE": "uint32"}, "0")
    assert read[1] == ("Instance", "string", inner)
    assert read[2] == ("Times", "datetime", ["00000000000000.000000:000"])
    assert read[3] == ("Null", "string", None)


def test_batches_are_bounded(resolved: Callable[..., ResolvedClass]) -> None:
    cls = resolved("C", ("*K", "uint32"))
    instances = [Instance(cls, "root/x", (number,)) for number in range(1000)]
    message = Message("1", IntrinsicRequest("Op", "root/x"))
    batches = list(Encoder("h").encode(message, InstanceNames(instances)))
    assert max(len(batch) for batch in batches) <= 200
    assert b"".join([piece for batch in batches for piece in batch]).count(b"<INSTANCENAME ") == 1000
    assert len(list(Encoder("h").encode(message, InstanceNames(instances[:10])))) == 1


def _longest(result: Result) -> tuple[int, int]:
    """Return the number of batches, and the size of the largest without its last fragment."""
    batches = list(Encoder("h").encode(Message("1", IntrinsicRequest("Op", "root/x")), result))
    return len(batches), max(sum(map(len, batch[:-1])) for batch in batches)


def test_batches_of_classes_are_bounded_by_bytes(resolved: Callable[..., ResolvedClass]) -> None:
    names = [(f"Property{number}", "string") for number in range(200)]
    classes = [resolved(f"C{number}", *names) for number in range(20)]
    for result in (Classes(classes, ClassView()), ClassesWithPath("root/x", classes, ClassView())):
        number, size = _longest(result)
        assert number >= 3
        assert size < 64 * 1024


def test_batches_of_instances_are_bounded_by_bytes(resolved: Callable[..., ResolvedClass]) -> None:
    cls = resolved("C", ("*K", "uint32"), ("Text", "string"))
    instances = [Instance(cls, "root/x", (number, "x" * 10_000)) for number in range(100)]
    for result in (NamedInstances(instances), QueryObjects(instances)):
        number, size = _longest(result)
        assert number >= 15
        assert size < 64 * 1024


def test_batches_are_made_as_they_are_asked_for(resolved: Callable[..., ResolvedClass]) -> None:
    cls = resolved("C", ("*K", "uint32"))
    instances = [Instance(cls, "root/x", (number,)) for number in range(1000)]
    batches = Encoder("h").encode(Message("1", IntrinsicRequest("Op", "root/x")), NamedInstances(instances))
    next(batches)
    assert sum(instance.memo is not None for instance in instances) < 300


def embedded(count: int) -> tuple[CIMInstance | None, ...]:
    return tuple(None if number == 3 else CIMInstance("T_Part", {"Size": Uint8(number)}) for number in range(count))


@pytest.mark.parametrize(
    ("output", "pieces"),
    [
        (Output("P", "string", True, embedded(25), "instance"), 3),
        (Output("P", "string", True, tuple(map(str, range(2_500))), None), 3),
        (Output("P", "string", True, ("a", None), None), 0),
    ],
)
def test_x17_a_long_output_is_written_in_pieces_and_reads_as_a_short_one(
    respond: Callable[..., str], output: Output, pieces: int
) -> None:
    other = Output("Q", "uint8", False, 7)
    missing = Output("R", "uint8", False, None)
    result = MethodResult(RETURNED, (other, output, missing))
    batches = list(Encoder("host").encode(Message("1", CALL), result))
    text = b"".join(fragment for batch in batches for fragment in batch).decode()
    # Besides the pieces: head, return value, Q, both tags of P, R, tail.
    assert sum(map(len, batches)) == (pieces + 7 if pieces else 1)
    items = [MethodResult(RETURNED, (structs.replace(output, value=(item,)),)) for item in output.value]
    single = [respond(each, CALL).partition("<VALUE.ARRAY>")[2].partition("</VALUE.ARRAY>")[0] for each in items]
    assert f"<VALUE.ARRAY>{''.join(single)}</VALUE.ARRAY></PARAMVALUE></METHODRESPONSE>" in text
    assert '<PARAMVALUE NAME="Q" PARAMTYPE="uint8"><VALUE>7</VALUE></PARAMVALUE><PARAMVALUE NAME="P"' in text
