"""The record of an exchange: what a client asked, what it was answered, and what that took.

The log of requests reads it, and so does whatever else looks at what clients did. A record is made only when somebody wants it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pywbem import CIMError

from cimsim.operations.request import ClassName, ExtrinsicRequest, NamedInstance, Request, SelectedInstance, Selection
from cimsim.operations.table import OPERATIONS
from cimsim.world.convert import InstanceData
from cimsim.world.names import fold
from cimsim.world.paths import InstancePath

CIM_XML: Final = "CIM-XML"
WS_MAN: Final = "WS-Management"
SUCCESS: Final = 0
_MAX_SHOWN: Final = 400
"""How many characters of a text that clients choose are shown."""


@dataclass(frozen=True, slots=True)
class Called:
    """One operation or method of an exchange: a batch has several.

    Attributes:
        operation: the name of the operation or the extrinsic method, spelt as it came.
        target: the path of the class or instance that it was for, ``NAMESPACE:CLASS.KEY="VALUE"``, or just the namespace.
        status: the CIM status code, 0 for success; None: it got no CIM status, but see ``Exchange.status``.
        description: of the CIM error, empty for success.
        namespace: of the request.
        classname: of the target, empty where there is none.
        keys: those that the request gives, pairs of name and text.
        parameters: of the request beside its target, pairs of name and text.
        returned: what a method returned, as text; None for an operation, and for what failed.
        rule: the number of the fault rule that acted, None for none.
    """

    operation: str
    target: str
    status: int | None
    description: str = ""
    namespace: str = ""
    classname: str = ""
    keys: tuple[tuple[str, str], ...] = ()
    parameters: tuple[tuple[str, str | None], ...] = ()
    returned: str | None = None
    rule: int | None = None

    @classmethod
    def of(cls, request: Request, error: CIMError | None = None, returned: object = None, rule: int | None = None) -> Called:
        """Return the record of a request that was carried out, or failed."""
        subject = _subject(request)
        classname, keys = _named(subject)
        return cls(
            request.name,
            _target(request, subject),
            SUCCESS if error is None else error.status_code,
            "" if error is None else str(error.status_description),
            request.namespace,
            classname,
            keys,
            _parameters(request),
            None if returned is None else str(returned),
            rule,
        )

    @classmethod
    def refused(cls, request: Request) -> Called:
        """Return the record of a request that gets no CIM status."""
        subject = _subject(request)
        classname, keys = _named(subject)
        return cls(request.name, _target(request, subject), None, "", request.namespace, classname, keys, _parameters(request))

    def has(self, where: Mapping[str, object]) -> bool:
        """Return whether keys and parameters have these values, compared as text without regard to case."""
        return not self.differences(where)

    def differences(self, where: Mapping[str, object]) -> dict[str, str | None]:
        """Return what keys and parameters have in place of these values, None for what is not there."""
        given = {name.lower(): value for name, value in (*self.parameters, *self.keys)}
        found = {name: given.get(name.lower()) for name in where}
        return {name: text for name, text in found.items() if text is None or text.lower() != str(where[name]).lower()}


@dataclass(frozen=True, slots=True)
class Exchange:
    """One message of a client and its answer, however early it was refused.

    Attributes:
        time: when the message was there whole, or was refused, in seconds since 1970-01-01 UTC by the clock of the computer.
        protocol: what both speak, such as ``CIM-XML``.
        address: of the client, empty if unknown.
        user: who asked; None: not authenticated.
        calls: what it asked for; empty when it was refused before that was known.
        status: the HTTP status; None: the client left before the answer was complete.
        detail: why it was refused, empty if it was not.
        seconds: from ``time`` until the answer was handed over whole.
        request_bytes: of the body, as far as it was taken; 0 when the message was refused by its head.
        response_bytes: of the body of the answer, as far as it was handed over.
    """

    time: float
    protocol: str
    address: str
    user: str | None
    calls: tuple[Called, ...]
    status: int | None
    detail: str
    seconds: float
    request_bytes: int
    response_bytes: int

    def line(self) -> str:
        """Return a line about it: user, operation, target, status, milliseconds, bytes in and out."""
        called = ", ".join(_called(each) for each in self.calls[:_MAX_CALLS]) or "-"
        further = len(self.calls) - _MAX_CALLS
        outcome = _outcome(self.status, self.detail)
        return " ".join(
            (
                f"{self.user or '-'}@{self.address or '-'}",
                called + (f", and {further} more" if further > 0 else "") + outcome,
                f"{self.seconds * 1000:.1f} ms, {self.request_bytes} bytes in, {self.response_bytes} out",
            )
        )

    def fields(self) -> dict[str, Any]:
        """Return its values by name, as a log in JSON has them: long texts cut, ``milliseconds`` in place of seconds."""
        return {
            "protocol": self.protocol,
            "address": self.address,
            "user": self.user,
            "calls": [
                {
                    "operation": _cut(each.operation),
                    "target": _cut(each.target),
                    "status": each.status,
                    "description": _cut(each.description),
                }
                for each in self.calls
            ],
            "http_status": self.status,
            "detail": _cut(self.detail),
            "milliseconds": round(self.seconds * 1000, 3),
            "request_bytes": self.request_bytes,
            "response_bytes": self.response_bytes,
        }


# A union that is written where it is used would be made anew for each request.
_NAMES: Final = (ClassName, InstancePath)
_WITH_KEYS: Final = (InstancePath, Selection)
_TARGETS: Final = (ClassName, InstancePath, NamedInstance)
_MAX_ITEMS: Final = 20
_MAX_CALLS: Final = 10
"""How many calls of a batch a line shows."""


def target_of(request: Request) -> str:
    """Return the path of what a request is for: an instance or a class in its namespace, or just the namespace."""
    return _target(request, _subject(request))


def _target(request: Request, subject: object) -> str:
    if isinstance(subject, NamedInstance):
        subject = subject.path
    if isinstance(subject, InstancePath) and subject.namespace is not None:
        return str(subject)
    if isinstance(subject, _NAMES):
        return f"{request.namespace}:{subject}"
    if isinstance(subject, SelectedInstance):
        subject = subject.selection
    if isinstance(subject, Selection):
        path = InstancePath(subject.classname, tuple((name, str(value)) for name, value in subject.keys))
        return f"{request.namespace}:{path}"
    # Of a class and an instance without a path the name of the class must do.
    classname = getattr(subject, "classname", None)
    return f"{request.namespace}:{classname}" if isinstance(classname, str) else request.namespace


def _subject(request: Request) -> object:
    if isinstance(request, ExtrinsicRequest):
        return request.target
    operation = OPERATIONS.get(fold(request.name))
    return None if operation is None else operation.subject_of(request.arguments)


def _named(subject: object) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the class of what a request is for, and the keys that it gives."""
    if isinstance(subject, NamedInstance):
        subject = subject.path
    elif isinstance(subject, SelectedInstance):
        subject = subject.selection
    if isinstance(subject, _WITH_KEYS):
        return subject.classname, tuple([(name, str(value)) for name, value in subject.keys])
    if isinstance(subject, ClassName):
        return str(subject), ()
    classname = getattr(subject, "classname", "")
    return (classname if isinstance(classname, str) else ""), ()


def _parameters(request: Request) -> tuple[tuple[str, str | None], ...]:
    return tuple(
        [
            (argument.name, None if argument.value is None else _cut(_shown(argument.value)))
            for argument in request.arguments
            if not isinstance(argument.value, _TARGETS)
        ]
    )


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join("NULL" if item is None else _shown(item) for item in value[:_MAX_ITEMS])
    if isinstance(value, InstanceData):
        return f"instance of {value.classname}"
    return str(value)


def _called(called: Called) -> str:
    text = f"{_cut(called.operation)} {_cut(called.target)}"
    if called.status is None:
        return text
    if called.status == SUCCESS:
        return f"{text}: 0"
    name = CIMError(called.status).status_code_name
    return f"{text}: {called.status} ({name}: {_cut(called.description)})"


def _outcome(status: int | None, detail: str) -> str:
    if status is None:
        return ": the client left;"
    if detail or not 200 <= status < 300:
        return f": HTTP {status} ({_cut(detail)});"
    return ";"


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."
