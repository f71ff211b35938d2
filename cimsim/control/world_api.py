"""The world behind the back of clients: reset, snapshots, and what has changed."""

import re
from collections.abc import Generator
from typing import Any, Final

from cimsim.cimom.snapshots import Snapshot, TooManySnapshotsError, UnknownSnapshotError
from cimsim.cimom.world_diff import Modified, WorldDiff
from cimsim.control.api_errors import ControlError
from cimsim.control.clock_api import iso
from cimsim.control.json_values import json_value
from cimsim.control.messages import Change, Diff, DiffQuery, ModifiedInstance, NoBody, SnapshotList, SnapshotState
from cimsim.control.status_api import status
from cimsim.control.steps import batched
from cimsim.simulation.controlled_cimom import ControlledCimom

_NAME: Final = re.compile(r"[\w.-]{1,100}")


def reset(controlled: ControlledCimom, _: NoBody) -> Any:
    """Go back to the world as it was loaded and to the faults of the start, forget exchanges; return the status."""
    controlled.reset()
    return status(controlled)


def snapshots(controlled: ControlledCimom) -> SnapshotList:
    """Return the snapshots that are kept."""
    return SnapshotList([_state(each) for each in controlled.snapshots])


def snapshot(controlled: ControlledCimom, name: str) -> SnapshotState:
    """Return the snapshot of a name; raises ControlError, 404, if there is none."""
    return _state(_found(controlled, name))


def take(controlled: ControlledCimom, name: str, _: NoBody) -> SnapshotState:
    """Keep the current world under a name, in place of the one that had it.

    Raises:
        ControlError: 400 for what is not a name, 409 when too many are kept.
    """
    if not _NAME.fullmatch(name):
        raise ControlError(400, f"{name!r} is not a name of a snapshot: 1 to 100 letters, digits, _, - or .", "name")
    try:
        return _state(controlled.snapshots.take(name))
    except TooManySnapshotsError as error:
        raise ControlError(409, str(error)) from None


def restore(controlled: ControlledCimom, name: str, _: NoBody) -> SnapshotState:
    """Go back to a snapshot; raises ControlError, 404, if there is none."""
    return _state(controlled.snapshots.restore(_found(controlled, name).name))


def remove(controlled: ControlledCimom, name: str) -> SnapshotState:
    """Forget a snapshot; raises ControlError, 404, if there is none."""
    return _state(controlled.snapshots.remove(_found(controlled, name).name))


def diff(controlled: ControlledCimom, query: DiffQuery) -> Generator[None, None, Diff]:
    """Return how instances differ between two worlds, in steps; raises ControlError, 400, for a snapshot that is not there."""
    for field, name in (("before", query.before), ("after", query.after)):
        if name is not None:
            _found(controlled, name, 400, field)
    return _diffing(controlled.snapshots.diffing(query.before, query.after))


def _diffing(steps: Generator[None, None, WorldDiff]) -> Generator[None, None, Diff]:
    found = yield from steps
    answer = Diff([], [], [])
    for texts, paths in ((answer.created, found.created), (answer.deleted, found.deleted)):
        for part in batched(paths):
            yield
            texts += map(str, part)
    for changed in batched(found.modified):
        yield
        answer.modified.extend(map(_modified, changed))
    return answer


def _found(controlled: ControlledCimom, name: str, status: int = 404, field: str = "") -> Snapshot:
    try:
        return controlled.snapshots.get(name)
    except UnknownSnapshotError as error:
        raise ControlError(status, error.text, field, error.nearest or "") from None


def _state(found: Snapshot) -> SnapshotState:
    return SnapshotState(found.name, iso(found.time))


def _modified(found: Modified) -> ModifiedInstance:
    changes = {name: Change(json_value(before), json_value(after)) for name, (before, after) in found.changes.items()}
    return ModifiedInstance(str(found.path), changes)
