"""The watchdog names what holds the server."""

import inspect
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.logger import globalLogPublisher

from cimsim.cimom.clock import Clock
from cimsim.cimom.object_manager import Cimom
from cimsim.operations.request import ExtrinsicRequest
from cimsim.simulation.watchdog import Watchdog
from cimsim.world.agenda import Wait
from cimsim.world.paths import InstancePath
from cimsim.world.world import World


class NoImplementations:
    def find(self, namespace: str, cls: Any, method: str) -> None:
        return None


@pytest.fixture
def log() -> Iterator[list[str]]:
    texts: list[str] = []

    def observe(event: Any) -> None:
        texts.append(event["log_format"].format(**event))

    observer: Any = observe
    globalLogPublisher.addObserver(observer)
    yield texts
    globalLogPublisher.removeObserver(observer)


@pytest.fixture
def cimom() -> Cimom:
    return Cimom(World(), NoImplementations(), Clock(0.0), random=bytes)


@pytest.fixture
def watchdog(cimom: Cimom) -> Watchdog:
    """A watchdog that looks when it is asked to, and speaks at the fifth look."""
    return Watchdog(cimom, 2.5, threading.get_ident())


def look(watchdog: Watchdog, times: int) -> None:
    for _ in range(times):
        watchdog.look()


def request(name: str) -> ExtrinsicRequest:
    return ExtrinsicRequest(name, "root/test", InstancePath("T_Thing", ()))


def test_a_request_that_does_not_return_is_named_with_its_place_and_once(
    cimom: Cimom, watchdog: Watchdog, log: list[str]
) -> None:
    cimom.doing = request("Endless")
    look(watchdog, 4)
    assert log == []
    look(watchdog, 10)
    (text,) = log
    assert text.startswith("Endless in root/test has been running for 2.5 seconds")
    assert f"Watchdog._report ({inspect.getsourcefile(Watchdog)}:" in text
    cimom.doing = None
    look(watchdog, 10)
    assert log[1:] == ["Endless in root/test is over"]


@pytest.mark.parametrize("idle", [1, 3, 10])
def test_what_begins_after_idleness_is_named_when_it_is_over(
    cimom: Cimom, watchdog: Watchdog, log: list[str], idle: int
) -> None:
    look(watchdog, idle)
    cimom.doing = request("Late")
    look(watchdog, 4)
    assert log == [], "idleness does not count"
    look(watchdog, 1)
    cimom.doing = None
    look(watchdog, 1)
    assert [text.partition(" ")[0] for text in log] == ["Late", "Late"]


def test_what_follows_at_once_is_another(cimom: Cimom, watchdog: Watchdog, log: list[str]) -> None:
    cimom.doing = request("First")
    look(watchdog, 5)
    cimom.doing = request("Second")
    look(watchdog, 5)
    assert log[1] == "First in root/test is over"
    assert log[2].startswith("Second in root/test has been running")


def test_the_same_request_again_and_again_is_not_one_that_hangs(cimom: Cimom, watchdog: Watchdog, log: list[str]) -> None:
    # Equal messages are decoded once, so that busy clients make one object come all the time.
    cimom.doing = request("Quick")
    for _ in range(100):
        cimom.turn += 1
        watchdog.look()
    assert log == []


def test_it_looks_from_a_thread_of_its_own(cimom: Cimom) -> None:
    reported = threading.Event()

    def observe(event: Any) -> None:
        if threading.current_thread() is not threading.main_thread():
            reported.set()

    observer: Any = observe
    globalLogPublisher.addObserver(observer)
    watchdog = Watchdog(cimom, 0.02, threading.get_ident())
    cimom.doing = request("Endless")
    watchdog.start()
    assert reported.wait(30)
    watchdog.stop()
    globalLogPublisher.removeObserver(observer)


@pytest.mark.parametrize("seconds", [1e12, 1e300])
def test_it_may_be_as_patient_as_it_likes(seconds: float) -> None:
    watchdog = Watchdog(Cimom(World(), NoImplementations(), Clock(0.0), random=bytes), seconds, threading.get_ident())
    watchdog.start()
    watchdog.stop()
    watchdog._thread.join(30)
    assert not watchdog._thread.is_alive()


def test_a_step_is_named_after_its_function(cimom: Cimom, watchdog: Watchdog, log: list[str]) -> None:
    cimom.doing = Wait(1, "root/test", 0.0, 0, (), NoImplementations.find, ())
    look(watchdog, 5)
    assert log[0].startswith("the step NoImplementations.find has been running")
