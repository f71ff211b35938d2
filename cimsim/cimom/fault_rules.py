"""What a CIMOM does wrong on purpose: rules that say which requests they are for and what happens then.

A rule is data: Python and the control API write it with the same words, one for each condition and one for each action, which
``fault_rule_parser`` reads. What acts on CIM (an error, a return value, an expired context) the CIMOM does itself; what acts on
bytes and time is handed to the data plane with the answer. Nothing here waits: a delay is a timer elsewhere.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import fields
from pywbem import CIMError

from cimsim.operations.request import (
    ClassName,
    ExtrinsicRequest,
    NamedInstance,
    Request,
    SelectedInstance,
    Selection,
)
from cimsim.operations.selection import exactly
from cimsim.world.convert import InstanceData, Repeated
from cimsim.world.instances import Instance
from cimsim.world.names import fold, fold_namespace
from cimsim.world.paths import InstancePath
from cimsim.world.timing import Timing
from cimsim.world.world import Namespace, World


class CimFault(msgspec.Struct, frozen=True):
    """A CIM error: status code, description, and properties of CIM_Error instances that come with it."""

    code: int
    description: str
    instances: tuple[Mapping[str, Any], ...] = ()


class Returned(msgspec.Struct, frozen=True):
    """What a method returns instead of being carried out: its return value and output parameters by name."""

    value: Any
    outputs: Mapping[str, Any] = msgspec.field(default_factory=dict)


class HttpFault(msgspec.Struct, frozen=True):
    """An HTTP status instead of an answer, with a CIMError header or without (None)."""

    status: int
    cim_error: str | None = None


class Delay(msgspec.Struct, frozen=True):
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


class FaultRule(msgspec.Struct, frozen=True):
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
        timing: how long that takes which a method begins.
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
    where: Mapping[str, Any] = msgspec.field(default_factory=dict)
    method: str | None = None
    parameters: Mapping[str, Any] = msgspec.field(default_factory=dict)
    user: str | None = None
    protocol: str | None = None
    skip: int = 0
    times: int | None = None
    every: int = 1
    probability: float = 1.0
    error: CimFault | None = None
    returns: Returned | None = None
    expire: bool = False
    timing: Timing | None = None
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

    @property
    def changes_result(self) -> bool:
        """Whether the request has another result by this rule."""
        return self.expire or any(each is not None for each in (self.error, self.returns, self.timing, self.http))

    def fits(self, request: Request, user: str | None, protocol: str, world: World) -> bool:
        """Return whether the conditions hold for a request; its position is not looked at."""
        if self.operation is not None and (isinstance(request, ExtrinsicRequest) or fold(request.name) != fold(self.operation)):
            return False
        if self.method is not None and (not isinstance(request, ExtrinsicRequest) or fold(request.name) != fold(self.method)):
            return False
        if (self.returns is not None or self.timing is not None) and not isinstance(request, ExtrinsicRequest):
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
        case Timing():
            return str(value)
        case Mapping():
            return dict(value)
    return value


class Fault:
    """A rule that is in force, and how often it was met and acted.

    Attributes:
        number: by which it is named.
        rule: what it says.
        origin: where it comes from: ``setting hyperv.faults``, ``scenario hyperv.busy-guest``; empty if it was added by itself.
        last: whether all others go before it.
        kept: whether ``FaultRules.reset`` brings it back.
        matched: how many requests met its conditions.
        hits: how many it acted on.
    """

    def __init__(self, number: int, rule: FaultRule, remove: Callable[[int], object], origin: str, *, last: bool) -> None:
        self.number = number
        self.rule = rule
        self.origin = origin
        self.last = last
        self.kept = False
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

    Those of settings come after all others. Those that were in force at the start are kept: a reset brings them back.

    Args:
        random: returns numbers from 0 to 1, the same ones for the same seed.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._faults: dict[int, Fault] = {}
        self._kept: dict[int, Fault] = {}
        self._last = 0

    def __len__(self) -> int:
        return len(self._faults)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults.values())

    def add(self, rule: FaultRule, origin: str = "", *, last: bool = False) -> Fault:
        """Put a rule into force; see ``Fault`` for its origin and for ``last``."""
        self._last += 1
        fault = Fault(self._last, rule, self.remove, origin, last=last)
        self._faults = _ordered([*self._faults.values(), fault])
        return fault

    def remove(self, number: int) -> bool:
        """Take a rule out of force; return whether it was."""
        return self._faults.pop(number, None) is not None

    def clear(self) -> None:
        """Take all rules out of force."""
        self._faults.clear()

    def keep(self) -> None:
        """Have ``reset`` bring back the rules that are in force now."""
        self._kept = dict(self._faults)
        for fault in self._kept.values():
            fault.kept = True

    def reset(self) -> None:
        """Put the kept rules into force, as if they had met no request, and no others."""
        self._faults = dict(self._kept)
        for fault in self._faults.values():
            fault.matched = fault.hits = 0

    def replace_kept(self, rules: Iterable[tuple[FaultRule, str, bool]]) -> None:
        """Put rules into force in place of the kept ones, and keep these: each with its origin, and whether it comes last."""
        others = [fault for fault in self._faults.values() if not fault.kept]
        self.clear()
        for rule, origin, last in rules:
            self.add(rule, origin, last=last)
        self.keep()
        self._faults = _ordered([*self._faults.values(), *others])

    def acting(self, request: Request, user: str | None, protocol: str, world: World) -> Fault | None:
        """Return the rule that acts on a request, None if none does; rules before it have counted the request too."""
        for fault in self._faults.values():
            rule = fault.rule
            if not rule.tls and rule.fits(request, user, protocol, world) and fault.acts(self._random):
                return fault
        return None

    def deciding(self, acted: Fault, request: Request, user: str | None, protocol: str, world: World) -> FaultRule:
        """Return the rule that says what becomes of a request on which a rule acts.

        It is that rule, unless it leaves the result as it is, for instance because it only delays the answer, and a rule of a
        setting acts as well: settings hold whatever else goes wrong.
        """
        if not acted.last and not acted.rule.changes_result:
            for fault in self._faults.values():
                if fault.last and fault.rule.fits(request, user, protocol, world) and fault.acts(self._random):
                    return fault.rule
        return acted.rule

    def refuses_tls(self) -> bool:
        """Return whether a rule has a TLS handshake fail that begins now."""
        return any(fault.rule.tls and fault.acts(self._random) for fault in self._faults.values())

    def delay(self, rule: FaultRule) -> float:
        """Return how many seconds the answer waits by a rule with a delay."""
        return 0.0 if rule.delay is None else rule.delay.seconds(self._random)


def _ordered(faults: Iterable[Fault]) -> dict[int, Fault]:
    """Return rules by number, in the order in which they act."""
    return {fault.number: fault for fault in sorted(faults, key=lambda each: (each.last, each.number))}


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
            return exactly(selection, world, namespace)
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
