"""A simulation in process, with a reactor of its own."""

import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from twisted.internet.defer import maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.selectreactor import SelectReactor

from cimsim.control.port import listen
from cimsim.packs.pack_errors import PackError
from cimsim.simulation.options import OptionsError, SimulationOptions
from cimsim.simulation.simulation import Simulation


def new_reactor() -> Any:
    made: Any = SelectReactor
    return made()


def options(**changed: Any) -> SimulationOptions:
    return SimulationOptions(**{"packs": ["interop"], "port": 0, "watchdog": 0.0, **changed})


def run(reactor: Any, simulation: Simulation) -> list[Any]:
    """Start, run until it is ready or has failed, stop; return what came of it."""
    outcomes: list[Any] = []
    reactor.addSystemEventTrigger("before", "shutdown", simulation.stop)
    simulation.start().addBoth(outcomes.append).addBoth(lambda _: reactor.callLater(0, reactor.stop))
    reactor.run(installSignalHandlers=False)
    return outcomes


def is_open(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname, parts.port or 0), timeout=5).close()
    except OSError:
        return False
    return True


def test_ready_means_that_ports_are_open_and_the_ready_file_names_them(tmp_path: Path) -> None:
    reactor = new_reactor()
    file = tmp_path / "urls"
    file.write_text("stale")
    simulation = Simulation(reactor, options(ready_file=file, clock="manual"), control=listen)
    assert not file.exists()
    assert run(reactor, simulation) == [None]
    url, wsman_url = simulation.urls
    assert file.read_text().splitlines() == [url, wsman_url, f"control {simulation.control_url}"]
    assert not is_open(url)
    assert not is_open(wsman_url)
    assert not is_open(simulation.control_url or "")


def test_a_port_that_is_taken_is_the_error_itself_and_nothing_stays_open() -> None:
    reactor = new_reactor()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        simulation = Simulation(reactor, options(control_port=taken.getsockname()[1]), control=listen)
        with pytest.raises(CannotListenError):
            simulation.start()
    reactor.callWhenRunning(reactor.stop)
    reactor.run(installSignalHandlers=False)
    assert not is_open(simulation.urls[0])


def test_a_ready_file_that_cannot_be_written_later_fails_the_start(tmp_path: Path) -> None:
    reactor = new_reactor()
    folder = tmp_path / "folder"
    folder.mkdir()
    simulation = Simulation(reactor, options(ready_file=folder / "urls"))
    folder.rmdir()
    (failure,) = run(reactor, simulation)
    assert failure.check(OptionsError)
    assert "--ready-file" in failure.getErrorMessage()


@pytest.mark.parametrize(
    ("changed", "error", "text"),
    [
        ({"packs": ["hyperw"]}, PackError, "hyperw"),
        ({"quirks": "openpegasos"}, OptionsError, "did you mean openpegasus?"),
        ({"max_body": 0}, OptionsError, "max_body must be positive"),
        ({"allow_listener": ["a b"]}, OptionsError, "--allow-listener: "),
        ({"listener_ca": Path("/nonexistent")}, OptionsError, "--listener-ca: "),
        ({"ready_file": Path("/nonexistent/urls")}, OptionsError, "--ready-file /nonexistent/urls: cannot be written"),
    ],
)
def test_what_keeps_it_from_starting_is_raised_with_its_own_type(changed: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        Simulation(new_reactor(), options(**changed))
    assert text in str(caught.value)


def test_two_in_one_process_have_worlds_of_their_own() -> None:
    reactor = new_reactor()
    first, second = Simulation(reactor, options()), Simulation(reactor, options(host_name="other"))
    first.start()
    second.start()
    assert first.urls != second.urls
    assert first.cimom is not second.cimom
    for each in (first, second):
        reactor.addSystemEventTrigger("before", "shutdown", each.stop)
    reactor.callWhenRunning(reactor.stop)
    reactor.run(installSignalHandlers=False)


def test_a_reset_after_a_reload_goes_back_to_what_was_loaded_last(tmp_path: Path) -> None:
    mof = tmp_path / "things.mof"
    mof.write_text("class T_One { [Key] string Id; };")
    simulation = Simulation(new_reactor(), options(packs=[mof], reload=True))
    reloader: Any = simulation.first._reloader
    reloader._run = maybeDeferred
    reloader.start()
    mof.write_text("class T_One { [Key] string Id; }; class T_Two { [Key] string Id; };")
    reloader.look()
    reloader.look()
    reloader.stop()
    loaded = simulation.cimom.world
    simulation.cimom.change(lambda it: it.create_namespace("root/new"))
    simulation.controlled.reset()
    assert simulation.cimom.world is loaded
    assert any(each.schema.get("T_Two") for each in loaded.namespaces.values())
