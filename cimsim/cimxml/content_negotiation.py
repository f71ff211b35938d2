"""Content negotiation: what the request's body is, and whether the client takes what the server sends (rules H20 to H24)."""

import re
from collections.abc import Iterator
from typing import Final

from cimsim.cimxml.message import MessageError

# What real clients send; anything else is parsed.
_COMMON_TYPES: Final = frozenset(
    {
        b'application/xml; charset="utf-8"',
        b"application/xml; charset=utf-8",
        b'text/xml; charset="utf-8"',
        b"text/xml; charset=utf-8",
        b"application/xml",
        b"text/xml",
    }
)
_COMMON_ACCEPTS: Final = frozenset({b"*/*", b"application/xml, text/xml", b"text/html, text/xml, application/xml"})
_COMMON_ENCODINGS: Final = frozenset({b"identity", b"gzip", b"gzip, deflate", b"gzip, deflate, br", b"gzip, deflate, br, zstd"})
_XML: Final = (("application", "xml"), ("text", "xml"))
_MEMBER: Final = r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+'
_PARAMETER: Final = r'(?:[^;"]|"(?:[^"\\]|\\.)*"?)+'
_QUALITY: Final = r"[01]?\.?[0-9]{0,3}"


def check_content_type(value: bytes | None) -> None:
    """Check that the body is XML in UTF-8, in any spelling (rules H20, H21).

    Raises:
        MessageError: with the status 415.
    """
    if value in _COMMON_TYPES:
        return
    if value is None:
        raise MessageError(None, "no Content-Type; send application/xml; charset=utf-8", status=415)
    media, parameters = _parts(value.decode("latin-1"))
    if media not in ("application/xml", "text/xml"):
        raise MessageError(None, f"Content-Type {media!r} is neither application/xml nor text/xml", status=415)
    charset = parameters.get("charset", "utf-8")
    if charset.strip("\"'").lower() not in ("utf-8", "utf8"):
        raise MessageError(None, f"charset {charset!r} is not utf-8", status=415)


def check_content_encoding(value: bytes | None) -> None:
    """Check that the body is not compressed (rule H24).

    Raises:
        MessageError: with the status 415.
    """
    if value is not None and value.strip().lower() not in (b"", b"identity"):
        raise MessageError(None, "Content-Encoding is not identity", fields=b"Accept-Encoding: identity\r\n", status=415)


def check_accept(accept: bytes | None, charset: bytes | None, encoding: bytes | None) -> None:
    """Check that the client takes XML, in UTF-8, uncompressed (rules H22, H23).

    Args:
        accept: the value of Accept, its repeats joined by commas, or None; ``charset`` of Accept-Charset and ``encoding``
            of Accept-Encoding likewise.
        charset: see ``accept``.
        encoding: see ``accept``.

    Raises:
        MessageError: with the status 406.
    """
    if accept is not None and accept not in _COMMON_ACCEPTS and not _admits_xml(accept):
        raise MessageError(None, "Accept admits neither application/xml nor text/xml", status=406)
    if charset is not None and _quality(charset, "utf-8", absent=0.0) <= 0:
        raise MessageError(None, "Accept-Charset does not admit utf-8", status=406)
    if encoding is not None and encoding not in _COMMON_ENCODINGS and _quality(encoding, "identity", absent=1.0) <= 0:
        raise MessageError(None, "Accept-Encoding forbids identity", status=406)


def takes_trailers(value: bytes | None) -> bool:
    """Return whether the value of TE, its repeats joined by commas, says that the client takes trailers (rule H30)."""
    return value is not None and dict(_weighted(value)).get("trailers", 0.0) > 0


def _admits_xml(value: bytes) -> bool:
    ranges = dict(_weighted(value))
    if not ranges:
        return True
    for kind, subtype in _XML:
        for candidate in (f"{kind}/{subtype}", f"{kind}/*", "*/*", "*"):
            if candidate in ranges:
                if ranges[candidate] > 0:
                    return True
                break
    return False


def _quality(value: bytes, wanted: str, *, absent: float) -> float:
    members = dict(_weighted(value))
    if not members:
        return 1.0
    return members.get(wanted, members.get("*", absent))


def _weighted(value: bytes) -> Iterator[tuple[str, float]]:
    for member in re.findall(_MEMBER, value.decode("latin-1")):
        name, parameters = _parts(member)
        if name:
            yield name, _weight(parameters.get("q", "1"))


def _weight(text: str) -> float:
    # An unreadable weight is the client's slip, not a wish to be refused.
    return float(text) if re.fullmatch(_QUALITY, text) and text not in ("", ".") else 1.0


def _parts(text: str) -> tuple[str, dict[str, str]]:
    first, *rest = re.findall(_PARAMETER, text) or [""]
    pairs = (parameter.partition("=") for parameter in rest)
    return first.strip().lower(), {name.strip().lower(): value.strip() for name, _, value in pairs}
