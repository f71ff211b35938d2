"""A schema of the user's own: a folder or a ZIP archive of MOF files, compiled before the packs."""

import errno
import os
import shutil
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from cimsim.packs import schema_trees as trees
from cimsim.packs.load import Loaded, load
from cimsim.packs.locate import default_packs
from cimsim.packs.pack_errors import PackError
from cimsim.world.schema import DeferredClass, Schema

QUALIFIERS = "Qualifier Grade : uint32 = null, Scope(any), Flavor(EnableOverride, ToSubclass);\n"
# In the order of the alphabet most classes stand before what they need.
FILES = {
    "s.mof": """\
// The whole schema
#pragma locale ("en_US")
#pragma include ("qualifiers.mof")
#pragma include ("Core/S_Disk.mof")
#pragma include ("Core/S_Element.mof")
#pragma include ("Core/S_Holds.mof")
#pragma include ("Core/S_System.mof")
#pragma include ("Event/S_Change.mof")
""",
    "qualifiers.mof": QUALIFIERS,
    "Core/S_Disk.mof": """\
   [Version ( "2.1.0" ), Experimental, Description ( "A disk, \\"so\\" to "
      "say.\\n" )]
class S_Disk : S_Element {
      [Grade ( 0x1F ), ValueMap { "0", "1", "..", "0x8000..0xFFFF" },
       Values { "Unknown", "Other", "Reserved", "Vendor" }]
   uint16 State = 017;
   uint8 Mask = 101b;
   sint64 Offset = -5;
   real32 Rate = 1.5e3;
      [Out ( false )]
   uint32 Move( [In] S_System REF To, [In ( false ), Out, EmbeddedInstance ( "S_Element" )] string Result );
};
""",
    "Core/S_Element.mof": "[Abstract, Deprecated { \"Nothing\" }] class S_Element { [Key] string Name; };\n",
    "Core/S_Holds.mof": "[Association] class S_Holds { [Key] S_System REF Whole; [Key] S_Disk REF Part; };\n",
    "Core/S_System.mof": "class S_System : S_Element { };\n",
    "Event/S_Change.mof": "[Indication] class S_Change { [EmbeddedObject] string Source; };\n",
}  # fmt: skip
NAMES = ["S_Element", "S_Disk", "S_Holds", "S_System", "S_Change"]
Make = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Make:
    """Write MOF files into a new folder: ``folder(files, name="own")``."""

    def make(files: Mapping[str, str], name: str = "own") -> Path:
        for file, text in files.items():
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path / name

    return make


@pytest.fixture
def archive(tmp_path: Path) -> Make:
    """Write files into a new ZIP archive: ``archive(files, name="own.zip")``."""

    def make(files: Mapping[str, str], name: str = "own.zip") -> Path:
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as written:
            for file, text in files.items():
                written.writestr(file, text)
        return tmp_path / name

    return make


def _load(schema: Path, *packs: Path, cache: Path | None = None, told: list[str] | None = None, **options: Any) -> Loaded:
    """Load a schema and packs; without packs, one with nothing in it, which is quicker than all that are shipped."""
    said = [] if told is None else told
    none = schema.parent / "none"
    none.mkdir(exist_ok=True)
    (none / "pack.toml").write_text('name = "none"\n')
    return load(packs or [none], cache_dir=cache, now=0.0, progress=said.append, schema=schema, **options)


def _schema(loaded: Loaded, namespace: str = "root/cimv2") -> Schema:
    return loaded.world.namespace(namespace).schema


def _refused(schema: Path, *packs: Path, **options: Any) -> str:
    with pytest.raises(PackError) as caught:
        _load(schema, *packs, **options)
    return str(caught.value).replace(f"{schema.parent}/", "")


# What is compiled


def test_a_folder_with_a_top_file(folder: Make) -> None:
    loaded = _load(folder(FILES))
    schema = _schema(loaded)
    assert schema.names() == NAMES
    disk = schema.get("S_Disk")
    assert disk is not None
    assert disk.lineage == ("s_disk", "s_element")
    assert [(prop.name, prop.default) for prop in disk.properties] == [
        ("Name", None),
        ("State", 15),
        ("Mask", 5),
        ("Offset", -5),
        ("Rate", 1500.0),
    ]
    qualifiers = disk.declared.qualifiers
    assert qualifiers["Description"].value == 'A disk, "so" to say.\n'
    assert qualifiers["Experimental"].value is True
    state = disk.declared.properties["State"].qualifiers
    assert state["Grade"].value == 31
    assert state["ValueMap"].value == ["0", "1", "..", "0x8000..0xFFFF"]
    assert disk.methods["move"].parameters["result"].embedded_class == "S_Element"
    assert [cls.name for cls in schema if cls.association] == ["S_Holds"]
    assert [cls.name for cls in schema if cls.indication] == ["S_Change"]
    assert [(pack.name, pack.title) for pack in loaded.packs] == [("schema", "own"), ("none", "")]


def test_an_archive_is_the_same(folder: Make, archive: Make, tmp_path: Path) -> None:
    before = _load(folder(FILES))
    zipped = archive(FILES)
    kept = sorted(tmp_path.rglob("*"))
    loaded = _load(zipped)
    assert [cls.declared for cls in _schema(loaded)] == [cls.declared for cls in _schema(before)]
    assert sorted(tmp_path.rglob("*")) == kept, "an archive is not unpacked"


def test_everything_may_lie_in_one_folder_of_the_archive(archive: Make) -> None:
    inner = {f"cim249/{name}": text for name, text in FILES.items()}
    beside = {"__MACOSX/cim249/._s.mof": "\0no MOF", "cim249/.hidden.mof": "nor this", "readme.txt": "{"}
    assert _schema(_load(archive({**beside, **inner}))).names() == NAMES


def test_an_archive_made_on_windows(archive: Make) -> None:
    assert _schema(_load(archive({name.replace("/", "\\"): text for name, text in FILES.items()}))).names() == NAMES


def test_without_a_top_file_the_order_is_found(folder: Make) -> None:
    """Qualifier declarations come first, instances last; a superclass may lie in a file of another name."""
    own = folder(
        {
            "a.mof": 'instance of S_Part { Name = "p"; };',
            "b.mof": "class S_Part : S_Base { [Grade(1)] uint8 Size; };",
            "lower/c.mof": "[Abstract] class S_Base { [Key] string Name; };",
            "z.mof": QUALIFIERS,
        }
    )
    loaded = _load(own)
    assert _schema(loaded).names() == ["S_Base", "S_Part"]
    assert loaded.world.namespace("root/cimv2").instance_count == 1


def test_what_the_top_file_leaves_out_is_compiled_too(folder: Make) -> None:
    own = folder({**FILES, "More/S_Tape.mof": "class S_Tape : S_Element { };", "Core/s_base.MOF": "class S_Base { };"})
    assert set(_schema(_load(own)).names()) == {*NAMES, "S_Tape", "S_Base"}


def test_each_file_is_compiled_once(folder: Make) -> None:
    include = '#pragma include ("part.mof")\n'
    own = folder(
        {"a.mof": include, "b.mof": include, "part.mof": 'class S_A { [Key] string N; };\ninstance of S_A { N = "x"; };'}
    )
    assert _load(own).world.namespace("root/cimv2").instance_count == 1


@pytest.mark.longer
def test_a_long_chain_of_references_does_not_nest(folder: Make) -> None:
    own = folder({f"C{n}.mof": f"class C{n} {{ C{n + 1} REF Next; }};" for n in range(300)} | {"C300.mof": "class C300 { };"})
    assert len(_schema(_load(own))) == 301


def test_superclasses_that_nest_too_deeply(folder: Make) -> None:
    """Each file waits for that of its superclass."""
    own = folder({f"C{n:03}.mof": f"class C{n:03} : C{n + 1:03} {{ }};" for n in range(400)})
    assert _refused(own).endswith("files include each other, or need each other's classes, too many levels deep")


def test_a_class_that_is_declared_twice(folder: Make) -> None:
    """The same words again change nothing, other words are an error."""
    again = {"x/S_Again.mof": "// The same\nclass S_System : S_Element { };\n"}
    assert _schema(_load(folder({**FILES, **again}))).names() == NAMES
    other = {"x/S_Again.mof": "class S_System { };\n"}
    assert _refused(folder({**FILES, **other}, "two")) == (
        "two/x/S_Again.mof:1:1: class S_System exists already, otherwise declared in Core/S_System.mof:1:1"
    )


def test_the_namespace_can_be_chosen(folder: Make) -> None:
    assert _schema(_load(folder(FILES), namespace="root/own"), "root/own").names() == NAMES
    assert _refused(folder(FILES), namespace="/") == "'/' is not the name of a namespace"


@pytest.mark.longer
def test_mof_files_build_on_the_schema(folder: Make, tmp_path: Path) -> None:
    mof = tmp_path / "disks.mof"
    mof.write_text('instance of S_System as $Sys { Name = "s"; };\ninstance of S_Disk as $Disk { Name = "d"; };\n'
                   "instance of S_Holds { Whole = $Sys; Part = $Disk; };\n")  # fmt: skip
    own, cache = folder(FILES), tmp_path / "c"
    for _ in ("compiled", "from the cache"):
        loaded = _load(own, mof, cache=cache)
        namespace = loaded.world.namespace("root/cimv2")
        assert namespace.instance_count == 3
        assert [pack.name for pack in loaded.packs] == ["schema", "interop", str(mof)]
        (disk,) = namespace.of_class(namespace.cls("S_Disk"))
        assert disk["State"] == 15


@pytest.mark.longer
def test_without_packs_the_shipped_ones_are_served_as_well(folder: Make, shared_cache: Path) -> None:
    loaded = load([], cache_dir=shared_cache, now=0.0, schema=folder(FILES))
    assert [pack.name for pack in loaded.packs] == ["schema", "interop", "hyperv", "iscsitarget"]
    assert [each.name for each in loaded.namespaces][:2] == ["root/cimv2", "root/interop"]


@pytest.mark.parametrize(("namespace", "makes_way"), [("root/cimv2", True), ("Root/CIMv2", True), ("root/other", False)])
def test_the_pack_of_root_cimv2_makes_way_for_a_schema_there(namespace: str, makes_way: bool) -> None:
    assert ("windows" not in default_packs(namespace)) is makes_way
    assert "windows" in default_packs()
    assert "hyperv" in default_packs(namespace)


# The cache


@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_the_second_start_compiles_nothing(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> None:
    own = request.getfixturevalue(kind)(FILES)
    told: list[str] = []
    compiled = _schema(_load(own, cache=tmp_path / "c"))
    cached = _schema(_load(own, cache=tmp_path / "c", told=told))
    assert told == []
    assert all(type(cls) is DeferredClass for cls in cached)
    assert [cls.lineage for cls in cached] == [cls.lineage for cls in compiled]
    assert [cls.full for cls in cached] == [cls.full for cls in compiled]
    assert not any(type(cls) is DeferredClass for cls in cached)


def test_where_the_schema_lies_does_not_matter(folder: Make, tmp_path: Path) -> None:
    own = folder(FILES)
    told: list[str] = []
    _load(own, cache=tmp_path / "c")
    _load(own.rename(tmp_path / "elsewhere"), cache=tmp_path / "c", told=told)
    assert told == []


@pytest.mark.parametrize("change", ["changed", "added", "removed", "archive"])
def test_another_schema_is_compiled_again(folder: Make, archive: Make, tmp_path: Path, change: str) -> None:
    own = folder(FILES)
    told: list[str] = []
    _load(own, cache=tmp_path / "c")
    match change:
        case "changed":
            (own / "qualifiers.mof").write_text(QUALIFIERS + "// more\n")
        case "added":
            (own / "Core/S_New.mof").write_text("class S_New { };\n")
        case "removed":
            shutil.rmtree(own / "Event")
            (own / "s.mof").write_text(FILES["s.mof"].replace('#pragma include ("Event/S_Change.mof")', ""))
        case "archive":
            own = archive(FILES)
    _load(own, cache=tmp_path / "c", told=told)
    assert told[0].startswith("compiling schema (")


def test_an_include_under_another_kind_of_name_is_felt(folder: Make, tmp_path: Path) -> None:
    own = folder({"a.mof": '#pragma include ("parts/b.txt")\nclass S_A : S_B { };', "parts/b.txt": "class S_B { };"})
    told: list[str] = []
    _load(own, cache=tmp_path / "c")
    _load(own, cache=tmp_path / "c", told=told)
    assert told == []
    (own / "parts/b.txt").write_text("class S_B { uint8 More; };")
    (cls, _) = _schema(_load(own, cache=tmp_path / "c", told=told))
    assert (cls.name, len(cls.properties)) == ("S_B", 1)


@pytest.mark.parametrize("name", ["../beside/b.mof", "parts/../../beside/b.mof", "link.mof", "link.txt", "out/b.mof"])
def test_an_include_from_elsewhere_is_refused(folder: Make, name: str) -> None:
    other = folder({"b.mof": "class S_B { };"}, "beside")
    own = folder({"a.mof": f'#pragma include ("{name}")\nclass S_A : S_B {{ }};'})
    (own / "out").symlink_to(other)
    if name.startswith("link"):
        (own / name).symlink_to(other / "b.mof")
    with pytest.raises(PackError, match="lies outside of"):
        _load(own)


def test_links_within_a_schema_are_followed(folder: Make, tmp_path: Path) -> None:
    own = folder({"a.mof": '#pragma include ("l.txt")\nclass S_A : S_B { };', "parts/b.txt": "class S_B { };"})
    (own / "l.txt").symlink_to("parts/b.txt")
    (tmp_path / "whole").symlink_to(own)
    assert _schema(_load(tmp_path / "whole")).names() == ["S_B", "S_A"]


def test_a_cache_that_cannot_be_written(folder: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr("cimsim.packs.load.warn", warned.append)
    (tmp_path / "c").write_text("a file where a folder should be")
    assert _schema(_load(folder(FILES), cache=tmp_path / "c")).names() == NAMES
    assert warned == [f"compiled packs are not kept in {tmp_path}/c/packs/v2: Not a directory"]


def test_progress_is_shown_by_file(folder: Make) -> None:
    told: list[str] = []
    _load(folder(FILES), told=told)
    start = told.index("compiling schema (7 MOF files)")
    bars = told[start + 1 : start + 8]
    assert bars[0] == "compiling schema [####..........................] 1 of 7 MOF files"
    assert bars[-1] == "compiling schema [##############################] 7 of 7 MOF files"
    assert max(map(len, bars)) < 80


# What is refused


def test_an_error_far_down_names_its_place(folder: Make, archive: Make, tmp_path: Path) -> None:
    broken = {**FILES, "Core/S_System.mof": "class S_System : S_Element {\n   uint8 5;\n};\n"}
    assert _refused(folder(broken)) == "own/Core/S_System.mof:2:10: the name of a property or method expected, not 5"
    assert (
        _refused(archive(broken), cache=tmp_path / "c")
        == "own.zip/Core/S_System.mof:2:10: the name of a property or method expected, not 5"
    )
    assert len(list((tmp_path / "c" / "packs").rglob("*.msgpack"))) == 1, "only the standard qualifiers are kept"


@pytest.mark.parametrize(
    ("file", "text", "error"),
    [
        ("s.mof", '\n  #pragma include ("gone.mof")\n', "s.mof:2:3: included file {}/gone.mof: no such file"),
        ("Core/S_Disk.mof", "class S_Disk : S_Gone { };", "Core/S_Disk.mof:1:16: no superclass S_Gone for class S_Disk"),
        ("Core/S_Disk.mof", "// \n// \xe4\n", "Core/S_Disk.mof:2: is not UTF-8 text"),
        ("s.mof", '#pragma include ("s.mof")', "s.mof:1:1: s.mof includes itself"),
        ("S_X.mof", "class S_X { S_Gone REF Out; };",
         "S_X.mof:1:1: class S_X refers to a class that is not there: no class S_Gone in root/cimv2"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_bad_mof(tmp_path: Path, request: pytest.FixtureRequest, kind: str, file: str, text: str, error: str) -> None:
    request.getfixturevalue("folder")({**FILES, file: text})
    (tmp_path / "own" / file).write_bytes(text.encode("latin-1"))
    own = tmp_path / "own"
    if kind == "archive":
        own = Path(shutil.make_archive(str(tmp_path / "own"), "zip", own))
        error = error.replace("no such file", "no such file in the archive")
    shown = _refused(own).replace(f"{tmp_path}/", "").replace(str(tmp_path), "")
    assert shown == f"{own.name}/{error.format(own.name)}"


def test_what_is_no_schema(tmp_path: Path, archive: Make) -> None:
    assert _refused(tmp_path / "gone.zip") == "gone.zip: no such file"
    (tmp_path / "empty").mkdir()
    assert _refused(tmp_path / "empty") == "empty: no MOF file in it"
    assert _refused(archive({"readme.txt": "Nothing."})) == "own.zip: no MOF file in it"
    os.mkfifo(tmp_path / "pipe")
    assert _refused(tmp_path / "pipe") == "pipe: neither a folder nor a ZIP archive"
    assert _refused(archive({}, "none.zip")) == "none.zip: no MOF file in it"
    (tmp_path / "text").write_text("class S_A { };")
    assert _refused(tmp_path / "text") == "text: neither a folder nor a ZIP archive: File is not a zip file"


def test_a_pack_named_schema(folder: Make, make_pack: Make) -> None:
    assert _refused(folder(FILES), make_pack("schema")) == "two packs are named schema: own and schema"


@pytest.mark.parametrize("name", ["../S_Out.mof", "/etc/S_Out.mof", "a/../../S_Out.mof", "C:/S_Out.mof", "..\\S_Out.mof"])
def test_an_entry_that_leads_out_of_the_archive(archive: Make, name: str) -> None:
    """What a hostile archive would write elsewhere if it were unpacked."""
    assert _refused(archive({**FILES, name: "class S_Out { };"})) == f"own.zip: entry {name!r} leads out of the archive"


def test_an_include_that_leads_out_of_the_archive(archive: Make, folder: Make) -> None:
    folder({"secret.mof": "class S_Secret { };"}, "beside")
    own = archive({"a.mof": '#pragma include ("../beside/secret.mof")'})
    assert _refused(
        own
    ) == "own.zip/a.mof:1:1: included file " + f"{own.parent}/beside/secret.mof: no such file in the archive".replace(
        f"{own.parent}/", ""
    )


def test_two_entries_of_one_name(archive: Make) -> None:
    assert _refused(archive({"a/b.mof": "class S_A { };", "a//b.mof": ""})) == "own.zip: two entries are named a//b.mof"


@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_trees_that_are_too_large(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    own = request.getfixturevalue(kind)(FILES)
    monkeypatch.setattr(trees, "MAX_FILES", 6)
    assert _refused(own) == f"{own.name}: more than 6 MOF files"
    monkeypatch.setattr(trees, "MAX_FILES", 7)
    monkeypatch.setattr(trees, "MAX_BYTES", 100)
    assert _refused(own) == f"{own.name}: more than 0 MiB of files"


def test_an_archive_that_is_too_large_to_be_read(archive: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    own = archive({"a.mof": "class S_A { };"})
    monkeypatch.setattr(trees, "MAX_BYTES", own.stat().st_size - 1)
    assert _refused(own) == "own.zip: more than 0 MiB of files"


def test_an_archive_that_swells(archive: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "MAX_BYTES", 8 * 2**20)
    own = archive({"a.mof": "//" + " " * 9 * 2**20})
    assert own.stat().st_size < 2**16
    assert _refused(own) == "own.zip: more than 8 MiB of files"


def test_an_entry_that_is_larger_than_it_says(archive: Make) -> None:
    own = archive({"a.mof": "class S_A { };" + " " * 100_000})
    content = own.read_bytes().replace(struct.pack("<L", 100_014), struct.pack("<L", 14))
    own.write_bytes(content)
    assert _refused(own) == "own.zip/a.mof: cannot be read from the archive: Bad CRC-32 for file 'a.mof'"


def test_an_entry_that_cannot_be_read(archive: Make) -> None:
    own = archive({"a.mof": "class S_A { };" * 100})
    content = bytearray(own.read_bytes())
    # The flag "encrypted", in both headers.
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(signature) + offset] |= 1
    own.write_bytes(content)
    assert _refused(own).startswith("own.zip/a.mof: cannot be read from the archive: File 'a.mof' is encrypted")


def test_an_archive_that_is_cut_off(archive: Make) -> None:
    own = archive(FILES)
    own.write_bytes(own.read_bytes()[:-200])
    assert _refused(own).startswith("own.zip: neither a folder nor a ZIP archive: ")


def test_a_folder_that_cannot_be_read(folder: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    own = folder(FILES)

    def walk(top: Path, onerror: Callable[[OSError], None]) -> Any:
        onerror(PermissionError(errno.EACCES, "no entry", str(top / "Core")))

    monkeypatch.setattr("os.walk", walk)
    assert _refused(own) == "own/Core: cannot be read: no entry"
