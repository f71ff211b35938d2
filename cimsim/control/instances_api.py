"""Instances, as a client reads them; looking at them is not a request of a client and changes nothing."""

from collections.abc import Generator, Sequence
from typing import Any, Final

from pywbem import CIMError

from cimsim.control.api_errors import ControlError, refusal_of
from cimsim.control.json_values import json_value
from cimsim.control.lookups import class_named, naming, viewed_instance
from cimsim.control.model_messages import (
    InstanceDetails,
    InstanceList,
    InstanceQuery,
    InstanceRow,
    InstancesQuery,
    PropertyValue,
)
from cimsim.control.steps import batched, sorted_part
from cimsim.control.value_maps import ValueMap
from cimsim.query.where import ADDED_LINES, filter_of
from cimsim.simulation.controlled_cimom import ControlledCimom
from cimsim.world.instances import Instance
from cimsim.world.names import fold, nearest
from cimsim.world.paths import InstancePath
from cimsim.world.schema import ResolvedClass
from cimsim.world.world import Namespace

MAX_INSTANCES: Final = 1_000
"""How many instances an answer has at most."""
MAX_VALUES: Final = 200_000
"""How many values it has at most: of a class with many properties there are fewer instances."""
_MAX_OFFSET: Final = 2**31
_VALUES: Final = 2_000
"""How many values are written in a step."""


def instances(
    controlled: ControlledCimom, name: str, classname: str, query: InstancesQuery
) -> Generator[None, None, InstanceList]:
    """Return instances of a class, in steps.

    Raises:
        ControlError: 404, there is no such namespace or class; 400, the query is wrong.
    """
    if not 1 <= query.limit <= MAX_INSTANCES:
        raise ControlError(400, f"limit: a number from 1 to {MAX_INSTANCES} is expected, not {query.limit}", "limit")
    if not 0 <= query.offset <= _MAX_OFFSET:
        raise ControlError(400, f"offset: a number from 0 to {_MAX_OFFSET} is expected, not {query.offset}", "offset")
    call = controlled.cimom.view(naming(classname, name))
    cls = class_named(call.namespace, classname)
    closure = call.namespace.schema.closure(cls) if query.deep else (cls,)
    found: Sequence[Instance] = [instance for each in closure for instance in call.namespace.of_class(each)]
    yield
    if query.where is not None:
        found = yield from _selected(found, query.where, cls, closure, call.namespace)
    total = len(found)
    width = max(1, max((len(each.properties) for each in closure), default=1))
    limit = min(query.limit, max(1, MAX_VALUES // width))
    if query.sort is not None:
        key = _SortKey(_sorting_property(query.sort, closure))
        found = yield from sorted_part(found, key, query.offset, limit, descending=query.descending)
    else:
        found = _part(found, query.offset, limit, descending=query.descending)
    answer = InstanceList(total, [])
    for part in batched(found, max(1, _VALUES // width)):
        yield
        answer.instances.extend(row_of(each) for each in call.live(list(part)))
    return answer


def instance(controlled: ControlledCimom, query: InstanceQuery) -> Generator[None, None, InstanceDetails]:
    """Return an instance, in steps; raises ControlError, 400 for what is not a path, 404 if there is no such instance."""
    return described(viewed_instance(controlled, query.path).instance)


def described(found: Instance, fault: int | None = None) -> Generator[None, None, InstanceDetails]:
    """Return an instance with all that is known about its properties, in steps, and the fault rule that acted."""
    yield
    full = found.cls.full
    values: list[PropertyValue] = []
    for part in batched(list(zip(found.cls.properties, found.values, strict=True))):
        yield
        for prop, value in part:
            text = ValueMap.of(full.properties[prop.name].qualifiers).text(value)
            values.append(
                PropertyValue(
                    prop.name, prop.type, prop.is_array, json_value(value), prop.key, prop.writable, prop.origin, text
                )
            )
    yield
    cim = found.to_cim()
    yield
    return InstanceDetails(str(found.path), found.cls.name, values, cim.tomof(), fault)


def row_of(found: Instance) -> InstanceRow:
    """Return an instance as a list has it."""
    values = {prop.name: json_value(value) for prop, value in zip(found.cls.properties, found.values, strict=True)}
    return InstanceRow(str(found.path), found.cls.name, values)


def _selected(
    found: Sequence[Instance], where: str, cls: ResolvedClass, closure: Sequence[ResolvedClass], namespace: Namespace
) -> Generator[None, None, list[Instance]]:
    """Return the instances for which a condition of WQL holds."""
    selected: list[Instance] = []
    try:
        condition = filter_of(where, cls, namespace.schema)
        yield from condition.selecting(found, selected, closure)
    except CIMError as error:
        raise refusal_of(error, "where", added_lines=ADDED_LINES) from None
    return selected


def _part(found: Sequence[Instance], offset: int, limit: int, *, descending: bool) -> Sequence[Instance]:
    if not descending:
        return found[offset : offset + limit]
    end = max(0, len(found) - offset)
    return found[max(0, end - limit) : end][::-1]


def _sorting_property(name: str, closure: Sequence[ResolvedClass]) -> str:
    folded = fold(name)
    if any(folded in each.index for each in closure):
        return folded
    names = {prop.name: None for each in closure for prop in each.properties}
    close = nearest(name, names) or ""
    hint = f"; did you mean {close}?" if close else ""
    raise ControlError(400, f"sort: class {closure[0].name} has no property {name}{hint}", "sort", close)


class _SortKey:
    """Orders instances by a property: numbers before texts, NULL last when ascending."""

    def __init__(self, folded: str) -> None:
        self._folded = folded

    def __call__(self, found: Instance) -> tuple[int, Any]:
        place = found.cls.index.get(self._folded)
        value = None if place is None else found.values[place]
        match value:
            case None:
                return 9, 0
            case bool() | int() | float():
                # What is not a number has no place among numbers.
                return (0, value) if value == value else (1, 0)
            case InstancePath():
                return 2, str(value).lower()
        return 2, str(value).lower()
