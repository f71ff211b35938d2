"""The query operations (rules OP-EQ-1 to OP-EQ-3).

The rows of ``SELECT *``, ASSOCIATORS OF and REFERENCES OF are instances that a client can go on with, so ExecQuery answers them
with their paths; the rows of a select list have none. With ClassDefsOnly or SchemaOnly it answers classes, with their paths as
well; OpenQueryInstances, which is for instances, does not support these two.

The status codes of ExecQuery do not include those for classes and instances (rule G1): an unknown class or property is
CIM_ERR_INVALID_QUERY, and so is a source of ASSOCIATORS OF or REFERENCES OF that does not exist.
"""

from collections.abc import Generator, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace
from pywbem import CIMClass

from cimsim.operations.associations import associators, references
from cimsim.operations.call import OperationCall, Outcome
from cimsim.operations.pending import begun
from cimsim.operations.projection import project_all
from cimsim.operations.results import ClassesWithPath, ClassView, ObjectsWithPath, Projection, Projections, QueryObjects
from cimsim.operations.wmi_classes import META_CLASS, class_object, selecting_classes
from cimsim.operations.wmi_namespaces import child_namespaces, system_schema
from cimsim.operations.wmi_sources import refusal, source_class_of, source_of
from cimsim.query.filters import Filter
from cimsim.query.parse import parse_statement
from cimsim.query.selection import scope_of, shown
from cimsim.query.syntax import Option, QueryDialect, QueryPosition, Select, Traversal
from cimsim.query.wmi_paths import Location
from cimsim.world.errors import invalid_class
from cimsim.world.instances import Instance
from cimsim.world.names import did_you_mean, fold
from cimsim.world.paths import Identity
from cimsim.world.pmap import PersistentMap
from cimsim.world.schema import ResolvedClass
from cimsim.world.traverse import finding_associated, finding_referring
from cimsim.world.world import Namespace

_VALUED: Final = ("AssocClass", "ResultClass", "Role", "ResultRole", "RequiredQualifier", "RequiredAssocQualifier")
_FLAGS: Final = ("KeysOnly", "ClassDefsOnly", "SchemaOnly")
_OPTIONS: Final = {fold(name): name for name in (*_VALUED, *_FLAGS)}
_ASSOCIATORS_ONLY: Final = frozenset({"assocclass", "resultrole", "requiredassocqualifier"})
_MAX_COLUMNS: Final = 60_000
"""Columns times classes, each looked up; each takes some 0.6 us (rule SEC6)."""
_VIEW: Final = ClassView()


class _Rows(msgspec.Struct, frozen=True):
    """What a query found. ``complete``: the rows are instances; those of a select list are not, they have no identity.

    ``instances`` are complete when there are no more ``steps``.
    """

    instances: Sequence[Instance]
    projections: Projections
    cls: CIMClass | None
    complete: bool
    steps: Iterator[None] = msgspec.field(default_factory=lambda: iter(()))


class QueryRows(NamedTuple):
    """The rows of a query, complete when there are no more ``steps``; what to show of them; their class."""

    instances: Sequence[Instance]
    projections: Projections
    cls: CIMClass | None
    steps: Iterator[None]


class _Definitions(msgspec.Struct, frozen=True):
    """The classes of a namespace that a query found, as rows, complete when there are no more ``steps``.

    ``name``, ``at``, is what asked for classes.
    """

    namespace: str
    rows: list[Instance]
    name: str
    at: QueryPosition
    dialect: QueryDialect
    steps: Iterator[None] = msgspec.field(default_factory=lambda: iter(()))


def exec_query(call: OperationCall, QueryLanguage: str, Query: str) -> Outcome:
    """Return the rows of a query in WQL or DMTF:CQL (rules OP-EQ-1 to OP-EQ-3)."""
    found = _run(call, QueryLanguage, Query)
    if isinstance(found, _Definitions):
        return Outcome(call.world, begun(found.steps, lambda: _classes_of(found)))
    form = ObjectsWithPath if found.complete else QueryObjects
    return Outcome(call.world, begun(found.steps, lambda: form(found.instances, found.projections)))


def run_query(call: OperationCall, language: str, text: str) -> QueryRows:
    """Return the rows of a query, what to show of them, and their class (rules PL-7, PL-41).

    To WMI classes are rows as instances are, with the defaults of their properties for values.

    The class has the name of the one behind FROM, with the selected properties; it is None where the rows are of no one class.

    Raises:
        CIMError: CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED, CIM_ERR_INVALID_QUERY, CIM_ERR_QUERY_FEATURE_NOT_SUPPORTED (OP-EQ-2),
            also, but not in WMI's dialect, for a query whose rows are classes.
    """
    found = _run(call, language, text)
    if isinstance(found, _Definitions):
        if found.dialect.wmi:
            return QueryRows(found.rows, None, None, found.steps)
        text = f"the rows of a query with {found.name} are classes, which cannot be pulled; ExecQuery has them"
        raise found.at.unsupported(text)
    return QueryRows(found.instances, found.projections, found.cls, found.steps)


def _run(call: OperationCall, language: str, text: str) -> _Rows | _Definitions:
    dialect, statement = parse_statement(language, text)
    if isinstance(statement, Select):
        if fold(statement.classname) == META_CLASS and call.namespace.schema.get(META_CLASS) is None:
            return _all_definitions(call, dialect, statement)
        if dialect.classes:
            text = f"the rows of {statement.classname} are instances; definitions of classes come FROM meta_class"
            raise statement.at.invalid(text)
        return _selected(call, dialect, statement)
    found = _traversed(call, dialect, statement)
    if dialect.classes and isinstance(found, _Rows):
        raise statement.at.invalid("the rows are instances; those of ClassDefsOnly and SchemaOnly are definitions of classes")
    return found


def _classes_of(found: _Definitions) -> ClassesWithPath:
    # What a traversal leads to may lie in another namespace than that of the query.
    namespace = found.rows[0].namespace if found.rows else found.namespace
    return ClassesWithPath(namespace, [row.cls for row in found.rows], _VIEW)


def _all_definitions(call: OperationCall, dialect: QueryDialect, query: Select) -> _Definitions:
    if not dialect.system:
        raise query.at.invalid("meta_class is the class of classes in WQL, which DMTF:CQL does not have")
    rows: list[Instance] = []
    steps = selecting_classes(call, dialect, query, rows)
    return _Definitions(call.namespace.name, rows, "FROM meta_class", query.at, dialect, steps)


def _selected(call: OperationCall, dialect: QueryDialect, query: Select) -> _Rows:
    namespace = call.namespace
    cls, closure, instances = _extent(call, dialect, query)
    scope = scope_of(dialect, query, cls, namespace.schema, Location(call.policy.server_name, namespace.name))
    if len(query.columns or ()) * len(closure) > _MAX_COLUMNS:
        raise query.at.too_much(f"{len(query.columns or ())} columns of {len(closure)} classes are too many")
    condition = None if query.where is None else Filter(query.where, scope)
    rows: list[Instance] = []
    steps = _selecting(call, instances, closure, condition, rows)
    if query.columns is None:
        return _Rows(rows, None, cls.full, True, steps)
    names = [name for column in query.columns if (name := shown(column, closure, scope)) is not None]
    projections = project_all(closure, names, class_origin=False)
    return _Rows(rows, projections, _row_class(cls, closure, names), False, steps)


def _selecting(
    call: OperationCall,
    instances: Sequence[Instance],
    closure: tuple[ResolvedClass, ...],
    condition: Filter | None,
    rows: list[Instance],
) -> Iterator[None]:
    """Return the steps that add to ``rows`` the instances as a client reads them for which the condition holds; None: all.

    A condition that does not fit is refused at once.
    """
    if condition is not None:
        if not call.computes(closure):
            return condition.selecting(instances, rows, closure)
        condition.check(closure)

    def work() -> Iterator[None]:
        live = yield from call.living(instances, closure)
        if condition is None:
            rows.extend(live)
        else:
            yield from condition.selecting(live, rows, closure)

    return work()


def _extent(
    call: OperationCall, dialect: QueryDialect, query: Select
) -> tuple[ResolvedClass, tuple[ResolvedClass, ...], Sequence[Instance]]:
    """Return the class behind FROM, the same with its subclasses, and their instances."""
    namespace = call.namespace
    cls = namespace.schema.get(query.classname)
    if cls is not None:
        closure = namespace.schema.closure(cls)
        return cls, closure, namespace.instances_of(cls)
    system = system_schema() if dialect.system else None
    cls = system.get(query.classname) if system is not None else None
    if system is not None and cls is not None:
        return cls, system.closure(cls), child_namespaces(call.world, namespace.name, system, call.hides)
    raise refusal(dialect, query.at, invalid_class, namespace.no_class(query.classname))


def _row_class(cls: ResolvedClass, closure: tuple[ResolvedClass, ...], names: list[str]) -> CIMClass:
    properties = {}
    for name in names:
        owner = next(each for each in closure if fold(name) in each.index)
        prop = owner.full.properties[name]
        properties[prop.name] = prop
    return CIMClass(cls.name, superclass=cls.declared.superclass, properties=properties, qualifiers=cls.full.qualifiers)


# ASSOCIATORS OF and REFERENCES OF


def _traversed(call: OperationCall, dialect: QueryDialect, query: Traversal) -> _Rows | _Definitions:
    options = _options(call, dialect, query)
    if "schemaonly" in options:
        classes = _found_classes(call, dialect, query, options)
        return _definitions(call.namespace.name, classes, options["schemaonly"], dialect)
    found: list[Instance] = []
    steps = _finding_instances(call, dialect, query, options, found)
    if "classdefsonly" in options:
        return _definitions_of(call, steps, found, options["classdefsonly"], dialect)
    result = call.namespace.schema.get(_value(options, "resultclass") or "")
    rows: list[Instance] = []
    shown: dict[ResolvedClass, Projection] | None = {} if "keysonly" in options else None

    def work() -> Iterator[None]:
        yield from steps
        rows.extend((yield from call.living(found)))
        if shown is not None:
            shown.update(_keys_only(found))

    return _Rows(rows, shown, result.full if result else None, True, work())


def _finding_instances(
    call: OperationCall, dialect: QueryDialect, query: Traversal, options: dict[str, Option], found: list[Instance]
) -> Iterator[None]:
    """Add the instances that a traversal leads to to ``found``, in steps."""
    source = source_of(call, dialect, query)
    result, role = _value(options, "resultclass"), _value(options, "role")
    qualifier = _value(options, "requiredqualifier")
    all_found: list[Instance] = found if qualifier is None else []
    if query.associators:
        namespace = yield from _through(call.namespace, source, _value(options, "requiredassocqualifier"))
        yield from finding_associated(
            call.world,
            namespace,
            source,
            all_found,
            association=_value(options, "assocclass"),
            result_class=result,
            role=role,
            result_role=_value(options, "resultrole"),
            repeated=dialect.wmi,
        )
    else:
        yield from finding_referring(call.namespace, source, all_found, association=result, role=role)
    if qualifier is not None:
        found.extend([each for each in all_found if qualifier in each.cls.full.qualifiers])


def _through(namespace: Namespace, source: Identity, qualifier: str | None) -> Generator[None, None, Namespace]:
    """Return the namespace with those associations of the source only whose class has the qualifier, all for None."""
    if qualifier is None:
        return namespace
    referring: list[Instance] = []
    yield from finding_referring(namespace, source, referring)
    links = {(link.cls.folded, link.key): None for link in referring if qualifier in link.cls.full.qualifiers}
    return replace(namespace, referrers=PersistentMap({source: PersistentMap(links)}))


def _definitions(namespace: str, classes: Sequence[ResolvedClass], option: Option, dialect: QueryDialect) -> _Definitions:
    rows = [class_object(cls, namespace) for cls in classes]
    return _Definitions(namespace, rows, _OPTIONS[fold(option.name)], option.at, dialect)


def _definitions_of(
    call: OperationCall, steps: Iterator[None], found: list[Instance], option: Option, dialect: QueryDialect
) -> _Definitions:
    """Return the classes of the instances that steps add to ``found``, each once."""
    rows: list[Instance] = []

    def work() -> Iterator[None]:
        yield from steps
        places = {instance.namespace: None for instance in found}
        if len(places) > 1:
            raise option.at.unsupported(f"the instances lie in {' and '.join(places)}: classes of several are not supported")
        classes = dict.fromkeys([instance.cls for instance in found])
        rows.extend(class_object(cls, namespace) for namespace in places for cls in classes)

    return _Definitions(call.namespace.name, rows, _OPTIONS[fold(option.name)], option.at, dialect, work())


def _found_classes(
    call: OperationCall, dialect: QueryDialect, query: Traversal, options: dict[str, Option]
) -> list[ResolvedClass]:
    """Return the classes that the schema ties to the source (rule OP-AS-9).

    An association class with the qualifier of RequiredAssocQualifier stands for its subclasses too, as that of AssocClass does.
    """
    source = source_class_of(call, dialect, query)
    result, role = _value(options, "resultclass"), _value(options, "role")
    association, qualifier = _value(options, "assocclass"), _value(options, "requiredassocqualifier")
    if not query.associators:
        found = _classes(references(call, source, result, role, True, False, None))
    else:
        links = [association]
        if qualifier is not None:
            tied = _classes(references(call, source, association, role, True, False, None))
            links = [cls.name for cls in tied if qualifier in cls.full.qualifiers]
        found = [
            cls
            for link in links
            for cls in _classes(associators(call, source, link, result, role, _value(options, "resultrole"), True, False, None))
        ]
    required = _value(options, "requiredqualifier")
    return [cls for cls in dict.fromkeys(found) if required is None or required in cls.full.qualifiers]


def _classes(outcome: Outcome) -> Sequence[ResolvedClass]:
    match outcome.result:
        case ClassesWithPath(_, classes):
            return classes
    raise TypeError(f"{type(outcome.result).__name__} holds no classes")


def _options(call: OperationCall, dialect: QueryDialect, query: Traversal) -> dict[str, Option]:
    """Return the options by folded name (rule OP-EQ-2)."""
    options: dict[str, Option] = {}
    for option in query.options:
        folded = fold(option.name)
        name = _OPTIONS.get(folded)
        if name is None:
            raise option.at.invalid(f"no option {option.name}{did_you_mean(option.name, _OPTIONS.values())}")
        if folded in _ASSOCIATORS_ONLY and not query.associators:
            raise option.at.invalid(f"{name} is an option of ASSOCIATORS OF")
        if folded in options:
            raise option.at.invalid(f"{name} appears twice")
        if (option.value is None) is not (name in _FLAGS):
            raise option.at.invalid(f"{name} has no value" if name in _FLAGS else f"{name} needs a value")
        options[folded] = option
    flags = [option for folded, option in options.items() if _OPTIONS[folded] in _FLAGS]
    if len(flags) > 1:
        first, second = [_OPTIONS[fold(option.name)] for option in flags[:2]]
        raise flags[1].at.invalid(f"{first} and {second} exclude one another")
    if dialect.wmi and "classdefsonly" in options and "resultclass" in options:
        raise options["classdefsonly"].at.invalid("ClassDefsOnly and ResultClass exclude one another")
    _check_classes(call, dialect, options)
    return options


def _check_classes(call: OperationCall, dialect: QueryDialect, options: dict[str, Option]) -> None:
    """Refuse the names of classes that do not exist."""
    here = call.namespace.schema
    for folded in ("assocclass", "resultclass"):
        name = _value(options, folded)
        if name is None or here.get(name) is not None:
            continue
        # Instances may lie in another namespace, which alone knows their class (rule OP-AS-8).
        if folded == "assocclass" or "schemaonly" in options or not call.knows(name):
            raise refusal(dialect, options[folded].at, invalid_class, call.namespace.no_class(name))


def _value(options: dict[str, Option], folded: str) -> str | None:
    option = options.get(folded)
    return None if option is None else option.value


def _keys_only(found: list[Instance]) -> dict[ResolvedClass, Projection]:
    projections: dict[ResolvedClass, Projection] = {}
    for cls in dict.fromkeys(instance.cls for instance in found):
        names = [cls.properties[place].name for place in cls.keys]
        projections.update(project_all([cls], names, class_origin=False) or {})
    return projections
