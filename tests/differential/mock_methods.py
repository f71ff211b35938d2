"""The provider of the pack once more, as a provider of pywbem_mock."""

from typing import Any

from pywbem import CIMError
from pywbem_mock import MethodProvider


class EchoProvider(MethodProvider):  # type: ignore[misc] # pywbem carries no type information
    """Answers for T_Echo."""

    provider_classnames = "T_Echo"

    def InvokeMethod(self, methodname: str, localobject: Any, params: Any) -> Any:
        """Return what was given, as ``pack/providers.py`` does."""
        name = methodname.lower()
        if name.startswith("echo"):
            return 7, list(params.values())
        if name.startswith("return_"):
            return params["Value"].value, []
        raise CIMError(params["Code"].value or 1, "as you wish")
