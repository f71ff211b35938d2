"""Definitions of classes, as Get-CimClass of PowerShell asks for them (rule WM-R-6).

The resource URI is ``http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/*``, or ends in the name of the class; selectors give
``__cimnamespace`` and ``ClassName``, options what is shown. A definition is the CLASS of DSP0201, in no XML namespace.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from cimsim.operations.results import ClassView
from cimsim.world.names import did_you_mean, fold
from cimsim.world.schema import ResolvedClass
from cimsim.wsman.resource_uris import NAMESPACE_SELECTOR, Resource
from cimsim.wsman.soap_faults import (
    DESTINATION_UNREACHABLE,
    SCHEMA_VALIDATION,
    UNEXPECTED_SELECTORS,
    UNSUPPORTED_FEATURE,
    WsmanError,
)
from cimsim.wsman.soap_xml import SoapElement
from cimsim.wsman.uris import WSMAN

WriteClass = Callable[[ResolvedClass, ClassView], bytes]
"""Returns a class as CIM-XML writes it, which this codec does not know."""

MAX_AT_ONCE: Final = 25
"""Definitions in one reply, whatever the client wants: each takes up to 1 ms when it is first shown."""
_CLASS_NAME: Final = "ClassName"
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}


class DefinitionView(msgspec.Struct, frozen=True):
    """What a client wants to see of classes.

    Attributes:
        qualifiers: option IncludeQualifiers.
        inherited: option IncludeInheritedElements.
        class_origin: option IncludeClassOrigin.
        hierarchy: option IncludeInheritanceHierarchy: the attribute DERIVATION, all superclasses, the nearest first.
    """

    qualifiers: bool = True
    inherited: bool = True
    class_origin: bool = False
    hierarchy: bool = False

    @property
    def class_view(self) -> ClassView:
        """The same as operations have it."""
        return ClassView(not self.inherited, self.qualifiers, self.class_origin)

    @property
    def code(self) -> str:
        """The same as text, for an enumeration context."""
        return "".join("1" if each else "0" for each in (self.qualifiers, self.inherited, self.class_origin, self.hierarchy))

    @classmethod
    def of_code(cls, code: str) -> "DefinitionView":
        """Return what ``code`` returned; raises ValueError for anything else."""
        qualifiers, inherited, class_origin, hierarchy = (_BOOLEANS[each] for each in code)
        return cls(qualifiers, inherited, class_origin, hierarchy)


_OPTIONS: Final = {
    "includequalifiers": "qualifiers",
    "includeinheritedelements": "inherited",
    "includeclassorigin": "class_origin",
    "includeinheritancehierarchy": "hierarchy",
}


def read_view(options: SoapElement | None) -> DefinitionView:
    """Return what an OptionSet asks for; other options, of which clients send many, say nothing about it.

    Raises:
        WsmanError: one of the options is not a boolean.
    """
    if options is None:
        return DefinitionView()
    given: dict[str, bool] = {}
    for option in options.all(WSMAN, "Option"):
        name = option.attribute("Name") or ""
        field = _OPTIONS.get(name.lower().removeprefix("wmi:"))
        if field is None:
            continue
        value = _BOOLEANS.get(option.stripped.lower())
        if value is None:
            raise WsmanError(SCHEMA_VALIDATION, f"option {name} is {option.stripped[:100]!r}, not a boolean")
        given[field] = value
    return DefinitionView(**given)


def class_named(resource: Resource, keys: tuple[tuple[str, object], ...]) -> str | None:
    """Return the class that the resource URI or the selector ClassName names; None: neither does.

    Raises:
        WsmanError: there are other selectors, or the two name different classes.
    """
    named = None if resource.of_all_classes else resource.classname
    for name, value in keys:
        if fold(name) != fold(_CLASS_NAME) or not isinstance(value, str):
            hint = did_you_mean(name, (_CLASS_NAME, NAMESPACE_SELECTOR))
            text = f"selector {name[:100]} does not belong to the definition of a class{hint}"
            raise WsmanError(UNEXPECTED_SELECTORS, text, "UnexpectedSelectors")
        if value and named is not None and fold(value) != fold(named):
            text = f"the resource URI names class {named[:100]}, selector {name} names {value[:100]}"
            raise WsmanError(UNEXPECTED_SELECTORS, text, "UnexpectedSelectors")
        named = value or named
    return named


def needed(classname: str | None) -> str:
    """Return the name of the class that is got; raises WsmanError where there is none."""
    if classname is None:
        text = f"which class? the selector {_CLASS_NAME} is missing"
        raise WsmanError(DESTINATION_UNREACHABLE, text, "InvalidResourceURI")
    return classname


def definition(cls: ResolvedClass, view: DefinitionView, write: WriteClass | None) -> bytes:
    """Return the definition of a class."""
    if write is None:
        raise WsmanError(UNSUPPORTED_FEATURE, "definitions of classes are not served")
    written = write(cls, view.class_view)
    if not view.hierarchy:
        return written
    above = []
    superclass = cls.superclass
    while superclass is not None:
        above.append(superclass.name)
        superclass = superclass.superclass
    start, end, rest = written.partition(b">")
    return b'%b DERIVATION="%b"%b%b' % (start, ",".join(above).encode(), end, rest)
