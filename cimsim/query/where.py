"""Conditions of WQL without a statement around them: what stands behind WHERE, for the instances of a class."""

import re
from typing import Final

from pywbem import CIM_ERR_INVALID_QUERY, CIMError

from cimsim.query.filters import Filter
from cimsim.query.parse import parse_statement
from cimsim.query.selection import scope_of
from cimsim.query.syntax import WQL, Select
from cimsim.world.schema import ResolvedClass, Schema

ADDED_LINES: Final = 1
"""So many lines stand before the condition, so that its columns are those of who wrote it."""
_PLACE: Final = re.compile(r"line (\d{1,9}), ")


def filter_of(where: str, cls: ResolvedClass, schema: Schema) -> Filter:
    """Return the filter that a condition means for a class; places in its errors are ``ADDED_LINES`` further down.

    Raises:
        CIMError: as ``parse_statement`` does; CIM_ERR_INVALID_QUERY for what is more than a condition, or none.
    """
    text = f"SELECT * FROM {cls.name} WHERE\n{where}"  # noqa: S608 - this is WQL, and what its author writes of it
    _, statement = parse_statement(WQL.name, text)
    if not isinstance(statement, Select) or statement.where is None:
        raise CIMError(CIM_ERR_INVALID_QUERY, "a condition is expected")
    return Filter(statement.where, scope_of(WQL, statement, cls, schema))


def check_where(where: str, cls: ResolvedClass, schema: Schema) -> None:
    """Refuse a condition that is not one for instances of a class and its subclasses.

    Raises:
        CIMError: as ``filter_of`` does; CIM_ERR_INVALID_QUERY for a property that none of the classes has, and for a literal
            that does not fit. The text begins with ``line LINE, column COLUMN: ``, where the place is known.
    """
    try:
        filter_of(where, cls, schema).check(schema.closure(cls))
    except CIMError as error:
        text = str(error.status_description)
        moved = _PLACE.sub(lambda match: f"line {int(match[1]) - ADDED_LINES}, ", text, count=1) if _PLACE.match(text) else text
        raise CIMError(error.status_code, moved) from None
