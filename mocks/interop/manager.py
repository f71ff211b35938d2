"""The object manager, as far as other instances of root/interop repeat what it says of itself."""

from typing import Any, Final

from cimsim.providers import Instance, Transaction, invalid_parameter

NAMESPACE: Final = "root/interop"


def object_manager(transaction: Transaction) -> Instance:
    """Return the one object manager there is."""
    (manager,) = transaction.instances("CIM_ObjectManager", NAMESPACE)
    return manager


def complete(classname: str, properties: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Return the properties with our own values where a client gave none (rules W12, I4).

    Raises:
        CIMError: CIM_ERR_INVALID_PARAMETER when the client gave another value.
    """
    completed = dict(properties)
    for name, value in own.items():
        given = completed.get(name)
        if given is None:
            completed[name] = value
        elif given != value:
            raise invalid_parameter(f"{classname}.{name} must be {value!r} here, not {given!r}")
    return completed
