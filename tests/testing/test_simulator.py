"""Simulators in the process: many of them, their errors, their worlds, their keywords."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import fields
from pywbem import CIMError, Error, WBEMConnection
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError

from cimsim.server.factory import HttpFactory
from cimsim.simulation.options import SimulationOptions
from cimsim.testing import OptionsError, PackError, SimulatedCimom, Simulator
from cimsim.testing.options import CimomOptions

SERVICE = "Msvm_GuestFileService"
NOT_FOR_TESTS = {"packs", "ready_file", "ready_format", "cimom", "reload", "watchdog", "log_level", "log_format"}


@pytest.fixture(scope="module")
def simulator(cache_dir: Path) -> Iterator[Simulator]:
    with Simulator("hyperv", clock="manual", seed=1, cache_dir=cache_dir) as running:
        yield running


@pytest.fixture
def sim(simulator: Simulator) -> Simulator:
    simulator.reset()
    return simulator


def test_every_option_of_serve_is_a_keyword() -> None:
    options = {each.name for each in fields(SimulationOptions)}
    keywords = set(CimomOptions.__annotations__)
    assert options >= NOT_FOR_TESTS
    others = {"settings", "scenarios", "faults", "max_exchanges", "max_exchange_bytes"}
    assert keywords - others == options - NOT_FOR_TESTS - {"set", "scenario"}


def test_a_keyword_that_does_not_exist_is_named_with_the_nearest() -> None:
    wrong = {"sede": 1}
    with pytest.raises(TypeError, match="there is no keyword sede; did you mean seed"):
        Simulator("interop", **wrong)  # type: ignore[arg-type] # that is the point


@pytest.mark.parametrize(
    ("packs", "options", "error", "said"),
    [
        (["hyprv"], {}, PackError, "hyperv"),
        (["hyperv"], {"settings": {"hyperv.vm": 3}}, PackError, "did you mean vms"),
        (["interop"], {"clock": "slow"}, OptionsError, "manual"),
        (["interop"], {"quirks": "sfbc"}, OptionsError, "sfcb"),
        (["interop"], {"user": ["eve"]}, OptionsError, "NAME:PASSWORD"),
    ],
    ids=str,
)
def test_what_cannot_start_raises_its_own_error_and_leaves_no_thread(
    packs: list[str], options: CimomOptions, error: type[Exception], said: str
) -> None:
    before = threading.active_count()
    with pytest.raises(error, match=said):
        Simulator(*packs, **options)
    assert threading.active_count() == before


def test_a_port_that_is_taken(sim: Simulator) -> None:
    port = int(sim.url.rpartition(":")[2])
    with pytest.raises(CannotListenError):
        sim.add_cimom("second", "hyperv", port=port)
    assert list(sim.cimoms) == ["cimsim"]


def test_cimoms_have_worlds_clocks_faults_and_journals_of_their_own(sim: Simulator, cache_dir: Path) -> None:
    other = sim.add_cimom("other", "hyperv", clock="manual", seed=1, cache_dir=cache_dir)
    try:
        assert other.world is sim.world, "equal worlds share memory"
        other.modify(other.find(SERVICE)[0], Started=False)
        other.advance(60)
        other.fault(operation="GetClass", error=1)
        with sim.connect() as connection:
            connection.GetClass(SERVICE)
        assert sim.find(SERVICE)[0]["Started"] is True
        assert other.now - sim.now == 60
        assert [call.operation for call in sim.calls()] == ["GetClass"]
        assert other.calls() == []
    finally:
        sim.remove_cimom("other")
    with pytest.raises(KeyError, match="cimsim"):
        sim.remove_cimom("cimsin")


def test_fork_begins_with_the_current_world(sim: Simulator) -> None:
    sim.modify(sim.find(SERVICE)[0], Started=False)
    forked = sim.fork_cimom("forked")
    try:
        assert forked.find(SERVICE)[0]["Started"] is False
        forked.modify(forked.find(SERVICE)[0], Started=True)
        assert sim.find(SERVICE)[0]["Started"] is False
    finally:
        sim.remove_cimom("forked")


def test_snapshot_restore_diff_and_reset(sim: Simulator) -> None:
    sim.snapshot("before")
    path = sim.find(SERVICE)[0].path
    sim.modify(path, Started=False)
    (modified,) = sim.diff("before").modified
    assert modified.changes == {"Started": (True, False)}
    sim.restore("before")
    assert not sim.diff()
    with pytest.raises(KeyError, match="did you mean before"):
        sim.restore("befor")
    sim.modify(path, Started=False)
    sim.reset()
    assert sim.get(path)["Started"] is True


def test_instances_behind_the_back_of_clients(sim: Simulator) -> None:
    sim.load('class TST_Lamp { [Key] string Id; boolean On; }; instance of TST_Lamp { Id = "a"; };')
    created = sim.create("TST_Lamp", {"Id": "b", "On": True})
    assert [each["Id"] for each in sim.find("TST_Lamp")] == ["a", "b"]
    assert [each["Id"] for each in sim.find("TST_Lamp", On=True)] == ["b"]
    sim.delete(created)
    with pytest.raises(CIMError):
        sim.get(created)
    with pytest.raises(PackError, match="no superclass TST_Lamb"):
        sim.load("class TST_Other : TST_Lamb {};")
    with pytest.raises(LookupError, match="TST_Lamp"):
        sim.find("TST_Lamq")
    with pytest.raises(LookupError, match="give a path"):
        sim.get("Msvm_ComputerSystem")


def test_invoke_calls_what_a_client_calls(sim: Simulator) -> None:
    service = sim.find(SERVICE)[0]
    assert sim.invoke(service, "StopService").value == 0
    assert sim.get(service)["Started"] is False
    assert sim.calls() == [], "it is not an exchange with a client"


def test_invoke_is_refused_nothing_and_meets_no_fault_rule(sim: Simulator, cache_dir: Path) -> None:
    other = sim.add_cimom(
        "other", "hyperv", clock="manual", seed=1, cache_dir=cache_dir, user=["eve:secret"], role=["eve=read"]
    )
    try:
        handle = other.fault(method="StopService", returns=5)
        assert other.invoke(other.find(SERVICE)[0], "StopService").value == 0
        assert handle.matched == 0
        with pytest.raises(CIMError, match="did you mean StartService"):
            other.invoke(other.find(SERVICE)[0], "StartServic")
    finally:
        sim.remove_cimom("other")


def test_exchanges_are_exported_with_their_bodies(sim: Simulator) -> None:
    with sim.connect() as connection:
        connection.GetClass(SERVICE)
        connection.EnumerateInstanceNames(SERVICE)
    lines = [json.loads(line) for line in sim.json_lines("GetClass").splitlines()]
    assert [b"GetClass" in each["request"].encode() for each in lines] == [True]
    entries = json.loads(sim.har())["log"]["entries"]
    assert [SERVICE in each["response"]["content"]["text"] for each in entries] == [True, True]


def test_a_name_that_nothing_can_have_is_refused(sim: Simulator) -> None:
    """Otherwise ``expect(...).never()`` could not fail."""
    ask: list[Callable[[str], object]] = [sim.expect, sim.calls, sim.wait_for, partial(sim.expect_sequence, "GetClass")]
    for each in ask:
        for name, near in (("StopServic", "StopService"), ("GetInstanc", "GetInstance")):
            with pytest.raises(LookupError, match=f"no method {name}; did you mean {near}"):
                each(name)
    for name in ("stopservice", "getinstance", "Subscribe"):
        sim.expect(name).never()


def test_a_world_is_shown_in_a_line(sim: Simulator) -> None:
    """A failed assertion shows what it compares."""
    sim.snapshot("a")
    assert len(repr(sim.snapshot("b"))) < 300


def test_wait_for_a_call_of_another_thread(sim: Simulator) -> None:
    def ask() -> None:
        with sim.connect() as connection:
            connection.GetClass(SERVICE)

    client = threading.Thread(target=ask)
    client.start()
    assert sim.wait_for("GetClass").classname == SERVICE
    client.join()
    with pytest.raises(TimeoutError, match="called was GetClass"):
        sim.wait_for("DeleteClass", timeout=0.01)


def test_beside_an_asyncio_loop(sim: Simulator) -> None:
    def ask() -> int:
        with sim.connect() as connection:
            return len(connection.EnumerateInstanceNames(SERVICE))

    async def main() -> list[int]:
        return await asyncio.gather(*(asyncio.to_thread(ask) for _ in range(3)))

    assert asyncio.run(main()) == [2, 2, 2]


def test_the_journal_is_bounded(sim: Simulator, cache_dir: Path) -> None:
    small = sim.add_cimom("small", "hyperv", clock="manual", seed=1, cache_dir=cache_dir, max_exchanges=2)
    try:
        with WBEMConnection(small.url, default_namespace="root/virtualization/v2") as connection:
            for _ in range(3):
                connection.GetClass(SERVICE)
        assert [entry.number for entry in small.exchanges()] == [2, 3]
    finally:
        sim.remove_cimom("small")


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("fault", [None, {"delay": "3600s clock"}, {"delay": 3600}, {"trickle": 1}], ids=str)
def test_a_stop_waits_neither_for_idle_clients_nor_for_answers_that_are_late_on_purpose(
    monkeypatch: pytest.MonkeyPatch, sim: Simulator, cache_dir: Path, fault: dict[str, Any] | None, tls: bool
) -> None:
    """A client keeps its connection, and does not read from it."""
    aborted: list[HttpFactory] = []
    monkeypatch.setattr(HttpFactory, "_abort", aborted.append)
    other = sim.add_cimom("other", "hyperv", clock="manual", seed=1, cache_dir=cache_dir, tls=tls)
    url = other.urls[int(tls)]
    with other.connect(url=url) as idle:
        idle.GetClass(SERVICE)
        if fault is not None:
            handle = other.fault(**fault)
            client = threading.Thread(target=_failing, args=(other.connect(url=url),))
            client.start()
            other.in_reactor(_until, other, lambda: handle.hits == 1)
        sim.remove_cimom("other")
        if fault is not None:
            client.join()
    assert aborted == []


def _failing(connection: WBEMConnection) -> None:
    with pytest.raises(Error):
        connection.GetClass(SERVICE)
    connection.close()


def _until(cimom: SimulatedCimom, condition: Callable[[], bool]) -> "Deferred[None]":
    """Return what fires once a condition holds, in the thread of the simulator."""
    reactor = cimom._hosting.thread.reactor
    done: Deferred[None] = Deferred()

    def look() -> None:
        if condition():
            done.callback(None)
        else:
            reactor.callLater(0, look)

    look()
    return done
