"""MOF that is not complete, or has things twice: refused, or with ``lenient`` taken with a warning that names the place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cimsim.operations.call import Policy
from cimsim.operations.perform import perform
from cimsim.operations.request import Argument, ClassName, IntrinsicRequest
from cimsim.packs.load import load
from cimsim.packs.pack_errors import PackError

LoadPack = Callable[..., Any]
Refused = Callable[..., str]
MakePack = Callable[..., Path]

SHELF = "class T_Shelf { [Key] string Id; [Required] string Label; string Note; };\n"
BOOK = "class T_Book { [Key] string Id; uint8 Size; };\n"
STANDS = "[Association] class T_Stands { [Key] T_Book REF Book; [Key] T_Shelf REF Shelf; };\n"
LACKING = {
    "reference": (
        SHELF + BOOK + STANDS + 'instance of T_Book { Id = "b"; };\n'
        'instance of T_Stands { Book = "T_Book.Id=\\"b\\""; Shelf = "T_Shelf.Id=\\"s\\""; };\n',
        [(5, 'reference T_Stands.Shelf leads nowhere: no instance root/test:T_Shelf.Id="s"')],
    ),
    "reference of a class that is not there": (
        BOOK + "[Association] class T_Stands { [Key] T_Book REF Book; [Key] T_Board REF Shelf; };\n"
        'instance of T_Stands { Book = "T_Book.Id=\\"b\\""; Shelf = "T_Board.Id=\\"s\\""; };\n',
        [
            (2, "class T_Stands refers to a class that is not there: no class T_Board in root/test"),
            (3, 'reference T_Stands.Book leads nowhere: no instance root/test:T_Book.Id="b"'),
            (3, "reference T_Stands.Shelf leads nowhere: no class T_Board in root/test"),
        ],
    ),
    "parameter": (
        "class T_Press {\n  [Key] string Id;\n  uint32 Print([In] T_Page REF Page,\n    [Out] T_Sheet REF Sheets[]);\n};\n",
        [
            (1, "class T_Press refers to a class that is not there: no class T_Page in root/test"),
            (1, "class T_Press refers to a class that is not there: no class T_Sheet in root/test"),
        ],
    ),
    "required": (
        SHELF + '\ninstance of T_Shelf { Id = "s"; };\n',
        [(3, "property Label of class T_Shelf is required and has no value")],
    ),
    "class": (
        "class T_Pen { [Key] string Id; };\nclass T_Pen { [Key] string Id; uint8 Width; };\n"
        'instance of T_Pen { Id = "p"; Width = 2; };\n',
        [(2, "class T_Pen is declared again: this declaration replaces the one before")],
    ),
    "class in use": (
        "class T_Pen { [Key] string Id; };\nclass T_Quill : T_Pen { };\nclass T_Pen { [Key] string Id; uint8 Width; };\n",
        [(3, "class T_Pen is declared again, and has subclasses or instances: the declaration before stays")],
    ),
    "property": ("class T_Pen {\n [Key] string Id; string Ink;\n sint32 ink; };\n", [(3, "ink appears twice in class T_Pen")]),
    "instance": (
        BOOK + 'instance of T_Book { Id = "b"; Size = 1; };\ninstance of T_Book { Id = "b"; Size = 2; };\n',
        [(3, 'instance root/test:T_Book.Id="b" is declared again: this declaration replaces the one before')],
    ),
    "abstract": (
        '[Abstract] class T_Pen { [Key] string Id; };\ninstance of T_Pen { Id = "p"; };\n',
        [(2, "class T_Pen is abstract, it has no instances of its own")],
    ),
}
cases = pytest.mark.parametrize("case", LACKING)


def places(warnings: tuple[str, ...], file: Path) -> list[tuple[int, str]]:
    """Return line and text of warnings, which must all be of one file."""
    found = []
    for warning in warnings:
        assert warning.startswith(f"{file}:")
        line, column, text = warning.removeprefix(f"{file}:").split(":", 2)
        assert int(column) > 0
        found.append((int(line), text.strip()))
    return found


@cases
def test_a_pack_is_refused(make_pack: MakePack, refused: Refused, case: str) -> None:
    mof, expected = LACKING[case]
    text = refused(make_pack("p", mof))
    assert text.startswith(tuple(f"p/mof/all.mof:{line}:" for line, _ in expected))


@cases
def test_leniently_it_is_warned_of_each_time(make_pack: MakePack, tmp_path: Path, case: str) -> None:
    mof, expected = LACKING[case]
    pack = make_pack("p", mof, head="lenient = true")
    compiling: list[str] = []
    for start in ("compiled", "from the cache"):
        compiling.clear()
        loaded = load([pack], cache_dir=tmp_path / "c", now=0.0, progress=compiling.append)
        assert places(loaded.warnings, pack / "mof/all.mof") == expected, start
    assert compiling == []


@cases
def test_what_is_lacking_fails_no_reading(make_pack: MakePack, load_pack: LoadPack, case: str) -> None:
    loaded = load_pack(make_pack("p", LACKING[case][0]), lenient=True)
    world = loaded.world
    for cls in world.namespace("root/test").schema:
        name = ClassName(cls.name)
        for operation, argument in (
            ("GetClass", "ClassName"),
            ("EnumerateClasses", "ClassName"),
            ("EnumerateInstances", "ClassName"),
            ("Associators", "ObjectName"),
            ("References", "ObjectName"),
        ):
            request = IntrinsicRequest(operation, "root/test", (Argument(argument, name),))
            assert perform(world, request, loaded.providers, 0.0, Policy()).world is world
    for instances in world.namespace("root/test").instances.all():
        for instance in instances.all():
            for operation in ("Associators", "AssociatorNames", "References", "ReferenceNames"):
                request = IntrinsicRequest(operation, "root/test", (Argument("ObjectName", instance.path),))
                assert perform(world, request, loaded.providers, 0.0, Policy()).world is world


def test_the_last_declaration_counts(make_pack: MakePack, load_pack: LoadPack) -> None:
    mof = LACKING["instance"][0] + LACKING["class"][0] + LACKING["property"][0].replace("T_Pen", "T_Ink")
    namespace = load_pack(make_pack("p", mof), lenient=True).world.namespace("root/test")
    assert [each["Size"] for each in namespace.of_class(namespace.cls("T_Book"))] == [2]
    assert [each["Width"] for each in namespace.of_class(namespace.cls("T_Pen"))] == [2]
    assert namespace.cls("T_Ink").find("Ink").type == "sint32"


def test_an_association_that_is_declared_again_has_its_new_ends(make_pack: MakePack, load_pack: LoadPack) -> None:
    mof = (
        BOOK
        + "[Association] class T_Next { [Key] string Id; T_Book REF From; T_Book REF To; };\n"
        + "".join(f'instance of T_Book as ${name} {{ Id = "{name}"; }};\n' for name in "abc")
        + 'instance of T_Next { Id = "1"; From = $a; To = $b; };\ninstance of T_Next { Id = "1"; From = $a; To = $c; };\n'
    )
    world = load_pack(make_pack("p", mof), lenient=True).world
    namespace = world.namespace("root/test")
    books = {each["Id"]: each for each in namespace.of_class(namespace.cls("T_Book"))}
    assert [len(list(namespace.referring_to(books[name].identity))) for name in "abc"] == [1, 0, 1]


def test_a_reference_to_what_another_file_declares_is_no_warning(
    load_pack: LoadPack, shared_cache: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.mof", tmp_path / "second.mof"
    first.write_text(LACKING["reference"][0])
    second.write_text('instance of T_Shelf { Id = "s"; Label = "x"; };\n')
    assert len(load_pack(first, cache_dir=shared_cache).warnings) == 1
    assert load_pack(first, second, cache_dir=shared_cache).warnings == ()


def test_one_switch_for_all(make_pack: MakePack, load_pack: LoadPack, refused: Refused) -> None:
    mof, expected = LACKING["required"]
    asking = make_pack("asking", mof, head="lenient = true")
    assert len(load_pack(asking).warnings) == len(expected)
    assert refused(asking, lenient=False).startswith("asking/mof/all.mof:3:")


def test_what_is_taken_leniently_is_not_taken_from_the_cache_otherwise(make_pack: MakePack, tmp_path: Path) -> None:
    pack = make_pack("p", LACKING["parameter"][0])
    load([pack], cache_dir=tmp_path / "c", now=0.0, lenient=True)
    with pytest.raises(PackError, match="T_Page"):
        load([pack], cache_dir=tmp_path / "c", now=0.0)


@pytest.mark.parametrize(
    "mistake", ['instance of T_Shelf { Label = "no key"; };', 'instance of T_Shelf { Id = "a"; Note = {1}; };']
)
def test_what_no_value_can_be_made_of_is_refused_all_the_same(make_pack: MakePack, refused: Refused, mistake: str) -> None:
    assert refused(make_pack("p", SHELF + mistake), lenient=True).startswith("p/mof/all.mof:2:")


# Environments of pywbem_mock

QUALIFIERS = "".join(
    f"Qualifier {name} : boolean = false, Scope(any);\n" for name in ("Key", "Required", "Association", "Abstract", "In", "Out")
)


@pytest.mark.longer
@cases
def test_a_script_beside_a_file_changes_nothing_about_it(
    load_pack: LoadPack, refused: Refused, shared_cache: Path, tmp_path: Path, case: str
) -> None:
    mof, script = tmp_path / "all.mof", tmp_path / "nothing.py"
    mof.write_text(QUALIFIERS + LACKING[case][0])
    script.write_text("def setup(conn, server, verbose):\n    pass\n")
    expected = [(line + 6, text.replace("root/test", "root/cimv2")) for line, text in LACKING[case][1]]
    alone, beside = load_pack(mof, cache_dir=shared_cache), load_pack(mof, script)
    assert places(alone.warnings, mof) == places(beside.warnings, mof) == expected
    one, other = (each.world.namespace("root/cimv2") for each in (alone, beside))
    assert one.schema.names() == other.schema.names()
    assert {cls: [each.values for each in found.all()] for cls, found in one.instances.items()} == {
        cls: [each.values for each in found.all()] for cls, found in other.instances.items()
    }
    assert refused(mof, lenient=False, cache_dir=shared_cache) == refused(mof, script, lenient=False)


def test_defaults_of_classes_are_for_files_without_a_script(load_pack: LoadPack, shared_cache: Path, tmp_path: Path) -> None:
    mof, script = tmp_path / "all.mof", tmp_path / "nothing.py"
    mof.write_text(
        QUALIFIERS + 'class T_Cup { [Key] string Id; [Required] uint8 Size = 3; string Tea = "green"; };\n'
        'instance of T_Cup { Id = "a"; Tea = "black"; };\n'
    )
    script.write_text("def setup(conn, server, verbose):\n    pass\n")
    for loaded, size in ((load_pack(mof, cache_dir=shared_cache), 3), (load_pack(mof, script), None)):
        namespace = loaded.world.namespace("root/cimv2")
        (cup,) = namespace.of_class(namespace.cls("T_Cup"))
        assert (cup["Id"], cup["Size"], cup["Tea"], loaded.warnings) == ("a", size, "black", ())
