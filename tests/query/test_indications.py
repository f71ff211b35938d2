"""Indication filters: queries whose rows are indications (rules I6 and I21)."""

from typing import Any

import pytest
from pywbem import CIMClass, CIMDateTime, CIMError, CIMInstance, CIMInstanceName, Uint16

from cimsim.query.indication_queries import IndicationFilter, parse_indication_filter
from cimsim.world.instances import Instance
from cimsim.world.schema import Schema

MODIFIED = "SELECT * FROM CIM_InstModification WHERE "


@pytest.fixture(scope="module")
def events(cim: Any) -> Schema:
    """The indication classes, in a namespace of their own."""
    return cim.schema(  # type: ignore[no-any-return] # the builder is a fixture
        cim.cls("CIM_Indication", cim.prop("IndicationTime", "datetime"), flags=["Indication"]),
        cim.cls("CIM_InstIndication", cim.prop("SourceInstance", "string", "EmbeddedObject"), of="CIM_Indication"),
        cim.cls("CIM_InstCreation", of="CIM_InstIndication"),
        cim.cls("CIM_InstModification", cim.prop("PreviousInstance", "string", "EmbeddedObject"), of="CIM_InstIndication"),
        cim.cls(
            "CIM_AlertIndication",
            cim.prop("PerceivedSeverity", "uint16"),
            cim.prop("Message"),
            of="CIM_Indication",
        ),
    )


@pytest.fixture(scope="module")
def source(cim: Any) -> Schema:
    """The classes of the instances that the indications tell about; another namespace knows nothing of them."""
    return cim.schema(  # type: ignore[no-any-return] # as above
        cim.cls("CIM_Element", cim.prop("Name")),
        cim.cls("CIM_Service", cim.prop("Started", "boolean"), cim.prop("EnabledState", "uint16"), of="CIM_Element"),
        cim.cls("T_Service", cim.prop("Changed", "datetime"), of="CIM_Service"),
        cim.cls("T_Disk", of="CIM_Element"),
    )


def service(classname: str = "T_Service", **values: Any) -> CIMInstance:
    return CIMInstance(classname, properties={"Name": "Spooler", **values})


def indication(events: Schema, classname: str = "CIM_InstModification", **values: Any) -> Instance:
    cls = events.get(classname)
    assert cls is not None
    return Instance(cls, "root/interop", tuple([values.get(prop.name) for prop in cls.properties]))


@pytest.fixture(scope="module")
def stopped(events: Schema) -> Instance:
    """A service was stopped."""
    shared = {"Changed": CIMDateTime("20240101120000.000000+000"), "Codes": [Uint16(1), Uint16(2)]}
    return indication(
        events,
        IndicationTime=None,
        SourceInstance=service(Started=False, EnabledState=Uint16(3), **shared),
        PreviousInstance=service(Started=True, EnabledState=Uint16(2), **shared | {"Codes": [Uint16(1)]}),
    )


def refused(code: int, run: Any, *arguments: Any) -> str:
    with pytest.raises(CIMError) as error:
        run(*arguments)
    assert error.value.status_code == code, error.value
    return str(error.value.status_description)


@pytest.mark.parametrize(
    ("language", "condition", "holds"),
    [
        ("WQL", "SourceInstance ISA 'CIM_Service' AND SourceInstance.Started <> PreviousInstance.Started", True),
        ("WQL", 'SourceInstance isa "t_service" and sourceinstance.started <> previousinstance.started', True),
        ("WQL", "SourceInstance ISA CIM_Element", True),
        ("WQL", "SourceInstance ISA 'T_Disk'", False),
        ("WQL", "NOT SourceInstance ISA 'T_Disk'", True),
        ("WQL", "SourceInstance.EnabledState = 3", True),
        ("WQL", "SourceInstance.EnabledState = '3' AND PreviousInstance.EnabledState = 2", True),
        ("WQL", "SourceInstance.EnabledState = PreviousInstance.EnabledState", False),
        ("WQL", "SourceInstance.Name = 'SPOOLER' AND SourceInstance.__CLASS = 't_service'", True),
        ("WQL", "SourceInstance.Name LIKE 'spool%'", True),
        ("WQL", "SourceInstance.Codes <> PreviousInstance.Codes", True),
        ("WQL", "SourceInstance.Changed <> PreviousInstance.Changed", False),
        ("WQL", "SourceInstance.Changed = '20240101130000.000000+060'", True),
        ("WQL", "__CLASS = 'CIM_InstModification' AND CIM_InstModification.SourceInstance ISA 'CIM_Service'", True),
        (
            "DMTF:CQL",
            'SourceInstance ISA "CIM_Service" AND SourceInstance.CIM_Service::Started <> PreviousInstance.CIM_Service::Started',
            True,
        ),
        ("CIM:CQL", "SourceInstance ISA CIM_Service AND SourceInstance.CIM_Service::EnabledState = 3", True),
        ("DMTF:CQL", "SourceInstance.CIM_Service::EnabledState = 3", True),
        ("DMTF:CQL", "SourceInstance.T_Disk::EnabledState = 3", False),
        ("DMTF:CQL", "SourceInstance.T_Disk::EnabledState IS NULL", True),
        ("DMTF:CQL", "CIM_InstIndication::SourceInstance ISA CIM_Service", True),
        ("DMTF:CQL", "SourceInstance.Codes[1] = 2 AND SourceInstance.Codes = {1, 2}", True),
        ("DMTF:CQL", "ANY SourceInstance.Codes = 2", True),
        ("DMTF:CQL", "SourceInstance.Name = 'SPOOLER'", False),
        # what an embedded instance lacks, and what does not compare, is unknown
        ("WQL", "SourceInstance.Nonsense <> PreviousInstance.Nonsense", False),
        ("WQL", "NOT SourceInstance.Nonsense = 5", False),
        ("WQL", "SourceInstance.Nonsense IS NULL", True),
        ("WQL", "SourceInstance.Started = 'perhaps'", False),
        ("WQL", "SourceInstance.Started < PreviousInstance.Started", False),
        ("WQL", "SourceInstance.Name = PreviousInstance.Started", False),
        ("WQL", "SourceInstance.Name.More = 5", False),
        ("WQL", "SourceInstance.Codes > PreviousInstance.Codes", False),
        ("WQL", "IndicationTime < '20240101130000.000000+060'", False),
        ("WQL", "NOT SourceInstance.Changed = '00000001000000.000000:000'", False),
    ],
)
def test_i21_conditions_on_embedded_instances(
    events: Schema, source: Schema, stopped: Instance, language: str, condition: str, holds: bool
) -> None:
    found = parse_indication_filter(language, MODIFIED + condition)
    cls = events.get(found.classname)
    assert cls is not None
    found.check(cls, source)
    assert found.matches(stopped, source) is holds
    assert found.matches(stopped, source) is holds


def test_i21_isa_asks_the_schema_of_the_source_namespace(events: Schema, source: Schema, stopped: Instance) -> None:
    found = parse_indication_filter("WQL", MODIFIED + "SourceInstance ISA 'CIM_Service'")
    assert found.matches(stopped, source)
    assert not found.matches(stopped, events)
    assert not found.matches(stopped, Schema())
    # A class that no schema knows is still itself.
    found = parse_indication_filter("WQL", MODIFIED + "SourceInstance ISA 'T_Service'")
    assert found.matches(stopped, Schema())


def test_i21_isa_of_a_subclass_that_came_later(cim: Any, source: Schema, events: Schema) -> None:
    found = parse_indication_filter("WQL", MODIFIED + "SourceInstance ISA 'CIM_Service'")
    told = indication(events, SourceInstance=service("T_Late"))
    assert not found.matches(told, source)
    assert found.matches(told, source.with_class(cim.cls("T_Late", of="T_Service")))


def test_i21_indications_of_subclasses_match_a_superclass(events: Schema, source: Schema, stopped: Instance) -> None:
    text = "SELECT * FROM CIM_InstIndication WHERE SourceInstance ISA 'CIM_Service'"
    created = indication(events, "CIM_InstCreation", SourceInstance=service())
    for language in ("WQL", "DMTF:CQL"):
        found = parse_indication_filter(language, text)
        assert found.matches(stopped, source)
        assert found.matches(created, source)
        assert not found.matches(indication(events, "CIM_AlertIndication"), source)
        assert not parse_indication_filter(language, MODIFIED + "SourceInstance ISA CIM_Service").matches(created, source)
    # A property of some subclasses only is NULL to the others.
    found = parse_indication_filter("WQL", "SELECT * FROM cim_indication WHERE PreviousInstance.Started = TRUE")
    assert found.matches(stopped, source)
    assert not found.matches(created, source)


def test_i21_without_a_condition_all_indications_of_the_class_match(events: Schema, source: Schema, stopped: Instance) -> None:
    found = parse_indication_filter("WQL", "SELECT * FROM CIM_InstModification")
    assert found.matches(stopped, source)
    assert not found.matches(indication(events, "CIM_InstCreation"), source)


def test_i21_embedded_objects_of_any_kind(events: Schema, source: Schema) -> None:
    found = parse_indication_filter(
        "DMTF:CQL", MODIFIED + "SourceInstance.Name = 'x' OR SourceInstance.Owner = PreviousInstance.Owner"
    )
    assert not found.matches(indication(events), source)
    assert not found.matches(indication(events, SourceInstance=CIMClass("CIM_Service")), source)
    owner = CIMInstanceName("T_Disk", {"Name": "a"}, namespace="root/cimv2")
    told = indication(events, SourceInstance=service(Owner=owner), PreviousInstance=service(Owner=owner))
    assert found.matches(told, source)
    isa = parse_indication_filter("WQL", MODIFIED + "SourceInstance ISA 'CIM_Element'")
    assert isa.matches(indication(events, SourceInstance=CIMClass("CIM_Service")), source)


@pytest.mark.parametrize(
    ("language", "columns", "shown"),
    [
        ("WQL", "*", None),
        ("WQL", "SourceInstance, PreviousInstance", ("SourceInstance", "PreviousInstance")),
        ("WQL", "CIM_InstModification.SourceInstance, __CLASS", ("SourceInstance",)),
        ("DMTF:CQL", "m.SourceInstance", ("SourceInstance",)),
        ("DMTF:CQL", "CIM_InstModification.IndicationTime", ("IndicationTime",)),
        ("DMTF:CQL", "m.*", None),
    ],
)
def test_i21_the_columns_tell_what_an_indication_shows(
    events: Schema, source: Schema, language: str, columns: str, shown: tuple[str, ...] | None
) -> None:
    alias = "" if language == "WQL" else " AS m"
    found = parse_indication_filter(language, f"SELECT {columns} FROM CIM_InstModification{alias}")
    cls = events.get("CIM_InstModification")
    assert cls is not None
    found.check(cls, source)
    assert found.columns == shown


def test_i21_class_and_position(source: Schema) -> None:
    found = parse_indication_filter("WQL", "SELECT *\n  FROM CIM_Alert")
    assert (found.classname, found.at) == ("CIM_Alert", (2, 8))
    assert found.at.invalid("no such class").status_description == "line 2, column 8: no such class"


@pytest.mark.parametrize(
    ("code", "language", "text", "expected"),
    [
        (14, "DMTF:FQL", "SELECT * FROM CIM_Indication", "DMTF:FQL is not supported"),
        (14, "SQL", "SELECT * FROM CIM_Indication", "SQL is not supported"),
        (15, "WQL", "SELECT * FROM", "line 1, column 14: the end of the query"),
        (15, "WQL", "ASSOCIATORS OF {C.Id=1}", "line 1, column 16: an indication filter is a SELECT statement"),
        (29, "WQL", "SELECT * FROM __InstanceCreationEvent WITHIN 5", "line 1, column 39"),
        (29, "DMTF:CQL", "SELECT OBJECTPATH(SourceInstance) FROM CIM_InstCreation", "line 1, column 18"),
        (29, "WQL", "SELECT SourceInstance.Name FROM CIM_InstCreation", "line 1, column 8"),
        (29, "DMTF:CQL", "SELECT A.B::C FROM A", "line 1, column 8"),
        (29, "DMTF:CQL", "SELECT A AS B FROM C", "line 1, column 13"),
    ],
)
def test_i6_queries_that_are_refused_when_they_are_read(code: int, language: str, text: str, expected: str) -> None:
    assert expected in refused(code, parse_indication_filter, language, text)


@pytest.mark.parametrize(
    ("code", "classname", "text", "expected"),
    [
        (
            15,
            "CIM_InstModification",
            "SELECT SourceInstanc FROM CIM_InstModification",
            "column 8: no property SourceInstanc; did",
        ),
        (15, "CIM_InstModification", MODIFIED + "SourceInstanc ISA 'X'", "column 42: no property SourceInstanc; did you mean"),
        (15, "CIM_InstModification", MODIFIED + "PerceivedSeverity = 2", "column 42: no property PerceivedSeverity"),
        (15, "CIM_InstModification", MODIFIED + "SourceInstance = 'x'", "column 42: SourceInstance: embedded objects do not"),
        (15, "CIM_InstModification", MODIFIED + "IndicationTime ISA CIM_X", "column 42: ISA is for embedded objects"),
        (15, "CIM_InstModification", MODIFIED + "IndicationTime = 'x'", "column 59: IndicationTime is datetime: 'x' is not"),
        (29, "CIM_InstModification", "SELECT CIM_InstModification FROM CIM_InstModification", "which is not a column"),
        (29, "CIM_InstModification", "SELECT __PATH FROM CIM_InstModification", "column 8: __PATH is not supported"),
        (29, "CIM_InstModification", MODIFIED + "SourceInstance.__PATH = 'x'", "column 42: __PATH of an embedded object"),
        # also of a subclass
        (
            15,
            "CIM_Indication",
            "SELECT * FROM CIM_Indication WHERE PerceivedSeverity = 'x'",
            "PerceivedSeverity is uint16: 'x' is",
        ),
    ],
)
def test_i6_what_does_not_fit_the_indication_class_is_refused_by_the_check(
    events: Schema, code: int, classname: str, text: str, expected: str
) -> None:
    cls = events.get(classname)
    assert cls is not None
    description = refused(code, parse_indication_filter("WQL", text).check, cls, events)
    assert description.startswith("line 1, column ")
    assert expected in description


def test_i6_what_fits_no_more_matches_nothing(cim: Any, events: Schema, source: Schema) -> None:
    found = parse_indication_filter("WQL", "SELECT * FROM CIM_AlertIndication WHERE Message = 5")
    told = indication(events, "CIM_AlertIndication", Message="5")
    assert found.matches(told, source)
    changed = cim.schema(cim.cls("CIM_AlertIndication", cim.prop("Message", "datetime"), flags=["Indication"]))
    assert not found.matches(indication(changed, "CIM_AlertIndication"), source)


def test_sec6_what_is_remembered_of_schemas_is_bounded(events: Schema, stopped: Instance) -> None:
    found = parse_indication_filter("WQL", MODIFIED + "SourceInstance ISA 'T_Service'")
    assert isinstance(found, IndicationFilter)
    assert all(found.matches(stopped, Schema()) for _ in range(200))
    assert len(found._tests) <= 32
