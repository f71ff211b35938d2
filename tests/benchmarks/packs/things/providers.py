"""Makes the instances; the peer that answers with pywbem_mock makes the same ones."""

from collections.abc import Mapping
from typing import Any, Final

from cimsim.providers import Invocation, Provider, Transaction

NAMESPACE: Final = "root/bench"
CLASS: Final = "Bench_Thing"


def thing(number: int) -> dict[str, Any]:
    """Return the properties of one instance; no two are equal but for the tags and the flag."""
    return {
        "Id": f"thing-{number:06}",
        "Name": f"Name of the thing with number {number}",
        "Number": number,
        "Flag": number % 2 == 0,
        "When": f"20260102030405.{number:06}+000",
        "Tags": ["red", "green", f"tag {number}"],
        "Level": -number * 1_000_000,
    }


def populate(transaction: Transaction, settings: Mapping[str, Any]) -> None:
    """Create as many things as the setting ``count`` says."""
    for number in range(settings["count"]):
        transaction.create(CLASS, thing(number), NAMESPACE)


class Echoing(Provider):
    """A method that does nothing else than return its argument."""

    def Echo(self, call: Invocation) -> str:
        """Return the text."""
        return str(call.arguments["Text"])
