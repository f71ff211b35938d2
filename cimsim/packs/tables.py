"""What pywbem's compiler looks names up in: aliases, qualifiers, and stand-ins for the classes of instances."""

from typing import TYPE_CHECKING, Any

from cimsim.packs.declarations import prepare
from cimsim.world.names import did_you_mean, fold

if TYPE_CHECKING:
    from cimsim.packs.compiler import Compiler


class Aliases(dict[str, Any]):
    """The instances that aliases stand for."""

    def __init__(self, compiler: "Compiler") -> None:
        super().__init__()
        self._compiler = compiler

    def __missing__(self, alias: str) -> Any:
        raise self._compiler.error(
            self._compiler.source.last_word(alias[1:]), f"alias {alias} is not defined before{did_you_mean(alias, self)}"
        )


class Qualifiers:
    """The qualifier declarations of all namespaces, as pywbem looks them up: by namespace, then by name."""

    def __init__(self, compiler: "Compiler", namespace: str = "") -> None:
        self._compiler = compiler
        self._namespace = namespace

    def __contains__(self, name: object) -> bool:
        return True

    def __setitem__(self, name: str, value: Any) -> None:
        """Ignore what pywbem would keep: the world has it already."""

    def __getitem__(self, name: str) -> Any:
        if not self._namespace:
            return Qualifiers(self._compiler, name)
        build = self._compiler.build
        prepare(build.transaction, self._namespace, build.standard)
        namespace = build.transaction.world.namespace(self._namespace)
        found = namespace.qualifiers.get(fold(name))
        if found is None:
            hint = did_you_mean(name, (declaration.name for declaration in namespace.qualifiers.all()))
            position = self._compiler.source.last_word(name)
            raise self._compiler.error(position, f"no qualifier {name} is declared in {namespace.name}{hint}")
        return found


class _AnyShape(int):
    """Whether a stand-in property is an array: it is what the value is."""

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = int.__hash__


class _AnyProperty:
    """A stand-in property: takes any value, and keeps it as it is."""

    type = "string"
    is_array = _AnyShape()

    def __init__(self, name: str) -> None:
        self.name = name
        self.value: Any = None
        self.qualifiers: dict[str, Any] = {}

    def copy(self) -> "_AnyProperty":
        """Return one for another value."""
        return _AnyProperty(self.name)


class AnyClass:
    """A stand-in class: has any property, each once."""

    def __init__(self, classname: str, compiler: "Compiler") -> None:
        self.classname = classname
        self.properties = self
        self._compiler = compiler
        self._seen: set[str] = set()

    def __getitem__(self, name: str) -> _AnyProperty:
        if fold(name) in self._seen:
            raise self._compiler.error(self._compiler.source.assignment(name, 2), f"property {name} stands twice")
        self._seen.add(fold(name))
        return _AnyProperty(name)
