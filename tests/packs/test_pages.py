"""``[[page]]`` in pack.toml: what is read, and what is refused by file, line and name."""

from pathlib import Path

import msgspec
import pytest

from cimsim.packs.load import load
from cimsim.packs.manifest import read_pack
from cimsim.packs.pack_errors import PackError

PAGE = """
[[page]]
name = "lamps"
title = "Lamps"
namespace = "root/test"
class = "T_Lamp"
sort = "Id"
column = [{ property = "Id" }, { property = "On", show = "lamp", lamps = { on = [true] } }]
button = [{ method = "Switch", parameters = { To = true }, when = { On = [false] } }]

[[page.part]]
title = "Bulbs"
class = "T_Bulb"
match = { Lamp = "Id" }
column = [{ property = "Id" }]
"""
MOF = """
class T_Lamp { [Key] string Id; boolean On; uint32 Switch([In] boolean To); };
class T_Bulb { [Key] string Id; string Lamp; };
"""


def write(folder: Path, page: str) -> Path:
    head = 'name = "lamps"\n[[namespaces]]\nname = "root/test"\nmof = ["lamps.mof"]\n'
    (folder / "pack.toml").write_text(head + page, encoding="utf-8")
    (folder / "lamps.mof").write_text(MOF, encoding="utf-8")
    return folder


def test_a_page_is_read_with_its_parts(tmp_path: Path) -> None:
    loaded = load([write(tmp_path, PAGE)], cache_dir=None, now=0.0)
    (page,) = next(pack for pack in loaded.packs if pack.name == "lamps").pages
    shown = msgspec.to_builtins(page)
    assert (shown["class"], shown["sort"], shown["part"][0]["match"]) == ("T_Lamp", "Id", {"Lamp": "Id"})
    assert shown["column"][1] == {"property": "On", "title": "", "show": "lamp", "lamps": {"on": [True]}}
    assert shown["button"][0]["parameters"] == {"To": True}


@pytest.mark.parametrize(
    ("right", "wrong", "error"),
    [
        ('title = "Lamps"', 'titel = "Lamps"', r"pack\.toml:8: unknown key titel in \[\[page\]\]; did you mean title\?"),
        ('show = "lamp"', 'shown = "lamp"', r"pack\.toml:12: unknown key shown in \[\[page\.column\]\]; did you mean show\?"),
        ("parameters =", "parameter =", r"unknown key parameter in \[\[page\.button\]\]; did you mean parameters\?"),
        ("match =", "matches =", r"unknown key matches in \[\[page\.part\]\]; did you mean match\?"),
        (
            '{ property = "Id" }]\n',
            '{ proprety = "Id" }]\n',
            r"proprety in \[\[page\.part\.column\]\]; did you mean property\?",
        ),
        ('show = "lamp"', 'show = "lamb"', r"pack\.toml: page\[0\]\.column\[1\]\.show: invalid enum value 'lamb'"),
        ("{ on = [true] }", "{ green = [true] }", r"invalid enum value 'green'"),
        ('name = "lamps"\ntitle', 'name = "1st"\ntitle', r"pack\.toml:7: '1st' is not the name of a page"),
        ('namespace = "root/test"', 'namespace = "root/tset"', r"page lamps: no namespace root/tset; did you mean root/test\?"),
        ('class = "T_Lamp"', 'class = "T_Lmap"', r"pack\.toml:10: page lamps: there is no class T_Lmap in root/test; did you"),
        ('class = "T_Bulb"', 'class = "T_Blub"', r"there is no class T_Blub in root/test; did you mean T_Bulb\?"),
        ('sort = "Id"', 'sort = "Idd"', r"page lamps: class T_Lamp has no property Idd; did you mean Id\?"),
        ('sort = "Id"', 'where = "Idd = 1"', r"toml:11: page lamps, where: line 1, column 1: .*Idd.*; did you mean Id\?"),
        ('sort = "Id"', "where = \"Id = 'a' AND\"", r"toml:11: page lamps, where: line 1, column \d+: "),
        ('sort = "Id"', "where = \"Id = 'a' ANDD On\"", r"toml:11: page lamps, where: line 1, column 10: "),
        ('sort = "Id"', "where = \"On = 'perhaps'\"", r"toml:11: page lamps, where: line 1, column 6: .*On"),
        ('sort = "Id"', 'where = "Lamp ISA T_Bulb"', r"toml:11: page lamps, where: .*Lamp"),
        ('sort = "Id"', 'where = " "', r"toml:11: page lamps, where: "),
        ('property = "On"', 'property = "Onn"', r"page lamps: class T_Lamp has no property Onn; did you mean On\?"),
        ('method = "Switch"', 'method = "Swich"', r"page lamps: class T_Lamp has no method Swich; did you mean Switch\?"),
        ("{ To = true }", "{ Tow = true }", r"page lamps: method Switch has no parameter Tow"),
        ("when = { On", "when = { Off", r"page lamps: class T_Lamp has no property Off"),
        ("when = { On = [false]", 'when = { On = ["no"]', r"page lamps, when: On: .*boolean"),
        ("{ on = [true] }", "{ on = [1] }", r"page lamps, lamps: On: .*boolean"),
        ("{ To = true }", "{ To = [true] }", r"page lamps, parameters of Switch: To: .*boolean"),
        (
            '{ Lamp = "Id" }',
            '{ Lmap = "Id" }',
            r"page lamps, part Bulbs: class T_Bulb has no property Lmap; did you mean Lamp\?",
        ),
        ('{ Lamp = "Id" }', '{ Lamp = "Ide" }', r"page lamps: class T_Lamp has no property Ide"),
        ('column = [{ property = "Id" }]\n', "column = []\n", r"page lamps, part Bulbs: at least one column is needed"),
    ],
)
def test_what_is_wrong_is_named_with_the_nearest(tmp_path: Path, right: str, wrong: str, error: str) -> None:
    assert PAGE.count(right) == 1
    with pytest.raises(PackError, match=error):
        load([write(tmp_path, PAGE.replace(right, wrong))], cache_dir=None, now=0.0)


def test_two_pages_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="two pages are named lamps"):
        read_pack(write(tmp_path, PAGE + PAGE))


@pytest.mark.parametrize("page", ["page = 1", "[page]\nname = 2", "[[page]]\npart = 1", "[[page]]\npart = [1]"])
def test_a_page_of_another_shape(tmp_path: Path, page: str) -> None:
    folder = tmp_path
    (folder / "pack.toml").write_text(f'name = "lamps"\n{page}\n', encoding="utf-8")
    with pytest.raises(PackError, match=r"pack\.toml"):
        read_pack(folder)
