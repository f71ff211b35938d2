"""What an operation gets and gives."""

from collections.abc import Sequence
from dataclasses import dataclass

from cimsim.operations.results import Result, Void
from cimsim.world.transaction import Change, Transaction
from cimsim.world.world import Namespace, World


@dataclass(frozen=True, slots=True)
class Policy:
    """How a CIMOM treats what the specifications leave to it.

    ``enforce_write``: refuse to change properties without the Write qualifier (rule OP-MI-5).
    """

    enforce_write: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way through an operation: the world it meets, its namespace, the time in seconds since 1970."""

    world: World
    namespace: Namespace
    now: float = 0.0
    policy: Policy = Policy()

    def transaction(self) -> Transaction:
        """Return a new transaction on the call's world and namespace."""
        return Transaction(self.world, self.namespace.name, self.now)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request came to: the next world (the same one for a read), the result, and what changed."""

    world: World
    result: Result
    changes: Sequence[Change] = ()


def changed(transaction: Transaction, result: Result | None = None) -> Outcome:
    """Return the outcome of a write."""
    return Outcome(transaction.world, result or Void(), transaction.changes)
