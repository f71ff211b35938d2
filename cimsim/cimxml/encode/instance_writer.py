"""Instances as bytes, rendered once.

The memo of an instance holds its whole VALUE.NAMEDINSTANCE as one byte string and nothing else. Its parts need no table: text
is escaped, embedded objects too, so ``<INSTANCE `` occurs once in it and ``<PROPERTY`` once for each property. Everything that
depends on the class alone, tags with their attributes, is made once for each class.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, NamedTuple

from cimsim.cimxml.encode.embedded_object_writer import form_of, property_tags
from cimsim.cimxml.encode.path_writer import KEY_END, REFERENCE_KEY_END, key_start, reference, reference_key_start
from cimsim.cimxml.encode.scalar_writer import SCALARS
from cimsim.cimxml.encode.value_writer import odd_text
from cimsim.cimxml.encode.xml_escape import escape_attribute, escape_text, needs_escape
from cimsim.operations.projection import MAX_PROJECTIONS
from cimsim.operations.results import Projection
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.schema import Property, ResolvedClass

_MEMO: Final = "cimxml.instances"
_NAMED_START: Final = "<VALUE.NAMEDINSTANCE>"
_NAME_END: Final = "</INSTANCENAME>"
_NAMED_END: Final = "</VALUE.NAMEDINSTANCE>"
_INSTANCE_END: Final = "</INSTANCE>"
NAME_AT: Final = len(_NAMED_START)
AFTER_INSTANCE: Final = -len(_NAMED_END)
_AFTER_PROPERTIES: Final = -len(_INSTANCE_END + _NAMED_END)
INSTANCE_MARK: Final = b"<INSTANCE "
_PROPERTY_MARK: Final = b"<PROPERTY"

_Writer = Callable[[Any], str]


class _Slot(NamedTuple):
    """A property: what to write for NULL, and what before, of and after any other value."""

    null: str
    start: str
    write: _Writer
    end: str


class _Cut(NamedTuple):
    """A property in a projection: its place among the pieces, the length of its start tag there, the start tag to show."""

    piece: int
    length: int
    tag: bytes


class _ClassRenderer:
    """All that rendering the instances of one class needs to know."""

    def __init__(self, cls: ResolvedClass) -> None:
        name = escape_attribute(cls.name)
        self._name_start = f'<INSTANCENAME CLASSNAME="{name}">'
        self._start = f"{_NAMED_START}{self._name_start}"
        self._middle = f'{_NAME_END}<INSTANCE CLASSNAME="{name}">'
        self._end = f"{_INSTANCE_END}{_NAMED_END}"
        self._keys = [(place, *_key_form(cls.properties[place])) for place in cls.keys]
        self._only_text_key = None
        if len(cls.keys) == 1 and cls.properties[cls.keys[0]].type == "string":
            place, start, _, end = self._keys[0]
            self._only_text_key = place, f"{self._name_start}{start}", f"{end}{_NAME_END}"
        self._slots = [_slot(prop) for prop in cls.properties]
        self._cls = cls
        self._properties = cls.properties
        self._projections: dict[Projection, list[_Cut]] = {}

    def render(self, instance: Instance) -> bytes:
        """Return the VALUE.NAMEDINSTANCE of an instance of the class."""
        try:
            return self._rendered(instance)
        except Exception:  # noqa: BLE001 - an answer must not fail for one value, which may be anything
            return self._odd(instance)

    def _rendered(self, instance: Instance) -> bytes:
        values = instance.values
        parts = [self._start]
        for place, start, write, end in self._keys:
            if values[place] is not None:
                parts.append(f"{start}{write(values[place])}{end}")
        parts.append(self._middle)
        for value, (null, start, write, end) in zip(values, self._slots, strict=True):
            parts.append(null if value is None else f"{start}{write(value)}{end}")
        parts.append(self._end)
        return "".join(parts).encode("utf-8")

    def names(self, instances: Sequence[Instance]) -> str:
        """Return the INSTANCENAMEs of instances of the class, one after the other, without rendering the instances."""
        try:
            return self._names(instances)
        except Exception:  # noqa: BLE001 - see above
            return "".join([self._odd_name(instance) for instance in instances])

    def _names(self, instances: Sequence[Instance]) -> str:
        if self._only_text_key is not None:
            # What joins texts and looks through all of them at once takes a tenth of the time.
            place, start, end = self._only_text_key
            texts = [instance.values[place] for instance in instances]
            if not needs_escape("".join(texts)):
                return f"{start}{f'{end}{start}'.join(texts)}{end}"
        names = []
        for instance in instances:
            values = instance.values
            parts = [self._name_start]
            for place, start, write, end in self._keys:
                if values[place] is not None:
                    parts.append(f"{start}{write(values[place])}{end}")
            parts.append(_NAME_END)
            names.append("".join(parts))
        return "".join(names)

    def _odd_name(self, instance: Instance) -> str:
        keys = [_odd_key(self._properties[place], instance.values[place]) for place in self._cls.keys]
        return f"{self._name_start}{''.join(keys)}{_NAME_END}"

    def fill(self, rendered: bytes, values: Mapping[str, Any]) -> bytes:
        """Return a rendered instance with values for properties that are NULL in it."""
        for name, value in values.items():
            place = self._cls.index.get(fold(name))
            if place is not None and value is not None:
                null, start, write, end = self._slots[place]
                rendered = rendered.replace(null.encode("utf-8"), f"{start}{write(value)}{end}".encode(), 1)
        return rendered

    def _odd(self, instance: Instance) -> bytes:
        """Return the VALUE.NAMEDINSTANCE of an instance with values that do not fit their types."""
        parts = [self._start]
        for place in self._cls.keys:
            parts.append(_odd_key(self._properties[place], instance.values[place]))
        parts.append(self._middle)
        for value, prop in zip(instance.values, self._properties, strict=True):
            start, end = _tags(prop)
            parts.append(f"{start}{form_of(prop.type, prop.is_array, prop.embedded).element(value)}{end}")
        parts.append(self._end)
        return "".join(parts).encode("utf-8")

    def project(self, rendered: bytes, projection: Projection) -> bytes:
        """Return the INSTANCE with the properties of the projection, from the VALUE.NAMEDINSTANCE."""
        cuts = self._projections.get(projection)
        if cuts is None:
            if len(self._projections) >= MAX_PROJECTIONS:
                self._projections.clear()
            cuts = self._projections[projection] = self._cuts(projection)
        start = rendered.index(INSTANCE_MARK, NAME_AT)
        pieces = rendered[start:_AFTER_PROPERTIES].split(_PROPERTY_MARK)
        shown = [pieces[0]]
        for piece, length, tag in cuts:
            shown.append(tag + pieces[piece][length:])
        shown.append(b"</INSTANCE>")
        return b"".join(shown)

    def _cuts(self, projection: Projection) -> list[_Cut]:
        cuts = []
        for place in projection.places:
            tag, _ = _tags(self._properties[place])
            shown = tag
            if projection.class_origin:
                shown = f'{tag[:-1]} CLASSORIGIN="{escape_attribute(self._properties[place].origin)}">'
            cuts.append(_Cut(place + 1, len(tag.encode("utf-8")) - len(_PROPERTY_MARK), shown.encode("utf-8")))
        return cuts


def named_instance(instance: Instance) -> bytes:
    """Return the VALUE.NAMEDINSTANCE of an instance with all its properties (rules FL11, FL12)."""
    rendered: bytes | None = instance.memo
    if rendered is None:
        rendered = instance.memo = _renderer(instance.cls).render(instance)
    return rendered


def instance_name(instance: Instance) -> bytes:
    """Return the INSTANCENAME of an instance."""
    return _renderer(instance.cls).names((instance,)).encode("utf-8")


def instance_names(instances: Sequence[Instance]) -> bytes:
    """Return the INSTANCENAMEs of instances, one after the other."""
    if len(classes := {each.cls for each in instances}) == 1:
        return _renderer(classes.pop()).names(instances).encode("utf-8")
    by_class = groupby(instances, attrgetter("cls"))
    return "".join([_renderer(cls).names(list(some)) for cls, some in by_class]).encode("utf-8")


def bare_instance(instance: Instance, projection: Projection | None) -> bytes:
    """Return the INSTANCE of an instance, with all properties or those of a projection (rule OP-GI-2)."""
    rendered = named_instance(instance)
    if projection is None:
        return rendered[rendered.index(INSTANCE_MARK, NAME_AT) : AFTER_INSTANCE]
    return _renderer(instance.cls).project(rendered, projection)


def filled_in(cls: ResolvedClass, rendered: bytes, values: Mapping[str, Any]) -> bytes:
    """Return a rendered INSTANCE with values, by name, for properties that are NULL in it; others are passed over."""
    return _renderer(cls).fill(rendered, values)


def _renderer(cls: ResolvedClass) -> _ClassRenderer:
    renderer: _ClassRenderer | None = cls.memo.get(_MEMO)
    if renderer is None:
        renderer = cls.memo[_MEMO] = _ClassRenderer(cls)
    return renderer


def _tags(prop: Property) -> tuple[str, str]:
    return property_tags(prop.name, prop.type, prop.is_array, prop.embedded, prop.reference_class)


def _slot(prop: Property) -> _Slot:
    start, end = _tags(prop)
    form = form_of(prop.type, prop.is_array, prop.embedded)
    return _Slot(start + end, start + form.start, form.write, form.end + end)


def _odd_key(prop: Property, value: Any) -> str:
    """Return the KEYBINDING of any value; nothing for a reference that is not a path."""
    start, write, end = _key_form(prop)
    try:
        return "" if value is None else f"{start}{write(value)}{end}"
    except Exception:  # noqa: BLE001 - see above
        return "" if prop.type == "reference" else f"{start}{odd_text(value)}{end}"


def _key_form(prop: Property) -> tuple[str, _Writer, str]:
    if prop.type == "reference":
        return reference_key_start(prop.name), reference, REFERENCE_KEY_END
    return key_start(prop.name, prop.type), SCALARS.get(prop.type, escape_text), KEY_END
