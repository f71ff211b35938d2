"""Instances named as WMI names them: by some of their keys, in any spelling, or by none where there is only one.

A request of WS-Management carries such a ``Selection`` where one of CIM-XML carries an instance path. It becomes the path of
the one instance that fits before the operation is carried out (rules WM-P-2 to WM-P-4).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from pywbem import CIM_ERR_INVALID_PARAMETER, CIMError

from cimsim.operations.request import (
    Argument,
    ClassName,
    ExtrinsicRequest,
    IntrinsicRequest,
    NamedInstance,
    SelectedInstance,
    Selection,
)
from cimsim.world.convert import InstanceData, Repeated
from cimsim.world.errors import not_found
from cimsim.world.instances import Instance
from cimsim.world.names import did_you_mean, fold, nearest
from cimsim.world.paths import InstancePath
from cimsim.world.schema import ResolvedClass
from cimsim.world.values import DateTime, SchemaText, convert_scalar
from cimsim.world.world import Namespace, World

_MAX_NAMED: Final = 3
_MAX_COMPARED: Final = 50
"""Instances among whose keys the nearest is looked for: some 3 ms."""


class SelectionError(CIMError):  # type: ignore[misc] # pywbem has no type information
    """The keys fit no instance or several, or are not keys (``unexpected``); CIM_ERR_INVALID_PARAMETER to other protocols."""

    def __init__(self, text: str, *, unexpected: bool = False) -> None:
        super().__init__(CIM_ERR_INVALID_PARAMETER, text)
        self.unexpected = unexpected


_R = TypeVar("_R", IntrinsicRequest, ExtrinsicRequest)


def resolved(request: _R, world: World, namespace: Namespace) -> _R:
    """Return the request with a path in place of every selection.

    The selection that an operation or a method is for must fit exactly one instance; one among the values of arguments that
    fits none becomes the path that it writes, for the operation to judge.

    Raises:
        CIMError: CIM_ERR_INVALID_NAMESPACE, CIM_ERR_INVALID_CLASS, CIM_ERR_NOT_FOUND.
        SelectionError: keys that are not keys of the class, or do not say which instance is meant.
    """
    if isinstance(request, ExtrinsicRequest):
        target: Any = request.target
        if isinstance(target, Selection):
            target = _target(target, request.name, world, namespace)
        return request._replace(target=target, arguments=_values(request.arguments, world, namespace))
    if len(request.arguments) == 1 and type(request.arguments[0].value) is Selection:
        (argument,) = request.arguments
        subject = Argument(argument.name, select(argument.value, world, namespace).located, argument.type)
        return IntrinsicRequest(request.name, request.namespace, (subject,), False, request.room)
    return request._replace(arguments=_values(request.arguments, world, namespace, subject=True))


def _values(
    arguments: Sequence[Argument], world: World, namespace: Namespace, *, subject: bool = False
) -> tuple[Argument, ...]:
    return tuple(argument._replace(value=_value(argument.value, world, namespace, subject=subject)) for argument in arguments)


def _value(value: Any, world: World, namespace: Namespace, *, subject: bool = False) -> Any:
    match value:
        case Selection():
            try:
                return select(value, world, namespace).located
            except CIMError:
                if subject:
                    raise
                return _as_written(value)
        case SelectedInstance(selection, instance):
            return NamedInstance(select(selection, world, namespace).located, _value(instance, world, namespace))
        case InstanceData():
            properties = [each._replace(value=_value(each.value, world, namespace)) for each in value.properties]
            return InstanceData(value.classname, tuple(properties))
        case Repeated():
            return Repeated(_value(item, world, namespace) for item in value)
        case list():
            return [_value(item, world, namespace) for item in value]
    return value


def _as_written(selection: Selection) -> InstancePath:
    keys = tuple(
        (name, _as_written(value) if isinstance(value, Selection) else SchemaText(value)) for name, value in selection.keys
    )
    return InstancePath(selection.classname, keys, selection.namespace)


def _target(selection: Selection, method: str, world: World, namespace: Namespace) -> InstancePath | ClassName:
    """Return what a method is called on: a static method, called without keys, on the class."""
    here = world.namespace(selection.namespace) if selection.namespace else namespace
    cls = here.schema.get(selection.classname)
    declared = cls.methods.get(fold(method)) if cls is not None else None
    if cls is not None and declared is not None and declared.static and not selection.keys:
        return ClassName(cls.name)
    return select(selection, world, namespace).located


def select(selection: Selection, world: World, namespace: Namespace) -> Instance:
    """Return the instance that a selection names, relative to ``namespace``; raises as ``resolved``."""
    here = world.namespace(selection.namespace) if selection.namespace else namespace
    cls = here.cls(selection.classname)
    found = _exactly(selection, cls, world, here)
    if found is not None:
        return found
    keys = dict(_by_place(selection, cls))
    for texts in (keys, {place: _unquoted(text) for place, text in keys.items()}):
        fitting = list(_fitting(here.instances_of(cls), texts, world, here))
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            shown = ", ".join(str(each.path) for each in fitting[:_MAX_NAMED])
            raise SelectionError(f"{len(fitting)} instances of {cls.name} fit {_shown(selection)}, such as {shown}")
    text = f"no instance of {cls.name} in {here.name} fits {_shown(selection)}{_nearest(keys, cls, here)}"
    raise not_found(text) if keys.keys() == set(cls.keys) else SelectionError(text)


def _nearest(keys: "dict[int, str | Selection]", cls: ResolvedClass, namespace: Namespace) -> str:
    """Return the ending of an error text: the nearest value of a key that no instance has, where there are few instances."""
    instances = namespace.instances_of(cls)
    if len(instances) > _MAX_COMPARED:
        return ""
    for place, text in keys.items():
        values = dict.fromkeys([each.values[place] for each in instances])
        if not isinstance(text, str) or not all(isinstance(value, str) and value for value in values):
            continue
        match = nearest(text, values) if text.lower() not in {value.lower() for value in values} else None
        if match is not None:
            return f"; did you mean {cls.properties[place].name}={match!r}?"
    return ""


def _by_place(selection: Selection, cls: ResolvedClass) -> Iterator[tuple[int, "str | Selection"]]:
    given: set[int] = set()
    for name, value in selection.keys:
        place = cls.index.get(fold(name))
        if place is None or place not in cls.keys:
            names = [cls.properties[place].name for place in cls.keys]
            hint = did_you_mean(name, names) or f"; its keys are {', '.join(names)}"
            raise SelectionError(f"class {cls.name} has no key {name}{hint}", unexpected=True)
        if place in given:
            raise SelectionError(f"selector {name} of class {cls.name} appears twice", unexpected=True)
        given.add(place)
        yield place, value


def _exactly(selection: Selection, cls: ResolvedClass, world: World, namespace: Namespace) -> Instance | None:
    """Return the instance whose keys are spelt just so, which needs no search."""
    given = {fold(name): value for name, value in selection.keys}
    if given.keys() != cls.key_names or len(given) != len(selection.keys):
        return None
    if all(cls.properties[place].type == "string" for place in cls.key_order):
        # A canonical key has its values in the order of the folded names.
        return namespace.find(cls.folded, tuple([given[name] for name in sorted(given)]))
    try:
        return world.instance(replace(_as_written(selection), namespace=None), namespace)
    except CIMError:
        return None


def _fitting(
    instances: Sequence[Instance], keys: dict[int, "str | Selection"], world: World, namespace: Namespace
) -> Iterator[Instance]:
    wanted = [(place, value.lower() if isinstance(value, str) else value) for place, value in keys.items()]
    for instance in instances:
        if all(_fits(instance, place, value, world, namespace) for place, value in wanted):
            yield instance


def _fits(instance: Instance, place: int, wanted: "str | Selection", world: World, namespace: Namespace) -> bool:
    stored = instance.values[place]
    if isinstance(wanted, Selection):
        return isinstance(stored, InstancePath) and _names(wanted, stored, world, namespace)
    if isinstance(stored, str) and not isinstance(stored, DateTime):
        return stored.lower() == wanted
    try:
        return bool(convert_scalar(SchemaText(wanted), instance.cls.properties[place].type) == stored)
    except (KeyError, ValueError):
        return False


def _names(selection: Selection, path: InstancePath, world: World, namespace: Namespace) -> bool:
    """Whether a selection names the instance of a path."""
    try:
        return select(selection, world, namespace).identity == path.identity
    except CIMError:
        return False


def _unquoted(value: "str | Selection") -> "str | Selection":
    """Return the text without one pair of quotation marks around it, which libvirt writes (rule WM-P-4)."""
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"':
        return value[1:-1]
    return value


def _shown(selection: Selection) -> str:
    if not selection.keys:
        return "a request without selectors"
    return ", ".join(f"{name}={value!r}" if isinstance(value, str) else f"{name}=..." for name, value in selection.keys)
