"""Msvm_VirtualSystemManagementService with all its methods.

Each method checks its parameters and says at once what is wrong with them. The change itself is made at once or, as the setting
``settings_transition`` has it, by a job. What a change does is in ``machine_changes`` for virtual machines and their resources,
in ``component_changes`` for components and guest services.
"""

from collections.abc import Callable, Generator, Sequence
from typing import Any, Final

from pywbem import CIMInstance

from cimsim.providers import COMPLETED, JOB_STARTED, Instance, Invocation, Timing, fold

from . import component_changes, host_jobs, machine_changes, terms
from .component_changes import GUEST_SERVICE_RESULT, RESOURCE_RESULT
from .guests import Guests
from .host_services import FixedHostService
from .machine_changes import RESOURCE_CLASSES, SYSTEM_SETTINGS, Change, has_null, system_settings
from .machines import is_changing
from .resource_changes import INVALID_PARAMETER, INVALID_STATE, Refused
from .resources import find_resource, kind_of
from .summaries import REQUESTED, Summaries
from .topology import configuration, found, machine_of_settings, machines_of_settings

INCOMPATIBLE: Final = 6


class VirtualSystemManagementService(FixedHostService):
    """Msvm_VirtualSystemManagementService: it does not start or stop."""

    # Virtual machines

    def DefineSystem(self, call: Invocation) -> Any:
        """Define a virtual machine that is off: from settings, resources, and what a reference configuration has besides."""
        given, path = call.arguments["SystemSettings"], call.arguments["ReferenceConfiguration"]
        resources = tuple(call.arguments["ResourceSettings"] or ())
        if given is None or has_null(resources):
            return INVALID_PARAMETER
        arguments = (given, resources, path, int(self.settings["new_machine_generation"]))
        return self._try_out(call, host_jobs.DEFINE, [], machine_changes.define, arguments)

    def DestroySystem(self, call: Invocation) -> Any:
        """Destroy a virtual machine that is off or saved, with all that belongs to it."""
        machine = found(call.transaction, call.arguments["AffectedSystem"])
        if machine is None:
            return INVALID_PARAMETER
        arguments = (machine.path, self.settings["destroy_running_answer"])
        return self._try_out(call, host_jobs.DESTROY, [machine], machine_changes.destroy, arguments)

    def ModifySystemSettings(self, call: Invocation) -> Any:
        """Change settings of a virtual machine, its name for one; what is NULL stays as it is."""
        given = call.arguments["SystemSettings"]
        system = None if given is None else system_settings(call.transaction, given.get("InstanceID"))
        machine = None if system is None else machine_of_settings(call.transaction, system)
        if machine is None:
            return INVALID_PARAMETER
        return self._try_out(call, host_jobs.MODIFY, [machine], machine_changes.modify_system, (given,))

    # Resources

    def AddResourceSettings(self, call: Invocation) -> Any:
        """Add resources to a virtual machine: controllers, drives, disks, network adapters, connections."""
        system = configuration(call.transaction, call.arguments["AffectedConfiguration"])
        machine = None if system is None else machine_of_settings(call.transaction, system)
        given = tuple(call.arguments["ResourceSettings"] or ())
        if system is None or system.cls.name != SYSTEM_SETTINGS or machine is None or not given or has_null(given):
            return INVALID_PARAMETER
        return self._try_out(call, host_jobs.ADD_RESOURCES, [machine], machine_changes.add, (machine.path, given))

    def RemoveResourceSettings(self, call: Invocation) -> Any:
        """Remove resources, and the resources that are attached to them."""
        transaction = call.transaction
        named = [found(transaction, path) for path in call.arguments["ResourceSettings"] or ()]
        resources = [each for each in named if each is not None and kind_of(each) is not None]
        machines = machines_of_settings(transaction, resources)
        if not named or len(resources) < len(named) or not machines:
            return INVALID_PARAMETER
        arguments = (tuple(each.path for each in resources),)
        return self._try_out(call, host_jobs.REMOVE_RESOURCES, machines, machine_changes.remove, arguments)

    def ModifyResourceSettings(self, call: Invocation) -> Any:
        """Change settings of resources, or of components, which then follow in a running virtual machine; not of both."""
        given: Sequence[CIMInstance | None] = call.arguments["ResourceSettings"] or ()
        resources = [each for each in given if each is not None and fold(each.classname) in RESOURCE_CLASSES]
        if not resources:
            return self._modify_components(call, given, RESOURCE_RESULT)
        if len(resources) < len(given):
            return INCOMPATIBLE
        known = [find_resource(call.transaction, each.get("InstanceID")) for each in resources]
        for each, settings in zip(resources, known, strict=True):
            if settings is None:
                return self._refuse_unknown(call, each)
        machines = machines_of_settings(call.transaction, [each for each in known if each is not None])
        step = machine_changes.modify_resources
        return self._try_out(call, host_jobs.MODIFY_RESOURCES, machines, step, (tuple(resources),))

    # Guest services

    def ModifyGuestServiceSettings(self, call: Invocation) -> Any:
        """Change settings of guest services, and of the guest service interface."""
        return self._modify_components(call, call.arguments["GuestServiceSettings"] or (), GUEST_SERVICE_RESULT)

    def AddGuestServiceSettings(self, call: Invocation) -> Any:
        """Add settings of socket services to a virtual machine; a running one gets the services if its interface is enabled."""
        system = configuration(call.transaction, call.arguments["AffectedConfiguration"])
        interface = None if system is None else component_changes.interface_settings(call.transaction, system)
        if interface is None:
            return INVALID_PARAMETER
        wanted = component_changes.new_services(call.transaction, interface, call.arguments["GuestServiceSettings"] or ())
        if wanted is None:
            return INVALID_PARAMETER
        outputs = {GUEST_SERVICE_RESULT: [each.settings_path(interface) for each in wanted]}
        arguments = (interface.path, wanted)
        return self._carry_out(call, host_jobs.ADD_RESOURCES, [interface], component_changes.add, arguments, outputs)

    def RemoveGuestServiceSettings(self, call: Invocation) -> Any:
        """Remove settings of socket services, and the services."""
        named = [found(call.transaction, path) for path in call.arguments["GuestServiceSettings"] or ()]
        settings = [each for each in named if each is not None and component_changes.is_of_socket_service(each)]
        if not named or len(settings) < len(named):
            return INVALID_PARAMETER
        arguments = (tuple(dict.fromkeys(each.path for each in settings)),)
        return self._carry_out(call, host_jobs.REMOVE_RESOURCES, settings, component_changes.remove, arguments, {})

    # Summaries

    def GetSummaryInformation(self, call: Invocation) -> Generator[None, None, Any]:
        """Return a summary for each of the given settings, or for each virtual machine, in steps; 32773 for an unknown number.

        A summary always has the Name; it is empty for settings that do not exist.
        """
        requested = call.arguments["RequestedInformation"] or ()
        if any(number not in REQUESTED for number in requested):
            return terms.INVALID_PARAMETER
        summaries = Summaries(call.transaction, self.settings, requested)
        return COMPLETED, {"SummaryInformation": (yield from summaries.of(call.arguments["SettingData"]))}

    # What the methods share

    def _modify_components(self, call: Invocation, given: Sequence[CIMInstance | None], result: str) -> Any:
        """Change settings of components and guest services; ``result`` is the output parameter for their paths."""
        request = component_changes.requested_changes(call.transaction, given)
        if request is None:
            return INVALID_PARAMETER
        if request.unknown is not None:
            return self._refuse_unknown(call, request.unknown)
        outputs = {result: [each.path for each in request.changes]}
        arguments = (request.changes, Guests.of(self.settings))
        return self._carry_out(call, host_jobs.MODIFY_RESOURCES, request.settings, component_changes.modify, arguments, outputs)

    def _try_out(
        self, call: Invocation, job_type: int, machines: Sequence[Instance], change: Change, arguments: tuple[Any, ...]
    ) -> Any:
        """Make a change on trial, and then at once or by a job; return what the method returns."""
        transaction = call.transaction
        if change is not machine_changes.destroy and any(is_changing(machine) for machine in machines):
            return INVALID_STATE
        called = transaction.savepoint()
        timing = self._timing(call)
        timed = transaction.savepoint()
        try:
            outputs = change(transaction, *arguments)
        except Refused as refused:
            called.rollback()
            return refused.code
        if timing.immediate:
            return COMPLETED, outputs
        timed.rollback()
        identifier = transaction.guid()
        finish, arguments = machine_changes.finish, (change, arguments, identifier)
        return self._begin_job(call, timing, job_type, machines, finish, arguments, identifier)

    def _carry_out(
        self,
        call: Invocation,
        job_type: int,
        settings: Sequence[Instance],
        change: Callable[..., None],
        arguments: tuple[Any, ...],
        outputs: dict[str, Any],
    ) -> Any:
        """Make a change that cannot be refused any more, at once or by a job; return what the method returns.

        ``settings`` say which virtual machines are concerned: none of them may be on its way to another state.
        """
        machines = machines_of_settings(call.transaction, settings)
        if any(is_changing(machine) for machine in machines):
            return INVALID_STATE
        timing = self._timing(call)
        if timing.immediate:
            change(call.transaction, *arguments)
            return COMPLETED, outputs
        return self._begin_job(call, timing, job_type, machines, change, arguments)

    def _begin_job(
        self,
        call: Invocation,
        timing: Timing,
        job_type: int,
        machines: Sequence[Instance],
        finish: Callable[..., object],
        arguments: tuple[Any, ...],
        identifier: str | None = None,
    ) -> Any:
        """Have a job of this service make a change of virtual machines, or of none; return what the method returns."""
        job = host_jobs.start_job(
            call.transaction,
            timing,
            job_type,
            affected=machines or [call.instance],
            owner=call.instance,
            finish=finish,
            arguments=arguments,
            identifier=identifier,
        )
        return JOB_STARTED, {"Job": job}

    def _refuse_unknown(self, call: Invocation, given: CIMInstance) -> Any:
        """Refuse settings that do not exist, in the way that the setting ``unknown_settings_answer`` has it."""
        if self.settings["unknown_settings_answer"] == "return-4":
            return INVALID_PARAMETER
        text = f"there are no settings {given.classname} {given.get('InstanceID')}"
        return self._begin_job(
            call, self._timing(call), host_jobs.MODIFY_RESOURCES, [], component_changes.fail_unknown, (text,)
        )

    def _timing(self, call: Invocation) -> Timing:
        return self.timing(call.transaction, call.instance, call.method.name, self.settings["settings_transition"])
