"""Copying files into a guest: which ones, whether the guest can take them, and what it has got already.

There are no files. A guest remembers where something has been copied to, so that a second copy can find it there. That is kept
with the world as a number of copies for each guest and path, and outlives the guest's being turned off.
"""

import ntpath
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from pywbem import CIMInstance

from cimsim.providers import (
    ENABLED,
    JOB_STARTED,
    Instance,
    InstancePath,
    JobFailure,
    SettingError,
    Timing,
    Transaction,
    fail_job,
    is_running,
)

from . import host_jobs
from .guests import Guests, is_answering, set_status
from .resource_changes import note_change
from .terms import FAILED, INVALID_STATE, LOST_COMMUNICATION, NOT_AVAILABLE
from .topology import interface_of, machine_of

_FAILURE: Final = r"(?s)\s*(\d+)\s*:?\s*(.*)"
_FAILED: Final = "failed to initiate copying files to the guest: "


class File(msgspec.Struct, frozen=True):
    """A file to copy: where from, where to (the whole path of the new file), and whether it may replace one."""

    source: str
    destination: str
    overwrite: bool


def files_of(given: Sequence[CIMInstance | None] | None) -> tuple[File, ...] | None:
    """Return what embedded Msvm_CopyFileToGuestSettingData ask for, None if there are none or one lacks a path.

    A destination that ends like a directory keeps the name of the source file.
    """
    files = []
    for each in given or ():
        source, destination = (None, None) if each is None else (each.get("SourcePath"), each.get("DestinationPath"))
        if each is None or not source or not destination:
            return None
        if destination.endswith(("\\", "/")):
            destination += ntpath.basename(source)
        files.append(File(source, destination, bool(each.get("OverwriteExisting"))))
    return tuple(files) or None


def failure_of(text: str) -> JobFailure | None:
    """Return the failure that the setting ``copy_failure`` writes as ``CODE: DESCRIPTION``, None for an empty one.

    Raises:
        SettingError: it has another form, or the code is not in 1 to 65535.
    """
    if not text.strip():
        return None
    match = re.fullmatch(_FAILURE, text)
    if match is None or not 0 < int(match[1]) < 65536:
        raise SettingError("copy_failure", f"{text!r}: write CODE: DESCRIPTION with a code in 1 to 65535")
    return JobFailure(int(match[1]), match[2] or _FAILED + "unspecified error")


class Copying:
    """Copies files as the settings of the pack have it."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._guests = Guests.of(settings)
        self._failure = failure_of(settings["copy_failure"])
        self._refusal: int = settings["copy_refused_answer"]
        self._kind = host_jobs.COPY_JOBS if settings["copy_job_class"] == host_jobs.COPY_JOBS.classname else host_jobs.JOBS

    def begin(
        self, transaction: Transaction, service: Instance, files: tuple[File, ...], texts: Sequence[str], timing: Timing
    ) -> Any:
        """Start a job that copies, unless the service does not run; return what CopyFilesToGuest returns.

        Args:
            transaction: of the call.
            service: the guest file service.
            files: what to copy.
            texts: the embedded settings as text, which a Msvm_CopyFileToGuestJob shows.
            timing: how long the job takes, for all files together.
        """
        component = interface_of(transaction, service)
        machine = machine_of(transaction, component) if component is not None else None
        if component is None or machine is None or not _runs(machine, component) or service["Started"] is not True:
            return self._refusal
        properties: dict[str, Any] = {}
        if self._kind is host_jobs.COPY_JOBS:
            properties = {"CopyFileToGuestSettingData": texts, "VirtualSystemName": machine["Name"]}
        job = host_jobs.start_job(
            transaction,
            timing,
            host_jobs.GUEST_SERVICE_INTERFACE,
            affected=[machine],
            owner=service,
            finish=self._finish,
            arguments=(machine.path, component.path, files),
            cancellable=True,
            kind=self._kind,
            properties=properties,
        )
        if not self._guests.answers(machine):
            # What a job that fails has done is dropped, so this is a step of its own.
            timing.plan(transaction, _lose_contact, component.path, subjects=[component, machine, job])
        return JOB_STARTED, {"Job": job}

    def _finish(
        self, transaction: Transaction, machine_path: InstancePath, component_path: InstancePath, files: tuple[File, ...]
    ) -> None:
        """Copy all files or none.

        Raises:
            JobFailure: the machine or its interface has gone, the guest does not answer, a file is there already, or the
                setting ``copy_failure`` wants it.
        """
        machine = transaction.get(machine_path)
        component = transaction.world.find(component_path.identity)
        if component is None or not _runs(machine, component):
            raise _wrong_state()
        if not self._guests.answers(machine) or not is_answering(component):
            raise JobFailure(NOT_AVAILABLE, _FAILED + "the guest does not answer")
        if self._failure is not None:
            raise self._failure
        for file in files:
            name = f"copies {machine['Name']} {file.destination.replace('/', chr(92)).casefold()}"
            if transaction.serial(name) > 1 and not file.overwrite:
                raise JobFailure(FAILED, f"{_FAILED}The file exists. (0x80070050): {file.destination}")
        note_change(transaction, machine)


def cut_off_copies(transaction: Transaction, machine: Instance) -> None:
    """Let the jobs that copy files into the guest of a machine fail, because it goes down."""
    linked = transaction.associators(machine, "Msvm_AffectedJobElement", host_jobs.JOBS.classname)
    copies = [job for job in linked if job["JobType"] == host_jobs.GUEST_SERVICE_INTERFACE]
    for job in (*copies, *transaction.select(host_jobs.COPY_JOBS.classname, VirtualSystemName=machine["Name"])):
        if is_running(job):
            fail_job(transaction, job, _wrong_state())


def _wrong_state() -> JobFailure:
    return JobFailure(INVALID_STATE, _FAILED + "the virtual machine is not in a state to take them")


def _runs(machine: Instance, component: Instance) -> bool:
    return bool(machine["EnabledState"] == ENABLED and component["EnabledState"] == ENABLED)


def _lose_contact(transaction: Transaction, path: InstancePath) -> None:
    set_status(transaction, transaction.get(path), LOST_COMMUNICATION)
