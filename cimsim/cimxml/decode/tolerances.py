"""What the decoder accepts beyond what the documents allow."""

from typing import Final

import msgspec


class Tolerances(msgspec.Struct, frozen=True):
    """Malformed requests that are accepted all the same. Nothing is by default.

    Attributes:
        leading_blanks: white space before the XML declaration (rule Q2).
        nameless_class: an empty CLASSNAME in EnumerateClasses and EnumerateClassNames, which is read as NULL (rule Q2).
        cim_value_types: a VALUETYPE that names a CIM type (rule Q2).
    """

    leading_blanks: bool = False
    nameless_class: bool = False
    cim_value_types: bool = False


NO_TOLERANCES: Final = Tolerances()
