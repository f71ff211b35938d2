"""Steps along associations, from instances and from classes."""

from typing import Any, Final

from pywbem import CIMClassName, CIMInstanceName

from tests.differential.forms import form, path_form
from tests.differential.instance_steps import property_list
from tests.differential.twins import Twins


def filters(twins: Twins) -> dict[str, Any]:
    """Return the filters of an association operation, mostly none."""
    choose = twins.choose
    classes = [*[None] * 20, "T_Nothing", *twins.nodes, *twins.links]
    roles = [*[None] * 16, "Left", "right", "END", "A", "b", "C", "here", "There", "Nowhere"]
    association, result = choose.pick(classes), choose.pick(classes)
    return {
        "AssocClass": association and choose.spelt(association),
        "ResultClass": result and choose.spelt(result),
        "Role": choose.pick(roles),
        "ResultRole": choose.pick(roles),
    }


def of_references(given: dict[str, Any]) -> dict[str, Any]:
    """Return those filters that References has."""
    return {"ResultClass": given["AssocClass"], "Role": given["Role"]}


def missing_source(code: int) -> int | None:
    """K16: an instance that is missing has no associations in the mock, and is an error of ours (rule Z12)."""
    return None if code == 6 else code


def without(source: CIMInstanceName) -> Any:
    """K17: the mock never returns the source itself; leave it out of ours."""
    path = path_form(source, source.namespace)
    return lambda found: [each for each in found if path not in (each, each[1])]


def follow(twins: Twins) -> None:
    """The association operations from an instance, with all parameters."""
    choose = twins.choose
    path = twins.random_path(twins.namespace(), 15, nodes=True)
    classes = [cls for name in twins.nodes if (cls := twins.resolved(path.namespace, name))]
    listed = property_list(twins, classes)
    flags: dict[str, Any] = {name: choose.pick([None, True, False]) for name in ("IncludeQualifiers", "IncludeClassOrigin")}
    given = filters(twins)
    twins.both("AssociatorNames", ObjectName=path, codes=missing_source, shown=without(path), **given)
    twins.both("Associators", ObjectName=path, PropertyList=listed, codes=missing_source, shown=without(path), **given, **flags)
    twins.both("ReferenceNames", ObjectName=path, codes=missing_source, **of_references(given))
    twins.both("References", ObjectName=path, PropertyList=listed, codes=missing_source, **of_references(given), **flags)


def follow_class(twins: Twins) -> None:
    """K16: associated classes are matched by the declared class only, so only the referring ones compare."""
    choose, namespace = twins.choose, twins.namespace()
    source = CIMClassName(choose.pick([*twins.nodes, "T_Nothing"]), namespace=namespace)
    result = choose.pick([None, *twins.links, "T_Nothing"])
    role = choose.pick([None, "Left", "end", "A", "Nowhere"])
    flags: dict[str, Any] = {name: choose.pick([True, False]) for name in ("IncludeQualifiers", "IncludeClassOrigin")}
    twins.both("ReferenceNames", ObjectName=source, ResultClass=result, Role=role)
    found = twins.both(
        "References", ObjectName=source, ResultClass=result, Role=role, shown=lambda pairs: [each[0] for each in pairs], **flags
    )
    # The mock returns such classes without what they inherit; ours are those of GetClass.
    for path, cls in found or ():
        alone = twins.ours.GetClass(path.classname, namespace, LocalOnly=False, **flags)
        assert form(cls, namespace) == form(alone, namespace)


STEPS: Final = [*([follow] * 3), follow_class]
