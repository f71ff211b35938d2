"""``SELECT * FROM meta_class``: the classes of a namespace, in which clients of WMI look around.

To WMI a class is an object like an instance, whose values are the defaults of its properties. So a row is a record of just
these: ExecQuery answers the class that it is of, and WS-Management shows it as it shows an instance (rule WM-Q-1).
"""

from collections.abc import Iterator
from typing import Final

from cimsim.operations.call import OperationCall
from cimsim.operations.wmi_namespaces import system_schema
from cimsim.query.filters import Filter
from cimsim.query.property_access import Scope
from cimsim.query.syntax import QueryDialect, Select, paths
from cimsim.query.wmi_paths import Location
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.schema import ResolvedClass

META_CLASS: Final = "meta_class"
"""The folded name of the class of all classes."""
_AT_ONCE: Final = 10
"""Classes, each of which may have to be resolved first: some 0.3 ms."""


def class_object(cls: ResolvedClass, namespace: str) -> Instance:
    """Return a class as a row."""
    return Instance(cls, namespace, cls.defaults)


def selecting_classes(call: OperationCall, dialect: QueryDialect, query: Select, found: list[Instance]) -> Iterator[None]:
    """Add the classes for which the condition of a query holds to ``found``, and yield every few milliseconds.

    Raises:
        CIMError: CIM_ERR_INVALID_QUERY for columns, and for a condition on other than system properties; as ``Filter`` does.
    """
    if query.columns is not None:
        raise query.columns[0].at.invalid("the rows of meta_class are whole classes: SELECT * FROM meta_class")
    itself = frozenset({META_CLASS, fold(query.alias or META_CLASS), "__this"})
    if query.where is not None:
        for path in paths(query.where):
            name = path.steps[min(fold(path.steps[0].name) in itself, len(path.steps) - 1)].name
            if not name.startswith("__") and (len(path.steps) > 1 or fold(name) not in itself):
                raise path.at.invalid(
                    f"classes have no property {name} in meta_class, but system properties: __CLASS, __SUPERCLASS, "
                    "__DYNASTY, __DERIVATION, __THIS ISA 'CLASS'"
                )
    namespace = call.namespace
    location = Location(call.policy.server_name, namespace.name, of_classes=True)
    where = None
    if query.where is not None:
        where = Filter(query.where, Scope(dialect, itself, namespace.schema, location=location))
    classes = list(namespace.schema)
    if dialect.wmi:
        # The classes that only WMI has, unless the namespace itself is but of these.
        classes += [each for each in system_schema() if namespace.schema.get(each.name) is None]
    return _selecting(classes, namespace.name, where, found)


def _selecting(classes: list[ResolvedClass], namespace: str, where: Filter | None, found: list[Instance]) -> Iterator[None]:
    for start in range(0, len(classes), _AT_ONCE):
        rows = [class_object(cls, namespace) for cls in classes[start : start + _AT_ONCE]]
        if where is None:
            found.extend(rows)
        else:
            yield from where.selecting(rows, found)
        yield
