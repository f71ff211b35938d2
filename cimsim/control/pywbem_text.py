"""A request as a program that calls the same with pywbem."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pywbem import CIMClass, CIMError, CIMInstance, CIMQualifierDeclaration, WBEMConnection

from cimsim.operations.operation import SessionUse
from cimsim.operations.parameters import ParameterKind
from cimsim.operations.request import (
    Argument,
    ClassName,
    ExtrinsicRequest,
    NamedInstance,
    Request,
    SelectedInstance,
    Selection,
)
from cimsim.operations.selection import select
from cimsim.operations.table import OPERATIONS
from cimsim.world.convert import InstanceData, Repeated
from cimsim.world.names import fold, fold_namespace
from cimsim.world.paths import ClassPath, InstancePath
from cimsim.world.schema import Parameter, Property, ResolvedClass
from cimsim.world.values import REAL_TYPES, Hinted, Malformed
from cimsim.world.world import World

_NAMESPACED: Final = frozenset({"ClassName", "NewInstance", "QualifierName"})
"""Parameters of pywbem that do not say in which namespace, so that the default one of the connection counts."""

_TYPES: Final = {ParameterKind.UINT32: "uint32", ParameterKind.BOOLEAN: "boolean"}


class _NotWrittenError(Exception):
    """A value that no program has; the text says which."""


def as_pywbem(requests: Iterable[Request], world: World, url: str, user: str | None) -> str:
    """Return a program that sends requests with pywbem.

    Args:
        requests: as the CIMOM had them.
        world: knows the types of values.
        url: of the server.
        user: who asked, None: nobody in particular. The program asks for the password.
    """
    lines = ["import pywbem", ""]
    calls: list[str] = []
    namespace = None
    for request in requests:
        namespace = namespace or request.namespace
        try:
            calls.append(_call(request, world, namespace))
        except _NotWrittenError as error:
            calls.append(f"# {request.name}: {error}")
    if not calls:
        return ""
    given = [repr(url)]
    if user is not None:
        lines.insert(0, "import getpass")
        given.append(f"({user!r}, getpass.getpass())")
    given.append(f"default_namespace={namespace!r}")
    if url.startswith("https:"):
        given.append("no_verification=True")
    lines += [f"conn = pywbem.WBEMConnection({', '.join(given)})", *calls]
    return "\n".join(lines) + "\n"


def _call(request: Request, world: World, namespace: str) -> str:
    if isinstance(request, ExtrinsicRequest):
        return _invocation(request, world)
    operation = OPERATIONS.get(fold(request.name))
    if operation is None or not hasattr(WBEMConnection, operation.name):
        raise _NotWrittenError("pywbem has no method for it")
    declared = {fold(each.name): each for each in operation.parameters}
    given = []
    for argument in request.arguments:
        parameter = declared.get(fold(argument.name))
        name, cim_type = (parameter.name, _TYPES.get(parameter.kind)) if parameter is not None else (argument.name, None)
        if operation.session is SessionUse.PULL and name == "EnumerationContext":
            given.append(f"context=({str(argument.value)!r}, {request.namespace!r})")
            continue
        if argument.value is not None and cim_type is not None:
            given.append(f"{name}={_scalar(argument.value, cim_type)}")
        elif argument.value is not None:
            given.append(f"{name}={_value(argument.value, request.namespace, world, None)}")
    if fold_namespace(namespace) != fold_namespace(request.namespace) and any(
        each.partition("=")[0] in _NAMESPACED for each in given
    ):
        given.append(f"namespace={request.namespace!r}")
    return f"print(conn.{operation.name}({', '.join(given)}))"


def _invocation(request: ExtrinsicRequest, world: World) -> str:
    target = request.target
    classname = target if isinstance(target, ClassName) else target.classname
    cls = _class(world, request.namespace, str(classname))
    method = None if cls is None else cls.methods.get(fold(request.name))
    given = [repr(request.name)]
    if isinstance(target, ClassName):
        given.append(f"pywbem.CIMClassName({str(target)!r}, namespace={request.namespace!r})")
    else:
        given.append(_value(target, request.namespace, world, None))
    parameters = [
        _parameter(argument, None if method is None else method.parameters.get(fold(argument.name)), request.namespace, world)
        for argument in request.arguments
    ]
    if parameters:
        given.append(f"Params=[{', '.join(parameters)}]")
    return f"print(conn.InvokeMethod({', '.join(given)}))"


def _parameter(argument: Argument, declared: Parameter | None, namespace: str, world: World) -> str:
    embedded = declared.embedded if declared is not None else None
    cim_type = declared.type if declared is not None else argument.type or "string"
    array = declared.is_array if declared is not None else isinstance(argument.value, list)
    extra = f", embedded_object={embedded!r}" if embedded else ""
    value = _value(argument.value, namespace, world, declared)
    return f"pywbem.CIMParameter({argument.name!r}, {cim_type!r}, is_array={array}, value={value}{extra})"


def _value(value: Any, namespace: str, world: World, element: Property | Parameter | None) -> str:
    match value:
        case None:
            return "None"
        case Repeated() if element is not None and not element.is_array and len(value) == 1:
            return _value(value[0], namespace, world, element)
        case list():
            return f"[{', '.join(_value(item, namespace, world, element) for item in value)}]"
        case ClassName():
            return repr(str(value))
        case InstancePath():
            return _path(value.classname, dict(value.keys), value.namespace or namespace, world)
        case Selection():
            return _selected(value, namespace, world)
        case NamedInstance():
            return _instance(value.instance, namespace, world, _value(value.path, namespace, world, None))
        case SelectedInstance():
            return _instance(value.instance, namespace, world, _value(value.selection, namespace, world, None))
        case InstanceData():
            return _instance(value, namespace, world, None)
        case CIMInstance():
            return _instance(InstanceData.of(value), namespace, world, None)
        case Malformed():
            raise _NotWrittenError(value.reason)
        case CIMClass() | CIMQualifierDeclaration() | ClassPath():
            raise _NotWrittenError("a program would need the declaration, which is in the body of the request")
    return _scalar(value, None if element is None else element.type)


def _scalar(value: Any, cim_type: str | None) -> str:
    if isinstance(value, str):
        text = str(value)
        hint = value.hint if isinstance(value, Hinted) else cim_type
        if hint == "boolean" and text.strip().lower() in {"true", "false"}:
            return text.strip().capitalize()
        if hint is not None and (hint == "numeric" or "int" in hint or hint in REAL_TYPES):
            return _number(text)
        return repr(text)
    if isinstance(value, bool):
        return repr(bool(value))
    if isinstance(value, int):
        return repr(int(value))
    return repr(float(value)) if isinstance(value, float) else repr(str(value))


def _number(text: str) -> str:
    for read in (int, float):
        try:
            return repr(read(text))
        except ValueError:
            continue
    return repr(text)


def _path(classname: str, keys: Mapping[str, Any], namespace: str, world: World) -> str:
    cls = _class(world, namespace, classname)
    bindings = []
    for name, value in keys.items():
        prop = cls.find(name) if cls is not None and name else None
        if not name and cls is not None and len(cls.keys) == 1:
            prop = cls.properties[cls.keys[0]]
        key = name or (prop.name if prop is not None else "")
        bindings.append(f"{key!r}: {_value(value, namespace, world, prop)}")
    return f"pywbem.CIMInstanceName({str(classname)!r}, {{{', '.join(bindings)}}}, namespace={namespace!r})"


def _selected(selection: Selection, namespace: str, world: World) -> str:
    """Return the path of the instance that is selected, with all its keys, if there is one."""
    place = world.namespaces.get(fold_namespace(selection.namespace or namespace))
    try:
        found = None if place is None else select(selection, world, place)
    except CIMError:
        found = None
    if found is not None:
        return _value(found.path, namespace, world, None)
    return _path(selection.classname, dict(selection.keys), selection.namespace or namespace, world)


def _instance(data: InstanceData, namespace: str, world: World, path: str | None) -> str:
    cls = _class(world, namespace, data.classname)
    properties = []
    for each in data.properties:
        declared = cls.find(each.name) if cls is not None else None
        cim_type = each.type or (declared.type if declared is not None else "string")
        array = declared.is_array if each.type is None and declared is not None else each.is_array
        embedded = each.embedded or (declared.embedded if declared is not None else None)
        extra = f", embedded_object={embedded!r}" if embedded else ""
        element = declared if declared is not None and declared.type == cim_type else None
        value = _value(each.value, namespace, world, element)
        properties.append(f"pywbem.CIMProperty({each.name!r}, {value}, type={cim_type!r}, is_array={array}{extra})")
    located = "" if path is None else f", path={path}"
    return f"pywbem.CIMInstance({data.classname!r}, properties=[{', '.join(properties)}]{located})"


def _class(world: World, namespace: str, classname: str) -> ResolvedClass | None:
    found = world.namespaces.get(fold_namespace(namespace))
    return None if found is None else found.schema.get(classname)
