"""``[[page]]`` in pack.toml: how the console shows a system, as rows of instances with lamps and buttons.

The structs are what ``pack.toml`` may hold and what the control plane passes on; ``check_page`` compares one with the classes.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final, Literal

import msgspec
from pywbem import CIMError

from cimsim.world.convert import convert_value
from cimsim.world.names import did_you_mean, fold, fold_namespace, no_namespace
from cimsim.world.schema import Parameter, Property, ResolvedClass
from cimsim.world.world import World

_AS_TEXT: Final = frozenset({"reference", "datetime", "char16"})

LampColor = Literal["on", "off", "busy", "warning", "failed"]


class PageColumn(msgspec.Struct, frozen=True):
    """``[[page.column]]``: a property that is shown.

    ``title`` empty: its name. ``show``: as ``text``, with the words of a ValueMap; as a ``lamp`` whose color the value
    decides; as the bar of a ``progress`` in percent; as a ``time``. ``lamps`` maps colors to values; without it true is on and
    false off.
    """

    property: str
    title: str = ""
    show: Literal["text", "lamp", "progress", "time"] = "text"
    lamps: dict[LampColor, list[Any]] = msgspec.field(default_factory=dict)


class PageButton(msgspec.Struct, frozen=True):
    """``[[page.button]]``: a method that is called for a row.

    ``title`` empty: its name. ``parameters`` are what it gets; ``ask`` names those that a form asks for; ``confirm`` is asked
    before. ``when`` maps properties to the values with which the button can be pressed; without it, always.
    """

    method: str
    title: str = ""
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    ask: list[str] = msgspec.field(default_factory=list)
    confirm: str = ""
    when: dict[str, list[Any]] = msgspec.field(default_factory=dict)


class PagePart(msgspec.Struct, frozen=True, rename={"classname": "class"}):
    """``[[page.part]]``: instances that belong to each row.

    ``match`` maps properties of the part's class to properties of the row's class that have the same value. ``in_row``: their
    first lamps stand in the row, too.
    """

    title: str
    classname: str
    match: dict[str, str]
    column: list[PageColumn]
    button: list[PageButton] = msgspec.field(default_factory=list)
    in_row: bool = True


class PageEntry(msgspec.Struct, frozen=True, rename={"classname": "class"}):
    """``[[page]]``: a page of the console.

    ``classname`` with its subclasses are the rows; ``where``, a condition in WQL, chooses some. ``sort`` is a property.
    """

    name: str
    title: str
    namespace: str
    classname: str
    column: list[PageColumn]
    about: str = ""
    where: str = ""
    sort: str = ""
    button: list[PageButton] = msgspec.field(default_factory=list)
    part: list[PagePart] = msgspec.field(default_factory=list)


class WrongPageError(Exception):
    """A page names what is not there.

    Attributes:
        text: what, and the nearest that is there.
        word: by which its line is found.
    """

    def __init__(self, text: str, word: str) -> None:
        super().__init__(text)
        self.text = text
        self.word = word


def tables_of(entry: Any) -> Iterator[tuple[Any, type[msgspec.Struct], str]]:
    """Yield the tables of a ``[[page]]`` as TOML has them, with the struct and the header of each."""
    yield entry, PageEntry, "[[page]]"
    for key, struct in (("column", PageColumn), ("button", PageButton), ("part", PagePart)):
        for each in _tables(entry, key):
            yield each, struct, f"[[page.{key}]]"
            if struct is PagePart:
                yield from ((inner, PageColumn, "[[page.part.column]]") for inner in _tables(each, "column"))
                yield from ((inner, PageButton, "[[page.part.button]]") for inner in _tables(each, "button"))


def check_page(page: PageEntry, world: World) -> None:
    """Compare a page with the namespaces and classes of a world.

    Raises:
        WrongPageError: there is no such namespace, class, property, method or parameter; the condition ``where`` is wrong;
            a value is not one that its property or parameter can have.
    """
    where = f"page {page.name}"
    namespace = world.namespaces.get(fold_namespace(page.namespace))
    if namespace is None:
        known = (each.name for each in world.namespaces.values())
        raise WrongPageError(f"{where}: {no_namespace(page.namespace, known)}", page.namespace)

    def resolved(name: str) -> ResolvedClass:
        found = namespace.schema.get(name)
        if found is None:
            hint = did_you_mean(name, namespace.schema.names())
            raise WrongPageError(f"{where}: there is no class {name} in {namespace.name}{hint}", name)
        return found

    rows = resolved(page.classname)
    _check_rows(where, rows, page.column, page.button, [page.sort] if page.sort else [])
    if page.where:
        from cimsim.query.where import check_where  # a pack in the cache needs no queries

        try:
            check_where(page.where, rows, namespace.schema)
        except CIMError as error:
            raise WrongPageError(f"{where}, where: {error.status_description}", page.where) from None
    for part in page.part:
        cls = resolved(part.classname)
        _check_rows(f"{where}, part {part.title}", cls, part.column, part.button, part.match)
        _check_properties(where, rows, part.match.values())


def _check_rows(
    where: str, cls: ResolvedClass, columns: Sequence[PageColumn], buttons: Sequence[PageButton], properties: Any
) -> None:
    if not columns:
        raise WrongPageError(f"{where}: at least one column is needed", "column")
    _check_properties(where, cls, [*(each.property for each in columns), *properties])
    for column in columns:
        _check_values(f"{where}, lamps", cls.find(column.property), chain.from_iterable(column.lamps.values()))
    for button in buttons:
        method = cls.methods.get(fold(button.method))
        if method is None:
            hint = did_you_mean(button.method, (each.name for each in cls.methods.values()))
            raise WrongPageError(f"{where}: class {cls.name} has no method {button.method}{hint}", button.method)
        for name in (*button.parameters, *button.ask):
            if fold(name) not in method.parameters:
                hint = did_you_mean(name, (each.name for each in method.parameters.values()))
                raise WrongPageError(f"{where}: method {method.name} has no parameter {name}{hint}", name)
        for name, value in button.parameters.items():
            _check_values(f"{where}, parameters of {method.name}", method.parameters[fold(name)], [value])
        _check_properties(where, cls, button.when)
        for name, values in button.when.items():
            _check_values(f"{where}, when", cls.find(name), values)


def _check_properties(where: str, cls: ResolvedClass, names: Any) -> None:
    for name in names:
        if cls.find(name) is None:
            hint = did_you_mean(name, (each.name for each in cls.properties))
            raise WrongPageError(f"{where}: class {cls.name} has no property {name}{hint}", name)


def _check_values(where: str, element: Property | Parameter | None, values: Iterable[Any]) -> None:
    """Refuse values that an element cannot have; what TOML has no form for is taken as its text."""
    if element is None or element.embedded or element.type in _AS_TEXT:
        return
    for value in values:
        try:
            convert_value(element, value)
        except ValueError as error:
            raise WrongPageError(f"{where}: {element.name}: {error}", element.name) from None


def _tables(entry: Any, key: str) -> list[Any]:
    found = entry.get(key) if isinstance(entry, dict) else None
    return found if isinstance(found, list) else []
