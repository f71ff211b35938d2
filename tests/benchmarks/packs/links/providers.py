"""Makes the nodes and links: ``first`` is linked with ``second``, all others only with each other."""

from collections.abc import Mapping
from typing import Any, Final

from cimsim.providers import Transaction

NAMESPACE: Final = "root/bench"


def populate(transaction: Transaction, settings: Mapping[str, Any]) -> None:
    """Create one link from ``first``, and as many between other nodes as the setting ``unrelated`` says."""
    _link(transaction, "first", "second")
    for number in range(settings["unrelated"]):
        _link(transaction, f"left-{number:06}", f"right-{number:06}")


def _link(transaction: Transaction, one: str, other: str) -> None:
    antecedent = transaction.create("Bench_Node", {"Id": one}, NAMESPACE)
    dependent = transaction.create("Bench_Node", {"Id": other}, NAMESPACE)
    transaction.create("Bench_Link", {"Antecedent": antecedent, "Dependent": dependent}, NAMESPACE)
