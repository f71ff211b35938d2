"""What of HTTP and CIM-XML is offered, and how OPTIONS reports it (rules HO1 to HO4)."""

from typing import Final

import msgspec

from cimsim.cimxml.m_post_prefix import CIM_EXTENSION
from cimsim.operations.operation import PULL_GROUPS, FunctionalGroup
from cimsim.operations.table import OPERATIONS

_PROTOCOL_VERSION: Final = "1.4"
_PREFIX: Final = "37-"


class Features(msgspec.Struct, frozen=True):
    """What of HTTP and CIM-XML a server offers beyond single requests sent with POST.

    Attributes:
        m_post: the method M-POST; off, it is answered 501 (rule H8).
        batches: several requests in one message; off, they are answered 501 (rule HE2).
        query_languages: those of ExecQuery.
        content_type: of responses, where it is not the usual one (rule Q4).
        post_only: methods other than POST and M-POST are answered 501, known or not (rules Q1, Q2).
        expectations: ``100-continue`` is met; off, Expect is answered 417 (rule Q2).
        matching: the CIM headers must be there and agree with the body (rules HC7 to HC13).
        trailers: responses to clients that take trailers end with one that gives the status code (rule Q2).
    """

    m_post: bool = True
    batches: bool = True
    query_languages: tuple[str, ...] = ("WQL", "DMTF:CQL")
    content_type: bytes | None = None
    post_only: bool = False
    expectations: bool = True
    matching: bool = True
    trailers: bool = False

    def allow(self) -> bytes:
        """Return the header line that lists the methods (rule H9)."""
        return b"Allow: POST, M-POST, OPTIONS\r\n" if self.m_post else b"Allow: POST, OPTIONS\r\n"

    def lines(self) -> bytes:
        """Return the header lines of the answer to OPTIONS."""
        offered = {operation.group for operation in OPERATIONS.values()} - PULL_GROUPS
        groups = [group.value for group in FunctionalGroup if group in offered]
        capabilities = {
            "CIMProtocolVersion": _PROTOCOL_VERSION,
            "CIMSupportedFunctionalGroups": ", ".join(groups),
            "CIMSupportedQueryLanguages": ", ".join(self.query_languages),
            "CIMValidation": "validating",
        }
        if self.batches:
            capabilities["CIMSupportsMultipleOperations"] = ""
        lines = [
            f"Opt: {CIM_EXTENSION} ; ns={_PREFIX[:2]}",
            *(f"{_PREFIX}{name}: {value}" for name, value in capabilities.items()),
        ]
        return self.allow() + "".join(f"{line}\r\n" for line in lines).encode()
