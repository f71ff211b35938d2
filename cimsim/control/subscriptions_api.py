"""The subscriptions to indications, and what became of their deliveries."""

from collections.abc import Generator
from typing import Final
from urllib.parse import urlsplit

from cimsim.cimom.active_subscriptions import SUBSCRIPTION, interop, value
from cimsim.cimom.delivery_queues import DeliveryCount
from cimsim.control.service_messages import SubscriptionList, SubscriptionState
from cimsim.control.steps import batched
from cimsim.simulation.controlled_cimom import ControlledCimom
from cimsim.world.instances import Instance
from cimsim.world.paths import InstancePath
from cimsim.world.world import World

MAX_SUBSCRIPTIONS: Final = 1_000
"""How many subscriptions an answer has at most."""
_STEP: Final = 50


def subscriptions(controlled: ControlledCimom) -> Generator[None, None, SubscriptionList]:
    """Return the subscriptions, in steps."""
    world = controlled.cimom.world
    namespace = interop(world)
    found = [] if namespace is None else namespace.instances_of(namespace.cls(SUBSCRIPTION))
    answer = SubscriptionList([], len(found) > MAX_SUBSCRIPTIONS)
    for part in batched(found[:MAX_SUBSCRIPTIONS], _STEP):
        yield
        answer.subscriptions.extend(_state(controlled, world, each) for each in part)
    return answer


def without_login(url: str) -> str:
    """Return a URL without the user and the password that may stand in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _state(controlled: ControlledCimom, world: World, subscription: Instance) -> SubscriptionState:
    wanted, handler = _end(world, subscription, "Filter"), _end(world, subscription, "Handler")
    identity, indications = subscription.identity, controlled.indications
    active = indications is not None and identity in indications.active
    count = indications.queues.count(identity) if indications is not None and active else DeliveryCount()
    sources = [] if wanted is None else [str(name) for name in value(wanted, "SourceNamespaces") or () if name]
    if wanted is not None and not sources:
        sources = [str(value(wanted, "SourceNamespace") or wanted.namespace)]
    return SubscriptionState(
        path=str(subscription.path),
        filter="" if wanted is None else str(wanted.path),
        query="" if wanted is None else str(value(wanted, "Query") or ""),
        language="" if wanted is None else str(value(wanted, "QueryLanguage") or ""),
        source_namespaces=sources,
        destination="" if handler is None else without_login(str(value(handler, "Destination") or "")),
        active=active,
        sent=count.sent,
        failed=count.failed,
        queued=indications.queues.queued(identity) if indications is not None and active else 0,
        last_error=count.last_error,
    )


def _end(world: World, subscription: Instance, name: str) -> Instance | None:
    path = value(subscription, name)
    return world.find(path.identity) if isinstance(path, InstancePath) else None
