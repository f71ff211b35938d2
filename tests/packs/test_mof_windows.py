"""MOF as ``mofcomp.exe`` takes it, which ``--mof-dialect windows`` or ``mof_dialect`` in ``pack.toml`` allows."""

import codecs
from collections.abc import Callable
from pathlib import Path

import pytest

from cimsim.packs.load import Loaded, load
from cimsim.world.world import Namespace

MakePack = Callable[..., Path]
LoadPack = Callable[..., Loaded]
Refused = Callable[..., str]


@pytest.fixture(params=["compiled", "cached"])
def served(request: pytest.FixtureRequest, make_pack: MakePack, tmp_path: Path) -> Callable[..., Loaded]:
    """Load MOF of Windows, once as compiled and once as it comes from the cache."""

    def run(mof: str, **options: object) -> Loaded:
        pack = make_pack("p", mof, **options)
        for _ in range(1 if request.param == "compiled" else 2):
            loaded = load([pack], cache_dir=tmp_path / "cache", now=0.0, mof_dialect="windows")
        return loaded

    return run


def _test(loaded: Loaded) -> Namespace:
    return loaded.world.namespace("root/test")


def test_qualifiers_that_nothing_declares(served: Callable[..., Loaded]) -> None:
    namespace = _test(
        served(
            """
            [Singleton, ClassId(-3), Big(4294967296), Huge(18446744073709551615), Ratio(1.5), Tags{"a", "b"} : ToInstance]
            class T_A { [Key, Hint("x") : NotToInstance DisableOverride, Values("only")] string Name; };
            [tags{"c"}] class T_B : T_A { };"""
        )
    )
    given = namespace.cls("T_A").declared.qualifiers
    types = [(each.name, each.type, each.value) for each in given.values()]
    assert types == [
        ("Singleton", "boolean", True),
        ("ClassId", "sint32", -3),
        ("Big", "sint64", 4294967296),
        ("Huge", "uint64", 18446744073709551615),
        ("Ratio", "real64", 1.5),
        ("Tags", "string", ["a", "b"]),
    ]
    assert given["Tags"].toinstance is True
    of_name = namespace.cls("T_A").declared.properties["Name"].qualifiers
    assert (of_name["Hint"].toinstance, of_name["Hint"].overridable, of_name["Values"].value) == (False, False, "only")
    declared = namespace.qualifiers["tags"]
    assert (declared.type, declared.is_array, declared.scopes["ANY"]) == ("string", True, True)


def test_objects_classes_and_nothing_as_types(served: Callable[..., Loaded]) -> None:
    namespace = _test(
        served(
            """
            class T_Part { string Name; };
            class T_A {
                [Key] string Id;
                T_Part One; T_Part Many[]; object Any; object ref Other; string Text;
                T_Part Make([In] object What, [Out, In(false)] T_Part Made[]);
                void Reset();
            };
            instance of T_A {
                Id = "1";
                One = instance of T_Part { Name = "one"; };
                Many = { instance of T_Part { Name = "a"; }, instance of T_Part { Name = "b"; } };
                Any = instance of T_Part { };
                Other = "T_A.Id=\\"1\\"";
                [PropertyContext("local|x"), Dynamic] Text;
            };"""
        )
    )
    cls = namespace.cls("T_A")
    shapes = [(each.type, each.is_array, each.embedded, each.embedded_class) for each in cls.properties[1:4]]
    assert shapes == [
        ("string", False, "instance", "T_Part"),
        ("string", True, "instance", "T_Part"),
        ("string", False, "object", None),
    ]
    assert (cls.properties[4].type, cls.properties[4].reference_class) == ("reference", None)
    make = cls.methods["make"]
    assert (make.parameters["what"].embedded, make.parameters["made"].embedded_class) == ("object", "T_Part")
    assert cls.methods["reset"].returns.type == "uint32"
    (instance,) = namespace.of_class(cls)
    assert (instance["One"]["Name"], [each["Name"] for each in instance["Many"]]) == ("one", ["a", "b"])
    assert str(instance["Other"]) == 'root/test:T_A.Id="1"'


def test_namespaces_are_instances(served: Callable[..., Loaded]) -> None:
    loaded = served(
        r"""
        #pragma autorecover
        #pragma classflags("forceupdate", 64)
        #pragma namespace("\\\\.\\root")
        instance of __Namespace { Name = "acme"; };
        instance of __Namespace { Name = "empty"; };
        instance of __Win32Provider as $P { Name = "AcmeProv"; };
        instance of __InstanceProviderRegistration { Provider = $P; };
        #pragma namespace("\\\\.\\root\\acme")
        class T_A { [Key] string Id; };"""
    )
    counts = {each.name: each.classes for each in loaded.namespaces}
    assert counts == {"root/test": 0, "root": 0, "root/acme": 1, "root/empty": 0}


def test_a_class_is_deleted_with_all_that_hangs_on_it(served: Callable[..., Loaded], make_pack: MakePack) -> None:
    make_pack(
        "base",
        """
        class T_A { [Key] string Id; };
        class T_B : T_A { };
        [Association] class T_Link { [Key] T_A REF One; [Key] T_A REF Two; };
        instance of T_A as $A { Id = "a"; };
        instance of T_B as $B { Id = "b"; };
        instance of T_Link { One = $A; Two = $B; };""",
    )
    mof = '#pragma deleteclass("t_a", FAIL)\n#pragma deleteclass("T_Gone", NOFAIL)\nclass T_A { [Key] uint8 Number; };'
    namespace = _test(served(mof, head='requires = ["base"]'))
    assert namespace.schema.names() == ["T_Link", "T_A"]
    assert namespace.instance_count == 0
    assert namespace.cls("T_A").properties[0].name == "Number"


def test_includes_find_their_files(served: Callable[..., Loaded]) -> None:
    mof = '#include "..\\Parts\\base.mof"\n#pragma include("..\\\\PARTS\\\\Leaf.MOF")\n'
    files = {
        "parts/Base.mof": "class T_Base { [Key] string Id; };",
        "parts/leaf.mof": '#include <base.mof>\ninstance of T_Base { Id = "1"; };',
    }
    loaded = served(mof, files=files)
    assert _test(loaded).instance_count == 1
    assert loaded.packs[0].files["root/test"] == ("mof/all.mof", "parts/Base.mof", "parts/leaf.mof")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-8", "cp1252"])
def test_bytes(make_pack: MakePack, load_pack: LoadPack, encoding: str) -> None:
    mark = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}.get(encoding, b"")
    pack = make_pack("p", "")
    (pack / "mof/all.mof").write_bytes(mark + '[Description("© Größe")]\r\nclass T_Straße { };\r\n'.encode(encoding))
    namespace = _test(load_pack(pack, mof_dialect="windows"))
    assert namespace.cls("T_Straße").declared.qualifiers["Description"].value == "© Größe"


def test_a_schema_of_windows(tmp_path: Path, load_pack: LoadPack) -> None:
    (tmp_path / "own/Sub").mkdir(parents=True)
    (tmp_path / "own/a.mof").write_text('#pragma namespace("root/mine")\n#include "sub\\B.mof"\n#include "z.mof"\n')
    (tmp_path / "own/Sub/b.mof").write_text("[Dynamic] class T_B : T_Z { };\n", encoding="utf-16")
    (tmp_path / "own/z.mof").write_text("class T_Z { [Key] string Id; };\n")
    loaded = load_pack(_empty(tmp_path), schema=tmp_path / "own", mof_dialect="windows")
    assert sorted(loaded.world.namespace("root/mine").schema.names()) == ["T_B", "T_Z"]


def _empty(folder: Path) -> Path:
    (folder / "empty").mkdir()
    (folder / "empty/pack.toml").write_text('name = "empty"\n')
    return folder / "empty"


def test_a_pack_says_it_itself(make_pack: MakePack, load_pack: LoadPack, refused: Refused) -> None:
    mof = "[Dynamic] class T_A { };"
    assert _test(load_pack(make_pack("one", mof, head='mof_dialect = "windows"'))).schema.names() == ["T_A"]
    strict = make_pack("two", mof, head='mof_dialect = "dmtf"')
    assert "no qualifier Dynamic" in refused(strict, mof_dialect="windows")
    assert "mof_dialect" in refused(make_pack("three", mof, head='mof_dialect = "wmi"'))


def test_the_dialects_are_cached_apart(make_pack: MakePack, tmp_path: Path) -> None:
    pack = make_pack("p", "class T_A { };")
    said: list[str] = []
    for dialect in ("dmtf", "windows", "dmtf", "windows"):
        load([pack], cache_dir=tmp_path / "c", now=0.0, mof_dialect=dialect, progress=said.append)
    assert [line for line in said if line.startswith("compiling p ")] == ["compiling p (1 MOF files)"] * 2


@pytest.mark.parametrize(
    ("mof", "place"),
    [
        ("#pragma autorecover\nclass T_A { };", "1:9"),
        ('#pragma ClassFlags("updateonly")', "1:9"),
        ('#pragma deleteclass("T_A", NOFAIL)', "1:9"),
        ('\n #include "part.mof"', "2:2"),
        ('#pragma include("..\\\\Mof\\\\ALL2.mof")', "1:1"),
        ('instance of __Namespace { Name = "acme"; };', "1:13"),
        ("[Dynamic] class T_A { };", "1:2"),
        ('class T_A { [Description("x") : Amended] string Name; };', "1:33"),
        ("class T_A { [Key : NotToInstance] string Name; };", "1:20"),
        ("class T_A { object Any; };", "1:13"),
        ("class T_A { object ref Any; };", "1:13"),
        ("class T_P { };\nclass T_A { T_P Part; };", "2:13"),
        ("class T_A { void Run(); };", "1:13"),
        ("class T_A { uint8 Run(T_P Part); };", "1:23"),
        (
            'class T_P { };\nclass T_A { [EmbeddedInstance("T_P")] string P; };\ninstance of T_A { P = instance of T_P { }; };',
            "3:23",
        ),
    ],
)
def test_what_needs_the_dialect_names_the_option(make_pack: MakePack, refused: Refused, mof: str, place: str) -> None:
    error = refused(make_pack("p", mof, files={"mof/all2.mof": ""}))
    assert error.startswith(f"p/mof/all.mof:{place}: ")
    assert error.endswith("(--mof-dialect windows takes it)")


def test_utf16_names_the_option(make_pack: MakePack, refused: Refused) -> None:
    pack = make_pack("p", "")
    (pack / "mof/all.mof").write_text("class T_A { };", encoding="utf-16")
    assert refused(pack) == "p/mof/all.mof: is UTF-16 text, not UTF-8 (--mof-dialect windows takes it)"


@pytest.mark.parametrize(
    ("mof", "error"),
    [
        ('#pragma deleteclass("T_Gone", FAIL)', "1:21: #pragma deleteclass: no class T_Gone in root/test"),
        ('#pragma deleteclass("T_A", MAYBE)', '1:1: #pragma deleteclass takes a name and FAIL or NOFAIL: ("NAME", NOFAIL)'),
        ('[Odd{1, "a"}] class T_A { };', "1:2: qualifier Odd is not declared, and no type fits its value"),
        ('[MaxLen("x")] class T_A { };', "1:2: class T_A: qualifier MaxLen: 'x' is not a uint32"),
        ('#include "gone.mof"', "1:1: included file p/mof/gone.mof: no such file"),
        ("#include gone.mof", '1:10: "FILE" expected after #include'),
        ("instance of __Namespace { };", '1:1: an instance of __Namespace has its name and nothing else: Name = "NAME";'),
        ("class T_A { T_Gone Part; };", "1:1: class T_A refers to a class that is not there: no class T_Gone in root/test"),
    ],
)
def test_what_is_wrong_in_either(make_pack: MakePack, refused: Refused, mof: str, error: str) -> None:
    assert refused(make_pack("p", mof), mof_dialect="windows") == f"p/mof/all.mof:{error}"
