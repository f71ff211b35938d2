"""One example: a random model, then random steps on it."""

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from pywbem import WBEMConnection

from tests.differential import association_steps, class_steps, instance_steps, method_steps, pull_steps
from tests.differential.twins import Twins

STEPS: Final[list[Callable[[Twins], None]]] = [
    *instance_steps.STEPS,
    *association_steps.STEPS,
    *class_steps.STEPS,
    *pull_steps.STEPS,
    *method_steps.STEPS,
]


def run(ours: WBEMConnection, random: Random, steps: Sequence[Callable[[Twins], None]]) -> Counter[str]:
    """Carry an example out; return how often each operation was compared.

    Raises:
        AssertionError: the two sides differ; it holds the operation and its parameters.
    """
    twins = Twins(ours, random)
    for _ in range(5):
        instance_steps.create_node(twins)
    instance_steps.create_echo(twins)
    for step in steps:
        step(twins)
    twins.compare_all()
    return twins.calls
