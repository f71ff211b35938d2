"""A simulation of several CIMOMs: what is of each, what they share, and what says where they are."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import fields

from cimsim.control.port import listen
from cimsim.server.limits import HttpLimits
from cimsim.simulation.announcement import Announcement
from cimsim.simulation.control_options import ControlOptions, control_options_of
from cimsim.simulation.loading import SharedPacks
from cimsim.simulation.options import OF_SERVER, OptionsError, SimulationOptions
from cimsim.simulation.running_servers import running_servers
from cimsim.simulation.simulation import Simulation
from tests.simulation.test_simulation import new_reactor, options, run

TWO = {"cimom": {"east": {"clock": "manual", "seed": 1}, "west": {"user": ["eve:secret"]}}}


@pytest.fixture(scope="module")
def packs() -> SharedPacks:
    """Return what loads packs once for all tests."""
    return SharedPacks()


def test_each_has_its_own_ports_clock_and_users_and_equal_worlds_are_one(packs: SharedPacks) -> None:
    simulation = Simulation(new_reactor(), options(cimom={**TWO["cimom"], "third": {}}), control=listen, packs=packs)
    east, west, third = simulation.cimoms.values()
    assert (east.name, west.name, simulation.first) == ("east", "west", east)
    assert (east.clock.running, west.clock.running) == (False, True)
    assert (east.users, west.users) == ((), ("eve",))
    assert west.cimom.world is third.cimom.world
    west.cimom.change(lambda it: it.create_namespace("root/new"))
    west.cimom.faults.clear()
    assert west.cimom.world is not third.cimom.world
    assert [each.name for each in simulation.controlled_cimoms] == ["east", "west", "third"]
    assert len({each.instance for each in simulation.controlled_cimoms}) == 3


def test_the_ready_file_names_them_all(packs: SharedPacks, tmp_path: Path) -> None:
    reactor = new_reactor()
    file, state = tmp_path / "urls", tmp_path / "state"
    simulation = Simulation(reactor, options(ready_file=file, **TWO), control=listen, packs=packs, state_dir=state)
    found: list[Any] = []
    reactor.callWhenRunning(lambda: reactor.callLater(0, lambda: found.extend(running_servers(state))))
    assert run(reactor, simulation) == [None]
    east, west = (each.urls for each in simulation.cimoms.values())
    assert len({*east, *west}) == 4
    assert file.read_text().splitlines() == [
        *east,
        f"control {simulation.control_url}",
        f"token {simulation.control_token}",
        *(f"cimom east {url}" for url in east),
        *(f"cimom west {url}" for url in west),
    ]
    assert file.stat().st_mode & 0o777 == 0o600, "it has a token"
    assert [(each.pid, each.control, each.token) for each in found] == [
        (os.getpid(), simulation.control_url, simulation.control_token)
    ]
    assert list(state.rglob("*.json")) == [], "the server has stopped"


def test_the_ready_file_in_json(packs: SharedPacks, tmp_path: Path) -> None:
    reactor = new_reactor()
    file = tmp_path / "ready"
    simulation = Simulation(reactor, options(ready_file=file, ready_format="json"), control=listen, packs=packs)
    assert run(reactor, simulation) == [None]
    said = json.loads(file.read_text())
    url, wsman_url = simulation.urls
    assert (said["urls"], said["wsman_urls"], said["pid"]) == ([url], [wsman_url], os.getpid())
    assert said["control"] == said["console"] == simulation.control_url
    assert said["cimoms"] == {"cimsim": {"urls": [url], "wsman_urls": [wsman_url]}}
    assert "token" not in said
    assert file.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_token_stands_in_the_fragment_of_the_url_for_browsers() -> None:
    announced = Announcement({"cimsim": ["http://127.0.0.1:1"]}, "http://127.0.0.1:2", "a-token", console=True)
    assert announced.console_url == announced.fields()["console"] == "http://127.0.0.1:2/#token=a-token"
    assert announced.fields()["token"] == "a-token"
    without = announced._replace(console=False)
    assert (without.console_url, without.control_url) == (None, announced.console_url)
    assert Announcement({"a": []}, "http://127.0.0.1:2").console_url == "http://127.0.0.1:2"
    assert Announcement({"a": []}).fields()["control"] is None


# Tokens


def control_options(*, users: bool = False, **given: Any) -> ControlOptions:
    return control_options_of(SimulationOptions(**given), 0, HttpLimits(), os.urandom, users=users)


@pytest.mark.parametrize(
    ("given", "users", "needed"),
    [
        ({}, False, False),
        ({"control_address": "localhost"}, False, False),
        ({"control_address": "::1"}, False, False),
        ({"control_address": "0.0.0.0"}, False, True),
        ({"control_address": "192.0.2.1"}, False, True),
        ({}, True, True),
    ],
    ids=str,
)
def test_a_token_is_made_where_one_is_needed(given: dict[str, Any], users: bool, needed: bool) -> None:
    first, second = (control_options(users=users, **given).token for _ in range(2))
    assert (first is not None, first != second) == (needed, needed)
    assert first is None or len(first) >= 32
    assert control_options(users=users, **given).run != control_options(users=users, **given).run


def test_the_users_of_any_cimom_count(packs: SharedPacks) -> None:
    given: Any = {"cimom": {"a": {}, "b": {"user": ["eve:secret"]}}}
    assert Simulation(new_reactor(), options(**given), control=listen, packs=packs).control_token
    with pytest.raises(OptionsError, match="CIMOM b: a user is written"):
        Simulation(new_reactor(), options(cimom={"a": {}, "b": {"user": ["eve"]}}), packs=packs)
    without = Simulation(new_reactor(), options(**given, console=False), control=listen, packs=packs)
    assert without.control_token is None, "there is nothing to protect"


def test_the_token_that_is_given_is_demanded() -> None:
    assert control_options(control_token="my-own-token").token == "my-own-token"


@pytest.mark.parametrize("token", ["", "short", "with blank", "line\nbreak", "\u00fcberlang", "a" * 300, "#fragment-of"])
def test_what_cannot_be_a_token_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(OptionsError, match="--control-token: ") as refused:
        control_options(control_token=token)
    assert not token or token not in str(refused.value)


def test_what_cannot_be_a_host_is_refused() -> None:
    with pytest.raises(OptionsError, match="--control-host 'a b' is not the name of a host"):
        control_options(control_host=["a b"])


# Options of each


def test_each_has_what_all_have_but_for_its_own() -> None:
    given = SimulationOptions(
        packs=["hyperv"],
        port=5988,
        tls_port=1,
        wsman_port=2,
        seed=7,
        set={"hyperv.vms": 3, "hyperv.memory": 1},
        cimom={"a": {"set": {"hyperv.vms": 4}}, "b": {"packs": ("interop",), "wsman_port": 9}, "c": {"port": 6000}},
    )
    a, b, c = given.by_cimom("cimsim").values()
    assert (a.packs, b.packs, a.seed, b.seed) == (["hyperv"], ("interop",), 7, 7)
    assert a.set == {"hyperv.vms": 4, "hyperv.memory": 1}
    assert [(each.port, each.tls_port, each.wsman_port) for each in (a, b, c)] == [(5988, 1, 2), (0, 0, 9), (6000, 0, 0)]
    assert SimulationOptions().by_cimom("cimsim") == {"cimsim": SimulationOptions()}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"a": {"prot": 1}}, "cimom.a.prot: there is no setting prot; did you mean port?"),
    ({"a": {"clock": "slow"}}, "CIMOM a: --clock 'slow' is not one of real, manual"),
    ({"a b": {}}, "--cimom 'a b': a name has 1 to 64 letters, digits, _, - or ."),
    ({"": {}}, "--cimom '': a name has 1 to 64"),
    *(({"a": {name: 1}}, f"cimom.a.{name}: --{name.replace('_', '-')} is of the server") for name in sorted(OF_SERVER)),
]


@pytest.mark.parametrize(("cimom", "text"), WRONG, ids=[text for _, text in WRONG])
def test_what_a_cimom_cannot_have_is_refused(cimom: dict[str, Any], text: str) -> None:
    with pytest.raises(OptionsError) as refused:
        SimulationOptions(cimom=cimom).by_cimom("cimsim")
    assert str(refused.value).startswith(text)


def test_what_is_of_the_server_exists() -> None:
    assert {each.name for each in fields(SimulationOptions)} > OF_SERVER
