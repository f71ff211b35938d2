"""A CIM-XML message as the layers above see it, and the refusal of what is not one."""

from typing import Final

import msgspec

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
    """A request that gets an HTTP status instead of a CIM message (rules HE1 to HE10, H6, H8, H9, H20 to H24).

    Args:
        cim_error: see below.
        detail: see below.
        status: the HTTP status; None: the one that belongs to the CIMError value, 400 or 501.
        fields: see below.
        fatal: see below.

    Attributes:
        status: the HTTP status.
        cim_error: the value of the CIMError header, or None for an answer without it (rule HC6).
        detail: what is wrong, in words; it may hold text of the request, so escape it before it becomes a header (rule SEC5).
        fields: further header lines of the answer, each with its line end.
        fatal: the connection cannot go on after it.
    """

    def __init__(
        self, cim_error: str | None, detail: str, *, status: int | None = None, fields: bytes = b"", fatal: bool = False
    ) -> None:
        super().__init__(detail)
        self.status = status or (501 if cim_error in _NOT_IMPLEMENTED else 400)
        self.cim_error = cim_error
        self.detail = detail
        self.fields = fields
        self.fatal = fatal


class Message(msgspec.Struct, frozen=True):
    """A request with what its response must repeat of the envelope.

    ``id`` is the MESSAGE ID, verbatim (rule M2); ``further`` the other requests of a batch, which has at least two (rule M5),
    and empty for a single request.
    """

    id: str
    request: Request
    further: tuple[Request, ...] = ()
