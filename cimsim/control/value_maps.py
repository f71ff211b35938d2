"""What the qualifiers Values and ValueMap say: the texts that stand for values (DSP0004, 5.6.3)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from pywbem import CIMQualifier

_RANGE: Final = re.compile(r"(-?\d{1,20})?\.\.(-?\d{1,20})?")


class ValueMap(NamedTuple):
    """The texts of ``Values``, and the values or ranges of values that they stand for; these may be fewer, or none."""

    values: list[str]
    value_map: list[str]

    @classmethod
    def of(cls, qualifiers: Mapping[str, CIMQualifier]) -> "ValueMap":
        """Return what the qualifiers of an element say."""
        return cls(_texts(qualifiers.get("Values")), _texts(qualifiers.get("ValueMap")))

    def text(self, value: Any) -> str:
        """Return the text of a value, those of an array with commas between; empty where there is none."""
        if isinstance(value, list | tuple):
            texts = [self.text(item) for item in value]
            return ", ".join(texts) if any(texts) else ""
        if value is None or not self.values:
            return ""
        place = self._place(value)
        return self.values[place] if place is not None and place < len(self.values) else ""

    def _place(self, value: Any) -> int | None:
        number = int(value) if isinstance(value, int) and not isinstance(value, bool) else None
        if not self.value_map:
            return number if number is not None and number >= 0 else None
        written = str(value)
        ranged = None
        for place, each in enumerate(self.value_map):
            if each.strip() == written:
                return place
            if number is not None and ranged is None and _within(number, each.strip()):
                ranged = place
        return ranged


def _within(number: int, text: str) -> bool:
    match = _RANGE.fullmatch(text)
    if match is None:
        return False
    return (match[1] is None or int(match[1]) <= number) and (match[2] is None or number <= int(match[2]))


def _texts(qualifier: CIMQualifier | None) -> list[str]:
    value = None if qualifier is None else qualifier.value
    return [str(item) for item in value] if isinstance(value, Sequence) and not isinstance(value, str) else []
