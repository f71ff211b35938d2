"""A CIMOM with the quirks of another: its status codes and texts, its names of namespaces, what it lacks (rules Q1 to Q5)."""

from collections.abc import Iterator
from typing import Final, Protocol

from msgspec.structs import replace
from pywbem import (
    CIM_ERR_CONTINUATION_ON_ERROR_NOT_SUPPORTED,
    CIM_ERR_INVALID_ENUMERATION_CONTEXT,
    CIM_ERR_INVALID_PARAMETER,
    CIM_ERR_NOT_SUPPORTED,
    CIMError,
)

from cimsim.cimxml.message import REQUEST_NOT_VALID, MessageError
from cimsim.operations.pending import Pending
from cimsim.operations.request import ExtrinsicRequest, IntrinsicRequest, Request
from cimsim.operations.results import InstanceNames, NamedInstances, ObjectPaths, ObjectsWithPath, Pulled, Result
from cimsim.operations.table import OPERATIONS
from cimsim.quirks.malformed_values import wrong_value
from cimsim.quirks.namespace_renaming import NamespaceRenaming
from cimsim.quirks.profiles import Quirks
from cimsim.world.instances import Instance
from cimsim.world.names import fold, fold_namespace

_NAMESPACE: Final = "CIM_Namespace"
_WITH_INSTANCES: Final = (NamedInstances, InstanceNames, ObjectsWithPath, ObjectPaths, Pulled)


class WrappedCimom(Protocol):
    """What this needs of the CIMOM that it stands before."""

    def start(self, request: Request, user: str | None = None) -> Result | Pending[Result]:
        """Return the result of a request, or what is left to do for it."""
        ...


class QuirkyCimom:
    """Performs requests as another CIMOM would.

    Args:
        cimom: carries the requests out.
        quirks: the profile.
    """

    def __init__(self, cimom: WrappedCimom, quirks: Quirks) -> None:
        self._cimom = cimom
        self._quirks = quirks
        self._renamed = NamespaceRenaming(quirks)

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
                raise self._described(quirks.unknown_operation, f"operation {request.name} is not supported")
        if quirks.values_as_http and (reason := wrong_value(request)) is not None:
            raise MessageError(REQUEST_NOT_VALID, reason)
        try:
            result = self._cimom.start(self._renamed(request), user)
        except CIMError as error:
            raise self._refused(error, request) from None
        if isinstance(result, Pending):
            return Pending(self._steps(result, request), lambda: self._finished(result, request))
        return self._visible(result)

    def _steps(self, pending: Pending[Result], request: Request) -> Iterator[None]:
        try:
            while not pending.advance():
                yield
        except CIMError as error:
            raise self._refused(error, request) from None

    def _finished(self, pending: Pending[Result], request: Request) -> Result:
        try:
            return self._visible(pending.finished())
        except CIMError as error:
            raise self._refused(error, request) from None

    def _refused(self, error: CIMError, request: Request) -> CIMError:
        return self._described(self._code(error.status_code, request), error.status_description)

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

    def _described(self, code: int, description: str) -> CIMError:
        return CIMError(code, self._quirks.descriptions.get(code, self._renamed.text(description)))

    def _visible(self, result: Result) -> Result:
        hidden = self._quirks.hidden_namespaces
        if not hidden or not isinstance(result, _WITH_INSTANCES):
            return result
        return replace(result, instances=[each for each in result.instances if not _is_hidden(each, hidden)])


def _is_hidden(instance: Instance, hidden: frozenset[str]) -> bool:
    return instance.cls.is_a(fold(_NAMESPACE)) and fold_namespace(str(instance["Name"])) in hidden


def _has_unknown_parameter(request: IntrinsicRequest) -> bool:
    operation = OPERATIONS.get(fold(request.name))
    known = {fold(parameter.name) for parameter in operation.parameters} if operation is not None else set()
    return any(fold(argument.name) not in known for argument in request.arguments)


def _is_half_a_filter(request: IntrinsicRequest) -> bool:
    given = {fold(argument.name) for argument in request.arguments if argument.value is not None}
    return len(given & {"filterquery", "filterquerylanguage"}) == 1
