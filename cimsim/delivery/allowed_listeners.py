"""The listeners to which a server may send: names, addresses and networks, with or without a port (rule SEC14)."""

import re
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

import msgspec

from cimsim.providers.listener_url import ListenerUrl

_FORM: Final = r"(?:\[(?P<six>[0-9A-Fa-f:.]+(?:/\d+)?)\]|(?P<host>[^\s:\[\]]+))(?::(?P<port>\d{1,5}))?"


class AllowedListener(msgspec.Struct, frozen=True):
    """Listeners of a name (``*`` stands for anything) or of a network, on one port or on any (None).

    A name in a URL is compared as it stands: it is not looked up, so it lies in no network.
    """

    host: str | IPv4Network | IPv6Network
    port: int | None = None

    def permits(self, url: ListenerUrl) -> bool:
        """Return whether the listener of a URL is one of these."""
        if self.port not in (None, url.port):
            return False
        if isinstance(self.host, str):
            return fnmatchcase(url.host.lower(), self.host)
        try:
            return ip_address(url.host) in self.host
        except ValueError:
            return False


def parse_allowed(text: str) -> AllowedListener:
    """Return what ``HOST[:PORT]`` allows, where HOST is a name, an address or a network such as ``10.0.0.0/8`` or ``[::1]``.

    Raises:
        ValueError: it has another form.
    """
    form = re.fullmatch(_FORM, text.strip())
    port = int(form["port"]) if form and form["port"] else None
    if form is None or (port is not None and not 0 < port < 65536):
        raise ValueError(f"{text!r}: write HOST, ADDRESS or NETWORK/BITS, IPv6 in brackets, and :PORT behind it if you like")
    host = form["six"] or form["host"]
    try:
        return AllowedListener(ip_network(host, strict=False), port)
    except ValueError:
        if form["six"] or "/" in host:
            raise ValueError(f"{text!r}: {host} is not a network") from None
        return AllowedListener(host.lower(), port)
