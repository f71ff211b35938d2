"""Random values and random classes: trees of nodes with keys of several types, and associations between them."""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from random import Random
from typing import Any, Final, TypeVar

from pywbem import CIMClass, CIMDateTime, CIMInstance, CIMProperty, CIMQualifier, cimvalue

from cimsim.world.values import INTEGER_RANGES

Item = TypeVar("Item")

POOLS: Final[dict[str, list[Any]]] = {
    "string": ["", "text", "Text", " <é&> ", "a\nb\t]]>", "\U0001f600"],
    "char16": ["x", " ", "<", "é"],
    "boolean": [True, False],
    "datetime": [
        CIMDateTime(text)
        for text in (
            "20240101120000.000000+000",
            "20240101120000.000000+060",
            "00000001000000.000000:000",
            "2024010112****.******-300",
        )
    ],
    "real32": [0.5, -1.0],
    "real64": [1e300, 0.1],
    **{name: [0, 5, least, most] for name, (least, most) in INTEGER_RANGES.items()},
}
KEY_TYPES: Final = ("string", "char16", "boolean", "datetime", "uint8", "sint16", "uint32", "sint64")
TYPES: Final = tuple(sorted([*POOLS, *(f"{name}[]" for name in POOLS)]))
EMBEDDED: Final = ("instance", "instance[]", "object", "object[]")
"""Types of our own here: strings that hold a T_Part, and strings that hold any object."""


class Chooser:
    """Makes the choices of an example."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of the items."""
        return self._random.choice(items)

    def chance(self, one_in: int) -> bool:
        """Return True once in so many times."""
        return self._random.randrange(one_in) == 0

    def some(self, items: Iterable[Item], most: int = 4) -> list[Item]:
        """Return some of the items, each at most once."""
        known = list(items)
        return self._random.sample(known, self._random.randint(0, min(most, len(known))))

    def spelt(self, name: str) -> str:
        """Return a name in any case (rule G9)."""
        return self.pick([name, name, name.upper(), name.lower()])

    def value(self, kind: str, null: bool = True, gaps: bool = True) -> Any:
        """Return a value of a type of ``TYPES`` or ``EMBEDDED``, now and then NULL; with ``gaps``, items may be NULL too."""
        base = kind.removesuffix("[]")
        if null and self.chance(5):
            return None
        if base == kind:
            return self._scalar(base)
        gaps = gaps and base in {"string", "instance", "object"}  # pywbem fails on a reply with NULL among other values
        return [None if gaps and self.chance(6) else self._scalar(base) for _ in range(self.pick(range(4)))]

    def _scalar(self, base: str) -> Any:
        return self.part() if base in {"instance", "object"} else cimvalue(deepcopy(self.pick(POOLS[base])), base)

    def part(self) -> CIMInstance:
        """Return an instance to be embedded, with text that needs to be escaped twice."""
        name = CIMProperty("Name", self.value("string"), type="string")
        size = CIMProperty("Size", self.value("uint8"), type="uint8")
        if self.chance(2):
            return CIMInstance("T_Part", self.some([name, size]))
        weight = CIMProperty("Weight", self.value("sint64[]"), type="sint64", is_array=True)
        return CIMInstance("T_BigPart", self.some([name, size, weight]))


def typed(name: str, kind: str, value: Any = None, qualifiers: Iterable[CIMQualifier] = ()) -> CIMProperty:
    """Return a property of a type of ``TYPES`` or ``EMBEDDED``."""
    base = kind.removesuffix("[]")
    embedded = base if base in {"instance", "object"} else None
    return CIMProperty(
        name, value, type="string" if embedded else base, is_array=base != kind, embedded_object=embedded, qualifiers=qualifiers
    )


def declared(name: str, kind: str, *flags: str, value: Any = None) -> CIMProperty:
    """Return the declaration of such a property."""
    qualifiers = [flag(each) for each in flags]
    if kind.startswith("instance"):
        qualifiers.append(CIMQualifier("EmbeddedInstance", "T_Part", type="string"))
    elif kind.startswith("object"):
        qualifiers.append(flag("EmbeddedObject"))
    return typed(name, kind, value, qualifiers)


def reference(name: str, target: str, *flags: str) -> CIMProperty:
    """Return the declaration of a reference."""
    return CIMProperty(name, None, type="reference", reference_class=target, qualifiers=[flag(each) for each in flags])


def flag(name: str) -> CIMQualifier:
    """Return a qualifier that is TRUE, with the flavors that are declared for it."""
    return CIMQualifier(name, True, type="boolean")


def make_class(name: str, above: str | None, properties: Iterable[CIMProperty], flags: Iterable[str] = ()) -> CIMClass:
    """Return a class."""
    return CIMClass(name, superclass=above, properties=properties, qualifiers=[flag(each) for each in flags])


def random_properties(choose: Chooser, number: int, kinds: Iterable[str] = (*TYPES, *EMBEDDED)) -> list[CIMProperty]:
    """Return declarations of a few properties whose names begin with ``P`` and the number, some with defaults."""
    properties = []
    for place, kind in enumerate(choose.some(kinds, 5)):
        default = choose.value(kind) if kind in TYPES and choose.chance(3) else None
        properties.append(declared(f"P{number}{place}", kind, value=default))
    return properties


def random_classes(choose: Chooser) -> list[CIMClass]:
    """Return a tree of nodes, and associations of them: plain, with a subclass, of two classes, ternary, between namespaces."""
    keys = [declared(f"Key{number}", choose.pick(KEY_TYPES), "Key") for number in range(choose.pick([1, 1, 2, 3]))]
    classes: list[CIMClass] = []
    for number in range(choose.pick(range(1, 5))):
        above = f"T_Node{choose.pick(range(number))}" if number else None
        properties = [*([] if above else keys), *random_properties(choose, number)]
        classes.append(make_class(f"T_Node{number}", above, properties, ["Abstract"] if choose.chance(6) else []))
    some_node = choose.pick(classes).classname
    link = [reference("Left", "T_Node0", "Key"), reference("Right", "T_Node0", "Key"), declared("Note", "string")]
    other = [reference("Left", "T_Node0", "Key"), reference("End", some_node, "Key")]
    triple = [declared("Id", "uint8", "Key"), *(reference(name, "T_Node0") for name in ("A", "B", "C"))]
    far = [reference("Here", "T_Node0", "Key"), reference("There", "T_Node0", "Key")]
    return [
        *classes,
        make_class("T_Link", None, link, ["Association"]),
        make_class("T_SubLink", "T_Link", [declared("More", "uint8", value=3)], ["Association"]),
        make_class("T_OtherLink", None, other, ["Association"]),
        make_class("T_TripleLink", None, triple, ["Association"]),
        make_class("T_FarLink", None, far, ["Association"]),
    ]
