"""A small world of things and associations between them."""

from typing import Any

import pytest

from cimsim.world.transaction import Transaction
from cimsim.world.world import World


@pytest.fixture(scope="session")
def things(cim: Any) -> World:
    """Two namespaces, both with the classes; no instances."""
    classes = [
        cim.cls("T_Thing", cim.prop("Id", "string", "Key"), cim.prop("Count", "uint16", value=1), flags=["Abstract"]),
        cim.cls("T_Box", cim.prop("Label", "string", "Required", value="none"), cim.prop("Sizes", "uint8[2]"), of="T_Thing"),
        cim.cls("T_BigBox", cim.prop("Since", "datetime"), of="T_Box"),
        cim.cls("T_Moment", cim.prop("At", "datetime", "Key"), cim.prop("Note")),
        cim.cls("T_Single", cim.prop("Note")),
        cim.cls(
            "T_Link",
            cim.ref("Left", "T_Thing", "Key"),
            cim.ref("Right", "T_Thing", "Key"),
            cim.prop("Note"),
            flags=["Association"],
        ),
        cim.cls("T_StrongLink", of="T_Link"),
        cim.cls(
            "T_Triple",
            cim.prop("Id", "string", "Key"),
            cim.ref("A", "T_Thing"),
            cim.ref("B", "T_Thing"),
            cim.ref("C", "T_Thing"),
            flags=["Association"],
        ),
        cim.cls(
            "T_Meta",
            cim.prop("Id", "string", "Key"),
            cim.ref("About", "T_Triple"),
            cim.ref("Other", "T_Meta"),
            flags=["Association"],
        ),
        cim.cls("T_Event", cim.prop("Id", "string", "Key"), flags=["Indication"]),
    ]
    world: World = cim.world(*classes)
    other: World = cim.world(*classes, namespace="root/other")
    return world.with_namespace(other.namespace("root/other"))


@pytest.fixture
def transaction(things: World) -> Transaction:
    return Transaction(things, "root/test", 1000.0)
