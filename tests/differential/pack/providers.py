"""Methods that return what they are given."""

from typing import Any

from pywbem import CIMError

from cimsim.operations.methods import Implementation, Invocation
from cimsim.providers.provider import Provider
from cimsim.world.values import SCALAR_TYPES


class Echo(Provider):
    """Answers for T_Echo."""

    def methods(self) -> dict[str, Implementation]:
        """Return the methods of T_Echo but ``Nobody``."""
        returns = {f"return_{cim_type}": self._return for cim_type in SCALAR_TYPES}
        return {"echo": self._echo, "echoofclass": self._echo, "refuse": self._refuse, **returns}

    def _echo(self, call: Invocation) -> tuple[int, dict[str, Any]]:
        return 7, dict(call.arguments)

    def _return(self, call: Invocation) -> tuple[Any, dict[str, Any]]:
        return call.arguments["Value"], {}

    def _refuse(self, call: Invocation) -> int:
        raise CIMError(call.arguments["Code"] or 1, "as you wish")
