"""What a profile of quirks sets in the packages below."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cimsim.packs.load import load
from cimsim.quirks.options import pack_defaults
from cimsim.quirks.profiles import PROFILES, Quirks
from cimsim.world.names import INTEROP
from cimsim.world.transaction import Transaction
from cimsim.world.world import World

Presented = Callable[..., tuple[World, str, str]]


@pytest.fixture
def presented(cache_dir: Path) -> Presented:
    """Return the world of the interop pack under a profile, and name and description of its object manager."""

    def load_with(profile: str, **settings: str) -> tuple[World, str, str]:
        defaults = pack_defaults(PROFILES[profile])
        world = load(["interop"], {"interop": settings}, cache_dir=cache_dir, now=0.0, defaults=defaults).world
        (manager,) = Transaction(world, INTEROP).instances("CIM_ObjectManager", INTEROP)
        return world, str(manager["ElementName"]), str(manager["Description"])

    return load_with


def test_w7_the_interop_pack_presents_the_product_of_a_profile(presented: Presented) -> None:
    world, name, description = presented("openpegasus")
    assert (name, description) == ("Pegasus", "OpenPegasus CIM Server Version 2.14.1")
    cls = world.namespace(INTEROP).schema.get("PG_Namespace")
    assert cls is not None and cls.is_a("cim_namespace") and cls.find("SchemaUpdatesAllowed") is not None


def test_w7_a_product_without_a_class_of_its_own_adds_none(presented: Presented) -> None:
    world, name, _ = presented("sfcb")
    assert name == "sfcb"
    assert world.namespace(INTEROP).schema.get("PG_Namespace") is None


def test_a_setting_of_the_user_wins_over_the_profile(presented: Presented) -> None:
    _, name, description = presented("sfcb", product_name="mine")
    assert (name, description) == ("mine", "Small Footprint CIM Broker 1.4.9")


def test_a_profile_without_a_product_sets_nothing_in_packs() -> None:
    assert pack_defaults(Quirks()) == {}
