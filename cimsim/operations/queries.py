"""The query operations (rules OP-EQ-1 to OP-EQ-3).

The rows of ``SELECT *``, ASSOCIATORS OF and REFERENCES OF are instances that a client can go on with, so ExecQuery answers them
with their paths; the rows of a select list have none.

The status codes of ExecQuery do not include those for classes: an unknown class or property is CIM_ERR_INVALID_QUERY. A source
of ASSOCIATORS OF or REFERENCES OF that does not exist is CIM_ERR_NOT_FOUND, as it is for Associators (rule Z12).
"""

from dataclasses import dataclass
from typing import Final

from pywbem import CIMClass, CIMError

from cimsim.operations.call import Call, Outcome
from cimsim.operations.projection import project_all
from cimsim.operations.results import ObjectsWithPath, Projection, Projections, QueryObjects
from cimsim.query.conditions import Scope, system_property
from cimsim.query.filters import Filter, check_known
from cimsim.query.parse import parse_statement
from cimsim.query.syntax import Dialect, Option, Path, Select, Traversal
from cimsim.world.errors import not_found
from cimsim.world.instances import Instance
from cimsim.world.names import did_you_mean, fold
from cimsim.world.object_path import parse_path
from cimsim.world.paths import Identity
from cimsim.world.schema import ResolvedClass
from cimsim.world.traverse import associated, referring

_CLASS_OPTIONS: Final = {"assocclass": "AssocClass", "resultclass": "ResultClass"}
_OPTIONS: Final = {**_CLASS_OPTIONS, "role": "Role", "resultrole": "ResultRole", "requiredqualifier": "RequiredQualifier"}
_ASSOCIATORS_ONLY: Final = frozenset({"assocclass", "resultrole"})
_UNSUPPORTED: Final = {
    "classdefsonly": "ClassDefsOnly",
    "schemaonly": "SchemaOnly",
    "requiredassocqualifier": "RequiredAssocQualifier",
}
_KEYS_ONLY: Final = "keysonly"


@dataclass(frozen=True, slots=True)
class _Rows:
    """What a query found. ``whole`` tells rows that are instances from rows of a select list, which have no identity."""

    instances: list[Instance]
    projections: Projections
    cls: CIMClass | None
    whole: bool


def exec_query(call: Call, QueryLanguage: str, Query: str) -> Outcome:
    """Return the rows of a query in WQL or DMTF:CQL (rules OP-EQ-1 to OP-EQ-3)."""
    rows = _run(call, QueryLanguage, Query)
    form = ObjectsWithPath if rows.whole else QueryObjects
    return Outcome(call.world, form(rows.instances, rows.projections))


def run_query(call: Call, language: str, text: str) -> tuple[list[Instance], Projections, CIMClass | None]:
    """Return the rows of a query, what to show of them, and their class (rules PL-7, PL-41).

    The class has the name of the one behind FROM, with the selected properties; it is None where the rows are of no one class.

    Raises:
        CIMError: CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED, CIM_ERR_INVALID_QUERY, CIM_ERR_QUERY_FEATURE_NOT_SUPPORTED (OP-EQ-2),
            CIM_ERR_NOT_FOUND for the source of a traversal.
    """
    rows = _run(call, language, text)
    return rows.instances, rows.projections, rows.cls


def _run(call: Call, language: str, text: str) -> _Rows:
    dialect, statement = parse_statement(language, text)
    if isinstance(statement, Select):
        return _selected(call, dialect, statement)
    return _traversed(call, statement)


def _selected(call: Call, dialect: Dialect, query: Select) -> _Rows:
    namespace = call.namespace
    cls = namespace.schema.get(query.classname)
    if cls is None:
        raise query.at.invalid(namespace.no_class(query.classname))
    itself = frozenset({*cls.lineage, fold(query.alias or query.classname), "__this"})
    scope = Scope(dialect, itself, namespace.schema)
    closure = namespace.schema.closure(cls)
    instances = namespace.instances_of(cls)
    if query.where is not None:
        instances = Filter(query.where, scope).select(instances, closure)
    if query.columns is None:
        return _Rows(instances, None, cls.full, True)
    names = [name for column in query.columns if (name := _column(column, closure, scope)) is not None]
    projections = project_all(closure, names, class_origin=False)
    return _Rows(instances, projections, _row_class(cls, closure, names), False)


def _column(path: Path, closure: tuple[ResolvedClass, ...], scope: Scope) -> str | None:
    """Return the name of the property that a column shows; None for a system property, which an instance shows anyway."""
    check_known(path, closure, scope)
    steps = scope.steps(path, closure[0])
    if not steps:
        raise path.at.unsupported(f"{path} is the instance, which is no column")
    if len(steps) > 1 or steps[0].index is not None:
        raise path.at.unsupported(f"a column of a part of a property, {path}, is not supported")
    if steps[0].name.startswith("__"):
        system_property(closure[0], steps[0], path)
        return None
    return steps[0].name


def _row_class(cls: ResolvedClass, closure: tuple[ResolvedClass, ...], names: list[str]) -> CIMClass:
    shown = {}
    for name in names:
        owner = next(each for each in closure if fold(name) in each.index)
        prop = owner.full.properties[name]
        shown[prop.name] = prop
    return CIMClass(cls.name, superclass=cls.declared.superclass, properties=shown, qualifiers=cls.full.qualifiers)


# ASSOCIATORS OF and REFERENCES OF


def _traversed(call: Call, query: Traversal) -> _Rows:
    options = _options(call, query)
    source = _source(call, query)
    role, result_role = options.get("role"), options.get("resultrole")
    if query.associators:
        found = associated(
            call.world,
            call.namespace,
            source,
            association=options.get("assocclass"),
            result_class=options.get("resultclass"),
            role=role,
            result_role=result_role,
        )
    else:
        found = list(referring(call.namespace, source, association=options.get("resultclass"), role=role))
    qualifier = options.get("requiredqualifier")
    if qualifier is not None:
        found = [instance for instance in found if qualifier in instance.cls.full.qualifiers]
    result = call.namespace.schema.get(options.get("resultclass") or "")
    projections = _keys_only(found) if _KEYS_ONLY in options else None
    return _Rows(found, projections, result.full if result else None, True)


def _options(call: Call, query: Traversal) -> dict[str, str]:
    """Return the options by folded name (rule OP-EQ-2)."""
    options: dict[str, str] = {}
    for option in query.options:
        folded = fold(option.name)
        if folded in _UNSUPPORTED:
            raise option.at.unsupported(f"{_UNSUPPORTED[folded]} is not supported")
        if folded not in _OPTIONS and folded != _KEYS_ONLY:
            raise option.at.invalid(f"no option {option.name}{did_you_mean(option.name, _OPTIONS.values())}")
        if folded in _ASSOCIATORS_ONLY and not query.associators:
            raise option.at.invalid(f"{_OPTIONS[folded]} is an option of ASSOCIATORS OF")
        if folded in options:
            raise option.at.invalid(f"{option.name} stands twice")
        options[folded] = _option_value(call, option, folded)
    return options


def _option_value(call: Call, option: Option, folded: str) -> str:
    if folded == _KEYS_ONLY:
        if option.value is not None:
            raise option.at.invalid("KeysOnly has no value")
        return ""
    if option.value is None:
        raise option.at.invalid(f"{option.name} needs a value")
    if folded in _CLASS_OPTIONS:
        schemas = [call.namespace.schema]
        if folded == "resultclass":
            # Results may lie in another namespace, which alone knows their class (rule OP-AS-8).
            schemas = [each.schema for each in call.world.namespaces.values()]
        if not any(schema.get(option.value) for schema in schemas):
            raise option.at.invalid(call.namespace.no_class(option.value))
    return option.value


def _source(call: Call, query: Traversal) -> Identity:
    try:
        path = parse_path(query.source, call.world, call.namespace.name)
    except ValueError as error:
        raise query.at.invalid(str(error)) from None
    try:
        return call.world.instance(path, call.namespace).identity
    except CIMError as error:
        missing = error.status_code == not_found("").status_code
        raise (error if missing else query.at.invalid(error.status_description)) from None


def _keys_only(found: list[Instance]) -> Projections:
    projections: dict[ResolvedClass, Projection] = {}
    for cls in dict.fromkeys(instance.cls for instance in found):
        names = [cls.properties[place].name for place in cls.keys]
        projections.update(project_all([cls], names, class_origin=False) or {})
    return projections or None
