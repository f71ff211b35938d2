"""The record of an exchange: which object a request was for."""

from typing import Any

import pytest
from pywbem import CIMClass

from cimsim.cimom.exchanges import target_of
from cimsim.operations.request import Argument, ClassName, ExtrinsicRequest, IntrinsicRequest, NamedInstance, Selection
from cimsim.world.convert import InstanceData
from cimsim.world.paths import InstancePath

DISK = InstancePath("T_Disk", (("Id", "a"),))
AWAY = InstancePath("T_Disk", (("Id", "a"),), "root/away")
DATA = InstanceData("T_Disk", ())


@pytest.mark.parametrize(
    ("operation", "arguments", "expected"),
    [
        ("GetInstance", {"InstanceName": DISK}, 'root/test:T_Disk.Id="a"'),
        ("getinstance", {"INSTANCENAME": AWAY}, 'root/away:T_Disk.Id="a"'),
        ("Associators", {"AssocClass": ClassName("T_Link"), "ObjectName": DISK}, 'root/test:T_Disk.Id="a"'),
        ("SetProperty", {"NewValue": AWAY, "InstanceName": DISK}, 'root/test:T_Disk.Id="a"'),
        ("ModifyInstance", {"ModifiedInstance": NamedInstance(DISK, DATA)}, 'root/test:T_Disk.Id="a"'),
        ("CreateInstance", {"NewInstance": DATA}, "root/test:T_Disk"),
        ("CreateClass", {"NewClass": CIMClass("T_Disk")}, "root/test:T_Disk"),
        ("GetInstance", {"InstanceName": Selection("T_Disk")}, "root/test:T_Disk"),
        ("EnumerateClasses", {}, "root/test"),
        ("PullInstances", {"EnumerationContext": "T_Disk"}, "root/test"),
        ("NoSuchOperation", {"InstanceName": DISK}, "root/test"),
    ],
)
def test_target_of_an_operation(operation: str, arguments: dict[str, Any], expected: str) -> None:
    given = tuple(Argument(name, value) for name, value in arguments.items())
    assert target_of(IntrinsicRequest(operation, "root/test", given)) == expected


def test_target_of_a_method() -> None:
    assert target_of(ExtrinsicRequest("Stop", "root/test", AWAY, ())) == 'root/away:T_Disk.Id="a"'
    assert target_of(ExtrinsicRequest("Stop", "root/test", ClassName("T_Disk"), ())) == "root/test:T_Disk"
