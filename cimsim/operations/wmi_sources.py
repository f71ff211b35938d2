"""The instance that ASSOCIATORS OF or REFERENCES OF starts from, named as WMI names it (WQL).

Values of keys are compared without regard to case where no instance has just these, keys stand in any order, a single key may
lack its name, and ``CLASS=@`` is the only instance of a class.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from pywbem import CIM_ERR_NOT_FOUND, CIMError

from cimsim.operations.call import OperationCall
from cimsim.operations.request import ClassName
from cimsim.query.comparison import same_path
from cimsim.query.syntax import WQL, QueryDialect, QueryPosition, Traversal
from cimsim.query.wmi_paths import Location, ObjectPath, PathError, parse_object_path
from cimsim.world.errors import invalid_class, invalid_namespace, invalid_parameter, invalid_query, not_found
from cimsim.world.instances import Instance
from cimsim.world.names import fold, fold_namespace
from cimsim.world.paths import Identity, InstancePath
from cimsim.world.schema import ResolvedClass

_MAX_NESTING: Final = 10
_MAX_NAMED: Final = 3
_Status = Callable[[str], CIMError]


def refusal(dialect: QueryDialect, at: QueryPosition, status: _Status, text: str) -> CIMError:
    """Return the error for what a query names: WMI tells what is wrong by its status, ExecQuery has one for all (rule G1)."""
    return (status if dialect.wmi else invalid_query)(at.located(text))


def source_of(call: OperationCall, dialect: QueryDialect, query: Traversal) -> Identity:
    """Return the identity of the instance that a traversal starts from.

    It lies in the namespace of the request, as that of Associators does: the roles of the user are judged there (rule SEC13).

    Raises:
        CIMError: CIM_ERR_INVALID_QUERY; in WMI's dialect CIM_ERR_INVALID_PARAMETER for a malformed path and for keys that are
            not those of the class, CIM_ERR_INVALID_CLASS, CIM_ERR_INVALID_NAMESPACE, CIM_ERR_NOT_FOUND.
    """
    path = _parsed(dialect, query)
    _check_place(call, dialect, query, path, "instance")
    cls = call.namespace.schema.get(path.classname)
    if cls is None:
        raise refusal(dialect, query.at, invalid_class, call.namespace.no_class(path.classname))
    if path.keys is None:
        text = f"{query.source!r} is not an instance path, but that of a class: CLASS.KEY=VALUE[,KEY=VALUE...]"
        raise refusal(dialect, query.at, invalid_parameter, text)
    if not path.keys:
        return _only(call, dialect, query, cls)
    try:
        return _found(call, cls, _native(path, cls, call, 0))
    except PathError as error:
        raise refusal(dialect, query.at, invalid_parameter, f"{query.source!r}: {error}") from None
    except CIMError as error:
        status = not_found if error.status_code == CIM_ERR_NOT_FOUND else invalid_parameter
        raise refusal(dialect, query.at, status, str(error.status_description)) from None


def source_class_of(call: OperationCall, dialect: QueryDialect, query: Traversal) -> ClassName:
    """Return the class that a traversal of the schema starts from; raises as ``source_of``."""
    try:
        path = parse_object_path(query.source, strict=dialect.wmi)
    except PathError:
        path = None
    if path is None or path.keys is not None:
        text = f"{query.source!r} is not a class path: [NAMESPACE:]CLASS"
        raise refusal(dialect, query.at, invalid_parameter, text)
    _check_place(call, dialect, query, path, "class")
    if call.namespace.schema.get(path.classname) is None:
        raise refusal(dialect, query.at, invalid_class, call.namespace.no_class(path.classname))
    return ClassName(path.classname)


def _parsed(dialect: QueryDialect, query: Traversal) -> ObjectPath:
    try:
        return parse_object_path(query.source, strict=dialect.wmi)
    except PathError as error:
        at = query.start.after(query.source[: error.place])
        text = f"{query.source!r} is not an instance path: {error}"
        raise refusal(dialect, at, invalid_parameter, text) from None


def _check_place(call: OperationCall, dialect: QueryDialect, query: Traversal, path: ObjectPath, what: str) -> None:
    """Refuse an object that lies in another namespace than that of the request, or on another host as WMI judges it."""
    here = call.namespace.name
    if path.namespace is not None and fold_namespace(path.namespace) != fold_namespace(here):
        text = f"the {what} lies in {path.namespace}, but the query is for {here}"
        raise refusal(dialect, query.at, invalid_namespace, text)
    server = call.policy.server_name
    if dialect.wmi and path.server is not None and not Location(server, here).is_server(path.server):
        raise refusal(dialect, query.at, not_found, f"the {what} lies on {path.server}, but this host is {server}")


def _only(call: OperationCall, dialect: QueryDialect, query: Traversal, cls: ResolvedClass) -> Identity:
    instances = call.namespace.instances_of(cls)
    if len(instances) != 1:
        text = f"{cls.name}=@ stands for the only instance of a class, but {cls.name} has {len(instances)}"
        raise refusal(dialect, query.at, not_found, text)
    return instances[0].identity


def _native(path: ObjectPath, cls: ResolvedClass, call: OperationCall, nesting: int) -> InstancePath:
    """Return a path whose keys that are references are paths in turn."""
    keys: list[tuple[str, Any]] = []
    for name, value in path.keys or ():
        if not name and len(cls.keys) == 1:
            name = cls.properties[cls.keys[0]].name
        prop = cls.find(name)
        native: Any = value
        if prop is not None and prop.type == "reference":
            native = _reference(value, call, nesting + 1)
        keys.append((name, native))
    return InstancePath(cls.name, tuple(keys))


def _reference(text: str, call: OperationCall, nesting: int) -> InstancePath:
    if nesting > _MAX_NESTING:
        raise PathError(f"paths are nested more than {_MAX_NESTING} deep in keys", 0)
    path = parse_object_path(text, strict=False)
    namespace = call.world.namespaces.get(fold_namespace(path.namespace or call.namespace.name))
    cls = namespace.schema.get(path.classname) if namespace else None
    if namespace is None or cls is None:
        raise PathError(f"{text!r} names no class that there is", 0)
    native = _native(path, cls, call, nesting)
    return InstancePath(cls.name, native.keys, namespace.name)


def _found(call: OperationCall, cls: ResolvedClass, path: InstancePath) -> Identity:
    """Return the identity of the instance of a path; raises CIMError where there is none."""
    try:
        return call.world.instance(path, call.namespace).identity
    except CIMError as error:
        if error.status_code != CIM_ERR_NOT_FOUND:
            raise
        # A path names an instance of a subclass as well, but one of the class itself comes first.
        wanted = _places(call, cls, path)
        fitting = _fitting(call.namespace.of_class(cls), wanted) or _fitting(call.namespace.instances_of(cls), wanted)
        if len(fitting) > 1:
            shown = ", ".join(str(each.path) for each in fitting[:_MAX_NAMED])
            raise not_found(f"{len(fitting)} instances differ from {path} in upper and lower case only: {shown}") from None
        if not fitting:
            raise
        return fitting[0].identity


def _places(call: OperationCall, cls: ResolvedClass, path: InstancePath) -> list[tuple[int, Any]]:
    """Return the places of the keys of a class and the folded values that a path gives them."""
    typed = call.world.typed_keys(path, cls, call.namespace)
    return [(cls.index[fold(prop.name)], _folded(value)) for prop, value in typed]


def _fitting(instances: Sequence[Instance], wanted: list[tuple[int, Any]]) -> list[Instance]:
    # A loop over all instances, so it must be cheap. The last key mostly tells them apart: Name, behind CreationClassName.
    found = list(instances)
    for place, value in reversed(wanted):
        if type(value) is str:
            found = [each for each in found if each.values[place].lower() == value]
        else:
            found = [each for each in found if _same(each.values[place], value)]
    return found


def _folded(value: Any) -> Any:
    return value.lower() if type(value) is str else value


def _same(stored: Any, wanted: Any) -> bool:
    if isinstance(stored, InstancePath):
        return isinstance(wanted, InstancePath) and same_path(stored, wanted, WQL)
    return bool(stored == wanted)
