"""What clients may create in the Interop namespace only (rule I5)."""

from typing import Final

from cimsim.world.errors import not_supported
from cimsim.world.names import INTEROP_NAMES, fold_namespace
from cimsim.world.schema import ResolvedClass
from cimsim.world.world import Namespace

_ONLY_THERE: Final = frozenset(
    {"cim_indicationfilter", "cim_filtercollection", "cim_listenerdestination", "cim_abstractindicationsubscription"}
)


def check_place(namespace: Namespace, cls: ResolvedClass) -> None:
    """Refuse filters, listener destinations and subscriptions outside the Interop namespace, where nobody would look at them.

    Raises:
        CIMError: CIM_ERR_NOT_SUPPORTED (rule I5).
    """
    if not _ONLY_THERE.isdisjoint(cls.lineage) and fold_namespace(namespace.name) not in INTEROP_NAMES:
        raise not_supported(f"instances of {cls.name} belong into the Interop namespace, not into {namespace.name}")
