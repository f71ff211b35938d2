"""pack.toml, and where packs are found."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cimsim.packs.locate import locate, shipped_folder, shipped_names
from cimsim.packs.manifest import read_pack
from cimsim.packs.order import find_packs, populate_order

MakePack = Callable[..., Path]
Refused = Callable[..., str]


FORMER = "behaviours are called providers now: write [providers.NAMESPACE]"


@pytest.mark.parametrize(
    ("toml", "text"),
    [
        ('name = "x"\ntitle "y"\n', "2:7: "),
        ('name = "x"\ntitle = ', "2: "),
        ('name = "x"\nname = "y"\n', "2:11: "),
        ('name = "x"\ntitel = "y"\n', "2: unknown key titel; did you mean title?"),
        ('name = "x"\n[[namespaces]]\nname = "n"\nmoff = []\n', "4: unknown key moff in [[namespaces]]; did you mean mof?"),
        (
            'name = "x"\n[settings.s]\ntype = "string"\ndefault = ""\nchoice = []\n',
            "5: unknown key choice in [settings.s]; did you mean choices?",
        ),
        ('name = "x"\n# of behaviours\n[behaviours."root/a"]\nX = "Y"\n', f"3: {FORMER}"),
        ('name = "x"\nbehaviours."root/a".X = "Y"\n', f"2: {FORMER}"),
        ('"behaviours" = {}\nname = "x"\n', f"1: {FORMER}"),
        ("title = 'x'\n", " missing required key name"),
        ("name = 5\n", " name: "),
        ('name = "x"\n[[namespaces]]\nname = "n"\nmof = ["a", 5]\n', " namespaces[0].mof[1]: "),
        ('name = "x"\n[settings.s]\ntype = "text"\ndefault = ""\n', " settings[...].type: "),
        ('title = ""\nname = "a.b"\n', "2: 'a.b' is not the name of a pack: a letter, then letters, digits, - and _"),
    ],
)
def test_a_bad_manifest(tmp_path: Path, refused: Refused, toml: str, text: str) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/pack.toml").write_text(toml)
    shown = refused(tmp_path / "bad")
    # What follows a colon at the end is the word of tomllib or msgspec, one line of it.
    assert shown.startswith(f"bad/pack.toml:{text}")
    assert shown.count("\n") == 0
    assert text.endswith(": ") == (len(shown) > len(f"bad/pack.toml:{text}"))


def test_a_listed_file_that_is_missing_is_named_at_its_line(make_pack: MakePack, refused: Refused) -> None:
    pack = make_pack("x", None, tail='[[namespaces]]\nname = "root/a"\nmof = [\n  "gone.mof",\n]')
    assert refused(pack) == "x/pack.toml:7: gone.mof: no such file"


def test_what_is_no_pack(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").touch()
    assert refused(tmp_path / "empty") == "empty: no pack.toml in this folder"
    assert refused(tmp_path / "notes.txt") == "notes.txt: neither a folder with a pack.toml nor a .mof or .py file"
    assert refused(tmp_path / "gone.mof") == "gone.mof: no such file or folder"
    assert refused("hyperw") == "no pack hyperw; did you mean hyperv? (there are: hyperv, interop, iscsitarget, windows)"


def test_a_shipped_pack_is_found_by_its_name() -> None:
    assert locate("hyperv") == shipped_folder() / "hyperv"
    assert shipped_names() == ["hyperv", "interop", "iscsitarget", "windows"]


def test_no_names_are_the_shipped_packs_in_the_order_of_requires() -> None:
    assert [pack.name for pack in find_packs([], "root/cimv2")] == ["interop", "hyperv", "iscsitarget", "windows"]


def test_a_required_pack_is_looked_for_beside_the_pack_first(make_pack: MakePack) -> None:
    pack = make_pack("x", head='requires = ["interop"]')
    assert find_packs([pack], "n")[0].folder == shipped_folder() / "interop"
    sibling = make_pack("interop")
    assert find_packs([pack], "n")[0].folder == sibling


def test_a_pack_that_is_asked_for_serves_those_that_require_its_name(make_pack: MakePack) -> None:
    own = make_pack("mine")
    (own / "pack.toml").write_text('name = "interop"\n')
    assert [pack.folder for pack in find_packs(["hyperv", own], "n")] == [own, shipped_folder() / "hyperv"]


def test_the_same_pack_twice_is_one(make_pack: MakePack) -> None:
    pack = make_pack("x")
    assert len(find_packs([pack, str(pack) + "/../x"], "n")) == 1


def test_two_packs_of_one_name(make_pack: MakePack, refused: Refused) -> None:
    one, two = make_pack("one"), make_pack("two")
    (two / "pack.toml").write_text('name = "one"\n')
    assert refused(one, two) == f"two packs are named one: {one} and {two}".replace(f"{one.parent}/", "")


def test_a_required_pack_that_is_missing(make_pack: MakePack, refused: Refused) -> None:
    pack = make_pack("x", head='requires = ["interob"]')
    expected = (
        "requires interob, but there is no pack interob; did you mean interop?"
        " (there are: hyperv, interop, iscsitarget, windows)"
    )
    assert refused(pack) == f"x/pack.toml:2: {expected}"


def test_a_required_pack_that_has_another_name(make_pack: MakePack, refused: Refused) -> None:
    pack = make_pack("x", head='requires = ["y"]')
    (make_pack("y") / "pack.toml").write_text('name = "z"\n')
    assert refused(pack) == "y/pack.toml:1: this pack is named z, but x requires y here"


@pytest.mark.parametrize("name", ["", "/", "//"])
def test_a_namespace_needs_a_name(make_pack: MakePack, refused: Refused, tmp_path: Path, name: str) -> None:
    pack = make_pack("x", None, tail=f'[[namespaces]]\nname = "{name}"')
    assert refused(pack) == f"x/pack.toml{':5' if name else ''}: '{name}' is not the name of a namespace"
    (tmp_path / "plain.mof").write_text("")
    assert refused(tmp_path / "plain.mof", namespace=name) == f"'{name}' is not the name of a namespace"


def test_a_file_name_that_no_file_can_have(make_pack: MakePack, refused: Refused) -> None:
    pack = make_pack("x", None, tail='[[namespaces]]\nname = "root/test"\nmof = ["a\\u0000b.mof"]')
    assert refused(pack) == "x/pack.toml: a\x00b.mof: cannot be read: embedded null byte"


def test_packs_that_require_each_other(make_pack: MakePack, refused: Refused) -> None:
    make_pack("a", head='requires = ["b"]')
    make_pack("b", head='requires = ["c"]')
    make_pack("c", head='requires = ["b"]')
    assert refused(make_pack("d", head='requires = ["a"]')) == "b/pack.toml:2: packs require each other in a circle: b > c > b"


def test_a_required_pack_populates_after_those_that_require_it(make_pack: MakePack) -> None:
    base, middle = make_pack("base"), make_pack("middle", head='requires = ["base"]')
    other, top = make_pack("other", head='requires = ["base"]'), make_pack("top", head='requires = ["middle"]')
    packs = find_packs([middle, other, top, base], "n")
    assert [pack.name for pack in packs] == ["base", "middle", "other", "top"]
    assert [pack.name for pack in populate_order(packs)] == ["other", "top", "middle", "base"]


def test_the_manifest_is_read_whole(make_pack: MakePack) -> None:
    manifest = read_pack(make_pack("x", head='title = "An X"\nversion = "2"')).manifest
    assert (manifest.name, manifest.title, manifest.version) == ("x", "An X", "2")
    assert [(entry.name, entry.mof) for entry in manifest.namespaces] == [("root/test", ["mof/all.mof"])]
