"""Which transaction scripts and providers act in."""

from collections.abc import Iterator
from contextlib import contextmanager

from cimsim.world.errors import failed
from cimsim.world.transaction import Transaction


class Stage:
    """Holds the transaction that is going on."""

    def __init__(self) -> None:
        self._transactions: list[Transaction] = []

    @property
    def transaction(self) -> Transaction:
        """The transaction that is going on; raises CIM_ERR_FAILED while there is none, as in a thread or after the setup."""
        if not self._transactions:
            raise failed("a mock script can use its connection only in its setup, and in its providers during an operation")
        return self._transactions[-1]

    @contextmanager
    def using(self, transaction: Transaction) -> Iterator[None]:
        """Have scripts and providers act in a transaction."""
        self._transactions.append(transaction)
        try:
            yield
        finally:
            self._transactions.pop()
