"""One model behind two connections, ours and that of pywbem_mock, and the comparison of what both answer."""

from collections import Counter
from collections.abc import Callable, Mapping
from copy import deepcopy
from random import Random
from typing import Any, Final

from pywbem import CIMClass, CIMError, CIMInstance, CIMInstanceName, CIMProperty, WBEMConnection
from pywbem_mock import FakedWBEMConnection

from tests.differential.forms import form, in_any_order, path_form
from tests.differential.mock_methods import EchoProvider
from tests.differential.model import Chooser, random_classes

NAMESPACES: Final = ("root/test", "root/other")
FAR: Final = "T_FarLink"
"""The association between namespaces. The mock stores it in both, so the steps write it there past its operations."""
Codes = Callable[[int], int | None] | Mapping[int, int | None]


class Twins:
    """Two servers that begin with the same classes.

    Attributes:
        ours: a connection to a server of the pack ``pack``, in which nothing was changed yet.
        mock: the same in pywbem_mock. It also tells the tests what there is.
        choose: makes the choices.
        calls: how often each operation was compared.
    """

    def __init__(self, ours: WBEMConnection, random: Random) -> None:
        self.ours = ours
        self.choose = Chooser(random)
        self.calls: Counter[str] = Counter()
        self.mock = FakedWBEMConnection(default_namespace=NAMESPACES[0])
        for namespace in NAMESPACES[1:]:
            self.mock.add_namespace(namespace)
        for namespace in NAMESPACES:
            classes = _from_the_top(ours, namespace)
            _mark_embedded(classes)
            self.mock.add_cimobjects([*ours.EnumerateQualifiers(namespace), *classes], namespace=namespace)
        self.mock.register_provider(EchoProvider(self.mock.cimrepository), list(NAMESPACES))
        classes = random_classes(self.choose)
        for namespace in NAMESPACES:
            for cls in classes:
                self.both("CreateClass", namespace, NewClass=cls)
        self.nodes = [cls.classname for cls in classes if cls.classname.startswith("T_Node")]
        self.links = [cls.classname for cls in classes if "Link" in cls.classname and cls.classname != FAR]

    # What there is

    def namespace(self) -> str:
        """Return the namespace of a step: mostly the first."""
        return NAMESPACES[0] if self.choose.chance(2) else self.choose.pick(NAMESPACES)

    def resolved(self, namespace: str, classname: str) -> Any:
        """Return a class (``CIMClass``) with all that it inherits, None if there is none."""
        store = self.mock.cimrepository.get_class_store(namespace)
        return store.get(classname, copy=False) if store.object_exists(classname) else None

    def classes(self, namespace: str) -> list[str]:
        """Return the names of all classes."""
        return list(self.mock.cimrepository.get_class_store(namespace).iter_names())

    def stored(self, namespace: str) -> list[CIMInstance]:
        """Return all instances."""
        return list(self.mock.cimrepository.get_instance_store(namespace).iter_values(copy=False))

    def keys(self, cls: CIMClass) -> list[CIMProperty]:
        """Return the key properties of a resolved class."""
        return [prop for prop in cls.properties.values() if "Key" in prop.qualifiers]

    def random_path(self, namespace: str, missing: int = 6, nodes: bool = False) -> CIMInstanceName:
        """Return the path of an instance that is there; one in ``missing`` may be there, or is of no class."""
        choose = self.choose
        known = [
            each for each in self.stored(namespace) if each.classname != FAR and (not nodes or each.classname in self.nodes)
        ]
        if known and not choose.chance(missing):
            path = choose.pick(known).path
            keys = [(choose.spelt(name), deepcopy(value)) for name, value in path.keybindings.items()]
            return CIMInstanceName(choose.spelt(path.classname), keys, namespace=namespace)
        if choose.chance(4):
            return CIMInstanceName("T_Nothing", {"Id": "x"}, namespace=namespace)
        classname = choose.pick(self.nodes)
        cls = self.resolved(namespace, classname)
        assert cls is not None
        keys = [(prop.name, choose.value(prop.type, null=False)) for prop in self.keys(cls)]
        return CIMInstanceName(classname, keys, namespace=namespace)

    def exists(self, path: CIMInstanceName) -> bool:
        """Return whether an instance is there."""
        wanted = path_form(path, path.namespace)
        return any(path_form(each.path, path.namespace) == wanted for each in self.stored(path.namespace))

    # Comparing

    def both(
        self,
        operation: str,
        namespace: str | None = None,
        *,
        codes: Codes | None = None,
        mock: Mapping[str, Any] | None = None,
        shown: Callable[[Any], Any] = lambda result: result,
        **arguments: Any,
    ) -> Any:
        """Carry out an operation on both sides and compare results or status codes; return our result, None if refused.

        Args:
            operation: the name of a method of ``WBEMConnection``.
            namespace: its argument ``namespace``, if it has one.
            codes: turns our status code into that of the mock; None: the mock succeeds.
            mock: arguments that differ for the mock.
            shown: makes of the form of a result what must agree.
            arguments: the others.
        """
        self.count(operation)
        target = {} if namespace is None else {"namespace": namespace}
        space = namespace or NAMESPACES[0]

        def theirs() -> Any:
            return getattr(self.mock, operation)(**target, **deepcopy({**arguments, **(mock or {})}))

        try:
            result = getattr(self.ours, operation)(**target, **deepcopy(arguments))
        except CIMError as error:
            self._refused(error, theirs, codes, (operation, namespace, arguments))
            return None
        try:
            expected = theirs()
        except CIMError as error:
            raise AssertionError((operation, namespace, arguments, "the mock refuses", str(error))) from error
        ours, other = (in_any_order(shown(form(each, space))) for each in (result, expected))
        assert ours == other, difference(ours, other, (operation, namespace, arguments))
        return result

    def count(self, operation: str) -> None:
        """Count a comparison."""
        self.calls[operation] += 1

    def refused(self, code: int, operation: str, namespace: str | None = None, **arguments: Any) -> None:
        """Our side alone must refuse, where the mock is no oracle."""
        target = {} if namespace is None else {"namespace": namespace}
        try:
            getattr(self.ours, operation)(**target, **deepcopy(arguments))
        except CIMError as error:
            assert error.status_code == code, (operation, arguments, error)
        else:
            raise AssertionError((operation, namespace, arguments, "not refused"))

    def _refused(self, error: CIMError, theirs: Callable[[], Any], codes: Codes | None, what: Any) -> None:
        code: int | None = error.status_code
        if codes is not None:
            code = codes(error.status_code) if callable(codes) else codes.get(error.status_code, error.status_code)
        try:
            result = theirs()
        except CIMError as other:
            assert other.status_code == code, (*what, str(error), str(other))
        else:
            assert code is None, (*what, str(error), "but the mock answers", result)

    def compare_all(self) -> None:
        """Compare everything that is stored."""
        for namespace in NAMESPACES:
            for classname in self.classes(namespace):
                cls = self.resolved(namespace, classname)
                if cls is not None and cls.superclass is None and not classname.startswith("T_Part"):
                    self.both("EnumerateInstances", namespace, ClassName=classname)
            self.both("EnumerateClassNames", namespace, DeepInheritance=True)
            self.both("EnumerateQualifiers", namespace)


def difference(ours: Any, other: Any, what: Any) -> str:
    """Return what to read when two forms differ."""
    shown = "\n".join(f"{side}: {part!r}" for side, part in _parts(ours, other))
    return f"{what}\n{shown}"


def _parts(ours: Any, other: Any) -> list[tuple[str, Any]]:
    """Return the innermost pair of parts that holds the whole difference."""
    if isinstance(ours, list | tuple) and isinstance(other, list | tuple) and len(ours) == len(other):
        unequal = [pair for pair in zip(ours, other, strict=True) if pair[0] != pair[1]]
        if len(unequal) == 1:
            return _parts(*unequal[0])
    return [("ours", ours), ("mock", other)]


def _mark_embedded(classes: list[CIMClass]) -> None:
    """Tell the mock which parameters are embedded objects; CIM-XML leaves that to the qualifiers."""
    for cls in classes:
        for method in cls.methods.values():
            for parameter in method.parameters.values():
                if "EmbeddedInstance" in parameter.qualifiers:
                    parameter.embedded_object = "instance"
                elif "EmbeddedObject" in parameter.qualifiers:
                    parameter.embedded_object = "object"


def _from_the_top(ours: WBEMConnection, namespace: str) -> list[CIMClass]:
    """Return all classes as they are declared, each after its superclass."""
    waiting = ours.EnumerateClasses(namespace, DeepInheritance=True, LocalOnly=True)
    ordered: list[CIMClass] = []
    while waiting:
        names = {cls.classname for cls in waiting}
        ready = [cls for cls in waiting if cls.superclass not in names]
        ordered += ready
        waiting = [cls for cls in waiting if cls.superclass in names]
    return ordered
