"""What the names in a SELECT statement mean for its class: its scope, and the properties that its columns show."""

from collections.abc import Sequence

from cimsim.query.filters import check_known
from cimsim.query.property_access import Scope, system_property
from cimsim.query.syntax import Path, QueryDialect, Select, Step
from cimsim.query.system_properties import SYSTEM_PROPERTIES
from cimsim.query.wmi_paths import Location
from cimsim.world.names import fold
from cimsim.world.schema import ResolvedClass, Schema


def scope_of(
    dialect: QueryDialect, query: Select, cls: ResolvedClass, schema: Schema, location: Location | None = None
) -> Scope:
    """Return the scope of a statement about a class; ``schema`` is that of embedded objects, ``location`` that of instances."""
    # A class may be called like a system property: __NAMESPACE is.
    itself = frozenset({*cls.lineage, fold(query.alias or query.classname), "__this"}.difference(SYSTEM_PROPERTIES))
    return Scope(dialect, itself, schema, location=location if dialect.system else None)


def shown(path: Path, classes: Sequence[ResolvedClass], scope: Scope) -> str | None:
    """Return the name of the property that a column shows; None for a system property, which an instance shows anyway.

    Raises:
        CIMError: CIM_ERR_INVALID_QUERY for a property that none of the classes has, CIM_ERR_QUERY_FEATURE_NOT_SUPPORTED.
    """
    check_known(path, classes, scope)
    name = column_name(path, scope.steps(path, classes[0]))
    if name.startswith("__"):
        system_property(Step(name), path, scope)
        return None
    return name


def column_name(path: Path, steps: Sequence[Step]) -> str:
    """Return the name in a column that is a property; ``steps`` are those of the path behind a name for the instance.

    Raises:
        CIMError: CIM_ERR_QUERY_FEATURE_NOT_SUPPORTED for any other column.
    """
    if not steps:
        raise path.at.unsupported(f"{path} is the instance, which is not a column")
    step = steps[0]
    if len(steps) > 1 or step != Step(step.name):
        raise path.at.unsupported(f"a column that is more than the name of a property, {path}, is not supported")
    return step.name
