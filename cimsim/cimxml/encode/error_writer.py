"""CIM errors: ERROR, and the instances of CIM_Error in it (rules E1 to E4)."""

from collections.abc import Sequence
from enum import Enum
from typing import Any, Final

from pywbem import CIMError, CIMInstance, CIMProperty, Uint16, Uint32

from cimsim.cimxml.encode.embedded_object_writer import object_text
from cimsim.cimxml.encode.xml_escape import escape_attribute

_MAX_DESCRIPTION: Final = 1000
"""Characters of a description. It may quote what a client sent, however long that is."""

_OTHER: Final = 1
_SOFTWARE_ERROR: Final = 4
_MAJOR: Final = 5


class ErrorInstances(Enum):
    """Which errors carry instances of CIM_Error. wbemcli cannot read those that do (rule E3)."""

    NONE = "none"
    """None does."""
    GIVEN = "given"
    """Those to which a provider gave some."""
    ALL = "all"
    """Every error: those that a provider gave, else one that says what the error says."""


def render_error(error: CIMError, shown: ErrorInstances) -> str:
    """Return ERROR; its DESCRIPTION is cut where it is very long."""
    # A CIMError without a description makes one of its own from the code.
    description: str = error.status_description
    if len(description) > _MAX_DESCRIPTION:
        description = f"{description[:_MAX_DESCRIPTION]}..."
    start = f'<ERROR CODE="{int(error.status_code)}" DESCRIPTION="{escape_attribute(description)}"'
    instances = _instances(error, description, shown)
    if not instances:
        return f"{start}/>"
    return f"{start}>{''.join(map(object_text, instances))}</ERROR>"


def _instances(error: CIMError, description: str, shown: ErrorInstances) -> Sequence[CIMInstance]:
    if shown is ErrorInstances.NONE:
        return ()
    given: list[CIMInstance] = error.instances or []
    if given:
        return [_completed(each, error, description) for each in given]
    if shown is ErrorInstances.GIVEN:
        return ()
    return [_completed(CIMInstance("CIM_Error"), error, description)]


def _completed(instance: CIMInstance, error: CIMError, description: str) -> CIMInstance:
    """Return an instance with what it must hold besides what was given (rule E4); CIMStatusCode is that of the error."""
    required: dict[str, Any] = {
        "ErrorType": Uint16(_SOFTWARE_ERROR),
        "OwningEntity": "cimsim",
        "MessageID": error.status_code_name,
        "Message": description,
        "PerceivedSeverity": Uint16(_MAJOR),
        "ProbableCause": Uint16(_OTHER),
        "CIMStatusCodeDescription": error.status_code_name,
    }
    properties = {name: CIMProperty(name, value) for name, value in required.items()}
    given = [prop for prop in instance.properties.values() if prop.value is not None]
    completed = CIMInstance(instance.classname, properties=[*properties.values()])
    completed.update({prop.name: prop for prop in given})
    completed["CIMStatusCode"] = Uint32(error.status_code)
    return completed
