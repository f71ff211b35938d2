"""How many virtual machines there are: fewer than the shipped three, or generated ones after them.

Name, state and times of a generated machine follow from its number, its GUID from that and the seed: with the same seed they
are the same on every start. They do not depend on how many come after it.
"""

from collections.abc import Mapping
from typing import Any, Final

from cimsim.providers import DISABLED, ENABLED, Instance, SettingError, Transaction, replace_texts

from .definition import add_session_service, create_machine, destroy_machine, machines
from .devices import create_devices, is_up
from .equipment import SETUP_DISK, equip
from .guests import HEARTBEAT, Guests, set_status
from .machines import note_saved_state, turn_on
from .pools import add_host_disk, complete_pools
from .resources import MEMORY, PROCESSOR, create_fixed_resources
from .system_values import default_values, system_values
from .terms import DORMANT, PAUSED, SAVED
from .topology import components, machine_settings

SHIPPED: Final = 3
ROLES: Final = ("web", "db", "app", "mail", "file")
"""Names of generated machines begin with these, in turn: web02, db02, app01, mail01, file01, web03..."""
UNCONNECTED: Final = frozenset({"old01"})
"""The shipped machines whose network adapter is not connected."""
WITH_MEDIUM: Final = frozenset({"web01"})
"""The shipped machines with a disk in the DVD drive."""
TAKEN: Final = frozenset({"web", "db"})
"""The roles whose number 01 is a shipped machine."""
SHARES: Final[Mapping[str, int]] = {"vms_running": ENABLED, "vms_paused": PAUSED, "vms_saved": SAVED}
"""The state of machines that each setting is a percentage of."""

_STRIDE: Final = 37
"""Has no divisor in common with 100, so that every hundred machines has each percentage once, well mixed."""
_FIRST_CREATION: Final = 1_736_508_600.0  # 2025-01-10 11:30 UTC, after the shipped machines
_MINUTE: Final = 60.0


def populate_machines(transaction: Transaction, settings: Mapping[str, Any]) -> None:
    """Make as many virtual machines as the settings want.

    Raises:
        SettingError: all percentages together exceed 100.
    """
    if settings["unique_ids"]:
        _renew_identifiers(transaction)
    shares = {state: settings[name] for name, state in SHARES.items()}
    if sum(shares.values()) > 100:
        first = max(SHARES, key=lambda name: settings[name])
        raise SettingError(first, f"{', '.join(SHARES)} together are {sum(shares.values())} percent: write at most 100")
    wanted = settings["vms"]
    _set_defaults(transaction, settings["processors"], settings["memory"])
    _add_default_machine(transaction)
    complete_pools(transaction)
    add_host_disk(transaction)
    for machine in machines(transaction)[wanted:] if wanted < SHIPPED else ():
        destroy_machine(transaction, machine)
    for machine in machines(transaction):
        _complete(transaction, machine)
    guests = Guests.of(settings)
    for number in range(SHIPPED, wanted):
        with transaction.at(_FIRST_CREATION + number * _MINUTE):
            _generate(transaction, number, _state(number, shares), guests)


def _renew_identifiers(transaction: Transaction) -> None:
    """Give the machines of the MOF files, and the switches, GUIDs that come from the seed."""
    named = [*machines(transaction), *transaction.instances("Msvm_VirtualEthernetSwitch")]
    replace_texts(transaction, {each["Name"]: transaction.guid() for each in named})


def _set_defaults(transaction: Transaction, processors: int, memory: int) -> None:
    """Let machines have so many processors and so much memory by default."""
    for each in transaction.instances(PROCESSOR.classname):
        transaction.modify(each, VirtualQuantity=processors)
    for each in transaction.instances(MEMORY.classname):
        transaction.modify(each, VirtualQuantity=memory, Reservation=memory)


def _add_default_machine(transaction: Transaction) -> None:
    """Create the settings that clients copy for new machines, and link them to what the management service can do."""
    (capabilities,) = transaction.instances("Msvm_VirtualSystemManagementCapabilities")
    settings = transaction.create("Msvm_VirtualSystemSettingData", default_values())
    link = {"GroupComponent": capabilities.path, "PartComponent": settings.path}
    transaction.create("Msvm_SettingsDefineCapabilities", {**link, "ValueRole": 0, "ValueRange": 0, "SupportStatement": 0})


def _complete(transaction: Transaction, machine: Instance) -> None:
    """Give a machine of the MOF files the settings and devices that every machine of its state has."""
    system = machine_settings(transaction, machine)
    if system is None:
        return
    values = system_values(machine["Name"], machine["InstallDate"], 2)
    system = transaction.modify(system, **{name: value for name, value in values.items() if system[name] is None})
    create_fixed_resources(transaction, system, 2)
    equip(
        transaction,
        system,
        connected=machine["ElementName"] not in UNCONNECTED,
        medium=SETUP_DISK if machine["ElementName"] in WITH_MEDIUM else None,
    )
    if is_up(machine):
        create_devices(transaction, machine)


def name_of(number: int) -> str:
    """Return the name of a generated machine; the shipped ones have the numbers 0 to 2."""
    rank, place = divmod(number - SHIPPED, len(ROLES))
    role = ROLES[place]
    return f"{role}{rank + (2 if role in TAKEN else 1):02d}"


def _state(number: int, shares: Mapping[int, int]) -> int:
    place = number * _STRIDE % 100
    for state, share in shares.items():
        if place < share:
            return state
        place -= share
    return DISABLED


def _generate(transaction: Transaction, number: int, state: int, guests: Guests) -> None:
    """Create a machine in a state; as with the shipped ones, every other one has its guest service interface enabled."""
    interface = ENABLED if state != DISABLED and number % 2 else DISABLED
    values = {"ElementName": name_of(number)}
    machine = create_machine(transaction, transaction.guid(), values, 2, interface=interface)
    system = machine_settings(transaction, machine)
    if system is not None:
        equip(transaction, system)
    if state != DISABLED:
        add_session_service(transaction, machine)
    if state in (ENABLED, PAUSED):
        machine = turn_on(transaction, machine, guests)
    if state in (PAUSED, SAVED):
        note_saved_state(transaction, transaction.modify(machine, EnabledState=state))
    if state == PAUSED:
        for component in components(transaction, machine):
            if component.cls.name == HEARTBEAT:
                set_status(transaction, component, DORMANT)
