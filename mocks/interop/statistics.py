"""What the CIMOM has carried out, as instances of CIM_CIMOMStatisticalData: one for each kind of operation (rules W6, CT4).

The counters begin with the server. While the object manager's GatherStatisticalData is FALSE they show zero; from the moment it
is TRUE again they count anew.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cimsim.providers import DateTime, OperationCount, Provider, Transaction

from .manager import NAMESPACE, object_manager

# The operations that OperationType has a value for, in the order of its ValueMap, which begins with 1 Other, 2 Batched.
OPERATIONS: Final = (
    "GetClass",
    "GetInstance",
    "DeleteClass",
    "DeleteInstance",
    "CreateClass",
    "CreateInstance",
    "ModifyClass",
    "ModifyInstance",
    "EnumerateClasses",
    "EnumerateClassNames",
    "EnumerateInstances",
    "EnumerateInstanceNames",
    "ExecQuery",
    "Associators",
    "AssociatorNames",
    "References",
    "ReferenceNames",
    "GetProperty",
    "SetProperty",
    "GetQualifier",
    "SetQualifier",
    "DeleteQualifier",
    "EnumerateQualifiers",
)
FIRST_TYPE: Final = 3
OTHER: Final = 1


class Statistics(Provider):
    """CIM_CIMOMStatisticalData."""

    def refresh(self, transaction: Transaction) -> None:
        """Make the instances show the counters as they are."""
        gathered: Mapping[str, OperationCount] = {}
        counts = transaction.counts
        if counts is not None:
            counts.wanted = bool(object_manager(transaction)["GatherStatisticalData"])
            gathered = counts.operations if counts.wanted else {}
        transaction.synchronize("CIM_CIMOMStatisticalData", _rows(gathered, transaction.now), NAMESPACE)


def count(transaction: Transaction, *, wanted: bool) -> None:
    """Begin to count from zero, or end to count.

    The counters are not of the world: this holds even if the transaction is dropped.
    """
    if transaction.counts is not None:
        transaction.counts.wanted = wanted
        transaction.counts.operations.clear()


def _rows(counts: Mapping[str, OperationCount], now: float) -> Iterator[dict[str, Any]]:
    """Yield the properties of each instance: the operations with a type of their own, then the others that occurred."""
    others = sorted(name for name, count in counts.items() if name not in OPERATIONS and count.operations)
    for name in (*OPERATIONS, *others):
        count = counts.get(name) or OperationCount()
        known = name in OPERATIONS
        yield {
            "InstanceID": f"cimsim:{name}",
            "ElementName": name,
            "OperationType": OPERATIONS.index(name) + FIRST_TYPE if known else OTHER,
            "OtherOperationType": None if known else name,
            "NumberOfOperations": count.operations,
            "CimomElapsedTime": DateTime.interval(count.seconds),
            "ProviderElapsedTime": DateTime.interval(0.0),
            "RequestSize": count.request_bytes,
            "ResponseSize": count.response_bytes,
            "StatisticTime": DateTime.at(now),
        }
