"""Worlds that are kept for the next start: the same as if they had been made again, and made again when anything differs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pywbem import CIMInstance

from cimsim.packs.load import Loaded, load
from cimsim.packs.world_encoding import StoredWorld, decode_world, encode_world
from cimsim.world.pmap import PersistentMap
from cimsim.world.transaction import Transaction, same
from cimsim.world.world import Namespace, World

MakePack = Callable[..., Path]

MOF = """
class T_Thing { [Key] string Name; uint8 Size = 3; datetime Since; string Tags[]; [EmbeddedInstance("T_Part")] string Part;
    [EmbeddedInstance("T_Part")] string Parts[]; char16 Letter; real32 Weight; boolean On; };
class T_Part { string Label; sint64 Number; datetime When; uint16 Codes[]; T_Thing REF Of; };
class T_Moment { [Key] datetime At; [Key] uint32 Number; };
[Association] class T_Link { [Key] T_Thing REF From; [Key] T_Thing REF To; };
[Association] class T_LinkOfLinks { [Key] T_Link REF Link; [Key] T_Moment REF Moment; };
instance of T_Thing { Name = "of MOF"; };
"""
POPULATE = """
from pathlib import Path
import pywbem
from cimsim.providers import InstancePath

def populate(transaction, settings):
    with Path(__file__).with_name(".runs").open("a") as runs:
        runs.write("x")
    make = transaction.create
    part = pywbem.CIMInstance("T_Part", {"Label": "p", "Number": pywbem.Sint64(-5), "Codes": [pywbem.Uint16(1), None]})
    one = make("T_Thing", {"Name": "one", "Since": "20250310120000.000000+000", "Tags": ["a", None], "Part": part,
                           "Weight": 0.5, "Parts": [part, part], "Letter": "x", "On": True})
    two = make("T_Thing", {"Name": "Two", "Since": "00000001000000.000000:000", "Tags": []})
    moment = make("T_Moment", {"At": "20250310120000.000000-000", "Number": 7})
    link = make("T_Link", {"From": one, "To": two})
    back = make("T_Link", {"From": two, "To": one})
    make("T_LinkOfLinks", {"Link": link, "Moment": moment})
    make("T_LinkOfLinks", {"Link": back, "Moment": moment})
    for number in range(transaction.serial("calls") + 1):
        make("T_Moment", {"At": "20250310120000.000000-000", "Number": number})
"""


def _pack(make_pack: MakePack, populate: str = POPULATE, head: str = "cache_populated = true") -> Path:
    pack = make_pack("p", MOF, head=head)
    (pack / "providers.py").write_text(populate)
    return pack


def _runs(pack: Path) -> int:
    """Return how often ``populate`` ran."""
    return len((pack / ".runs").read_text())


def _load(pack: Path, folder: Path, **options: Any) -> Loaded:
    return load([pack], cache_dir=folder, **{"now": 1e9, **options})


def _assert_equal(one: World, other: World) -> None:
    assert [(name, one.notes[name]) for name in one.notes] == [(name, other.notes[name]) for name in other.notes]
    assert list(one.namespaces) == list(other.namespaces)
    assert dict(one.serials) == dict(other.serials)
    for folded, namespace in one.namespaces.items():
        _assert_equal_namespaces(namespace, other.namespaces[folded])


def _assert_equal_namespaces(one: Namespace, other: Namespace) -> None:
    assert (one.name, one.instance_count) == (other.name, other.instance_count)
    assert list(one.instances) == list(other.instances)
    assert one.qualifiers.all() == other.qualifiers.all()
    for cls, known in zip(one.schema, other.schema, strict=True):
        assert cls.full == known.full
        assert (cls.name, cls.properties, cls.methods) == (known.name, known.properties, known.methods)
        assert (cls.abstract, cls.association, cls.indication) == (known.abstract, known.association, known.indication)
        assert cls.enforces_write == known.enforces_write
        assert [each.name for each in one.schema.closure(cls)] == [each.name for each in other.schema.closure(known)]
    for mine, theirs in zip(one.instances.all(), other.instances.all(), strict=True):
        assert list(mine) == list(theirs)
        for instance, again in zip(mine.all(), theirs.all(), strict=True):
            assert same(instance.values, again.values)
            assert instance.to_cim() == again.to_cim()
            assert [getattr(value, "types", None) for value in instance.values] == [
                getattr(value, "types", None) for value in again.values
            ]
    assert [(identity, list(entries)) for identity, entries in one.referrers.items()] == [
        (identity, list(entries)) for identity, entries in other.referrers.items()
    ]


def test_the_next_start_has_the_same_world_without_populating(make_pack: MakePack, tmp_path: Path) -> None:
    pack = _pack(make_pack)
    first = _load(pack, tmp_path / "c")
    again = _load(pack, tmp_path / "c")
    assert _runs(pack) == 1
    _assert_equal(first.world, again.world)
    assert again.namespaces == first.namespaces
    assert [(each.name, each.files, each.classes) for each in again.packs] == [
        (each.name, each.files, each.classes) for each in first.packs
    ]
    part = again.world.namespace("root/test").instances_of(again.world.namespace("root/test").cls("T_Thing"))[1]["Part"]
    assert isinstance(part, CIMInstance)
    assert part["Number"] == -5


@pytest.mark.longer
def test_shipped_packs_are_kept_whole(tmp_path: Path) -> None:
    first = load((), cache_dir=tmp_path, now=1e9)
    again = load((), cache_dir=tmp_path, now=2e9, seed=7)
    assert len(list((tmp_path / "worlds/v1").iterdir())) == 1
    _assert_equal(first.world, again.world)
    assert again.world.seed == 7


@pytest.mark.longer
def test_generated_machines_belong_to_their_seed_and_settings(tmp_path: Path) -> None:
    def names(seed: int, machines: int) -> set[str]:
        loaded = load(["hyperv"], {"hyperv.vms": machines}, cache_dir=tmp_path, now=1e9, seed=seed)
        namespace = loaded.world.namespace("root/virtualization/v2")
        return {each["Name"] for each in namespace.instances_of(namespace.cls("Msvm_ComputerSystem"))}

    first = names(1, 5)
    assert names(1, 5) == first
    assert names(2, 5) != first
    assert len(names(1, 4)) == len(first) - 1
    assert len(list((tmp_path / "worlds/v1").iterdir())) == 3


@pytest.mark.parametrize(
    ("change", "head"),
    [
        (lambda pack: (pack / "providers.py").write_text(POPULATE + "# more\n"), "cache_populated = true"),
        (lambda pack: (pack / "mof/all.mof").write_text(MOF + "// more\n"), "cache_populated = true"),
        (lambda pack: (pack / "names.txt").write_text("what populate may read"), "cache_populated = true"),
        (lambda pack: None, ""),
        (lambda pack: None, "cache_populated = false"),
    ],
    ids=["code", "MOF", "another file", "no promise", "a refusal"],
)
def test_it_is_made_again(make_pack: MakePack, tmp_path: Path, change: Callable[[Path], object], head: str) -> None:
    pack = _pack(make_pack, head=head)
    _load(pack, tmp_path / "c")
    change(pack)
    _load(pack, tmp_path / "c")
    assert _runs(pack) == 2


@pytest.mark.parametrize(
    "line",
    [
        "transaction.create('T_Thing', {'Name': str(transaction.now)})",
        "transaction.after(5, print)",
        "transaction.after_reads(5, print, subjects=[one])",
    ],
)
def test_what_time_has_to_do_with_is_not_kept(make_pack: MakePack, tmp_path: Path, line: str) -> None:
    pack = _pack(make_pack, POPULATE + f"    {line}\n")
    _load(pack, tmp_path / "c")
    _load(pack, tmp_path / "c")
    assert _runs(pack) == 2


def test_a_given_time_is_no_time_that_was_asked_for(make_pack: MakePack, tmp_path: Path) -> None:
    lines = "    with transaction.at(5.0):\n        transaction.create('T_Thing', {'Name': str(transaction.now)})\n"
    pack = _pack(make_pack, POPULATE + lines)
    _load(pack, tmp_path / "c")
    _load(pack, tmp_path / "c")
    assert _runs(pack) == 1


@pytest.mark.parametrize("damage", [lambda content: content[:-3], lambda content: b"", lambda content: content + b"x"])
def test_a_damaged_file_is_made_again(make_pack: MakePack, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    pack = _pack(make_pack)
    _load(pack, tmp_path / "c")
    (file,) = (tmp_path / "c/worlds/v1").iterdir()
    sound = file.read_bytes()
    file.write_bytes(damage(sound))
    _load(pack, tmp_path / "c")
    assert (_runs(pack), file.read_bytes()) == (2, sound)


def test_warnings_are_kept(make_pack: MakePack, tmp_path: Path) -> None:
    pack = _pack(make_pack, head="cache_populated = true\nlenient = true")
    (pack / "mof/all.mof").write_text(MOF + 'instance of T_Thing { Name = "of MOF"; };\n')
    first = _load(pack, tmp_path / "c")
    again = _load(pack, tmp_path / "c")
    assert first.warnings
    assert again.warnings == first.warnings


def test_writes_go_on_from_what_was_kept(make_pack: MakePack, tmp_path: Path) -> None:
    pack = _pack(make_pack)
    _load(pack, tmp_path / "c")
    transaction = Transaction(_load(pack, tmp_path / "c").world, "root/test")
    one = next(transaction.select("T_Thing", Name="one"))
    transaction.delete(one)
    assert [each["Name"] for each in transaction.instances("T_Thing")] == ["of MOF", "Two"]
    assert transaction.instances("T_Link") == transaction.instances("T_LinkOfLinks") == []
    assert transaction.serial("calls") == 2


def test_threads_that_share_a_world_see_the_same(make_pack: MakePack, tmp_path: Path) -> None:
    pack = _pack(make_pack)
    expected = _load(pack, tmp_path / "c").world
    shared = _load(pack, tmp_path / "c").world
    with ThreadPoolExecutor(4) as threads:
        looking = [threads.submit(_assert_equal, expected, shared) for _ in range(4)]
    assert [each.exception() for each in looking] == [None] * 4


@pytest.mark.longer
def test_many_instances_are_there_at_once(make_pack: MakePack, tmp_path: Path) -> None:
    """What would keep a client waiting is not left to its request."""
    world = _load(_pack(make_pack), tmp_path / "c").world
    transaction = Transaction(world, "root/test")
    for number in range(1_200):
        transaction.create("T_Thing", {"Name": f"thing {number}"})
    raw = msgspec.msgpack.encode(encode_world(transaction.world))
    decoded = decode_world(msgspec.msgpack.decode(raw, type=StoredWorld), 0)
    maps = decoded.namespace("root/test").instances
    assert type(maps["t_thing"]) is PersistentMap
    assert type(maps["t_moment"]) is not PersistentMap
    _assert_equal(transaction.world, decoded)


def _stored_again(world: World) -> World:
    content = msgspec.msgpack.encode(encode_world(world))
    return decode_world(msgspec.msgpack.decode(content, type=StoredWorld), 0)


def test_notes_and_suspended_namespaces_are_kept() -> None:
    transaction = Transaction(World())
    transaction.set_note("lamp", ("on", 3, True, ("a", ())))
    transaction.set_note("count", 7)
    transaction.suspend("root/test", "no provider")
    again = _stored_again(transaction.world)
    assert {name: again.notes[name] for name in again.notes} == {"lamp": ("on", 3, True, ("a", ())), "count": 7}
    assert again.suspended.get("root/test") == "no provider"
    transaction.set_note("bad", {"a": 1})
    with pytest.raises(TypeError, match="dict"):
        encode_world(transaction.world)


def test_what_is_loaded_later_is_found_in_the_cache_whether_the_world_was_made_or_found(
    make_pack: MakePack, tmp_path: Path
) -> None:
    """The digests of packs lead to what was compiled on top of them."""
    pack = _pack(make_pack)
    made, found = (_load(pack, tmp_path / "cache") for _ in range(2))
    assert _runs(pack) == 1
    assert made.digests
    assert list(found.digests.items()) == list(made.digests.items())
