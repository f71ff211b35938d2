"""Instances named as WMI names them: by some of their keys, in any spelling, or by none where there is only one.

A request of WS-Management carries such a ``Selection`` where one of CIM-XML carries an instance path. It becomes the path of
the one instance that fits before the operation is carried out (rules WM-P-2 to WM-P-4).

Keys that are written just as they are stored need no search. All others are compared with those of every instance of the
class, in slices, so that others are answered meanwhile; how many are compared for one request is bounded (rule SEC6).
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from msgspec import structs
from pywbem import CIM_ERR_INVALID_PARAMETER, CIM_ERR_SERVER_LIMITS_EXCEEDED, CIMError

from cimsim.operations.pending import Pending, completed, working
from cimsim.operations.request import (
    Argument,
    ClassName,
    ExtrinsicRequest,
    IntrinsicRequest,
    NamedInstance,
    Request,
    SelectedInstance,
    Selection,
)
from cimsim.world.convert import InstanceData, Repeated
from cimsim.world.errors import not_found, server_limits_exceeded
from cimsim.world.instances import Instance
from cimsim.world.names import did_you_mean, fold, nearest
from cimsim.world.paths import Identity, InstancePath
from cimsim.world.schema import ResolvedClass
from cimsim.world.values import SchemaText, convert_scalar
from cimsim.world.world import Namespace, World

_MAX_NAMED: Final = 3
_SLICE: Final = 5_000
"""Comparisons of a key after which others are answered; each takes some 0.2 us."""
_IN_ALL: Final = 20_000_000
"""Comparisons for one request."""
_TEXTS: Final = frozenset({"string", "char16"})
_MAX_COMPARED: Final = 50
"""Instances among whose keys the nearest is looked for: some 3 ms."""


class SelectionError(CIMError):  # type: ignore[misc] # pywbem has no type information
    """The keys fit no instance or several, or are not keys (``unexpected``); CIM_ERR_INVALID_PARAMETER to other protocols."""

    def __init__(self, text: str, *, unexpected: bool = False) -> None:
        super().__init__(CIM_ERR_INVALID_PARAMETER, text)
        self.unexpected = unexpected


_R = TypeVar("_R", IntrinsicRequest, ExtrinsicRequest)
_T = TypeVar("_T")
_Steps = Generator[None, None, _T]
"""Yields now and then, and returns what it comes to."""


class _Work:
    """Counts the comparisons for one request."""

    def __init__(self) -> None:
        self._left = _IN_ALL
        self._spent = 0

    def spend(self, comparisons: int) -> bool:
        """Count comparisons; return whether it is time to answer others.

        Raises:
            CIMError: CIM_ERR_SERVER_LIMITS_EXCEEDED, when no more are left.
        """
        self._left -= comparisons
        if self._left < 0:
            text = "too many references of this request do not name their instances by keys as they are stored, among too many"
            raise server_limits_exceeded(f"too much work: {text}")
        self._spent += comparisons
        if self._spent <= _SLICE:
            return False
        self._spent = 0
        return True


def located_at_once(request: Request, world: World, namespace: Namespace) -> Request | None:
    """Return the request as ``located`` does, if no more is to be found than one instance whose keys are spelt just so."""
    if isinstance(request, ExtrinsicRequest):
        target: Any = request.target
        if not all(_is_plain(argument.value) for argument in request.arguments):
            return None
        if isinstance(target, Selection):
            target = _path_at_once(target, world, namespace)
            if target is None:
                return None
        return structs.replace(request, target=target, located=True)
    if len(request.arguments) == 1 and type(request.arguments[0].value) is Selection:
        (argument,) = request.arguments
        path = _path_at_once(argument.value, world, namespace)
        if path is None:
            return None
        subject = Argument(argument.name, path, argument.type)
        return IntrinsicRequest(request.name, request.namespace, (subject,), request.selects, request.room, True)
    if all(_is_plain(argument.value) for argument in request.arguments):
        return structs.replace(request, located=True)
    return None


def _path_at_once(selection: Selection, world: World, namespace: Namespace) -> InstancePath | None:
    """Return the path of the instance whose keys are spelt just so, if there is one."""
    if selection.namespace is None:
        # Keys are mostly strings under their declared names: the path that the selection reads as is looked up as fast again.
        cls = namespace.schema.get(selection.classname)
        names = cls.text_keys if cls is not None else None
        if cls is not None and names is not None and len(selection.keys) == len(names):
            given = dict(selection.keys)
            try:
                key = tuple([given[name] for name in names])
            except KeyError:
                pass
            else:
                if namespace.find(cls.folded, key) is not None:
                    return InstancePath(cls.name, selection.keys)
    found = exactly(selection, world, namespace)
    return None if found is None else found.located


def _is_plain(value: Any) -> bool:
    """Whether a value is one in which there cannot be a selection."""
    if isinstance(value, list | Repeated):
        return all(item is None or isinstance(item, str) for item in value)
    return value is None or isinstance(value, str | int)


def located(request: Request, world: World, namespace: Namespace) -> Request | Pending[Request]:
    """Return the request with a path in place of every selection, or what is left to do for that.

    The selection that an operation or a method is for must fit exactly one instance: if it does not, the request says so in
    ``unlocated``. One among the values of arguments that fits none becomes the path that it writes, for the operation to judge.
    """
    if isinstance(request, ExtrinsicRequest):
        return working(_located(request, world, namespace))
    return working(_located(request, world, namespace))


def resolved(request: _R, world: World, namespace: Namespace) -> _R:
    """Return the request with a path in place of every selection, at a stretch where it is not located yet.

    Raises:
        CIMError: CIM_ERR_INVALID_NAMESPACE, CIM_ERR_INVALID_CLASS, CIM_ERR_NOT_FOUND, CIM_ERR_SERVER_LIMITS_EXCEEDED.
        SelectionError: keys that are not keys of the class, or do not say which instance is meant.
    """
    found = request if request.located else completed(_located(request, world, namespace))
    if found.unlocated is not None:
        raise found.unlocated
    return found


def _located(request: _R, world: World, namespace: Namespace) -> _Steps[_R]:
    work = _Work()
    try:
        if isinstance(request, ExtrinsicRequest):
            target: Any = request.target
            if isinstance(target, Selection):
                target = yield from _target(target, request.name, world, namespace, work)
            arguments = yield from _arguments(request.arguments, world, namespace, work, subject=False)
            return structs.replace(request, target=target, arguments=arguments, located=True)
        arguments = yield from _arguments(request.arguments, world, namespace, work, subject=True)
        return structs.replace(request, arguments=arguments, located=True)
    except CIMError as error:
        return structs.replace(request, located=True, unlocated=error)


def _arguments(
    arguments: Sequence[Argument], world: World, namespace: Namespace, work: _Work, *, subject: bool
) -> _Steps[tuple[Argument, ...]]:
    found = []
    for argument in arguments:
        value = yield from _value(argument.value, world, namespace, work, subject=subject)
        found.append(structs.replace(argument, value=value))
    return tuple(found)


def _value(value: Any, world: World, namespace: Namespace, work: _Work, *, subject: bool = False) -> _Steps[Any]:
    match value:
        case Selection():
            try:
                instance = yield from _selecting(value, world, namespace, work)
            except CIMError as error:
                if subject or error.status_code == CIM_ERR_SERVER_LIMITS_EXCEEDED:
                    raise
                return _as_written(value)
            return instance.located
        case SelectedInstance(selection, given):
            instance = yield from _selecting(selection, world, namespace, work)
            data = yield from _value(given, world, namespace, work)
            return NamedInstance(instance.located, data)
        case InstanceData():
            properties = []
            for each in value.properties:
                found = yield from _value(each.value, world, namespace, work)
                properties.append(structs.replace(each, value=found))
            return InstanceData(value.classname, tuple(properties))
        case Repeated() | list():
            items = []
            for item in value:
                found = yield from _value(item, world, namespace, work)
                items.append(found)
            return Repeated(items) if isinstance(value, Repeated) else items
    return value


def _as_written(selection: Selection) -> InstancePath:
    keys = tuple(
        (name, _as_written(value) if isinstance(value, Selection) else SchemaText(value)) for name, value in selection.keys
    )
    return InstancePath(selection.classname, keys, selection.namespace)


def _target(
    selection: Selection, method: str, world: World, namespace: Namespace, work: _Work
) -> _Steps[InstancePath | ClassName]:
    """Return what a method is called on: a static method, called without keys, on the class."""
    here = world.namespace(selection.namespace) if selection.namespace else namespace
    cls = here.schema.get(selection.classname)
    declared = cls.methods.get(fold(method)) if cls is not None else None
    if cls is not None and declared is not None and declared.static and not selection.keys:
        return ClassName(cls.name)
    instance = yield from _selecting(selection, world, namespace, work)
    return instance.located


def select(selection: Selection, world: World, namespace: Namespace) -> Instance:
    """Return the instance that a selection names, relative to ``namespace``, at a stretch; raises as ``resolved``."""
    return completed(_selecting(selection, world, namespace, _Work()))


def exactly(selection: Selection, world: World, namespace: Namespace) -> Instance | None:
    """Return the instance whose keys, all of them, are spelt just so, which needs no search; None: there is none."""
    try:
        here = world.namespace(selection.namespace) if selection.namespace else namespace
        return _exactly(selection, here.cls(selection.classname), world, here)
    except CIMError:
        return None


def _selecting(selection: Selection, world: World, namespace: Namespace, work: _Work) -> _Steps[Instance]:
    here = world.namespace(selection.namespace) if selection.namespace else namespace
    cls = here.cls(selection.classname)
    found = _exactly(selection, cls, world, here)
    if found is not None:
        return found
    keys = dict(_by_place(selection, cls))
    bare = {place: _unquoted(text) for place, text in keys.items()}
    for texts in (keys, bare) if bare != keys else (keys,):
        tests = yield from _tests(cls, texts, world, here, work)
        fitting = yield from _fitting(here.instances_of(cls), tests, work)
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


_Test = Callable[[Instance], bool]


def _fitting(instances: Sequence[Instance], tests: Sequence[_Test], work: _Work) -> _Steps[list[Instance]]:
    """Return the instances that pass all tests."""
    found: list[Instance] = []
    for start in range(0, len(instances), _SLICE):
        part = instances[start : start + _SLICE]
        for test in tests:
            if work.spend(len(part)):
                yield
            part = [each for each in part if test(each)]
        found += part
    return found


def _tests(
    cls: ResolvedClass, keys: dict[int, "str | Selection"], world: World, namespace: Namespace, work: _Work
) -> _Steps[list[_Test]]:
    """Return what an instance must pass for its keys to be these."""
    tests = []
    for place, wanted in keys.items():
        if isinstance(wanted, Selection):
            try:
                instance = yield from _selecting(wanted, world, namespace, work)
            except CIMError as error:
                if error.status_code == CIM_ERR_SERVER_LIMITS_EXCEEDED:
                    raise
                return [_never]
            tests.append(_refers_to(place, instance.identity))
        elif cls.properties[place].type in _TEXTS:
            tests.append(_has_text(place, wanted.lower()))
        else:
            try:
                tests.append(_has_value(place, convert_scalar(SchemaText(wanted.lower()), cls.properties[place].type)))
            except (KeyError, ValueError):
                return [_never]
    return tests


def _never(instance: Instance) -> bool:
    return False


def _refers_to(place: int, identity: Identity) -> _Test:
    def test(instance: Instance) -> bool:
        stored = instance.values[place]
        return isinstance(stored, InstancePath) and stored.identity == identity

    return test


def _has_text(place: int, wanted: str) -> _Test:
    def test(instance: Instance) -> bool:
        stored = instance.values[place]
        return stored is not None and stored.lower() == wanted

    return test


def _has_value(place: int, wanted: Any) -> _Test:
    return lambda instance: bool(instance.values[place] == wanted)


def _unquoted(value: "str | Selection") -> "str | Selection":
    """Return the text without one pair of quotation marks around it, which libvirt writes (rule WM-P-4)."""
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"':
        return value[1:-1]
    return value


def _shown(selection: Selection) -> str:
    if not selection.keys:
        return "a request without selectors"
    return ", ".join(f"{name}={value!r}" if isinstance(value, str) else f"{name}=..." for name, value in selection.keys)
