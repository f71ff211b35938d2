"""What events there are to subscribe to: WMI's intrinsic ones and indication classes (rules WM-EV-6, WM-EV-7, WM-EV-15)."""

from typing import NamedTuple

from cimsim.cimom.active_subscriptions import interop
from cimsim.cimom.object_manager import Cimom
from cimsim.cimom.wmi_events import TARGET, event_schema
from cimsim.operations.roles import Role
from cimsim.operations.wmi_namespaces import leads_on
from cimsim.query.indication_queries import IndicationFilter, parse_indication_filter
from cimsim.world.errors import access_denied, invalid_namespace, invalid_query
from cimsim.world.names import did_you_mean, fold, fold_namespace, no_namespace
from cimsim.world.schema import ResolvedClass, Schema
from cimsim.world.world import Namespace


class NoEventSourceError(ValueError):
    """What a client subscribes to is not a class of events; the text says what it is."""


class EventQuery(NamedTuple):
    """A query about events.

    Attributes:
        filter: the query itself.
        event_class: the folded name of the class of events.
        intrinsic: whether it is one of WMI's intrinsic events.
        targets: the folded names of classes, of each of which the instance must be that an intrinsic event reports.
    """

    filter: IndicationFilter
    event_class: str
    intrinsic: bool
    targets: tuple[str, ...]

    @property
    def within(self) -> float | None:
        """The seconds between two comparisons; None: events are reported at once."""
        return self.filter.within


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
        found = world.namespaces.get(fold_namespace(name))
        if found is None:
            known = [each.name for each in world.namespaces.values()]
            if authorization is not None:
                known = [each for each in known if not authorization.hides(user, each)]
            if leads_on(world, name):
                # WMI has it, but namespaces come and go without events here.
                raise invalid_namespace(f"no events happen in {name}, which only leads to other namespaces: {', '.join(known)}")
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
        targets = query.required(TARGET) if intrinsic else []
        for term in targets:
            if source.schema.get(term.classname) is None:
                hint = did_you_mean(term.classname, source.schema.names())
                raise term.path.at.invalid(f"no class {term.classname} in {source.name}{hint}")
        if query.within is not None and not intrinsic:
            reason = "WITHIN is for intrinsic events, such as __InstanceModificationEvent"
            raise query.at.invalid(f"{reason}: {cls.name} is reported when it happens")
        return EventQuery(query, cls.folded, intrinsic, tuple([fold(term.classname) for term in targets]))

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
            raise invalid_query(query.at.located(f"no class of events {name} in {source.name}{did_you_mean(name, known)}"))
        if not found.indication:
            text = f"{found.name} is a class of instances, not of events: ask for __InstanceModificationEvent or the like"
            raise NoEventSourceError(query.at.located(f"{text} WHERE TargetInstance ISA '{found.name}'"))
        return found, False
