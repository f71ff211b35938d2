"""What a CIMOM does wrong on purpose: rules that say which requests they are for and what happens then.

A rule is data: Python, TOML scenarios and the control API write it with the same words, one for each condition and one for each
action, and ``parse_rule`` reads all of them. What acts on CIM (an error, a return value, an expired context) the CIMOM does
itself; what acts on bytes and time is handed to the data plane with the answer. Nothing here waits: a delay is a timer
elsewhere.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from http import HTTPStatus
from typing import Any, Final

from pywbem import CIMError

from cimsim.operations.request import (
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
from cimsim.world.instances import Instance
from cimsim.world.names import fold, fold_namespace, nearest
from cimsim.world.paths import InstancePath
from cimsim.world.world import Namespace, World

PROTOCOLS: Final = ("cim-xml", "ws-man")
RESETS: Final = ("before", "within", "after")
INDICATIONS: Final = ("lost", "duplicated", "reordered", "delayed")
CIM_ERRORS: Final[Mapping[str, int]] = {
    "failed": 1,
    "access_denied": 2,
    "invalid_namespace": 3,
    "invalid_parameter": 4,
    "invalid_class": 5,
    "not_found": 6,
    "not_supported": 7,
    "class_has_children": 8,
    "class_has_instances": 9,
    "invalid_superclass": 10,
    "already_exists": 11,
    "no_such_property": 12,
    "type_mismatch": 13,
    "query_language_not_supported": 14,
    "invalid_query": 15,
    "method_not_available": 16,
    "method_not_found": 17,
    "namespace_not_empty": 20,
    "invalid_enumeration_context": 21,
    "invalid_operation_timeout": 22,
    "pull_has_been_abandoned": 23,
    "pull_cannot_be_abandoned": 24,
    "filtered_enumeration_not_supported": 25,
    "continuation_on_error_not_supported": 26,
    "server_limits_exceeded": 27,
    "server_is_shutting_down": 28,
    "query_feature_not_supported": 29,
}
"""CIM status codes by the names that rules may use, those of pywbem without ``CIM_ERR_``."""

_HTTP_ERRORS: Final = tuple(each.value for each in HTTPStatus if each.value >= HTTPStatus.BAD_REQUEST)
_DURATION: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s)?\s*(clock)?\s*")
_MAX_DURATION: Final = 50
"""How many characters the text of a duration has at most: the pattern is slow on long ones."""
_MAX_CODE: Final = 2**32
_MAX_SECONDS: Final = 86_400.0


class RuleError(ValueError):
    """A rule is wrong: the text names the field, what it may be, and the nearest that exists.

    Attributes:
        field: the word that is wrong, empty if it is the rule as a whole.
        nearest: what exists and was probably meant, None if nothing is close enough.
    """

    def __init__(self, field_name: str, text: str, nearest: str | None = None) -> None:
        super().__init__(f"{field_name}: {text}" if field_name else text)
        self.field = field_name
        self.nearest = nearest


def _unknown(word: str, text: str, name: str, known: Iterable[str], *, listed: bool = True) -> RuleError:
    """Return the error about a name that does not exist: with the nearest, or else with those that do if they are few."""
    names = list(known)
    match = nearest(name, names)
    rest = f"; did you mean {match}?" if match else _listed(names) if listed else ""
    return RuleError(word, text + rest, match)


@dataclass(frozen=True, slots=True)
class CimFault:
    """A CIM error: status code, description, and properties of CIM_Error instances that come with it."""

    code: int
    description: str
    instances: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Returned:
    """What a method returns instead of being carried out: its return value and output parameters by name."""

    value: Any
    outputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HttpFault:
    """An HTTP status instead of an answer, with a CIMError header or without (None)."""

    status: int
    cim_error: str | None = None


@dataclass(frozen=True, slots=True)
class Delay:
    """How long an answer waits.

    Attributes:
        kind: ``fixed``, ``uniform`` or ``normal``.
        first, second: seconds; or the least and the most; or mean and standard deviation.
        clock: it is the CIMOM's clock that must advance, not the time of the computer.
    """

    kind: str
    first: float
    second: float = 0.0
    clock: bool = False

    def seconds(self, random: Callable[[], float]) -> float:
        """Return the length of one delay; ``random`` returns a number from 0 to 1."""
        if self.kind == "uniform":
            return self.first + (self.second - self.first) * random()
        if self.kind == "normal":
            # The sum of twelve even numbers is close enough to a normal distribution.
            return max(0.0, self.first + self.second * (sum(random() for _ in range(12)) - 6.0))
        return self.first


@dataclass(frozen=True, slots=True)
class FaultRule:
    """One rule: conditions, all of which must hold; the position among the requests that meet them; actions.

    A condition that is None or empty holds always. Names compare without regard to case.

    Attributes:
        operation: an operation of DSP0200, such as ``GetInstance``.
        namespace: of the request.
        classname: of the target, or a superclass of it.
        where: values of keys and properties of the target: what the request names, and what the instance has if it is there.
        method: an extrinsic method.
        parameters: values of parameters of the request.
        user: who asks.
        protocol: ``cim-xml`` or ``ws-man``.
        skip: how many requests pass first.
        times: how many are acted on; None: all.
        every: only each so-manieth of them.
        probability: with which each of them is acted on, by the seed of the CIMOM.
        error, returns, expire: what the CIMOM does: a CIM error; what a method returns; the enumeration context has expired.
        http, delay, trickle, reset, truncate, malformed, length, stale, tls: what happens to the answer on its way: an HTTP
        status;
            a delay; bytes a second; a reset connection; bytes after which it ends; a body that is not well-formed; a
            Content-Length that is so much off; a connection closed after the answer although it was said to stay open; a
            refused TLS handshake.
        indication: what becomes of the indications that the request causes: ``lost``, ``duplicated``, ``reordered`` (each comes
            after the next one that no rule touches), or ``delayed``, for which the delay is then.
    """

    operation: str | None = None
    namespace: str | None = None
    classname: str | None = None
    where: Mapping[str, Any] = field(default_factory=dict)
    method: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    user: str | None = None
    protocol: str | None = None
    skip: int = 0
    times: int | None = None
    every: int = 1
    probability: float = 1.0
    error: CimFault | None = None
    returns: Returned | None = None
    expire: bool = False
    http: HttpFault | None = None
    delay: Delay | None = None
    trickle: int | None = None
    reset: str | None = None
    truncate: int | None = None
    malformed: bool = False
    length: int | None = None
    stale: bool = False
    tls: bool = False
    indication: str | None = None

    def fits(self, request: Request, user: str | None, protocol: str, world: World) -> bool:
        """Return whether the conditions hold for a request; its position is not looked at."""
        if self.operation is not None and (isinstance(request, ExtrinsicRequest) or fold(request.name) != fold(self.operation)):
            return False
        if self.method is not None and (not isinstance(request, ExtrinsicRequest) or fold(request.name) != fold(self.method)):
            return False
        if self.protocol is not None and protocol != self.protocol:
            return False
        if self.user is not None and user != self.user:
            return False
        if self.namespace is not None and fold_namespace(request.namespace) != fold_namespace(self.namespace):
            return False
        if self.parameters and not _has_parameters(request, self.parameters):
            return False
        return (self.classname is None and not self.where) or self._fits_target(request, world)

    def _fits_target(self, request: Request, world: World) -> bool:
        namespace = world.namespaces.get(fold_namespace(request.namespace))
        for target in _targets(request):
            classname, given = _named(target)
            if self.classname is not None and not _is_a(namespace, classname, self.classname):
                continue
            if not self.where or _has_values(_values_of(target, given, namespace, world), self.where):
                return True
        return False

    def shown(self) -> dict[str, Any]:
        """Return what the rule says, as ``parse_rule`` takes it, without what it leaves open."""
        result: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if value == each.default or value in ({}, None):
                continue
            result[each.name] = _plain(value)
        return result


def _plain(value: Any) -> Any:
    match value:
        case CimFault(code, description, instances):
            return [code, description, *([list(map(dict, instances))] if instances else [])]
        case Returned(returned, outputs):
            return [returned, dict(outputs)] if outputs else returned
        case HttpFault(status, cim_error):
            return status if cim_error is None else [status, cim_error]
        case Delay():
            suffix = " clock" if value.clock else ""
            if value.kind == "fixed":
                return f"{value.first:g}s{suffix}"
            return [value.kind, f"{value.first:g}s{suffix}", f"{value.second:g}s{suffix}"]
        case Mapping():
            return dict(value)
    return value


class Fault:
    """A rule that is in force, and how often it was met and acted.

    Attributes:
        number: by which it is named.
        rule: what it says.
        matched: how many requests met its conditions.
        hits: how many it acted on.
    """

    def __init__(self, number: int, rule: FaultRule, remove: Callable[[int], object]) -> None:
        self.number = number
        self.rule = rule
        self.matched = 0
        self.hits = 0
        self._remove = remove

    def remove(self) -> None:
        """Take the rule out of force; does nothing if it is not any more."""
        self._remove(self.number)

    def acts(self, random: Callable[[], float]) -> bool:
        """Count a request that meets the conditions; return whether the rule acts on it."""
        rule = self.rule
        place = self.matched - rule.skip
        self.matched += 1
        if place < 0 or place % rule.every or (rule.times is not None and self.hits >= rule.times):
            return False
        if rule.probability < 1.0 and random() >= rule.probability:
            return False
        self.hits += 1
        return True


class FaultRules:
    """The rules of one CIMOM, in the order in which they were added; the first that acts on a request wins.

    Args:
        random: returns numbers from 0 to 1, the same ones for the same seed.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._faults: dict[int, Fault] = {}
        self._last = 0

    def __len__(self) -> int:
        return len(self._faults)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults.values())

    def add(self, rule: FaultRule) -> Fault:
        """Put a rule into force."""
        self._last += 1
        fault = Fault(self._last, rule, self.remove)
        self._faults[fault.number] = fault
        return fault

    def remove(self, number: int) -> bool:
        """Take a rule out of force; return whether it was."""
        return self._faults.pop(number, None) is not None

    def clear(self) -> None:
        """Take all rules out of force."""
        self._faults.clear()

    def acting(self, request: Request, user: str | None, protocol: str, world: World) -> Fault | None:
        """Return the rule that acts on a request, None if none does; rules before it have counted the request too."""
        for fault in self._faults.values():
            rule = fault.rule
            if not rule.tls and rule.fits(request, user, protocol, world) and fault.acts(self._random):
                return fault
        return None

    def refuses_tls(self) -> bool:
        """Return whether a rule has a TLS handshake fail that begins now."""
        return any(fault.rule.tls and fault.acts(self._random) for fault in self._faults.values())

    def delay(self, rule: FaultRule) -> float:
        """Return how many seconds the answer waits by a rule with a delay."""
        return 0.0 if rule.delay is None else rule.delay.seconds(self._random)


# What a request is about


def _targets(request: Request) -> Iterable[Any]:
    if isinstance(request, ExtrinsicRequest):
        return (request.target,)
    return [
        argument.value
        for argument in request.arguments
        if isinstance(argument.value, InstancePath | ClassName | NamedInstance | InstanceData | Selection | SelectedInstance)
    ]


def _named(target: Any) -> tuple[str, dict[str, Any]]:
    """Return the class that a target names, and the values that it gives by folded name."""
    match target:
        case InstancePath() | Selection():
            return target.classname, {fold(name): value for name, value in target.keys}
        case NamedInstance(path, instance):
            return path.classname, {**_named(path)[1], **_named(instance)[1]}
        case SelectedInstance(selection, instance):
            return selection.classname, {**_named(selection)[1], **_named(instance)[1]}
        case InstanceData():
            return target.classname, {fold(each.name): each.value for each in target.properties}
    return str(target), {}


def _is_a(namespace: Namespace | None, classname: str, wanted: str) -> bool:
    cls = namespace.schema.get(classname) if namespace is not None else None
    return fold(wanted) == fold(classname) or (cls is not None and cls.is_a(fold(wanted)))


def _values_of(target: Any, given: dict[str, Any], namespace: Namespace | None, world: World) -> dict[str, Any]:
    """Return the values of a target by folded name: what the instance has, if it is there, and what the request gives."""
    instance = _instance(target, namespace, world)
    if instance is None:
        return given
    stored = {fold(prop.name): value for prop, value in zip(instance.cls.properties, instance.values, strict=True)}
    return {**given, **stored} if not isinstance(target, InstanceData) else given


def _instance(target: Any, namespace: Namespace | None, world: World) -> Instance | None:
    path = target.path if isinstance(target, NamedInstance) else target
    selection = target.selection if isinstance(target, SelectedInstance) else target
    if namespace is None:
        return None
    try:
        if isinstance(selection, Selection):
            return select(selection, world, namespace)
        return world.instance(path, namespace) if isinstance(path, InstancePath) else None
    except CIMError:
        return None


def _has_values(values: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(fold(name) in values and _equal(values[fold(name)], value) for name, value in wanted.items())


def _has_parameters(request: Request, wanted: Mapping[str, Any]) -> bool:
    return _has_values({fold(argument.name): argument.value for argument in request.arguments}, wanted)


def _equal(stored: Any, wanted: Any) -> bool:
    """Whether a value is the one that a rule writes: numbers and booleans also as text, arrays item by item."""
    if isinstance(stored, Repeated) and not isinstance(wanted, list | tuple) and len(stored) == 1:
        stored = stored[0]
    if isinstance(wanted, list | tuple):
        return isinstance(stored, list | tuple) and len(stored) == len(wanted) and all(map(_equal, stored, wanted))
    if stored is None or wanted is None:
        return stored is wanted
    if isinstance(stored, InstancePath):
        return str(stored) == str(wanted)
    return str(stored).lower() == str(wanted).lower() if _is_lenient(stored, wanted) else bool(stored == wanted)


def _is_lenient(stored: Any, wanted: Any) -> bool:
    """Whether texts compare: a boolean or a number against its text, and texts that only the class could type."""
    return type(stored) is not type(wanted) or isinstance(stored, bool)


# Reading rules


def parse_rule(words: Mapping[str, Any], worlds: Sequence[World] = ()) -> FaultRule:
    """Return the rule that words write, such as ``method="StopService", times=2, error=(1, "busy")``.

    Args:
        words: conditions and actions by name; lists do for tuples, as JSON and TOML have them.
        worlds: what classes and methods must be in, one of them at least; none: any name will do.

    Raises:
        RuleError: a word that does not exist, a value of the wrong kind, an operation, class, method or status that does not
        exist,
            a rule without an action, or with actions that exclude one another.
    """
    known = {each.name: each for each in fields(FaultRule)}
    values: dict[str, Any] = {}
    for word, value in words.items():
        if word not in known:
            raise _unknown(word, "there is no such word in a rule", word, known)
        if value is not None:
            values[word] = _PARSERS[word](word, value)
    rule = FaultRule(**values)
    _check_actions(rule)
    _check_names(rule, worlds)
    return rule


def _listed(names: Iterable[str]) -> str:
    return f"; there are {', '.join(names)}"


_ACTIONS: Final = (
    "error",
    "returns",
    "expire",
    "http",
    "delay",
    "trickle",
    "reset",
    "truncate",
    "malformed",
    "length",
    "stale",
    "tls",
    "indication",
)
_CONDITIONS: Final = ("operation", "namespace", "classname", "where", "method", "parameters", "user", "protocol")
_EXCLUSIVE: Final = ("error", "returns", "expire", "http")


def _check_actions(rule: FaultRule) -> None:
    # By identity: to end an answer after 0 bytes is an action.
    chosen = [name for name in _ACTIONS if getattr(rule, name) is not None and getattr(rule, name) is not False]
    if not chosen:
        raise RuleError("", f"a rule needs an action: one of {', '.join(_ACTIONS)}")
    exclusive = [name for name in chosen if name in _EXCLUSIVE]
    if len(exclusive) > 1:
        raise RuleError(exclusive[1], f"a request cannot be answered with this and with {exclusive[0]}")
    conditions = [name for name in _CONDITIONS if getattr(rule, name)]
    others = [name for name in (*chosen, *conditions) if name != "tls"]
    if rule.tls and others:
        raise RuleError("tls", f"no request is known during a handshake: leave out {', '.join(others)}")
    if rule.indication == "delayed" and rule.delay is None:
        raise RuleError("indication", "a delayed indication needs a delay, by the CIMOM's clock")
    if rule.operation is not None and rule.method is not None:
        raise RuleError("method", "a request is for an operation or for a method, not for both")
    if rule.returns is not None and rule.operation is not None:
        raise RuleError("returns", "only methods return values; say method")


def _check_names(rule: FaultRule, worlds: Sequence[World]) -> None:
    if rule.operation is not None and fold(rule.operation) not in OPERATIONS:
        names = [each.name for each in OPERATIONS.values()]
        raise _unknown("operation", f"there is no operation {rule.operation}", rule.operation, names)
    namespaces = [each for world in worlds for each in world.namespaces.values()]
    if not worlds:
        return
    if rule.namespace is not None and all(fold_namespace(each.name) != fold_namespace(rule.namespace) for each in namespaces):
        names = [each.name for each in namespaces]
        raise _unknown("namespace", f"there is no namespace {rule.namespace}", rule.namespace, names)
    if rule.classname is not None and all(each.schema.get(rule.classname) is None for each in namespaces):
        classes = (name for each in namespaces for name in each.schema.names())
        raise _unknown("classname", f"there is no class {rule.classname}", rule.classname, classes, listed=False)
    if rule.method is not None and not any(fold(rule.method) in cls.methods for each in namespaces for cls in each.schema):
        methods = {method.name for each in namespaces for cls in each.schema for method in cls.methods.values()}
        raise _unknown("method", f"there is no method {rule.method}", rule.method, methods, listed=False)


def _text(word: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise RuleError(word, f"a text is expected, not {value!r}")
    return value


def _one_of(choices: Sequence[str]) -> Callable[[str, Any], str]:
    def parse(word: str, value: Any) -> str:
        if value not in choices:
            text = f"{value!r} is not one of {', '.join(choices)}"
            raise _unknown(word, text, str(value), choices, listed=False)
        return str(value)

    return parse


def _mapping(word: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise RuleError(word, f"values by name are expected, not {value!r}")
    return dict(value)


def _count(least: int) -> Callable[[str, Any], int]:
    def parse(word: str, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise RuleError(word, f"a whole number of at least {least} is expected, not {value!r}")
        return value

    return parse


def _integer(word: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise RuleError(word, f"a whole number is expected, not {value!r}")
    return value


def _probability(word: str, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise RuleError(word, f"a number from 0 to 1 is expected, not {value!r}")
    return float(value)


def _flag(word: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise RuleError(word, f"true or false is expected, not {value!r}")
    return value


def _error(word: str, value: Any) -> CimFault:
    parts = list(value) if isinstance(value, list | tuple) else [value]
    if not 1 <= len(parts) <= 3:
        raise RuleError(word, f"a status, its text, and perhaps instances of CIM_Error are expected, not {value!r}")
    code = parts[0]
    if isinstance(code, str):
        name = fold(code).removeprefix("cim_err_")
        if name not in CIM_ERRORS:
            raise _unknown(word, f"there is no CIM status {code}", name, CIM_ERRORS)
        code = CIM_ERRORS[name]
    if not isinstance(code, int) or isinstance(code, bool) or not 0 < code < _MAX_CODE:
        raise RuleError(word, f"{code!r} is not a CIM status: a number from 1, or one of {', '.join(CIM_ERRORS)}")
    description = parts[1] if len(parts) > 1 else "a fault rule says so"
    if not isinstance(description, str):
        raise RuleError(word, f"the description must be a text, not {description!r}")
    instances = parts[2] if len(parts) > 2 else []
    if not isinstance(instances, list | tuple) or not all(isinstance(each, Mapping) for each in instances):
        raise RuleError(word, "instances of CIM_Error are written as a list of properties by name")
    return CimFault(code, description, tuple(dict(each) for each in instances))


def _returns(word: str, value: Any) -> Returned:
    if isinstance(value, list | tuple):
        if len(value) != 2 or not isinstance(value[1], Mapping):
            raise RuleError(word, f"a return value, or it and outputs by name are expected, not {value!r}")
        return Returned(value[0], dict(value[1]))
    return Returned(value)


def _http(word: str, value: Any) -> HttpFault:
    status, cim_error = (value[0], value[1]) if isinstance(value, list | tuple) and len(value) == 2 else (value, None)
    if not isinstance(status, int) or isinstance(status, bool) or status not in _HTTP_ERRORS:
        known = ", ".join(map(str, _HTTP_ERRORS))
        raise RuleError(word, f"an HTTP status, or it and a CIMError value, are expected, not {value!r}; there are {known}")
    if cim_error is not None and not isinstance(cim_error, str):
        raise RuleError(word, f"the CIMError value must be a text, not {cim_error!r}")
    return HttpFault(status, cim_error)


def _delay(word: str, value: Any) -> Delay:
    if isinstance(value, list | tuple):
        if len(value) != 3 or value[0] not in ("uniform", "normal"):
            raise RuleError(word, f"seconds, or uniform or normal with two of them, are expected, not {value!r}")
        (first, clock), (second, _) = _seconds(word, value[1]), _seconds(word, value[2])
        if value[0] == "uniform" and second < first:
            raise RuleError(word, f"the most, {second:g} s, is less than the least, {first:g} s")
        return Delay(str(value[0]), first, second, clock)
    seconds, clock = _seconds(word, value)
    return Delay("fixed", seconds, clock=clock)


def _seconds(word: str, value: Any) -> tuple[float, bool]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        number, clock = float(value), False
    else:
        match = _DURATION.fullmatch(value) if isinstance(value, str) and len(value) <= _MAX_DURATION else None
        if match is None:
            raise RuleError(word, f"{value!r} is not a time: write 1.5, 500ms, 2s, or 5s clock for the CIMOM's clock")
        number, clock = float(match[1]) / (1000 if match[2] == "ms" else 1), match[3] is not None
    if not 0 <= number <= _MAX_SECONDS:
        raise RuleError(word, f"{value!r} is not from 0 to {_MAX_SECONDS:g} seconds")
    return number, clock


_PARSERS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "operation": _text,
    "namespace": _text,
    "classname": _text,
    "where": _mapping,
    "method": _text,
    "parameters": _mapping,
    "user": _text,
    "protocol": _one_of(PROTOCOLS),
    "skip": _count(0),
    "times": _count(1),
    "every": _count(1),
    "probability": _probability,
    "error": _error,
    "returns": _returns,
    "expire": _flag,
    "http": _http,
    "delay": _delay,
    "trickle": _count(1),
    "reset": _one_of(RESETS),
    "truncate": _count(0),
    "malformed": _flag,
    "length": _integer,
    "stale": _flag,
    "tls": _flag,
    "indication": _one_of(INDICATIONS),
}
