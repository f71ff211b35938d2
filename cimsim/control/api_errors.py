"""What the control plane answers when it cannot do what is asked."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pywbem import (
    CIM_ERR_INVALID_CLASS,
    CIM_ERR_INVALID_NAMESPACE,
    CIM_ERR_INVALID_PARAMETER,
    CIM_ERR_INVALID_QUERY,
    CIM_ERR_METHOD_NOT_FOUND,
    CIM_ERR_NO_SUCH_PROPERTY,
    CIM_ERR_NOT_FOUND,
    CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED,
    CIM_ERR_SERVER_LIMITS_EXCEEDED,
    CIM_ERR_TYPE_MISMATCH,
    CIMError,
)

_MAX_TEXT: Final = 2_000
_QUERY_FEATURE_NOT_SUPPORTED: Final = 29
_NOT_THERE: Final = frozenset({CIM_ERR_INVALID_NAMESPACE, CIM_ERR_INVALID_CLASS, CIM_ERR_NOT_FOUND, CIM_ERR_METHOD_NOT_FOUND})
_WRONG: Final = frozenset(
    {
        CIM_ERR_INVALID_PARAMETER,
        CIM_ERR_NO_SUCH_PROPERTY,
        CIM_ERR_TYPE_MISMATCH,
        CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED,
        CIM_ERR_INVALID_QUERY,
        CIM_ERR_SERVER_LIMITS_EXCEEDED,
        _QUERY_FEATURE_NOT_SUPPORTED,
    }
)
_MEANT: Final = re.compile(r"; did you mean ([^\s?]+)\?")
_PARTS: Final = {
    "properties": re.compile(r"\bproperty (?:\w+\.)?(\w+)"),
    "parameters": re.compile(r"\bparameter (\w+)"),
}
_PLACE: Final = re.compile(r"line (\d{1,9}), column (\d{1,9}): ")


class ControlError(Exception):
    """A request cannot be carried out: the HTTP status that says so, and a text for whoever asked.

    Args:
        status: of HTTP.
        text: long ones are cut.
        field: of the body or the query that is wrong, empty if it is no single one.
        nearest: what exists and was probably meant, empty if nothing is close.
        headers: of the answer.
        line, column: of the text of a query where it is wrong, both from 1; 0: it is not about one.
        cim_status: the CIM status code, 0 where it is not a CIM error.
        fault: the number of the fault rule that acted, None for none.
    """

    def __init__(
        self,
        status: int,
        text: str,
        field: str = "",
        nearest: str = "",
        headers: Mapping[str, str] = MappingProxyType({}),
        *,
        line: int = 0,
        column: int = 0,
        cim_status: int = 0,
        fault: int | None = None,
    ) -> None:
        text = text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}..."
        super().__init__(text)
        self.status = status
        self.text = text
        self.field = field[:_MAX_TEXT]
        self.nearest = nearest
        self.headers = headers
        self.line = line
        self.column = column
        self.cim_status = cim_status
        self.fault = fault


def refusal_of(error: CIMError, field: str = "", *, added_lines: int = 0, fault: int | None = None) -> ControlError:
    """Return what is answered for a CIM error: 404 for what is not there, 400 for what is wrong, 409 for all else.

    Args:
        error: its text may name the nearest that exists, and the place in a query.
        field: of the body or the query that it is about, empty if it is no single one; of ``properties`` and ``parameters``
            the one that the error names.
        added_lines: how many lines stood before what the client wrote of a query.
        fault: the number of the fault rule that acted, None for none.
    """
    text = str(error.status_description or error.status_code_name)
    status = 404 if error.status_code in _NOT_THERE else 400 if error.status_code in _WRONG else 409
    meant, place = _MEANT.search(text), _PLACE.match(text)
    part = _PARTS[field].search(text) if field in _PARTS else None
    line, column = (int(place[1]) - added_lines, int(place[2])) if place else (0, 0)
    if place and added_lines:
        text = f"line {line}, column {column}: {text[place.end() :]}"
    return ControlError(
        status,
        text,
        field if part is None else f"{field}.{part[1]}",
        meant[1] if meant else "",
        line=line,
        column=column,
        cim_status=error.status_code,
        fault=fault,
    )
