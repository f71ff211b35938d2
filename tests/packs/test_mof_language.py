"""What DSP0004 lets MOF say: any order, characters, letters beyond ASCII, instances that embed others by their aliases."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pywbem import CIMInstance

from cimsim.packs.load import Loaded, load
from cimsim.packs.mof.lexer import tokens_of
from cimsim.world.world import Namespace

MakePack = Callable[..., Path]
LoadPack = Callable[..., Loaded]

MODEL = """
class T_Thing { [Key] string Name; T_Thing REF Next; };
[Association] class T_Link { [Key] T_Thing REF One; [Key] T_Thing REF Two; };
"""


@pytest.fixture(params=["compiled", "cached"])
def served(request: pytest.FixtureRequest, make_pack: MakePack, tmp_path: Path) -> Callable[..., Namespace]:
    """Return the namespace that MOF makes, once as compiled and once as it comes from the cache."""

    def run(mof: str) -> Namespace:
        pack = make_pack("p", mof)
        for _ in range(1 if request.param == "compiled" else 2):
            loaded = load([pack], cache_dir=tmp_path / "cache", now=0.0)
        return loaded.world.namespace("root/test")

    return run


def _paths(namespace: Namespace, classname: str, *names: str) -> list[tuple[str, ...]]:
    return [tuple(str(each[name]) for name in names) for each in namespace.of_class(namespace.cls(classname))]


def test_aliases_and_paths_may_be_used_before_what_they_name(served: Callable[..., Namespace]) -> None:
    namespace = served(
        """
        instance of T_Link { One = $Left; Two = "T_Thing.Name=\\"right\\""; };
        instance of T_Thing as $Left { Name = "left"; };
        instance of T_Thing { Name = "right"; };"""
        + MODEL
    )
    assert _paths(namespace, "T_Link", "One", "Two") == [('root/test:T_Thing.Name="left"', 'root/test:T_Thing.Name="right"')]
    assert [each["Name"] for each in namespace.of_class(namespace.cls("T_Thing"))] == ["left", "right"]


def test_instances_may_refer_to_each_other_and_to_themselves(served: Callable[..., Namespace]) -> None:
    namespace = served(
        MODEL
        + """
        instance of T_Thing as $A { Name = "a"; Next = $b; };
        instance of T_Thing as $B { Name = "b"; Next = $a; };
        instance of T_Thing as $C { Name = "c"; Next = $C; };"""
    )
    following = {f'root/test:T_Thing.Name="{each}"' for each in "abc"}
    assert {path for (path,) in _paths(namespace, "T_Thing", "Next")} == following


def test_an_alias_may_stand_for_an_association(served: Callable[..., Namespace]) -> None:
    namespace = served(
        MODEL
        + """
        [Association] class T_Of { [Key] T_Link REF Link; [Key] T_Thing REF Owner; };
        instance of T_Of { Link = $L; Owner = $A; };
        instance of T_Link as $L { One = $A; Two = $A; };
        instance of T_Thing as $A { Name = "a"; };"""
    )
    thing = r"root/test:T_Thing.Name=\"a\""
    assert _paths(namespace, "T_Of", "Link") == [(f'root/test:T_Link.One="{thing}",Two="{thing}"',)]


def test_an_alias_that_is_given_twice_is_the_last_before(served: Callable[..., Namespace]) -> None:
    things = 'instance of T_Thing as $A { Name = "%s"; };\ninstance of T_Link { One = $A; Two = $A; };\n'
    namespace = served(MODEL + things % "first" + things % "second")
    names = [path for (path,) in _paths(namespace, "T_Link", "One")]
    assert names == ['root/test:T_Thing.Name="first"', 'root/test:T_Thing.Name="second"']


def test_a_key_that_an_alias_leaves_to_the_default(served: Callable[..., Namespace]) -> None:
    namespace = served(
        """
        class T_One { [Key] string Name = "only"; [Key] uint8 Level; };
        [Association] class T_Pair { [Key] T_One REF One; [Key] T_One REF Two; };
        instance of T_Pair { One = $O; Two = $O; };
        instance of T_One as $O { Level = 0x0F; };"""
    )
    assert _paths(namespace, "T_Pair", "One") == [('root/test:T_One.Name="only",Level=15',)]


def test_classes_and_qualifiers_may_be_used_before_they_are_declared(served: Callable[..., Namespace]) -> None:
    namespace = served(
        """
        [Mine(3)] class T_Leaf : T_Branch { };
        class T_Branch : T_Root { uint8 Level; };
        class T_Root { [Key] string Name; };
        Qualifier Mine : uint8 = 1, Scope(class), Flavor(Restricted);"""
    )
    leaf = namespace.cls("T_Leaf")
    assert [prop.name for prop in leaf.properties] == ["Name", "Level"]
    assert (leaf.declared.qualifiers["Mine"].value, leaf.declared.qualifiers["Mine"].tosubclass) == (3, False)


def test_characters(served: Callable[..., Namespace]) -> None:
    namespace = served(
        r"""
        Qualifier Mark : char16 = '\'', Scope(any);
        Qualifier Marks : char16[] = {'a', '\x20AC'}, Scope(any);
        class T_Key {
            [Key, Mark('"')] char16 Letter = '\\';
            [Marks{'\t', 'ö'}] char16 More[] = {'\n', 'z'};
        };
        instance of T_Key { };
        instance of T_Key { Letter = 'B'; More = {'\x0', NULL}; };"""
    )
    declared = namespace.cls("T_Key").declared
    assert declared.properties["Letter"].qualifiers["Mark"].value == '"'
    assert declared.properties["More"].qualifiers["Marks"].value == ["\t", "ö"]
    assert (namespace.qualifiers["mark"].value, namespace.qualifiers["marks"].value) == ("'", ["a", "€"])
    values = [(each["Letter"], each["More"]) for each in namespace.of_class(namespace.cls("T_Key"))]
    assert values == [("\\", ("\n", "z")), ("B", ("\x00", None))]


def test_letters_beyond_ascii(served: Callable[..., Namespace]) -> None:
    namespace = served(
        """
        Qualifier Güte : uint8, Scope(any);
        [Güte(1)] class T_Straße { [Key] string Größe; [Key] uint8 数; };
        class T_Ende : t_straße { T_Straße REF Nächste; uint8 Öffne([In] string 名); };
        instance of T_Straße as $Erste { Größe = "1"; 数 = 2; };
        instance of T_Ende { Größe = "2"; 数 = 3; Nächste = $Erste; };
        instance of T_Ende { Größe = "3"; 数 = 4; Nächste = "T_Straße.Größe=\\"1\\",数=2"; };"""
    )
    first = 'root/test:T_Straße.Größe="1",数=2'
    assert _paths(namespace, "T_Ende", "Nächste") == [(first,), (first,)]


LOGIN = """
class T_Login { string UserName; [EmbeddedInstance("T_Login")] string Before; };
class T_Copy { [Key] string Id; [EmbeddedInstance("T_Login")] string Logins[]; [EmbeddedObject] string Any; };
"""


def test_instances_embed_others_by_their_aliases(served: Callable[..., Namespace]) -> None:
    namespace = served(
        LOGIN
        + """
        instance of T_Copy { Id = "1"; Logins = {$New, $Old}; Any = $New; };
        instance of T_Login as $New { UserName = "new"; Before = $Old; };
        instance of T_Login as $Old { UserName = "old"; };"""
    )
    (copy,) = namespace.of_class(namespace.cls("T_Copy"))
    new, old = copy["Logins"]
    assert isinstance(copy["Any"], CIMInstance)
    assert (new["UserName"], old["UserName"], new["Before"]["UserName"], copy["Any"]["UserName"]) == (
        "new",
        "old",
        "old",
        "new",
    )
    assert namespace.of_class(namespace.cls("T_Login")) == [], "an instance without keys is only a value"


def test_an_instance_with_keys_that_is_embedded_stays_one(served: Callable[..., Namespace]) -> None:
    namespace = served(
        """
        class T_Part { [Key] string Name; };
        class T_Whole { [Key] string Name; [EmbeddedObject] string Part; };
        instance of T_Part as $P { Name = "part"; };
        instance of T_Whole { Name = "whole"; Part = $P; };"""
    )
    assert namespace.of_class(namespace.cls("T_Whole"))[0]["Part"]["Name"] == "part"
    assert len(namespace.of_class(namespace.cls("T_Part"))) == 1


def test_instances_that_embed_each_other(make_pack: MakePack, refused: Callable[..., str]) -> None:
    mof = LOGIN + "instance of T_Login as $A { Before = $B; };\ninstance of T_Login as $B { Before = $A; };\n"
    assert refused(make_pack("broken", mof)) == "broken/mof/all.mof:4:1: this instance of T_Login holds itself"


def test_words_of_the_language_may_be_names(served: Callable[..., Namespace]) -> None:
    namespace = served(
        """
        class T_Word { [Key] string Schema; uint8 Instance; string Any; string Ref; uint8 Of(string Class, T_Word REF Ref); };
        instance of T_Word { Schema = "s"; Instance = 1; Any = "a"; Ref = "r"; };"""
    )
    (word,) = namespace.of_class(namespace.cls("T_Word"))
    assert (word["Instance"], word["Any"], word["Ref"]) == (1, "a", "r")
    assert list(namespace.cls("T_Word").methods["of"].parameters) == ["class", "ref"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0x1f", 31),
        ("-0X10", -16),
        ("101B", 5),
        ("+017", 15),
        ("0", 0),
        ("-5", -5),
        (".5", 0.5),
        ("1.5e3", 1500.0),
        ("-2.25E-1", -0.225),
        (r'"a\tb\\\"\x41\x20ac"', 'a\tb\\"A€'),
        (r'"\xD83D\xDE00"', "😀"),
        ('"/* no comment */ // none"', "/* no comment */ // none"),
        (r"'\x27'", "'"),
    ],
)
def test_literals(text: str, value: object) -> None:
    token, end = tokens_of(f"// a line\n/* some\n* lines **/ {text} // end")
    assert token.value == value
    assert type(token.value) is type(value)
    assert end.kind == "end"
