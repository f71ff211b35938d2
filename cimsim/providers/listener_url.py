"""The URLs of listeners, to which indications are sent (rules I3, SEC14)."""

from typing import Final
from urllib.parse import urlsplit

import msgspec

_PORTS: Final = {"http": 80, "https": 443}
_LONGEST: Final = 2048


class ListenerUrl(msgspec.Struct, frozen=True):
    """The parts of a URL; ``host`` is without brackets, ``target`` is the path with the query, as HTTP sends it."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def netloc(self) -> str:
        """Host and port, as the header Host has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def parse_listener_url(text: str) -> ListenerUrl:
    """Return the parts of ``http[s]://HOST[:PORT][/PATH]``; the port is 80 or 443 if none is given.

    Raises:
        ValueError: it has another form, or holds what does not belong there.
    """
    shown = repr(text[:200])
    if len(text) > _LONGEST or not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError(f"{shown} is not the URL of a listener: it is too long, or holds blanks or other characters")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{shown} is not the URL of a listener: {error}") from None
    if parts.scheme not in _PORTS:
        raise ValueError(f"{shown} is not the URL of a listener: it must begin with http:// or https://")
    if not host or port == 0:
        raise ValueError(f"{shown} is not the URL of a listener: it names no {'port' if host else 'host'}")
    if "@" in parts.netloc:
        raise ValueError(f"{shown} is not the URL of a listener: it holds a user name")
    if parts.fragment:
        raise ValueError(f"{shown} is not the URL of a listener: it has a fragment")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return ListenerUrl(parts.scheme, host, port or _PORTS[parts.scheme], target)
