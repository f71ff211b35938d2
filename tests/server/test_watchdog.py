"""The watchdog names what holds the server."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.logger import globalLogPublisher

from cimsim.cimom.cimom import Cimom
from cimsim.cimom.clock import Clock
from cimsim.operations.request import ExtrinsicRequest
from cimsim.server.watchdog import Watchdog
from cimsim.world.agenda import Wait
from cimsim.world.paths import InstancePath
from cimsim.world.world import World


class NoImplementations:
    def find(self, namespace: str, cls: Any, method: str) -> None:
        return None


class Log:
    """What was logged; ``await_text`` waits until something holds a text."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._news = threading.Condition()

    def __call__(self, event: Any) -> None:
        with self._news:
            self.texts.append(event["log_format"].format(**event))
            self._news.notify_all()

    def await_text(self, text: str) -> str:
        with self._news:
            assert self._news.wait_for(lambda: any(text in each for each in self.texts), timeout=30)
        return next(each for each in self.texts if text in each)


@pytest.fixture
def log() -> Iterator[Log]:
    log = Log()
    observer: Any = log
    globalLogPublisher.addObserver(observer)
    yield log
    globalLogPublisher.removeObserver(observer)


@pytest.fixture
def cimom(log: Log) -> Iterator[Cimom]:
    cimom = Cimom(World(), NoImplementations(), Clock(0.0), random=bytes)
    watchdog = Watchdog(cimom, 0.02, threading.get_ident())
    watchdog.start()
    yield cimom
    watchdog.stop()


def test_a_request_that_does_not_return_is_named_with_its_place_and_once(cimom: Cimom, log: Log) -> None:
    cimom.doing = ExtrinsicRequest("Endless", "root/test", InstancePath("T_Thing", ()))
    text = log.await_text("has been running")
    assert text.startswith("Endless in root/test has been running for 0.02 seconds")
    assert __file__ in text or "threading.py" in text
    cimom.doing = None
    log.await_text("Endless in root/test is over")
    assert len(log.texts) == 2


def test_the_same_request_again_and_again_is_not_one_that_hangs(cimom: Cimom, log: Log) -> None:
    # Equal messages are decoded once, so that busy clients make one object come all the time.
    cimom.doing = ExtrinsicRequest("Quick", "root/test", InstancePath("T_Thing", ()))
    over = threading.Event()
    for _ in range(100):
        cimom.turn += 1
        over.wait(0.001)
    assert log.texts == []


@pytest.mark.parametrize("seconds", [1e12, 1e300])
def test_it_may_be_as_patient_as_it_likes(seconds: float) -> None:
    watchdog = Watchdog(Cimom(World(), NoImplementations(), Clock(0.0), random=bytes), seconds, threading.get_ident())
    watchdog.start()
    watchdog.stop()
    watchdog._thread.join(30)
    assert not watchdog._thread.is_alive()


def test_a_step_is_named_after_its_function(cimom: Cimom, log: Log) -> None:
    cimom.doing = Wait(1, "root/test", 0.0, 0, (), Log.await_text, ())
    assert "the step Log.await_text has been running" in log.await_text("has been running")
