"""A simulated CIMOM in the hands of a test: its world, clock, faults and journal, called from any thread."""

import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, TypeVar

from pywbem import CIMInstance, CIMInstanceName

from cimsim.cimom.call_names import checking_key, checking_name, is_eventing
from cimsim.cimom.exchanges import Called
from cimsim.cimom.fault_rule_parser import parse_rule, preparing
from cimsim.cimom.fault_rules import Fault, FaultRule
from cimsim.cimom.journal import Entry
from cimsim.cimom.snapshots import Snapshot
from cimsim.cimom.world_diff import WorldDiff, diff_worlds
from cimsim.operations.pending import Pending
from cimsim.operations.request import Argument, ClassName, ExtrinsicRequest
from cimsim.operations.results import MethodResult
from cimsim.simulation.controlled_cimom import ControlledCimom, Work
from cimsim.simulation.further_loading import main_namespace
from cimsim.simulation.start_rules import running_rules
from cimsim.testing.expectations import Expectation, expect_sequence
from cimsim.testing.hosting import Hosted, Hosting
from cimsim.testing.options import forked
from cimsim.world.convert import from_cim_path, to_cim_path, to_cim_value
from cimsim.world.instances import Instance
from cimsim.world.names import did_you_mean
from cimsim.world.paths import InstancePath
from cimsim.world.transaction import Transaction
from cimsim.world.world import Namespace, World

if TYPE_CHECKING:
    from pywbem import WBEMConnection

T = TypeVar("T")
Target: TypeAlias = CIMInstanceName | CIMInstance | InstancePath | str
"""What names an instance: a path or an instance of pywbem, or the name of a class of which there is one instance."""

WAIT_SECONDS: Final = 5.0


class Invoked(NamedTuple):
    """What a method returned: its value, and its outputs by name, as pywbem has them."""

    value: Any
    outputs: dict[str, Any]


class FaultHandle:
    """A fault rule that is in force."""

    def __init__(self, cimom: "SimulatedCimom", fault: Fault) -> None:
        self._cimom = cimom
        self._fault = fault

    @property
    def rule(self) -> FaultRule:
        """What the rule says."""
        return self._fault.rule

    @property
    def hits(self) -> int:
        """On how many requests it has acted."""
        return self._fault.hits

    @property
    def matched(self) -> int:
        """How many requests met its conditions."""
        return self._fault.matched

    @property
    def kept(self) -> bool:
        """Whether a reset brings it back."""
        return self._fault.kept

    def remove(self) -> None:
        """Take it out of force."""
        self._cimom.in_reactor(self._fault.remove)

    def __repr__(self) -> str:
        words = ", ".join(f"{name}={value!r}" for name, value in self.rule.shown().items())
        return f"<fault {self._fault.number}: {words}; {self.hits} hits>"


class SimulatedCimom:
    """One CIMOM of a simulator. All methods may be called from any thread, and raise the errors of what they do.

    Args:
        name: of the CIMOM.
        hosting: what serves it.
        hosted: the CIMOM that is served.

    Attributes:
        name: as given.
        journal: of its exchanges; belongs to the thread of the simulator.
    """

    def __init__(self, name: str, hosting: Hosting, hosted: Hosted) -> None:
        self.name = name
        self.journal = hosted.journal
        self._hosting = hosting
        self._hosted = hosted
        self._cimom = hosted.simulation.cimom
        self._snapshots = hosted.simulation.controlled.snapshots
        self._faults: list[FaultHandle] = []
        faults = hosted.options.get("faults", ())
        try:
            for words in faults:
                self.fault(**words)
        except BaseException:
            self.in_reactor(hosted.simulation.stop)
            raise
        if faults:
            self.in_reactor(self._cimom.faults.keep)

    @property
    def urls(self) -> tuple[str, ...]:
        """Where it listens: CIM-XML over HTTP and HTTPS, then WS-Management over both, whose URLs end in ``/wsman``."""
        return tuple(self._hosted.simulation.urls)

    @property
    def url(self) -> str:
        """The first URL, that of CIM-XML over HTTP unless there is none."""
        return self.urls[0]

    def in_reactor(self, function: Callable[..., T], *arguments: Any) -> T:
        """Return what a function returns that is carried out in the thread of the simulator."""
        return self._hosting.thread.call(function, *arguments)

    def _in_steps(self, steps: Generator[Work | None, Any, T]) -> T:
        """Return what a generator returns that is carried out in the thread of the simulator, between requests.

        What it yields is work for the thread of the caller, which takes no time from clients.
        """
        end: list[T] = []

        def go_on(result: Any, error: Exception | None) -> Work | None:
            try:
                return steps.send(result) if error is None else steps.throw(error)
            except StopIteration as stopped:
                end.append(stopped.value)
                return None

        result, error = None, None
        while not end:
            work = self.in_reactor(go_on, result, error)
            result, error = None, None
            try:
                result = None if work is None else work()
            except Exception as raised:  # noqa: BLE001 - the generator decides what it means
                error = raised
        return end[0]

    @property
    def controlled(self) -> ControlledCimom:
        """What a control plane shows and changes; belongs to the thread of the simulator."""
        return self._hosted.simulation.controlled

    @property
    def control_url(self) -> str | None:
        """Where its control plane listens; None: nobody asked for one, with ``control_port`` or ``console``."""
        return self._hosted.simulation.control_url

    @property
    def control_token(self) -> str | None:
        """The token that its control plane demands; None: none."""
        return self._hosted.simulation.control_token

    @property
    def ca_file(self) -> Path | None:
        """A PEM file of the CA behind the certificate of the CIMOM; None: it has no TLS, or a certificate that was given."""
        options = self._hosted.simulation.options
        if not options.tls or options.certificate is not None:
            return None
        from cimsim.server.certificates import ca_file
        from cimsim.simulation.security import state_dir_of

        return ca_file(state_dir_of(options.state_dir))

    def connect(self, default_namespace: str | None = None, **options: Any) -> "WBEMConnection":
        """Return a connection of pywbem to this CIMOM.

        Args:
            default_namespace: None: the first one that is not the interop namespace.
            options: those of ``pywbem.WBEMConnection``, and ``url`` for another one than the first.
        """
        from pywbem import WBEMConnection

        url = options.pop("url", self.url)
        if url.startswith("https:") and self.ca_file is not None:
            options.setdefault("ca_certs", str(self.ca_file))
        connection = WBEMConnection(url, default_namespace=default_namespace or main_namespace(self.world), **options)
        # The CIMOM is in this process: proxies and CAs that the environment names are for other servers.
        connection.session.trust_env = False
        return connection

    # The world as a whole

    @property
    def world(self) -> World:
        """The current world; it never changes, but another one takes its place."""
        return self._cimom.world

    def reset(self) -> None:
        """Go back to the world as it was loaded and to the faults of the start, forget exchanges; nobody is notified."""
        self.in_reactor(self._hosted.simulation.controlled.reset)
        self._faults = [each for each in self._faults if each.kept]

    def snapshot(self, name: str) -> Snapshot:
        """Keep the current world under a name, in place of the one that had it; return it."""
        return self.in_reactor(self._snapshots.take, name)

    def restore(self, name: str | Snapshot) -> None:
        """Go back to a snapshot; nobody is notified.

        Raises:
            KeyError: there is no snapshot of that name.
        """
        self.in_reactor(self._cimom.replace_world, self._snapshot(name).world)

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """The snapshots that are kept, oldest first."""
        return self.in_reactor(lambda: tuple(self._snapshots))

    def diff(self, before: "str | Snapshot | None" = None, after: "str | Snapshot | None" = None) -> WorldDiff:
        """Return which instances were created, modified and deleted between two snapshots.

        ``before`` None: since the world was loaded; ``after`` None: up to now.
        """
        first = self._snapshots.base if before is None else self._snapshot(before).world
        second = self.world if after is None else self._snapshot(after).world
        return diff_worlds(first, second)

    def _snapshot(self, name: str | Snapshot) -> Snapshot:
        return name if isinstance(name, Snapshot) else self._snapshots.get(name)

    def fork(self, name: str) -> "SimulatedCimom":
        """Serve one more CIMOM that begins with the current world of this one, on ports of its own; the caller stops it."""
        hosted = self._hosted
        loaded = hosted.simulation.loaded if hosted.simulation.further.loaded_more else None
        host = self._hosting.host
        return SimulatedCimom(name, self._hosting, host(name, hosted.packs, forked(hosted.options), self.world, loaded))

    def load(
        self, what: str | Path, namespace: str | None = None, settings: Mapping[str, Any] | None = None
    ) -> tuple[str, ...]:
        """Load a pack and those it requires, or add the declarations of MOF; what is wrong changes nothing.

        Nobody is notified, instances stay as they are, and a reset forgets it.

        Args:
            what: the name of a shipped pack, the path of a folder with one or of a MOF file, or a MOF text.
            namespace: that MOF is for, made if it is not there; None: the first one that is not the interop namespace.
            settings: of the packs, by ``PACK.NAME``.

        Returns:
            The names of the packs that were not there; none for MOF.

        Raises:
            PackError: something is wrong, with its place; or the pack is loaded already.
        """
        further = self._hosted.simulation.further
        if isinstance(what, str) and any(each in what for each in "{;\n"):
            self._in_steps(further.mof(what, namespace))
            return ()
        path = Path(what)
        if path.suffix.lower() == ".mof":
            self._in_steps(further.mof(path, namespace))
            return ()
        return tuple(self._in_steps(further.packs([what], settings or {})))

    def stop(self) -> None:
        """Close the ports, and let requests under way finish."""
        self.in_reactor(self._hosted.simulation.stop)

    # Instances

    def get(self, target: Target, namespace: str | None = None) -> CIMInstance:
        """Return an instance as it is stored, with all its properties and its path.

        Raises:
            CIMError: there is no such instance, class or namespace.
        """
        return self._instance(self.world, target, namespace).to_cim()

    def find(self, classname: str, namespace: str | None = None, **properties: Any) -> list[CIMInstance]:
        """Return the instances of a class and its subclasses whose properties have the given values."""
        world = self.world
        place = _namespace_of(world, classname, namespace)
        transaction = Transaction(world, place.name)
        return [each.to_cim() for each in transaction.select(classname, **properties)]

    def create(
        self, classname: str, properties: Mapping[str, Any] | None = None, namespace: str | None = None, *, silent: bool = False
    ) -> CIMInstanceName:
        """Create an instance without what clients are refused; clients that subscribed are notified unless ``silent``."""
        place = _namespace_of(self.world, classname, namespace).name
        created = self._change(lambda it: it.create(classname, dict(properties or {})), place, silent)
        return to_cim_path(created.path)

    def modify(self, target: Target, namespace: str | None = None, *, silent: bool = False, **properties: Any) -> None:
        """Give properties of an instance other values, read-only ones too; ``silent`` as for ``create``."""
        instance = self._instance(self.world, target, namespace)
        self._change(lambda it: it.modify(instance, **properties), instance.namespace, silent)

    def delete(self, target: Target, namespace: str | None = None, *, silent: bool = False) -> None:
        """Delete an instance, and the associations that refer to it."""
        instance = self._instance(self.world, target, namespace)
        self._change(lambda it: it.delete(instance), instance.namespace, silent)

    def invoke(
        self, target: Target, method: str, namespace: str | None = None, *, silent: bool = False, **arguments: Any
    ) -> Invoked:
        """Call a method of an instance, or a static one of the class whose name is given; return what it returns.

        No role refuses it, no fault rule acts on it, and the journal does not have it. Clients that subscribed are notified
        unless ``silent``; of what comes of it later, the end of a job for instance, they are notified all the same.

        Raises:
            CIMError: the method fails, or there is none of that name.
        """
        world = self.world
        if isinstance(target, str) and _is_static(world, target, method, namespace):
            place, subject = _namespace_of(world, target, namespace).name, ClassName(target)
        else:
            instance = self._instance(world, target, namespace)
            place, subject = instance.namespace, instance.path  # type: ignore[assignment] # either names what is called
        given = tuple(Argument(name, _argument(value)) for name, value in arguments.items())
        request = ExtrinsicRequest(method, place, subject, given)
        result: Any = self.in_reactor(self._performed, request, silent)
        if not isinstance(result, MethodResult):
            raise TypeError(f"{method} returned {type(result).__name__}")
        return Invoked(
            to_cim_value(result.return_value.value), {each.name: to_cim_value(each.value) for each in result.outputs}
        )

    def _performed(self, request: ExtrinsicRequest, silent: bool) -> Any:
        result = self._cimom.start(request, None, "", trusted=True, faults=False, silent=silent)
        return result.completed() if isinstance(result, Pending) else result

    def _change(self, step: Callable[[Transaction], T], namespace: str, silent: bool) -> T:
        return self.in_reactor(lambda: self._cimom.change(step, namespace, silent=silent))

    def _instance(self, world: World, target: Target, namespace: str | None) -> Instance:
        if isinstance(target, str):
            place = _namespace_of(world, target, namespace)
            found = Transaction(world, place.name).instances(target)
            if len(found) != 1:
                raise LookupError(f"there are {len(found)} instances of {target} in {place.name}, not one; give a path")
            return found[0]
        path = target.path if isinstance(target, CIMInstance) else target
        inner = from_cim_path(path) if isinstance(path, CIMInstanceName) else path
        place = _namespace_of(world, inner.classname, inner.namespace or namespace)
        return world.instance(InstancePath(inner.classname, inner.keys, place.name), place)

    # Time

    @property
    def now(self) -> float:
        """The time of the CIMOM's clock, in seconds since 1970-01-01 UTC."""
        return self._cimom.clock.now()

    def advance(self, seconds: float) -> None:
        """Advance the clock; what is due on the way happens at its time.

        Raises:
            ValueError: the clock only goes forward.
        """
        self.in_reactor(self._cimom.clock.advance, seconds)

    def settle(self) -> None:
        """Have all that is due happen: advance the clock to the time of each step that waits, until none does."""

        def settle() -> None:
            for _ in range(_MAX_STEPS):
                due = self._cimom.world.agenda.next_due
                if due is None:
                    return
                self._cimom.clock.advance(max(0.0, due - self._cimom.clock.now()))
            raise RuntimeError(f"after {_MAX_STEPS} steps there is still something due")

        self.in_reactor(settle)

    # Faults

    def fault(self, **words: Any) -> FaultHandle:
        """Put a fault rule into force, with one keyword for each condition and each action; see the page about testing.

        Raises:
            RuleError: a keyword or a value is wrong; nothing has changed.
        """
        world = self.world
        self._in_steps(preparing([words], (world,)))
        handle = FaultHandle(self, self.in_reactor(lambda: self._cimom.faults.add(parse_rule(words, (world,)))))
        self._faults.append(handle)
        return handle

    def scenario(self, name: str | Path) -> tuple[FaultHandle, ...]:
        """Put the rules of a scenario of a loaded pack, or of a TOML file, into force.

        Raises:
            PackError: there is no such scenario, or a rule of it is wrong; nothing has changed.
        """
        rules = self._in_steps(running_rules(str(name), self._hosted.simulation.loaded.folders, self.world, files=True))

        def add() -> list[Fault]:
            return [self._cimom.faults.add(each.rule, each.origin) for each in rules]

        return tuple(FaultHandle(self, fault) for fault in self.in_reactor(add))

    @property
    def faults(self) -> tuple[FaultHandle, ...]:
        """The rules that were put into force here, oldest first, removed ones too."""
        return tuple(self._faults)

    def unused_faults(self) -> list[FaultHandle]:
        """Return the rules that have met no request."""
        return [each for each in self._faults if not each.matched]

    # Exchanges

    def exchanges(self) -> list[Entry]:
        """Return the exchanges that the journal keeps, oldest first."""
        return self.in_reactor(lambda: list(self.journal))

    def json_lines(self, name: str | None = None) -> bytes:
        """Return the exchanges that the journal keeps with their bodies, a line of JSON for each; ``name`` as for ``calls``."""
        from cimsim.control.export_api import json_lines  # only where it is wanted

        return self._exported(json_lines, name)

    def har(self, name: str | None = None) -> bytes:
        """Return the exchanges that the journal keeps with their bodies as a HAR file; ``name``: as for ``calls``."""
        from cimsim.control.export_api import har  # only where it is wanted

        return self._exported(har, name)

    def _exported(self, export: Callable[..., Generator[None, None, Any]], name: str | None) -> bytes:
        from cimsim.control.messages import ExportQuery

        if name is not None:
            self.calls(name)
        exported: bytes = self._in_steps(export(self.controlled, ExportQuery(name=name))).body
        return exported

    def calls(self, name: str | None = None, where: Mapping[str, Any] | None = None) -> list[Called]:
        """Return the operations and methods that were called, oldest first.

        Args:
            name: of the operation or method; None: all.
            where: values of keys and parameters, compared as text.

        Raises:
            LookupError: there is no operation and no method of that name; or nothing has a key or parameter of a name in
                ``where``.
        """
        exchanges = self.exchanges()
        if name is not None:
            self._check_names([name], list(_calls(exchanges, None, None)))
        found = list(_calls(exchanges, name, where))
        if where and not found and not is_eventing(name or ""):
            self._check_where(where, list(_calls(exchanges, name, None)))
        return found

    def expect(self, name: str, where: Mapping[str, Any] | None = None) -> Expectation:
        """Return what is expected of the calls so far: ``sim.expect("StopService").times(2)``; raises as ``calls`` does."""
        calls = self.calls()
        self._check_names([name], calls)
        if not is_eventing(name):
            self._check_where(where or {}, calls)
        return Expectation(calls, name, dict(where or {}))

    def expect_sequence(self, *names: str) -> None:
        """Assert that operations and methods of these names were called in this order; others may lie between them."""
        calls = self.calls()
        self._check_names(names, calls)
        expect_sequence(calls, names)

    def _check_where(self, where: Mapping[str, Any], calls: Sequence[Called]) -> None:
        """Raise LookupError for a key or parameter that nothing has: a test that expects no call with it could not fail."""
        for name in where:
            self._in_steps(checking_key(name, calls, self.world))

    def _check_names(self, names: Sequence[str], calls: Sequence[Called]) -> None:
        """Raise LookupError for a name that nothing can have: a test that expects no call of it could not fail."""
        for name in names:
            self._in_steps(checking_name(name, calls, self.world))

    def wait_for(self, name: str, where: Mapping[str, Any] | None = None, timeout: float = WAIT_SECONDS) -> Called:
        """Wait until a client has called an operation or a method; return the call, which may have been before.

        Raises:
            TimeoutError: it was not called within so many seconds.
        """
        arrived = threading.Event()
        end = self.in_reactor(self.journal.follow, lambda _: arrived.set())
        try:
            while True:
                found = self.calls(name, where)
                if found:
                    return found[-1]
                if not arrived.wait(timeout):
                    seen = ", ".join(dict.fromkeys(call.operation for call in self.calls())) or "nothing"
                    raise TimeoutError(f"{name} was not called within {timeout:g} seconds; called was {seen}")
                arrived.clear()
        finally:
            self.in_reactor(end)


_MAX_STEPS: Final = 10_000


def _calls(entries: Sequence[Entry], name: str | None, where: Mapping[str, Any] | None) -> Iterator[Called]:
    for entry in entries:
        for call in entry.exchange.calls:
            if (name is None or call.operation.lower() == name.lower()) and (not where or call.has(where)):
                yield call


def _namespace_of(world: World, classname: str, namespace: str | None) -> Namespace:
    """Return a namespace by its name, or the first that has a class."""
    if namespace is not None:
        return world.namespace(namespace)
    for each in world.namespaces.values():
        if each.schema.get(classname) is not None:
            return each
    names = (name for each in world.namespaces.values() for name in each.schema.names())
    raise LookupError(f"no namespace has a class {classname}{did_you_mean(classname, names)}")


def _is_static(world: World, classname: str, method: str, namespace: str | None) -> bool:
    cls = _namespace_of(world, classname, namespace).schema.get(classname)
    declared = cls.methods.get(method.lower()) if cls is not None else None
    return declared is not None and declared.static


def _argument(value: Any) -> Any:
    if isinstance(value, CIMInstanceName):
        return from_cim_path(value)
    return [_argument(item) for item in value] if isinstance(value, list | tuple) else value
