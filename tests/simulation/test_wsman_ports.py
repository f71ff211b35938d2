"""Where WS-Management listens: beside CIM-XML's ports, and where it cannot."""

import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from twisted.internet.error import CannotListenError
from twisted.internet.selectreactor import SelectReactor
from twisted.logger import globalLogPublisher

from cimsim.simulation.options import OptionsError, SimulationOptions
from cimsim.simulation.simulation import Simulation


def options(**changed: Any) -> SimulationOptions:
    return SimulationOptions(**{"packs": ["interop"], "port": 0, "watchdog": 0.0, **changed})


def started(given: SimulationOptions) -> list[str]:
    """Start a simulation, run it until it is ready, stop it; return its URLs."""
    made: Any = SelectReactor
    reactor = made()
    simulation = Simulation(reactor, given)
    reactor.addSystemEventTrigger("before", "shutdown", simulation.stop)
    try:
        simulation.start().addBoth(lambda _: reactor.callLater(0, reactor.stop))
    except CannotListenError:
        reactor.callWhenRunning(reactor.stop)
        reactor.run(installSignalHandlers=False)
        raise
    reactor.run(installSignalHandlers=False)
    return simulation.urls


@pytest.mark.parametrize(
    ("given", "ports"),
    [
        ({}, (5985, 5986)),
        ({"port": 0}, (0, 0)),
        ({"tls_port": 0}, (5985, 0)),
        ({"port": 0, "wsman_port": 5985}, (5985, 0)),
        ({"wsman_port": 0, "wsman_tls_port": 7}, (0, 7)),
    ],
)
def test_free_ports_are_picked_where_those_of_cim_xml_are(given: dict[str, int], ports: tuple[int, int]) -> None:
    made = SimulationOptions(**given)  # type: ignore[arg-type] # all of them are ports
    assert (made.effective_wsman_port, made.effective_wsman_tls_port) == ports


@pytest.mark.parametrize("name", ["wsman_port", "wsman_tls_port"])
def test_a_port_that_cannot_be_is_named(name: str) -> None:
    with pytest.raises(OptionsError, match=f"--{name.replace('_', '-')} 65536 is not between 0 and 65535"):
        options(**{name: 65536})


def test_it_has_a_port_of_its_own_whose_url_comes_last(tmp_path: Path) -> None:
    ready = tmp_path / "urls"
    urls = started(options(ready_file=ready))
    assert [urlsplit(url).path for url in urls] == ["", "/wsman"]
    assert ready.read_text(encoding="utf-8").splitlines() == urls


def test_over_tls_it_has_one_more(tmp_path: Path) -> None:
    urls = started(options(tls=True, tls_port=0, state_dir=tmp_path))
    assert [(urlsplit(url).scheme, urlsplit(url).path) for url in urls] == [
        ("http", ""),
        ("https", ""),
        ("http", "/wsman"),
        ("https", "/wsman"),
    ]


def test_without_plain_http_there_is_none_of_it_either(tmp_path: Path) -> None:
    urls = started(options(tls=True, tls_port=0, http=False, state_dir=tmp_path))
    assert [(urlsplit(url).scheme, urlsplit(url).path) for url in urls] == [("https", ""), ("https", "/wsman")]


def test_it_can_be_left_out() -> None:
    (url,) = started(options(wsman=False))
    assert urlsplit(url).path == ""


def test_a_port_that_is_taken_ends_the_start_if_somebody_asked_for_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(CannotListenError):
        started(options(wsman_port=taken.getsockname()[1]))


def test_where_nobody_asked_for_it_one_line_says_that_it_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []

    def note(event: Any) -> None:
        if event["log_namespace"].startswith("cimsim.simulation"):
            lines.append(event["log_format"].format(**event))

    observer: Any = note
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        monkeypatch.setattr(SimulationOptions, "effective_wsman_port", number)
        globalLogPublisher.addObserver(observer)
        try:
            (url,) = started(options())
        finally:
            globalLogPublisher.removeObserver(observer)
    assert urlsplit(url).path == ""
    assert lines == [f"port {number} is taken: WS-Management is not served there; --wsman-port gives it another one"]
