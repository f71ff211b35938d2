"""A simulator with a control plane, and a client of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cimsim.cimom.snapshots import Snapshots
from cimsim.control.api import listen
from cimsim.control.client import ControlClient
from cimsim.simulation.controlled_cimom import ControlledCimom
from cimsim.testing.simulator import Simulator


@contextmanager
def served(*packs: str | Path, **options: Any) -> Iterator[tuple[Simulator, ControlClient]]:
    """Serve packs and their control plane."""
    with Simulator(*packs, **options) as sim:
        simulation = sim._hosted.simulation
        controlled = ControlledCimom(
            simulation.cimom, Snapshots(simulation.cimom), sim.journal, simulation.controlled.counts, sim.urls, ready=True
        )
        url, port = sim.in_reactor(listen, sim._hosting.thread.reactor, controlled, 0)
        try:
            yield sim, ControlClient(url)
        finally:
            sim.in_reactor(port.stopListening)
