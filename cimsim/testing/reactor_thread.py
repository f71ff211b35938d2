"""A reactor of its own in a thread of its own, which others call into.

Twisted's usual reactor is one for each process, and belongs to whoever runs it. A simulator must live beside the reactor, the
asyncio loop or the threads of the program that tests with it, so it makes a reactor that is installed nowhere.
"""

import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar

T = TypeVar("T")

START_SECONDS: Final = 10.0
CALL_SECONDS: Final = 60.0


class ReactorThread:
    """A reactor that runs in a daemon thread from ``start`` to ``stop``.

    Attributes:
        reactor: to be used in its own thread only, but for ``callFromThread``.
    """

    def __init__(self, name: str = "cimsim") -> None:
        # Twisted is imported by those only who start one.
        from cimsim.server.event_loop import new_reactor

        self.reactor: Any = new_reactor()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._running = threading.Event()

    def start(self) -> None:
        """Begin; returns once calls are carried out.

        Raises:
            RuntimeError: the thread did not begin in time.
        """
        self.reactor.callWhenRunning(self._running.set)
        self._thread.start()
        if not self._running.wait(START_SECONDS):
            raise RuntimeError("the thread of the simulator did not begin in time")

    def stop(self) -> None:
        """End the reactor and its thread."""
        if self._thread.is_alive():
            self.reactor.callFromThread(self.reactor.stop)
            self._thread.join(START_SECONDS)

    def call(self, function: Callable[..., T], *arguments: Any, timeout: float = CALL_SECONDS) -> T:
        """Return what a function returns that the reactor's thread carries out; a Deferred is waited for.

        Raises:
            BaseException: what it raises, in this thread.
            RuntimeError: the simulator has stopped.
            TimeoutError: there is no result after so many seconds.
        """
        if threading.current_thread() is self._thread:
            return function(*arguments)
        if not self._thread.is_alive():
            raise RuntimeError("the simulator does not run")
        done = threading.Event()
        outcome: dict[str, Any] = {}

        def finish(result: Any) -> None:
            outcome["result"] = result
            done.set()

        def fail(failure: Any) -> None:
            outcome["error"] = failure.value
            done.set()

        def carry_out() -> None:
            try:
                result: Any = function(*arguments)
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that asked
                outcome["error"] = error
                done.set()
                return
            if hasattr(result, "addCallbacks"):
                result.addCallbacks(finish, fail)
            else:
                finish(result)

        self.reactor.callFromThread(carry_out)
        if not done.wait(timeout):
            raise TimeoutError(f"the simulator did not answer within {timeout:g} seconds")
        if "error" in outcome:
            raise outcome["error"]
        answer: T = outcome["result"]
        return answer

    def _run(self) -> None:
        self.reactor.run(installSignalHandlers=False)
