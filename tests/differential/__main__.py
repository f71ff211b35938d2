"""``python -m tests.differential``: compare with pywbem_mock for as long as you like."""

import argparse
import sys
import traceback
from collections import Counter
from random import Random

from tests.differential.run import STEPS, run
from tests.differential.wire import connect, load_pack


def main() -> int:
    """Run the examples; return 1 if one of them differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("--examples", type=int, default=100, help="how many models (100)")
    parser.add_argument("--steps", type=int, default=60, help="how many steps on each (60)")
    parser.add_argument("--seed", type=int, default=0, help="the number of the first model (0)")
    options = parser.parse_args()
    loaded = load_pack()
    calls: Counter[str] = Counter()
    for seed in range(options.seed, options.seed + options.examples):
        try:
            random = Random(seed)
            calls += run(connect(loaded), random, random.choices(STEPS, k=options.steps))
        except Exception:  # noqa: BLE001 - an answer that pywbem cannot read is a difference too
            traceback.print_exc()
            print(f"\ndiffers; again with --seed {seed} --examples 1 --steps {options.steps}", file=sys.stderr)
            return 1
    for name, count in sorted(calls.items()):
        print(f"{count:8} {name}")
    print(f"{calls.total():8} operations in {options.examples} models, no difference")
    return 0


if __name__ == "__main__":
    sys.exit(main())
