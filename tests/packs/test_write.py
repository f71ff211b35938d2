"""Which classes protect properties without the Write qualifier: those of packs that ask for it (rule OP-MI-5)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pywbem import CIMClass, CIMError, CIMInstance, CIMInstanceName, Uint8

from cimsim.operations.call import Policy
from cimsim.operations.perform import perform
from cimsim.operations.request import Argument, IntrinsicRequest
from cimsim.packs.load import load

MakePack = Callable[..., Path]
LoadPack = Callable[..., Any]
ASKS = "enforce_write = true"
MOF = 'class T_Tap { [Key] string Name; uint8 Flow; [Write] uint8 Valve; };\ninstance of T_Tap { Name = "a"; Flow = 1; };\n'


class Site:
    """Changes T_Tap "a", or what is like it, in what was loaded."""

    def __init__(self, loaded: Any, policy: Policy = Policy()) -> None:
        self.world = loaded.world
        self._loaded = loaded
        self._policy = policy

    def run(self, operation: str, namespace: str, **arguments: Any) -> None:
        request = IntrinsicRequest(operation, namespace, tuple(Argument(name, value) for name, value in arguments.items()))
        self.world = perform(self.world, request, self._loaded.providers, 0.0, self._policy).world

    def protects(self, classname: str = "T_Tap", namespace: str = "root/test", **change: Any) -> bool:
        """Whether ModifyInstance and SetProperty refuse a change of Flow, or of the property that is given."""
        ((name, number),) = (change or {"Flow": 9}).items()
        value = Uint8(number)
        path = CIMInstanceName(classname, {"Name": "a"}, namespace=namespace)
        codes = []
        for operation, arguments in (
            ("ModifyInstance", {"ModifiedInstance": CIMInstance(classname, {name: value}, path=path)}),
            ("SetProperty", {"InstanceName": path, "PropertyName": name, "NewValue": value}),
        ):
            before = self.world
            try:
                self.run(operation, namespace, **arguments)
            except CIMError as error:
                codes.append(error.status_code)
            self.world = before
        assert codes in ([], [4, 7])
        return bool(codes)


@pytest.mark.parametrize("start", ["compiled", "cached"])
def test_a_pack_asks_for_it_or_does_not(make_pack: MakePack, tmp_path: Path, start: str) -> None:
    packs = [make_pack("asks", MOF, head=ASKS), make_pack("other", MOF.replace("T_Tap", "T_Can"))]
    for _ in range(1 if start == "compiled" else 2):
        site = Site(load(packs, cache_dir=tmp_path / "c", now=0.0))
    assert site.protects()
    assert not site.protects(Valve=1)
    assert not site.protects("T_Can")


@pytest.mark.parametrize("force", [True, False])
def test_the_option_forces_either_for_all(make_pack: MakePack, load_pack: LoadPack, force: bool) -> None:
    packs = make_pack("asks", MOF, head=ASKS), make_pack("other", MOF.replace("T_Tap", "T_Can"))
    site = Site(load_pack(*packs), Policy(enforce_write=force))
    assert site.protects() is site.protects("T_Can") is force
    assert not site.protects(Valve=1)


def test_the_pack_that_declares_the_class_decides(make_pack: MakePack, load_pack: LoadPack) -> None:
    more = 'class T_Mixer : T_Tap { };\ninstance of T_Mixer { Name = "a"; };\ninstance of T_Tap { Name = "b"; };\n'
    base, free = make_pack("asks", MOF, head=ASKS), make_pack("free", more, head='requires = ["asks"]')
    site = Site(load_pack(base, free))
    assert site.protects(), "whoever declares instances of it"
    assert not site.protects("T_Mixer"), "though it inherits the property"
    below = make_pack("below", MOF.replace("T_Tap", "T_Can"))
    strict = make_pack("strict", more.replace("T_Tap", "T_Can"), head=f'requires = ["below"]\n{ASKS}')
    site = Site(load_pack(below, strict))
    assert (site.protects("T_Can"), site.protects("T_Mixer")) == (False, True)


@pytest.mark.parametrize("asks", [True, False])
def test_a_class_that_a_client_adds_is_like_its_superclass(make_pack: MakePack, load_pack: LoadPack, asks: bool) -> None:
    site = Site(load_pack(make_pack("p", MOF, head=ASKS if asks else "")))
    site.run("CreateClass", "root/test", NewClass=CIMClass("T_Own", superclass="T_Tap"))
    site.run("CreateInstance", "root/test", NewInstance=CIMInstance("T_Own", {"Name": "a"}))
    assert site.protects("T_Own") is asks
    site.run("DeleteInstance", "root/test", InstanceName=CIMInstanceName("T_Own", {"Name": "a"}))
    site.run("ModifyClass", "root/test", ModifiedClass=CIMClass("T_Own", superclass="T_Tap", qualifiers={"Terminal": True}))
    site.run("CreateInstance", "root/test", NewInstance=CIMInstance("T_Own", {"Name": "a"}))
    assert site.protects("T_Own") is asks, "a class that is modified stays as it was"


def test_files_schemas_and_scripts_do_not_ask(load_pack: LoadPack, shared_cache: Path, tmp_path: Path) -> None:
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema/T_Tap.mof").write_text(MOF)
    (tmp_path / "can.mof").write_text(MOF.replace("T_Tap", "T_Can"))
    site = Site(load_pack(tmp_path / "can.mof", schema=tmp_path / "schema", cache_dir=shared_cache))
    assert not site.protects(namespace="root/cimv2")
    assert not site.protects("T_Can", "root/cimv2")
    (tmp_path / "make.py").write_text(
        "def setup(conn, server, verbose):\n"
        "    conn.compile_mof_string('Qualifier Key : boolean = false, Scope(property);'\n"
        "    'class T_Jug { [Key] string Name; uint8 Flow; }; instance of T_Jug { Name = \"a\"; };')\n"
    )
    assert not Site(load_pack(tmp_path / "make.py")).protects("T_Jug", "root/cimv2")


def test_the_shipped_packs_ask(shared_cache: Path) -> None:
    world = load(cache_dir=shared_cache, now=0.0).world
    for name in ("root/interop", "root/virtualization/v2", "root/cimv2/storage/iscsitarget"):
        assert [cls.name for cls in world.namespace(name).schema if not cls.enforces_write] == []
