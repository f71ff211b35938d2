"""What a client asks, as a codec hands it on: nothing here knows XML or HTTP.

The values of arguments are of these types, whatever the protocol:

* ``None``: NULL
* ``Untyped`` (or any Python or pywbem scalar): a value
* ``list`` of these: an array
* ``ClassName``, ``InstancePath``: the name of a class or an instance
* ``InstanceData``: an instance; ``NamedInstance``: an instance with its path
* ``pywbem.CIMClass``, ``pywbem.CIMQualifierDeclaration``
* ``Malformed``: something that is none of these; binding it fails with its reason
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from cimsim.world.convert import InstanceData
from cimsim.world.paths import ClassName as ClassName
from cimsim.world.paths import ClassPath as ClassPath
from cimsim.world.paths import InstancePath


class NamedInstance(NamedTuple):
    """An instance with its path, as ModifyInstance takes it."""

    path: InstancePath
    instance: InstanceData


class Argument(NamedTuple):
    """A parameter as it was given: ``type`` is the CIM type it claims to be of, or None (rule X8)."""

    name: str
    value: Any
    type: str | None = None


class IntrinsicRequest(NamedTuple):
    """A call of an operation of DSP0200; ``name`` is spelt as it came, ``namespace`` is the target namespace."""

    name: str
    namespace: str
    arguments: tuple[Argument, ...] = ()


class ExtrinsicRequest(NamedTuple):
    """A call of a method of a class or an instance; the target lies in ``namespace``, which its path may leave out.

    ``embedded`` returns the object that a text embeds, as the protocol writes one, for parameters of which only the class knows
    that they hold embedded objects (rule X8); None: no text embeds any.
    """

    name: str
    namespace: str
    target: InstancePath | ClassName
    arguments: tuple[Argument, ...] = ()
    embedded: Callable[[str], Any] | None = None


Request = IntrinsicRequest | ExtrinsicRequest
