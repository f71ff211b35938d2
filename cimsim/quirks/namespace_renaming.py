"""Requests that use the names of namespaces of another server, with the names that the world has (rules Q1, Q5)."""

from typing import Any, Final, TypeVar

from msgspec.structs import replace

from cimsim.operations.request import Argument, ClassPath, IntrinsicRequest, NamedInstance, Request
from cimsim.quirks.profiles import Quirks
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.errors import invalid_namespace
from cimsim.world.names import INTEROP, fold, fold_namespace
from cimsim.world.paths import InstancePath
from cimsim.world.values import Untyped

_NAMESPACE_CLASSES: Final = frozenset({"cim_namespace", "pg_namespace"})

_Text = TypeVar("_Text", str, str | None)


class NamespaceRenaming:
    """Replaces the names of namespaces in requests; ``QuirkyEncoder`` does the reverse in responses.

    Args:
        quirks: the profile, of which only ``interop`` and ``leading_slash`` are used.
    """

    def __init__(self, quirks: Quirks) -> None:
        self._interop = quirks.interop
        self._shown = fold_namespace(quirks.interop) if quirks.interop is not None else None
        self._slash = quirks.leading_slash

    def __call__(self, request: Request) -> Request:
        """Return the request with the names that the world has.

        Raises:
            CIMError: CIM_ERR_INVALID_NAMESPACE for a name that the other server does not have.
        """
        if self._shown is None and not self._slash:
            return request
        if self._shown is not None and fold_namespace(request.namespace) == INTEROP:
            raise invalid_namespace(f"no namespace {request.namespace}; did you mean {self._interop}?")
        namespace = self._name(request.namespace)
        arguments = tuple([Argument(each.name, self._value(each.value), each.type) for each in request.arguments])
        if isinstance(request, IntrinsicRequest):
            return replace(request, namespace=namespace, arguments=arguments)
        return replace(request, namespace=namespace, target=self._value(request.target), arguments=arguments)

    def text(self, text: str) -> str:
        """Return a text for the client with the names that it knows."""
        return text.replace(INTEROP, self._interop) if self._interop is not None else text

    def _name(self, name: _Text) -> _Text:
        return INTEROP if name is not None and fold_namespace(name) == self._shown else name

    def _value(self, value: Any) -> Any:
        match value:
            case InstancePath():
                is_namespace = fold(value.classname) in _NAMESPACE_CLASSES
                keys = tuple([(name, self._content(is_namespace, name, key)) for name, key in value.keys])
                return InstancePath(value.classname, keys, self._name(value.namespace), value.host, value.types)
            case ClassPath():
                return value._replace(namespace=self._name(value.namespace))
            case NamedInstance():
                return NamedInstance(self._value(value.path), self._value(value.instance))
            case InstanceData():
                is_namespace = fold(value.classname) in _NAMESPACE_CLASSES
                return InstanceData(value.classname, tuple([self._property(is_namespace, each) for each in value.properties]))
            case list():
                return [self._value(item) for item in value]
        return value

    def _property(self, is_namespace: bool, data: PropertyData) -> PropertyData:
        return replace(data, value=self._content(is_namespace, data.name, data.value))

    def _content(self, is_namespace: bool, name: str, value: Any) -> Any:
        """Return the value of a property; ``is_namespace``: of an instance of CIM_Namespace, whose Name names one."""
        if not is_namespace or fold(name) != "name" or not isinstance(value, str):
            return self._value(value)
        plain = value.removeprefix("/") if self._slash else value
        return Untyped(self._name(plain))
