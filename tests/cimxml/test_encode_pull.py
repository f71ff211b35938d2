"""Answers of the pull operations, as bytes and as pywbem reads them."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from pywbem import CIMClass, CIMInstance, CIMInstanceName, CIMProperty

from cimsim.operations.results import Projection, Pulled, PullForm
from cimsim.world.instances import Instance

SPACE = '<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="x"/></LOCALNAMESPACEPATH>'
PATH = (
    f"<INSTANCEPATH><NAMESPACEPATH><HOST>host:5988</HOST>{SPACE}</NAMESPACEPATH>"
    '<INSTANCENAME CLASSNAME="C"><KEYBINDING NAME="Id"><KEYVALUE VALUETYPE="string" TYPE="string">a</KEYVALUE></KEYBINDING>'
    "</INSTANCENAME></INSTANCEPATH>"
)
ID = '<PROPERTY NAME="Id" TYPE="string"><VALUE>a</VALUE></PROPERTY>'
INSTANCE = f'<INSTANCE CLASSNAME="C">{ID}<PROPERTY NAME="N" TYPE="uint8"><VALUE>7</VALUE></PROPERTY></INSTANCE>'
OPEN = '<PARAMVALUE NAME="EnumerationContext" PARAMTYPE="string"><VALUE>c&lt;1</VALUE></PARAMVALUE>'
ENDED = '<PARAMVALUE NAME="EnumerationContext" PARAMTYPE="string"></PARAMVALUE>'
END = '<PARAMVALUE NAME="EndOfSequence" PARAMTYPE="boolean"><VALUE>{}</VALUE></PARAMVALUE>'
NOT_YET, OVER = END.format("FALSE"), END.format("TRUE")


@pytest.fixture
def instance(resolved: Callable[..., Any]) -> Instance:
    return Instance(resolved("C", ("*Id", "string"), ("N", "uint8")), "root/x", ("a", 7))


@pytest.fixture
def body(respond: Callable[..., str]) -> Callable[[Any], str]:
    """Encodes a result; what stands inside IMETHODRESPONSE."""

    def encode(result: Any) -> str:
        text = respond(result)
        return text[text.index('NAME="Op">') + 10 : text.index("</IMETHODRESPONSE>")]

    return encode


Body = Callable[[Any], str]


def test_pl_1_pl_22_pl_23_pl_25_instances_with_paths(body: Body, instance: Instance) -> None:
    one = f"<VALUE.INSTANCEWITHPATH>{PATH}{INSTANCE}</VALUE.INSTANCEWITHPATH>"
    result = Pulled(PullForm.INSTANCES_WITH_PATH, [instance, instance], None, "c<1")
    assert body(result) == f"<IRETURNVALUE>{one}{one}</IRETURNVALUE>{OPEN}{NOT_YET}"


def test_pl_1_projected(body: Body, instance: Instance) -> None:
    projections = {instance.cls: Projection((0,), class_origin=True)}
    shown = f'<INSTANCE CLASSNAME="C">{ID}</INSTANCE>'.replace('TYPE="string">', 'TYPE="string" CLASSORIGIN="C">')
    result = Pulled(PullForm.INSTANCES_WITH_PATH, [instance], projections, None)
    one = f"<VALUE.INSTANCEWITHPATH>{PATH}{shown}</VALUE.INSTANCEWITHPATH>"
    assert body(result) == f"<IRETURNVALUE>{one}</IRETURNVALUE>{ENDED}{OVER}"


def test_pl_2_pl_23_paths_and_the_end(body: Body, instance: Instance) -> None:
    assert body(Pulled(PullForm.PATHS, [instance], None, None)) == f"<IRETURNVALUE>{PATH}</IRETURNVALUE>{ENDED}{OVER}"


def test_pl_7_rows_without_paths(body: Body, instance: Instance) -> None:
    result = Pulled(PullForm.INSTANCES, [instance], None, None)
    assert body(result) == f"<IRETURNVALUE>{INSTANCE}</IRETURNVALUE>{ENDED}{OVER}"


@pytest.mark.parametrize("count", [39, 40, 41, 1000])
@pytest.mark.parametrize("form", [PullForm.PATHS, PullForm.INSTANCES_WITH_PATH])
def test_pl_25_many_in_the_order_of_the_sequence(body: Body, resolved: Callable[..., Any], form: PullForm, count: int) -> None:
    cls = resolved("C", ("*Id", "uint32"))
    text = body(Pulled(form, [Instance(cls, "root/x", (number,)) for number in range(count)], None, None))
    found = re.findall(r'TYPE="uint32">(\d+)</KEYVALUE></KEYBINDING></INSTANCENAME></INSTANCEPATH>', text)
    assert [int(number) for number in found] == list(range(count))


def test_op_as_8_pl_25_namespaces_side_by_side(body: Body, resolved: Callable[..., Any]) -> None:
    cls = resolved("C", ("*Id", "uint32"))
    text = body(Pulled(PullForm.PATHS, [Instance(cls, name, (1,)) for name in ("root/x", "root/y", "root/x")], None, None))
    assert re.findall(r'NAMESPACE NAME="(.)"', text) == ["x", "y", "x"]


def test_pl_25_nothing_yet(body: Body) -> None:
    result = Pulled(PullForm.PATHS, [], None, "c<1")
    assert body(result) == f"<IRETURNVALUE></IRETURNVALUE>{OPEN}{NOT_YET}"


def test_pl_41_the_class_of_the_rows(respond: Callable[..., str], pywbem_reads: Callable[[str], Any]) -> None:
    rows = CIMClass("R", properties=[CIMProperty("Id", None, type="string")])
    answer = pywbem_reads(respond(Pulled(PullForm.INSTANCES, [], None, None, rows)))
    outputs = {each[0]: each[2] for each in answer if each[0] != "IRETURNVALUE"}
    assert isinstance(outputs["QueryResultClass"], CIMClass)
    assert outputs["QueryResultClass"].classname == "R"
    assert list(outputs["QueryResultClass"].properties) == ["Id"]


def test_pl_41_no_third_output_without_it(body: Body) -> None:
    assert body(Pulled(PullForm.INSTANCES, [], None, None)).count("<PARAMVALUE") == 2  # PL-24


@pytest.mark.parametrize("context", [None, "c<1"])
def test_pl_22_pl_24_pywbem_reads_the_session(
    respond: Callable[..., str], pywbem_reads: Callable[[str], Any], instance: Instance, context: str | None
) -> None:
    returned, name, end = pywbem_reads(respond(Pulled(PullForm.INSTANCES_WITH_PATH, [instance], None, context)))
    assert name == ("EnumerationContext", "string", context)
    assert end[:2] == ("EndOfSequence", "boolean")
    assert end[2].lower() == ("true" if context is None else "false")
    ((_, _, found),) = [each if isinstance(each, tuple) else (None, None, each) for each in returned[2]]
    assert isinstance(found, CIMInstance)
    assert found.path == CIMInstanceName("C", {"Id": "a"}, "host:5988", "root/x")
    assert found["N"] == 7
