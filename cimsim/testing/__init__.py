"""Simulated CIMOMs for tests: in the process of the test, each with its own world, clock, faults and journal.

with Simulator("hyperv", clock="manual") as sim:
    sim.fault(method="StopService", times=2, error=("failed", "the guest is busy"))
    ...
    sim.expect("StopService").times(3)
"""

from cimsim.cimom.exchanges import Called
from cimsim.cimom.fault_rule_parser import RuleError
from cimsim.cimom.journal import Entry
from cimsim.cimom.snapshots import Snapshot
from cimsim.cimom.world_diff import Modified, WorldDiff
from cimsim.packs.pack_errors import PackError
from cimsim.simulation.options import OptionsError
from cimsim.testing.simulated_cimom import FaultHandle, Invoked, SimulatedCimom
from cimsim.testing.simulator import Simulator

__all__ = [
    "Called",
    "Entry",
    "FaultHandle",
    "Invoked",
    "Modified",
    "OptionsError",
    "PackError",
    "RuleError",
    "SimulatedCimom",
    "Simulator",
    "Snapshot",
    "WorldDiff",
]
