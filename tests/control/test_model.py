"""Namespaces, classes, instances, associations and queries, as the control API shows them."""

from typing import Any

import pytest

from cimsim.cimom.journal import Journal
from cimsim.control.client import ControlClient, RefusedError
from cimsim.control.json_values import json_value
from cimsim.control.steps import sorted_part
from cimsim.control.value_maps import ValueMap
from cimsim.testing.simulator import Simulator
from cimsim.world.values import DateTime
from tests.control.conftest import NAMESPACE
from tests.control.plane import Plane

GUEST = "Msvm_GuestFileService"


def machines(client: ControlClient, **query: Any) -> list[str]:
    return [
        str(each.properties["ElementName"]) for each in client.instances(NAMESPACE, "Msvm_ComputerSystem", **query).instances
    ]


def test_namespaces_count_what_they_have(client: ControlClient, sim: Simulator) -> None:
    found = {each.name: each for each in client.namespaces()}
    assert found[NAMESPACE].instances == sim.world.namespace(NAMESPACE).instance_count > 0
    assert found[NAMESPACE].classes == len(sim.world.namespace(NAMESPACE).schema) > 0


def test_classes_count_their_instances_and_those_of_subclasses(client: ControlClient) -> None:
    found = {each.name: each for each in client.classes(NAMESPACE)}
    assert (found["Msvm_GuestService"].instances, found["Msvm_GuestService"].abstract) == (0, True)
    assert found["Msvm_GuestService"].deep_instances == sum(
        each.instances for each in found.values() if each.superclass == "Msvm_GuestService"
    )
    assert found["Msvm_ComputerSystem"].instances == 4
    assert found["CIM_Dependency"].association


def test_a_class_has_what_it_inherits_and_says_what_is_provided(client: ControlClient) -> None:
    cls = client.get_class(NAMESPACE, "msvm_guestfileservice")
    assert (cls.name, cls.superclasses[0], cls.superclasses[-1]) == (GUEST, "Msvm_GuestService", "CIM_ManagedElement")
    started = next(each for each in cls.properties if each.name == "Started")
    assert (started.type, started.key, started.origin) == ("boolean", False, "CIM_Service")
    state = next(each for each in cls.properties if each.name == "EnabledState")
    assert (state.values[:3], state.value_map[:3]) == (["Unknown", "Other", "Enabled"], ["0", "1", "2"])
    methods = {each.name: each for each in cls.methods}
    assert (methods["StopService"].provided, methods["StopService"].returns) == (True, "uint32")
    job = next(each for each in methods["RequestStateChange"].parameters if each.name == "Job")
    assert (job.input, job.output, job.reference_class) == (False, True, "CIM_ConcreteJob")
    assert GUEST in cls.mof


@pytest.mark.longer
def test_every_class_and_every_instance_of_the_packs_can_be_looked_at(client: ControlClient) -> None:
    for namespace in client.namespaces():
        for cls in client.classes(namespace.name)[::7]:
            client.get_class(namespace.name, cls.name)
            found = client.instances(namespace.name, cls.name, limit=2)
            assert found.total >= cls.deep_instances
            for each in found.instances:
                assert client.instance(each.path).path == each.path


def test_instances_are_sorted_selected_and_handed_out_in_parts(client: ControlClient) -> None:
    names = machines(client, sort="ElementName")
    assert names == sorted(names, key=str.lower)
    assert len(names) == 4
    assert machines(client, sort="ElementName", descending=True) == names[::-1]
    assert machines(client, sort="ElementName", offset=1, limit=2) == names[1:3]
    assert machines(client, descending=True) == machines(client)[::-1]
    assert machines(client, descending=True, offset=1, limit=2) == machines(client)[::-1][1:3]
    found = client.instances(NAMESPACE, "Msvm_GuestService", where="Started = TRUE\nAND Name LIKE '%'")
    assert 0 < found.total == len(found.instances)
    assert all(each.properties["Started"] is True for each in found.instances)
    assert client.instances(NAMESPACE, "Msvm_GuestService", deep=False).total == 0


def test_an_instance_says_what_its_values_mean(client: ControlClient) -> None:
    path = client.instances(NAMESPACE, GUEST, limit=1).instances[0].path
    found = client.instance(path)
    state = next(each for each in found.properties if each.name == "EnabledState")
    assert (state.value, state.text, state.type, state.array) == (2, "Enabled", "uint16", False)
    assert found.mof.startswith(f"instance of {GUEST} {{")


WRONG: list[tuple[str, int, str, str]] = [
    ("/v1/namespaces/root%2Fvirtualizaton%2Fv2/classes", 404, "namespace", NAMESPACE),
    ("/v1/namespaces/root%2Fvirtualization%2Fv2/classes/Msvm_GuestServce", 404, "classname", "Msvm_GuestService"),
    ("/v1/namespaces/root%2Fvirtualization%2Fv2/classes/Msvm_GuestServce/instances", 404, "classname", "Msvm_GuestService"),
    (f"/v1/namespaces/root%2Fvirtualization%2Fv2/classes/{GUEST}/instances?sort=Startd", 400, "sort", "Started"),
    (f"/v1/namespaces/root%2Fvirtualization%2Fv2/classes/{GUEST}/instances?where=Startd+=+TRUE", 400, "where", "Started"),
    (f"/v1/namespaces/root%2Fvirtualization%2Fv2/classes/{GUEST}/instances?limit=0", 400, "limit", ""),
    (f"/v1/namespaces/root%2Fvirtualization%2Fv2/classes/{GUEST}/instances?offset=-1", 400, "offset", ""),
    (f"/v1/namespaces/root%2Fvirtualization%2Fv2/classes/{GUEST}/instances?limi=1", 400, "limi", "limit"),
    ("/v1/instance?path=nothing", 400, "path", ""),
    ("/v1/instance?path=Msvm_ComputerSystem.Name=5", 400, "path", ""),
    ("/v1/instance?path=root/nix:Msvm_ComputerSystem.Name=5", 404, "path", ""),
    ("/v1/instance?path=root/virtualization/v2:Msvm_ComputrSystem.Name=5", 404, "path", "Msvm_ComputerSystem"),
    ("/v1/instance?path=root/virtualization/v2:Msvm_ComputerSystem.Nam=5", 400, "path", "Name"),
    ("/v1/associations?path=root/virtualization/v2:Msvm_ComputerSystem.Name=5", 400, "path", ""),
    ("/v1/query?namespace=root/virtualization/v2&query=SELECT+*+FROM+Msvm_ComputrSystem", 400, "query", ""),
    ("/v1/query?namespace=root/nix&query=SELECT+*+FROM+X", 404, "namespace", ""),
    ("/v1/query?namespace=root/virtualization/v2&query=x&language=SQL", 400, "query", ""),
]


@pytest.mark.parametrize(("path", "status", "field", "nearest"), WRONG)
def test_what_is_wrong_is_named_with_the_nearest(
    client: ControlClient, path: str, status: int, field: str, nearest: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        client._get(path.removeprefix("/v1"), dict)
    assert (refused.value.status, refused.value.field) == (status, field)
    if nearest:
        assert refused.value.nearest == nearest


def test_a_wrong_condition_and_a_wrong_query_have_line_and_column(client: ControlClient) -> None:
    with pytest.raises(RefusedError) as refused:
        client.instances(NAMESPACE, GUEST, where="Started = TRUE AND\n  Startd = FALSE")
    assert (refused.value.line, refused.value.column, refused.value.cim_status) == (2, 3, 15)
    assert str(refused.value).startswith("line 2, column 3: ")
    with pytest.raises(RefusedError) as refused:
        client.query(NAMESPACE, "SELECT *\nFROM Msvm_ComputerSystem WHRE")
    assert (refused.value.line, refused.value.cim_status) == (2, 15)


def test_looking_is_not_a_request_of_a_client(client: ControlClient, sim: Simulator) -> None:
    before, recorded = sim.world, client.status().exchanges
    client.add_fault(operation="EnumerateInstances", error=["failed", "no"])
    client.instance(client.instances(NAMESPACE, "CIM_Service", sort="Name").instances[0].path)
    client.query(NAMESPACE, "SELECT Name FROM CIM_Service")
    assert sim.world is before
    assert client.status().exchanges == recorded
    assert client.faults()[0].matched == 0


def test_associations_have_roles_and_labels_and_lead_on(client: ControlClient) -> None:
    path = client.instances(NAMESPACE, "Msvm_ComputerSystem", where="ElementName = 'web01'").instances[0].path
    found = client.associations(path)
    settings = next(each for each in found.associations if each.association_class == "Msvm_SettingsDefineState")
    assert (settings.role, settings.result_role, settings.label) == ("ManagedElement", "SettingData", "web01")
    back = client.associations(settings.path).associations
    assert path in {each.path for each in back}
    assert not found.more


def test_queries_have_columns_and_rows(client: ControlClient) -> None:
    rows = client.query(NAMESPACE, "SELECT ElementName, EnabledState FROM Msvm_ComputerSystem WHERE ElementName = 'web01'")
    assert (rows.columns, rows.rows, rows.total, rows.more) == (["ElementName", "EnabledState"], [["web01", 2]], 1, False)
    whole = client.query(NAMESPACE, "SELECT * FROM Msvm_ComputerSystem")
    assert whole.columns[0] == "__PATH"
    assert client.instance(whole.rows[0][0]).classname == "Msvm_ComputerSystem"
    cql = client.query(NAMESPACE, "SELECT ElementName FROM Msvm_ComputerSystem", "DMTF:CQL")
    assert cql.total == 4


# Large numbers of instances


def many(cim: Any, count: int) -> Plane:
    transaction = cim.transaction(cim.cls("T_Thing", cim.prop("Id", "uint32", "Key"), cim.prop("Size", "uint32")))
    for number in range(count):
        transaction.create("T_Thing", {"Id": number, "Size": (number * 7919) % count})
    return Plane(world=transaction.world)


@pytest.mark.longer
def test_others_are_answered_while_many_instances_are_sorted_and_selected(cim: Any) -> None:
    plane = many(cim, 12_000)
    base = "/v1/namespaces/root%2Ftest/classes/T_Thing/instances"
    found = plane.get(f"{base}?sort=Size&offset=11000&limit=3&where=Size+%3C+11500")
    assert (found["total"], [each["properties"]["Size"] for each in found["instances"]]) == (11_500, [11_000, 11_001, 11_002])
    assert plane.reactor.rests > 5
    backwards = plane.get(f"{base}?sort=Size&descending=true&limit=2")
    assert [each["properties"]["Size"] for each in backwards["instances"]] == [11_999, 11_998]


@pytest.mark.parametrize("descending", [False, True])
def test_sorting_in_steps_is_sorting(descending: bool) -> None:
    items = [(number * 7919) % 1000 for number in range(12_345)]
    steps = sorted_part(items, lambda item: item, 6_000, 50, descending=descending)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            assert end.value == sorted(items, reverse=descending)[6_000:6_050]
            break


# Values


def test_values_are_what_json_can_express() -> None:
    time = "20250310120000.000000+000"
    given = (True, None, 2**53, 2**53 + 1, -(2**60), 1.5, float("nan"), float("inf"), DateTime(time), ("a", None))
    assert [json_value(each) for each in given] == [
        True, None, 2**53, str(2**53 + 1), str(-(2**60)), 1.5, "nan", "inf", time, ["a", None],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [(2, "two"), (7, "some"), (9, "some"), (40_000, "vendor"), (10, ""), (None, ""), ([2, 7], "two, some"), (["x"], "")],
)
def test_a_value_map_has_values_and_ranges(value: Any, text: str) -> None:
    assert ValueMap(["one", "two", "some", "vendor"], ["1", "2", "5..9", "32768.."]).text(value) == text


def test_values_without_a_map_count_from_zero() -> None:
    assert ValueMap(["no", "yes"], []).text(1) == "yes"
    assert ValueMap(["no", "yes"], []).text(2) == ""
    assert ValueMap([], []).text(0) == ""


def test_a_journal_that_is_not_asked_for_anything_keeps_bodies_within_its_bounds() -> None:
    assert Journal().bodies
