"""WQL as WMI speaks it: sources in braces, options, what is refused and how, the namespaces."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from pywbem import CIMError

from cimsim.operations.call import OperationCall
from cimsim.operations.queries import run_query
from cimsim.query.syntax import WMI_LANGUAGE
from cimsim.world.transaction import Transaction
from cimsim.world.world import Namespace, World

BOTH = pytest.mark.parametrize("language", ["WQL", WMI_LANGUAGE])


@pytest.fixture(scope="module")
def world(cim: Any) -> World:
    """Machines and disks, tied by links; X and x are two disks to CIM."""
    world = cim.world(
        cim.cls("T_Machine", cim.prop("Class", "string", "Key"), cim.prop("Name", "string", "Key")),
        cim.cls("T_Disk", cim.prop("Id", "string", "Key"), cim.prop("Size", "uint8")),
        cim.cls("T_Part", cim.prop("Number", "uint8", "Key"), cim.prop("Spare", "boolean", "Key")),
        cim.cls("T_Only", cim.prop("Id", "string", "Key")),
        cim.cls("T_Link", cim.ref("Left", "T_Machine", "Key"), cim.ref("Right", "T_Disk", "Key"), flags=["Association"]),
        cim.cls("T_Second", of="T_Link"),
        cim.cls("T_OfLink", cim.ref("Link", "T_Link", "Key"), cim.ref("Part", "T_Part", "Key"), flags=["Association"]),
    )
    for name in ("root/test/inner", "root/test/a/b", "root/Test/A/c", "root/tester"):
        world = world.with_namespace(Namespace(name))
    transaction = Transaction(world, "root/test")
    machine = transaction.create("T_Machine", {"Class": "T_Machine", "Name": "AB-CD"})
    disk, upper = transaction.create("T_Disk", {"Id": r"Disk\0"}), transaction.create("T_Disk", {"Id": "X"})
    transaction.create("T_Disk", {"Id": "x", "Size": 1})
    transaction.create("T_Only", {"Id": "only"})
    part = transaction.create("T_Part", {"Number": 5, "Spare": True})
    link = transaction.create("T_Link", {"Left": machine, "Right": disk})
    transaction.create("T_Second", {"Left": machine, "Right": disk})
    transaction.create("T_Link", {"Left": machine, "Right": upper})
    transaction.create("T_OfLink", {"Link": link, "Part": part})
    return transaction.world


def rows(
    world: World, text: str, language: str = WMI_LANGUAGE, hides: Callable[[str], bool] | None = None, **policy: Any
) -> list[Any]:
    call = OperationCall(world, world.namespace("root/test"))
    found = run_query(call._replace(hides=hides, policy=replace(call.policy, **policy)), language, text)
    for _ in found.steps:
        pass
    return list(found.instances)


def names(world: World, text: str, language: str = WMI_LANGUAGE) -> list[Any]:
    return [each.values[0] for each in rows(world, text, language)]


def refused(world: World, text: str, language: str = WMI_LANGUAGE) -> tuple[int, str]:
    with pytest.raises(CIMError) as error:
        rows(world, text, language)
    return error.value.status_code, str(error.value.status_description)


@BOTH
@pytest.mark.parametrize(
    "source",
    [
        "T_Machine.Class='T_Machine',Name='AB-CD'",
        "T_Machine.Class='T_Machine',Name='ab-cd'",
        't_machine.NAME="ab-CD",class="T_MACHINE"',
        r"root\test:T_Machine.Name='ab-cd',Class='t_machine'",
        r"\\HVHOST01\root\test:T_Machine.Name='ab-cd',Class='t_machine'",
        r"\\.\ROOT\TEST:T_Machine.Name='ab-cd',Class='t_machine'",
        "T_Machine=@",
    ],
)
def test_a_source_in_any_spelling(world: World, language: str, source: str) -> None:
    assert names(world, f"ASSOCIATORS OF {{{source}}} WHERE AssocClass = T_Second", language) == [r"Disk\0"]


@BOTH
@pytest.mark.parametrize("source", [r"T_Disk='disk\\0'", r'T_Disk="DISK\0"', r"T_Disk.Id='Disk\\0'"])
def test_backslashes_doubled_or_not(world: World, language: str, source: str) -> None:
    assert len(names(world, f"REFERENCES OF {{{source}}}", language)) == 2


@BOTH
def test_an_exact_spelling_comes_first(world: World, language: str) -> None:
    assert len(rows(world, "REFERENCES OF {T_Disk='X'}", language)) == 1
    assert rows(world, "REFERENCES OF {T_Disk='x'}", language) == []


@BOTH
def test_the_path_of_a_superclass_names_an_instance_of_a_subclass(cim: Any, language: str) -> None:
    world = cim.world(cim.cls("T_Base", cim.prop("Id", "string", "Key")), cim.cls("T_Sub", of="T_Base"))
    transaction = Transaction(world, "root/test")
    transaction.create("T_Sub", {"Id": "x"})
    assert rows(transaction.world, "REFERENCES OF {T_Base='X'}", language) == []
    assert refused(transaction.world, "REFERENCES OF {T_Base='Y'}", language)[0] in {6, 15}


@BOTH
def test_numbers_booleans_and_references_as_keys(world: World, language: str) -> None:
    assert len(rows(world, "REFERENCES OF {T_Part.Spare=true,Number=0x5}", language)) == 1
    machine, disk = r"T_Machine.Class=\"t_machine\",Name=\"ab-cd\"", r"T_Disk.Id=\"disk\\\\0\""
    source = f'T_Link.Left="{machine}",Right="{disk}"'
    assert [each["Part"] for each in rows(world, f"REFERENCES OF {{{source}}}", language)] != []


def test_an_endpoint_comes_once_for_each_link_in_wmi(world: World) -> None:
    text = "ASSOCIATORS OF {T_Machine=@} WHERE ResultClass = T_Disk"
    assert names(world, text) == [r"Disk\0", r"Disk\0", "X"]
    assert names(world, text, "WQL") == [r"Disk\0", "X"]


@pytest.mark.parametrize(
    ("text", "status", "expected"),
    [
        ("SELECT * FROM T_Dusk", 5, "column 15: no class T_Dusk in root/test; did you mean T_Disk?"),
        ("SELECT * FROM T_Disk WHERE Isd = 1", 15, "column 28: no property Isd; did you mean Id?"),
        ("SELECT * FROM T_Disk WHERE Size = ", 15, "column 35: "),
        ("SELECT Name FROM meta_class", 15, "column 8: the rows of meta_class are whole classes"),
        ("SELECT * FROM meta_class WHERE Name = 'x'", 15, "column 32: classes have no property Name in meta_class"),
        ("SELECT * FROM meta_class WHERE __This.Size = 1", 15, "column 32: classes have no property Size in meta_class"),
        ("SELECT * FROM meta_class WHERE __CLAS = 'x'", 15, "did you mean __CLASS?"),
        ("ASSOCIATORS OF {T_Dusk='x'}", 5, "column 16: no class T_Dusk"),
        ("ASSOCIATORS OF {T_Disk='y'}", 6, "column 16: no instance root/test:T_Disk.Id="),
        ("ASSOCIATORS OF {T_Disk=@}", 6, "column 16: T_Disk=@ stands for the only instance of a class, but T_Disk has 3"),
        ("ASSOCIATORS OF {T_Disk}", 4, "column 16: 'T_Disk' is not an instance path"),
        ("ASSOCIATORS OF {T_Disk.Id=x}", 4, "column 27: "),
        ("ASSOCIATORS OF {T_Disk.Id='x',}", 4, "column 31: "),
        ("ASSOCIATORS OF {\n T_Disk.='x'}", 4, "line 2, column 9: "),
        ("ASSOCIATORS OF {T_Disk.Idd='x'}", 4, "column 16: class T_Disk has no key Idd; did you mean Id?"),
        ("ASSOCIATORS OF {T_Machine.Name='ab-cd'}", 4, "column 16: key Class of class T_Machine is missing"),
        ("ASSOCIATORS OF {T_Machine='ab-cd'}", 4, "column 16: class T_Machine has no key without a name"),
        ("ASSOCIATORS OF {T_Part.Number='x',Spare=TRUE}", 4, "column 16: key Number"),
        ("ASSOCIATORS OF {T_OfLink.Link='nonsense',Part='T_Part=1'}", 4, "column 16: "),
        (r"ASSOCIATORS OF {root\other:T_Disk='x'}", 3, "column 16: the instance lies in"),
        (
            r"ASSOCIATORS OF {\\OTHER\root\test:T_Disk='x'}",
            6,
            "column 16: the instance lies on OTHER, but this host is HVHOST01",
        ),
        ("ASSOCIATORS OF {T_Disk='x'} WHERE ResultClass = T_Dusk", 5, "column 35: no class T_Dusk"),
        ("ASSOCIATORS OF {T_Disk='x'} WHERE AssocClass=T_Dusk", 5, "column 35: no class T_Dusk"),
        ("ASSOCIATORS OF {T_Disk='x'} WHERE ClassDefsOnly ResultClass=T_Disk", 15, "column 35: ClassDefsOnly and ResultClass"),
        ("ASSOCIATORS OF {T_Dusk} WHERE SchemaOnly", 5, "column 16: no class T_Dusk"),
        ("ASSOCIATORS OF {T_Disk='x'} WHERE Role=Left, ResultRole=Right", 15, "column 44: "),
        ("ASSOCIATORS OF {T_Disk='x'} WHERE Role=Left AND ResultRole=Right", 15, "AND"),
        ("ASSOCIATORS OF {T_Disk='x'} WHERE Role <> Left", 15, "column 40: "),
        ("REFERENCES OF {T_Disk='x'} WHERE AssocClass=T_Link", 15, "an option of ASSOCIATORS OF"),
    ],
)
def test_wmi_tells_by_its_status_what_is_wrong(world: World, text: str, status: int, expected: str) -> None:
    code, description = refused(world, text)
    assert code == status, description
    assert expected in description
    # ExecQuery has no status for classes and instances (rule G1).
    if status != 29:
        assert rows_or_status(world, text) in {15, 29, None}


def rows_or_status(world: World, text: str) -> int | None:
    try:
        rows(world, text, "WQL")
    except CIMError as error:
        return int(error.status_code)
    return None


def test_two_instances_that_only_case_tells_apart(cim: Any, world: World) -> None:
    transaction = Transaction(world, "root/test")
    for name in ("Ab", "aB"):
        transaction.create("T_Disk", {"Id": name})
    code, text = refused(transaction.world, "REFERENCES OF {T_Disk='AB'}")
    assert code == 6
    assert "2 instances differ from" in text


@BOTH
def test_child_namespaces(world: World, language: str) -> None:
    assert names(world, "SELECT * FROM __NAMESPACE", language) == ["a", "inner"]
    assert names(world, "SELECT Name FROM __namespace WHERE Name LIKE 'IN%'", language) == ["inner"]
    assert names(world, "SELECT * FROM __NAMESPACE WHERE __RELPATH = '__NAMESPACE=\"A\"'", language) == ["a"]
    assert "no property Nam; did you mean Name?" in refused(world, "SELECT * FROM __NAMESPACE WHERE Nam = 'x'", language)[1]
    hidden = rows(world, "SELECT * FROM __NAMESPACE", language, hides=lambda name: name.startswith("root/test/a/"))
    assert [each["Name"] for each in hidden] == ["inner"]


def test_cql_knows_no_system_class(world: World) -> None:
    assert refused(world, "SELECT * FROM __NAMESPACE", "DMTF:CQL")[0] == 15


def test_the_name_of_the_host_is_a_matter_of_policy(world: World) -> None:
    text = "SELECT * FROM T_Only WHERE __SERVER = 'elsewhere'"
    assert rows(world, text) == []
    assert len(rows(world, text, server_name="ELSEWHERE")) == 1
    source = r"REFERENCES OF {\\elsewhere\root\test:T_Only='only'}"
    assert refused(world, source)[0] == 6
    assert rows(world, source, server_name="ELSEWHERE") == []
