"""A CIM-XML message as the layers above see it, and the refusal of what is not one."""

from dataclasses import dataclass
from typing import Final

from cimsim.operations.request import Request

UNSUPPORTED_PROTOCOL_VERSION: Final = "unsupported-protocol-version"
MULTIPLE_REQUESTS_UNSUPPORTED: Final = "multiple-requests-unsupported"
UNSUPPORTED_CIM_VERSION: Final = "unsupported-cim-version"
UNSUPPORTED_DTD_VERSION: Final = "unsupported-dtd-version"
REQUEST_NOT_VALID: Final = "request-not-valid"
REQUEST_NOT_WELL_FORMED: Final = "request-not-well-formed"
HEADER_MISMATCH: Final = "header-mismatch"
UNSUPPORTED_OPERATION: Final = "unsupported-operation"

_NOT_IMPLEMENTED: Final = frozenset(
    {UNSUPPORTED_PROTOCOL_VERSION, MULTIPLE_REQUESTS_UNSUPPORTED, UNSUPPORTED_CIM_VERSION, UNSUPPORTED_DTD_VERSION}
)


class MessageError(Exception):
    """A request that gets an HTTP answer instead of a CIM message (rules HE1 to HE10).

    Attributes:
        status: the HTTP status, 400 or 501.
        cim_error: the value of the CIMError header, or None for an answer without it (rule HC6).
        detail: what is wrong, in words; it may hold text of the request, so escape it before it becomes a header (rule SEC5).
    """

    def __init__(self, cim_error: str | None, detail: str) -> None:
        super().__init__(detail)
        self.status = 501 if cim_error in _NOT_IMPLEMENTED else 400
        self.cim_error = cim_error
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Message:
    """A request with what its response must repeat of the envelope.

    ``id`` is the MESSAGE ID, verbatim (rule M2); ``further`` the other requests of a batch, which has at least two (rule M5),
    and empty for a single request.
    """

    id: str
    request: Request
    further: tuple[Request, ...] = ()
