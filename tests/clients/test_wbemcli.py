"""wbemcli of the SBLIM project, whose hand-written parser is the strictest reader of CIM-XML: every operation it has."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.clients.conftest import Run, Server
    from tests.programs import Finished

HYPERV: Final = "root/virtualization/v2"
ISCSI: Final = "root/cimv2/storage/iscsitarget"
WEB01: Final = "3F2C6A10-8B41-4E0D-9C57-1A6E0B7D2F01"
SESSION: Final = (
    f"{HYPERV}:Msvm_GuestCommunicationService."
    f'SystemCreationClassName="Msvm_ComputerSystem",SystemName="{WEB01}",'
    'CreationClassName="Msvm_GuestCommunicationService",Name="999E53D4-3D5C-4C3E-8779-BED06EC056E1"'
)
INTERFACE: Final = (
    f"{HYPERV}:Msvm_GuestServiceInterfaceComponent."
    f'SystemCreationClassName="Msvm_ComputerSystem",SystemName="{WEB01}",'
    'CreationClassName="Msvm_GuestServiceInterfaceComponent",DeviceID="Microsoft:6C09BB55-D683-4DA0-8931-C9BF705F6480"'
)
MANAGER: Final = (
    f'{ISCSI}:MSFTSM_ObjectManager.SystemCreationClassName="MSFTSM_System",SystemName="ISCSISRV01",'
    'CreationClassName="MSFTSM_ObjectManager",Name="Microsoft:ISCSISRV01:9B0F6C52-2E7D-4D61-8A44-0C6E1F3D5B77"'
)
NEW_KEYS: Final = (
    'SystemCreationClassName="MSFTSM_System",SystemName="ISCSISRV01",ObjectManagerCreationClassName="MSFTSM_ObjectManager",'
    'ObjectManagerName="Microsoft:ISCSISRV01:9B0F6C52-2E7D-4D61-8A44-0C6E1F3D5B77",'
    'CreationClassName="MSFTSM_Namespace",Name="root/new"'
)
NEW: Final = f"{ISCSI}:MSFTSM_Namespace.{NEW_KEYS}"
REFUSED: Final = 16


def fine(printed: "Finished") -> list[str]:
    assert printed.status == 0, printed
    return printed.out.splitlines()


# Instances


def test_ein(wbemcli: "Run", server: "Server") -> None:
    names = fine(wbemcli(server, "ein", f"{HYPERV}:Msvm_GuestService"))
    assert [line.split(":", 2)[2].split(".")[0] for line in names] == [
        "Msvm_GuestFileService",
        "Msvm_GuestFileService",
        "Msvm_GuestCommunicationService",
    ]


def test_ei(wbemcli: "Run", server: "Server") -> None:
    shown = fine(wbemcli(server, "ei", f"{HYPERV}:Msvm_GuestService", "Started,EnabledState"))
    assert [line.rsplit(" ", 1)[1] for line in shown] == [
        "EnabledState=2,Started=TRUE",
        "EnabledState=3,Started=FALSE",
        "EnabledState=2,Started=TRUE",
    ]


def test_ei_reads_whole_instances_of_every_class(wbemcli: "Run", server: "Server") -> None:  # CW1, CW2
    for namespace in (HYPERV, ISCSI, "root/interop"):
        shown = fine(wbemcli(server, "ei", f"{namespace}:CIM_ManagedElement", options=("-nl", "-t")))
        assert len([line for line in shown if line.startswith("127.0.0.1")]) > 5


def test_gi(wbemcli: "Run", server: "Server") -> None:
    shown = fine(wbemcli(server, "gi", SESSION, options=("-nl", "-t")))
    assert shown[0] == f"127.0.0.1:{server.port}/{SESSION}"
    assert {"-Started=TRUE", "-EnabledState=2", '-ElementName="VM Session Service"', "-OperationalStatus[]=2"} <= set(shown)
    assert '-Name#="999E53D4-3D5C-4C3E-8779-BED06EC056E1"' in shown


def test_mi(wbemcli: "Run", changing_server: "Server") -> None:  # OP-MI-4: it sends all properties back
    assert fine(wbemcli(changing_server, "mi", MANAGER, 'PrimaryOwnerName="you and me",GatherStatisticalData=false')) == []
    (shown,) = fine(wbemcli(changing_server, "gi", MANAGER, "PrimaryOwnerName,GatherStatisticalData"))
    assert shown.endswith(' PrimaryOwnerName="you and me",GatherStatisticalData=FALSE')
    refused = wbemcli(changing_server, "mi", MANAGER, "Started=false")
    assert refused.status == REFUSED
    assert "CIM_ERR_INVALID_PARAMETER: property MSFTSM_ObjectManager.Started is read-only" in refused.err + refused.out


def test_ci_and_di(wbemcli: "Run", changing_server: "Server") -> None:  # OP-CI-6
    assert fine(wbemcli(changing_server, "ci", NEW, f"{NEW_KEYS},ClassInfo=11")) == [f"127.0.0.1:{changing_server.port}/{NEW}"]
    (shown,) = fine(wbemcli(changing_server, "gi", NEW, "Name,ClassInfo"))
    assert shown.endswith(' Name="root/new",ClassInfo=11')
    assert fine(wbemcli(changing_server, "di", NEW)) == []
    missing = wbemcli(changing_server, "gi", NEW)
    assert missing.status == REFUSED
    assert "(6) CIM_ERR_NOT_FOUND" in missing.err + missing.out


def test_gp_and_sp(wbemcli: "Run", changing_server: "Server") -> None:  # OP-GP, OP-SP
    assert fine(wbemcli(changing_server, "gp", SESSION, "ElementName")) == ["VM Session Service"]
    assert fine(wbemcli(changing_server, "gp", SESSION, "OperationalStatus")) == ["2"]
    assert fine(wbemcli(changing_server, "sp", MANAGER, 'PrimaryOwnerContact="here"')) == []
    assert fine(wbemcli(changing_server, "gp", MANAGER, "PrimaryOwnerContact")) == ["here"]


# Classes


def test_gc_and_gcd(wbemcli: "Run", server: "Server") -> None:
    (shown,) = fine(wbemcli(server, "gc", f"{HYPERV}:CIM_Service", "Started,StartMode"))
    assert shown == f"127.0.0.1:{server.port}/{HYPERV}:CIM_Service StartMode=,Started="
    (definition,) = fine(wbemcli(server, "gcd", f"{HYPERV}:Msvm_GuestFileService"))
    assert '<METHOD NAME="CopyFilesToGuest" TYPE="uint32">' in definition


def test_ec_and_ecn(wbemcli: "Run", server: "Server") -> None:
    prefix = f"127.0.0.1:{server.port}/{HYPERV}:"
    below = [prefix + "Msvm_GuestFileService", prefix + "Msvm_GuestCommunicationService"]
    assert fine(wbemcli(server, "ecn", f"{HYPERV}:Msvm_GuestService")) == below
    shown = fine(wbemcli(server, "ec", f"{HYPERV}:Msvm_GuestService"))
    assert [line.split(" ")[0] for line in shown] == below
    assert all(line.endswith(",Started=") for line in shown)
    for namespace in (HYPERV, ISCSI, "root/interop"):
        assert len(fine(wbemcli(server, "ec", namespace))) == len(fine(wbemcli(server, "ecn", namespace))) > 20


# Associations


def test_ai_and_ain(wbemcli: "Run", server: "Server") -> None:
    options = ("-ac", "Msvm_RegisteredGuestService", "-arc", "CIM_Service", "-ar", "Antecedent", "-arr", "Dependent")
    names = fine(wbemcli(server, "ain", INTERFACE, options=options))
    assert [line.split(":")[1].split(".")[0] for line in names] == ["Msvm_GuestFileService", "Msvm_GuestCommunicationService"]
    shown = fine(wbemcli(server, "ai", INTERFACE, "Started", options=options))
    assert shown == [f"{name} Started=TRUE" for name in names]
    assert len(fine(wbemcli(server, "ai", INTERFACE))) == len(fine(wbemcli(server, "ain", INTERFACE))) == 4


def test_ri_and_rin(wbemcli: "Run", server: "Server") -> None:
    (name,) = fine(wbemcli(server, "rin", SESSION))
    assert name.startswith(f"localhost/{HYPERV}:Msvm_RegisteredGuestService.Antecedent=")
    (shown,) = fine(wbemcli(server, "ri", SESSION, options=("-arc", "CIM_Dependency", "-ar", "Dependent")))
    assert shown.startswith(f"{name} ")
    assert "Antecedent=" in shown.removeprefix(name)
    assert len(fine(wbemcli(server, "ri", INTERFACE))) == 5


# Methods


def test_cm(wbemcli: "Run", changing_server: "Server") -> None:
    for path in (SESSION, MANAGER):
        for method, started in (("StopService", "FALSE"), ("StartService", "TRUE")):
            shown = fine(wbemcli(changing_server, "cm", path, method))
            assert shown == [f"127.0.0.1:{changing_server.port}/{path} {method}: 0"]
            assert fine(wbemcli(changing_server, "gp", path, "Started")) == [started]


def test_cm_with_a_parameter_and_an_output(wbemcli: "Run", changing_server: "Server") -> None:  # X8, CW3
    (shown,) = fine(wbemcli(changing_server, "cm", MANAGER, "RequestStateChange.RequestedState=11"))
    assert " RequestStateChange: 4096, Job (reference): " in shown
    job = shown.rsplit(" ", 1)[1]
    (state,) = fine(wbemcli(changing_server, "gi", job, "JobState"))
    assert state.endswith(" JobState=7")


def test_cm_with_an_output_that_is_null(wbemcli: "Run", changing_server: "Server") -> None:  # X12
    (shown,) = fine(wbemcli(changing_server, "cm", MANAGER, "RequestStateChange.RequestedState=2"))
    assert shown.endswith(" RequestStateChange: 0")


def test_errors(wbemcli: "Run", server: "Server") -> None:  # E5
    for operation, target, text in (
        (
            "ei",
            f"{HYPERV}:Msvm_GuestServce",
            "(5) CIM_ERR_INVALID_CLASS: no class Msvm_GuestServce in root/virtualization/v2; did",
        ),
        ("gc", f"{HYPERV}:Msvm_GuestServce", "(6) CIM_ERR_NOT_FOUND: no class Msvm_GuestServce in root/virtualization/v2; did"),
        ("ecn", "root/virtualisation/v2", "(3) CIM_ERR_INVALID_NAMESPACE: "),
        ("gi", f'{HYPERV}:Msvm_ComputerSystem.Name="x"', "(4) CIM_ERR_INVALID_PARAMETER: "),
    ):
        refused = wbemcli(server, operation, target)
        assert refused.status == REFUSED
        assert text in refused.err + refused.out
    unknown = wbemcli(server, "cm", SESSION, "StopServce")
    assert (
        "(17) CIM_ERR_METHOD_NOT_FOUND: class Msvm_GuestCommunicationService has no method StopServce"
        in unknown.err + unknown.out
    )
