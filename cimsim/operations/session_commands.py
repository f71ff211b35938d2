"""What a pull operation has the CIMOM do with an enumeration session, which is state that no operation sees.

The CIMOM carries these out and answers with a result; none reaches a codec.
"""

from collections.abc import Sequence

import msgspec
from pywbem import CIMClass

from cimsim.operations.results import Projections, PullForm
from cimsim.world.instances import Instance


class OpenSession(msgspec.Struct, frozen=True):
    """Open a session and hand out its first ``max_objects`` objects, as a ``Pulled``.

    Attributes:
        form: what the session hands out.
        instances: all that it will ever hand out.
        projections: what is shown of them.
        timeout: OperationTimeout in seconds; None: the default of the server, 0: never (rule PL-29).
        continue_on_error: the session survives an error (rule PL-30).
        max_objects: how many objects are wanted at once.
        query_class: the class of the rows of a query, where the client asked for it (rule PL-41).
    """

    form: PullForm
    instances: Sequence[Instance]
    projections: Projections
    timeout: int | None
    continue_on_error: bool
    max_objects: int
    query_class: CIMClass | None = None


class PullFromSession(msgspec.Struct, frozen=True):
    """Hand out the next objects of a session, as a ``Pulled``."""

    form: PullForm
    context: str
    max_objects: int


class CloseSession(msgspec.Struct, frozen=True):
    """Close a session; the result is ``Void``."""

    context: str


class CountSession(msgspec.Struct, frozen=True):
    """Count the objects left in a session; the result is a ``Value`` of uint64."""

    context: str


SessionCommand = OpenSession | PullFromSession | CloseSession | CountSession
