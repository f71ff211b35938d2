"""What happens in a world: what a transaction reports, and others may subscribe to."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

import msgspec

from cimsim.world.instances import Instance
from cimsim.world.schema import Method, ResolvedClass

NO_OUTPUTS: Final[Mapping[str, Any]] = MappingProxyType({})


class ChangeKind(Enum):
    """What happened to an instance."""

    CREATED = "created"
    MODIFIED = "modified"
    DELETED = "deleted"


class Change(msgspec.Struct, frozen=True):
    """One change of one instance: the record before and after it, None where there was or is none."""

    kind: ChangeKind
    before: Instance | None
    after: Instance | None


class ClassChange(msgspec.Struct, frozen=True):
    """One change of one class of a namespace, likewise."""

    kind: ChangeKind
    namespace: str
    before: ResolvedClass | None
    after: ResolvedClass | None


class NamespaceChange(msgspec.Struct, frozen=True):
    """A namespace that was created or deleted; ``name`` is its whole name."""

    kind: ChangeKind
    name: str

    @property
    def namespace(self) -> str:
        """The name of the namespace above it, empty where there is none."""
        return self.name.rpartition("/")[0]

    @property
    def child(self) -> str:
        """The name that it has there."""
        return self.name.rpartition("/")[2]


class Raised(msgspec.Struct, frozen=True):
    """An indication that a provider raised: properties of an instance of an indication class, seen from a namespace."""

    namespace: str
    classname: str
    properties: Mapping[str, Any]


class MethodCall(msgspec.Struct, frozen=True):
    """A call of an extrinsic method, about to be made or made.

    ``target`` is the instance as it is at that moment, or as it was last when the method deleted it; None when the method was
    called on the class. ``arguments`` and ``outputs`` hold values by the declared name of the parameter. ``returned`` is the
    return value once the call is made.
    """

    namespace: str
    cls: ResolvedClass
    target: Instance | None
    method: Method
    arguments: Mapping[str, Any]
    made: bool
    returned: Any = None
    outputs: Mapping[str, Any] = NO_OUTPUTS


Event = Change | ClassChange | NamespaceChange | Raised | MethodCall
"""What happened in a transaction, as far as it is reported."""
