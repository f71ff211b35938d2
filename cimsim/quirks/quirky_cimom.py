"""A CIMOM with the habits of another: its brand, its status codes, what it leaves out (rules Q1 to Q5, W7)."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, Protocol

from pywbem import (
    CIM_ERR_CONTINUATION_ON_ERROR_NOT_SUPPORTED,
    CIM_ERR_INVALID_ENUMERATION_CONTEXT,
    CIM_ERR_INVALID_PARAMETER,
    CIM_ERR_NOT_SUPPORTED,
    CIMClass,
    CIMError,
    CIMProperty,
    CIMQualifier,
)

from cimsim.cimxml.message import REQUEST_NOT_VALID, MessageError
from cimsim.cimxml.quirks import INTEROP, Brand, Quirks
from cimsim.operations.pending import Pending
from cimsim.operations.request import ExtrinsicRequest, IntrinsicRequest, Request
from cimsim.operations.results import InstanceNames, NamedInstances, ObjectPaths, ObjectsWithPath, Pulled, Result
from cimsim.operations.table import OPERATIONS
from cimsim.quirks.literals import wrong_value
from cimsim.quirks.renaming import Renaming
from cimsim.server.discovery import Features
from cimsim.world.instances import Instance
from cimsim.world.names import fold, fold_namespace
from cimsim.world.transaction import Transaction
from cimsim.world.world import World

_MANAGER: Final = "CIM_ObjectManager"
_NAMESPACE: Final = "CIM_Namespace"
_WITH_INSTANCES: Final = (NamedInstances, InstanceNames, ObjectsWithPath, ObjectPaths, Pulled)


class Performs(Protocol):
    """What this needs of a CIMOM."""

    def start(self, request: Request, user: str | None = None) -> Result | Pending[Result]:
        """Return the result of a request, or what is left to do for it."""
        ...


class HabitualCimom:
    """Performs requests as another CIMOM would.

    Args:
        cimom: carries the requests out.
        quirks: the habits.
    """

    def __init__(self, cimom: Performs, quirks: Quirks) -> None:
        self._cimom = cimom
        self._quirks = quirks
        self._renamed = Renaming(quirks)

    def start(self, request: Request, user: str | None = None) -> Result | Pending[Result]:
        """Carry out a request; see ``Cimom.start``.

        Raises:
            CIMError: see there, with the codes and texts of the other CIMOM.
            MessageError: a value is malformed, where the other CIMOM answers 400.
        """
        quirks = self._quirks
        if quirks.unknown_operation and isinstance(request, IntrinsicRequest):
            name = fold(request.name)
            if name not in OPERATIONS or name in quirks.left_out:
                raise self._worded(quirks.unknown_operation, f"operation {request.name} is not supported")
        if quirks.values_as_http and (reason := wrong_value(request)) is not None:
            raise MessageError(REQUEST_NOT_VALID, reason)
        try:
            result = self._cimom.start(self._renamed(request), user)
        except CIMError as error:
            raise self._refused(error, request) from None
        if isinstance(result, Pending):
            return Pending(self._steps(result, request), lambda: self._finished(result, request))
        return self._shown(result)

    def _steps(self, pending: Pending[Result], request: Request) -> Iterator[None]:
        try:
            while not pending.advance():
                yield
        except CIMError as error:
            raise self._refused(error, request) from None

    def _finished(self, pending: Pending[Result], request: Request) -> Result:
        try:
            return self._shown(pending.finished())
        except CIMError as error:
            raise self._refused(error, request) from None

    def _refused(self, error: CIMError, request: Request) -> CIMError:
        return self._worded(self._code(error.status_code, request), error.status_description)

    def _code(self, code: int, request: Request) -> int:
        quirks = self._quirks
        if isinstance(request, ExtrinsicRequest):
            return code
        if code == CIM_ERR_INVALID_PARAMETER:
            if quirks.filter_pairing and _is_half_a_filter(request):
                return quirks.filter_pairing
            if quirks.unknown_parameter and _has_unknown_parameter(request):
                return quirks.unknown_parameter
        if code == CIM_ERR_CONTINUATION_ON_ERROR_NOT_SUPPORTED and quirks.no_continuation:
            return quirks.no_continuation
        if code == CIM_ERR_INVALID_ENUMERATION_CONTEXT and quirks.pull_kind:
            return quirks.pull_kind
        if code == CIM_ERR_NOT_SUPPORTED and quirks.unknown_operation and fold(request.name) not in OPERATIONS:
            return quirks.unknown_operation
        return code

    def _worded(self, code: int, description: str) -> CIMError:
        return CIMError(code, self._quirks.descriptions.get(code, self._renamed.text(description)))

    def _shown(self, result: Result) -> Result:
        hidden = self._quirks.hidden_namespaces
        if not hidden or not isinstance(result, _WITH_INSTANCES):
            return result
        return replace(result, instances=[each for each in result.instances if not _names(each, hidden)])


def with_habits(features: Features, quirks: Quirks) -> Features:
    """Return the features of a server as far as the habits of another leave them (rules Q1, Q2, Q4)."""
    return replace(
        features,
        content_type=quirks.content_type,
        post_only=quirks.post_only,
        expectations=not quirks.no_expectations,
        matching=not quirks.no_matching,
        trailers=quirks.status_trailers,
    )


def branded(world: World, brand: Brand | None, now: float) -> World:
    """Return the world with its object manager presenting itself as another brand, and the class that goes with the brand."""
    namespace = world.namespaces.get(INTEROP)
    if brand is None or namespace is None or namespace.schema.get(_MANAGER) is None:
        return world
    transaction = Transaction(world, namespace.name, now)
    for manager in list(transaction.instances(_MANAGER, namespace.name)):
        transaction.modify(manager, ElementName=brand.element_name, Description=brand.description)
    if brand.namespace_class is not None and namespace.schema.get(brand.namespace_class) is None:
        transaction.create_class(_namespace_class(brand.namespace_class), namespace.name)
    return transaction.world


def _namespace_class(name: str) -> CIMClass:
    """Return the class with the property that pywbem sets in the namespaces it creates on Pegasus."""
    writable = {"Write": CIMQualifier("Write", True)}
    allowed = CIMProperty("SchemaUpdatesAllowed", None, type="boolean", qualifiers=writable)
    return CIMClass(name, superclass=_NAMESPACE, properties=[allowed])


def _names(instance: Instance, hidden: frozenset[str]) -> bool:
    return instance.cls.is_a(fold(_NAMESPACE)) and fold_namespace(str(instance["Name"])) in hidden


def _has_unknown_parameter(request: IntrinsicRequest) -> bool:
    operation = OPERATIONS.get(fold(request.name))
    known = {fold(parameter.name) for parameter in operation.parameters} if operation is not None else set()
    return any(fold(argument.name) not in known for argument in request.arguments)


def _is_half_a_filter(request: IntrinsicRequest) -> bool:
    given = {fold(argument.name) for argument in request.arguments if argument.value is not None}
    return len(given & {"filterquery", "filterquerylanguage"}) == 1
