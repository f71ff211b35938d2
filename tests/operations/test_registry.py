"""The table of operations as a whole, and operations whose rules have no test elsewhere."""

from dataclasses import MISSING, fields
from typing import Any, Final

import pytest

from cimsim.operations.operation import PULL_GROUPS, FunctionalGroup, Operation, Reach, SessionUse
from cimsim.operations.parameters import REQUIRED, ParameterKind
from cimsim.operations.request import Argument, ClassName
from cimsim.operations.roles import Role
from cimsim.operations.table import OPERATIONS
from cimsim.world.paths import InstancePath
from cimsim.world.values import Untyped

A = InstancePath("T_Device", (("Id", Untyped("a")),))
SUBJECTS: Final = {
    ParameterKind.CLASS_NAME,
    ParameterKind.INSTANCE_NAME,
    ParameterKind.OBJECT_NAME,
    ParameterKind.INSTANCE,
    ParameterKind.NAMED_INSTANCE,
    ParameterKind.CLASS,
}
GHOST = InstancePath("T_Device", (("Id", Untyped("ghost")),))


def test_g15_every_group_is_supported() -> None:
    assert {operation.group for operation in OPERATIONS.values()} == set(FunctionalGroup)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.name)
def test_g15_every_operation_asks_for_its_parameters(run: Any, operation: Operation) -> None:
    required = [parameter.name for parameter in operation.parameters if parameter.default is REQUIRED]
    if required:
        assert run.refused(4, run, operation.name) == f"parameter {required[0]} of {operation.name} is missing"
    else:
        assert run(operation.name) is not None


def test_no_fact_about_an_operation_can_be_left_out() -> None:
    assert [each.name for each in fields(Operation) if each.default is not MISSING or each.default_factory is not MISSING] == []


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.name)
def test_the_facts_about_an_operation_agree(operation: Operation) -> None:
    taken = {parameter.name: parameter.kind for parameter in operation.parameters}
    named = {kind for kind in taken.values() if kind in SUBJECTS}
    if operation.subject is None:
        assert not named, "what it is for"
        assert operation.reach is not Reach.ONE_CLASS
    else:
        assert taken[operation.subject] in SUBJECTS
        # What an operation is for comes first, but for optional names of other classes.
        assert operation.subject == operation.parameters[0].name
    assert (operation.session is not SessionUse.NONE) == (operation.group in PULL_GROUPS)
    assert (operation.session not in {SessionUse.NONE, SessionUse.OPEN}) == ("EnumerationContext" in taken)
    assert (operation.session in {SessionUse.OPEN, SessionUse.PULL}) == ("MaxObjectCount" in taken)
    if operation.manages_namespaces or operation.group is FunctionalGroup.INSTANCE_MANIPULATION:
        assert operation.role is Role.WRITE
    if operation.counts_as_read:
        assert operation.role is Role.READ
        assert operation.reach is not Reach.NOTHING or operation.session is SessionUse.PULL
        assert not operation.name.endswith(("Names", "Paths"))


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
