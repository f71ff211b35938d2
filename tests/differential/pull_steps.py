"""Steps with enumeration sessions: everything that is pulled, in any pieces, is what the mock hands out."""

from collections.abc import Callable
from typing import Any, Final

from pywbem import CIMError, CIMInstanceName

from tests.differential.association_steps import filters, missing_source, of_references, without
from tests.differential.forms import form, in_any_order
from tests.differential.instance_steps import property_list
from tests.differential.twins import Twins, difference

PULLS: Final = ("PullInstancesWithPath", "PullInstancePaths")


def pull_class(twins: Twins) -> None:
    """OpenEnumerateInstances and OpenEnumerateInstancePaths."""
    choose, namespace = twins.choose, twins.namespace()
    classname = choose.pick([*twins.classes(namespace), "T_Nothing"])
    cls = twins.resolved(namespace, classname)
    shared: dict[str, Any] = {"ClassName": choose.spelt(classname), "namespace": namespace}
    _compare(
        twins,
        "OpenEnumerateInstances",
        PULLS[0],
        DeepInheritance=choose.pick([None, True, False]),
        IncludeClassOrigin=choose.pick([None, True, False]),
        PropertyList=property_list(twins, [cls] if cls else []),
        **shared,
    )
    _compare(twins, "OpenEnumerateInstancePaths", PULLS[1], **shared)


def pull_associations(twins: Twins) -> None:
    """The Open operations along associations."""
    path = twins.random_path(twins.namespace(), 15, nodes=True)
    classes = [cls for name in twins.nodes if (cls := twins.resolved(path.namespace, name))]
    listed = property_list(twins, classes)
    given = filters(twins)
    fewer = of_references(given)
    _follow(twins, "OpenAssociatorInstances", PULLS[0], path, without(path), PropertyList=listed, **given)
    _follow(twins, "OpenAssociatorInstancePaths", PULLS[1], path, without(path), **given)
    _follow(twins, "OpenReferenceInstances", PULLS[0], path, list, PropertyList=listed, **fewer)
    _follow(twins, "OpenReferenceInstancePaths", PULLS[1], path, list, **fewer)


def _follow(
    twins: Twins, opening: str, pull: str, path: CIMInstanceName, shown: Callable[[Any], Any], **arguments: Any
) -> None:
    _compare(twins, opening, pull, shown=shown, missing=missing_source, InstanceName=path, **arguments)


def _compare(
    twins: Twins,
    opening: str,
    pull: str,
    *,
    shown: Callable[[Any], Any] = list,
    missing: Callable[[int], int | None] = lambda code: code,
    **arguments: Any,
) -> None:
    """Pull everything from both sides. K7, K8: both must be told how many objects they may return."""
    twins.count(opening)
    namespace = arguments.get("namespace") or arguments["InstanceName"].namespace
    first, further = twins.choose.pick([0, 1, 2, 5, 100]), twins.choose.pick([1, 2, 3, 100])
    ours = _pulled(twins.ours, opening, pull, first, further, arguments)
    mock = _pulled(twins.mock, opening, pull, max(1, first), further, arguments)
    if isinstance(ours, int):
        ours = missing(ours)
        if ours is None:
            assert mock == []
            return
    else:
        assert isinstance(mock, list), (opening, arguments, mock)
        ours, mock = (in_any_order(shown(form(each, namespace))) for each in (ours, mock))
    assert ours == mock, difference(ours, mock, (opening, arguments, first, further))


def _pulled(connection: Any, opening: str, pull: str, first: int, further: int, arguments: dict[str, Any]) -> Any:
    """Return everything a session hands out, or the status code of the operation that refused."""
    kind = "instances" if pull == PULLS[0] else "paths"
    try:
        result = getattr(connection, opening)(MaxObjectCount=first, **_copied(arguments))
        found = list(getattr(result, kind))
        assert len(found) <= first
        while not result.eos:
            context = result.context
            result = getattr(connection, pull)(context, further)
            assert len(getattr(result, kind)) <= further
            found += getattr(result, kind)
    except CIMError as error:
        return error.status_code
    return found


def _copied(arguments: dict[str, Any]) -> dict[str, Any]:
    # The mock writes the namespace into the path that it is given.
    return {name: each.copy() if isinstance(each, CIMInstanceName) else each for name, each in arguments.items()}


def refuse_session(twins: Twins) -> None:
    """PL-36: a filter without its language, and a language that nobody knows. K11: the mock ignores any other filter."""
    classname, namespace = twins.choose.pick(twins.nodes), twins.namespace()
    wrong: dict[str, Any] = twins.choose.pick(
        [{"FilterQuery": "Id = 1"}, {"FilterQuery": "Id = 1", "FilterQueryLanguage": "NO:QL"}]
    )
    _compare(twins, "OpenEnumerateInstances", PULLS[0], ClassName=classname, namespace=namespace, **wrong)


def spoil_a_session(twins: Twins) -> None:
    """PL-31, PL-33: the wrong kind of pull leaves the session alone, closing ends it; both sides say the same."""
    choose, namespace = twins.choose, twins.namespace()
    if len(twins.stored(namespace)) < 2:
        return
    classname = choose.pick(twins.nodes)
    arguments = {"ClassName": classname, "namespace": namespace, "MaxObjectCount": 1}
    opened = [side.OpenEnumerateInstancePaths(**arguments) for side in (twins.ours, twins.mock)]
    assert opened[0].eos == opened[1].eos
    if opened[0].eos:
        return
    contexts = [each.context for each in opened]
    moves = choose.some(["wrong", "right", "close", "close", "right"], 5)
    for move in moves:
        twins.count("CloseEnumeration" if move == "close" else PULLS[move == "right"])
        said = [_answer(side, move, context) for side, context in zip((twins.ours, twins.mock), contexts, strict=True)]
        assert said[0] == said[1], (moves, move, said)


def _answer(side: Any, move: str, context: Any) -> Any:
    try:
        if move == "close":
            return side.CloseEnumeration(context)
        if move == "wrong":
            return side.PullInstancesWithPath(context, 1)
        return side.PullInstancePaths(context, 1).eos
    except CIMError as error:
        return error.status_code


STEPS: Final = [pull_class, pull_class, pull_associations, refuse_session, spoil_a_session]
