"""A world to run operations on, and a runner that performs requests one after the other."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pywbem import CIMError, CIMQualifierDeclaration

from cimsim.operations.call import Outcome, Policy, RunState
from cimsim.operations.methods import Implementation
from cimsim.operations.perform import perform
from cimsim.operations.request import Argument, ExtrinsicRequest, IntrinsicRequest
from cimsim.world.schema import ResolvedClass
from cimsim.world.transaction import Transaction
from cimsim.world.world import World


class Methods:
    """Implementations by (class, method), both folded; a class of the lineage will do."""

    def __init__(self, found: Mapping[tuple[str, str], Implementation] | None = None) -> None:
        self.found = dict(found or {})
        self.asked: list[tuple[str, str]] = []

    def find(self, namespace: str, cls: ResolvedClass, method: str) -> Implementation | None:
        self.asked.append((namespace, method))
        return next((self.found[name, method] for name in cls.lineage if (name, method) in self.found), None)


class Runner:
    """Performs operations on ``world``, which each success replaces."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.methods = Methods()
        self.policy = Policy(enforce_write=True)
        self.state = RunState()
        self.outcome: Outcome | None = None

    def __call__(self, operation: str, namespace: str = "root/test", /, **arguments: Any) -> Any:
        """Return the result of an intrinsic operation."""
        given = tuple(Argument(name, value) for name, value in arguments.items())
        return self._perform(IntrinsicRequest(operation, namespace, given))

    def with_arguments(self, operation: str, *arguments: Argument) -> Any:
        return self._perform(IntrinsicRequest(operation, "root/test", arguments))

    def invoke(self, method: str, target: Any, *arguments: Argument, namespace: str = "root/test", **plain: Any) -> Any:
        given = (*arguments, *(Argument(name, value) for name, value in plain.items()))
        return self._perform(ExtrinsicRequest(method, namespace, target, given))

    def refused(self, code: int, run: Callable[..., Any], *arguments: Any, **named: Any) -> str:
        """Return the text of the error that ``run`` must end with; the world must stay as it was (rule G14)."""
        before = self.world
        with pytest.raises(CIMError) as error:
            run(*arguments, **named)
        assert error.value.status_code == code, error.value
        assert self.world is before
        return str(error.value.status_description)

    def _perform(self, request: IntrinsicRequest | ExtrinsicRequest) -> Any:
        self.outcome = perform(self.world, request, self.methods, 1000.0, self.policy, state=self.state)
        self.world = self.outcome.world
        return self.outcome.result


@pytest.fixture(scope="session")
def start(cim: Any) -> World:
    """A rack of devices; ``root/other`` has the same classes and nothing in it but one device."""
    classes = [
        cim.cls("T_Element", cim.prop("Id", "string", "Key"), cim.prop("Caption", "string", "Write"), flags=["Abstract"]),
        cim.cls(
            "T_Device",
            cim.prop("State", "uint16", "Write", value=5),
            cim.prop("Codes", "uint8[3]", "Write", value=[1, 2]),
            cim.prop("Serial", "string", value="none"),
            cim.prop("Maker", "string", "Write", "Required", value="nobody"),
            cim.prop("Since", "datetime", "Write"),
            cim.prop("Part", "string", "Write", EmbeddedInstance="T_Part"),
            cim.method("Start", "uint32", cim.parameter("Mode", "uint16"), cim.parameter("Job", In=False, Out=True)),
            cim.method("Stop", "uint32"),
            of="T_Element",
        ),
        cim.cls("T_Disk", cim.prop("Size", "uint64", "Write"), cim.method("Format", "boolean", Static=True), of="T_Device"),
        cim.cls("T_Part", cim.prop("Size", "uint8")),
        cim.cls(
            "T_Moment", cim.prop("At", "datetime", "Key"), cim.prop("Number", "sint32", "Key"), cim.prop("On", "boolean", "Key")
        ),
        cim.cls(
            "T_Link",
            cim.ref("Left", "T_Element", "Key"),
            cim.ref("Right", "T_Element", "Key"),
            cim.prop("Note", "string", "Write"),
            flags=["Association"],
        ),
        cim.cls("T_DiskLink", cim.ref("Right", "T_Disk", "Key", "Override"), cim.prop("Slot", "uint8"), of="T_Link"),
        cim.cls("T_Lonely", cim.prop("Id", "string", "Key")),
        cim.cls("T_Event", cim.prop("Id", "string", "Key"), flags=["Indication"]),
    ]
    world = cim.world(*classes)
    other = cim.world(*classes, namespace="root/other")
    transaction = Transaction(world.with_namespace(other.namespace("root/other")), "root/test")
    transaction.set_qualifier(CIMQualifierDeclaration("Key", "boolean", False))
    transaction.set_qualifier(CIMQualifierDeclaration("Description", "string"))
    a = transaction.create("T_Device", {"Id": "a", "Caption": "first"})
    b = transaction.create("T_Disk", {"Id": "b", "Size": 100})
    far = transaction.create("T_Device", {"Id": "far"}, "root/other")
    transaction.create("T_Link", {"Left": a, "Right": a, "Note": "self"})
    transaction.create("T_DiskLink", {"Left": a, "Right": b})
    transaction.create("T_Link", {"Left": b, "Right": far})
    transaction.create("T_Moment", {"At": "20240101120000.000000+000", "Number": 5, "On": True})
    return transaction.world


@pytest.fixture
def run(start: World) -> Runner:
    return Runner(start)


@pytest.fixture(scope="session")
def runner() -> Callable[[], Runner]:
    """Makes runners with an empty world, for tests that need many."""
    return lambda: Runner(World())
