"""The record of an exchange: what a client asked, what it was answered, and what that took.

The log of requests reads it, and so does whatever else looks at what clients did. A record is made only when somebody wants it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from pywbem import CIMError

from cimsim.operations.request import ClassName, ExtrinsicRequest, NamedInstance, Request, SelectedInstance, Selection
from cimsim.operations.results import MethodResult
from cimsim.operations.table import OPERATIONS
from cimsim.world.convert import InstanceData
from cimsim.world.names import fold
from cimsim.world.paths import InstancePath

CIM_XML: Final = "CIM-XML"
WS_MAN: Final = "WS-Management"
CONTROL: Final = "control"
"""What came by the control plane."""
EVENTING: Final = ("Subscribe", "Renew", "GetStatus", "Unsubscribe", "PullEvents")
"""What clients of WS-Eventing ask for, as records and fault rules name it: none of it is an operation of DSP0200."""
SUCCESS: Final = 0
_MAX_SHOWN: Final = 400
"""How many characters of a text that clients choose are shown."""


class _About(msgspec.Struct, frozen=True):
    """What a record shows of a request."""

    target: str
    namespace: str
    classname: str
    keys: tuple[tuple[str, str], ...]
    parameters: tuple[tuple[str, str | None], ...]


class Called:
    """One operation or method of an exchange: a batch has several.

    What it shows of a request is worked out when somebody looks, so that a record costs next to nothing.

    Args:
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

    Attributes:
        request: what was asked, None where it is not kept.
    """

    __slots__ = ("_about", "_returned", "description", "operation", "request", "rule", "status")

    def __init__(
        self,
        operation: str,
        target: str,
        status: int | None,
        description: str = "",
        namespace: str = "",
        classname: str = "",
        keys: tuple[tuple[str, str], ...] = (),
        parameters: tuple[tuple[str, str | None], ...] = (),
        returned: object = None,
        rule: int | None = None,
    ) -> None:
        self.operation = operation
        self.status = status
        self.description = description
        self.rule = rule
        self.request: Request | None = None
        self._returned = returned
        self._about: _About | None = _About(target, namespace, classname, keys, parameters)

    @classmethod
    def of(cls, request: Request, error: CIMError | None = None, returned: object = None, rule: int | None = None) -> Called:
        """Return the record of a request that was carried out, or failed."""
        status = SUCCESS if error is None else error.status_code
        return cls._made(request, status, "" if error is None else str(error.status_description), returned, rule)

    def ended(self, outcome: object) -> Called:
        """Return the record of a request whose result was pending, now that it came to a result or a CIMError."""
        error = outcome if isinstance(outcome, CIMError) else None
        returned = outcome.return_value.value if isinstance(outcome, MethodResult) else None
        return self if self.request is None else Called.of(self.request, error, returned, self.rule)

    @classmethod
    def refused(cls, request: Request) -> Called:
        """Return the record of a request that gets no CIM status."""
        return cls._made(request, None, "", None, None)

    @classmethod
    def _made(cls, request: Request, status: int | None, description: str, returned: object, rule: int | None) -> Called:
        self = cls.__new__(cls)
        self.operation = request.name
        self.status = status
        self.description = description
        self.rule = rule
        self.request = request
        self._returned = returned
        self._about = None
        return self

    @property
    def target(self) -> str:
        """The path of what it was for."""
        return self._shown.target

    @property
    def namespace(self) -> str:
        """The namespace of the request."""
        return self._shown.namespace

    @property
    def classname(self) -> str:
        """The class of the target, empty where there is none."""
        return self._shown.classname

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The keys that the request gives, pairs of name and text."""
        return self._shown.keys

    @property
    def parameters(self) -> tuple[tuple[str, str | None], ...]:
        """The parameters beside the target, pairs of name and text."""
        return self._shown.parameters

    @property
    def returned(self) -> str | None:
        """What a method returned, as text."""
        return None if self._returned is None else str(self._returned)

    @property
    def _shown(self) -> _About:
        about = self._about
        if about is None:
            request = self.request
            if request is None:
                raise ValueError("a record without a request shows what it was made with")
            about = self._about = _About(target_of(request), request.namespace, *_named(request), _parameters(request))
        return about

    def forget_request(self) -> None:
        """Keep what it shows, but not the request itself."""
        if self.request is not None:
            _ = self._shown
            self.request = None

    def has(self, where: Mapping[str, object]) -> bool:
        """Return whether keys and parameters have these values, compared as text without regard to case."""
        return not self.differences(where)

    def differences(self, where: Mapping[str, object]) -> dict[str, str | None]:
        """Return what keys and parameters have in place of these values, None for what is not there."""
        given = {name.lower(): value for name, value in (*self.parameters, *self.keys)}
        found = {name: given.get(name.lower()) for name in where}
        return {name: text for name, text in found.items() if text is None or text.lower() != str(where[name]).lower()}

    def _values(self) -> tuple[Any, ...]:
        return self.operation, self.status, self.description, self.returned, self.rule, self._shown

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Called) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        outcome = "no status" if self.status is None else f"status {self.status}"
        return f"<Called {self.operation} {self.target}: {outcome}{self.description and ', ' + self.description}>"


class Exchange(msgspec.Struct, frozen=True):
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


_MAX_ITEMS: Final = 20
_MAX_CALLS: Final = 10
"""How many calls of a batch a line shows."""


def target_of(request: Request) -> str:
    """Return the path of what a request is for: an instance or a class in its namespace, or just the namespace."""
    subject = _subject(request)
    if isinstance(subject, NamedInstance):
        subject = subject.path
    if isinstance(subject, InstancePath) and subject.namespace is not None:
        return str(subject)
    if isinstance(subject, ClassName | InstancePath):
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


def _named(request: Request) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the class of what a request is for, and the keys that it gives."""
    subject = _subject(request)
    match subject:
        case NamedInstance():
            subject = subject.path
        case SelectedInstance():
            subject = subject.selection
    if isinstance(subject, InstancePath | Selection):
        return subject.classname, tuple((name, str(value)) for name, value in subject.keys)
    if isinstance(subject, ClassName):
        return str(subject), ()
    classname = getattr(subject, "classname", "")
    return (classname if isinstance(classname, str) else ""), ()


def _parameters(request: Request) -> tuple[tuple[str, str | None], ...]:
    return tuple(
        (argument.name, None if argument.value is None else _cut(_shown(argument.value)))
        for argument in request.arguments
        if not isinstance(argument.value, ClassName | InstancePath | NamedInstance)
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
