"""How the lamps act. ``cimsim check`` lists the methods that no provider carries out yet."""

from collections.abc import Mapping
from typing import Any, Final

from cimsim.providers import DateTime, Instance, InstancePath, Invocation, Provider, Transaction, invalid_parameter

ON: Final = 2
OFF: Final = 3
LIGHTING_UP: Final = 10
MAX_BRIGHTNESS: Final = 100


class Lamp(Provider):
    """EX_Lamp: its methods are those of the class whose names begin with a capital."""

    def Switch(self, call: Invocation) -> int:
        """Switch the lamp on, which may take time, or off."""
        lamp = call.instance
        wanted = ON if call.arguments["On"] else OFF
        if lamp["State"] == wanted:
            return 1
        for wait in call.transaction.waiting(lamp):
            call.transaction.cancel(wait.number)
        if wanted == OFF:
            self.enter(call.transaction, lamp.path, OFF)
            return 0
        timing = self.timing(call.transaction, lamp, "Switch", self.settings["warm_up"])
        if not timing.immediate:
            self.enter(call.transaction, lamp.path, LIGHTING_UP)
        timing.plan(call.transaction, self.enter, lamp.path, ON, subjects=[lamp])
        return 0

    def enter(self, transaction: Transaction, path: InstancePath, state: int) -> None:
        """Put a lamp into a state; subscribers receive an indication of it."""
        transaction.modify(path, State=state, TimeOfLastStateChange=DateTime.at(transaction.now))

    def modify_instance(self, transaction: Transaction, instance: Instance, properties: Mapping[str, Any]) -> None:
        """Change a lamp for a client, unless it is to be too bright."""
        if (properties.get("Brightness") or 0) > MAX_BRIGHTNESS:
            raise invalid_parameter(f"Brightness is at most {MAX_BRIGHTNESS}")
        super().modify_instance(transaction, instance, properties)
