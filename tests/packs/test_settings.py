"""Settings: declared by packs, overridden by users."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cimsim.packs.manifest import read_pack
from cimsim.packs.pack_errors import PackError
from cimsim.packs.settings import settle
from cimsim.world.timing import Timing

SETTINGS = """
[settings.mode]
type = "string"
default = "calm"
choices = ["calm", "wild"]
[settings.count]
type = "integer"
default = 3
choices = [3, 4]
[settings.ratio]
type = "number"
default = 1
[settings.on]
type = "boolean"
default = true
[settings.names]
type = "string[]"
default = ["a"]
[settings.delay]
type = "timing"
default = "2s"
"""
MOF = """class T_Thing {
    [Key] string Name;
    uint8 Run(); boolean Ask(); string Say();
};
class T_Sub : T_Thing { };
"""
MakePack = Callable[..., Path]
LoadPack = Callable[..., Any]
Refused = Callable[..., str]


def test_defaults_are_typed(make_pack: MakePack, load_pack: LoadPack) -> None:
    (pack,) = load_pack(make_pack("p", tail=SETTINGS)).packs
    own = {"mode": "calm", "count": 3, "ratio": 1.0, "on": True, "names": ("a",), "delay": Timing(seconds=2.0)}
    assert dict(pack.settings) == {**own, "faults": (), "timings": ()}
    assert isinstance(pack.settings["ratio"], float)


def test_defaults_can_be_replaced_and_overrides_still_win(make_pack: MakePack) -> None:
    pack = read_pack(make_pack("p", tail=SETTINGS))
    defaults: dict[str, dict[str, Any]] = {"p": {"mode": "wild", "count": 4, "undeclared": 1}, "absent": {"mode": "wild"}}
    settings = settle([pack], {"p.count": "3"}, defaults)["p"]
    assert (settings["mode"], settings["count"]) == ("wild", 3)
    with pytest.raises(PackError, match=r"setting p\.mode"):
        settle([pack], {}, {"p": {"mode": "merry"}})


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("mode", "wild", "wild"),
        ("count", "4", 4),
        ("count", 4, 4),
        ("ratio", "0.5", 0.5),
        ("ratio", 2, 2.0),
        ("on", "False", False),
        ("on", False, False),
        ("names", "x, y", ("x", "y")),
        ("names", ["x"], ("x",)),
        ("names", "", ()),
        ("delay", "3 reads", Timing(reads=3)),
        ("timings", "", ()),
    ],
)
def test_overrides_as_text_and_typed(make_pack: MakePack, load_pack: LoadPack, name: str, given: Any, value: Any) -> None:
    pack = make_pack("p", tail=SETTINGS)
    for overrides in ({f"p.{name}": given}, {"p": {name: given}}):
        (loaded,) = load_pack(pack, overrides=overrides).packs
        assert loaded.settings[name] == value
        assert type(loaded.settings[name]) is type(value)


@pytest.mark.parametrize(
    ("overrides", "text"),
    [
        ({"mode": "wild"}, "setting mode: write PACK.NAME=VALUE"),
        ({"q.mode": "wild"}, "setting q.mode: no pack q (there are: p)"),
        (
            {"p.mod": "wild"},
            "pack p has no setting mod; did you mean mode? (there are: mode, count, ratio, on, names, delay, faults, timings)",
        ),
        ({"p.mode": "wilt"}, "setting p.mode: 'wilt' is not among calm, wild; did you mean wild?"),
        ({"p.mode": 5}, "setting p.mode: 5 is not a string"),
        ({"p.count": "5"}, "setting p.count: 5 is not among 3, 4"),
        ({"p.count": "many"}, "setting p.count: 'many' is not an integer"),
        ({"p.count": True}, "setting p.count: True is not an integer"),
        ({"p.ratio": "much"}, "setting p.ratio: 'much' is not a number"),
        ({"p.on": "maybe"}, "setting p.on: 'maybe' is not a boolean (true or false)"),
        ({"p.names": [5]}, "setting p.names: [5] is not a string[]"),
        ({"p.delay": "soon"}, "setting p.delay: 'soon' is not a timing: write immediate, 2s, 500ms or 3 reads"),
        ({"p.delay": 2}, "setting p.delay: 2 is not a timing"),
    ],
)
def test_overrides_that_are_refused(make_pack: MakePack, refused: Refused, overrides: dict[str, Any], text: str) -> None:
    assert refused(make_pack("p", tail=SETTINGS), overrides=overrides) == text


RANGED = """
[settings.percent]
type = "integer"
default = 50
minimum = 0
maximum = 100

[settings.least]
type = "number"
default = 1.5
minimum = 0.5
"""


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("percent", "-1", "-1 is not at least 0 and at most 100"),
        ("percent", 101, "101 is not at least 0 and at most 100"),
        ("percent", "9" * 400, "9" * 400 + " is not at least 0 and at most 100"),
        ("least", "0.25", "0.25 is not at least 0.5"),
        ("least", "nan", "nan is not at least 0.5"),
        ("least", "inf", "inf is not a finite number"),
    ],
)
def test_a_number_outside_its_range_is_refused(
    make_pack: MakePack, refused: Refused, name: str, value: Any, wanted: str
) -> None:
    assert refused(make_pack("p", tail=RANGED), overrides={f"p.{name}": value}) == f"setting p.{name}: {wanted}"


def test_the_ends_of_a_range_belong_to_it(make_pack: MakePack, load_pack: LoadPack) -> None:
    pack = make_pack("p", tail=RANGED)
    for percent in (0, 100):
        (loaded,) = load_pack(pack, overrides={"p.percent": percent, "p.least": 0.5}).packs
        assert (loaded.settings["percent"], loaded.settings["least"]) == (percent, 0.5)


REFUSING = """
from cimsim.providers.setting_error import SettingError

def populate(transaction, settings):
    raise SettingError("mode", f"{settings['mode']!r} does not go with count {settings['count']}")
"""


def test_a_pack_that_refuses_a_setting_names_it_and_not_its_own_line(make_pack: MakePack, refused: Refused) -> None:
    pack = make_pack("p", tail=SETTINGS, files={"providers.py": REFUSING})
    assert refused(pack, overrides={"p.mode": "wild"}) == "setting p.mode: 'wild' does not go with count 3"


@pytest.mark.parametrize(
    ("item", "wanted"),
    [
        ("T_A=soon", "'soon' is not a timing: write immediate, 2s, 500ms or 3 reads"),
        ("T_A", "'T_A': write CLASS[PROPERTY=VALUE].METHOD#CALL=TIMING; only CLASS and TIMING must be there"),
        ("T_A.M#0=2s", "'T_A.M#0=2s': calls are counted from 1"),
    ],
)
def test_a_wrong_timing_names_the_setting_even_if_a_provider_reads_it(
    make_pack: MakePack, refused: Refused, item: str, wanted: str
) -> None:
    program = "from cimsim.providers.timing import parse_rule\n\n\ndef populate(transaction, settings):\n"
    program += "    list(map(parse_rule, settings['timings']))\n"
    pack = make_pack("p", files={"providers.py": program})
    assert refused(pack, overrides={"p.timings": item}) == f"setting p.timings: {wanted}"


def test_a_default_must_fit_its_own_declaration(make_pack: MakePack, refused: Refused) -> None:
    wrong = '[settings.mode]\ntype = "string"\ndefault = "odd"\nchoices = ["even"]'
    assert refused(make_pack("p", tail=wrong)) == "p/pack.toml:7: default of setting mode: 'odd' is not among even"
    wrong = '[settings.count]\ntype = "integer"\ndefault = "3"'
    assert refused(make_pack("q", tail=wrong)) == "q/pack.toml:7: default of setting count: '3' is not an integer"


def test_faults_cannot_be_declared(make_pack: MakePack, refused: Refused) -> None:
    wrong = '[settings.faults]\ntype = "string[]"\ndefault = []'
    assert refused(make_pack("p", tail=wrong)) == "p/pack.toml:7: every pack has the setting faults, none can declare it"


def test_faults_of_the_nearest_class_come_first_and_the_last_of_a_class_before_others(
    make_pack: MakePack, load_pack: LoadPack
) -> None:
    items = "t_thing.run=4, t_thing.run=5, T_Sub.Ask=true, T_Sub.Run=6"
    loaded = load_pack(make_pack("p", MOF), overrides={"p.faults": items})
    faults = [(each.pack, each.namespace, each.classname, each.method, each.return_value) for each in loaded.faults]
    run = [("T_Sub", "Run", 6), ("T_Sub", "Ask", True), ("t_thing", "Run", 5), ("t_thing", "Run", 4)]
    assert faults == [("p", "root/test", *each) for each in run]


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("T_Thing.Run", "write CLASS.METHOD=RETURN_VALUE"),
        ("T_Thin.Run=1", "pack p has no class T_Thin; did you mean T_Thing?"),
        ("T_Thing.Runn=1", "class T_Thing has no method Runn; did you mean Run?"),
        ("T_Thing.Run=256", "method Run cannot return this: 256 is out of the range of uint8 (0 to 255)"),
        ("T_Thing.Run=x", "method Run cannot return this: 'x' is not a uint8"),
        ("T_Thing.Say=x", "method Say returns a string, not a number"),
    ],
)
def test_faults_that_are_refused(make_pack: MakePack, refused: Refused, fault: str, text: str) -> None:
    assert refused(make_pack("p", MOF), overrides={"p": {"faults": [fault]}}) == f"setting p.faults: {fault}: {text}"
