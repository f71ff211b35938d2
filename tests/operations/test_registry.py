"""The table of operations as a whole, and operations whose rules have no test elsewhere."""

from typing import Any

import pytest
from pywbem import CIMError

from cimsim.operations.request import Argument, ClassName
from cimsim.operations.table import OPERATIONS
from cimsim.world.paths import InstancePath
from cimsim.world.values import Untyped

A = InstancePath("T_Device", (("Id", Untyped("a")),))
GHOST = InstancePath("T_Device", (("Id", Untyped("ghost")),))


WITHOUT_PARAMETERS = {"EnumerateClasses", "EnumerateClassNames", "EnumerateQualifiers"}


@pytest.mark.parametrize("name", sorted(operation.name for operation in OPERATIONS.values()))
def test_g15_every_group_is_supported(run: Any, name: str) -> None:
    status = 0
    try:
        run(name)
    except CIMError as error:
        status = error.status_code
    # What needs parameters asks for them; 7 would be an operation that is not supported.
    assert status == (0 if name in WITHOUT_PARAMETERS else 4)


def names(result: Any) -> set[str]:
    return {each["Id"] for each in result.instances}


def test_op_ein_1_op_ei_1_enumerate_instance_names(run: Any) -> None:
    assert names(run("EnumerateInstanceNames", ClassName=ClassName("T_Device"))) == {"a", "b"}
    run.refused(3, run, "EnumerateInstanceNames", "root/none", Nonsense=True)
    run.refused(4, run, "EnumerateInstanceNames")
    run.refused(4, run, "EnumerateInstanceNames", ClassName=ClassName("T_Device"), DeepInheritance=True)
    run.refused(5, run, "EnumerateInstanceNames", ClassName=ClassName("T_None"))


@pytest.mark.parametrize("operation", ["Associators", "AssociatorNames"])
def test_op_as_1_op_asn_1_every_parameter_filters(run: Any, operation: str) -> None:
    def found(**filters: Any) -> set[str]:
        return names(run(operation, ObjectName=A, **filters))

    assert found() == {"a", "b"}
    assert found(AssocClass=ClassName("T_DiskLink")) == {"b"}
    assert found(ResultClass=ClassName("T_Disk")) == {"b"}
    assert found(Role="Right") == {"a"}
    assert found(ResultRole="Left") == {"a"}
    assert found(AssocClass=None, ResultClass=None, Role=None, ResultRole=None) == {"a", "b"}  # OP-AS-12


@pytest.mark.parametrize("operation", ["Associators", "AssociatorNames"])
def test_op_as_1_op_asn_1_errors_in_order(run: Any, operation: str) -> None:
    run.refused(3, run, operation, "root/none")
    run.refused(4, run, operation)
    run.refused(4, run, operation, ObjectName=A, Nonsense=True)
    run.refused(4, run, operation, ObjectName=ClassName("T_None"))
    run.refused(6, run, operation, ObjectName=GHOST)


def test_g1_g3_the_first_error_of_the_list_wins(run: Any) -> None:
    nonsense = Argument("Nonsense", True)
    run.refused(7, run, "NoSuchOperation", "root/none")  # G8
    run.refused(3, run, "GetInstance", "root/none", Nonsense=True)
    run.refused(4, run.with_arguments, "GetInstance", Argument("InstanceName", InstancePath("T_None", ())), nonsense)
    run.refused(5, run, "GetInstance", InstanceName=InstancePath("T_None", ()))
