"""What the tests of the simulated Hyper-V host share: its names, and how a client asks, waits and compares."""

from typing import Any, Final

from pywbem import CIMInstance, CIMInstanceName, Uint16, WBEMConnection

WEB01: Final = "3F2C6A10-8B41-4E0D-9C57-1A6E0B7D2F01"
DB01: Final = "7D94B2E3-05C6-4F7A-A1D8-2B7F1C8E3A02"
OLD01: Final = "C0A8E4F5-6D17-4B8C-B2E9-3C801D9F4B03"
GSI: Final = "6C09BB55-D683-4DA0-8931-C9BF705F6480"
SESSION: Final = "999E53D4-3D5C-4C3E-8779-BED06EC056E1"
FILES: Final = "34D14BE3-DEE4-41C8-9AE7-6B174977C192"
DEVICES: Final = {
    "Msvm_GuestServiceInterfaceComponent": GSI,
    "Msvm_HeartbeatComponent": "84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47",
    "Msvm_KvpExchangeComponent": "2A34B1C2-FD73-4043-8A5B-DD2159BC743F",
    "Msvm_ShutdownComponent": "9F8233AC-BE49-4C79-8EE3-E7E1985B2077",
    "Msvm_TimeSyncComponent": "2497F4DE-E9FA-4204-80E4-4B75C46419C0",
    "Msvm_VssComponent": "5CED1297-4598-4915-A5FC-AD21BB4D02A4",
}


def machine(name: str) -> CIMInstanceName:
    return CIMInstanceName("Msvm_ComputerSystem", {"CreationClassName": "Msvm_ComputerSystem", "Name": name})


def element(classname: str, guid: str, **key: str) -> CIMInstanceName:
    keys = {"SystemCreationClassName": "Msvm_ComputerSystem", "SystemName": guid, "CreationClassName": classname}
    return CIMInstanceName(classname, keys | key)


def component(guid: str, classname: str = "Msvm_GuestServiceInterfaceComponent") -> CIMInstanceName:
    return element(classname, guid, DeviceID=f"Microsoft:{DEVICES[classname]}")


def file_service(guid: str) -> CIMInstanceName:
    return element("Msvm_GuestFileService", guid, Name=FILES)


def socket_service(guid: str, name: str = SESSION) -> CIMInstanceName:
    return element("Msvm_GuestCommunicationService", guid, Name=name)


def interface_settings(guid: str) -> CIMInstanceName:
    classname = "Msvm_GuestServiceInterfaceComponentSettingData"
    return CIMInstanceName(classname, {"InstanceID": f"Microsoft:{guid}\\{GSI}"})


def socket_settings(guid: str, name: str = SESSION) -> CIMInstanceName:
    classname = "Msvm_GuestCommunicationServiceSettingData"
    return CIMInstanceName(classname, {"InstanceID": f"Microsoft:{guid}\\{GSI}\\{name}"})


def system_settings(guid: str) -> CIMInstanceName:
    return CIMInstanceName("Msvm_VirtualSystemSettingData", {"InstanceID": f"Microsoft:{guid}"})


VMMS: Final = element("Msvm_VirtualSystemManagementService", "HVHOST01", Name="vmms")


class Client:
    """A client of the Hyper-V namespace."""

    def __init__(self, conn: WBEMConnection) -> None:
        self.conn = conn

    def call(self, target: CIMInstanceName, method: str, **parameters: Any) -> tuple[int, Any]:
        """Return the return value and the job: there is one if, and only if, the value is 4096."""
        result, outputs = self.conn.InvokeMethod(method, target, **parameters)
        job = outputs.get("Job")
        assert (job is not None) == (result == 4096)
        return int(result), job

    def request(self, target: CIMInstanceName, state: int) -> tuple[int, Any]:
        return self.call(target, "RequestStateChange", RequestedState=Uint16(state))

    def ask(self, target: CIMInstanceName, state: int) -> CIMInstance:
        """Request a state, which must start a job, and return the job."""
        result, job = self.request(target, state)
        assert result == 4096
        return self.get(job)

    def get(self, path: CIMInstanceName) -> CIMInstance:
        return self.conn.GetInstance(path)

    def read(self, path: CIMInstanceName, *names: str) -> list[Any]:
        found = self.conn.GetInstance(path, PropertyList=list(names))
        return [found[name] for name in names]

    def exists(self, path: CIMInstanceName) -> bool:
        return any(
            dict(each.keybindings) == dict(path.keybindings) for each in self.conn.EnumerateInstanceNames(path.classname)
        )

    def components(self, guid: str) -> list[str]:
        """Return the classes of the integration components of a machine."""
        return [each for each in self.devices(guid) if each in DEVICES]

    def devices(self, guid: str) -> list[str]:
        """Return the classes of the components and of all other devices of a machine."""
        return [each.classname for each in self.conn.AssociatorNames(machine(guid), AssocClass="Msvm_SystemDevice")]

    def services(self, guid: str) -> dict[str, bool]:
        """Return which guest services a machine has, and whether they are started."""
        found = self.conn.EnumerateInstances("Msvm_GuestService", DeepInheritance=True)
        return {each.classname: each["Started"] for each in found if each["SystemName"] == guid}
