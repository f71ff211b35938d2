"""The services, drivers and processes of HVHOST01 (README.md says where the values come from)."""

from typing import Final

import msgspec

HOST: Final = "HVHOST01"
NAMESPACE: Final = "root/cimv2"
SVCHOST: Final = r"C:\Windows\System32\svchost.exe -k "
LSASS: Final = r"C:\Windows\system32\lsass.exe"
NEVER_STARTED: Final = 1077
ACCOUNTS: Final = {"LS": "LocalSystem", "LV": r"NT AUTHORITY\LocalService", "NS": r"NT AUTHORITY\NetworkService"}
STOP: Final = "Stop"
PAUSE: Final = "Pause"
OWN: Final = "Own Process"
SHARE: Final = "Share Process"
_CONTROLS: Final = {"": (), "s": (STOP,), "sp": (STOP, PAUSE)}


class Service(msgspec.Struct, frozen=True):
    """A service as it is installed.

    Attributes:
        name, display_name: by which it is known.
        mode: StartMode: Auto, Manual or Disabled.
        process: of a running service, the number of its process; 0: it is stopped.
        controls: those that it accepts while it runs: ``STOP``, ``PAUSE``.
        kind: ServiceType.
        account: StartName.
        path: PathName.
        needs: names of the services and drivers that must run first.
        exit_code: of a stopped one; 1077: never started since the host did.
        delayed: DelayedAutoStart.
        error_control: ErrorControl.
        interactive: DesktopInteract.
    """

    name: str
    display_name: str
    mode: str
    process: int
    controls: tuple[str, ...]
    kind: str
    account: str
    path: str
    needs: tuple[str, ...] = ()
    exit_code: int = NEVER_STARTED
    delayed: bool = False
    error_control: str = "Normal"
    interactive: bool = False


def _shared(
    name: str,
    display: str,
    mode: str,
    process: int,
    controls: str,
    account: str,
    group: str,
    *needs: str,
    exit_code: int = 1077,
) -> Service:
    """Return a service that shares a process of svchost.exe; ``controls`` are ``s`` for stop, ``sp`` for stop and pause."""
    return Service(
        name, display, mode, process, _CONTROLS[controls], SHARE, ACCOUNTS[account], f"{SVCHOST}{group}", needs, exit_code
    )


def _integration(name: str, what: str, group: str, account: str = "LS") -> Service:
    return _shared(f"vmic{name}", f"Hyper-V {what}", "Manual", 0, "s", account, f"{group} -p")


SERVICES: Final = (
    _shared("DcomLaunch", "DCOM Server Process Launcher", "Auto", 900, "", "LS", "DcomLaunch -p"),
    _shared("RpcEptMapper", "RPC Endpoint Mapper", "Auto", 1016, "", "NS", "RPCSS -p"),
    _shared("RpcSs", "Remote Procedure Call (RPC)", "Auto", 1016, "", "NS", "rpcss -p", "RpcEptMapper", "DcomLaunch"),
    Service("SamSs", "Security Accounts Manager", "Auto", 780, (), SHARE, "LocalSystem", LSASS, ("RpcSs",)),
    Service("KeyIso", "CNG Key Isolation", "Manual", 780, (STOP,), SHARE, "LocalSystem", LSASS, ("RpcSs",)),
    Service("Netlogon", "Netlogon", "Manual", 0, (STOP,), SHARE, "LocalSystem", LSASS, ("LanmanWorkstation",)),
    _shared("EventLog", "Windows Event Log", "Auto", 1284, "s", "LV", "LocalServiceNetworkRestricted -p"),
    _shared("EventSystem", "COM+ Event System", "Auto", 1404, "s", "LV", "LocalService -p", "RpcSs"),
    _shared("SENS", "System Event Notification Service", "Auto", 1512, "s", "LS", "netsvcs -p", "EventSystem"),
    _shared("nsi", "Network Store Interface Service", "Auto", 1396, "s", "LV", "LocalService -p", "RpcSs"),
    _shared("Dhcp", "DHCP Client", "Auto", 1448, "s", "LV", "LocalServiceNetworkRestricted -p", "nsi"),
    _shared("Dnscache", "DNS Client", "Auto", 1600, "", "NS", "NetworkService -p", "nsi"),
    _shared("CryptSvc", "Cryptographic Services", "Auto", 1764, "s", "NS", "NetworkService -p", "RpcSs"),
    _shared("BFE", "Base Filtering Engine", "Auto", 1820, "s", "LV", "LocalServiceNoNetworkFirewall -p", "RpcSs"),
    _shared("MpsSvc", "Windows Defender Firewall", "Auto", 1820, "", "LV", "LocalServiceNoNetworkFirewall -p", "BFE"),
    _shared("LanmanWorkstation", "Workstation", "Auto", 1904, "sp", "NS", "NetworkService -p", "nsi"),
    _shared("LanmanServer", "Server", "Auto", 2276, "s", "LS", "netsvcs -p", "SamSs"),
    _shared("Schedule", "Task Scheduler", "Auto", 1556, "s", "LS", "netsvcs -p", "RpcSs"),
    Service(
        "Winmgmt",
        "Windows Management Instrumentation",
        "Auto",
        2348,
        (STOP, PAUSE),
        SHARE,
        "localSystem",
        f"{SVCHOST}netsvcs -p",
        ("RpcSs",),
        error_control="Ignore",
    ),
    _shared(
        "WinRM", "Windows Remote Management (WS-Management)", "Auto", 2512, "s", "NS", "NetworkService -p", "RpcSs", "HTTP"
    ),
    _shared("W32Time", "Windows Time", "Manual", 0, "s", "LV", "LocalService"),
    Service(
        "Spooler",
        "Print Spooler",
        "Auto",
        2204,
        (STOP,),
        OWN,
        "LocalSystem",
        r"C:\Windows\System32\spoolsv.exe",
        ("RpcSs", "HTTP"),
        interactive=True,
    ),
    _shared("TermService", "Remote Desktop Services", "Manual", 1212, "s", "NS", "termsvcs", "RpcSs"),
    _shared("BITS", "Background Intelligent Transfer Service", "Manual", 0, "s", "LS", "netsvcs -p", "RpcSs"),
    _shared("wuauserv", "Windows Update", "Manual", 0, "s", "LS", "netsvcs -p", "RpcSs", exit_code=0),
    Service(
        "VSS", "Volume Shadow Copy", "Manual", 0, (STOP,), OWN, "LocalSystem", r"C:\Windows\system32\vssvc.exe", ("RpcSs",)
    ),
    Service(
        "sppsvc",
        "Software Protection",
        "Auto",
        0,
        (STOP,),
        OWN,
        ACCOUNTS["NS"],
        r"C:\Windows\system32\sppsvc.exe",
        ("RpcSs",),
        exit_code=0,
        delayed=True,
    ),
    _shared("RemoteAccess", "Routing and Remote Access", "Disabled", 0, "s", "LS", "netsvcs", "RpcSs"),
    Service(
        "vmms",
        "Hyper-V Virtual Machine Management",
        "Auto",
        2860,
        (STOP,),
        OWN,
        "LocalSystem",
        r"C:\Windows\system32\vmms.exe",
        ("RpcSs", "Winmgmt"),
    ),
    Service(
        "vmcompute",
        "Hyper-V Host Compute Service",
        "Manual",
        3052,
        (STOP,),
        OWN,
        "LocalSystem",
        r"C:\Windows\system32\vmcompute.exe",
        ("RpcSs",),
    ),
    _shared("nvagent", "Network Virtualization Service", "Manual", 2432, "s", "LS", "NetSvcs -p", "RpcSs"),
    _shared("hns", "Host Network Service", "Manual", 2432, "s", "LS", "NetSvcs -p", "RpcSs"),
    _shared("HvHost", "HV Host Service", "Manual", 2380, "s", "LS", "LocalSystemNetworkRestricted -p"),
    _integration("heartbeat", "Heartbeat Service", "ICService"),
    _integration("shutdown", "Guest Shutdown Service", "LocalSystemNetworkRestricted"),
    _integration("kvpexchange", "Data Exchange Service", "LocalSystemNetworkRestricted"),
    _integration("timesync", "Time Synchronization Service", "LocalServiceNetworkRestricted", "LV"),
    _integration("vss", "Volume Shadow Copy Requestor", "LocalSystemNetworkRestricted"),
    _integration("guestinterface", "Guest Service Interface", "LocalSystemNetworkRestricted"),
    _shared("MSiSCSI", "Microsoft iSCSI Initiator Service", "Manual", 0, "s", "LS", "netsvcs -p"),
)

ISCSI_TARGET: Final = Service(
    "WinTarget",
    "Microsoft iSCSI Software Target",
    "Auto",
    3188,
    (STOP,),
    OWN,
    "LocalSystem",
    r"C:\Windows\System32\WinTarget.exe",
    ("RpcSs",),
)
"""Installed if the setting ``iscsi_target`` is true."""


class Driver(msgspec.Struct, frozen=True):
    """A driver that services need: it runs, and is neither started nor stopped here."""

    name: str
    display_name: str
    path: str


DRIVERS: Final = (
    Driver("HTTP", "HTTP Service", r"C:\Windows\system32\drivers\HTTP.sys"),
    Driver("AFD", "Ancillary Function Driver for Winsock", r"C:\Windows\system32\drivers\afd.sys"),
    Driver("Tcpip", "TCP/IP Protocol Driver", r"C:\Windows\system32\drivers\tcpip.sys"),
)


class Process(msgspec.Struct, frozen=True):
    """A process that does not belong to a service."""

    number: int
    name: str
    parent: int
    command: str | None


PROCESSES: Final = (
    Process(0, "System Idle Process", 0, None),
    Process(4, "System", 0, None),
    Process(364, "smss.exe", 4, r"\SystemRoot\System32\smss.exe"),
    Process(528, "csrss.exe", 512, r"%SystemRoot%\system32\csrss.exe"),
    Process(604, "wininit.exe", 512, "wininit.exe"),
    Process(744, "services.exe", 604, r"C:\Windows\system32\services.exe"),
)
SERVICES_PROCESS: Final = 744


def generated(number: int) -> Service:
    """Return one of the services that the setting ``services`` adds; every fourth is stopped, every third may pause."""
    running = number % 4 != 0
    return Service(
        f"Service{number:04d}",
        f"Simulated Service {number:04d}",
        "Auto" if running else "Manual",
        10_000 + 4 * number if running else 0,
        (STOP, PAUSE) if number % 3 == 0 else (STOP,),
        OWN,
        "LocalSystem",
        rf"C:\Services\service{number:04d}.exe",
        ("RpcSs",),
    )
