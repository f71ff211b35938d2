"""The reactor that servers run in: Twisted's with epoll, without the context that it makes for old logs around each event.

The log here has no use for that context, and a small request would pay a twentieth of its time for it.
"""

import sys
from typing import Any

from twisted.logger import Logger

if sys.platform == "linux":
    from twisted.internet.epollreactor import EPollReactor

    class PlainReactor(EPollReactor):
        """Calls those whose descriptors are ready, and nothing around them."""

        _log = Logger()

        def doPoll(self, timeout: float | None) -> None:
            """Wait for so many seconds, None: without an end, or until something is ready, and have it read or written."""
            selectables: Any = self._selectables
            read_or_write: Any = self._doReadOrWrite
            try:
                ready = self._poller.poll(-1 if timeout is None else timeout, len(selectables))
            except InterruptedError:
                return
            for descriptor, event in ready:
                # Another one that was ready may have closed it.
                selectable = selectables.get(descriptor)
                if selectable is not None:
                    try:
                        read_or_write(selectable, descriptor, event)
                    except Exception:  # noqa: BLE001 - one connection must not stop the others
                        self._log.failure("an event failed")

        doIteration = doPoll  # noqa: N815 - Twisted's name


def new_reactor() -> Any:
    """Return a reactor that is installed nowhere: with epoll where there is one."""
    if sys.platform == "linux":
        make: Any = PlainReactor
        plain = make()
        # They are not public: a Twisted without them has its own way, which serves as well.
        if all(hasattr(plain, name) for name in ("_poller", "_selectables", "_doReadOrWrite")):
            return plain
        make = EPollReactor
        return make()
    from twisted.internet.selectreactor import SelectReactor

    return SelectReactor()


def install() -> None:
    """Make such a reactor that of the process, unless it has one; where there is no epoll, Twisted has its own choice."""
    if sys.platform == "linux" and "twisted.internet.reactor" not in sys.modules:
        from twisted.internet.main import installReactor

        install_it: Any = installReactor
        install_it(new_reactor())
