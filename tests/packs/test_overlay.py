"""Overlay packs: they bind providers to classes of packs that they require, and reach what acts below them."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pywbem import CIMError, CIMInstance, CIMInstanceName

from cimsim.operations.call import Policy
from cimsim.operations.perform import perform
from cimsim.operations.request import Argument, ExtrinsicRequest, IntrinsicRequest
from cimsim.world.convert import from_cim_path

MakePack = Callable[..., Path]
LoadPack = Callable[..., Any]

MOF = """
class T_Base {
    [Key] string Name; [Write] string Log = ""; [Write] uint8 Count = 0;
    string Act(); string Wait(); string Never();
};
class T_Door : T_Base { };
instance of T_Door { Name = "front"; };
"""
BASE = """
from cimsim.providers.provider import Provider


class Door(Provider):
    def Act(self, call):
        log = call.instance["Log"] + "base,"
        call.transaction.modify(call.instance, Log=log)
        return log + self.settings["word"]

    def Wait(self, call):
        return repr(self.timing(call.transaction, call.instance, "Wait").seconds)

    def create_instance(self, transaction, cls, properties):
        return super().create_instance(transaction, cls, {**properties, "Log": properties.get("Log", "") + "+base"})

    def modify_instance(self, transaction, instance, properties):
        super().modify_instance(transaction, instance, {**properties, "Count": instance["Count"] + 1})

    def delete_instance(self, transaction, instance):
        transaction.create("T_Door", {"Name": f"ghost of {instance['Name']}"})
        super().delete_instance(transaction, instance)

    def read_instance(self, transaction, instance):
        return {"Log": instance["Log"] + "!"}

    def refresh(self, transaction):
        if not list(transaction.select("T_Door", Name="fresh")):
            transaction.create("T_Door", {"Name": "fresh"})
"""
OVER = """
from cimsim.providers.provider import Provider


class Door(Provider):
    def Act(self, call):
        call.transaction.modify(call.instance, Log=call.instance["Log"] + "NAME,")
        return "NAME:" + self.below.invoke(call) + self.settings["word"]

    def Never(self, call):
        return self.below.invoke(call)

    def create_instance(self, transaction, cls, properties):
        return self.below.create_instance(transaction, cls, {**properties, "Log": "NAME"})

    def modify_instance(self, transaction, instance, properties):
        self.below.modify_instance(transaction, instance, {**properties, "Log": "NAME"})

    def delete_instance(self, transaction, instance):
        self.below.delete_instance(transaction, instance)

    def read_instance(self, transaction, instance):
        return {"Log": self.below.read_instance(transaction, instance).get("Log", instance["Log"]) + "?"}

    def refresh(self, transaction):
        self.below.refresh(transaction, "T_Base")
        for door in transaction.select("T_Door", Name="fresh"):
            transaction.modify(door, Count=7)
"""
WORD = '[settings.word]\ntype = "string"\ndefault = "{}"\n'
BINDING = '[providers."root/test"]\n{} = "Door"\n'


class Doors:
    """Requests to what was loaded."""

    def __init__(self, loaded: Any) -> None:
        self.world = loaded.world
        self._providers = loaded.providers

    def path(self, name: str) -> Any:
        return from_cim_path(CIMInstanceName("T_Door", {"Name": name}, namespace="root/test"))

    def invoke(self, method: str) -> Any:
        return self._done(ExtrinsicRequest(method, "root/test", self.path("front"), ())).return_value.value

    def run(self, operation: str, **arguments: Any) -> Any:
        given = tuple(Argument(name, value) for name, value in arguments.items())
        return self._done(IntrinsicRequest(operation, "root/test", given))

    def read(self, name: str) -> Any:
        return self.run("GetInstance", InstanceName=self.path(name)).instance

    def _done(self, request: Any) -> Any:
        outcome = perform(self.world, request, self._providers, 0.0, Policy(), self._providers)
        self.world = outcome.world
        return outcome.result


@pytest.fixture
def packs(make_pack: MakePack) -> list[Path]:
    """A pack, one over it, and one over both."""
    base = make_pack("base", MOF, tail=WORD.format("w0") + BINDING.format("T_Base"), files={"providers.py": BASE})
    over = {
        name: make_pack(
            name,
            None,
            head=f'requires = ["{below}"]',
            tail=BINDING.format("T_Base") + (WORD.format("w2") if name == "top" else ""),
            files={"providers.py": OVER.replace("NAME", name)},
        )
        for name, below in (("over", "base"), ("top", "over"))
    }
    return [base, *over.values()]


def test_each_pack_reaches_the_one_below_with_what_was_changed_so_far(load_pack: LoadPack, packs: list[Path]) -> None:
    # Of settings of one name the own one counts; the others are passed on.
    assert Doors(load_pack(packs[2])).invoke("Act") == "top:over:top,over,base,w0w0w2"
    assert Doors(load_pack(packs[1])).invoke("Act") == "over:over,base,w0w0"
    assert Doors(load_pack(packs[0])).invoke("Act") == "base,w0"


def test_the_order_is_that_of_what_is_required_not_of_the_arguments(load_pack: LoadPack, packs: list[Path]) -> None:
    for order in (packs, packs[::-1], [packs[1], packs[2], packs[0]]):
        loaded = load_pack(*order)
        assert [pack.name for pack in loaded.packs] == ["base", "over", "top"]
        assert Doors(loaded).invoke("Act").startswith("top:over:")


def test_settings_of_the_pack_below_can_be_changed_and_reach_the_overlay(load_pack: LoadPack, packs: list[Path]) -> None:
    loaded = load_pack(packs[2], overrides={"base.word": "x", "top.word": "y"})
    assert Doors(loaded).invoke("Act").endswith(",xxy")


def test_hooks_reach_the_hooks_below(load_pack: LoadPack, packs: list[Path]) -> None:
    doors = Doors(load_pack(packs[1]))
    doors.run("CreateInstance", NewInstance=CIMInstance("T_Door", {"Name": "back"}))
    assert doors.read("back")["Log"] == "over+base!?"
    doors.run(
        "ModifyInstance", ModifiedInstance=CIMInstance("T_Door", {"Log": "x"}, path=CIMInstanceName("T_Door", {"Name": "back"}))
    )
    assert (doors.read("back")["Log"], doors.read("back")["Count"]) == ("over!?", 1)
    doors.run("DeleteInstance", InstanceName=doors.path("back"))
    assert doors.read("ghost of back")["Log"] == "!?"
    assert doors.read("fresh")["Count"] == 7


def test_with_nothing_below_the_plain_steps_are_taken(make_pack: MakePack, load_pack: LoadPack) -> None:
    files = {"providers.py": OVER.replace("NAME", "alone")}
    doors = Doors(load_pack(make_pack("alone", MOF, tail=WORD.format("w") + BINDING.format("T_Door"), files=files)))
    doors.run("CreateInstance", NewInstance=CIMInstance("T_Door", {"Name": "back"}))
    assert doors.read("back")["Log"] == "alone?"
    doors.run("DeleteInstance", InstanceName=doors.path("back"))
    for method in ("Act", "Never"):
        with pytest.raises(CIMError) as error:
            doors.invoke(method)
        assert (error.value.status_code, f"T_Door.{method}" in error.value.status_description) == (16, True)


def test_the_nearer_class_goes_before_the_later_pack(make_pack: MakePack, load_pack: LoadPack) -> None:
    make_pack("base", MOF, tail=WORD.format("w0") + BINDING.format("T_Door"), files={"providers.py": BASE})
    files = {"providers.py": OVER.replace("NAME", "over")}
    over = make_pack("over", None, head='requires = ["base"]', tail=BINDING.format("T_Base"), files=files)
    assert Doors(load_pack(over)).invoke("Act") == "base,w0"


def test_timings_of_the_pack_below_hold_for_a_derived_provider(
    make_pack: MakePack, load_pack: LoadPack, packs: list[Path]
) -> None:
    derived = BASE.replace("class Door", "class Door").replace('+ "base,"', '+ "derived,"')
    files = {"providers.py": derived}
    pack = make_pack("derived", None, head='requires = ["base"]', tail=BINDING.format("T_Door"), files=files)
    doors = Doors(load_pack(pack, overrides={"base.timings": "T_Base.Wait=3s"}))
    assert (doors.invoke("Act"), doors.invoke("Wait")) == ("derived,w0", "3.0")
    both = {"base.timings": "T_Base.Wait=3s"}
    doors = Doors(load_pack(packs[0], pack, overrides=both))
    assert doors.invoke("Wait") == "3.0"


# The shipped packs

DERIVED = """
from cimsim.mocks.hyperv.providers import GuestFileService


class Stubborn(GuestFileService):
    def StopService(self, call):
        if call.instance["Name"].endswith("0") or self.settings["profile"] == "windows-strict":
            return 2
        return super().StopService(call)
"""


@pytest.mark.longer
def test_a_provider_of_a_shipped_pack_can_be_derived_from(make_pack: MakePack, load_pack: LoadPack, shared_cache: Path) -> None:
    tail = '[providers."root/virtualization/v2"]\nMsvm_GuestFileService = "Stubborn"\n'
    pack = make_pack("stubborn", None, head='requires = ["hyperv"]', tail=tail, files={"providers.py": DERIVED})
    for profile, answer in (("documented", 0), ("windows-strict", 2)):
        loaded = load_pack(pack, overrides={"hyperv.profile": profile}, cache_dir=shared_cache)
        namespace = loaded.world.namespace("root/virtualization/v2")
        services = namespace.of_class(namespace.cls("Msvm_GuestFileService"))
        running = next(each for each in services if each["Started"] and not each["Name"].endswith("0"))
        request = ExtrinsicRequest("StopService", namespace.name, running.path, ())
        outcome: Any = perform(loaded.world, request, loaded.providers, 0.0, Policy(), loaded.providers)
        assert outcome.result.return_value.value == answer
        stopped = outcome.world.find(running.identity)
        assert stopped is not None
        assert stopped["Started"] is bool(answer)
        found = loaded.providers.find(namespace.name, namespace.cls("Msvm_GuestFileService"), "stopservice")
        below = importlib.import_module("cimsim.mocks.hyperv.providers").GuestFileService
        assert isinstance(found.__self__, below), "it is the very class that hyperv binds"


@pytest.mark.parametrize("name", ["hyperv", "iscsitarget", "interop"])
def test_modules_of_shipped_packs_have_one_name(load_pack: LoadPack, shared_cache: Path, name: str) -> None:
    loaded = load_pack(name, cache_dir=shared_cache)
    (path,) = (pack.path for pack in loaded.packs if pack.name == name)
    module = importlib.import_module(f"cimsim.mocks.{name}.providers")
    assert module.__file__ is not None
    assert Path(module.__file__).parent == path
