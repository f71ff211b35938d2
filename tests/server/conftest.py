"""The fixtures of tests that speak HTTP in memory."""

from tests.http_peer import new_server, parse, post, server

__all__ = ["new_server", "parse", "post", "server"]
