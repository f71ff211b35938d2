"""What HTTP itself asks of a request once its head is there and before its body is read, in the order of rule HE17."""

from typing import Any

from cimsim.server.head import OPTIONS, POST, Head
from cimsim.server.logins import ClientLogin
from cimsim.server.mount import Routes
from cimsim.server.pages import is_for_page
from cimsim.server.replies import HttpError


class Admission:
    """The checks of one connection.

    Args:
        routes: what serves which path.
        login: the client's; None: the data plane has no users, so Authorization is ignored (rule HA4).
    """

    __slots__ = ("_login", "_only_mount", "_routes")

    def __init__(self, routes: Routes, login: ClientLogin | None) -> None:
        self._routes = routes
        self._only_mount = routes.only
        self._login = login

    def check_start(self, head: Head) -> None:
        """Check version, path, method and expectation, and find the mount.

        Raises:
            HttpError: 505 for a version other than 1.0 and 1.1 (rule H4), 404 for a path that is not served, 417 for an
                expectation that is not met (rule H12).
            Page: a browser asks for the page of the port, if it has one.
            Exception: of the mount: its method is not served (rules H8, H9).
        """
        if head.version not in ("1.1", "1.0"):
            raise HttpError(505, f"HTTP version {head.version} is neither 1.0 nor 1.1", fatal=True)
        if head.method != POST and self._routes.page is not None and is_for_page(head):
            raise self._routes.page()
        head.mount = mount = self._only_mount or self._routes.find(head.target)
        if head.method != POST:
            mount.check_method(head)
        if b"expect" in head.values and head.version != "1.0":
            if not mount.expectations:
                raise HttpError(417, "no expectation is met", fatal=True)
            if head.values[b"expect"].lower() != b"100-continue":
                raise HttpError(417, "the only expectation that is met is 100-continue", fatal=True)

    def admit(self, head: Head) -> tuple[Any, str | None]:
        """Check everything but length, which is the framing's concern; return what the mount admits, and the user.

        Raises:
            HttpError: 401 (rules HA1, HA7), 429 (rule SEC9), 400 for Host (rule H3).
            Exception: of the mount.
        """
        mount = head.mount
        assert mount is not None  # noqa: S101 - check_start has found it
        user = self.user(head)
        if b"host" in head.repeated:
            raise HttpError(400, "more than one Host header")
        if b"host" not in head.values and head.version != "1.0":
            raise HttpError(400, "no Host header")
        if head.method == OPTIONS:
            return None, user
        return mount.admit(head), user

    def user(self, head: Head) -> str | None:
        """Return who asks; raises 401 and 429 as ``admit`` does."""
        mount = head.mount
        if self._login is not None or mount.authenticates:
            user: str | None = mount.authenticate(head, self._login)
            return user
        return None
