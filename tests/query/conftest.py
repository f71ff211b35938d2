"""Instances of all types, and conditions on them."""

from collections.abc import Callable
from typing import Any

import pytest
from pywbem import CIMDateTime, CIMInstance, CIMProperty, Uint8

from cimsim.query.filters import Filter, parse_filter
from cimsim.query.parse import parse_statement
from cimsim.query.property_access import Scope
from cimsim.query.syntax import WMI_LANGUAGE, Select
from cimsim.query.wmi_paths import Location
from cimsim.world.transaction import Transaction
from cimsim.world.world import World

MADE = CIMDateTime("20240101120000.000000+000")
Ask = Callable[..., list[str]]


@pytest.fixture(scope="session")
def rack(cim: Any) -> World:
    """Things a to d of two classes: a has all values, d none but its key; c is of a subclass."""
    world = cim.world(
        cim.cls("T_Part", cim.prop("Size", "uint8"), cim.prop("Label"), cim.prop("Made", "datetime")),
        cim.cls("T_Screw", cim.prop("Thread"), of="T_Part"),
        cim.cls(
            "T_Thing",
            cim.prop("Id", "string", "Key"),
            cim.prop("Name"),
            cim.prop("State", "uint16"),
            cim.prop("Offset", "sint64"),
            cim.prop("Load", "real64"),
            cim.prop("On", "boolean"),
            cim.prop("Letter", "char16"),
            cim.prop("Since", "datetime"),
            cim.prop("Codes", "uint8[]"),
            cim.prop("Holes", "uint8[]"),
            cim.prop("Tags", "string[]"),
            cim.prop("Days", "datetime[]"),
            cim.prop("Part", "string", EmbeddedInstance="T_Part"),
            cim.prop("Parts", "string[]", EmbeddedInstance="T_Part"),
            cim.ref("Peer", "T_Thing"),
        ),
        cim.cls("T_Special", cim.prop("Extra", "uint8"), of="T_Thing"),
    )
    transaction = Transaction(world, "root/test")
    first = transaction.create(
        "T_Thing",
        {
            "Id": "a",
            "Name": "Alpha One",
            "State": 2,
            "Offset": -5,
            "Load": 0.5,
            "On": True,
            "Letter": "x",
            "Since": "20240101120000.000000+000",
            "Codes": [1, 2, 3],
            "Holes": [1, None],
            "Tags": ["red", "green"],
            "Days": ["20240101******.******+000"],
            "Part": CIMInstance("T_Screw", properties={"Size": Uint8(7), "Label": "left", "Thread": "M5", "Made": MADE}),
            "Parts": [CIMInstance("T_Part", properties=[CIMProperty("Label", "zero")]), CIMInstance("T_Part")],
        },
    )
    transaction.create(
        "T_Thing",
        {
            "Id": "b",
            "Name": "alpha two",
            "State": 3,
            "Offset": 2**40,
            "Load": 1e9,
            "On": False,
            "Letter": "y",
            "Since": "20240101130000.000000+060",
            "Codes": [2],
            "Holes": [1],
            "Tags": [],
            "Part": CIMInstance("T_Part", properties={"Size": Uint8(9)}),
            "Peer": first,
        },
    )
    transaction.create("T_Special", {"Id": "c", "Name": "Beta", "State": 2, "Extra": 1, "Since": "00000005000000.000000:000"})
    transaction.create("T_Thing", {"Id": "d"})
    return transaction.world


@pytest.fixture(scope="session")
def ask(rack: World) -> Ask:
    """The ids of the things for which a condition holds: ``ask("FQL", "State = 2")``, in order."""
    namespace = rack.namespace("root/test")
    things = namespace.instances_of(namespace.cls("T_Thing"))

    def asked(language: str, condition: str) -> list[str]:
        if language == "FQL":
            found = parse_filter("DMTF:FQL", condition)
        else:
            name = {"WQL": "WQL", "WMI": WMI_LANGUAGE}.get(language, "DMTF:CQL")
            dialect, statement = parse_statement(name, f"SELECT * FROM T_Thing WHERE {condition}")
            assert isinstance(statement, Select)
            assert statement.where is not None
            location = Location("HVHOST01", "root/test") if dialect.system else None
            scope = Scope(dialect, frozenset({"t_thing", "__this"}), namespace.schema, location=location)
            found = Filter(statement.where, scope)
        return sorted(instance["Id"] for instance in found.select(things))

    return asked
