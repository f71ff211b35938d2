"""Which HOST of a path names this server (rules D23, X9).

A client writes the name by which it calls the server, which nobody can know before: an alias, the address of a gateway, the
name of a container. The header Host says it as well, so that name counts. So do the one that our own paths carry, and those of
the loopback interface. A port must be that of the call where both are known: another one is another server.
"""

from typing import Final

DEFAULT_HOST: Final = "localhost"
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def is_own_host(host: str, called: str | None, own: str) -> bool:
    """Return whether the text of a HOST names this server.

    Args:
        host: the text, not empty: a name or an address, perhaps with a port (rule D34).
        called: the header Host of the request that holds it; None: it has none.
        own: the host of the paths in our answers.
    """
    folded = host.lower()
    if folded == own.lower() or (called is not None and folded == called.lower()):
        return True
    name, port = _split(folded)
    called_name, called_port = _split((called or "").lower())
    if name not in LOOPBACK and name != called_name and name != _split(own.lower())[0]:
        return False
    return not port or not called_port or port == called_port


def _split(host: str) -> tuple[str, str]:
    """Return name and port, "" for the one that is missing; an IPv6 address without its brackets."""
    if host.startswith("["):
        name, _, port = host[1:].partition("]")
        return name, port.removeprefix(":")
    # More than one colon is an IPv6 address without brackets.
    name, _, port = host.partition(":") if host.count(":") == 1 else (host, "", "")
    return name, port
