"""Changes of virtual machines and their resources, for Msvm_VirtualSystemManagementService.

Each change either does all of its work and returns the output parameters of the method, or raises ``Refused``.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pywbem import CIMInstance

from cimsim.providers import DISABLED, Instance, InstancePath, JobFailure, Transaction, fold

from . import host_jobs
from .boot import is_order
from .definition import REALIZED, create_machine, destroy_machine
from .machines import is_changing
from .resource_changes import (
    INVALID_PARAMETER,
    Refused,
    add_resources,
    changes,
    modify_resource,
    note_change,
    remove_resources,
)
from .resources import CLASSES, GENERATIONS, Layout
from .system_values import IDENTIFYING
from .terms import SAVED
from .topology import configuration, machine_of_settings, machines_of_settings

SYSTEM_SETTINGS: Final = "Msvm_VirtualSystemSettingData"

_ORDERS: Final = frozenset({"BootOrder", "BootSourceOrder"})
_OWN: Final = frozenset(
    {
        "instanceid",
        "virtualsystemidentifier",
        "virtualsystemtype",
        "virtualsystemsubtype",
        "configurationid",
        "creationtime",
        "version",
        "parent",
    }
)
"""Properties of the settings of a virtual machine that the host gives."""
RESOURCE_CLASSES: Final = frozenset(map(fold, CLASSES))
"""Classes of the settings of resources, folded."""
_CONFIGURED_ONCE: Final = ("Msvm_ProcessorSettingData", "Msvm_MemorySettingData")

Change = Callable[..., dict[str, Any]]
"""Makes a change or raises ``Refused``; returns the output parameters."""


def define(
    transaction: Transaction, given: CIMInstance, resources: tuple[CIMInstance, ...], path: InstancePath | None, generation: int
) -> dict[str, Any]:
    """Define a virtual machine that is off.

    Args:
        transaction: where.
        given: Msvm_VirtualSystemSettingData with the settings that the client chooses.
        resources: settings of processors and memory, and of resources to add.
        path: a configuration whose settings, processors and memory count where nothing is given.
        generation: 1 or 2, where neither of them says it.
    """
    reference = configuration(transaction, path)
    if path is not None and (reference is None or reference.cls.name != SYSTEM_SETTINGS):
        raise Refused(INVALID_PARAMETER, f"there is no configuration {path}")
    if given.get("VirtualSystemType") not in (None, REALIZED):
        raise Refused(INVALID_PARAMETER, "only realized virtual machines can be defined")
    generation = _generation(given.get("VirtualSystemSubType"), reference, generation)
    values = {} if reference is None else _values_of(reference)
    values |= {name: prop.value for name, prop in given.properties.items() if _is_free(name, prop.value)}
    machine = create_machine(transaction, transaction.guid(), values, generation)
    settings = {each.cls.name: each for each in Layout(transaction, machine)}
    if reference is not None:
        _configure_alike(transaction, settings, reference)
    for each in resources:
        if each.classname in _CONFIGURED_ONCE:
            own = each.copy()
            own["InstanceID"] = settings[each.classname]["InstanceID"]
            own.properties.pop("PoolID", None)
            modify_resource(transaction, own)
    further = [each for each in resources if each.classname not in _CONFIGURED_ONCE]
    if further:
        add_resources(transaction, machine, further)
    return {"ResultingSystem": transaction.get(machine)}


def _generation(subtype: str | None, reference: Instance | None, default: int) -> int:
    wanted = subtype or (None if reference is None else reference["VirtualSystemSubType"])
    if wanted is None:
        return default
    for generation, name in GENERATIONS.items():
        if name == wanted:
            return generation
    raise Refused(INVALID_PARAMETER, f"there is no generation {wanted}")


def destroy(transaction: Transaction, path: InstancePath, running_answer: int) -> dict[str, Any]:
    """Destroy a virtual machine; ``running_answer`` is the return value for one that is neither off nor saved."""
    machine = transaction.get(path)
    if Layout(transaction, machine).system is None:
        raise Refused(INVALID_PARAMETER, f"{path} is not a virtual machine")
    if is_changing(machine) or machine["EnabledState"] not in (DISABLED, SAVED):
        raise Refused(running_answer, f"{path} is neither off nor saved")
    destroy_machine(transaction, machine)
    return {}


def finish(transaction: Transaction, change: Change, arguments: tuple[Any, ...], identifier: str) -> None:
    """Make a change for a job, and tie what it made to the job."""
    try:
        outputs = change(transaction, *arguments)
    except Refused as refused:
        raise JobFailure(refused.code, str(refused)) from None
    job = transaction.world.find(
        InstancePath(host_jobs.JOBS.classname, (("InstanceID", identifier),), transaction.namespace).identity
    )
    for output in outputs.values() if job is not None else ():
        for made in output if isinstance(output, list) else [output]:
            transaction.create("Msvm_AffectedJobElement", {"AffectedElement": made, "AffectingElement": job})


def modify_system(transaction: Transaction, given: CIMInstance) -> dict[str, Any]:
    """Change the settings of a virtual machine, and its name with them."""
    system = system_settings(transaction, given.get("InstanceID"))
    machine = None if system is None else machine_of_settings(transaction, system)
    if system is None or machine is None:
        raise Refused(INVALID_PARAMETER, f"there are no settings {given.get('InstanceID')}")
    values = {name: prop.value for name, prop in given.properties.items() if prop.value is not None}
    changed = changes(transaction, system, values, _OWN)
    for name in _ORDERS.intersection(changed):
        if not is_order(transaction, system, name, changed[name]):
            raise Refused(INVALID_PARAMETER, f"{name} names what {system.path} cannot boot from, or something twice")
    system = transaction.modify(system, **changed)
    machine = transaction.modify(machine, ElementName=system["ElementName"])
    note_change(transaction, machine)
    return {}


def add(transaction: Transaction, path: InstancePath, given: tuple[CIMInstance, ...]) -> dict[str, Any]:
    """Add resources to the virtual machine at a path."""
    return {"ResultingResourceSettings": add_resources(transaction, transaction.get(path), given)}


def remove(transaction: Transaction, paths: tuple[InstancePath, ...]) -> dict[str, Any]:
    """Remove the resources at these paths, and the resources that are attached to them."""
    resources = [transaction.get(path) for path in paths]
    for machine in machines_of_settings(transaction, resources):
        layout = Layout(transaction, machine)
        remove_resources(transaction, machine, [each for each in resources if layout.named(each["InstanceID"])])
    return {}


def modify_resources(transaction: Transaction, given: tuple[CIMInstance, ...]) -> dict[str, Any]:
    """Change the settings of resources."""
    return {"ResultingResourceSettings": [modify_resource(transaction, each) for each in given]}


# A new machine


def _is_free(name: str, value: Any) -> bool:
    return value is not None and fold(name) not in _OWN


def _values_of(reference: Instance) -> dict[str, Any]:
    properties = zip(reference.cls.properties, reference.values, strict=True)
    return {prop.name: value for prop, value in properties if _is_free(prop.name, value) and fold(prop.name) not in IDENTIFYING}


def _configure_alike(transaction: Transaction, settings: Mapping[str, Instance], reference: Instance) -> None:
    """Give a new machine the processors and the memory of another one."""
    other = machine_of_settings(transaction, reference)
    for each in Layout(transaction, other) if other is not None else ():
        if each.cls.name in _CONFIGURED_ONCE:
            properties = zip(each.cls.properties, each.values, strict=True)
            values = {prop.name: value for prop, value in properties if value is not None and not prop.key}
            transaction.modify(settings[each.cls.name], **values)


# Finding


def has_null(given: Sequence[CIMInstance | None]) -> bool:
    """Return whether any of the embedded instances is NULL."""
    # Not with ``in``: an instance of pywbem refuses to be compared with None.
    return any(each is None for each in given)


def system_settings(transaction: Transaction, identifier: str | None) -> Instance | None:
    """Return the settings of a virtual machine by their InstanceID, None if there are none."""
    if identifier is None:
        return None
    return transaction.world.find(InstancePath(SYSTEM_SETTINGS, (("InstanceID", identifier),), transaction.namespace).identity)
