"""CIM-XML as a mount of the data plane: joins HTTP, the codec and the CIMOM."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from cimsim.cimom.exchanges import CIM_XML, Called
from cimsim.cimxml.cim_headers import CimHeaders
from cimsim.cimxml.http_admission import HttpAdmission
from cimsim.cimxml.http_features import Features
from cimsim.cimxml.http_headers import (
    CONTENT_TYPE,
    PLAIN,
    ResponseStyle,
    plain_response_lines,
    refusal_lines,
    response_lines,
    status_trailers,
)
from cimsim.cimxml.message import MessageError
from cimsim.server.head import Head
from cimsim.server.logins import ClientLogin
from cimsim.server.mount import Batches, Client, Mount
from cimsim.server.replies import HttpError

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

_OK = 200


class Service(Protocol):
    """What answers the messages: ``cimxml_service.CimXmlService``."""

    def respond(self, headers: CimHeaders, body: bytes, user: str | None, calls: list[Called] | None = None) -> Batches:
        """Return the response in batches of fragments, or raise MessageError; add a record of each request to ``calls``."""
        ...

    def respond_later(
        self, headers: CimHeaders, body: bytes, user: str | None, calls: list[Called] | None = None
    ) -> Deferred[Batches] | None:
        """Return the same for a long body, which others need not wait for; None: it must be answered by ``respond``."""
        ...


class CimXmlMount:
    """Serves CIM-XML messages (a ``Mount``).

    Args:
        service: answers them.
        features: what of HTTP and CIM-XML is offered.
    """

    protocol = CIM_XML
    authenticates = False
    own_field: bytes | None = b"cimobject"
    admits_each = False

    def __init__(self, service: Service, features: Features | None = None) -> None:
        features = features or Features()
        admission = HttpAdmission(features)
        self.expectations = features.expectations
        self.check_method = admission.check_method
        # Without trailers nothing lies between the data plane and the codec, which every request pays for.
        self.admit = partial(_admit_with_trailers, admission) if features.trailers else admission.admit
        self.respond = service.respond
        self.respond_later = service.respond_later
        self._content_type = features.content_type or CONTENT_TYPE
        self._plain_lines = plain_response_lines(self._content_type)
        self._options_lines = features.lines()

    def connected(self, client: Client) -> Mount:
        """Return itself: CIM-XML keeps no state for a connection."""
        return self

    def authenticate(self, head: Head, login: ClientLogin | None) -> str | None:
        """Return the user of a request by Basic authentication or the certificate of its connection (rules HA1 to HA8)."""
        return None if login is None else login.require(head.values.get(b"authorization"))

    def options_lines(self, head: Head) -> bytes:
        """Return the header lines that say what is offered (rules HO1 to HO4)."""
        return self._options_lines

    def response_head(self, head: Head, admitted: CimHeaders, response: Batches, microseconds: int) -> tuple[int, bytes]:
        """Return 200 and the header lines of a response (rules H26 to H30); a CIM error is a response like another (HE18)."""
        if head.style is None:
            return _OK, self._plain_lines % microseconds
        return _OK, response_lines(head.style, self._content_type, microseconds)

    def admit_alike(self, admitted: CimHeaders, value: bytes) -> CimHeaders:
        """Return the CIM headers with another CIMObject, where they have one."""
        return admitted if admitted.object is None else admitted.with_object(value.decode("ascii"))

    def refusal_of(self, error: Exception) -> HttpError | None:
        """Return the refusal that a message error asks for; None for any other exception."""
        if isinstance(error, MessageError):
            return HttpError(error.status, error.detail, code=error.cim_error, fields=error.fields, fatal=error.fatal)
        return None

    def refusal_lines(self, refused: HttpError, head: Head | None) -> bytes:
        """Return CIMError and what belongs to it (rules HE14, H33)."""
        style = PLAIN if head is None or head.style is None else head.style
        return refusal_lines(style, refused.detail, refused.code)


def _admit_with_trailers(admission: HttpAdmission, head: Head) -> CimHeaders:
    headers = admission.admit(head)
    style: ResponseStyle = head.style
    if style.trailers:
        head.trailers = partial(status_trailers, style.prefix)
    return headers
