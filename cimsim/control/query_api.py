"""Queries in WQL and DMTF:CQL, as a client would send them; they are no requests of a client."""

from collections.abc import Generator, Sequence
from typing import Any, Final

from pywbem import CIMError

from cimsim.control.api_errors import refusal_of
from cimsim.control.instances_api import MAX_VALUES
from cimsim.control.json_values import json_value
from cimsim.control.lookups import namespace_named
from cimsim.control.model_messages import RowList, RowsQuery
from cimsim.control.steps import batched
from cimsim.operations.queries import QueryRows, run_query
from cimsim.operations.request import Argument, IntrinsicRequest
from cimsim.simulation.controlled_cimom import ControlledCimom
from cimsim.world.instances import Instance
from cimsim.world.names import fold

MAX_ROWS: Final = 1_000
"""How many rows an answer has at most."""
_MAX_COLUMNS: Final = 1_000
_VALUES: Final = 2_000
_PATH: Final = "__PATH"
"""The column of the path, where the rows are instances."""


def query(controlled: ControlledCimom, wanted: RowsQuery) -> Generator[None, None, RowList]:
    """Return the rows of a query, in steps; those that are instances begin with their path, in a column ``__PATH``.

    Raises:
        ControlError: 404, there is no such namespace; 400, the query is wrong, with line and column.
    """
    namespace = namespace_named(controlled.cimom.world, wanted.namespace)
    arguments = (Argument("QueryLanguage", wanted.language), Argument("Query", wanted.query))
    call = controlled.cimom.view(IntrinsicRequest("ExecQuery", namespace.name, arguments))
    yield
    try:
        found = run_query(call, wanted.language, wanted.query)
        yield from found.steps
    except CIMError as error:
        raise refusal_of(error, "query") from None
    shown = found.instances[:MAX_ROWS]
    columns = _columns(found, shown)
    shown = shown[: max(1, MAX_VALUES // max(1, len(columns)))]
    complete = found.projections is None
    rows: list[list[Any]] = []
    for part in batched(shown, max(1, _VALUES // max(1, len(columns)))):
        yield
        for each in part:
            values = [_value(each, name) for name in columns]
            rows.append([str(each.path), *values] if complete else values)
    total = len(found.instances)
    return RowList([_PATH, *columns] if complete else columns, rows, total, total > len(rows))


def _columns(found: QueryRows, shown: Sequence[Instance]) -> list[str]:
    if found.cls is not None:
        return list(found.cls.properties)[:_MAX_COLUMNS]
    names: dict[str, str] = {}
    for cls in dict.fromkeys(each.cls for each in shown):
        projection = None if found.projections is None else found.projections.get(cls)
        places = range(len(cls.properties)) if projection is None else projection.places
        for place in places:
            name = cls.properties[place].name
            names.setdefault(fold(name), name)
    return list(names.values())[:_MAX_COLUMNS]


def _value(instance: Instance, name: str) -> Any:
    place = instance.cls.index.get(fold(name))
    return None if place is None else json_value(instance.values[place])
