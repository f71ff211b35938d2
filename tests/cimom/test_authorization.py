"""Roles: what each lets a user do, and that a refusal tells nothing (rules G7, G8, SEC13)."""

from collections.abc import Callable
from typing import Any

import pytest
from pywbem import CIM_ERR_ACCESS_DENIED, CIM_ERR_INVALID_NAMESPACE, CIM_ERR_NOT_FOUND, CIM_ERR_NOT_SUPPORTED, CIMError

from cimsim.cimom.authorization import Authorization, Grant, parse_grant
from cimsim.cimom.clock import Clock
from cimsim.cimom.object_manager import Cimom
from cimsim.operations.request import Argument, ClassName, ExtrinsicRequest, IntrinsicRequest, Request
from cimsim.operations.results import ObjectPaths
from cimsim.operations.roles import Role
from cimsim.operations.table import OPERATIONS
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.paths import InstancePath
from cimsim.world.transaction import Transaction
from cimsim.world.world import Namespace, World

READER = Authorization([parse_grant("eve=read@root/open"), parse_grant("eve=read,write,method@root/own")])


class NoImplementations:
    def find(self, namespace: str, cls: Any, method: str) -> None:
        return None


@pytest.fixture
def world(cim: Any) -> World:
    """root/open, root/own and root/secret with one instance each; the one in root/secret is associated to the others."""
    schema = cim.schema(
        cim.cls("CIM_Thing", cim.prop("Id", "string", "Key"), cim.prop("Name", "string", "Write")),
        cim.cls("CIM_Namespace", cim.prop("Id", "string", "Key")),
        cim.cls("X_Namespace", of="CIM_Namespace"),
        cim.cls("X_Link", cim.ref("A", "CIM_Thing", "Key"), cim.ref("B", "CIM_Thing", "Key"), flags=["Association"]),
    )
    world = World()
    for name in ("root/open", "root/own", "root/secret"):
        world = world.with_namespace(Namespace(name, schema))
    transaction = Transaction(world, "root/open")
    things = [transaction.create("CIM_Thing", {"Id": "1"}, name) for name in ("root/open", "root/secret")]
    transaction.create("X_Link", {"A": things[0], "B": things[1]}, "root/open")
    return transaction.world


@pytest.fixture
def cimom(world: World) -> Cimom:
    return Cimom(world, NoImplementations(), Clock(0.0), random=bytes, authorization=READER)


def thing(identifier: str, namespace: str | None = None) -> InstancePath:
    return InstancePath("CIM_Thing", (("Id", identifier),), namespace)


def get(namespace: str, identifier: str = "1", path_namespace: str | None = None) -> IntrinsicRequest:
    return IntrinsicRequest("GetInstance", namespace, (Argument("InstanceName", thing(identifier, path_namespace)),))


def code(cimom: Cimom, request: Request, user: str | None = "eve") -> int:
    try:
        cimom.perform(request, user)
    except CIMError as error:
        return int(error.status_code)
    return 0


def refusal(cimom: Cimom, request: Request) -> tuple[int, str]:
    with pytest.raises(CIMError) as caught:
        cimom.perform(request, "eve")
    return caught.value.status_code, caught.value.status_description


def test_what_is_granted_is_done(cimom: Cimom) -> None:
    assert code(cimom, get("root/open")) == 0
    assert code(cimom, get("/ROOT/Open/")) == 0, "G9"


def test_sec13_a_refusal_is_the_same_whether_or_not_anything_exists(cimom: Cimom) -> None:
    for request in (
        get("root/secret"),
        get("root/secret", "none"),
        IntrinsicRequest("GetClass", "root/secret", (Argument("ClassName", ClassName("None")),)),
        IntrinsicRequest("GetClass", "root/secret", (Argument("Nonsense", None),)),
        IntrinsicRequest("EnumerateClassNames", "root/secret"),
    ):
        assert refusal(cimom, request) == (CIM_ERR_ACCESS_DENIED, "user eve has no role read in namespace root/secret")
    assert refusal(cimom, get("root/none")) == (CIM_ERR_ACCESS_DENIED, "user eve has no role read in namespace root/none")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("root/se*", "no namespace root/secre; did you mean root/secret? (there are: root/secret)"),
        ("root/secre", "no namespace root/secre"),
        ("root/*[en]", "no namespace root/secre (there are: root/open, root/own)"),
    ],
)
def test_sec13_an_unknown_namespace_names_those_that_the_user_may_read(world: World, pattern: str, text: str) -> None:
    access = Authorization([parse_grant(f"eve=read@{pattern}")])
    cimom = Cimom(world, NoImplementations(), Clock(0.0), random=bytes, authorization=access)
    assert refusal(cimom, get("root/secre")) == (CIM_ERR_INVALID_NAMESPACE, text)


@pytest.mark.parametrize("user", ["eve", "nobody", None])
@pytest.mark.parametrize("name", ["interop", "/Root/Interop/", "root/PG_InterOp"])
def test_w2_a_missing_interop_namespace_is_told_to_everybody(cimom: Cimom, name: str, user: str | None) -> None:
    for request in (
        get(name),
        IntrinsicRequest("EnumerateInstanceNames", name, (Argument("ClassName", ClassName("CIM_Namespace")),)),
        IntrinsicRequest("CreateInstance", name, (Argument("NewInstance", InstanceData("CIM_Namespace", ())),)),
        ExtrinsicRequest("M", name, thing("1")),
    ):
        with pytest.raises(CIMError, match=f"no namespace {name}") as caught:
            cimom.perform(request, user)
        assert caught.value.status_code == CIM_ERR_INVALID_NAMESPACE
    assert code(cimom, get("root/open", "1", name), user) == CIM_ERR_ACCESS_DENIED, "a path into it is judged as ever"


def test_w2_sec13_an_interop_namespace_that_exists_is_judged_by_roles(world: World) -> None:
    there = world.with_namespace(Namespace("root/interop", world.namespace("root/open").schema))
    cimom = Cimom(there, NoImplementations(), Clock(0.0), random=bytes, authorization=READER)
    assert refusal(cimom, get("Root/Interop")) == (
        CIM_ERR_ACCESS_DENIED,
        "user eve has no role read in namespace Root/Interop",
    )
    assert code(cimom, get("interop")) == CIM_ERR_INVALID_NAMESPACE


def test_g8_an_unknown_operation_is_not_supported_for_anybody(cimom: Cimom) -> None:
    assert code(cimom, IntrinsicRequest("Nonsense", "root/secret"), "nobody") == CIM_ERR_NOT_SUPPORTED


@pytest.mark.parametrize("user", ["adam", None])
def test_without_a_grant_nothing_is_allowed(cimom: Cimom, user: str | None) -> None:
    assert code(cimom, get("root/open"), user) == CIM_ERR_ACCESS_DENIED


def test_without_access_rules_everything_is_allowed(world: World) -> None:
    assert code(Cimom(world, NoImplementations(), Clock(0.0), random=bytes), get("root/secret"), "eve") == 0


WRITES = {"CreateInstance", "ModifyInstance", "DeleteInstance", "SetProperty"}
SCHEMA = {"CreateClass", "ModifyClass", "DeleteClass", "SetQualifier", "DeleteQualifier"}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: str(operation.name))
def test_every_operation_takes_its_role_and_no_other_one_does(world: World, operation: Any) -> None:  # G7, SEC13
    expected = Role.WRITE if operation.name in WRITES else Role.SCHEMA if operation.name in SCHEMA else Role.READ
    request = IntrinsicRequest(operation.name, "root/open")
    for role in Role:
        access = Authorization([Grant("eve", frozenset({role}))])
        if role is expected:
            access.check("eve", request, world)
        else:
            with pytest.raises(CIMError) as caught:
                access.check("eve", request, world)
            assert caught.value.status_code == CIM_ERR_ACCESS_DENIED


def test_a_method_takes_the_role_method_in_the_namespace_of_its_target(world: World) -> None:
    access = Authorization([parse_grant("eve=method@root/open")])
    access.check("eve", ExtrinsicRequest("M", "root/open", thing("1")), world)
    for request in (
        ExtrinsicRequest("M", "root/own", thing("1")),
        ExtrinsicRequest("M", "root/open", thing("1", "root/secret")),
    ):
        with pytest.raises(CIMError, match="no role method"):
            access.check("eve", request, world)


def test_a_path_into_another_namespace_counts_there(cimom: Cimom) -> None:  # SEC13
    assert code(cimom, get("root/open", "1", "root/secret")) == CIM_ERR_ACCESS_DENIED
    reference = PropertyData("B", "reference", False, thing("1", "root/secret"), None)
    instance = InstanceData("X_Link", (reference,))
    request = IntrinsicRequest("CreateInstance", "root/own", (Argument("NewInstance", instance),))
    assert code(cimom, request) == CIM_ERR_ACCESS_DENIED, "whether the referenced instance exists is not told"


def test_sec13_associators_leave_out_what_the_user_may_not_read(world: World) -> None:
    request = IntrinsicRequest("AssociatorNames", "root/open", (Argument("ObjectName", thing("1")),))
    free = Cimom(world, NoImplementations(), Clock(0.0), random=bytes).perform(request)
    assert isinstance(free, ObjectPaths)
    assert [each.namespace for each in free.instances] == ["root/secret"]
    seen = Cimom(world, NoImplementations(), Clock(0.0), random=bytes, authorization=READER).perform(request, "eve")
    assert isinstance(seen, ObjectPaths)
    assert list(seen.instances) == []


SOURCE = "{root/open:CIM_Thing.Id='1'}"


@pytest.mark.parametrize(
    "request_of",
    [
        lambda name: IntrinsicRequest(
            "AssociatorNames", "root/open", (Argument("ObjectName", thing("1")), Argument("ResultClass", ClassName(name)))
        ),
        lambda name: IntrinsicRequest(
            "ExecQuery",
            "root/open",
            (
                Argument("QueryLanguage", "WQL"),
                Argument("Query", f"ASSOCIATORS OF {SOURCE} WHERE ResultClass = {name}"),
            ),
        ),
    ],
    ids=["associators", "query"],
)
def test_sec13_the_classes_of_hidden_namespaces_are_as_if_they_were_not(
    cim: Any, world: World, request_of: Callable[[str], IntrinsicRequest]
) -> None:
    transaction = Transaction(world, "root/secret")
    transaction.create_class(cim.cls("X_Secret", cim.prop("Id", "string", "Key")))
    hidden = Cimom(transaction.world, NoImplementations(), Clock(0.0), random=bytes, authorization=READER)
    secret, absent = (refusal(hidden, request_of(name)) for name in ("X_Secret", "X_Absent"))
    assert secret == (absent[0], absent[1].replace("X_Absent", "X_Secret"))
    seen = Cimom(transaction.world, NoImplementations(), Clock(0.0), random=bytes)
    assert code(seen, request_of("X_Secret"), None) == 0


@pytest.mark.parametrize("classname", ["CIM_Namespace", "cim_namespace", "X_Namespace"])
def test_namespaces_are_created_and_deleted_by_administrators_only(world: World, classname: str) -> None:
    create = IntrinsicRequest("CreateInstance", "root/own", (Argument("NewInstance", InstanceData(classname, ())),))
    path = InstancePath(classname, (("Id", "1"),))
    delete = IntrinsicRequest("DeleteInstance", "root/own", (Argument("InstanceName", path),))
    for request in (create, delete):
        with pytest.raises(CIMError, match="no role administer"):
            READER.check("eve", request, world)
        Authorization([parse_grant("eve=write,administer")]).check("eve", request, world)


def test_a_change_of_the_namespaces_by_another_way_takes_an_administrator_too(world: World) -> None:
    request = ExtrinsicRequest("Create", "root/own", ClassName("CIM_Thing"))
    after = world.with_namespace(Namespace("root/new", world.namespace("root/open").schema))
    READER.check_change("eve", request, world, world)
    with pytest.raises(CIMError, match="no role administer"):
        READER.check_change("eve", request, world, after)


def test_a_denied_request_changes_nothing(cimom: Cimom, world: World) -> None:  # G14
    delete = IntrinsicRequest("DeleteInstance", "root/open", (Argument("InstanceName", thing("1")),))
    assert code(cimom, delete) == CIM_ERR_ACCESS_DENIED
    assert cimom.world is world
    assert code(cimom, get("root/open", "2")) == CIM_ERR_NOT_FOUND


@pytest.mark.parametrize(
    ("text", "grant"),
    [
        ("eve=read", Grant("eve", frozenset({Role.READ}))),
        ("eve= Read, write @root/*", Grant("eve", frozenset({Role.READ, Role.WRITE}), "root/*")),
        ("a=b=all@x", Grant("a=b", frozenset(Role), "x")),
        ("*=method", Grant("*", frozenset({Role.METHOD}))),
    ],
)
def test_a_grant_is_read(text: str, grant: Grant) -> None:
    assert parse_grant(text) == grant


@pytest.mark.parametrize("text", ["", "eve", "=read", "eve=", "eve=reed", "eve=read,", "eve=read@"])
def test_what_is_no_grant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="role"):
        parse_grant(text)


def test_anybody_stands_for_every_user() -> None:
    access = Authorization([parse_grant("*=read@root/open"), parse_grant("eve=write")])
    assert access.allows("adam", Role.READ, "root/open")
    assert access.allows("eve", Role.READ, "root/open")
    assert not access.allows("adam", Role.WRITE, "root/open")
    assert not access.allows(None, Role.WRITE, "root/open")


def test_a_list_of_patterns_is_refused() -> None:
    with pytest.raises(ValueError, match="one pattern for namespaces at a time"):
        parse_grant("eve=read@root/interop,interop")
