"""Text as XML takes it (rules D1, D2, D27)."""

import re
from typing import Final

_REPLACEMENT: Final = "\ufffd"
_ILLEGAL: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff"
_IN_TEXT: Final = re.compile(f"[&<>\r{_ILLEGAL}]")
_IN_ATTRIBUTE: Final = re.compile(f'[&<>"\r\n\t{_ILLEGAL}]')
_ASCII_IN_TEXT: Final = bytes(code for code in range(128) if _IN_TEXT.match(chr(code)))
_SHORT: Final = 32
_ESCAPES: Final = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\r": "&#13;",
    "\n": "&#10;",
    "\t": "&#9;",
}


def _escape(match: re.Match[str]) -> str:
    # What XML 1.0 cannot represent, it cannot represent escaped either.
    return _ESCAPES.get(match[0], _REPLACEMENT)


def needs_escape(text: str) -> bool:
    """Return whether ``escape_text`` returns anything but the text itself."""
    if len(text) > _SHORT and text.isascii():
        # A tenth of the time that the expression takes.
        encoded = text.encode()
        return len(encoded.translate(None, _ASCII_IN_TEXT)) != len(encoded)
    return _IN_TEXT.search(text) is not None


def escape_text(text: str) -> str:
    """Return element text; a carriage return survives, characters illegal in XML become U+FFFD (rules D1, D2)."""
    needed = needs_escape(text) if len(text) > _SHORT else _IN_TEXT.search(text)
    return _IN_TEXT.sub(_escape, text) if needed else text


def escape_attribute(text: str) -> str:
    """Return the text of an attribute in double quotes; blanks survive normalisation (rule D27)."""
    return _IN_ATTRIBUTE.sub(_escape, text) if _IN_ATTRIBUTE.search(text) else text
