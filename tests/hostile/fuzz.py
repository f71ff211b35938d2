"""A mutation fuzzer: ``python -m tests.hostile.fuzz --seconds 600``.

Whatever is sent as CIM-XML, the answer is legal HTTP or the connection is closed, never 500, and no failure is logged (SEC15).
What is sent with ``--protocol wsman`` goes to the codec of WS-Management in this process: the answer is a reply or a fault.
The same seed gives the same inputs. An input that fails is printed, and written into a file.
"""

import argparse
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final, Protocol

from tests.hostile.mutations import mutate
from tests.hostile.recorded import record
from tests.hostile.simulated import Simulation, statuses
from tests.hostile.wsman_envelopes import ENVELOPES, mutate_envelope
from tests.hostile.wsman_simulated import WsmanSimulation, outcome

_SLOW: Final = 5.0
"""Seconds that no input may take."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the fuzzer with the given arguments, or those of the process; return the exit status."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory() as folder:
        target = _Wsman(Path(folder)) if options.protocol == "wsman" else _CimXml(Path(folder))
        seen: Counter[str] = Counter()
        number = failures = 0
        until = time.monotonic() + options.seconds if options.seconds else None
        while (number < options.inputs) if until is None else (time.monotonic() < until):
            # Each input has a random source of its own, so that one can be tried alone.
            random = Random(f"{options.seed}:{number}")
            segments = target.mutated(random)
            reason = _try(target, segments, seen)
            if reason is not None:
                failures += 1
                _report(number, segments, reason)
            number += 1
    told = ", ".join(f"{status}: {count}" for status, count in sorted(seen.items()))
    print(f"{target.requests} requests, {number} inputs, {failures} failures; answers {told}")
    return min(failures, 1)


class _Target(Protocol):
    """What inputs are made for and sent to."""

    requests: int
    faults: list[str]

    def mutated(self, random: Random) -> list[bytes]: ...

    def outcomes(self, segments: list[bytes]) -> list[str]:
        """Send an input, and return what was answered; raises any exception where this is not legal."""
        ...


class _CimXml:
    def __init__(self, folder: Path) -> None:
        self._simulation = Simulation(folder)
        self._recorded = record(self._simulation.send)
        self.requests = len(self._recorded)
        self.faults = self._simulation.faults

    def mutated(self, random: Random) -> list[bytes]:
        return mutate(random.choice(self._recorded), random)

    def outcomes(self, segments: list[bytes]) -> list[str]:
        answer = self._simulation.send(segments)
        # Only the answer to HEAD has no body, and the fuzzer finds that method by chance.
        found = statuses(answer, methods_without_body=any(b"HEAD" in segment for segment in segments))
        return [str(status) for status in found]


class _Wsman:
    def __init__(self, folder: Path) -> None:
        self._simulation = WsmanSimulation(folder)
        self.requests = len(ENVELOPES)
        self.faults = self._simulation.faults

    def mutated(self, random: Random) -> list[bytes]:
        return [self._simulation.completed(mutate_envelope(random.choice(ENVELOPES), random))]

    def outcomes(self, segments: list[bytes]) -> list[str]:
        return [outcome(self._simulation.send(b"".join(segments)))]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000, help="how many inputs to try (default 10000)")
    parser.add_argument("--seconds", type=float, help="how long to try inputs, instead of how many")
    parser.add_argument("--protocol", choices=("cimxml", "wsman"), default="cimxml", help="what is spoken (default cimxml)")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other inputs (default 1)")
    return parser.parse_args(arguments)


def _try(target: _Target, segments: list[bytes], seen: Counter[str]) -> str | None:
    """Return what is wrong with the answer to an input, or None."""
    target.faults.clear()
    began = time.process_time()
    try:
        seen.update(target.outcomes(segments))
    except Exception:  # noqa: BLE001 - whatever it is, the input is to blame
        return traceback.format_exc()
    if target.faults:
        return "\n".join(target.faults)
    if time.process_time() - began > _SLOW:
        return f"it took {time.process_time() - began:.1f} s"
    return None


def _report(number: int, segments: list[bytes], reason: str) -> None:
    file = Path(tempfile.gettempdir()) / f"cimsim-fuzz-{number}"
    file.write_bytes(b"".join(segments))
    print(f"input {number} ({file}):\n{reason}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
