"""Defects of providers and our own, and the names of enumeration sessions."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from pywbem import CIMError
from twisted.logger import LogLevel, globalLogPublisher

from cimsim.cimom.clock import Clock
from cimsim.cimom.object_manager import Cimom
from cimsim.operations.methods import Invocation
from cimsim.operations.request import Argument, ClassName, ExtrinsicRequest, IntrinsicRequest
from cimsim.operations.results import Pulled
from cimsim.world.paths import InstancePath

A = InstancePath("T_Thing", (("Id", "a"),))


class Broken:
    """A provider that changes something, and then fails."""

    def find(self, namespace: str, cls: Any, method: str) -> Any:
        return self.fail

    def fail(self, call: Invocation) -> Any:
        call.transaction.create("T_Thing", {"Id": "half done"})
        raise KeyError("secret/place")


@pytest.fixture
def cimom(cim: Any) -> Cimom:
    transaction = cim.transaction(cim.cls("T_Thing", cim.prop("Id", "string", "Key"), cim.method("Run", "uint32")))
    transaction.create("T_Thing", {"Id": "a"})
    return Cimom(transaction.world, Broken(), Clock(1000.0), random=os.urandom)


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    events: list[Any] = []
    observer: Any = events.append
    globalLogPublisher.addObserver(observer)
    yield events
    globalLogPublisher.removeObserver(observer)


def refusal(cimom: Cimom, request: Any) -> CIMError:
    with pytest.raises(CIMError) as refused:
        cimom.perform(request)
    return refused.value


def test_e7_sec11_g14_a_provider_that_fails_is_1_logged_and_leaves_nothing_half_done(cimom: Cimom, logged: list[Any]) -> None:
    before = cimom.world
    error = refusal(cimom, ExtrinsicRequest("Run", "root/test", A, ()))
    assert error.status_code == 1
    assert cimom.world is before
    (event,) = logged
    assert event["log_level"] is LogLevel.critical
    assert "Traceback" in event["log_failure"].getTraceback()


def test_e6_what_a_client_reads_has_no_traceback(cimom: Cimom, logged: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    text = refusal(cimom, ExtrinsicRequest("Run", "root/test", A, ())).status_description
    assert "Traceback" not in text
    assert ".py" not in text

    def fail(*_: Any, **__: Any) -> Any:
        raise KeyError("secret/place")

    monkeypatch.setattr("cimsim.cimom.object_manager.perform", fail)
    text = refusal(cimom, IntrinsicRequest("EnumerateClassNames", "root/test")).status_description
    assert "secret" not in text
    assert len(logged) == 2


def test_sec7_a_context_is_128_random_bits_and_never_the_same(cimom: Cimom) -> None:
    def opened() -> str:
        arguments = (Argument("ClassName", ClassName("T_Thing")),)
        result = cimom.perform(IntrinsicRequest("OpenEnumerateInstances", "root/test", arguments), "eve")
        assert isinstance(result, Pulled)
        assert result.context is not None
        return result.context

    contexts = {opened() for _ in range(100)}
    assert len(contexts) == 100
    assert all(len(bytes.fromhex(context)) >= 16 for context in contexts)
