"""``SELECT * FROM __NAMESPACE``: the child namespaces, by which clients of WMI find their way.

The class is not stored anywhere: WMI has it in every namespace, so it is made for each query.
"""

from typing import Final

from pywbem import CIMClass, CIMProperty, CIMQualifier

from cimsim.operations.call import OperationCall
from cimsim.world.instances import Instance
from cimsim.world.names import fold_namespace
from cimsim.world.schema import ResolvedClass, resolve

NAMESPACE_CLASS: Final = "__namespace"
"""The folded name of the class."""


def namespace_class() -> ResolvedClass:
    """Return the class of the rows."""
    system = resolve(CIMClass("__SystemClass", qualifiers=[CIMQualifier("Abstract", True, type="boolean")]), None)
    name = CIMProperty("Name", None, "string", qualifiers=[CIMQualifier("Key", True, type="boolean")])
    return resolve(CIMClass("__NAMESPACE", superclass=system.name, properties=[name]), system)


def child_namespaces(call: OperationCall, cls: ResolvedClass) -> list[Instance]:
    """Return an instance for each namespace right below that of the request, in alphabetical order.

    One that has only namespaces further below is among them, since a way leads through it; one that the user may not know of is
    not.
    """
    above, hides = f"{fold_namespace(call.namespace.name)}/", call.hides
    children: dict[str, str] = {}
    for folded, namespace in call.world.namespaces.items():
        if folded.startswith(above) and (hides is None or not hides(folded)):
            child = namespace.name.replace("\\", "/").strip("/")[len(above) :].partition("/")[0]
            children.setdefault(child.lower(), child)
    return [Instance(cls, call.namespace.name, (child,)) for _, child in sorted(children.items())]
