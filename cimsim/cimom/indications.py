"""Indications: who subscribed to what, and what becomes of listeners that cannot be reached (rules I1 to I25).

The CIMOM reports everything that happened in it. Within the request that caused it, it is only looked up whether a filter asks
for its class in its namespace. The rest is done later, a little at a time, so that the request is answered first and nobody
waits for the subscribers of another: the indication is made once, each distinct query is evaluated once, and what it selects
goes into the queues, in the order of events and of subscriptions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import msgspec
from pywbem import CIMError
from twisted.logger import Logger

from cimsim.cimom.active_subscriptions import (
    SUBSCRIPTION,
    ActiveSubscriptions,
    Destination,
    Group,
    Wanted,
    interop,
    value,
)
from cimsim.cimom.delivery_queues import OWN, DeliveryQueues, Lost, Payload, Retries, Send, filled
from cimsim.cimom.event_line import EventLine, Later
from cimsim.cimom.life_cycle_indications import class_of, indication_of, namespace_of, resolved_class_of
from cimsim.cimom.object_manager import Cimom
from cimsim.operations.projection import project
from cimsim.operations.results import Projection
from cimsim.world.events import Event, NamespaceChange
from cimsim.world.instances import Instance
from cimsim.world.names import fold_namespace
from cimsim.world.paths import Identity
from cimsim.world.schema import ResolvedClass
from cimsim.world.transaction import Transaction
from cimsim.world.values import DateTime
from cimsim.world.world import Namespace, World

_SERVICE: Final = "CIM_IndicationService"
_DISABLED: Final = 4  # of SubscriptionState
# What OnFatalErrorPolicy and SubscriptionRemovalAction say.
_POLICY: Final = {3: "disable", 4: "remove"}
_ACTION: Final = {2: "remove", 3: "disable"}
_UNITS_OF_EVENT: Final = 5_000
_UNITS_OF_QUERY: Final = 20
_UNITS_OF_POST: Final = 300
"""What each takes, in units of ``query.work``."""


class _Happened(msgspec.Struct, frozen=True):
    """An event that somebody may want to know of, with all that is known at its time."""

    event: Event
    cls: ResolvedClass
    world: World
    source: Namespace
    groups: Sequence[Group]
    identifier: str
    now: float


class Indications:
    """Listens to a CIMOM, and sends indications to those who subscribed to them.

    Args:
        cimom: the CIMOM; ``observe`` becomes one of its listeners.
        send: sends an indication to a URL.
        prepare: is called when subscriptions have become active: indications may have to be sent from now on.
        later: has a part of the work done, such as ``callLater(0, ...)`` of the reactor.
        host: how this server calls itself.
        most: indications that may wait for one listener.
    """

    log = Logger()

    def __init__(
        self,
        cimom: Cimom,
        send: Send,
        prepare: Callable[[], None] = lambda: None,
        *,
        later: Later,
        host: str = "localhost",
        most: int = 1000,
    ) -> None:
        self._cimom = cimom
        self._prepare = prepare
        self._host = host
        # Unique to this run, and the same in each run that begins at the same time.
        self._name = f"cimsim:{DateTime.at(cimom.clock.now())}"
        self._made = 0
        self._line: EventLine[_Happened] = EventLine(cimom, later, self._indicate)
        self._subscriptions = ActiveSubscriptions()
        self._queues = DeliveryQueues(cimom.clock, send, self._retries, self._lost, most=most, name=self._name)
        cimom.listeners.append(self.observe)
        cimom.report_calls(self, False)
        # A pack may have brought subscriptions.
        self.observe(cimom.world, ())

    def observe(self, world: World, events: Sequence[Event]) -> None:
        """Take note of what the subscribers want to know of what happened; never raises."""
        try:
            self._follow(world, events)
            if self._subscriptions:
                for event in events:
                    self._note(world, event)
        except Exception:  # noqa: BLE001 - what goes wrong here must not fail the request that it is about
            self.log.failure("an indication failed")

    @property
    def active(self) -> Mapping[Identity, Destination]:
        """The identities of the active subscriptions, with their destinations."""
        return self._subscriptions.active

    @property
    def queues(self) -> DeliveryQueues:
        """What waits for delivery, and what became of the rest."""
        return self._queues

    def stop(self) -> None:
        """Forget what is not sent yet."""
        self._line.clear()
        self._queues.close()

    def _follow(self, world: World, events: Sequence[Event]) -> None:
        """Follow the changes of subscriptions."""
        changed = self._subscriptions.refresh(world, events)
        if not changed:
            return
        active = self._subscriptions.active
        for identity in changed:
            destination = active.get(identity)
            if destination is None:
                self._queues.end(identity)
            else:
                self._queues.begin(identity, destination)
        self._cimom.report_calls(self, bool(self._subscriptions))
        if active:
            self._prepare()

    def _note(self, world: World, event: Event) -> None:
        if isinstance(event, NamespaceChange):
            # No indication class of DMTF reports it but as an instance of CIM_Namespace.
            return
        name = fold_namespace(namespace_of(event))
        source = world.namespaces.get(name)
        if source is None or not self._subscriptions.concern(name):
            return
        found = resolved_class_of(event, source, interop(world))
        if found is None:
            name = class_of(event)
            self.log.warn("no class {name} in {namespace}", name=name, namespace=source.name)  # noqa: G010 - Twisted's name
            return
        groups = self._subscriptions.wanted(name, found)
        if not groups:
            return
        self._made += 1
        identifier = f"{self._name}:{self._made}"
        self._line.arrange(_Happened(event, found, world, source, groups, identifier, self._cimom.clock.now()))

    def _indicate(self, it: _Happened) -> Iterator[int]:
        """Put the indication of an event into the queues for all who want it; yield what each step took."""
        made = indication_of(it.event, it.cls, it.world, it.source, identifier=it.identifier, now=it.now, host=self._host)
        indication = filled(made, dict.fromkeys(OWN))
        yield _UNITS_OF_EVENT
        selected: list[tuple[Wanted, Payload]] = []
        payloads: dict[tuple[str, ...] | None, Payload] = {}
        for group in it.groups:
            if self._selects(group, indication, it.source):
                columns = group.query.columns
                payload = payloads.get(columns)
                if payload is None:
                    payload = payloads[columns] = Payload(indication, _projection(indication, columns))
                selected.extend([(wanted, payload) for wanted in group.wanted.all()])
            yield group.query.spent + _UNITS_OF_QUERY
        selected.sort(key=_order)
        for wanted, payload in selected:
            # It may have ended since, and its owner may not read there, or no longer.
            subscription = wanted.subscription
            if subscription in self._subscriptions.active and self._cimom.may_report(subscription, it.source.name):
                self._queues.post(subscription, wanted.destination, payload, wanted.name)
            yield _UNITS_OF_POST

    def _selects(self, group: Group, indication: Instance, source: Namespace) -> bool:
        try:
            return group.query.matches(indication, source.schema)
        except CIMError as error:
            text = "a filter for {name} selects nothing: {reason}"
            reason = error.status_description
            self.log.warn(text, name=group.query.classname, reason=reason)  # noqa: G010 - Twisted's name
            return False

    # Deliveries that fail

    def _setting(self, name: str, default: int) -> int:
        """Return a setting of the indication service as it is now."""
        namespace = interop(self._cimom.world)
        cls = namespace.schema.get(_SERVICE) if namespace is not None else None
        services = namespace.instances_of(cls) if namespace is not None and cls is not None else []
        found = value(services[0], name) if services else None
        return default if found is None else int(found)

    def _retries(self) -> Retries:
        return Retries(self._setting("DeliveryRetryAttempts", 3), self._setting("DeliveryRetryInterval", 30))

    def _lost(self, lost: Lost) -> None:
        action = _ACTION.get(self._setting("SubscriptionRemovalAction", 4))
        # Only the second loss in a row shows for how long a listener has been away.
        overdue = 0 < lost.seconds >= self._setting("SubscriptionRemovalTimeInterval", 0)
        self._cimom.run(partial(_settle, lost=lost, action=action if overdue else None))


def _order(selected: tuple[Wanted, Payload]) -> tuple[int, int]:
    return selected[0].order


def _projection(indication: Instance, columns: tuple[str, ...] | None) -> Projection | None:
    return None if columns is None else project(indication.cls, list(columns), class_origin=False)


def _settle(transaction: Transaction, lost: Lost, action: str | None) -> None:
    """Do what is to be done after a delivery was given up (rules I22, I25)."""
    world = transaction.world
    destination = world.find(lost.destination.identity)
    if destination is not None and lost.destination.transient:
        # Its subscriptions go with it.
        transaction.delete(destination)
        return
    if destination is not None and action is not None:
        for each in transaction.references(destination, SUBSCRIPTION):
            _end(transaction, each, action)
    subscription = transaction.world.find(lost.subscription)
    if subscription is not None and lost.seconds >= (value(subscription, "FailureTriggerTimeInterval") or 0):
        policy = _POLICY.get(value(subscription, "OnFatalErrorPolicy"))
        if policy is not None:
            _end(transaction, subscription, policy)


def _end(transaction: Transaction, subscription: Instance, how: str) -> None:
    if how == "remove":
        transaction.delete(subscription)
    elif value(subscription, "SubscriptionState") != _DISABLED:
        now = DateTime.at(transaction.now)
        transaction.modify(subscription, SubscriptionState=_DISABLED, TimeOfLastStateChange=now)
