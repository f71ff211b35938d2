"""A mutation fuzzer: ``python -m tests.hostile.fuzz --seconds 600``.

Whatever is sent, the answer is legal HTTP or the connection is closed, never 500, and no failure is logged (rule SEC15).
The same seed gives the same inputs. An input that fails is printed, and written into a file.
"""

import argparse
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random
from typing import Final

from tests.hostile.mutations import mutate
from tests.hostile.recorded import record
from tests.hostile.simulated import Simulation, statuses

_SLOW: Final = 5.0
"""Seconds that no input may take."""


def main() -> int:
    """Run the fuzzer; return the exit status."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        simulation = Simulation(Path(folder))
        requests = record(simulation.send)
        seen: Counter[int] = Counter()
        number = failures = 0
        until = time.monotonic() + options.seconds if options.seconds else None
        while (number < options.inputs) if until is None else (time.monotonic() < until):
            # Each input has a random source of its own, so that one can be tried alone.
            random = Random(f"{options.seed}:{number}")
            segments = mutate(random.choice(requests), random)
            reason = _try(simulation, segments, seen)
            if reason is not None:
                failures += 1
                _report(number, segments, reason)
            number += 1
    told = ", ".join(f"{status}: {count}" for status, count in sorted(seen.items()))
    print(f"{len(requests)} requests, {number} inputs, {failures} failures; answers {told}")
    return min(failures, 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000, help="how many inputs to try (default 10000)")
    parser.add_argument("--seconds", type=float, help="how long to try inputs, instead of how many")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other inputs (default 1)")
    return parser.parse_args()


def _try(simulation: Simulation, segments: list[bytes], seen: Counter[int]) -> str | None:
    """Return what is wrong with the answer to an input, or None."""
    simulation.faults.clear()
    began = time.process_time()
    try:
        answer = simulation.send(segments)
        # Only the answer to HEAD has no body, and the fuzzer finds that method by chance.
        seen.update(statuses(answer, methods_without_body=any(b"HEAD" in segment for segment in segments)))
    except Exception:  # noqa: BLE001 - whatever it is, the input is to blame
        return traceback.format_exc()
    if simulation.faults:
        return "\n".join(simulation.faults)
    if time.process_time() - began > _SLOW:
        return f"it took {time.process_time() - began:.1f} s"
    return None


def _report(number: int, segments: list[bytes], reason: str) -> None:
    file = Path(tempfile.gettempdir()) / f"cimsim-fuzz-{number}"
    file.write_bytes(b"".join(segments))
    print(f"input {number} ({file}):\n{reason}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
