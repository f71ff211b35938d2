"""Classes with all that they inherit, as bytes (rules FL1, FL3, FL5, FL6, OP-GC-3, OP-CC-4).

What ``render_class`` makes of ``ResolvedClass.full``, but without making that: a large schema inherits most of what it shows,
and to copy and mark it for each class takes most of the time. The strategy:

* A class has *parts*: its properties and methods, each with its class of origin and its qualifiers, those above included. They
  are made of the declared class and of what the class above hands down, which it makes once for all its subclasses.
* A part that would look the same in a subclass is the same object there, and is rendered once for each way of showing it.
* So the memory of a class holds references, and the bytes of each part exist once, not again for each subclass.
"""

from collections.abc import Iterable
from typing import Any, Final

from pywbem import CIMMethod, CIMParameter, CIMProperty, CIMQualifier

from cimsim.cimxml.encode.class_writer import (
    CLASS_END,
    class_start,
    marks_text,
    method_text,
    parameter_text,
    property_text,
    qualifier_parts,
    render_class,
)
from cimsim.operations.results import ClassView
from cimsim.world.names import fold
from cimsim.world.schema import ResolvedClass

_MEMO: Final = "cimxml.classes"
_PROPAGATED: Final = ' PROPAGATED="true"'
_END: Final = CLASS_END.encode()


class _Qualifier:
    """A qualifier as one class shows it."""

    __slots__ = ("_parts", "inherited", "name", "propagated", "tosubclass")

    def __init__(self, qualifier: CIMQualifier) -> None:
        self.name = fold(qualifier.name)
        self.propagated = False
        self.tosubclass = qualifier.tosubclass is not False
        self._parts = qualifier_parts(qualifier)
        self.inherited: _Qualifier = self

    def handed_down(self) -> "_Qualifier":
        """Return it as subclasses show it."""
        if not self.propagated and self.inherited is self:
            self.inherited = inherited = _Qualifier.__new__(_Qualifier)
            inherited.name, inherited.tosubclass, inherited._parts = self.name, True, self._parts
            inherited.propagated, inherited.inherited = True, inherited
        return self.inherited

    @property
    def text(self) -> str:
        """The QUALIFIER."""
        start, end = self._parts
        return f"{start}{_PROPAGATED if self.propagated else ''}{end}"


_Qualifiers = dict[str, _Qualifier]


class _Part:
    """A property or a method as one class shows it, or a parameter of one."""

    __slots__ = ("_shown", "element", "origin", "parameters", "propagated", "qualifiers")

    def __init__(
        self, element: Any, origin: str, qualifiers: _Qualifiers, parameters: "dict[str, _Part]", *, propagated: bool
    ) -> None:
        self.element: CIMProperty | CIMMethod | CIMParameter = element
        self.origin = origin
        self.propagated = propagated
        self.qualifiers = qualifiers
        self.parameters = parameters
        self._shown: dict[tuple[bool, bool, bool], bytes] = {}

    def handed_down(self) -> "_Part":
        """Return it as subclasses show it: the same object where nothing differs."""
        parts = (self, *self.parameters.values())
        if self.propagated and all(each.propagated and each.tosubclass for part in parts for each in part.qualifiers.values()):
            return self
        parameters = {
            name: _Part(each.element, "", _handed_down(each.qualifiers), {}, propagated=True)
            for name, each in self.parameters.items()
        }
        return _Part(self.element, self.origin, _handed_down(self.qualifiers), parameters, propagated=True)

    def shown(self, view: ClassView) -> bytes:
        """Return it as a view shows it; the view's list of properties is not looked at."""
        way = view.local_only, view.qualifiers, view.class_origin
        rendered = self._shown.get(way)
        if rendered is None:
            rendered = self._shown[way] = self._text(view).encode()
        return rendered

    def _text(self, view: ClassView) -> str:
        qualifiers = _text_of(self.qualifiers.values(), view)
        marks = marks_text(self.origin if view.class_origin else None, propagated=self.propagated)
        if not isinstance(self.element, CIMMethod):
            return property_text(self.element, marks, qualifiers)
        parameters = [
            parameter_text(each.element, _text_of(each.qualifiers.values(), view)) for each in self.parameters.values()
        ]
        return method_text(self.element, marks, qualifiers, parameters)


class _Parts:
    """What a class shows, and what it hands down, which is made when the first subclass asks for it."""

    __slots__ = ("_handed_down", "methods", "properties", "qualifiers", "start")

    def __init__(self, cls: ResolvedClass, above: "_Parts | None") -> None:
        qualifiers, properties, methods = ({}, {}, {}) if above is None else above.handed_down()
        declared = cls.declared
        self.start = class_start(declared).encode()
        self.qualifiers = _merged(declared, qualifiers)
        self.properties = dict(properties)
        self.methods = dict(methods)
        for elements, parts in ((declared.properties, self.properties), (declared.methods, self.methods)):
            for element in elements.values():
                name = fold(element.name)
                overridden = parts.get(name)
                origin = cls.declared.classname if overridden is None else overridden.origin
                qualifiers = _merged(element, {} if overridden is None else overridden.qualifiers)
                parameters = _parameters(element, overridden) if isinstance(element, CIMMethod) else {}
                parts[name] = _Part(element, origin, qualifiers, parameters, propagated=False)
        self._handed_down: tuple[_Qualifiers, dict[str, _Part], dict[str, _Part]] | None = None

    def handed_down(self) -> tuple[_Qualifiers, dict[str, _Part], dict[str, _Part]]:
        """Return qualifiers, properties and methods as subclasses show them."""
        if self._handed_down is None:
            properties = {name: each.handed_down() for name, each in self.properties.items()}
            methods = {name: each.handed_down() for name, each in self.methods.items()}
            self._handed_down = _handed_down(self.qualifiers), properties, methods
        return self._handed_down

    def shown(self, view: ClassView) -> bytes:
        """Return the CLASS."""
        own_only, listed = view.local_only, view.properties
        found = [self.start, _text_of(self.qualifiers.values(), view).encode()]
        found += [
            each.shown(view)
            for name, each in self.properties.items()
            if not (own_only and each.propagated) and (listed is None or name in listed)
        ]
        found += [each.shown(view) for each in self.methods.values() if not (own_only and each.propagated)]
        found.append(_END)
        return b"".join(found)


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


def _parameters(method: CIMMethod, overridden: _Part | None) -> dict[str, _Part]:
    parameters = {}
    for parameter in method.parameters.values():
        name = fold(parameter.name)
        above = None if overridden is None else overridden.parameters.get(name)
        qualifiers = _merged(parameter, {} if above is None else above.qualifiers)
        parameters[name] = _Part(parameter, "", qualifiers, {}, propagated=False)
    return parameters


def _merged(declared: Any, above: _Qualifiers) -> _Qualifiers:
    """Return the qualifiers that are declared and those that are handed down, which keep their place."""
    merged = _handed_down(above)
    for qualifier in declared.qualifiers.values():
        merged[fold(qualifier.name)] = _Qualifier(qualifier)
    return merged


def _handed_down(qualifiers: _Qualifiers) -> _Qualifiers:
    return {name: each.handed_down() for name, each in qualifiers.items() if each.tosubclass}


def _text_of(qualifiers: Iterable[_Qualifier], view: ClassView) -> str:
    if not view.qualifiers:
        return ""
    return "".join([each.text for each in qualifiers if not (view.local_only and each.propagated)])
