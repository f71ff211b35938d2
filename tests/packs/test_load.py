"""What a loaded pack is in the world."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pywbem import CIMInstance

from cimsim.packs.load import Loaded, load
from cimsim.packs.pack_errors import PackError
from cimsim.world.instances import Instance
from cimsim.world.object_path import parse_path
from cimsim.world.values import Untyped
from cimsim.world.world import World

MOF = r"""
[Version("1.0"), Description("A thing.")]
class T_Thing {
    [Key, MaxLen(64)] string Name;
    uint8 Number = 7;
    real32 Ratio;
    datetime When;
    datetime Span = "00000001000000.000000:000";
    boolean Flag = true;
    char16 Letter;
    string Text = "default";
    string List[] = {"a", "b"};
    uint64 Big;
    [EmbeddedInstance("T_Part")] string Part;
    [EmbeddedInstance("T_Part")] string Parts[];
    [Static, Description("Runs.")] uint32 Run([In, Required] string What, [In(false), Out] T_Thing REF Made, uint8 Numbers[3]);
};
class T_Part { string Text; uint8 Size; T_Thing REF Whole; uint8 size(string Text); };
[Association] class T_Link { [Key] T_Thing REF One; [Key] T_Thing REF Two; };

instance of T_Thing as $One {
    Name = "one";
    When = "20250102030405.000000-000";
    Ratio = 2;
    Letter = '\x41';
    Text = NULL;
    Big = 18446744073709551615;
    Part = "instance of T_Part { Text = \"in\\\"side\"; Whole = \"T_Thing.Name=\\\"one\\\"\"; };";
    Parts = {"instance of T_Part { Size = 1; };", "instance of T_Part { Size = 2; };"};
};
instance of T_Thing as $Two { Name = "two, \"really\" \\ 2"; List = {}; Letter = 'x'; };
instance of T_Link { One = $One; Two = $Two; };
"""
MakePack = Callable[..., Path]
LoadPack = Callable[..., Loaded]


@pytest.fixture(params=["compiled", "cached"])
def things(request: pytest.FixtureRequest, make_pack: MakePack, tmp_path: Path) -> Iterator[list[Instance]]:
    """The instances of T_Thing, once as they come from the compiler and once as they come from the cache."""
    pack = make_pack("p", MOF)
    for _ in range(1 if request.param == "compiled" else 2):
        said: list[str] = []
        loaded = load([pack], cache_dir=tmp_path / "cache", now=0.0, progress=said.append)
    assert bool(said) is (request.param == "compiled")
    namespace = loaded.world.namespace("root/test")
    yield namespace.of_class(namespace.cls("T_Thing"))


def test_values_are_typed_and_datetimes_keep_their_text(things: list[Instance]) -> None:
    one = things[0]
    assert one["When"] == "20250102030405.000000-000"
    assert (one["Ratio"], type(one["Ratio"])) == (2.0, float)
    assert one["Letter"] == "A"
    assert one["Big"] == 2**64 - 1


def test_what_is_not_given_has_the_class_default_and_null_is_null(things: list[Instance]) -> None:
    one, two = things
    assert (one["Number"], one["Flag"], one["List"]) == (7, True, ("a", "b"))
    assert one["Span"] == "00000001000000.000000:000"
    assert (one["Text"], two["Text"], two["List"]) == (None, "default", ())


def test_embedded_instances_are_instances(things: list[Instance]) -> None:
    part, parts = things[0]["Part"], things[0]["Parts"]
    assert isinstance(part, CIMInstance)
    assert part["Text"] == 'in"side'
    assert part["Whole"].namespace == "root/test"
    assert [each["Size"] for each in parts] == [1, 2]


def test_an_alias_is_the_path_of_its_instance(make_pack: MakePack, load_pack: LoadPack) -> None:
    namespace = load_pack(make_pack("p", MOF)).world.namespace("root/test")
    (link,) = namespace.of_class(namespace.cls("T_Link"))
    assert str(link["One"]) == 'root/test:T_Thing.Name="one"'
    assert link["Two"].keys == (("Name", 'two, "really" \\ 2'),)


def test_aliases_live_across_the_files_of_a_namespace(make_pack: MakePack, load_pack: LoadPack) -> None:
    entries = "".join(
        f'[[namespaces]]\nname = "{name}"\nmof = ["{file}"]\n'
        for name, file in (("root/a", "a.mof"), ("root/b", "b.mof"), ("ROOT/A", "c.mof"))
    )
    files = {"a.mof": MOF, "b.mof": "", "c.mof": "instance of T_Link { One = $Two; Two = $One; };"}
    loaded = load_pack(make_pack("p", None, tail=entries, files=files))
    namespace = loaded.world.namespace("root/a")
    assert len(namespace.of_class(namespace.cls("T_Link"))) == 2
    assert loaded.packs[0].files == {"root/a": ("a.mof", "c.mof"), "root/b": ("b.mof",)}


def test_references_go_into_other_namespaces(make_pack: MakePack, load_pack: LoadPack) -> None:
    make_pack("base", MOF)
    link = r"""class T_Thing { [Key] string Name; };
[Association] class T_Far { [Key] T_Thing REF One; [Key] T_Thing REF Two; };
instance of T_Thing { Name = "one"; };
instance of T_Far { One = "root/test:T_Thing.Name=\"one\""; Two = "T_Thing.Name=\"one\""; };
instance of T_Far { One = "\\\\.\\root\\test:t_thing.name=\"one\""; Two = "/ROOT/test:T_Thing.Name=\"one\""; };"""
    tail = '[[namespaces]]\nname = "root/far"\nmof = ["link.mof"]'
    top = make_pack("top", None, head='requires = ["base"]', tail=tail, files={"link.mof": link})
    namespace = load_pack(top).world.namespace("root/far")
    paths = [(str(far["One"]), str(far["Two"])) for far in namespace.of_class(namespace.cls("T_Far"))]
    near, far = 'root/test:T_Thing.Name="one"', 'root/far:T_Thing.Name="one"'
    assert paths == [(near, far), (near, near)]


def test_references_to_other_servers_keep_host_and_types(make_pack: MakePack, load_pack: LoadPack) -> None:  # D16, VR-5
    """From the MOF and from the compiled pack alike."""
    link = r"""class T_Thing { [Key] string Name; };
[Association] class T_Far { [Key] T_Thing REF One; [Key] T_Thing REF Two; };
instance of T_Thing { Name = "one"; };
instance of T_Far { One = "//far/root/test:T_Thing.Name=\"one\""; Two = "//far/root/x:X_Far.A=5,B=\"5\",C=TRUE"; };"""
    pack = make_pack("p", link)
    for _ in range(2):
        namespace = load_pack(pack).world.namespace("root/test")
        [far] = namespace.of_class(namespace.cls("T_Far"))
        assert [(each.host, each.namespace) for each in (far["One"], far["Two"])] == [("far", "root/test"), ("far", "root/x")]
        assert far["Two"].keys == (("A", 5), ("B", "5"), ("C", True))
        assert far["Two"].types == ("uint64", None, "boolean")


def test_qualifiers_have_the_flavors_of_their_declarations(make_pack: MakePack, load_pack: LoadPack) -> None:
    mof = '[Abstract, Version("1")] class T_A { [Key] string Name; [Description("d") : DisableOverride] string Text; };'
    cls = load_pack(make_pack("p", mof)).world.namespace("root/test").cls("T_A").declared
    assert (cls.qualifiers["Abstract"].tosubclass, cls.qualifiers["Abstract"].overridable) == (False, True)
    assert cls.properties["Name"].qualifiers["Key"].overridable is False
    assert cls.properties["Text"].qualifiers["Description"].overridable is False


def test_every_namespace_has_the_standard_qualifiers(make_pack: MakePack, load_pack: LoadPack) -> None:
    tail = '[[namespaces]]\nname = "root/empty"\n'
    loaded = load_pack(make_pack("p", "Qualifier Mine : boolean = true, Scope(any);\n[Mine] class T_A { };", tail=tail))
    counts = {each.name: len(each.qualifiers) for each in loaded.world.namespaces.values()}
    assert counts["root/empty"] > 50
    assert counts["root/test"] == counts["root/empty"] + 1
    assert loaded.world.namespace("root/empty").qualifiers["key"].type == "boolean"


def test_classes_may_refer_to_each_other(make_pack: MakePack, load_pack: LoadPack) -> None:
    mof = "class T_A { [Key] string Name; uint8 F(T_B REF B); };\nclass T_B { [Key] string Name; uint8 F(T_A REF A); };"
    assert load_pack(make_pack("p", mof)).world.namespace("root/test").schema.names() == ["T_A", "T_B"]


def test_the_same_class_may_be_declared_in_the_same_words_again(make_pack: MakePack, load_pack: LoadPack) -> None:
    one, two = make_pack("one", MOF), make_pack("two", MOF[: MOF.index("instance")])
    assert load_pack(one, two).namespaces[0].classes == 3


def test_includes_and_namespace_pragmas(make_pack: MakePack, load_pack: LoadPack) -> None:
    mof = '#pragma include("../more/part.mof")\nclass T_A : T_Part { };\n'
    part = (
        '#pragma namespace("\\\\\\\\.\\\\root\\\\other")\nclass T_O { };\n#pragma namespace("root/test")\nclass T_Part { };\n'
    )
    loaded = load_pack(make_pack("p", mof, files={"more/part.mof": part}))
    summary = [(each.name, each.classes, each.sources) for each in loaded.namespaces]
    assert summary == [
        ("root/test", 2, (("p", ("mof/all.mof", "more/part.mof")),)),
        ("root/other", 1, (("p", ("more/part.mof",)),)),
    ]


def test_plain_mof_finds_missing_classes_beside_it(tmp_path: Path, load_pack: LoadPack, shared_cache: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/T_Base.mof").write_text("class T_Base { [Key] string Name; };\n")
    (tmp_path / "lib/t_ref.mof").write_text("class T_Ref { T_Mine REF Back; };\n")
    plain = tmp_path / "my.first.mof"
    plain.write_text('class T_Mine : T_Base { T_Ref REF Other; };\ninstance of T_Mine { Name = "x"; };\n')
    loaded = load_pack(plain, cache_dir=shared_cache)
    pack = loaded.packs[-1]
    assert [each.name for each in loaded.packs] == ["interop", str(plain)]
    assert pack.path == plain
    assert pack.files == {"root/cimv2": ("my.first.mof", "lib/T_Base.mof", "lib/t_ref.mof")}
    assert loaded.namespaces[-1].name == "root/cimv2"
    assert loaded.world.namespace("root/cimv2").instance_count == 1


def test_plain_mof_goes_into_the_namespace_that_is_asked_for(tmp_path: Path, load_pack: LoadPack, shared_cache: Path) -> None:
    (tmp_path / "my.mof").write_text("class T_Mine { };\n")
    loaded = load_pack(tmp_path / "my.mof", namespace="root/mine", cache_dir=shared_cache)
    assert [each.name for each in loaded.namespaces] == ["root/interop", "root/mine"]
    interop = loaded.world.namespace("root/interop")
    names = {each["Name"] for each in interop.of_class(interop.cls("CIM_Namespace"))}
    assert names == {"root/interop", "root/mine"}


def test_the_shipped_packs_load(load_pack: LoadPack, shared_cache: Path) -> None:
    loaded = load_pack(cache_dir=shared_cache)
    assert {each.name for each in loaded.packs} == {"hyperv", "iscsitarget", "interop", "windows"}
    assert {each.name for each in loaded.namespaces} == {
        "root/virtualization/v2",
        "root/cimv2/storage/iscsitarget",
        "root/cimv2",
        "root/interop",
    }
    assert all(each.classes > 0 and each.instances > 0 for each in loaded.namespaces)


@pytest.mark.longer
def test_the_stored_form_of_the_shipped_packs_loses_nothing(load_pack: LoadPack, shared_cache: Path) -> None:
    load_pack(cache_dir=shared_cache)
    cached, compiled = load_pack(cache_dir=shared_cache).world, load_pack(cache_dir=None).world
    assert list(cached.namespaces) == list(compiled.namespaces)
    for name in compiled.namespaces:
        one, other = cached.namespace(name), compiled.namespace(name)
        assert dict(one.qualifiers) == dict(other.qualifiers)
        assert [cls.declared for cls in one.schema] == [cls.declared for cls in other.schema]
        assert [cls.properties for cls in one.schema] == [cls.properties for cls in other.schema]
        assert [cls.methods for cls in one.schema] == [cls.methods for cls in other.schema]
        assert [(each.path, each.values) for each in _all(cached, name)] == [(e.path, e.values) for e in _all(compiled, name)]


def _all(world: World, name: str) -> list[Instance]:
    return [each for stored in world.namespace(name).instances.all() for each in stored.all()]


def test_paths_in_strings() -> None:
    world = World()
    path = parse_path('//host/root/a:T_X.A="q\\"1\\\\,=",B=5,C=TRUE', world, "root/b")
    assert (path.host, path.namespace, path.classname) == ("host", "root/a", "T_X")
    assert path.keys == (("A", 'q"1\\,='), ("B", "5"), ("C", "TRUE"))
    assert all(isinstance(value, Untyped) for _, value in path.keys)
    assert parse_path('T_X.A="a:b.c"', world, "root/b").namespace == "root/b"
    for text in ("", "T_X", "T_X.", "T_X.A", 'T_X.A="x', 'T_X.A="x",', "T_X.A=1 2"):
        with pytest.raises(ValueError, match="is not an instance path"):
            parse_path(text, world, "root/b")


@pytest.mark.parametrize("way", ["listed", "included", "found", "whole"])
@pytest.mark.parametrize("kind", ["link", "pipe", "device", "folder", "link to a pipe"])
def test_what_is_not_a_file_of_the_pack_is_not_read(make_pack: MakePack, tmp_path: Path, way: str, kind: str) -> None:
    mof = {"listed": "", "included": '#pragma include("../more/T_B.mof")', "found": "class T_A : T_B { };", "whole": ""}
    pack = make_pack("p", mof[way], files={"more/keep.txt": ""})
    place = {"listed": pack / "mof/all.mof", "whole": pack / "pack.toml"}.get(way, pack / "more/T_B.mof")
    place.unlink(missing_ok=True)
    match kind:
        case "link":
            (tmp_path / "secret").write_text("class T_B { };")
            place.symlink_to(tmp_path / "secret")
        case "pipe":
            os.mkfifo(place)
        case "device":
            place.symlink_to("/dev/zero")
        case "link to a pipe":
            os.mkfifo(pack / "pipe")
            place.symlink_to(pack / "pipe")
        case _:
            place.mkdir()
    with pytest.raises(PackError) as caught:
        load([pack], cache_dir=None, now=0.0)
    assert "\n" not in str(caught.value)
    assert "secret" not in caught.value.text.replace(str(tmp_path), "")


@pytest.mark.parametrize("name", ["../outside.mof", "/etc/hostname", "mof/../../outside.mof"])
def test_a_pack_lists_only_files_of_its_own(make_pack: MakePack, tmp_path: Path, name: str) -> None:
    (tmp_path / "outside.mof").write_text("class T_Out { };")
    pack = make_pack("p", "")
    manifest = pack / "pack.toml"
    manifest.write_text(manifest.read_text().replace("mof/all.mof", name))
    with pytest.raises(PackError, match=r"lies outside of .*|no such file"):
        load([pack], cache_dir=None, now=0.0)


def test_a_pack_requires_packs_by_name_only(make_pack: MakePack, tmp_path: Path) -> None:
    pack = make_pack("p", "", head="")
    manifest = pack / "pack.toml"
    manifest.write_text('requires = ["../other"]\n' + manifest.read_text().replace("requires = []", ""))
    with pytest.raises(PackError, match="is not a name of a pack"):
        load([pack], cache_dir=None, now=0.0)


def test_a_file_that_the_user_names_may_be_a_link_but_what_it_includes_may_not(tmp_path: Path) -> None:
    for name in ("real", "here"):
        (tmp_path / name).mkdir()
    (tmp_path / "real/a.mof").write_text("class T_A { };")
    (tmp_path / "here/a.mof").symlink_to(tmp_path / "real/a.mof")
    (tmp_path / "here/b.mof").write_text('#pragma include("../real/a.mof")')
    assert load([tmp_path / "here/a.mof"], cache_dir=None, now=0.0).packs[-1].name == str(tmp_path / "here/a.mof")
    with pytest.raises(PackError, match="lies outside of"):
        load([tmp_path / "here/b.mof"], cache_dir=None, now=0.0)
