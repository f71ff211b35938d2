"""What an operation gets and gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cimsim.operations.hooks import NO_HOOKS, Hooks
from cimsim.operations.results import Result, Void
from cimsim.world.errors import invalid_parameter
from cimsim.world.names import fold_namespace
from cimsim.world.paths import InstancePath
from cimsim.world.transaction import Change, Transaction
from cimsim.world.world import Namespace, World


@dataclass(frozen=True, slots=True)
class Policy:
    """How a CIMOM treats what the specifications leave to it.

    ``enforce_write``: refuse to change properties without the Write qualifier (rule OP-MI-5).
    ``max_pull_timeout``: the longest OperationTimeout in seconds that a client may ask for; 0, never, is allowed too (PL-29).
    ``continue_on_error``: enumeration sessions may survive an error when the client wants it (rule PL-30).
    ``sessions``: no, when the CIMOM is about to stop: it opens no enumeration session then, nor goes on with one (rule PL-40).
    """

    enforce_write: bool = True
    max_pull_timeout: int = 3600
    continue_on_error: bool = True
    sessions: bool = True


class Call(NamedTuple):
    """One request on its way through an operation: the world it meets, its namespace, the time in seconds since 1970.

    ``hooks`` are what acts when instances are written.
    """

    world: World
    namespace: Namespace
    now: float = 0.0
    policy: Policy = Policy()
    hooks: Hooks = NO_HOOKS

    def transaction(self) -> Transaction:
        """Return a new transaction on the call's world and namespace."""
        return Transaction(self.world, self.namespace.name, self.now)


def check_local(path: InstancePath, namespace: str, what: str) -> None:
    """Refuse the path of an object that lies elsewhere: a request is for one namespace of this server (rule G5).

    Args:
        path: the path of the object that an operation or a method is for.
        namespace: that of the request.
        what: how the error text names the path.

    Raises:
        CIMError: CIM_ERR_INVALID_PARAMETER.
    """
    if path.host is not None:
        raise invalid_parameter(f"{what} must not name a host, such as {path.host}")
    if path.namespace not in (None, namespace) and fold_namespace(str(path.namespace)) != fold_namespace(namespace):
        raise invalid_parameter(f"{what} lies in namespace {path.namespace}, but the request is for {namespace}")


class Outcome(NamedTuple):
    """What a request came to: the next world (the same one for a read), the result, and what changed."""

    world: World
    result: Result
    changes: Sequence[Change] = ()


def changed(transaction: Transaction, result: Result | None = None) -> Outcome:
    """Return the outcome of a write."""
    return Outcome(transaction.world, result or Void(), transaction.changes)
