"""GUIDs of the shipped machines, and what a population says of itself by setting."""

import re
from typing import TYPE_CHECKING, Any, Final

import pytest

from cimsim.packs.load import Loaded, load
from tests.hyperv.conftest import MACHINES, NAMESPACE, NOON

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cimsim.world.instances import Instance
    from tests.hyperv.conftest import Host, MakeHost

    Load = Callable[..., Loaded]

DERIVED: Final = re.compile(
    r"[0-9A-F]{8}-[0-9A-F]{4}-5[0-9A-F]{3}-[0-9A-F]{4}-[0-9A-F]{12}|[0-9A-F]{64}|\d{4}(-\d{4}){5}-\d\d", re.IGNORECASE
)
"""GUIDs that follow from others, such a GUID in a path of the firmware, serial numbers."""
SWITCH: Final = "5E1B7C94-2D60-4F8A-8C35-9B7A41E6D204"


@pytest.fixture
def load_host(cache_dir: "Path") -> "Load":
    def run(seed: int, **settings: Any) -> Loaded:
        return load(["hyperv"], {"hyperv": settings}, cache_dir=cache_dir, now=NOON, seed=seed)

    return run


def stored(loaded: Loaded) -> "list[Instance]":
    return [
        each
        for namespace in loaded.world.namespaces.values()
        for found in namespace.instances.all()
        for each in found.all()
        if each.cls.name != "CIM_CIMOMStatisticalData"
    ]


def named(loaded: Loaded, classname: str) -> "dict[str, str]":
    found = loaded.world.namespace(NAMESPACE).instances[classname.lower()].all()
    return {each["ElementName"]: each["Name"] for each in found}


def test_shipped_machines_keep_their_guids_whatever_the_seed(load_host: "Load") -> None:
    for seed in (0, 7):
        loaded = load_host(seed)
        assert named(loaded, "Msvm_ComputerSystem").items() >= MACHINES.items()
        assert list(named(loaded, "Msvm_VirtualEthernetSwitch").values()) == [SWITCH]


@pytest.mark.longer
def test_with_unique_ids_the_seed_names_all_machines(load_host: "Load") -> None:
    """Nothing is left of the old GUIDs, in keys, in references and in texts; all else is as it was.

    What follows from the GUID of a machine, such as the GUID of its firmware, is another one, too.
    """
    plain, first, same, other = (load_host(seed, unique_ids=unique > 0) for seed, unique in ((7, 0), (7, 1), (7, 1), (8, 1)))
    systems = [named(each, "Msvm_ComputerSystem") for each in (plain, first, same, other)]
    assert systems[1] == systems[2]
    assert [list(each) for each in systems[1:]] == [list(systems[0])] * 3
    guids = [{name for key, name in each.items() if key in MACHINES} for each in systems]
    assert len(set().union(guids[0], guids[1], guids[3])) == 9
    text = repr([(str(each.path), each.values) for each in stored(first)])
    assert not [guid for guid in (*MACHINES.values(), SWITCH) if guid.lower() in text.lower()]
    renamed = {MACHINES[name]: systems[1][name] for name in MACHINES}
    renamed[SWITCH] = next(iter(named(first, "Msvm_VirtualEthernetSwitch").values()))

    def told(loaded: Loaded) -> list[str]:
        lines = (repr((each.path.classname, each.path.keys, each.values)) for each in stored(loaded))
        return sorted(DERIVED.sub("DERIVED", line) for line in lines)

    def firmware(loaded: Loaded) -> set[str]:
        found = loaded.world.namespace(NAMESPACE).instances["msvm_virtualsystemsettingdata"].all()
        return {each[name] for each in found if each["BIOSGUID"] for name in ("BIOSGUID", "BIOSSerialNumber")}

    assert firmware(first) == firmware(same)
    assert len(firmware(plain) | firmware(first) | firmware(other)) == 18
    expected = []
    for line in told(plain):
        for old, new in renamed.items():
            line = line.replace(old, new)
        expected.append(line)
    assert told(first) == sorted(expected)


@pytest.mark.longer
@pytest.mark.parametrize("method", ["StartService", "StopService"])
def test_the_guest_services_may_have_a_value_map(make_host: "MakeHost", method: str) -> None:
    host = make_host(value_maps=True)
    for classname in ("Msvm_GuestService", "Msvm_GuestFileService", "Msvm_GuestCommunicationService"):
        qualifiers = host.transaction().cls(classname).full.methods[method].qualifiers
        assert qualifiers["ValueMap"].value == ["0", "1"]
        assert qualifiers["Values"].value == ["Completed with No Error", "Not Supported"]
    assert "ValueMap" not in host.transaction().cls("CIM_Service").full.methods[method].qualifiers
    plain = make_host()
    assert "ValueMap" not in plain.transaction().cls("Msvm_GuestService").full.methods[method].qualifiers
    assert len(host.transaction().world.namespace(NAMESPACE).schema) == len(
        plain.transaction().world.namespace(NAMESPACE).schema
    )
    for service in ("Msvm_GuestFileService", "Msvm_GuestCommunicationService"):
        assert host.call(host.the(service, "web01"), method) == (0, {})
        assert host.transaction().associators(host.the(service, "web01"), "Msvm_RegisteredGuestService")


def test_heartbeat_settings_of_every_machine(make_host: "MakeHost") -> None:
    host = make_host(vms=4)
    found = host.all("Msvm_HeartbeatComponentSettingData")
    assert [(each["Interval"], each["Latency"], each["ErrorThreshold"]) for each in found] == [(2000, 1000, 2)] * 4


def test_threads_per_core_of_machines_that_run(make_host: "MakeHost") -> None:
    host = make_host()

    def threads(name: str) -> Any:
        return host.machine(name)["HwThreadsPerCoreRealized"]

    assert [threads(name) for name in ("web01", "db01", "old01", "HVHOST01")] == [1, 1, None, None]
    host.ask(host.machine("web01"), 3)
    processors = host.the("Msvm_ProcessorSettingData", "old01")
    host.cimom.world = changed(host, processors)
    host.ask(host.machine("old01"), 2)
    assert (threads("web01"), threads("old01")) == (None, 2)
    host.ask(host.machine("old01"), 9)
    assert threads("old01") == 2


def changed(host: "Host", processors: "Instance") -> Any:
    transaction = host.transaction()
    transaction.modify(processors, HwThreadsPerCore=2)
    return transaction.world


def test_dsp1042_the_management_service_tells_what_it_does(make_host: "MakeHost") -> None:
    """The profile "System Virtualization" wants that of the service, and one of each resource pool."""
    host = make_host()
    transaction = host.transaction()
    (abilities,) = transaction.associators(host.the("Msvm_VirtualSystemManagementService"), "Msvm_ElementCapabilities")
    assert abilities.cls.is_a("cim_virtualsystemmanagementcapabilities")
    assert (abilities["ElementNameEditSupported"], abilities["IndicationsSupported"]) == (True, (2, 3, 4))
    for pool in transaction.instances("Msvm_ResourcePool"):
        assert len(transaction.associators(pool, "Msvm_ElementCapabilities", "Msvm_AllocationCapabilities")) == 1


def test_there_is_no_parentpackage(make_host: "MakeHost") -> None:
    assert "ParentPackage" not in make_host().transaction().cls("Msvm_VirtualSystemSettingData").full.properties
