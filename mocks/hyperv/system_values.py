"""What the settings of every virtual machine say of it: directories, identifiers of the firmware, policies.

Identifiers follow from the GUID of the machine, so that a machine has the same ones on every start.
"""

from typing import Any, Final
from uuid import NAMESPACE_OID, UUID, uuid5

from cimsim.providers import DateTime

from .boot import ORDER

VERSION: Final = "10.0"
"""The configuration version that a host of Windows Server 2022 gives to new machines."""
DIRECTORY: Final = r"C:\ProgramData\Microsoft\Windows\Hyper-V"
DISKS: Final = r"C:\ProgramData\Microsoft\Windows\Virtual Hard Disks"
SECURE_BOOT_TEMPLATE: Final = "1734C6E8-3154-4DDA-BA5F-A874CC483422"
NO_DELAY: Final = DateTime("00000000000000.000000:000")
HALF_AN_HOUR: Final = DateTime("00000000003000.000000:000")

IDENTIFYING: Final = frozenset(
    {
        "biosguid",
        "biosserialnumber",
        "baseboardserialnumber",
        "chassisserialnumber",
        "chassisassettag",
        "configurationfile",
        "suspenddataroot",
        "gueststatefile",
        "bootorder",
        "bootsourceorder",
        "issaved",
        "securebootenabled",
        "secureboottemplateid",
    }
)
"""Properties, folded, that a machine does not take over from another one: they are its own, or those of its generation."""

_POLICIES: Final[dict[str, Any]] = {
    "Description": "Active settings for the virtual machine.",
    "ConfigurationDataRoot": DIRECTORY,
    "SnapshotDataRoot": DIRECTORY,
    "SwapFileDataRoot": DIRECTORY,
    "GuestStateDataRoot": DIRECTORY,
    "Notes": [""],
    "AutomaticStartupAction": 3,
    "AutomaticStartupActionDelay": NO_DELAY,
    "AutomaticShutdownAction": 3,
    "AutomaticRecoveryAction": 3,
    "AutomaticCriticalErrorAction": 1,
    "AutomaticCriticalErrorActionTimeout": HALF_AN_HOUR,
    "AutomaticSnapshotsEnabled": False,
    "IsAutomaticSnapshot": False,
    "UserSnapshotType": 3,
    "VirtualNumaEnabled": True,
    "AllowFullSCSICommandSet": False,
    "AllowReducedFcRedundancy": False,
    "IncrementalBackupEnabled": False,
    "PauseAfterBootFailure": False,
    "BIOSNumLock": False,
    "IsSaved": False,
    "NetworkBootPreferredProtocol": 4096,
    "LowMmioGapSize": 128,
    "HighMmioGapSize": 512,
    "HighMmioGapBase": 0,
    "ConsoleMode": 0,
    "EnhancedSessionTransportType": 0,
    "LockOnDisconnect": False,
    "GuestControlledCacheTypes": False,
    "TurnOffOnGuestRestart": False,
    "EnableHibernation": False,
    "Architecture": "x64",
    "Version": VERSION,
}


def default_values() -> dict[str, Any]:
    """Return the values of the settings that clients copy for new machines; they are of no machine."""
    return {
        **_POLICIES,
        "InstanceID": r"Microsoft:Definition\VirtualSystem\Default",
        "ElementName": "New Virtual Machine",
        "Description": "Default settings of virtual machines.",
        "VirtualSystemType": "Microsoft:Hyper-V:System:Definition",
        "VirtualSystemSubType": "Microsoft:Hyper-V:SubType:1",
        "BootOrder": list(ORDER),
        "SecureBootEnabled": False,
    }


def derived(guid: str, what: str) -> str:
    """Return a GUID, in capitals, that follows from that of a machine."""
    return str(_derived(guid, what)).upper()


def system_values(guid: str, created: DateTime | None, generation: int) -> dict[str, Any]:
    """Return the values of Msvm_VirtualSystemSettingData that a machine has if nobody gives others.

    Args:
        guid: Name of the machine.
        created: when it was created.
        generation: 1 or 2.
    """
    serial = _serial_number(guid)
    second = generation == 2
    return {
        **_POLICIES,
        "CreationTime": created,
        "ConfigurationFile": rf"Virtual Machines\{guid}.vmcx",
        "SuspendDataRoot": rf"Virtual Machines\{guid}",
        "GuestStateFile": rf"Virtual Machines\{guid}.vmgs",
        "BIOSGUID": f"{{{derived(guid, 'firmware')}}}",
        "BIOSSerialNumber": serial,
        "BaseBoardSerialNumber": serial,
        "ChassisSerialNumber": serial,
        "ChassisAssetTag": serial,
        "SecureBootEnabled": second,
        "SecureBootTemplateId": SECURE_BOOT_TEMPLATE if second else None,
        "BootOrder": None if second else list(ORDER),
        "BootSourceOrder": [] if second else None,
    }


def _derived(guid: str, what: str) -> UUID:
    return uuid5(NAMESPACE_OID, f"cimsim {guid.upper()} {what}")


def _serial_number(guid: str) -> str:
    """Return 26 digits, four by four."""
    digits = f"{_derived(guid, 'serial number').int % 10**26:026d}"
    return "-".join(digits[at : at + 4] for at in range(0, 26, 4))
