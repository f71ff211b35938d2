"""``python -m tests.benchmarks``: measure the budgets and print one table."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cimsim import __version__
from tests.benchmarks import (
    associations,
    breadth,
    console,
    costs,
    enumeration,
    in_process,
    memory,
    pulling,
    queries,
    rates,
    responsiveness,
    scaling,
    schema,
    stages,
    startup,
    subscriptions,
    wsman,
)
from tests.benchmarks.client import BadAnswerError
from tests.benchmarks.plan import Plan, progress
from tests.benchmarks.plot import write_plot
from tests.benchmarks.processes import StartError
from tests.benchmarks.report import Figure, table
from tests.benchmarks.results import ResultsError, read_results, slower, write_results

MEASUREMENTS: Final[dict[str, Callable[[Plan], list[Figure]]]] = {
    "rates": rates.measure,
    "costs": costs.measure,
    "breadth": breadth.measure,
    "stages": stages.measure,
    "enumeration": enumeration.measure,
    "pulling": pulling.measure,
    "queries": queries.measure,
    "startup": startup.measure,
    "schema": schema.measure,
    "associations": associations.measure,
    "memory": memory.measure,
    "in_process": in_process.measure,
    "scaling": scaling.measure,
    "responsiveness": responsiveness.measure,
    "subscriptions": subscriptions.measure,
    "wsman": wsman.measure,
    "console": console.measure,
}
DESCRIPTION: Final = """\
Measure cimsim against peers in the same run, in alternating rounds, and print one table. Ratios are ours to the peer's, the
median of all rounds. The exit status is 1 when a budget is missed or something became slower, 2 when a measurement failed. Run
it from a checkout, on Linux, with two idle processors or more."""


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=DESCRIPTION)
    parser.add_argument(
        "--quick", action="store_true", help="fewer and shorter rounds, and 20,000 instances instead of 100,000"
    )
    parser.add_argument("--only", action="append", choices=MEASUREMENTS, help="measure only this; may be repeated")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table there, too")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write a picture of the budgets there")
    parser.add_argument(
        "--against", type=Path, metavar="FILE", help="say what became slower since the run whose figures are there (JSON)"
    )
    parser.add_argument("--profile", type=Path, metavar="FILE", help="profile the server; the last one that ran counts")
    options = parser.parse_args()
    try:
        before = read_results(options.against) if options.against else None
    except ResultsError as error:
        parser.error(str(error))
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="cimsim-benchmarks-") as folder:
        for name in options.only or MEASUREMENTS:
            try:
                figures += MEASUREMENTS[name](Plan(options.quick, Path(folder), options.profile))
            except (BadAnswerError, StartError, OSError) as error:
                progress("")
                print(f"{name}: {error}", file=sys.stderr)
                return 2
    progress("")
    _write(figures, options)
    worse = [] if before is None else list(slower(figures, before))
    for line in worse:
        print(line, file=sys.stderr)
    return 0 if all(figure.met for figure in figures) and not worse else 1


def _write(figures: list[Figure], options: argparse.Namespace) -> None:
    text = table(figures)
    print(text)
    if options.json:
        write_results(options.json, figures, __version__)
    if options.markdown:
        options.markdown.write_text(text + "\n", encoding="utf-8")
    if options.svg:
        write_plot(options.svg, figures)


if __name__ == "__main__":
    sys.exit(main())
