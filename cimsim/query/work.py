"""How much work a condition may cause, counted rather than timed, so that the same query always ends in the same way (SEC6).

Nobody else is answered while a condition is evaluated for one instance: what this may look at is bounded. Between instances the
evaluation can stop and go on later, so a condition on many instances takes as long as it takes, up to a bound of its own.
A unit is some 0.1 us.
"""

from typing import Final

from pywbem import CIMError

from cimsim.world.errors import server_limits_exceeded

AT_ONCE: Final = 100_000
"""Units for one instance: the characters that LIKE looks at, mostly."""
SLICE: Final = 20_000
"""Units after which an evaluation stops, so that others are answered."""
IN_ALL: Final = 200_000_000
"""Units for all instances of one request."""
TERM: Final = 2
"""Units for a term of a condition."""
STEP: Final = 15
"""Units for each step into an embedded object."""
COMPILED: Final = 50
"""How many times the units of a condition it takes to fit it to a class."""
MAX_FITTED: Final = 2_500
"""Terms of an indication filter, times classes that they must fit; each takes some 12 us."""
SHORT: Final = 64
"""Values that are no longer than this cost no more than their term does."""


class Meter:
    """Counts the units that are left for one instance; ``left`` is set anew for each."""

    __slots__ = ("left",)

    def __init__(self, left: int = AT_ONCE) -> None:
        self.left = left

    def spend(self, units: int) -> None:
        """Count units.

        Raises:
            CIMError: CIM_ERR_SERVER_LIMITS_EXCEEDED, when no more are left.
        """
        self.left -= units
        if self.left < 0:
            raise _too_much("one instance has values too long, or there are too many terms, for this condition")


def check_in_all(spent: int) -> None:
    """Refuse more work than one request may be; raises CIM_ERR_SERVER_LIMITS_EXCEEDED."""
    if spent > IN_ALL:
        raise _too_much("there are too many instances, or values too long, for this condition")


def _too_much(text: str) -> CIMError:
    return server_limits_exceeded(f"too much work: {text}")
