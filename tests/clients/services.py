"""What the tests of services share: how a method is called, what starting and stopping change, and what has changed."""

import time
from typing import Any, Final

from pywbem import CIMDateTime, CIMInstance, CIMInstanceName, Uint16, WBEMConnection


class Now:
    """Stands for the time of the call."""

    def __repr__(self) -> str:
        return "now"


NOW: Final = Now()
STOP: Final = {
    "RequestedState": 3,
    "EnabledState": 3,
    "Started": False,
    "TimeOfLastStateChange": NOW,
    "OperationalStatus": [10],
    "StatusDescriptions": ["Stopped"],
    "Status": "Stopped",
}
START: Final = {
    "RequestedState": 2,
    "EnabledState": 2,
    "Started": True,
    "TimeOfLastStateChange": NOW,
    "OperationalStatus": [2],
    "StatusDescriptions": ["OK"],
    "Status": "OK",
}
STARTED: Final = ("StopService", "StartService")
STOPPED: Final = ("StartService", "StopService")
ZERO: Final = "00000000000000.000000:000"
MINUTE: Final = "00000000000100.000000:000"


def invoke(conn: WBEMConnection, target: CIMInstanceName, call: str) -> tuple[int, Any]:
    """Invoke ``Method`` or ``RequestStateChange(state)`` or ``RequestStateChange(state, timeout)``; also return Job."""
    method, _, arguments = call.rstrip(")").partition("(")
    given: list[Any] = arguments.split(", ") if arguments else []
    parameters: dict[str, Any] = {}
    if given:
        parameters["RequestedState"] = Uint16(given[0])
    if len(given) > 1:
        parameters["TimeoutPeriod"] = CIMDateTime(given[1])
    result, outputs = conn.InvokeMethod(method, target, **parameters)
    job = outputs.get("Job")
    assert (job is not None) == (result == 4096)  # 3.5: Job is filled only with 4096
    return int(result), job


def changes(before: CIMInstance, after: CIMInstance, since: float) -> dict[str, Any]:
    """Return the properties that changed, with their new values; the present time as NOW."""
    changed = {name: after[name] for name in after if after[name] != before[name]}
    moment = changed.get("TimeOfLastStateChange")
    if moment is not None and not moment.is_interval and since - 1e-3 <= moment.datetime.timestamp() <= time.time():
        changed["TimeOfLastStateChange"] = NOW
    return changed
