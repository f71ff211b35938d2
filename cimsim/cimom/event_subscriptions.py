"""Event subscriptions that clients hold open, as those of WS-Eventing (rules WM-EV-1 to WM-EV-16).

Other than the subscriptions of DSP1054 they are not instances: they are state of the CIMOM, like enumeration sessions. They
belong to the user who made them, end when their time is up, and when the world is replaced.

* An event that is reported at once takes the way of indications: it waits in line until its request is answered.
* With WITHIN, the intrinsic events of WMI are found as WMI finds them: instances are compared every so many seconds of the
  clock, counted from the subscription. Only what changed is looked at: the first and the last state of each instance.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from math import floor
from typing import Final, NamedTuple

from pywbem import CIMError
from twisted.logger import Logger

from cimsim.cimom.active_subscriptions import interop, value
from cimsim.cimom.delivery_queues import Retries
from cimsim.cimom.event_line import EventLine, Later
from cimsim.cimom.event_places import Place
from cimsim.cimom.event_sources import EventSources, source_of
from cimsim.cimom.event_streams import EventQueue, Memory, Oversize, PullStream, PushStream
from cimsim.cimom.event_subscription import Changes, Deliver, Ending, EventSubscription, UnknownSubscriptionError, WantedEvents
from cimsim.cimom.life_cycle_indications import indication_of, namespace_of, resolved_class_of
from cimsim.cimom.object_manager import Cimom
from cimsim.cimom.wmi_events import wmi_event
from cimsim.operations.projection import project
from cimsim.world.agenda import to_microseconds
from cimsim.world.errors import server_limits_exceeded
from cimsim.world.events import Change, ChangeKind, Event, NamespaceChange
from cimsim.world.instances import Instance
from cimsim.world.names import fold_namespace
from cimsim.world.paths import Identity
from cimsim.world.world import Namespace, World

_IDENTIFIER_BYTES: Final = 16
_MAX_MEMORY: Final = 64 * 1024 * 1024
"""Bytes of all events that wait for clients."""
_ANY: Final = ""
"""Stands for every class of instances."""
_UNITS_OF_EVENT: Final = 5_000
_UNITS_OF_COMPARISON: Final = 20
_UNITS_OF_POST: Final = 2_000
"""What each takes, in units of ``query.work``."""


class _Happened(NamedTuple):
    """An event that subscriptions want, with all that is known at its time."""

    event: Event
    subscriptions: Sequence[tuple[EventSubscription, ...]]
    world: World
    now: float


class _Compared(NamedTuple):
    """What a subscription compares: the changes since the comparison before, from the first to the last."""

    first: Changes | None
    last: Changes
    subscription: EventSubscription
    world: World
    now: float


class EventSubscriptions:
    """The event subscriptions of a CIMOM.

    Args:
        cimom: whose events are reported.
        deliver: brings them to clients.
        later: has a part of the work done, such as ``callLater(0, ...)`` of the reactor.
        random: returns that many random bytes, which cannot be foreseen: they name subscriptions.
        host: how this server calls itself.
        most: events that may wait for one client.
        most_subscriptions: at once, of all users.
        most_of_user: likewise, of one user.
    """

    log = Logger()

    def __init__(
        self,
        cimom: Cimom,
        deliver: Deliver,
        *,
        later: Later,
        random: Callable[[int], bytes],
        host: str = "localhost",
        most: int = 1000,
        most_subscriptions: int = 1000,
        most_of_user: int = 250,
    ) -> None:
        self._cimom = cimom
        self._deliver = deliver
        self._random = random
        self._host = host
        self._most = most
        self._most_subscriptions = most_subscriptions
        self._most_of_user = most_of_user
        self._subscriptions: dict[str, EventSubscription] = {}
        # By the folded names of namespaces, and of the classes of instances whose events are wanted.
        self._places: dict[str, dict[str, Place]] = {}
        self._of_user: Counter[str | None] = Counter()
        self._line: EventLine[_Happened | _Compared] = EventLine(cimom, later, self._report)
        self._sources = EventSources(cimom)
        self._memory = Memory(_MAX_MEMORY)
        self._made = 0
        cimom.listeners.append(self.observe)
        cimom.replaced.append(self.replaced)
        cimom.stopped.append(self.stop)

    def __len__(self) -> int:
        return len(self._subscriptions)

    # What clients ask for

    def subscribe(self, wanted: WantedEvents, user: str | None) -> EventSubscription:
        """Begin a subscription of a user, and return it.

        Raises:
            CIMError: CIM_ERR_ACCESS_DENIED without the role read in the namespace, CIM_ERR_INVALID_NAMESPACE,
                CIM_ERR_SERVER_LIMITS_EXCEEDED, and what the query is refused with.
            NoEventSourceError: the query is not about a class of events.
        """
        source = self._sources.namespace(wanted.namespace, user)
        self._check_limits(user)
        query = self._sources.query(wanted.language, wanted.query, source)
        identifier = self._random(_IDENTIFIER_BYTES).hex()
        subscription = EventSubscription(identifier, user, wanted, query, self._cimom.clock.now())
        self._enter(subscription, fold_namespace(source.name))
        self._expire_at(subscription, wanted.expires)
        return subscription

    def find(self, identifier: str, user: str | None) -> EventSubscription:
        """Return a subscription of a user.

        Raises:
            UnknownSubscriptionError: there is none.
        """
        found = self._subscriptions.get(identifier)
        if found is None or found.owner != user:
            # One text for all: who asks for another's subscription does not learn that there is one.
            raise UnknownSubscriptionError("no such subscription is open here: it never was, has ended or expired")
        return found

    def renew(self, identifier: str, user: str | None, expires: float | None) -> EventSubscription:
        """Have a subscription of a user end at another time; raises as ``find``."""
        subscription = self.find(identifier, user)
        self._expire_at(subscription, expires)
        return subscription

    def unsubscribe(self, identifier: str, user: str | None) -> None:
        """End a subscription of a user; raises as ``find``."""
        self._forget(self.find(identifier, user))

    # What happens

    def observe(self, world: World, events: Sequence[Event]) -> None:
        """Take note of what the subscriptions want to know of what happened; never raises."""
        if not self._subscriptions:
            return
        try:
            for event in events:
                self._note(world, event)
        except Exception:  # noqa: BLE001 - what goes wrong here must not fail the request that it is about
            self.log.failure("an event failed")

    def replaced(self) -> None:
        """End all subscriptions: they were to another world."""
        for subscription in list(self._subscriptions.values()):
            self._end(subscription, Ending.SOURCE_CANCELLING, "the simulated world was replaced: it was reset or loaded anew")
        self._line.clear()

    def stop(self) -> None:
        """Forget all subscriptions, and call who waits for their events."""
        for subscription in list(self._subscriptions.values()):
            self._forget(subscription)
        self._line.clear()

    def _note(self, world: World, event: Event) -> None:
        places = self._places.get(fold_namespace(namespace_of(event)))
        if places is None:
            return
        change = event if isinstance(event, Change) else None
        current = None if change is None else change.after or change.before
        names = (_ANY,) if current is None else (_ANY, *current.cls.lineage)
        found = [place for name in names if (place := places.get(name)) is not None]
        # Only instances are compared.
        wanting = [each for place in found if (each := place.at_once if change is not None else place.all)]
        if wanting:
            self._line.arrange(_Happened(event, wanting, world, self._cimom.clock.now()))
        if change is not None:
            for place in found:
                self._collect(place, change)

    def _collect(self, place: Place, change: Change) -> None:
        """Have those compare that want to know of a change, each at its time."""
        for subscription in place.note(change):
            within = subscription.query.within or 1.0
            passed = floor(round((self._cimom.clock.now() - subscription.begun) / within, 6))
            due = to_microseconds(subscription.begun + (passed + 1) * within)
            subscription.poll = self._cimom.clock.call_at(due, partial(self._compare, place, subscription))
        for subscription in place.overdue():
            if subscription.poll is not None:
                subscription.poll.cancel()
            self._compare(place, subscription)

    def _compare(self, place: Place, subscription: EventSubscription) -> None:
        """Report how the instances differ from what they were at the last comparison."""
        first, last = place.taken(subscription)
        self._line.enqueue(_Compared(first, last, subscription, self._cimom.world, self._cimom.clock.now()))

    def _report(self, it: "_Happened | _Compared") -> Iterator[int]:
        """Hand an event, or those that a comparison finds, to the subscriptions that select it; yield what each step took."""
        if isinstance(it, _Happened):
            yield from self._hand_out(it)
            return
        states: dict[Identity, tuple[Instance | None, Instance | None]] = {}
        changes = it.first
        while changes is not None:
            change = changes.change
            current = None if change is None else change.after or change.before
            if change is not None and current is not None:
                first = states.get(current.identity, (change.before, None))[0]
                states[current.identity] = (first, change.after)
            changes = None if changes is it.last else changes.next
            yield _UNITS_OF_COMPARISON
        for before, after in states.values():
            difference = _change(before, after)
            if difference is not None:
                yield from self._hand_out(_Happened(difference, [(it.subscription,)], it.world, it.now))
            yield _UNITS_OF_COMPARISON

    def _hand_out(self, it: _Happened) -> Iterator[int]:
        name = namespace_of(it.event)
        source = source_of(it.world, name)
        if source is None and isinstance(it.event, NamespaceChange):
            # With the last one below it, it has gone itself.
            source = Namespace(name)
        if source is None:
            return
        made: dict[bool, Instance | None] = {}
        for each in chain.from_iterable(it.subscriptions):
            if each.ended or not _concerns(each, it.event):
                continue
            if each.query.intrinsic not in made:
                made[each.query.intrinsic] = self._event(it, source, each.query.intrinsic)
                yield _UNITS_OF_EVENT
            event = made[each.query.intrinsic]
            if event is None or not event.cls.is_a(each.query.event_class):
                continue
            named = it.event.name if isinstance(it.event, NamespaceChange) else source.name
            if self._selects(each, event, source) and self._may_read(each, named):
                self._post(each, event)
            yield each.query.filter.spent + _UNITS_OF_POST

    def _event(self, it: _Happened, source: Namespace, intrinsic: bool) -> Instance | None:
        if intrinsic:
            return wmi_event(it.event, self._sources.intrinsic, source.name, it.now)
        cls = resolved_class_of(it.event, source, interop(it.world))
        if cls is None:
            return None
        self._made += 1
        identifier = f"cimsim:events:{self._made}"
        return indication_of(it.event, cls, it.world, source, identifier=identifier, now=it.now, host=self._host)

    def _selects(self, subscription: EventSubscription, event: Instance, source: Namespace) -> bool:
        try:
            return subscription.query.filter.matches(event, source.schema)
        except CIMError as error:
            name, reason = subscription.query.filter.classname, error.status_description
            text = "an event query for {name} selects nothing: {reason}"
            self.log.warn(text, name=name, reason=reason)  # noqa: G010 - Twisted's name
            return False

    def _may_read(self, subscription: EventSubscription, namespace: str) -> bool:
        """Return whether the owner may still read where something happened (rule SEC13)."""
        authorization = self._cimom.authorization
        return authorization is None or not authorization.hides(subscription.owner, namespace)

    def _post(self, subscription: EventSubscription, event: Instance) -> None:
        columns = subscription.query.filter.columns
        shown = None if columns is None else project(event.cls, list(columns), class_origin=False)
        written = self._deliver.write(subscription, event, shown)
        options = subscription.wanted.stream
        if written.size <= options.room:
            subscription.stream.post(written)
        elif options.oversize is Oversize.NOTIFY:
            subscription.queue.lose()
            subscription.stream.advance()
        elif options.oversize is Oversize.CANCEL:
            self._end(subscription, Ending.DELIVERY_FAILURE, f"an event does not fit MaxEnvelopeSize, {options.room:g} bytes")

    # The table

    def _check_limits(self, user: str | None) -> None:
        if len(self._subscriptions) >= self._most_subscriptions:
            raise server_limits_exceeded(f"{self._most_subscriptions} event subscriptions are open, more are not kept")
        if self._of_user[user] >= self._most_of_user:
            raise server_limits_exceeded(f"{self._most_of_user} of your event subscriptions are open, more are not kept")

    def _enter(self, subscription: EventSubscription, namespace: str) -> None:
        options = subscription.wanted.stream
        queue = EventQueue(self._most, self._memory)
        subscription.queue = queue
        if options.pulled:
            subscription.stream = PullStream(self._cimom.clock, queue, options.heartbeat)
        else:
            subscription.stream = PushStream(
                self._cimom.clock,
                queue,
                options,
                partial(self._deliver.send, subscription),
                self._retries,
                partial(self._end, subscription, Ending.DELIVERY_FAILURE),
            )
        self._subscriptions[subscription.identifier] = subscription
        self._places.setdefault(namespace, {}).setdefault(_place(subscription), Place()).add(subscription)
        self._of_user[subscription.owner] += 1
        self._cimom.report_calls(self, any(not each.query.intrinsic for each in self._subscriptions.values()))

    def _expire_at(self, subscription: EventSubscription, expires: float | None) -> None:
        if subscription.alarm is not None:
            subscription.alarm.cancel()
        subscription.expires = expires
        subscription.alarm = (
            None if expires is None else self._cimom.clock.call_at(expires, partial(self._forget, subscription))
        )

    def _end(self, subscription: EventSubscription, ending: Ending, reason: str) -> None:
        if not subscription.ended:
            self.log.info("an event subscription ends: {reason}", reason=reason)
            self._forget(subscription)
            self._deliver.ended(subscription, ending, reason)

    def _forget(self, subscription: EventSubscription) -> None:
        if subscription.ended:
            return
        subscription.ended = True
        subscription.changes = None
        for alarm in (subscription.alarm, subscription.poll):
            if alarm is not None:
                alarm.cancel()
        del self._subscriptions[subscription.identifier]
        namespace = fold_namespace(subscription.wanted.namespace)
        places = self._places[namespace]
        places[_place(subscription)].remove(subscription)
        if not places[_place(subscription)]:
            del places[_place(subscription)]
        if not places:
            del self._places[namespace]
        self._of_user[subscription.owner] -= 1
        if not self._of_user[subscription.owner]:
            del self._of_user[subscription.owner]
        subscription.stream.close()
        self._cimom.report_calls(self, any(not each.query.intrinsic for each in self._subscriptions.values()))

    def _retries(self) -> Retries:
        """Return how often deliveries are tried again: as for indications (rule I22)."""
        namespace = interop(self._cimom.world)
        cls = namespace.schema.get("CIM_IndicationService") if namespace is not None else None
        services = namespace.instances_of(cls) if namespace is not None and cls is not None else []
        attempts = value(services[0], "DeliveryRetryAttempts") if services else None
        interval = value(services[0], "DeliveryRetryInterval") if services else None
        return Retries(3 if attempts is None else int(attempts), 30.0 if interval is None else float(interval))


def _place(subscription: EventSubscription) -> str:
    return next(iter(subscription.query.targets), _ANY)


def _concerns(subscription: EventSubscription, event: Event) -> bool:
    """Return whether an event may be of an instance of the classes that a query of intrinsic events demands."""
    if not subscription.query.intrinsic:
        return True
    current = (event.after or event.before) if isinstance(event, Change) else None
    return all(current is not None and current.cls.is_a(each) for each in subscription.query.targets)


def _change(before: Instance | None, after: Instance | None) -> Change | None:
    """Return the change that a comparison finds; None: none."""
    if before is None:
        return None if after is None else Change(ChangeKind.CREATED, None, after)
    if after is None:
        return Change(ChangeKind.DELETED, before, None)
    return None if before.values == after.values else Change(ChangeKind.MODIFIED, before, after)
