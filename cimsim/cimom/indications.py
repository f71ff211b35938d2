"""Indications: who subscribed to what, and what becomes of listeners that cannot be reached (rules I1 to I25).

The CIMOM tells of everything that happened in it. Here this is held against the active subscriptions; an indication is only
made when a filter asks for its class in its namespace. Then it goes into the outbox.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from twisted.logger import Logger

from cimsim.cimom.cimom import Cimom
from cimsim.cimom.life_cycle import class_of, indication_of, namespace_of
from cimsim.cimom.outbox import Lost, Outbox, Retries, Send, filled
from cimsim.cimom.subscriptions import SUBSCRIPTION, Subscriptions, Wanted, interop, value
from cimsim.operations.projection import project
from cimsim.world.events import Event
from cimsim.world.instances import Instance
from cimsim.world.names import fold, fold_namespace
from cimsim.world.transaction import Transaction
from cimsim.world.values import DateTime
from cimsim.world.world import Namespace, World

_SERVICE: Final = "CIM_IndicationService"
_DISABLED: Final = 4  # of SubscriptionState
# What OnFatalErrorPolicy and SubscriptionRemovalAction say.
_POLICY: Final = {3: "disable", 4: "remove"}
_ACTION: Final = {2: "remove", 3: "disable"}


class Indications:
    """Listens to a CIMOM, and sends indications to those who subscribed to them.

    Args:
        cimom: the CIMOM; ``observe`` becomes one of its listeners.
        send: sends an indication to a URL.
        prepare: is called when subscriptions have become active: indications may have to be sent from now on.
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
        host: str = "localhost",
        most: int = 1000,
    ) -> None:
        self._cimom = cimom
        self._prepare = prepare
        self._host = host
        # Unique to this run, and the same in each run that begins at the same time.
        self._name = f"cimsim:{DateTime.at(cimom.clock.now())}"
        self._made = 0
        self._subscriptions = Subscriptions()
        self._outbox = Outbox(cimom.clock, send, self._retries, self._lost, most=most, name=self._name)
        cimom.listeners.append(self.observe)
        cimom.tell_of_calls(False)
        # A pack may have brought subscriptions.
        self.observe(cimom.world, ())

    def observe(self, world: World, events: Sequence[Event]) -> None:
        """Send what the subscribers want to know of what happened; never raises."""
        try:
            if self._subscriptions.refresh(world):
                self._outbox.keep(self._subscriptions.active)
                self._cimom.tell_of_calls(bool(self._subscriptions.wanted))
                if self._subscriptions.active:
                    self._prepare()
            if self._subscriptions.wanted:
                for event in events:
                    self._tell(world, event)
        except Exception:  # noqa: BLE001 - what goes wrong here must not fail the request that it is about
            self.log.failure("an indication failed")

    def stop(self) -> None:
        """Forget what is not sent yet."""
        self._outbox.close()

    def _tell(self, world: World, event: Event) -> None:
        name = fold_namespace(namespace_of(event))
        candidates = self._subscriptions.wanted.get(name)
        source = world.namespaces.get(name)
        if not candidates or source is None:
            return
        found = _class_of(event, source, world)
        if found is None:
            name = class_of(event)
            self.log.warn("no class {name} in {namespace}", name=name, namespace=source.name)  # noqa: G010 - Twisted's name
            return
        asking = [each for each in candidates if found.is_a(fold(each.query.classname))]
        if not asking:
            return
        self._made += 1
        identifier = f"{self._name}:{self._made}"
        now = self._cimom.clock.now()
        indication = indication_of(event, found, world, source, identifier=identifier, now=now, host=self._host)
        for wanted in asking:
            if wanted.query.matches(indication, source.schema):
                self._post(wanted, indication)

    def _post(self, wanted: Wanted, indication: Instance) -> None:
        named = filled(indication, {"IndicationFilterName": wanted.name})
        columns = wanted.query.columns
        projection = None if columns is None else project(indication.cls, list(columns), class_origin=False)
        self._outbox.post(wanted.subscription, wanted.destination, named, projection)

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


def _class_of(event: Event, source: Namespace, world: World) -> Any:
    """Return the class of the indication of an event: that of its namespace, or else of the Interop namespace."""
    name = class_of(event)
    home = interop(world)
    return source.schema.get(name) or (home.schema.get(name) if home is not None else None)


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
