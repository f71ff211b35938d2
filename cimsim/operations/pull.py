"""The pull operations: enumerations that are handed out in pieces (rules PL-1 to PL-44).

An Open operation finds all that it will ever hand out at once: it carries out the operation of the same name without pull,
filters what that found, and leaves it to the CIMOM to keep the session. A session therefore shows the world as it was when it
was opened (PL-39), and costs a list of records that the world mostly holds anyway.
"""

from collections.abc import Iterator
from typing import Any, TypedDict, Unpack

from cimsim.operations.associations import associator_names, associators, reference_names, references
from cimsim.operations.call import Answer, OperationCall, Outcome, Policy
from cimsim.operations.instances import enumerate_instance_names, enumerate_instances
from cimsim.operations.pending import Pending, begun, followed
from cimsim.operations.request import Argument
from cimsim.operations.results import (
    InstanceNames,
    NamedInstances,
    ObjectPaths,
    ObjectsWithPath,
    Projections,
    PullForm,
)
from cimsim.operations.session_commands import CloseSession, CountSession, OpenSession, PullFromSession
from cimsim.world.errors import continuation_on_error_not_supported, failed, invalid_operation_timeout, invalid_parameter
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.paths import InstancePath
from cimsim.world.values import convert_scalar


class SessionLimits(TypedDict):
    """How a session is to be kept: what every Open operation takes."""

    OperationTimeout: int | None
    ContinueOnError: bool
    MaxObjectCount: int


class SessionArguments(SessionLimits):
    """What every Open operation but OpenQueryInstances takes."""

    FilterQueryLanguage: str | None
    FilterQuery: str | None


def check_session(policy: Policy, arguments: tuple[Argument, ...]) -> None:
    """Refuse a session that this CIMOM does not keep; comes before all checks of other parameters (rule PL-20).

    Values that do not fit their type are passed over, binding the parameters will refuse them.

    Raises:
        CIMError: CIM_ERR_INVALID_OPERATION_TIMEOUT (PL-29), CIM_ERR_CONTINUATION_ON_ERROR_NOT_SUPPORTED (PL-30).
    """
    given = {fold(argument.name): argument.value for argument in arguments}
    timeout = _scalar(given.get("operationtimeout"), "uint32")
    if timeout is not None and timeout > policy.max_pull_timeout:
        raise invalid_operation_timeout(f"OperationTimeout is at most {policy.max_pull_timeout} seconds")
    if not policy.continue_on_error and _scalar(given.get("continueonerror"), "boolean"):
        raise continuation_on_error_not_supported("ContinueOnError TRUE is not supported")


def open_enumerate_instances(
    call: OperationCall,
    ClassName: str,
    DeepInheritance: bool,
    IncludeClassOrigin: bool,
    IncludeQualifiers: bool,
    PropertyList: list[str] | None,
    **session: Unpack[SessionArguments],
) -> Outcome:
    """Open an enumeration of the instances of a class and its subclasses (rule PL-1)."""
    _check_filter(session)
    found = enumerate_instances(call, ClassName, True, DeepInheritance, False, IncludeClassOrigin, PropertyList)
    return _opened(call, PullForm.INSTANCES_WITH_PATH, found, session)


def open_enumerate_instance_paths(call: OperationCall, ClassName: str, **session: Unpack[SessionArguments]) -> Outcome:
    """Open an enumeration of the paths of the instances of a class and its subclasses (rule PL-2)."""
    _check_filter(session)
    return _opened(call, PullForm.PATHS, enumerate_instance_names(call, ClassName), session)


def open_reference_instances(
    call: OperationCall,
    InstanceName: InstancePath,
    ResultClass: str | None,
    Role: str | None,
    IncludeClassOrigin: bool,
    IncludeQualifiers: bool,
    PropertyList: list[str] | None,
    **session: Unpack[SessionArguments],
) -> Outcome:
    """Open an enumeration of the associations that refer to an instance (rule PL-3)."""
    _check_filter(session)
    found = references(call, InstanceName, ResultClass, Role, False, IncludeClassOrigin, PropertyList)
    return _opened(call, PullForm.INSTANCES_WITH_PATH, found, session)


def open_reference_instance_paths(
    call: OperationCall,
    InstanceName: InstancePath,
    ResultClass: str | None,
    Role: str | None,
    **session: Unpack[SessionArguments],
) -> Outcome:
    """Open an enumeration of the paths of the associations that refer to an instance (rule PL-4)."""
    _check_filter(session)
    return _opened(call, PullForm.PATHS, reference_names(call, InstanceName, ResultClass, Role), session)


def open_associator_instances(
    call: OperationCall,
    InstanceName: InstancePath,
    AssocClass: str | None,
    ResultClass: str | None,
    Role: str | None,
    ResultRole: str | None,
    IncludeClassOrigin: bool,
    IncludeQualifiers: bool,
    PropertyList: list[str] | None,
    **session: Unpack[SessionArguments],
) -> Outcome:
    """Open an enumeration of the instances associated with an instance (rule PL-5)."""
    _check_filter(session)
    found = associators(call, InstanceName, AssocClass, ResultClass, Role, ResultRole, False, IncludeClassOrigin, PropertyList)
    return _opened(call, PullForm.INSTANCES_WITH_PATH, found, session)


def open_associator_instance_paths(
    call: OperationCall,
    InstanceName: InstancePath,
    AssocClass: str | None,
    ResultClass: str | None,
    Role: str | None,
    ResultRole: str | None,
    **session: Unpack[SessionArguments],
) -> Outcome:
    """Open an enumeration of the paths of the instances associated with an instance (rule PL-6)."""
    _check_filter(session)
    found = associator_names(call, InstanceName, AssocClass, ResultClass, Role, ResultRole)
    return _opened(call, PullForm.PATHS, found, session)


def open_query_instances(
    call: OperationCall,
    FilterQuery: str,
    FilterQueryLanguage: str,
    ReturnQueryResultClass: bool,
    **limits: Unpack[SessionLimits],
) -> Outcome:
    """Open an enumeration of the rows of a query (rules PL-7, PL-41)."""
    from cimsim.operations.queries import run_query

    rows, projections, query_class, steps = run_query(call, FilterQueryLanguage, FilterQuery)
    if ReturnQueryResultClass and query_class is None:
        raise failed("the rows of this query are of no one class, so that ReturnQueryResultClass cannot be TRUE")
    shown = query_class if ReturnQueryResultClass else None
    opened = OpenSession(PullForm.INSTANCES, rows, projections, *_kept(limits), shown)
    return Outcome(call.world, begun(steps, lambda: opened))


def pull_instances_with_path(call: OperationCall, EnumerationContext: str, MaxObjectCount: int) -> Outcome:
    """Hand out the next instances of a session (rule PL-8)."""
    return Outcome(call.world, PullFromSession(PullForm.INSTANCES_WITH_PATH, EnumerationContext, MaxObjectCount))


def pull_instance_paths(call: OperationCall, EnumerationContext: str, MaxObjectCount: int) -> Outcome:
    """Hand out the next paths of a session (rule PL-9)."""
    return Outcome(call.world, PullFromSession(PullForm.PATHS, EnumerationContext, MaxObjectCount))


def pull_instances(call: OperationCall, EnumerationContext: str, MaxObjectCount: int) -> Outcome:
    """Hand out the next rows of a query (rule PL-10)."""
    return Outcome(call.world, PullFromSession(PullForm.INSTANCES, EnumerationContext, MaxObjectCount))


def close_enumeration(call: OperationCall, EnumerationContext: str) -> Outcome:
    """Close a session before its end (rule PL-11)."""
    return Outcome(call.world, CloseSession(EnumerationContext))


def enumeration_count(call: OperationCall, EnumerationContext: str) -> Outcome:
    """Count what is left in a session (rule PL-12)."""
    return Outcome(call.world, CountSession(EnumerationContext))


def _scalar(value: Any, cim_type: str) -> Any:
    try:
        return convert_scalar(value, cim_type)
    except ValueError:
        return None


def _check_filter(session: SessionArguments) -> None:
    """Refuse a filter without its language and the reverse (rule PL-36)."""
    if (session["FilterQuery"] is None) != (session["FilterQueryLanguage"] is None):
        raise invalid_parameter("FilterQuery and FilterQueryLanguage must be given together")


def _opened(call: OperationCall, form: PullForm, outcome: Outcome, session: SessionArguments) -> Outcome:
    language, text = session["FilterQueryLanguage"], session["FilterQuery"]

    def opening(result: Answer) -> Pending[Answer]:
        instances, projections = _found(result)
        if language is None or text is None:
            return Pending(iter(()), lambda: OpenSession(form, instances, projections, *_kept(session)))
        # Opening without a filter need not wait for the grammars of queries.
        from cimsim.query.filters import parse_filter

        condition = parse_filter(language, text)
        selected: list[Instance] = []

        def selecting() -> Iterator[None]:
            # A condition on paths looks at the instances, too.
            live = (yield from call.living(instances)) if form is PullForm.PATHS else instances
            yield from condition.selecting(live, selected)

        return Pending(selecting(), lambda: OpenSession(form, selected, projections, *_kept(session)))

    # Type checkers do not take the union of all results apart.
    result: Any = outcome.result
    return Outcome(outcome.world, followed(opening, result))


def _found(result: Answer) -> tuple[list[Instance], Projections]:
    """Return what was found, as a list: a session takes it from any place on."""
    match result:
        case NamedInstances(instances, projections) | ObjectsWithPath(instances, projections):
            return list(instances), projections
        case InstanceNames(instances) | ObjectPaths(instances):
            return list(instances), None
    raise TypeError(f"{type(result).__name__} cannot be handed out in pieces")


def _kept(limits: SessionLimits) -> tuple[int | None, bool, int]:
    return limits["OperationTimeout"], limits["ContinueOnError"], limits["MaxObjectCount"]
