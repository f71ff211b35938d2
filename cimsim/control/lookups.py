"""What the parts of a path and the fields of a query name: namespaces, classes, instances."""

from typing import NamedTuple

from msgspec.structs import replace
from pywbem import CIMError

from cimsim.control.api_errors import ControlError, refusal_of
from cimsim.control.json_values import path_of
from cimsim.operations.request import Argument, IntrinsicRequest
from cimsim.simulation.controlled_cimom import ControlledCimom
from cimsim.world.instances import Instance
from cimsim.world.names import fold_namespace, nearest
from cimsim.world.paths import ClassName, InstancePath
from cimsim.world.schema import ResolvedClass
from cimsim.world.world import Namespace, World


class FoundInstance(NamedTuple):
    """An instance as a client reads it, its namespace, and the world in which it was looked up."""

    instance: Instance
    namespace: Namespace
    world: World


def namespace_named(world: World, name: str, field: str = "namespace") -> Namespace:
    """Return the namespace of a name; raises ControlError, 404, with the nearest that exists."""
    found = world.namespaces.get(fold_namespace(name))
    if found is None:
        close = nearest(name, (each.name for each in world.namespaces.values()))
        raise ControlError(404, world.no_namespace(name), field, close or "")
    return found


def class_named(namespace: Namespace, name: str, field: str = "classname") -> ResolvedClass:
    """Return the class of a name; raises ControlError, 404, with the nearest that exists."""
    try:
        return namespace.cls(name)
    except CIMError as error:
        raise refusal_of(error, field) from None


def parsed_path(world: World, text: str, field: str = "path") -> InstancePath:
    """Return the absolute path that a text has.

    Raises:
        ControlError: 400, it is not the path of an instance; 404, there is no such namespace.
    """
    try:
        path = path_of(text, world, "")
    except ValueError as error:
        raise ControlError(400, str(error), field) from None
    if not path.namespace:
        raise ControlError(400, f"{text!r} does not name the namespace: NAMESPACE:CLASS.KEY=VALUE is expected", field)
    namespace_named(world, path.namespace, field)
    return path


def viewed_instance(controlled: ControlledCimom, text: str, field: str = "path", *, associated: bool = False) -> FoundInstance:
    """Return the instance that the text of a path names, as a client reads it.

    ``associated``: what it is associated with will be looked at too.

    Raises:
        ControlError: 400, it is not a path; 404, there is no such instance.
    """
    path = parsed_path(controlled.cimom.world, text, field)
    request = naming(path.classname, str(path.namespace))
    call = controlled.cimom.view(replace(request, name="AssociatorNames") if associated else request)
    try:
        found = call.world.instance(path, call.namespace)
    except CIMError as error:
        raise refusal_of(error, field) from None
    return FoundInstance(call.live_one(found), call.namespace, call.world)


def naming(classname: str, namespace: str) -> IntrinsicRequest:
    """Return the request that looks at the instances of a class."""
    return IntrinsicRequest("EnumerateInstanceNames", namespace, (Argument("ClassName", ClassName(classname)),))
