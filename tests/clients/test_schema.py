"""Classes and qualifier declarations made, changed and removed by pywbem, by hand and by its MOF compiler."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pywbem import (
    CIMClass,
    CIMError,
    CIMInstance,
    CIMProperty,
    CIMQualifier,
    CIMQualifierDeclaration,
    MOFCompiler,
    MOFRepositoryError,
    WBEMConnection,
    WBEMServer,
)

import cimsim.packs
from tests.examples import LONGER

if TYPE_CHECKING:
    from tests.clients.conftest import Connect, Launch, Post, Run, Server

NAMESPACE = "root/schema"
MOF = """
[Abstract, Version("1.0"), Description("A thing.")] class Test_Thing {
    [Key] string Id;
    [Write, Description("A note.")] string Note = "none";
    uint32 Turn([In] uint16 Degrees, [In(false), Out] datetime When);
};
class Test_Lamp : Test_Thing {
    [Override("Note"), Write] string Note = "bright";
    boolean Lit = true;
    uint8 Colors[3] = {1, 2, 3};
};
[Association] class Test_Near { [Key] Test_Thing REF Left; [Key] Test_Thing REF Right; };
instance of Test_Lamp as $A { Id = "a"; };
instance of Test_Lamp as $B { Id = "b"; Note = "dim"; };
instance of Test_Near { Left = $A; Right = $B; };
"""
QUALIFIERS = (Path(cimsim.packs.__file__).parent / "mof/qualifiers.mof").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def schema_server(launch: "Launch") -> Iterator["Server"]:
    with launch() as running:
        yield running


@pytest.fixture(scope="module")
def namespace(connect: "Connect", schema_server: "Server") -> Iterator[WBEMConnection]:
    """A connection to a namespace of its own, with the standard qualifiers."""
    made = connect(schema_server, NAMESPACE)
    server = WBEMServer(made)
    server.create_namespace(NAMESPACE)
    restore_qualifiers(made)
    yield made
    empty(made)
    server.delete_namespace(NAMESPACE)


@pytest.fixture
def connection(namespace: WBEMConnection) -> Iterator[WBEMConnection]:
    """The connection to that namespace, in which a test finds nothing but the standard qualifiers."""
    yield namespace
    remove_classes(namespace)
    restore_qualifiers(namespace)


def restore_qualifiers(connection: WBEMConnection) -> None:
    """Declare the standard qualifiers, as another namespace has them, and no others."""
    wanted = {each.name: each for each in connection.EnumerateQualifiers(namespace="root/interop")}
    known = {each.name: each for each in connection.EnumerateQualifiers()}
    for name in known.keys() - wanted.keys():
        connection.DeleteQualifier(name)
    for name, each in wanted.items():
        if name not in known or known[name] != each:
            connection.SetQualifier(each)


def remove_classes(connection: WBEMConnection) -> None:
    """Remove all instances and classes of the namespace, one by one, as a client has to."""
    for name in connection.EnumerateClassNames():
        for path in connection.EnumerateInstanceNames(name):
            connection.DeleteInstance(path)
    for name in reversed(connection.EnumerateClassNames(DeepInheritance=True)):
        connection.DeleteClass(name)


def empty(connection: WBEMConnection) -> None:
    """Remove everything from the namespace."""
    remove_classes(connection)
    for declaration in connection.EnumerateQualifiers():
        connection.DeleteQualifier(declaration.name)


def refused(code: int, run: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(CIMError) as error:
        run(*arguments, **named)
    assert error.value.status_code == code, error.value
    return str(error.value.status_description)


KEY = CIMQualifier("Key", True)


def lamp(*more: CIMProperty, superclass: str | None = None) -> CIMClass:
    return CIMClass("Test_Simple", [CIMProperty("Id", None, "string", qualifiers=[KEY]), *more], superclass=superclass)


def test_a_class_from_nothing_to_nothing(connection: WBEMConnection) -> None:  # OP-CC-1, OP-MC-1, OP-DC-1
    assert connection.CreateClass(lamp()) is None
    read = connection.GetClass("Test_Simple", LocalOnly=False, IncludeClassOrigin=True)
    assert read.properties["Id"].class_origin == "Test_Simple"
    assert read.properties["Id"].qualifiers["Key"].overridable is False
    read.properties["Wattage"] = CIMProperty("Wattage", None, "uint16")
    assert connection.ModifyClass(read) is None
    path = connection.CreateInstance(CIMInstance("Test_Simple", {"Id": "1"}))
    assert connection.GetInstance(path)["Wattage"] is None
    refused(9, connection.DeleteClass, "Test_Simple")
    connection.DeleteInstance(path)
    assert connection.DeleteClass("Test_Simple") is None
    refused(6, connection.GetClass, "Test_Simple")


def test_refusals(connection: WBEMConnection) -> None:  # OP-CC-2, OP-CC-3, OP-MC-2, OP-DC-2
    connection.CreateClass(lamp())
    refused(11, connection.CreateClass, lamp(superclass="Test_No"))
    refused(10, connection.CreateClass, CIMClass("Test_New", superclass="Test_No"))
    refused(4, connection.CreateClass, CIMClass("Test_New", qualifiers=[CIMQualifier("Nowhere", True)]))
    refused(4, connection.CreateClass, CIMClass("Test_New", [CIMProperty("A", None, "reference", reference_class="Test_No")]))
    connection.CreateClass(CIMClass("Test_Child", superclass="Test_Simple"))
    refused(8, connection.DeleteClass, "Test_Simple")
    refused(8, connection.ModifyClass, lamp(CIMProperty("More", None, "string")))
    refused(6, connection.ModifyClass, CIMClass("Test_New"))
    refused(10, connection.ModifyClass, CIMClass("Test_Child"))
    refused(3, connection.CreateClass, lamp(), namespace="root/nowhere")


def test_what_dsp0004_forbids(connection: WBEMConnection) -> None:  # OP-CC-3, OP-MC-1
    association = CIMQualifier("Association", True)
    ends = [CIMProperty(name, None, "reference", reference_class="Test_Simple") for name in ("Left", "Right")]
    connection.CreateClass(lamp())
    assert "Test_New.Left" in refused(4, connection.CreateClass, CIMClass("Test_New", ends[:1]))
    assert "Test_New" in refused(4, connection.CreateClass, CIMClass("Test_New", ends[:1], qualifiers=[association]))
    keyed = CIMProperty("More", None, "string", qualifiers=[KEY])
    assert "Test_New.More" in refused(4, connection.CreateClass, CIMClass("Test_New", [keyed], superclass="Test_Simple"))
    below = CIMClass("Test_New", ends, superclass="Test_Simple", qualifiers=[association])
    assert "Test_Simple" in refused(4, connection.CreateClass, below)
    assert "Test_Simple.Left" in refused(4, connection.ModifyClass, lamp(ends[0]))
    connection.CreateClass(CIMClass("Test_New", ends, qualifiers=[association]))
    off = CIMClass("Test_Off", superclass="Test_New", qualifiers=[CIMQualifier("Association", False)])
    assert "Association" in refused(4, connection.CreateClass, off)
    connection.CreateClass(CIMClass("Test_Sub", superclass="Test_New"))


def test_qualifier_declarations(connection: WBEMConnection) -> None:  # OP-SQ-1, OP-SQ-2, OP-DQ-1, OP-DQ-2, OP-GQ-2, D28
    declaration = CIMQualifierDeclaration(
        "Test_Mark", "uint8", is_array=True, value=[1, 2], scopes={"ANY": True}, overridable=False, translatable=True
    )
    assert connection.SetQualifier(declaration) is None
    read = connection.GetQualifier("test_mark")
    assert (read.value, read.overridable, read.tosubclass, read.translatable) == ([1, 2], False, True, True)
    assert {scope for scope, given in read.scopes.items() if given} == {
        "CLASS", "ASSOCIATION", "REFERENCE", "PROPERTY", "METHOD", "PARAMETER", "INDICATION",
    }  # fmt: skip
    connection.CreateClass(CIMClass("Test_Marked", qualifiers=[CIMQualifier("Test_Mark", [3], "uint8")]))
    refused(1, connection.DeleteQualifier, "Test_Mark")
    declaration.scopes = {"CLASS": True}
    refused(1, connection.SetQualifier, declaration)
    connection.DeleteClass("Test_Marked")
    connection.SetQualifier(declaration)
    assert connection.DeleteQualifier("Test_Mark") is None
    refused(6, connection.GetQualifier, "Test_Mark")
    refused(6, connection.DeleteQualifier, "Test_Mark")


def test_a_whole_class_sent_back_is_no_change(connection: WBEMConnection) -> None:  # OP-CC-4, FL1
    for name in ("CIM_ObjectManager", "CIM_Namespace", "CIM_NamespaceInManager", "CIM_RegisteredProfile"):
        read = connection.GetClass(name, namespace="root/interop", LocalOnly=False, IncludeClassOrigin=True)
        before = read.copy()
        connection.ModifyClass(read, namespace="root/interop")
        assert connection.GetClass(name, namespace="root/interop", LocalOnly=False, IncludeClassOrigin=True) == before


COPIED = [("root/interop", False)]
LARGE = [("root/interop", True), ("root/virtualization/v2", True), ("root/cimv2/storage/iscsitarget", False)]


@pytest.mark.longer
@pytest.mark.parametrize(("source", "local_only"), COPIED + (LARGE if LONGER > 1 else []))
def test_a_schema_copied_class_by_class_is_the_same(connection: WBEMConnection, source: str, local_only: bool) -> None:
    """Every class as it is read can be created again (OP-CC-3, OP-CC-4)."""
    for declaration in connection.EnumerateQualifiers(namespace=source):
        connection.SetQualifier(declaration)
    waiting = connection.EnumerateClasses(namespace=source, DeepInheritance=True, LocalOnly=local_only)
    while waiting:
        # A class may refer to a later one.
        left = []
        for each in waiting:
            try:
                connection.CreateClass(each)
            except CIMError as error:
                assert error.status_code in (4, 10), error
                left.append(each)
        assert len(left) < len(waiting), [each.classname for each in left]
        waiting = left
    for each in connection.EnumerateClasses(namespace=source, DeepInheritance=True, LocalOnly=False, IncludeClassOrigin=True):
        copy = connection.GetClass(each.classname, LocalOnly=False, IncludeClassOrigin=True)
        copy.path = each.path
        assert copy == each


def test_the_mof_compiler(connection: WBEMConnection) -> None:  # OP-CC-1, OP-MC-2, OP-CI-2
    compiler = MOFCompiler(connection, log_func=None)
    compiler.compile_string(MOF, NAMESPACE)
    names = connection.EnumerateInstanceNames("Test_Thing")
    assert [path["Id"] for path in names] == ["a", "b"]
    (a, b) = (connection.GetInstance(path) for path in names)
    assert (a["Note"], b["Note"], a["Lit"], a["Colors"]) == ("bright", "dim", True, [1, 2, 3])
    assert [path["Id"] for path in connection.AssociatorNames(names[0], ResultClass="Test_Lamp")] == ["b"]
    # The compiler changes classes that exist already, which comes to nothing here.
    again = MOFCompiler(connection, log_func=None)
    again.compile_string(MOF.partition("instance of")[0], NAMESPACE)
    with pytest.raises(MOFRepositoryError) as error:
        again.compile_string('class Test_Lamp : Test_Thing { [Override("Note")] string Note; uint8 Lit; };', NAMESPACE)
    assert error.value.cim_error.status_code == 9


@pytest.mark.longer
def test_the_mof_compiler_makes_the_namespace(connect: "Connect", schema_server: "Server") -> None:  # OP-CC-1, W12
    connection = connect(schema_server, "root/compiled")
    MOFCompiler(connection, log_func=None).compile_string(QUALIFIERS + MOF, "root/compiled")
    assert connection.EnumerateClassNames() == ["Test_Thing", "Test_Near"]
    empty(connection)
    WBEMServer(connection).delete_namespace("root/compiled")


def test_pywbemcli(pywbemcli: "Run", connection: WBEMConnection, schema_server: "Server") -> None:  # OP-DC-1, OP-DQ-1
    connection.CreateClass(lamp())
    printed = pywbemcli(schema_server, NAMESPACE, "class", "delete", "Test_Simple")
    assert (printed.status, printed.err) == (0, ""), printed
    assert connection.EnumerateClassNames() == []
    printed = pywbemcli(schema_server, NAMESPACE, "qualifier", "delete", "Write")
    assert (printed.status, printed.err) == (0, ""), printed
    assert b"Write" not in {declaration.name for declaration in connection.EnumerateQualifiers()}


def test_void_operations_answer_without_a_value(post: "Post", connection: WBEMConnection, schema_server: "Server") -> None:
    # M8, OP-CC-1
    body = '<IPARAMVALUE NAME="NewClass"><CLASS NAME="Test_Void"></CLASS></IPARAMVALUE>'
    assert b"IRETURNVALUE" not in post(schema_server, NAMESPACE, "CreateClass", body)
    body = '<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="test_void"/></IPARAMVALUE>'
    assert b"IRETURNVALUE" not in post(schema_server, NAMESPACE, "DeleteClass", body)
    # G5
    assert b'CODE="4"' in post(
        schema_server, NAMESPACE, "DeleteClass", body.replace('CLASSNAME NAME="test_void"/', "VALUE>x</VALUE")
    )
