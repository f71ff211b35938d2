"""Reading fault rules: words with values become a rule, or are refused by name, with what may stand there."""

import re
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from msgspec.structs import fields

from cimsim.cimom.exchanges import EVENTING
from cimsim.cimom.fault_rules import CimFault, Delay, FaultRule, HttpFault, Returned
from cimsim.operations.table import OPERATIONS
from cimsim.world.names import fold, fold_namespace, nearest
from cimsim.world.schema import Parameter, ResolvedClass
from cimsim.world.timing import Timing, parse_timing
from cimsim.world.world import World

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
_DURATION: Final = r"\s*(\d+(?:\.\d+)?)\s*(ms|s)?\s*(clock)?\s*"
_MAX_DURATION: Final = 50
"""How many characters the text of a duration has at most: the pattern is slow on long ones."""
_RESOLVED_IN_A_STEP: Final = 10
_MAX_LISTED: Final = 12
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


def parse_rule(words: Mapping[str, Any], worlds: Sequence[World] = ()) -> FaultRule:
    """Return the rule that words write, such as ``method="StopService", times=2, error=(1, "busy")``.

    Args:
        words: conditions and actions by name; lists do for tuples, as JSON and TOML have them.
        worlds: what classes and methods must be in, one of them at least; none: any name will do.

    Raises:
        RuleError: a word that does not exist; a value of the wrong kind; an operation, class, method, property, parameter or
            status that does not exist; a rule without an action, or with actions that exclude one another.
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


def preparing(rules: Iterable[Mapping[str, Any]], worlds: Sequence[World]) -> Generator[None, None, None]:
    """Look up in steps of a few milliseconds what ``parse_rule`` needs of large schemas to read rules."""
    for words in rules:
        if not isinstance(words, Mapping):
            continue
        if words.get("method") is not None:
            for world in worlds:
                for namespace in world.namespaces.values():
                    yield from namespace.schema.indexing_methods()
        elif words.get("where") or words.get("parameters"):
            # Whatever is looked for, a class is resolved by looking at it.
            for number, cls in enumerate(_candidates(words.get("namespace"), words.get("classname"), worlds), 1):
                _ = cls.index
                if number % _RESOLVED_IN_A_STEP == 0:
                    yield


def _listed(names: Iterable[str]) -> str:
    return f"; there are {', '.join(names)}"


ACTIONS: Final = (
    "error",
    "returns",
    "expire",
    "timing",
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
_OF_WSMAN: Final = {
    "get": "GetInstance",
    "put": "ModifyInstance",
    "create": "CreateInstance",
    "delete": "DeleteInstance",
    "enumerate": "OpenEnumerateInstances, or OpenQueryInstances with a filter in WQL",
    "pull": "PullInstancesWithPath, PullInstances with a filter in WQL, or PullEvents for those of a subscription",
    "release": "CloseEnumeration, or Unsubscribe for a subscription",
}
"""What an action of WS-Management is carried out by, by its folded name."""
_CONDITIONS: Final = ("operation", "namespace", "classname", "where", "method", "parameters", "user", "protocol")
_EXCLUSIVE: Final = ("error", "returns", "expire", "timing", "http")


def _check_actions(rule: FaultRule) -> None:
    # By identity: to end an answer after 0 bytes is an action.
    chosen = [name for name in ACTIONS if getattr(rule, name) is not None and getattr(rule, name) is not False]
    if not chosen:
        raise RuleError("", f"a rule needs an action: one of {', '.join(ACTIONS)}")
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
    if rule.timing is not None and rule.operation is not None:
        raise RuleError("timing", "only methods begin what takes time; say method")


def _check_names(rule: FaultRule, worlds: Sequence[World]) -> None:
    known = {fold(name): name for name in (*(each.name for each in OPERATIONS.values()), *EVENTING)}
    if rule.operation is not None and fold(rule.operation) not in known:
        meant = _OF_WSMAN.get(fold(rule.operation))
        if meant is not None:
            text = f"{rule.operation} is an action of WS-Management, for which a rule names the operation: {meant}"
            raise RuleError("operation", text)
        raise _unknown("operation", f"there is no operation {rule.operation}", rule.operation, known.values())
    namespaces = [each for world in worlds for each in world.namespaces.values()]
    if not worlds:
        return
    if rule.namespace is not None and all(fold_namespace(each.name) != fold_namespace(rule.namespace) for each in namespaces):
        names = [each.name for each in namespaces]
        raise _unknown("namespace", f"there is no namespace {rule.namespace}", rule.namespace, names)
    if rule.classname is not None and all(each.schema.get(rule.classname) is None for each in namespaces):
        classes = (name for each in namespaces for name in each.schema.names())
        raise _unknown("classname", f"there is no class {rule.classname}", rule.classname, classes, listed=False)
    if rule.method is not None and all(fold(rule.method) not in each.schema.method_names() for each in namespaces):
        methods = {name for each in namespaces for name in each.schema.method_names().values()}
        raise _unknown("method", f"there is no method {rule.method}", rule.method, methods, listed=False)
    _check_elements(rule, worlds)


def _check_elements(rule: FaultRule, worlds: Sequence[World]) -> None:
    """Refuse names of properties, parameters and outputs that nothing has which the rule is for: it could never act."""
    outputs = dict(rule.returns.outputs) if rule.returns is not None and rule.method is not None else {}
    if not (rule.where or rule.parameters or outputs):
        return
    classes = list(_candidates(rule.namespace, rule.classname, worlds))
    if rule.method is not None:
        classes = [each for each in classes if fold(rule.method) in each.methods]
    if rule.where:
        _check_known("where", "property", rule.where, (prop.name for each in classes for prop in each.properties))
    # What WS-Eventing asks for has no parameters that are declared anywhere.
    if rule.parameters and (rule.operation is None or fold(rule.operation) in OPERATIONS):
        operations = OPERATIONS.values() if rule.operation is None else [OPERATIONS[fold(rule.operation)]]
        names = [parameter.name for each in operations for parameter in each.parameters] if rule.method is None else []
        names += [each.name for each in _parameters(rule, classes) if each.is_in]
        _check_known("parameters", "parameter", rule.parameters, names)
    _check_known("returns", "output", outputs, (each.name for each in _parameters(rule, classes) if each.is_out))


def _parameters(rule: FaultRule, classes: Sequence[ResolvedClass]) -> Iterator[Parameter]:
    """Yield the parameters of the methods that a rule may be for."""
    if rule.operation is None:
        wanted = None if rule.method is None else fold(rule.method)
        methods = (method for each in classes for name, method in each.methods.items() if wanted in (None, name))
        yield from (parameter for method in methods for parameter in method.parameters.values())


def _check_known(word: str, what: str, given: Collection[str], known: Iterable[str]) -> None:
    if not given:
        return
    names = dict.fromkeys(known)
    folded = {fold(each) for each in names}
    for name in given:
        if fold(name) not in folded:
            few = 0 < len(names) <= _MAX_LISTED
            raise _unknown(word, f"there is no {what} {name} in what the rule is for", name, names, listed=few)


def _candidates(namespace: Any, classname: Any, worlds: Sequence[World]) -> Iterator[ResolvedClass]:
    """Yield the classes of which the target of a rule may be, by the words of the rule, whatever these are."""
    for world in worlds:
        for each in world.namespaces.values():
            if isinstance(namespace, str) and fold_namespace(namespace) != fold_namespace(each.name):
                continue
            if not isinstance(classname, str):
                yield from each.schema
            elif (cls := each.schema.get(classname)) is not None:
                yield from each.schema.closure(cls)


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
    if not isinstance(code, int) or isinstance(code, bool) or code not in CIM_ERRORS.values():
        known = ", ".join(f"{number} {name}" for name, number in CIM_ERRORS.items())
        raise RuleError(word, f"{code!r} is not the number or the name of a CIM status; there are {known}")
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


def _timing(word: str, value: Any) -> Timing:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RuleError(word, f"a text such as 30s or 3 reads is expected, not {value!r}")
    try:
        return parse_timing(str(value)[:_MAX_DURATION])
    except ValueError as error:
        raise RuleError(word, str(error)) from None


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
        match = re.fullmatch(_DURATION, value) if isinstance(value, str) and len(value) <= _MAX_DURATION else None
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
    "timing": _timing,
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
