"""What a client asks, as a codec hands it on: nothing here knows XML or HTTP.

The values of arguments are of these types, whatever the protocol:

* ``None``: NULL
* ``Untyped`` (or any Python or pywbem scalar): a value
* ``list`` of these: an array
* ``Repeated``: values of which only the class knows whether they are an array
* ``ClassName``, ``InstancePath``: the name of a class or an instance; ``Selection``: an instance by some of its keys
* ``InstanceData``: an instance; ``NamedInstance``: an instance with its path
* ``pywbem.CIMClass``, ``pywbem.CIMQualifierDeclaration``
* ``Malformed``: something that is none of these; binding it fails with its reason
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pywbem import CIMError

from cimsim.operations.results import Projections
from cimsim.world.convert import InstanceData
from cimsim.world.instances import Instance
from cimsim.world.paths import ClassName as ClassName
from cimsim.world.paths import ClassPath as ClassPath
from cimsim.world.paths import InstancePath


class NamedInstance(NamedTuple):
    """An instance with its path, as ModifyInstance takes it."""

    path: InstancePath
    instance: InstanceData


class Selection(NamedTuple):
    """An instance of a class by some of its keys.

    Attributes:
        classname: its class or a superclass of it, in any spelling.
        keys: pairs of key name and text, or a ``Selection`` for a reference; strings compare without regard to case.
        namespace: where it lies; None: in the namespace of the request.
    """

    classname: str
    keys: tuple[tuple[str, "str | Selection"], ...] = ()
    namespace: str | None = None


class SelectedInstance(NamedTuple):
    """An instance with the selection that names it, which becomes a ``NamedInstance``."""

    selection: Selection
    instance: InstanceData


class Argument(NamedTuple):
    """A parameter as it was given: ``type`` is the CIM type it claims to be of, or None (rule X8)."""

    name: str
    value: Any
    type: str | None = None


class IntrinsicRequest(NamedTuple):
    """A call of an operation of DSP0200; ``name`` is spelt as it came, ``namespace`` is the target namespace.

    Attributes:
        selects: the client is one of WMI. There may be a ``Selection`` among the arguments, and the request may be for what
            WMI has beside the world (``operations.wmi_namespaces``).
        room: of instances that a pull operation is about to hand out, how many may be handed out, at least one of them; None:
            all. It raises a CIMError when not even one may be.
        located: a path stands in place of each ``Selection``, unless ``unlocated`` says why there is none.
    """

    name: str
    namespace: str
    arguments: tuple[Argument, ...] = ()
    selects: bool = False
    room: Callable[[Sequence[Instance], Projections], int] | None = None
    located: bool = False
    unlocated: CIMError | None = None


class ExtrinsicRequest(NamedTuple):
    """A call of a method of a class or an instance; the target lies in ``namespace``, which its path may leave out.

    ``embedded`` returns the object that a text embeds, as the protocol writes one, for parameters of which only the class knows
    that they hold embedded objects (rule X8); None: no text embeds any. ``selects``, ``located`` and ``unlocated`` as for
    an intrinsic request.
    """

    name: str
    namespace: str
    target: InstancePath | ClassName | Selection
    arguments: tuple[Argument, ...] = ()
    embedded: Callable[[str], Any] | None = None
    selects: bool = False
    located: bool = False
    unlocated: CIMError | None = None


Request = IntrinsicRequest | ExtrinsicRequest
