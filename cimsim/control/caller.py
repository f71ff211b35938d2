"""Who asks for something of the server as a whole, rather than of one CIMOM."""

from typing import Any

import msgspec

from cimsim.control.access import Access
from cimsim.simulation.controlled_cimom import ControlledCimoms


class Caller(msgspec.Struct, frozen=True):
    """The one who asks, and what there is.

    Attributes:
        cimoms: all CIMOMs of the server.
        access: decides who may use the control plane.
        request: of twisted.web.
    """

    cimoms: ControlledCimoms
    access: Access
    request: Any
