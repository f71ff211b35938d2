"""ERROR, and the instances of CIM_Error in it."""

from collections.abc import Callable
from typing import Any

import pytest
from pywbem import CIMError, CIMInstance, Uint16, Uint32

from cimsim.cimxml.encode.encoder import Encoder
from cimsim.cimxml.encode.error_writer import ErrorInstances
from cimsim.cimxml.message import Message
from cimsim.operations.request import IntrinsicRequest

DISK_FULL = CIMInstance(
    "EX_DiskError",
    {"MessageID": "EX17", "Message": "the <disk> is full", "ErrorType": Uint16(9), "CIMStatusCode": Uint32(99), "Disk": "C:"},
)


def encoded(error: CIMError, shown: ErrorInstances) -> str:
    (batch,) = Encoder("h", error_instances=shown).encode(Message("1", IntrinsicRequest("Op", "root/x")), error)
    return b"".join(batch).decode()


@pytest.fixture
def read(pywbem_reads: Callable[[str], Any]) -> Callable[[str], tuple[str, list[CIMInstance]]]:
    """The code of the ERROR of a response and its instances, as pywbem reads them."""

    def read(text: str) -> tuple[str, list[CIMInstance]]:
        (name, attributes, instances), *_ = pywbem_reads(text)
        assert name == "ERROR"
        return attributes["CODE"], instances

    return read


@pytest.mark.parametrize("shown", [ErrorInstances.NONE, ErrorInstances.GIVEN])
def test_e3_an_error_is_empty_unless_instances_are_given_and_wanted(shown: ErrorInstances) -> None:
    assert '<ERROR CODE="6" DESCRIPTION="gone"/>' in encoded(CIMError(6, "gone"), shown)
    assert ("<INSTANCE" in encoded(CIMError(6, "gone", instances=[DISK_FULL]), shown)) is (shown is ErrorInstances.GIVEN)


def test_e3_e4_given_instances_are_completed_and_tell_the_code_of_the_error(
    read: Callable[[str], tuple[str, list[CIMInstance]]],
) -> None:
    code, (instance,) = read(encoded(CIMError(1, "the disk is full", instances=[DISK_FULL]), ErrorInstances.GIVEN))
    assert (code, instance.classname, instance.path) == ("1", "EX_DiskError", None)
    told = {name: instance[name] for name in ("MessageID", "Message", "ErrorType", "Disk", "CIMStatusCode")}
    assert told == {"MessageID": "EX17", "Message": "the <disk> is full", "ErrorType": 9, "Disk": "C:", "CIMStatusCode": 1}
    assert (instance["OwningEntity"], instance["PerceivedSeverity"], instance["ProbableCause"]) == ("cimsim", 5, 1)
    assert DISK_FULL["CIMStatusCode"] == 99, "the instance of the provider stays as it is"


def test_e3_e4_every_error_may_carry_one(read: Callable[[str], tuple[str, list[CIMInstance]]]) -> None:
    code, (instance,) = read(encoded(CIMError(6, 'no "x"'), ErrorInstances.ALL))
    assert (code, instance.classname) == ("6", "CIM_Error")
    assert (instance["Message"], instance["MessageID"], instance["CIMStatusCode"]) == ('no "x"', "CIM_ERR_NOT_FOUND", 6)
    assert instance["CIMStatusCodeDescription"] == "CIM_ERR_NOT_FOUND"


def test_all_takes_those_that_are_given_where_there_are_some(read: Callable[[str], tuple[str, list[CIMInstance]]]) -> None:
    _, instances = read(encoded(CIMError(1, "x", instances=[DISK_FULL, CIMInstance("CIM_Error")]), ErrorInstances.ALL))
    assert [each.classname for each in instances] == ["EX_DiskError", "CIM_Error"]
