"""Why an exchange did not succeed, in words."""

from typing import Final

from lxml import etree
from pywbem import CIMError

from cimsim.cimom.exchanges import SUCCESS, Called
from cimsim.cimom.journal import Entry

_MAX_CALLS: Final = 10
_OK: Final = range(200, 300)
_MAX_FAULT: Final = 16 * 1024
_REASONS: Final = (
    "{http://www.w3.org/2003/05/soap-envelope}Text",
    "{http://schemas.microsoft.com/wbem/wsman/1/wsmanfault}Message",
)


def why(entry: Entry) -> str:
    """Return what was wrong, one line for each call that failed; empty for success.

    CIM errors name the nearest that exists in their descriptions; a refusal of HTTP, the reason that its answer gives.
    """
    exchange = entry.exchange
    failed = [_failure(each) for each in exchange.calls if each.status not in (SUCCESS, None)]
    lines = failed[:_MAX_CALLS]
    if len(failed) > _MAX_CALLS:
        lines.append(f"and {len(failed) - _MAX_CALLS} calls more failed")
    if exchange.status is None:
        lines.append("the client left before the answer was complete")
    elif exchange.detail or exchange.status not in _OK:
        reason = exchange.detail or _reason(entry.response)
        by_rule = "" if entry.rule is None or failed else f" (by fault rule {entry.rule})"
        if not failed or exchange.detail:
            lines.append(f"HTTP {exchange.status}{by_rule}" + (f": {reason}" if reason else ""))
    return "\n".join(lines)


def pretty(body: bytes) -> str:
    """Return a body as text; XML that is complete gets line breaks."""
    root = _parsed(body)
    if root is None:
        return body.decode("utf-8", "replace")
    declaration = '<?xml version="1.0" encoding="utf-8"?>\n' if body.lstrip()[:5] == b"<?xml" else ""
    written: str = etree.tostring(root, encoding="unicode", pretty_print=True)
    return declaration + written


def _failure(call: Called) -> str:
    name = CIMError(call.status).status_code_name
    by_rule = "" if call.rule is None else f" (by fault rule {call.rule})"
    return f"{call.operation}: {call.status} {name}{by_rule}: {call.description}"


def _parsed(body: bytes) -> "etree._Element | None":
    if not body or b"<!DOCTYPE" in body:
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_blank_text=True)
    try:
        return etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _reason(body: bytes) -> str:
    """Return the reason that a fault of SOAP gives; faults are short."""
    root = _parsed(body) if len(body) <= _MAX_FAULT else None
    if root is None:
        return ""
    for tag in _REASONS:
        for each in root.iter(tag):
            text = "".join(str(part) for part in each.itertext()).strip()
            if text:
                return text
    return ""
