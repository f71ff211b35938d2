"""A simulator with a control plane, and a client of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cimsim.control.client import ControlClient
from cimsim.testing.simulator import Simulator


@contextmanager
def served(*packs: str | Path, **options: Any) -> Iterator[tuple[Simulator, ControlClient]]:
    """Serve packs and their control plane."""
    with Simulator(*packs, control_port=0, **options) as sim:
        yield sim, ControlClient(sim.control_url or "", token=sim.control_token)
