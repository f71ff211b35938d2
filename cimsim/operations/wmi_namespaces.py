"""The namespaces and the classes that WMI has beside those of the world, by which its clients find their way (rule WM-R-11).

WMI has ``root``, every namespace above one that exists, and in each namespace the class ``__NAMESPACE`` with an instance for
each namespace right below. None of these is stored anywhere, and CIM-XML shows none of them, neither as a namespace nor as a
class: they are made for each request of a client of WMI, and for ``SELECT * FROM __NAMESPACE``.
"""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from pywbem import CIM_ERR_INVALID_CLASS, CIM_ERR_NOT_FOUND, CIMClass, CIMError, CIMProperty, CIMQualifier

from cimsim.operations.request import ClassName, ExtrinsicRequest, Request, SelectedInstance, Selection
from cimsim.world.convert import InstanceData
from cimsim.world.errors import invalid_namespace
from cimsim.world.instances import Instance
from cimsim.world.names import fold, fold_namespace
from cimsim.world.pmap import PersistentMap
from cimsim.world.schema import Schema
from cimsim.world.world import Namespace, World

NAMESPACE_CLASS: Final = "__namespace"
"""The folded name of the class of namespaces."""
_SYSTEM_CLASSES: Final = frozenset({NAMESPACE_CLASS, "__systemclass"})
_ROOT: Final = "root"

Hides = Callable[[str], bool] | None
"""Returns whether a namespace, by its folded name, is hidden from a user; None: none is."""


class SystemView(NamedTuple):
    """What a request meets that is for what only WMI has.

    Attributes:
        world: the world with it.
        namespace: that of the request, with the system classes alone.
        own: the world has no namespace of that name: it is there for those below it.
    """

    world: World
    namespace: Namespace
    own: bool

    def refusal(self, request: Request, error: CIMError) -> CIMError:
        """Return the error for a request that failed.

        To look for another class in a namespace that has only namespaces is to look for a namespace that is not there: clients
        try older ones first, and know that error (rule WM-R-10).
        """
        no_class = CIM_ERR_NOT_FOUND if request.name == "GetClass" else CIM_ERR_INVALID_CLASS
        if not self.own or error.status_code != no_class:
            return error
        here = self.namespace.name
        children = [f"{here}/{each['Name']}" for each in self.namespace.instances.get(NAMESPACE_CLASS, PersistentMap()).all()]
        below = f"below it: {', '.join(children)}" if children else "none below it"
        return invalid_namespace(f"{error.status_description}: there are no classes but those of namespaces ({below})")


def system_schema() -> Schema:
    """Return the classes that WMI has in every namespace."""
    abstract = CIMQualifier("Abstract", True, type="boolean", tosubclass=False)
    name = CIMProperty("Name", None, "string", qualifiers=[CIMQualifier("Key", True, type="boolean", overridable=False)])
    schema = Schema().with_class(CIMClass("__SystemClass", qualifiers=[abstract]))
    return schema.with_class(CIMClass("__NAMESPACE", superclass="__SystemClass", properties=[name]))


def leads_on(world: World, name: str) -> bool:
    """Return whether a namespace that the world does not have is there for those below it; ``root`` always is."""
    folded = fold_namespace(name)
    above = f"{folded}/"
    return folded == _ROOT or any(each.startswith(above) for each in world.namespaces)


def below(world: World, name: str) -> Iterable[str]:
    """Return the folded names of the namespaces of the world below one."""
    above = f"{fold_namespace(name)}/"
    return [each for each in world.namespaces if each.startswith(above)]


def child_namespaces(world: World, name: str, schema: Schema, hides: Hides) -> list[Instance]:
    """Return an instance for each namespace right below one, in alphabetical order.

    One that has only namespaces further below is among them, since a way leads through it; one that the user may not know of is
    not.

    Args:
        world: which namespaces there are.
        name: that of the namespace, as instances show it.
        schema: that of the system classes.
        hides: see ``Hides``.
    """
    cls = next(each for each in schema if each.folded == NAMESPACE_CLASS)
    start = len(fold_namespace(name)) + 1
    children: dict[str, str] = {}
    for folded in below(world, name):
        if hides is None or not hides(folded):
            child = world.namespaces[folded].name.replace("\\", "/").strip("/")[start:].partition("/")[0]
            children.setdefault(child.lower(), child)
    return [Instance(cls, name, (child,)) for _, child in sorted(children.items())]


def system_view(world: World, request: Request, hides: Hides) -> SystemView | None:
    """Return what a request of a client of WMI meets that is for what only WMI has; None for any other request."""
    found = world.namespaces.get(request.namespace) or world.namespaces.get(fold_namespace(request.namespace))
    if found is not None:
        if not _is_for_system_class(request):
            return None
        name = found.name
    else:
        if not leads_on(world, request.namespace):
            return None
        name = _spelt(world, request.namespace)
    schema = system_schema()
    children = PersistentMap({each.key: each for each in child_namespaces(world, name, schema, hides)})
    namespace = Namespace(name, schema, instances=PersistentMap({NAMESPACE_CLASS: children}))
    return SystemView(world.with_namespace(namespace), namespace, found is None)


def _spelt(world: World, name: str) -> str:
    """Return the name of a namespace that is there for those below it, as these spell it."""
    length = len(fold_namespace(name))
    for folded in below(world, name):
        return world.namespaces[folded].name.replace("\\", "/").strip("/")[:length]
    return _ROOT


def _is_for_system_class(request: Request) -> bool:
    # Asked of each request of WS-Management, so it must be cheap.
    if type(request) is ExtrinsicRequest:
        return _names_system_class(request.target)
    for argument in request.arguments:  # noqa: SIM110 - a generator would cost more than the tests
        if _names_system_class(argument.value):
            return True
    return False


def _names_system_class(value: object) -> bool:
    if type(value) is SelectedInstance:
        value = value.selection
    if type(value) is Selection or type(value) is InstanceData:
        name = value.classname
    elif type(value) is ClassName:
        name = value
    else:
        return False
    return name.startswith("__") and fold(name) in _SYSTEM_CLASSES
