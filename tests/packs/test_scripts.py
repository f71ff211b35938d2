"""Mock scripts as arguments: in which order they run, what they are given, and how their mistakes are told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cimsim.packs.scripts import split_environment

MOF = """
Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride, ToSubclass);
class T_Thing { [Key] string Name; };
instance of T_Thing { Name = "one"; };
"""
TWO = """import pywbem

def setup(conn, server, verbose):
    conn.CreateInstance(pywbem.CIMInstance("T_Thing", {"Name": "two"}))
"""
LoadPack = Callable[..., Any]
Refused = Callable[..., str]
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def run(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return run


def names(loaded: Any, namespace: str = "root/cimv2") -> list[str]:
    target = loaded.world.namespace(namespace)
    return [each["Name"] for each in target.of_class(target.cls("T_Thing"))]


def test_files_and_scripts_run_in_the_order_given(load_pack: LoadPack, write: Write) -> None:
    more = 'instance of T_Thing { Name = "three"; };'
    first, script, last = write("a.mof", MOF), write("two.py", TWO), write("b.mof", more)
    loaded = load_pack(first, script, last, namespace="root/own")
    assert names(loaded, "root/own") == ["one", "two", "three"]
    assert [each.name for each in loaded.namespaces] == ["root/own"], "nothing is added to the environment"
    assert [(each.name, dict(each.files)) for each in loaded.packs] == [
        (str(first), {"root/own": ("a.mof",)}),
        (str(script), {}),
        (str(last), {"root/own": ("b.mof",)}),
    ]


def test_what_a_script_is_given(load_pack: LoadPack, write: Write) -> None:
    script = """import pywbem, pywbem_mock

def setup(conn, server, verbose):
    assert isinstance(conn, pywbem_mock.FakedWBEMConnection)
    assert isinstance(server, pywbem.WBEMServer) and server.conn is conn
    assert verbose is False
    assert conn.namespaces == ["root/cimv2"] and conn.EnumerateQualifiers() == []
    assert CONN is conn and SERVER is server and VERBOSE is False
    assert __file__.endswith("given.py")
"""
    assert load_pack(write("given.py", script)).namespaces[0].classes == 0


def test_the_older_form(load_pack: LoadPack, write: Write) -> None:
    script = "def build():\n    CONN.compile_mof_string('instance of T_Thing { Name = \"two\"; };')\n\nbuild()\n"
    assert names(load_pack(write("a.mof", MOF), write("older.py", script))) == ["one", "two"]


def test_a_script_beside_packs_acts_in_the_same_world(load_pack: LoadPack, write: Write, shared_cache: Path) -> None:
    script = """def setup(conn, server, verbose):
    assert "root/interop" in conn.namespaces
    conn.add_namespace("root/new")
"""
    loaded = load_pack("interop", write("more.py", script), cache_dir=shared_cache)
    interop = loaded.world.namespace("root/interop")
    described = {each["Name"] for each in interop.instances_of(interop.cls("CIM_Namespace"))}
    assert described == {"root/interop", "root/cimv2", "root/new"}


def test_an_environment_on_top_of_a_schema(load_pack: LoadPack, write: Write, tmp_path: Path) -> None:
    (tmp_path / "schema").mkdir()
    write("schema/top.mof", MOF.replace("instance of T_Thing", "// ").replace('{ Name = "one"; };', ""))
    more = write("more.mof", 'class T_More : T_Thing { uint8 Size; };\ninstance of T_More { Name = "one"; };')
    loaded = load_pack(more, write("two.py", TWO), schema=tmp_path / "schema")
    assert names(loaded) == ["two"]
    assert [each.name for each in loaded.namespaces] == ["root/cimv2"]


def test_a_script_leaves_no_bytecode(load_pack: LoadPack, write: Write, tmp_path: Path) -> None:
    load_pack(write("a.mof", MOF), write("two.py", TWO))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mof", "two.py"]


def test_which_arguments_make_an_environment() -> None:
    assert split_environment(["hyperv", "a.mof"]) == (["hyperv", "a.mof"], [])
    assert split_environment(["hyperv", "a.mof", "b.PY"]) == (["hyperv"], [Path("a.mof"), Path("b.PY")])


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("def setup(conn, server, verbose):\n    x = 1\n    raise OSError('no disk')\n", "3: OSError: no disk"),
        ("def setup(conn, server, verbose):\n    conn.GetClass('T_Gone')\n", "2: CIM_ERR_NOT_FOUND: "),
        ("\nimport nothing_of_that_name\n", "2: ModuleNotFoundError: "),
        ("import sys\nsys.exit('enough')\n", "2: SystemExit: enough"),
        ("def setup(conn:\n", "1:10: SyntaxError: "),
        ("def setup(conn):\n    pass\n", " TypeError: setup() "),
        ("x = 1\n", " this mock script has no function setup(conn, server, verbose), and does not use CONN or SERVER"),
        ("def set_up(conn, server, verbose):\n    pass\n", " this mock script has no function setup(conn, server, verbose)"),
        ("CONN.compile_mof_string('class {')\n", "1: MOFParseError: "),
    ],
)
def test_a_mistake_in_a_script_is_one_line(write: Write, refused: Refused, script: str, text: str) -> None:
    assert refused(write("bad.py", script)).startswith(f"bad.py:{text}")


@pytest.mark.parametrize(
    ("added", "text"),
    [
        ('CIMQualifierDeclaration("Note", "string", value=5)', "default of qualifier Note: 5 is not a string"),
        ('CIMQualifierDeclaration("Key", "uint8")', "qualifier Key must be boolean, not uint8"),
        (
            '[CIMQualifierDeclaration("C", "string", scopes={"ANY": True, "PROPERTY": True}), '
            'CIMClass("T_A", properties=[CIMProperty("B", "x", qualifiers=[CIMQualifier("C", 5, type="string")])])]',
            "property T_A.B: qualifier C: 5 is not a string",
        ),
        (
            'CIMClass("T_A", properties=[CIMProperty("B", 5, type="string")])',
            "default of property T_A.B: 5 is not a string",
        ),
    ],
)
def test_values_of_declarations_are_checked(write: Write, refused: Refused, added: str, text: str) -> None:
    script = f"from pywbem import *\n\ndef setup(conn, server, verbose):\n    conn.add_cimobjects({added})\n"
    assert refused(write("s.py", script)) == f"s.py:4: CIM_ERR_INVALID_PARAMETER: {text}"


def test_characters_in_mof(load_pack: LoadPack, write: Write) -> None:
    mof = r"""
    Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride, ToSubclass);
    Qualifier Mark : char16 = 'x', Scope(any), Flavor(EnableOverride, ToSubclass);
    class T_Key { [Key] string Id; [Mark('y')] char16 Letter = 'A'; uint8 Run([Mark('\t')] string Text); };
    instance of T_Key { Id = "1"; };
    instance of T_Key { Id = "2"; Letter = '\x42'; };
    """
    loaded = load_pack(write("a.mof", mof), write("s.py", "def setup(conn, server, verbose):\n    pass\n"))
    namespace = loaded.world.namespace("root/cimv2")
    declared = namespace.cls("T_Key").declared
    marks = declared.properties["Letter"], declared.methods["Run"].parameters["Text"]
    assert [each.qualifiers["Mark"].value for each in marks] == ["y", "\t"]
    assert namespace.qualifiers["mark"].value == "x"
    assert namespace.cls("T_Key").properties[1].default == "A"
    assert [each["Letter"] for each in namespace.of_class(namespace.cls("T_Key"))] == [None, "B"]


def test_a_mistake_in_mof_is_one_line(write: Write, refused: Refused) -> None:
    script = write("two.py", TWO)
    assert refused(write("bad.mof", "\nclass T_Thing { string }\n"), script).startswith("bad.mof:2:")
    unknown = refused(write("bad.mof", MOF + 'instance of T_Gone { Name = "x"; };'), script)
    assert unknown.startswith("bad.mof:5:")
    assert "T_Gone" in unknown


def test_files_that_are_missing(tmp_path: Path, write: Write, refused: Refused) -> None:
    assert refused(tmp_path / "gone.py") == "gone.py: no such file"
    assert refused(tmp_path / "gone.mof", write("two.py", TWO)) == "gone.mof: no such file"
