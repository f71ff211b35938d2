"""What events there are to subscribe to: WMI's intrinsic ones and indication classes (rules WM-EV-6, WM-EV-7, WM-EV-15)."""

from typing import Final, NamedTuple

from cimsim.cimom.active_subscriptions import interop
from cimsim.cimom.object_manager import Cimom
from cimsim.cimom.wmi_events import AT_ONCE, TARGET, event_schema
from cimsim.operations.roles import Role
from cimsim.operations.wmi_namespaces import leads_on
from cimsim.query.indication_queries import IndicationFilter, parse_indication_filter
from cimsim.world.errors import access_denied, invalid_namespace, invalid_query
from cimsim.world.names import did_you_mean, fold, fold_namespace, no_namespace
from cimsim.world.schema import ResolvedClass, Schema
from cimsim.world.world import Namespace, World

_OF_NAMESPACES: Final = "__namespaceoperationevent"
_TIMER: Final = "__timerevent"
"""WMI has timers, which there are none of here; nothing that has another name does for them."""


class NoEventSourceError(ValueError):
    """What a client subscribes to is not a class of events; the text says what it is."""


class EventQuery(NamedTuple):
    """A query about events.

    Attributes:
        filter: the query itself.
        event_class: the folded name of the class of events.
        intrinsic: whether it is one of WMI's intrinsic events.
        targets: the folded names of classes, of each of which the instance must be that an intrinsic event reports.
        at_once: such events are reported when they happen, whatever the query says.
    """

    filter: IndicationFilter
    event_class: str
    intrinsic: bool
    targets: tuple[str, ...]
    at_once: bool = False

    @property
    def within(self) -> float | None:
        """The seconds between two comparisons; None: events are reported at once."""
        return None if self.at_once else self.filter.within


def source_of(world: World, name: str) -> Namespace | None:
    """Return the namespace whose events a name means; None: there is none.

    WMI has each namespace above another one, too, where it reports that namespaces come and go.
    """
    folded = fold_namespace(name)
    found = world.namespaces.get(folded)
    if found is None and leads_on(world, name):
        found = Namespace(folded)
    return found


class EventSources:
    """The events of a CIMOM.

    Args:
        cimom: whose events.
    """

    def __init__(self, cimom: Cimom) -> None:
        self._cimom = cimom
        self._intrinsic: Schema | None = None

    @property
    def intrinsic(self) -> Schema:
        """The classes of WMI's intrinsic events."""
        if self._intrinsic is None:
            self._intrinsic = event_schema()
        return self._intrinsic

    def namespace(self, name: str, user: str | None) -> Namespace:
        """Return the namespace whose events a user wants.

        Raises:
            CIMError: CIM_ERR_ACCESS_DENIED, CIM_ERR_INVALID_NAMESPACE.
        """
        world, authorization = self._cimom.world, self._cimom.authorization
        if authorization is not None and not authorization.allows(user, Role.READ, name):
            raise access_denied(f"user {user} has no role {Role.READ.value} in namespace {name}")
        found = source_of(world, name)
        if found is None:
            known = [each.name for each in world.namespaces.values()]
            if authorization is not None:
                known = [each for each in known if not authorization.hides(user, each)]
            raise invalid_namespace(no_namespace(name, known))
        return found

    def query(self, language: str, text: str, source: Namespace) -> EventQuery:
        """Return the query that a text states about the events of a namespace.

        Raises:
            CIMError: what it is refused with.
            NoEventSourceError: it is not about a class of events.
        """
        query = parse_indication_filter(language, text)
        cls, intrinsic = self._event_class(query, source)
        query.check(cls, source.schema)
        if fold_namespace(source.name) not in self._cimom.world.namespaces and not cls.is_a(_OF_NAMESPACES):
            text = f"no events happen in {source.name}, which only leads to other namespaces, but __NamespaceOperationEvent"
            raise invalid_namespace(text)
        targets = query.required(TARGET) if intrinsic else []
        for term in targets:
            if source.schema.get(term.classname) is None:
                hint = did_you_mean(term.classname, source.schema.names())
                raise term.path.at.invalid(f"no class {term.classname} in {source.name}{hint}")
        if query.within is not None and not intrinsic:
            reason = "WITHIN is for intrinsic events, such as __InstanceModificationEvent"
            raise query.at.invalid(f"{reason}: {cls.name} is reported when it happens")
        at_once = any(cls.is_a(each) for each in AT_ONCE)
        return EventQuery(query, cls.folded, intrinsic, tuple([fold(term.classname) for term in targets]), at_once)

    def _event_class(self, query: IndicationFilter, source: Namespace) -> tuple[ResolvedClass, bool]:
        """Return the class of events that a query is about, and whether it is one of WMI's intrinsic events.

        Raises:
            CIMError: CIM_ERR_INVALID_QUERY, there is no such class.
            NoEventSourceError: it is a class of something else.
        """
        name = query.classname
        found = self.intrinsic.get(name)
        if found is not None:
            return found, True
        home = interop(self._cimom.world)
        found = source.schema.get(name) or (home.schema.get(name) if home is not None else None)
        if found is None:
            indications = [each.name for each in source.schema if each.indication]
            known = [*self.intrinsic.names(), *indications]
            hint = did_you_mean(name, known)
            if not hint or fold(name) == _TIMER:
                hint = f"; there are {', '.join(known)}"
            raise invalid_query(query.at.located(f"no class of events {name} in {source.name}{hint}"))
        if not found.indication:
            text = f"{found.name} is a class of instances, not of events: ask for __InstanceModificationEvent or the like"
            raise NoEventSourceError(query.at.located(f"{text} WHERE TargetInstance ISA '{found.name}'"))
        return found, False
