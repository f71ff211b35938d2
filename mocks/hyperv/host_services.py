"""The management services of the host: some start and stop, some do not."""

from collections.abc import Mapping
from typing import Any

from cimsim.providers import NOT_SUPPORTED, Instance, Invocation, ServiceLifeCycle, is_busy

from .terms import WINDOWS_UTC


class HypervService(ServiceLifeCycle):
    """What all services of the host share."""

    utc = WINDOWS_UTC

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self.strict = settings["profile"] == "windows-strict"


class HostService(HypervService):
    """A management service of the host whose page says that it starts and stops."""

    def refuses(self, call: Invocation, service: Instance) -> int | None:
        """Refuse under ``windows-strict``, whose values for EnabledState and RequestedState are fixed."""
        if self.strict:
            return self.unsupported(call)
        return self.busy_code if is_busy(service) else None

    def refuses_request(self, call: Invocation, service: Instance, requested: int | None) -> int | None:
        """Refuse every state."""
        return NOT_SUPPORTED


class FixedHostService(HypervService):
    """A management service of the host whose page says that it does not start or stop."""

    def refuses(self, call: Invocation, service: Instance) -> int | None:
        """Refuse always."""
        return self.unsupported(call)

    def refuses_request(self, call: Invocation, service: Instance, requested: int | None) -> int | None:
        """Refuse every state."""
        return NOT_SUPPORTED
