"""Classes with all that they inherit, as bytes (rules FL1, FL3, FL5, FL6, OP-GC-3, OP-CC-4).

What ``render_class`` makes of ``ResolvedClass.full``, but without making that: a large schema inherits most of what it shows,
and to copy and mark it for each class takes most of the time. The strategy:

* What a class declares is read from its record, so that a class that nobody asked for more stays as it was stored.
* A class has *parts*: its properties and methods, each with its class of origin and its qualifiers, those above included. They
  are made of the declared class and of what the class above hands down, which it makes once for all its subclasses.
* A part that would look the same in a subclass is the same object there, and is rendered once for each way of showing it.
* So the memory of a class holds references, and the bytes of each part exist once, not again for each subclass.
* A qualifier that many elements have alike, such as Key, is rendered once for all classes below one without a superclass.
"""

from collections.abc import Sequence
from functools import cache
from typing import Final

from cimsim.cimxml.encode.class_writer import (
    CLASS_END,
    class_start,
    flavors_text,
    marks_text,
    method_text,
    parameter_text,
    property_text,
    qualifier_end,
    qualifier_start,
    render_class,
)
from cimsim.operations.results import ClassView
from cimsim.world.class_records import ElementRecord, MethodRecord, QualifierRecord, flavors
from cimsim.world.names import fold
from cimsim.world.schema import ResolvedClass

_MEMO: Final = "cimxml.classes"
_PROPAGATED: Final = ' PROPAGATED="true"'
_END: Final = CLASS_END.encode()
_MAX_SHARED: Final = 32
"""A qualifier whose text is longer is likely to be the only one with it."""

_Way = tuple[bool, bool, bool]
"""A way of showing a part: its own qualifiers only, qualifiers at all, the class of origin."""


class _Qualifier:
    """A qualifier as one class shows it. ``text`` is the QUALIFIER."""

    __slots__ = ("_inherited", "_start", "propagated", "text", "tosubclass")

    def __init__(self, qualifier: QualifierRecord) -> None:
        start = qualifier_start(qualifier.name, qualifier.type)
        marks, self.tosubclass = _flavors(qualifier.flavors)
        self.text = f"{start}{marks}{qualifier_end(qualifier)}"
        self.propagated = False
        self._start = len(start)
        self._inherited: _Qualifier | None = None

    def handed_down(self) -> "_Qualifier":
        """Return it as subclasses show it."""
        if self.propagated:
            return self
        inherited = self._inherited
        if inherited is None:
            text, start = self.text, self._start
            inherited = self._inherited = _Qualifier.__new__(_Qualifier)
            inherited.text = f"{text[:start]}{_PROPAGATED}{text[start:]}"
            inherited.propagated = inherited.tosubclass = True
        return inherited


_Qualifiers = dict[str, _Qualifier]


@cache
def _flavors(number: int) -> tuple[str, bool]:
    """Return the attributes of flavors, and whether subclasses inherit what has them."""
    named = flavors(number)
    return flavors_text(**named), named["tosubclass"] is not False


class _Part:
    """A property or a method as one class shows it, or a parameter of one. What is propagated looks the same further down."""

    __slots__ = ("element", "origin", "parameters", "propagated", "qualifiers", "shown")

    def __init__(
        self,
        element: ElementRecord | MethodRecord,
        origin: str,
        qualifiers: _Qualifiers,
        parameters: "dict[str, _Part]",
        *,
        propagated: bool,
    ) -> None:
        self.element = element
        self.origin = origin
        self.propagated = propagated
        self.qualifiers = qualifiers
        self.parameters = parameters
        self.shown: dict[_Way, bytes] = {}

    def handed_down(self) -> "_Part":
        """Return it as subclasses show it."""
        parameters = {name: each.handed_down() for name, each in self.parameters.items()}
        return _Part(self.element, self.origin, _handed_down(self.qualifiers), parameters, propagated=True)

    def show(self, way: _Way) -> bytes:
        """Render it, to be kept in ``shown``."""
        rendered = self.shown[way] = self._text(way).encode()
        return rendered

    def _text(self, way: _Way) -> str:
        element, (_, _, with_origin) = self.element, way
        qualifiers = _text_of(self.qualifiers, way)
        marks = marks_text(self.origin if with_origin else None, propagated=self.propagated)
        if not isinstance(element, MethodRecord):
            return property_text(element, marks, qualifiers)
        parameters = [parameter_text(each.element, _text_of(each.qualifiers, way)) for each in self.parameters.values()]
        return method_text(element, marks, qualifiers, parameters)


_NamedParts = dict[str, _Part]


class _Parts:
    """What a class shows, and what it hands down, which is made when the first subclass asks for it."""

    __slots__ = ("_handed_down", "_shared", "methods", "properties", "qualifiers", "start")

    def __init__(self, cls: ResolvedClass, above: "_Parts | None") -> None:
        self._shared: dict[tuple[str, str, bool | str, int], _Qualifier] = {} if above is None else above._shared
        qualifiers, properties, methods = ({}, {}, {}) if above is None else above.handed_down()
        declared = cls.record()
        self.start = class_start(declared.name, declared.superclass).encode()
        self.qualifiers = self._merged(declared.qualifiers, qualifiers)
        self.properties = self._overridden(declared.name, declared.properties, properties)
        self.methods = self._overridden(declared.name, declared.methods, methods)
        self._handed_down: tuple[_Qualifiers, _NamedParts, _NamedParts] | None = None

    def handed_down(self) -> tuple[_Qualifiers, _NamedParts, _NamedParts]:
        """Return qualifiers, properties and methods as subclasses show them."""
        if self._handed_down is None:
            properties, methods = [
                {name: each if each.propagated else each.handed_down() for name, each in parts.items()}
                for parts in (self.properties, self.methods)
            ]
            self._handed_down = _handed_down(self.qualifiers), properties, methods
        return self._handed_down

    def shown(self, view: ClassView) -> bytes:
        """Return the CLASS."""
        own_only, listed = view.local_only, view.properties
        way = own_only, view.qualifiers, view.class_origin
        properties, methods = list(self.properties.values()), list(self.methods.values())
        if listed is not None:
            properties = [each for name, each in self.properties.items() if name in listed]
        parts = properties + methods
        if own_only:
            parts = [each for each in parts if not each.propagated]
        found = [self.start, _text_of(self.qualifiers, way).encode()]
        found += [each.shown.get(way) or each.show(way) for each in parts]
        found.append(_END)
        return b"".join(found)

    def _overridden(self, classname: str, elements: Sequence[ElementRecord | MethodRecord], above: _NamedParts) -> _NamedParts:
        """Return parts that are handed down, which keep their place, and those that are declared."""
        if not elements:
            return above
        parts = dict(above)
        for element in elements:
            name = fold(element.name)
            overridden = parts.get(name)
            origin = classname if overridden is None else overridden.origin
            qualifiers = self._merged(element.qualifiers, {} if overridden is None else overridden.qualifiers)
            parameters = self._parameters(element, overridden) if isinstance(element, MethodRecord) else {}
            parts[name] = _Part(element, origin, qualifiers, parameters, propagated=False)
        return parts

    def _parameters(self, method: MethodRecord, overridden: _Part | None) -> _NamedParts:
        parameters = {}
        for parameter in method.parameters:
            name = fold(parameter.name)
            above = None if overridden is None else overridden.parameters.get(name)
            qualifiers = self._merged(parameter.qualifiers, {} if above is None else above.qualifiers)
            parameters[name] = _Part(parameter, "", qualifiers, {}, propagated=False)
        return parameters

    def _merged(self, declared: Sequence[QualifierRecord], above: _Qualifiers) -> _Qualifiers:
        """Return the qualifiers that are handed down, which keep their place, and those that are declared."""
        merged = _handed_down(above)
        for qualifier in declared:
            merged[fold(qualifier.name)] = self._qualifier(qualifier)
        return merged

    def _qualifier(self, qualifier: QualifierRecord) -> _Qualifier:
        value = qualifier.value
        # A boolean and a text never equal each other, as True and 1 do.
        if type(value) is not bool and (type(value) is not str or len(value) > _MAX_SHARED):
            return _Qualifier(qualifier)
        key = qualifier.name, qualifier.type, value, qualifier.flavors
        known = self._shared.get(key)
        if known is None:
            known = self._shared[key] = _Qualifier(qualifier)
        return known


def resolved_class(cls: ResolvedClass, view: ClassView) -> bytes:
    """Return a CLASS with the elements that the view shows."""
    try:
        return _parts(cls).shown(view)
    except Exception:  # noqa: BLE001 - a class may hold anything, and an answer must not fail for that
        return render_class(cls.declared, view).encode()


def _parts(cls: ResolvedClass) -> _Parts:
    # From the top down, so that a long chain of classes is not a deep recursion.
    chain = []
    above: ResolvedClass | None = cls
    while above is not None and _MEMO not in above.memo:
        chain.append(above)
        above = above.superclass
    parts: _Parts | None = None if above is None else above.memo[_MEMO]
    for each in reversed(chain):
        parts = each.memo[_MEMO] = _Parts(each, parts)
    assert parts is not None  # noqa: S101 - the chain has at least the class, or its memo is there
    return parts


def _handed_down(qualifiers: _Qualifiers) -> _Qualifiers:
    return {name: each.handed_down() for name, each in qualifiers.items() if each.tosubclass}


def _text_of(qualifiers: _Qualifiers, way: _Way) -> str:
    own_only, shown, _ = way
    if not shown:
        return ""
    if own_only:
        return "".join([each.text for each in qualifiers.values() if not each.propagated])
    return "".join([each.text for each in qualifiers.values()])
