"""What defining, changing and destroying virtual machines leaves in the world, and the indications it causes."""

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pytest
from pywbem import CIMInstance, Uint32, Uint64

if TYPE_CHECKING:
    from cimsim.world.paths import InstancePath
    from tests.hyperv.conftest import Host, MakeHost

KIND: Final = "Microsoft:Hyper-V:"
PLAIN: Final = "Msvm_ResourceAllocationSettingData"


def call(host: "Host", method: str, **arguments: Any) -> tuple[int, dict[str, Any]]:
    return host.call(host.the("Msvm_VirtualSystemManagementService"), method, **arguments)


def define(host: "Host", name: str = "new01", **properties: Any) -> "InstancePath":
    given = CIMInstance("Msvm_VirtualSystemSettingData", {"ElementName": name, **properties})
    value, outputs = call(host, "DefineSystem", SystemSettings=given)
    assert value == 0
    path: InstancePath = outputs["ResultingSystem"]
    return path


def resource(kind: str, **properties: Any) -> CIMInstance:
    return CIMInstance(PLAIN, {"ResourceSubType": KIND + kind, **properties})


def settings_of(host: "Host", name: str) -> Any:
    return next(host.transaction().select("Msvm_VirtualSystemSettingData", ElementName=name))


def everything(host: "Host") -> dict[Any, Any]:
    namespace = host.transaction().world.namespace("root/virtualization/v2")
    return {each.identity: each.values for stored in namespace.instances.values() for each in stored.values()}


def test_defining_tells_of_each_instance_once(make_host: "MakeHost") -> None:
    host = make_host()
    define(host, VirtualSystemSubType="Microsoft:Hyper-V:SubType:2")
    assert Counter(host.told()) == {
        "created Msvm_ComputerSystem": 1,
        "created Msvm_VirtualSystemSettingData": 1,
        "created Msvm_SettingsDefineState": 1,
        "created Msvm_HostedDependency": 1,
        "created Msvm_ServiceAffectsElement": 1,
        "created Msvm_VirtualSystemSettingDataComponent": 11,
        "created Msvm_ResourceAllocationSettingData": 2,
        **{
            f"created Msvm_{kind}SettingData": 1
            for kind in (
                "GuestServiceInterfaceComponent",
                "HeartbeatComponent",
                "KvpExchangeComponent",
                "ShutdownComponent",
                "TimeSyncComponent",
                "VssComponent",
                "Processor",
                "Memory",
                "SyntheticDisplayController",
            )
        },
    }


def test_what_is_refused_tells_nothing_and_leaves_nothing(make_host: "MakeHost") -> None:
    host = make_host()
    before = everything(host)
    given = CIMInstance("Msvm_VirtualSystemSettingData", {"ElementName": "x"})
    wrong = [resource("Synthetic SCSI Controller"), resource("Virtual Hard Disk", Parent="nowhere")]
    assert call(host, "DefineSystem", SystemSettings=given, ResourceSettings=wrong) == (4, {})
    assert host.told() == []
    assert everything(host) == before


@pytest.mark.parametrize("state", [None, 2, 6])
def test_destroying_takes_what_belongs_to_the_machine_and_nothing_else(make_host: "MakeHost", state: int | None) -> None:
    """Also after it has been running, or saved; only the jobs that worked on it are left."""
    host = make_host()
    before = everything(host)
    path = define(host)
    machine = host.transaction().get(path)
    system = settings_of(host, "new01")
    call(host, "AddResourceSettings", AffectedConfiguration=system, ResourceSettings=[resource("Synthetic SCSI Controller")])
    if state is not None:
        host.ask(machine, 2)
        host.ask(machine, 3 if state == 2 else state)
    assert call(host, "DestroySystem", AffectedSystem=path) == (0, {})
    left = {each: values for each, values in everything(host).items() if each not in before}
    assert {each.classname for each in left} <= {"msvm_concretejob", "msvm_owningjobelement"}
    assert {each: values for each, values in everything(host).items() if each in before} == before


def test_socket_services_go_with_their_machine(make_host: "MakeHost") -> None:
    host = make_host()
    path = define(host)
    settings = CIMInstance("Msvm_GuestCommunicationServiceSettingData", {"Name": "A0000000-0000-0000-0000-000000000001"})
    system = settings_of(host, "new01")
    call(host, "AddGuestServiceSettings", AffectedConfiguration=system, GuestServiceSettings=[settings])
    assert len(host.all("Msvm_GuestCommunicationServiceSettingData")) == 3
    assert call(host, "DestroySystem", AffectedSystem=path) == (0, {})
    assert len(host.all("Msvm_GuestCommunicationServiceSettingData")) == 2


def test_a_machine_on_its_way_is_left_alone(make_host: "MakeHost") -> None:
    """5 Invalid State: documented code, condition assumed."""
    host = make_host(machine_transition="10s")
    host.ask(host.machine("old01"), 2)
    system = settings_of(host, "old01")
    memory = CIMInstance("Msvm_MemorySettingData", {"InstanceID": host.the("Msvm_MemorySettingData", "old01")["InstanceID"]})
    renamed = CIMInstance("Msvm_VirtualSystemSettingData", {"InstanceID": system["InstanceID"], "ElementName": "x"})
    controller = [resource("Synthetic SCSI Controller")]
    assert call(host, "AddResourceSettings", AffectedConfiguration=system, ResourceSettings=controller) == (5, {})
    assert call(host, "ModifyResourceSettings", ResourceSettings=[memory]) == (5, {})
    assert call(host, "ModifySystemSettings", SystemSettings=renamed) == (5, {})
    assert call(host, "DestroySystem", AffectedSystem=host.machine("old01")) == (5, {})


def test_a_job_whose_machine_is_gone_fails(make_host: "MakeHost") -> None:
    """Two jobs at a time: the second one finds nothing to work on."""
    host = make_host(settings_transition="5s")
    system = settings_of(host, "old01")
    _, destroying = call(host, "DestroySystem", AffectedSystem=host.machine("old01"))
    _, adding = call(
        host, "AddResourceSettings", AffectedConfiguration=system, ResourceSettings=[resource("Synthetic SCSI Controller")]
    )
    host.clock.advance(5)
    assert host.read(destroying["Job"])["JobState"] == 7
    assert host.read(adding["Job"])["JobState"] == 10
    host.clock.advance(300)
    assert host.all("Msvm_ConcreteJob") == []


def test_a_place_that_is_taken_meanwhile(make_host: "MakeHost") -> None:
    """Both calls are right when they are made; the job that is second ends in JobState 10 with the code of the method."""
    host = make_host()
    define(host)
    controller = next(each for each in host.all(PLAIN) if each["ResourceType"] == 5 and "Definition" not in each["InstanceID"])
    slow = make_host(settings_transition="5s")
    slow.cimom.world = host.cimom.world
    drive = resource("Synthetic Disk Drive", Parent=controller["InstanceID"], AddressOnParent="0")
    system = settings_of(slow, "new01")
    jobs = [call(slow, "AddResourceSettings", AffectedConfiguration=system, ResourceSettings=[drive]) for _ in range(2)]
    slow.clock.advance(5)
    found = [slow.read(outputs["Job"]) for _, outputs in jobs]
    assert [(job["JobState"], job["ErrorCode"]) for job in found] == [(7, 0), (10, 4)]


def test_adapters_are_64_at_most(make_host: "MakeHost") -> None:
    host = make_host()
    define(host)
    system = settings_of(host, "new01")
    adapter = CIMInstance("Msvm_SyntheticEthernetPortSettingData", {})
    value, outputs = call(host, "AddResourceSettings", AffectedConfiguration=system, ResourceSettings=[adapter] * 64)
    assert value == 0
    addresses = [host.read(path)["Address"] for path in outputs["ResultingResourceSettings"]]
    assert addresses[0] == "00155D010004"  # after those of the shipped machines
    assert len(set(addresses)) == 64
    assert call(host, "AddResourceSettings", AffectedConfiguration=system, ResourceSettings=[adapter]) == (4, {})


@pytest.mark.parametrize(
    ("classname", "name", "value", "code"),
    [
        ("Msvm_ProcessorSettingData", "VirtualQuantity", Uint64(0), 4),
        ("Msvm_ProcessorSettingData", "Limit", Uint64(100_001), 4),
        ("Msvm_ProcessorSettingData", "Weight", Uint32(10_000), 0),
        ("Msvm_MemorySettingData", "VirtualQuantity", Uint64(31), 4),
        ("Msvm_MemorySettingData", "TargetMemoryBuffer", Uint32(2001), 4),
        ("Msvm_MemorySettingData", "DynamicMemoryEnabled", True, 0),
    ],
)
def test_ranges(make_host: "MakeHost", classname: str, name: str, value: Any, code: int) -> None:
    """The pages give the ranges of processors and of the buffer; that 4 answers is assumed."""
    host = make_host()
    settings = host.the(classname, "old01")
    given = CIMInstance(classname, {"InstanceID": settings["InstanceID"], name: value})
    assert call(host, "ModifyResourceSettings", ResourceSettings=[given])[0] == code
    assert (host.now(settings)[name] == value) == (code == 0)
    assert (host.machine("old01")["TimeOfLastConfigurationChange"] == "20250310120000.000000-000") == (code == 0)


def test_dynamic_memory_starts_between_its_limits(make_host: "MakeHost") -> None:
    host = make_host()
    settings = host.the("Msvm_MemorySettingData", "old01")
    given = {"InstanceID": settings["InstanceID"], "DynamicMemoryEnabled": True, "Reservation": Uint64(4096)}
    wrong = CIMInstance("Msvm_MemorySettingData", given)
    assert call(host, "ModifyResourceSettings", ResourceSettings=[wrong]) == (4, {})
    assert host.now(settings).values == settings.values


def test_a_new_machine_can_be_of_the_second_generation(make_host: "MakeHost") -> None:
    host = make_host(new_machine_generation=2)
    define(host)
    assert settings_of(host, "new01")["VirtualSystemSubType"] == "Microsoft:Hyper-V:SubType:2"


def test_a_machine_stands_for_its_settings(make_host: "MakeHost") -> None:
    """os-win passes the machine where the pages name its settings; all methods with such a parameter take it."""
    host = make_host()
    machine = define(host)
    controller = resource("Synthetic SCSI Controller")
    value, outputs = call(host, "AddResourceSettings", AffectedConfiguration=machine, ResourceSettings=[controller])
    assert (value, len(outputs["ResultingResourceSettings"])) == (0, 1)
    service = CIMInstance("Msvm_GuestCommunicationServiceSettingData", {"Name": "A0000000-0000-0000-0000-000000000001"})
    value, outputs = call(host, "AddGuestServiceSettings", AffectedConfiguration=machine, GuestServiceSettings=[service])
    assert (value, len(outputs["ResultingGuestServiceSettings"])) == (0, 1)
    given = CIMInstance("Msvm_VirtualSystemSettingData", {"Notes": ["copy"]})
    value, outputs = call(host, "DefineSystem", SystemSettings=given, ReferenceConfiguration=machine)
    assert (value, host.read(outputs["ResultingSystem"])["ElementName"]) == (0, "new01")


@pytest.mark.parametrize(
    ("method", "settings"),
    [
        ("AddResourceSettings", {"ResourceSettings": [resource("Synthetic SCSI Controller")]}),
        ("AddGuestServiceSettings", {"GuestServiceSettings": [CIMInstance("Msvm_GuestCommunicationServiceSettingData")]}),
    ],
)
def test_the_host_and_services_stand_for_no_settings(
    make_host: "MakeHost", method: str, settings: dict[str, list[CIMInstance]]
) -> None:
    host = make_host()
    for other in (host.machine("HVHOST01"), host.the("Msvm_VirtualSystemManagementService")):
        assert call(host, method, AffectedConfiguration=other, **settings) == (4, {})
