"""Defining, changing and destroying virtual machines by the virtual system management service."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pywbem import CIMInstance

from cimsim.operations.methods import Invocation
from cimsim.providers.jobs import JobFailure
from cimsim.providers.service_life_cycle import COMPLETED, DISABLED
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.paths import InstancePath
from cimsim.world.transaction import Transaction

from . import work
from .boot import is_order
from .changes import (
    INVALID_PARAMETER,
    INVALID_STATE,
    Refused,
    add_resources,
    changes,
    modify_resource,
    note_change,
    remove_resources,
)
from .definition import REALIZED, create_machine, destroy_machine
from .machines import is_changing
from .resources import CLASSES, GENERATIONS, Layout, find_resource, kind_of
from .settings_service import SettingsService
from .system_values import IDENTIFYING
from .terms import SAVED
from .topology import configuration, found, machine_of_settings, machines_of_settings

INCOMPATIBLE: Final = 6
SYSTEM_SETTINGS: Final = "Msvm_VirtualSystemSettingData"

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
_ORDERS: Final = frozenset({"BootOrder", "BootSourceOrder"})
_RESOURCES: Final = frozenset(map(fold, CLASSES))
_CONFIGURED_ONCE: Final = ("Msvm_ProcessorSettingData", "Msvm_MemorySettingData")

Step = Callable[..., dict[str, Any]]
"""Makes a change or raises ``Refused``; returns the output parameters."""


class DefinitionService(SettingsService):
    """The methods of Msvm_VirtualSystemManagementService for virtual machines and their resources.

    Each method makes its change on trial first, and returns at once what speaks against it. Then the change is made, or a job
    will make it.
    """

    def DefineSystem(self, call: Invocation) -> Any:
        """Define a virtual machine that is off: from settings, resources, and what a reference configuration has besides."""
        given, path = call.arguments["SystemSettings"], call.arguments["ReferenceConfiguration"]
        resources = tuple(call.arguments["ResourceSettings"] or ())
        if given is None or _has_null(resources):
            return INVALID_PARAMETER
        return self._make_change(call, work.DEFINE, [], self._define, (given, resources, path))

    def DestroySystem(self, call: Invocation) -> Any:
        """Destroy a virtual machine that is off or saved, with all that belongs to it."""
        machine = found(call.transaction, call.arguments["AffectedSystem"])
        if machine is None:
            return INVALID_PARAMETER
        return self._make_change(call, work.DESTROY, [machine], self._destroy, (machine.path,))

    def ModifySystemSettings(self, call: Invocation) -> Any:
        """Change settings of a virtual machine, its name for one; what is NULL stays as it is."""
        given = call.arguments["SystemSettings"]
        system = None if given is None else _system_settings(call.transaction, given.get("InstanceID"))
        machine = None if system is None else machine_of_settings(call.transaction, system)
        if machine is None:
            return INVALID_PARAMETER
        return self._make_change(call, work.MODIFY, [machine], _modify_system, (given,))

    def AddResourceSettings(self, call: Invocation) -> Any:
        """Add resources to a virtual machine: controllers, drives, disks, network adapters, connections."""
        system = configuration(call.transaction, call.arguments["AffectedConfiguration"])
        machine = None if system is None else machine_of_settings(call.transaction, system)
        given = tuple(call.arguments["ResourceSettings"] or ())
        if system is None or system.cls.name != SYSTEM_SETTINGS or machine is None or not given or _has_null(given):
            return INVALID_PARAMETER
        return self._make_change(call, work.ADD_RESOURCES, [machine], _add, (machine.path, given))

    def RemoveResourceSettings(self, call: Invocation) -> Any:
        """Remove resources, and what hangs from them."""
        transaction = call.transaction
        named = [found(transaction, path) for path in call.arguments["ResourceSettings"] or ()]
        resources = [each for each in named if each is not None and kind_of(each) is not None]
        machines = machines_of_settings(transaction, resources)
        if not named or len(resources) < len(named) or not machines:
            return INVALID_PARAMETER
        return self._make_change(call, work.REMOVE_RESOURCES, machines, _remove, (tuple(each.path for each in resources),))

    def ModifyResourceSettings(self, call: Invocation) -> Any:
        """Change settings of resources, or of components; not of both in one call."""
        given: Sequence[CIMInstance | None] = call.arguments["ResourceSettings"] or ()
        resources = [each for each in given if each is not None and fold(each.classname) in _RESOURCES]
        if not resources:
            return super().ModifyResourceSettings(call)
        if len(resources) < len(given):
            return INCOMPATIBLE
        known = [find_resource(call.transaction, each.get("InstanceID")) for each in resources]
        for each, settings in zip(resources, known, strict=True):
            if settings is None:
                return self._unknown(call, each)
        machines = machines_of_settings(call.transaction, [each for each in known if each is not None])
        return self._make_change(call, work.MODIFY_RESOURCES, machines, _modify_resources, (tuple(resources),))

    # Steps

    def _make_change(
        self, call: Invocation, job_type: int, machines: Sequence[Instance], step: Step, arguments: tuple[Any, ...]
    ) -> Any:
        """Make a change at once, or have a job make it; return what the method returns."""
        transaction = call.transaction
        if step != self._destroy and any(is_changing(machine) for machine in machines):
            return INVALID_STATE
        trial = Transaction(transaction.world, transaction.namespace, transaction.now, transaction.counts)
        try:
            outputs = step(trial, *arguments)
        except Refused as refused:
            return refused.code
        timing = self.timing(transaction, call.instance, call.method.name, self.settings["settings_transition"])
        if timing.immediate:
            transaction.world = trial.world
            transaction.changes.extend(trial.changes)
            return COMPLETED, outputs
        identifier = transaction.guid()
        return self.begin_job(call, timing, job_type, machines, _finish, (step, arguments, identifier), identifier)

    def _define(
        self, transaction: Transaction, given: CIMInstance, resources: tuple[CIMInstance, ...], path: InstancePath | None
    ) -> dict[str, Any]:
        reference = configuration(transaction, path)
        if path is not None and (reference is None or reference.cls.name != SYSTEM_SETTINGS):
            raise Refused(INVALID_PARAMETER, f"there is no configuration {path}")
        if given.get("VirtualSystemType") not in (None, REALIZED):
            raise Refused(INVALID_PARAMETER, "only realized virtual machines can be defined")
        generation = self._generation(given.get("VirtualSystemSubType"), reference)
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

    def _generation(self, subtype: str | None, reference: Instance | None) -> int:
        wanted = subtype or (None if reference is None else reference["VirtualSystemSubType"])
        if wanted is None:
            return int(self.settings["new_machine_generation"])
        for generation, name in GENERATIONS.items():
            if name == wanted:
                return generation
        raise Refused(INVALID_PARAMETER, f"there is no generation {wanted}")

    def _destroy(self, transaction: Transaction, path: InstancePath) -> dict[str, Any]:
        machine = transaction.get(path)
        if Layout(transaction, machine).system is None:
            raise Refused(INVALID_PARAMETER, f"{path} is no virtual machine")
        if is_changing(machine) or machine["EnabledState"] not in (DISABLED, SAVED):
            raise Refused(self.settings["destroy_running_answer"], f"{path} is neither off nor saved")
        destroy_machine(transaction, machine)
        return {}


def _finish(transaction: Transaction, step: Step, arguments: tuple[Any, ...], identifier: str) -> None:
    """Make a change for a job, and tie what it made to the job."""
    try:
        outputs = step(transaction, *arguments)
    except Refused as refused:
        raise JobFailure(refused.code, str(refused)) from None
    job = transaction.world.find(
        InstancePath(work.JOBS.classname, (("InstanceID", identifier),), transaction.namespace).identity
    )
    for output in outputs.values() if job is not None else ():
        for made in output if isinstance(output, list) else [output]:
            transaction.create("Msvm_AffectedJobElement", {"AffectedElement": made, "AffectingElement": job})


def _modify_system(transaction: Transaction, given: CIMInstance) -> dict[str, Any]:
    system = _system_settings(transaction, given.get("InstanceID"))
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


def _add(transaction: Transaction, path: InstancePath, given: tuple[CIMInstance, ...]) -> dict[str, Any]:
    return {"ResultingResourceSettings": add_resources(transaction, transaction.get(path), given)}


def _remove(transaction: Transaction, paths: tuple[InstancePath, ...]) -> dict[str, Any]:
    resources = [transaction.get(path) for path in paths]
    for machine in machines_of_settings(transaction, resources):
        layout = Layout(transaction, machine)
        remove_resources(transaction, machine, [each for each in resources if layout.named(each["InstanceID"])])
    return {}


def _modify_resources(transaction: Transaction, given: tuple[CIMInstance, ...]) -> dict[str, Any]:
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


def _has_null(given: Sequence[CIMInstance | None]) -> bool:
    # Not with ``in``: an instance of pywbem refuses to be compared with None.
    return any(each is None for each in given)


def _system_settings(transaction: Transaction, identifier: str | None) -> Instance | None:
    if identifier is None:
        return None
    return transaction.world.find(InstancePath(SYSTEM_SETTINGS, (("InstanceID", identifier),), transaction.namespace).identity)
