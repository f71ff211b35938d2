"""A simulator with a control plane, and a client of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from cimsim.control.api import listen
from cimsim.control.client import ControlClient
from cimsim.testing.simulator import Simulator


@contextmanager
def served(*packs: str | Path, **options: Any) -> Iterator[tuple[Simulator, ControlClient]]:
    """Serve packs and their control plane."""
    with Simulator(*packs, **options) as sim:
        simulation = sim._hosted.simulation
        controlled = replace(simulation.controlled, journal=sim.journal, urls=sim.urls, ready=True)
        url, port = sim.in_reactor(listen, sim._hosting.thread.reactor, controlled, 0)
        try:
            yield sim, ControlClient(url)
        finally:
            sim.in_reactor(port.stopListening)
