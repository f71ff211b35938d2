"""What operations answer: one type for each form of result, made of records, for a codec to render."""

from collections.abc import Sequence
from enum import Enum
from typing import Any

import msgspec
from pywbem import CIMClass, CIMQualifierDeclaration

from cimsim.world.events import Event
from cimsim.world.instances import Instance
from cimsim.world.schema import ResolvedClass


class Projection(msgspec.Struct, frozen=True):
    """Which properties of a class an answer shows: ``places`` in class order, and whether each shows its class of origin.

    Made once for each class and set of flags (``operations.projection``), so it can serve as a key of what was rendered.
    """

    places: tuple[int, ...]
    class_origin: bool


Projections = dict[ResolvedClass, Projection] | None
"""The projection for each creation class in a result. A class that is missing in it, and every class if it is None, shows all
properties and no class of origin."""


class ClassView(msgspec.Struct, frozen=True):
    """Which parts of classes an answer shows (rules FL1, FL3, FL5, FL6). ``properties`` holds folded names, None: all."""

    local_only: bool = False
    qualifiers: bool = True
    class_origin: bool = False
    properties: frozenset[str] | None = None


class Void(msgspec.Struct, frozen=True):
    """Nothing (rule M8)."""


class OneInstance(msgspec.Struct, frozen=True):
    """An instance without a path (rule OP-GI-2)."""

    instance: Instance
    projection: Projection | None = None


class NamedInstances(msgspec.Struct, frozen=True):
    """Instances, each with its path relative to the namespace (rule FL12)."""

    instances: Sequence[Instance]
    projections: Projections = None


class InstanceNames(msgspec.Struct, frozen=True):
    """Paths of instances relative to the namespace."""

    instances: Sequence[Instance]


class CreatedInstance(msgspec.Struct, frozen=True):
    """The path of the instance that was created, relative to the namespace (rule OP-CI-3)."""

    instance: Instance


class ObjectsWithPath(msgspec.Struct, frozen=True):
    """Instances, each with its absolute path, host included (rule OP-AS-8)."""

    instances: Sequence[Instance]
    projections: Projections = None


class ObjectPaths(msgspec.Struct, frozen=True):
    """Absolute paths of instances, host included (rule OP-AS-11)."""

    instances: Sequence[Instance]


class Classes(msgspec.Struct, frozen=True):
    """Classes; for GetClass exactly one."""

    classes: Sequence[ResolvedClass]
    view: ClassView


class ClassNames(msgspec.Struct, frozen=True):
    """Names of classes."""

    classes: Sequence[ResolvedClass]


class ClassesWithPath(msgspec.Struct, frozen=True):
    """Classes of a namespace, each with its absolute path, host included (rule OP-AS-2)."""

    namespace: str
    classes: Sequence[ResolvedClass]
    view: ClassView


class ClassPaths(msgspec.Struct, frozen=True):
    """Absolute paths of classes of a namespace, host included."""

    namespace: str
    classes: Sequence[ResolvedClass]


class Qualifiers(msgspec.Struct, frozen=True):
    """Qualifier declarations; for GetQualifier exactly one."""

    declarations: Sequence[CIMQualifierDeclaration]


class Value(msgspec.Struct, frozen=True):
    """The value of one property, typed as ``cimsim.world.values`` says; None is NULL (rule OP-GP-2)."""

    type: str
    value: Any
    embedded: str | None = None


class Output(msgspec.Struct, frozen=True):
    """An output parameter of a method, or its return value: shape from the class, value typed or None."""

    name: str
    type: str
    is_array: bool
    value: Any
    embedded: str | None = None


class MethodResult(msgspec.Struct, frozen=True):
    """What a method returned (rules X11 to X15); ``outputs`` in declared order."""

    return_value: Output
    outputs: tuple[Output, ...] = ()


class Reported(msgspec.Struct, frozen=True):
    """What a method returned that worked in steps, and what subscribers learn of it now (rule I19); not for codecs."""

    result: MethodResult
    events: Sequence[Event]


class PullForm(Enum):
    """What an enumeration session hands out; each form has its own pull operation (rule PL-33)."""

    INSTANCES_WITH_PATH = "PullInstancesWithPath"
    PATHS = "PullInstancePaths"
    INSTANCES = "PullInstances"


class Pulled(msgspec.Struct, frozen=True):
    """Objects of an enumeration session (rules PL-22 to PL-25). ``context`` is None at the end of the sequence (Z13)."""

    form: PullForm
    instances: Sequence[Instance]
    projections: Projections
    context: str | None
    query_class: CIMClass | None = None


class QueryObjects(msgspec.Struct, frozen=True):
    """The rows of a query, instances without a path (rule OP-EQ-3)."""

    instances: Sequence[Instance]
    projections: Projections = None


Result = (
    Void
    | Pulled
    | QueryObjects
    | OneInstance
    | NamedInstances
    | InstanceNames
    | CreatedInstance
    | ObjectsWithPath
    | ObjectPaths
    | Classes
    | ClassNames
    | ClassesWithPath
    | ClassPaths
    | Qualifiers
    | Value
    | MethodResult
)
"""What a codec renders."""
