"""Values that are none of the type they claim to be, for servers that answer them with 400 (rule Q1)."""

from typing import Any

import pytest

from cimsim.cimxml.message import MessageError
from cimsim.operations.request import Argument, ExtrinsicRequest, IntrinsicRequest, NamedInstance, Request
from cimsim.operations.results import Result
from cimsim.quirks.malformed_values import wrong_value
from cimsim.quirks.profiles import PROFILES
from cimsim.quirks.quirky_cimom import QuirkyCimom
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.paths import InstancePath
from cimsim.world.values import Malformed, Untyped


class Nobody:
    """Carries out nothing, and must not be asked to."""

    def start(self, request: Request, user: str | None = None) -> Result:
        raise AssertionError(request)


def instance(*properties: PropertyData) -> InstanceData:
    return InstanceData("C", properties)


def create(value: Any) -> IntrinsicRequest:
    return IntrinsicRequest("CreateInstance", "root/x", (Argument("NewInstance", value),))


def call(value: Any, cim_type: str | None) -> ExtrinsicRequest:
    return ExtrinsicRequest("M", "root/x", InstancePath("C", ()), (Argument("P", value, cim_type),))


WRONG = PropertyData("Size", "uint8", False, Untyped("256"))
RIGHT = PropertyData("Size", "uint8", False, Untyped("255"))


@pytest.mark.parametrize(
    "request_",
    [
        call(Untyped("many"), "uint8"),
        call([Untyped("1"), None, Untyped("x")], "sint32"),
        call(instance(WRONG), "instance"),
        call(Malformed("no object"), "instance"),
        call(Untyped("20250101"), "datetime"),
        create(instance(RIGHT, WRONG)),
        create(instance(PropertyData("Inner", "string", False, instance(WRONG), "instance"))),
        create(instance(PropertyData("Sizes", "uint8", True, [Untyped("1"), Untyped("-1")]))),
        create(Untyped("text")),
        IntrinsicRequest(
            "ModifyInstance", "root/x", (Argument("ModifiedInstance", NamedInstance(InstancePath("C", ()), instance(WRONG))),)
        ),
        IntrinsicRequest("EnumerateClassNames", "root/x", (Argument("DeepInheritance", Untyped("maybe")),)),
    ],
)
def test_q1_a_wrong_value_is_an_invalid_message(request_: Request) -> None:
    assert wrong_value(request_) is not None
    with pytest.raises(MessageError) as caught:
        QuirkyCimom(Nobody(), PROFILES["openpegasus"]).start(request_)
    assert (caught.value.status, caught.value.cim_error) == (400, "request-not-valid")


@pytest.mark.parametrize(
    "request_",
    [
        call(Untyped("many"), None),
        call(Untyped("7"), "uint8"),
        call(InstancePath("C", (("K", Untyped("x")),)), "reference"),
        create(instance(RIGHT, PropertyData("Name", "string", False, None))),
        IntrinsicRequest("Nonsense", "root/x", (Argument("P", Untyped("x")),)),
    ],
)
def test_q1_any_other_value_is_for_the_operation_to_judge(request_: Request) -> None:
    assert wrong_value(request_) is None
