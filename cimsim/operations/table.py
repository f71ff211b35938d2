"""The operations of DSP0200 in one table, and the binding of given arguments to their parameters."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from pywbem import CIMClass, CIMInstance, CIMInstanceName, CIMQualifierDeclaration

from cimsim.operations import associations, classes, instances, pull, queries, schema
from cimsim.operations.call import Outcome, check_local
from cimsim.operations.request import Argument, ClassName, NamedInstance
from cimsim.operations.roles import Role
from cimsim.world.convert import InstanceData, from_cim_path
from cimsim.world.errors import invalid_parameter
from cimsim.world.names import did_you_mean, fold
from cimsim.world.paths import InstancePath
from cimsim.world.values import Malformed, convert_scalar


class Kind(Enum):
    """What the value of a parameter is; the value names it in error texts."""

    BOOLEAN = "a boolean"
    STRING = "a string"
    STRINGS = "an array of strings"
    CLASS_NAME = "the name of a class"
    INSTANCE_NAME = "the path of an instance"
    OBJECT_NAME = "the name of a class or the path of an instance"
    INSTANCE = "an instance"
    NAMED_INSTANCE = "an instance with its path"
    CLASS = "a class"
    QUALIFIER_DECLARATION = "a qualifier declaration"
    UINT32 = "a uint32"
    VALUE = "a value"


class Required:
    """Stands where a parameter has no default."""


REQUIRED: Final = Required()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation. One whose default is None may be NULL; one without a default must be given."""

    name: str
    kind: Kind
    default: Any = REQUIRED


@dataclass(frozen=True, slots=True)
class Operation:
    """An intrinsic operation: its name, its parameters in declared order, the function that carries it out, the role it takes.

    ``session``: it opens an enumeration session or works on one.
    """

    name: str
    parameters: tuple[Parameter, ...]
    run: Callable[..., Outcome]
    role: Role = Role.READ
    session: bool = False

    def bind(self, arguments: tuple[Argument, ...], namespace: str) -> dict[str, Any]:
        """Return the value of every parameter by its name, for a request in ``namespace``.

        Raises:
            CIMError: CIM_ERR_INVALID_PARAMETER for one that is unknown, given twice, missing, NULL where it must not be, of
                the wrong kind, or the path of an object that lies elsewhere (rules G3 to G6, FL8).
        """
        given: dict[str, Any] = {}
        for argument in arguments:
            folded = fold(argument.name)
            if folded in given:
                raise invalid_parameter(f"parameter {argument.name} of {self.name} is given twice")
            given[folded] = argument.value
        bound = {}
        for parameter in self.parameters:
            folded = fold(parameter.name)
            if folded in given:
                bound[parameter.name] = self._fit(parameter, given.pop(folded), namespace)
            elif parameter.default is REQUIRED:
                self._check_known(arguments)
                raise invalid_parameter(f"parameter {parameter.name} of {self.name} is missing")
            else:
                bound[parameter.name] = parameter.default
        if given:
            self._check_known(arguments)
        return bound

    def _check_known(self, arguments: tuple[Argument, ...]) -> None:
        """Refuse an unknown parameter; before a missing one is, since that may only be misspelt."""
        names = {fold(parameter.name): parameter.name for parameter in self.parameters}
        for argument in arguments:
            if fold(argument.name) not in names:
                hint = did_you_mean(argument.name, names.values())
                raise invalid_parameter(f"{self.name} has no parameter {argument.name}{hint}")

    def fits(self, argument: Argument) -> bool:
        """Return whether the value of an argument is of the kind of its parameter; of an unknown one any is."""
        for parameter in self.parameters:
            if fold(parameter.name) == fold(argument.name) and argument.value is not None:
                return not isinstance(argument.value, Malformed) and _fitted(parameter.kind, argument.value) is not None
        return True

    def _fit(self, parameter: Parameter, value: Any, namespace: str) -> Any:
        if value is None:
            if parameter.default is None:
                return None
            raise invalid_parameter(f"parameter {parameter.name} of {self.name} must not be NULL")
        if isinstance(value, Malformed):
            raise invalid_parameter(f"parameter {parameter.name} of {self.name}: {value.reason}")
        fitted = _fitted(parameter.kind, value)
        if fitted is None:
            raise invalid_parameter(f"parameter {parameter.name} of {self.name} must be {parameter.kind.value}")
        path = fitted.path if isinstance(fitted, NamedInstance) else fitted
        if isinstance(path, InstancePath) and parameter.kind is not Kind.VALUE:
            check_local(path, namespace, f"parameter {parameter.name} of {self.name}")
        return fitted


def _fitted(kind: Kind, value: Any) -> Any:
    """Return the value as its kind has it, or None when it is of another kind."""
    match kind:
        case Kind.BOOLEAN:
            return _scalar(value, "boolean")
        case Kind.STRING:
            return None if isinstance(value, ClassName) else _scalar(value, "string")
        case Kind.STRINGS:
            return _strings(value)
        case Kind.CLASS_NAME:
            return value if isinstance(value, ClassName) else None
        case Kind.INSTANCE_NAME:
            return _path(value)
        case Kind.OBJECT_NAME:
            return value if isinstance(value, ClassName) else _path(value)
        case Kind.INSTANCE:
            return InstanceData.of(value) if isinstance(value, CIMInstance) else _if_a(InstanceData, value)
        case Kind.CLASS:
            return _if_a(CIMClass, value)
        case Kind.QUALIFIER_DECLARATION:
            return _if_a(CIMQualifierDeclaration, value)
        case Kind.UINT32:
            return _scalar(value, "uint32")
        case Kind.NAMED_INSTANCE:
            return _named_instance(value)
        case Kind.VALUE:
            return None if isinstance(value, NamedInstance | CIMQualifierDeclaration) else value


def _if_a(wanted: type, value: Any) -> Any:
    return value if isinstance(value, wanted) else None


def _scalar(value: Any, cim_type: str) -> Any:
    try:
        return convert_scalar(value, cim_type)
    except ValueError:
        return None


def _strings(value: Any) -> list[str] | None:
    if not isinstance(value, list | tuple) or isinstance(value, InstanceData | NamedInstance):
        return None
    return list(value) if all(isinstance(item, str) for item in value) else None


def _path(value: Any) -> InstancePath | None:
    if isinstance(value, CIMInstanceName):
        return from_cim_path(value)
    return value if isinstance(value, InstancePath) else None


def _named_instance(value: Any) -> NamedInstance | None:
    if isinstance(value, CIMInstance) and value.path is not None:
        return NamedInstance(from_cim_path(value.path), InstanceData.of(value))
    return value if isinstance(value, NamedInstance) else None


_CLASS_NAME = Parameter("ClassName", Kind.CLASS_NAME)
_ANY_CLASS_NAME = Parameter("ClassName", Kind.CLASS_NAME, None)
_INSTANCE_NAME = Parameter("InstanceName", Kind.INSTANCE_NAME)
_OBJECT_NAME = Parameter("ObjectName", Kind.OBJECT_NAME)
_ASSOC_CLASS = Parameter("AssocClass", Kind.CLASS_NAME, None)
_RESULT_CLASS = Parameter("ResultClass", Kind.CLASS_NAME, None)
_ROLE = Parameter("Role", Kind.STRING, None)
_RESULT_ROLE = Parameter("ResultRole", Kind.STRING, None)
_LOCAL_ONLY = Parameter("LocalOnly", Kind.BOOLEAN, True)
_DEEP = Parameter("DeepInheritance", Kind.BOOLEAN, True)
_SHALLOW = Parameter("DeepInheritance", Kind.BOOLEAN, False)
_WITH_QUALIFIERS = Parameter("IncludeQualifiers", Kind.BOOLEAN, True)
_NO_QUALIFIERS = Parameter("IncludeQualifiers", Kind.BOOLEAN, False)
_CLASS_ORIGIN = Parameter("IncludeClassOrigin", Kind.BOOLEAN, False)
_PROPERTY_LIST = Parameter("PropertyList", Kind.STRINGS, None)
_PROPERTY_NAME = Parameter("PropertyName", Kind.STRING)
# Not of these operations any more, but some clients still send it (rule VR-9).
_IGNORED_QUALIFIERS = _NO_QUALIFIERS
_CONTEXT = Parameter("EnumerationContext", Kind.STRING)
_PULL_COUNT = Parameter("MaxObjectCount", Kind.UINT32)
_SESSION_LIMITS = (
    Parameter("OperationTimeout", Kind.UINT32, None),
    Parameter("ContinueOnError", Kind.BOOLEAN, False),
    Parameter("MaxObjectCount", Kind.UINT32, 0),
)
_SESSION = (
    Parameter("FilterQueryLanguage", Kind.STRING, None),
    Parameter("FilterQuery", Kind.STRING, None),
    *_SESSION_LIMITS,
)

_DECLARED: Final = (
    Operation("GetClass", (_CLASS_NAME, _LOCAL_ONLY, _WITH_QUALIFIERS, _CLASS_ORIGIN, _PROPERTY_LIST), classes.get_class),
    Operation(
        "EnumerateClasses",
        (_ANY_CLASS_NAME, _SHALLOW, _LOCAL_ONLY, _WITH_QUALIFIERS, _CLASS_ORIGIN),
        classes.enumerate_classes,
    ),
    Operation("EnumerateClassNames", (_ANY_CLASS_NAME, _SHALLOW), classes.enumerate_class_names),
    Operation(
        "GetInstance",
        (_INSTANCE_NAME, _LOCAL_ONLY, _NO_QUALIFIERS, _CLASS_ORIGIN, _PROPERTY_LIST),
        instances.get_instance,
    ),
    Operation(
        "EnumerateInstances",
        (_CLASS_NAME, _LOCAL_ONLY, _DEEP, _NO_QUALIFIERS, _CLASS_ORIGIN, _PROPERTY_LIST),
        instances.enumerate_instances,
    ),
    Operation("EnumerateInstanceNames", (_CLASS_NAME,), instances.enumerate_instance_names),
    Operation("CreateInstance", (Parameter("NewInstance", Kind.INSTANCE),), instances.create_instance, role=Role.WRITE),
    Operation(
        "ModifyInstance",
        (Parameter("ModifiedInstance", Kind.NAMED_INSTANCE), _WITH_QUALIFIERS, _PROPERTY_LIST),
        instances.modify_instance,
        role=Role.WRITE,
    ),
    Operation("DeleteInstance", (_INSTANCE_NAME,), instances.delete_instance, role=Role.WRITE),
    Operation(
        "Associators",
        (
            _OBJECT_NAME,
            _ASSOC_CLASS,
            _RESULT_CLASS,
            _ROLE,
            _RESULT_ROLE,
            _NO_QUALIFIERS,
            _CLASS_ORIGIN,
            _PROPERTY_LIST,
        ),
        associations.associators,
    ),
    Operation(
        "AssociatorNames",
        (_OBJECT_NAME, _ASSOC_CLASS, _RESULT_CLASS, _ROLE, _RESULT_ROLE),
        associations.associator_names,
    ),
    Operation(
        "References",
        (_OBJECT_NAME, _RESULT_CLASS, _ROLE, _NO_QUALIFIERS, _CLASS_ORIGIN, _PROPERTY_LIST),
        associations.references,
    ),
    Operation("ReferenceNames", (_OBJECT_NAME, _RESULT_CLASS, _ROLE), associations.reference_names),
    Operation("GetProperty", (_INSTANCE_NAME, _PROPERTY_NAME), instances.get_property),
    Operation(
        "SetProperty",
        (_INSTANCE_NAME, _PROPERTY_NAME, Parameter("NewValue", Kind.VALUE, None)),
        instances.set_property,
        role=Role.WRITE,
    ),
    Operation("GetQualifier", (Parameter("QualifierName", Kind.STRING),), classes.get_qualifier),
    Operation("EnumerateQualifiers", (), classes.enumerate_qualifiers),
    Operation("CreateClass", (Parameter("NewClass", Kind.CLASS),), schema.create_class, role=Role.SCHEMA),
    Operation("ModifyClass", (Parameter("ModifiedClass", Kind.CLASS),), schema.modify_class, role=Role.SCHEMA),
    Operation("DeleteClass", (_CLASS_NAME,), schema.delete_class, role=Role.SCHEMA),
    Operation(
        "SetQualifier", (Parameter("QualifierDeclaration", Kind.QUALIFIER_DECLARATION),), schema.set_qualifier, role=Role.SCHEMA
    ),
    Operation("DeleteQualifier", (Parameter("QualifierName", Kind.STRING),), schema.delete_qualifier, role=Role.SCHEMA),
    Operation("ExecQuery", (Parameter("QueryLanguage", Kind.STRING), Parameter("Query", Kind.STRING)), queries.exec_query),
    Operation(
        "OpenEnumerateInstances",
        (_CLASS_NAME, _DEEP, _CLASS_ORIGIN, _IGNORED_QUALIFIERS, _PROPERTY_LIST, *_SESSION),
        pull.open_enumerate_instances,
        session=True,
    ),
    Operation("OpenEnumerateInstancePaths", (_CLASS_NAME, *_SESSION), pull.open_enumerate_instance_paths, session=True),
    Operation(
        "OpenReferenceInstances",
        (_INSTANCE_NAME, _RESULT_CLASS, _ROLE, _CLASS_ORIGIN, _IGNORED_QUALIFIERS, _PROPERTY_LIST, *_SESSION),
        pull.open_reference_instances,
        session=True,
    ),
    Operation(
        "OpenReferenceInstancePaths",
        (_INSTANCE_NAME, _RESULT_CLASS, _ROLE, *_SESSION),
        pull.open_reference_instance_paths,
        session=True,
    ),
    Operation(
        "OpenAssociatorInstances",
        (
            _INSTANCE_NAME,
            _ASSOC_CLASS,
            _RESULT_CLASS,
            _ROLE,
            _RESULT_ROLE,
            _CLASS_ORIGIN,
            _IGNORED_QUALIFIERS,
            _PROPERTY_LIST,
            *_SESSION,
        ),
        pull.open_associator_instances,
        session=True,
    ),
    Operation(
        "OpenAssociatorInstancePaths",
        (_INSTANCE_NAME, _ASSOC_CLASS, _RESULT_CLASS, _ROLE, _RESULT_ROLE, *_SESSION),
        pull.open_associator_instance_paths,
        session=True,
    ),
    Operation(
        "OpenQueryInstances",
        (
            Parameter("FilterQuery", Kind.STRING),
            Parameter("FilterQueryLanguage", Kind.STRING),
            Parameter("ReturnQueryResultClass", Kind.BOOLEAN, False),
            *_SESSION_LIMITS,
        ),
        pull.open_query_instances,
        session=True,
    ),
    Operation("PullInstancesWithPath", (_CONTEXT, _PULL_COUNT), pull.pull_instances_with_path, session=True),
    Operation("PullInstancePaths", (_CONTEXT, _PULL_COUNT), pull.pull_instance_paths, session=True),
    Operation("PullInstances", (_CONTEXT, _PULL_COUNT), pull.pull_instances, session=True),
    Operation("CloseEnumeration", (_CONTEXT,), pull.close_enumeration, session=True),
    Operation("EnumerationCount", (_CONTEXT,), pull.enumeration_count, session=True),
)

OPERATIONS: Final[dict[str, Operation]] = {fold(operation.name): operation for operation in _DECLARED}
"""Every operation that this CIMOM carries out, by folded name."""
