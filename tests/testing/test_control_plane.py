"""The control plane of a simulator in the process: opened where it is asked for, and showing all its CIMOMs."""

from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from pywbem import CIMError

from cimsim.control.client import ControlClient
from cimsim.testing import OptionsError, Simulator


def client_of(sim: Simulator, cimom: str | None = None) -> ControlClient:
    return ControlClient(sim.control_url or "", token=sim.control_token, cimom=cimom)


@pytest.mark.parametrize("options", [{}, {"clock": "manual"}, {"control_address": "127.0.0.1"}], ids=str)
def test_there_is_none_unless_it_is_asked_for(cache_dir: Path, options: Any) -> None:
    with Simulator("interop", cache_dir=cache_dir, **options) as sim:
        assert sim.control_url is None


def test_it_shows_what_the_test_has_in_its_hands(cache_dir: Path) -> None:
    with Simulator("interop", clock="manual", control_port=0, cache_dir=cache_dir) as sim:
        client = client_of(sim)
        assert client.status().urls == list(sim.urls)
        client.add_fault(operation="EnumerateClassNames", times=1, error=["failed", "busy"])
        with sim.connect() as conn, pytest.raises(CIMError, match="busy"):
            conn.EnumerateClassNames()
        assert [call.operation for each in client.calls().exchanges for call in each.calls] == ["EnumerateClassNames"]
        client.snapshot("kept")
        assert [each.name for each in sim.snapshots] == ["kept"]
        now = sim.now
        client.advance(5)
        assert (sim.now - now) == 5
        client.reset()
        assert (sim.calls(), client.status().faults) == ([], 0)


def test_cimoms_that_are_added_and_removed_appear_and_disappear(cache_dir: Path) -> None:
    with Simulator("interop", name="first", control_port=0, cache_dir=cache_dir) as sim:
        client = client_of(sim)
        sim.add_cimom("second", "interop", clock="manual", cache_dir=cache_dir)
        sim.fork_cimom("third")
        assert [each.name for each in client.cimoms()] == list(sim.cimoms) == ["first", "second", "third"]
        assert [client_of(sim, name).clock().running for name in sim.cimoms] == [True, False, True]
        with sim.cimoms["second"].connect() as conn:
            conn.EnumerateClassNames()
        assert [len(client_of(sim, name).calls().exchanges) for name in sim.cimoms] == [0, 1, 0]
        with urlopen(f"{sim.control_url}/v1/cimoms/second/metrics") as answer:
            assert b'cimsim_requests_total{operation="EnumerateClassNames",status="0"} 1.0' in answer.read()
        sim.remove_cimom("second")
        assert [each.name for each in client.cimoms()] == ["first", "third"]


def test_what_is_of_the_control_plane_is_not_of_a_cimom_that_is_added(cache_dir: Path) -> None:
    with Simulator("interop", control_port=0, cache_dir=cache_dir) as sim:
        with pytest.raises(TypeError, match=r"control_token is for Simulator\(...\)"):
            sim.add_cimom("other", "interop", control_token="a-token-of-its-own")
        with pytest.raises(ValueError, match="the control plane no token"):
            sim.add_cimom("other", "interop", user=["eve:secret"])
        assert list(sim.cimoms) == ["cimsim"]


def test_a_token_is_made_with_users_and_a_wrong_one_is_refused(cache_dir: Path) -> None:
    with Simulator("interop", control_port=0, user=["eve:secret"], cache_dir=cache_dir) as sim:
        assert sim.control_token
        assert client_of(sim).status().name == "cimsim"
    with pytest.raises(OptionsError, match="--control-token"):
        Simulator("interop", control_port=0, control_token="short", cache_dir=cache_dir)
