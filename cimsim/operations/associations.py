"""The association operations, for instances and for classes (rules OP-AS-2 to OP-AS-12)."""

from collections.abc import Generator, Iterator

from cimsim.operations.call import OperationCall, Outcome
from cimsim.operations.pending import begun, working
from cimsim.operations.projection import project_all
from cimsim.operations.request import ClassName
from cimsim.operations.results import ClassesWithPath, ClassPaths, ClassView, ObjectPaths, ObjectsWithPath
from cimsim.operations.schema_operations import folded_names
from cimsim.world.errors import invalid_parameter
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.paths import InstancePath
from cimsim.world.schema import Property, ResolvedClass
from cimsim.world.traverse import finding_associated, finding_referring

Target = InstancePath | ClassName


def associators(
    call: OperationCall,
    ObjectName: Target,
    AssocClass: str | None,
    ResultClass: str | None,
    Role: str | None,
    ResultRole: str | None,
    IncludeQualifiers: bool,
    IncludeClassOrigin: bool,
    PropertyList: list[str] | None,
) -> Outcome:
    """Return the objects associated with an object, with their paths (rule OP-AS-1)."""
    target = _meant(call, ObjectName)
    if isinstance(target, ClassName):
        view = ClassView(False, IncludeQualifiers, IncludeClassOrigin, folded_names(PropertyList))
        classes = _associated_classes(call, target, AssocClass, ResultClass, Role, ResultRole)
        return Outcome(call.world, ClassesWithPath(call.namespace.name, classes, view))
    found: list[Instance] = []
    steps = _associated(call, target, AssocClass, ResultClass, Role, ResultRole, found)
    return Outcome(call.world, working(_with_paths(call, steps, found, IncludeClassOrigin, PropertyList)))


def associator_names(
    call: OperationCall,
    ObjectName: Target,
    AssocClass: str | None,
    ResultClass: str | None,
    Role: str | None,
    ResultRole: str | None,
) -> Outcome:
    """Return the paths of the objects associated with an object (rule OP-ASN-1)."""
    target = _meant(call, ObjectName)
    if isinstance(target, ClassName):
        classes = _associated_classes(call, target, AssocClass, ResultClass, Role, ResultRole)
        return Outcome(call.world, ClassPaths(call.namespace.name, classes))
    found: list[Instance] = []
    steps = _associated(call, target, AssocClass, ResultClass, Role, ResultRole, found)
    return Outcome(call.world, begun(steps, lambda: ObjectPaths(found)))


def references(
    call: OperationCall,
    ObjectName: Target,
    ResultClass: str | None,
    Role: str | None,
    IncludeQualifiers: bool,
    IncludeClassOrigin: bool,
    PropertyList: list[str] | None,
) -> Outcome:
    """Return the associations that refer to an object, with their paths (rule OP-RF-1)."""
    target = _meant(call, ObjectName)
    if isinstance(target, ClassName):
        view = ClassView(False, IncludeQualifiers, IncludeClassOrigin, folded_names(PropertyList))
        classes = [association for association, _ in _class_associations(call, target, ResultClass, Role)]
        return Outcome(call.world, ClassesWithPath(call.namespace.name, classes, view))
    found: list[Instance] = []
    steps = _referring(call, target, ResultClass, Role, found)
    return Outcome(call.world, working(_with_paths(call, steps, found, IncludeClassOrigin, PropertyList)))


def reference_names(call: OperationCall, ObjectName: Target, ResultClass: str | None, Role: str | None) -> Outcome:
    """Return the paths of the associations that refer to an object (rule OP-RFN-1)."""
    target = _meant(call, ObjectName)
    if isinstance(target, ClassName):
        classes = [association for association, _ in _class_associations(call, target, ResultClass, Role)]
        return Outcome(call.world, ClassPaths(call.namespace.name, classes))
    found: list[Instance] = []
    steps = _referring(call, target, ResultClass, Role, found)
    return Outcome(call.world, begun(steps, lambda: ObjectPaths(found)))


def _meant(call: OperationCall, target: Target) -> Target:
    """Return the class where a client that is not careful writes it as an instance without keys (rule Q7), else the target."""
    if not call.policy.keyless_class or isinstance(target, ClassName) or target.keys:
        return target
    cls = call.namespace.schema.get(target.classname)
    return ClassName(cls.name) if cls is not None and cls.keys else target


def _with_paths(
    call: OperationCall, steps: Iterator[None], found: list[Instance], class_origin: bool, property_list: list[str] | None
) -> Generator[None, None, ObjectsWithPath]:
    """Return ``found`` with what to show of it, after the steps that find it."""
    many = False
    for _ in steps:
        many = True
        yield
    classes = {instance.cls: None for instance in found}
    live = yield from call.living(found)
    shown = ObjectsWithPath(live, project_all(classes, property_list, class_origin=class_origin))
    if many:
        # What is made of it takes as long as this.
        yield
    return shown


def _known_class(call: OperationCall, name: str | None) -> None:
    """Refuse the name of a class that does not exist (rules OP-AS-3, OP-AS-4)."""
    if name is not None and call.namespace.schema.get(name) is None:
        raise invalid_parameter(call.namespace.no_class(name))


def _source(call: OperationCall, path: InstancePath) -> Instance:
    """Return the source instance: an unknown class is CIM_ERR_INVALID_PARAMETER here, a missing instance 6 (OP-AS-3, Z12)."""
    if call.namespace.schema.get(path.classname) is None:
        raise invalid_parameter(call.namespace.no_class(path.classname))
    return call.world.instance(path, call.namespace)


def _associated(
    call: OperationCall,
    path: InstancePath,
    association: str | None,
    result: str | None,
    role: str | None,
    result_role: str | None,
    found: list[Instance],
) -> Iterator[None]:
    """Return the steps that add the instances associated with another to ``found``; what is wrong is refused at once."""
    _known_class(call, association)
    # The class of a result may be known only to another namespace, where results may lie.
    if result is not None and not call.knows(result):
        _known_class(call, result)
    return finding_associated(
        call.world,
        call.namespace,
        _source(call, path).identity,
        found,
        association=association,
        result_class=result,
        role=role,
        result_role=result_role,
    )


def _referring(
    call: OperationCall, path: InstancePath, association: str | None, role: str | None, found: list[Instance]
) -> Iterator[None]:
    """Return the steps that add the associations that refer to an instance to ``found``; likewise."""
    _known_class(call, association)
    return finding_referring(call.namespace, _source(call, path).identity, found, association=association, role=role)


def _class_associations(
    call: OperationCall, name: str, association: str | None, role: str | None
) -> Iterator[tuple[ResolvedClass, set[str]]]:
    """Yield the association classes with a reference to the class or a superclass of it (rule OP-AS-9).

    With each come the folded names of the references through which it may be entered.
    """
    _known_class(call, association)
    _known_class(call, name)
    source = call.namespace.cls(name)
    folded = fold(association) if association else None
    for cls in call.namespace.schema:
        if not cls.association or (folded is not None and not cls.is_a(folded)):
            continue
        entries = {
            fold(prop.name)
            for prop in _reference_properties(cls)
            if (role is None or fold(prop.name) == fold(role)) and source.is_a(fold(prop.reference_class or ""))
        }
        if entries:
            yield cls, entries


def _associated_classes(
    call: OperationCall, name: str, association: str | None, result: str | None, role: str | None, result_role: str | None
) -> list[ResolvedClass]:
    _known_class(call, result)
    found: dict[ResolvedClass, None] = {}
    for cls, entries in _class_associations(call, name, association, role):
        for prop in _reference_properties(cls):
            folded = fold(prop.name)
            if (folded in entries and len(entries) == 1) or (result_role and folded != fold(result_role)):
                continue
            target = call.namespace.schema.get(prop.reference_class or "")
            if target is not None and (result is None or target.is_a(fold(result))):
                found[target] = None
    return list(found)


def _reference_properties(cls: ResolvedClass) -> list[Property]:
    return [cls.properties[place] for place in cls.references]
