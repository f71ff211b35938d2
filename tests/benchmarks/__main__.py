"""``python -m tests.benchmarks``: measure the budgets and print one table."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.benchmarks import (
    associations,
    enumeration,
    memory,
    pulling,
    queries,
    rates,
    responsiveness,
    schema,
    startup,
    subscriptions,
    wsman,
)
from tests.benchmarks.client import BadAnswerError
from tests.benchmarks.plan import Plan, progress
from tests.benchmarks.processes import StartError
from tests.benchmarks.report import Figure, table

MEASUREMENTS: Final[dict[str, Callable[[Plan], list[Figure]]]] = {
    "rates": rates.measure,
    "enumeration": enumeration.measure,
    "pulling": pulling.measure,
    "queries": queries.measure,
    "startup": startup.measure,
    "schema": schema.measure,
    "associations": associations.measure,
    "memory": memory.measure,
    "responsiveness": responsiveness.measure,
    "subscriptions": subscriptions.measure,
    "wsman": wsman.measure,
}
DESCRIPTION: Final = """\
Measure cimsim against peers in the same run, in alternating rounds, and print one table. Ratios are ours to the peer's, the
median of all rounds. The exit status is 1 when a budget is missed, 2 when a measurement failed. Run it from a checkout, on
Linux, with two idle processors or more."""


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=DESCRIPTION)
    parser.add_argument(
        "--quick", action="store_true", help="fewer and shorter rounds, and 20,000 instances instead of 100,000"
    )
    parser.add_argument("--only", action="append", choices=MEASUREMENTS, help="measure only this; may be repeated")
    options = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="cimsim-benchmarks-") as folder:
        for name in options.only or MEASUREMENTS:
            try:
                figures += MEASUREMENTS[name](Plan(options.quick, Path(folder)))
            except (BadAnswerError, StartError, OSError) as error:
                progress("")
                print(f"{name}: {error}", file=sys.stderr)
                return 2
    progress("")
    print(table(figures))
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
