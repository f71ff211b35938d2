"""Who may do what: the roles of users in namespaces (rules G7, SEC13).

What a request needs is read off the request alone, before anything is looked up: the role of its operation in its namespace and
in that of the object it is for, and READ where else its paths point. So a refusal is the same whether or not anything exists.

One thing everybody may know: that there is no namespace of a name by which clients look for the Interop namespace. They try
one name after the other, and stop at any other refusal (rule W2).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import translate
from functools import partial
from typing import Any, Final

import msgspec
from msgspec.structs import astuple, replace
from pywbem import CIM_ERR_INVALID_NAMESPACE, CIMError

from cimsim.operations.call import Answer, Outcome
from cimsim.operations.pending import Pending
from cimsim.operations.request import ExtrinsicRequest, Request, Selection
from cimsim.operations.results import ObjectPaths, ObjectsWithPath
from cimsim.operations.roles import Role
from cimsim.operations.session_commands import OpenSession
from cimsim.operations.table import OPERATIONS
from cimsim.operations.wmi_namespaces import below
from cimsim.world.errors import access_denied, invalid_namespace
from cimsim.world.events import Change, Event
from cimsim.world.names import INTEROP_NAMES, did_you_mean, fold, fold_namespace, no_namespace
from cimsim.world.paths import InstancePath
from cimsim.world.world import World

ANYBODY: Final = "*"
"""Stands for every user in a grant."""

_ALL: Final = "all"
_SUBSCRIPTION: Final = "cim_abstractindicationsubscription"
_NAMESPACE_CLASS: Final = "cim_namespace"


class Grant(msgspec.Struct, frozen=True):
    """Roles of a user (or of ``ANYBODY``) in the namespaces that match a pattern, in which ``*`` also stands for slashes."""

    user: str
    roles: frozenset[Role]
    namespaces: str = "*"


def parse_grant(text: str) -> Grant:
    """Return the grant that ``USER=ROLE[,ROLE...][@NAMESPACE-PATTERN]`` describes; the role ``all`` stands for all of them.

    Raises:
        ValueError: it has another form or names an unknown role.
    """
    user, equals, rest = text.rpartition("=")
    names, at, pattern = rest.partition("@")
    if not equals or not user or (at and not pattern):
        raise ValueError(f"role {text!r}: write USER=ROLE[,ROLE...][@NAMESPACE-PATTERN]")
    if "," in pattern:
        raise ValueError(f"role {text!r}: one pattern for namespaces at a time; repeat the role for another")
    known = {role.value: frozenset({role}) for role in Role} | {_ALL: frozenset(Role)}
    roles: frozenset[Role] = frozenset()
    for name in names.split(","):
        found = known.get(name.strip().lower())
        if found is None:
            raise ValueError(
                f"role {text!r}: there is no role {name.strip()!r}, but {', '.join(known)}{did_you_mean(name, known)}"
            )
        roles |= found
    return Grant(user, roles, pattern or "*")


class Authorization:
    """Decides by grants; what none gives is refused.

    Args:
        grants: what users may do.
    """

    def __init__(self, grants: Iterable[Grant]) -> None:
        rules: dict[str, list[tuple[re.Pattern[str], frozenset[Role]]]] = {}
        for grant in grants:
            pattern = re.compile(translate(fold_namespace(grant.namespaces)))
            rules.setdefault(grant.user, []).append((pattern, grant.roles))
        self._rules: Mapping[str, list[tuple[re.Pattern[str], frozenset[Role]]]] = rules

    def allows(self, user: str | None, role: Role, namespace: str) -> bool:
        """Return whether a user has a role in a namespace, which need not exist."""
        name = fold_namespace(namespace)
        candidates = (self._rules.get(each, ()) for each in (user, ANYBODY) if each is not None)
        return any(role in roles and pattern.match(name) for rules in candidates for pattern, roles in rules)

    def guard(self, user: str | None, request: Request, world: World, carry_out: Callable[[], Outcome]) -> Outcome:
        """Carry out a request on a world as far as the roles of its user allow.

        Raises:
            CIMError: CIM_ERR_ACCESS_DENIED, and what carrying it out raises.
        """
        self.check(user, request, world)
        try:
            outcome = carry_out()
        except CIMError as error:
            raise self.discreet(error, user, request, world) from None
        self.check_change(user, request, world, outcome.world)
        visible, result = partial(self.visible, user, request), outcome.result
        shown = result.then(visible) if isinstance(result, Pending) else visible(result)
        return replace(outcome, result=shown)

    def check(self, user: str | None, request: Request, world: World) -> None:
        """Refuse a request that its user may not make, before anything is looked up for it (rules G7, SEC13).

        An operation that nobody may call because there is none passes: CIM_ERR_NOT_SUPPORTED reveals nothing (rule G8).

        Raises:
            CIMError: CIM_ERR_ACCESS_DENIED; CIM_ERR_INVALID_NAMESPACE, whatever the roles of the user, where one of the
                ``INTEROP_NAMES`` does not exist (rule W2).
        """
        role = _role(request)
        if role is None:
            return
        name = fold_namespace(request.namespace)
        if name in INTEROP_NAMES and name not in world.namespaces:
            raise self._no_namespace(user, request.namespace, world)
        if not self._leads_on(user, role, request, world):
            self._demand(user, role, request.namespace)
        for namespace in _targets(request):
            self._demand(user, role, namespace)
        for namespace in _mentioned(request.arguments):
            self._demand(user, Role.READ, namespace)
        if _is_for_namespace(request, world):
            self._demand(user, Role.ADMINISTER, request.namespace)

    def check_change(self, user: str | None, request: Request, before: World, after: World) -> None:
        """Refuse what created or deleted a namespace by another way than its instance, such as a method.

        Raises:
            CIMError: CIM_ERR_ACCESS_DENIED.
        """
        if before is not after and before.namespaces.keys() != after.namespaces.keys():
            self._demand(user, Role.ADMINISTER, request.namespace)

    def hides(self, user: str | None, namespace: str) -> bool:
        """Return whether a user may not read in a namespace."""
        return not self.allows(user, Role.READ, namespace)

    def visible(self, user: str | None, request: Request, result: Answer) -> Answer:
        """Return a result without the instances of other namespaces than that of the request that the user may not read."""
        if not isinstance(result, ObjectsWithPath | ObjectPaths | OpenSession):
            return result
        here = fold_namespace(request.namespace)
        namespaces = {instance.namespace for instance in result.instances}
        hidden = {each for each in namespaces if fold_namespace(each) != here and self.hides(user, each)}
        if not hidden:
            return result
        return replace(result, instances=[each for each in result.instances if each.namespace not in hidden])

    def discreet(self, error: CIMError, user: str | None, request: Request, world: World) -> CIMError:
        """Return an error whose text names no namespaces but those of the request and those that the user may read."""
        if error.status_code == CIM_ERR_INVALID_NAMESPACE:
            asked = (request.namespace, *_targets(request), *_mentioned(request.arguments))
            missing = (name for name in asked if fold_namespace(name) not in world.namespaces)
            return self._no_namespace(user, next(missing, request.namespace), world)
        return error

    def _leads_on(self, user: str | None, role: Role, request: Request, world: World) -> bool:
        """Whether a user may look around in a namespace that only WMI has: there is one below it that he may read.

        Nothing is there but the names of those.
        """
        if role is not Role.READ or not request.selects or fold_namespace(request.namespace) in world.namespaces:
            return False
        return any(not self.hides(user, each) for each in below(world, request.namespace))

    def _no_namespace(self, user: str | None, name: str, world: World) -> CIMError:
        known = (each.name for each in world.namespaces.values() if not self.hides(user, each.name))
        return invalid_namespace(no_namespace(name, known))

    def _demand(self, user: str | None, role: Role, namespace: str) -> None:
        if not self.allows(user, role, namespace):
            raise access_denied(f"user {user} has no role {role.value} in namespace {namespace}")


def owned(world: World, events: Iterable[Event], user: str | None) -> World:
    """Return a world that knows who owns the subscriptions that were created: the user whose request it was."""
    owners = world.owners
    for event in events:
        created = event.after if isinstance(event, Change) and event.before is None else None
        if created is not None and created.cls.is_a(_SUBSCRIPTION):
            owners = owners.set(created.identity, user)
    return world if owners is world.owners else replace(world, owners=owners)


def disowned(world: World, events: Iterable[Event]) -> World:
    """Return a world that has forgotten who owned the subscriptions that were deleted."""
    owners = world.owners
    for event in events:
        deleted = event.before if isinstance(event, Change) and event.after is None else None
        if deleted is not None and deleted.identity in owners:
            owners = owners.delete(deleted.identity)
    return world if owners is world.owners else replace(world, owners=owners)


def _role(request: Request) -> Role | None:
    if isinstance(request, ExtrinsicRequest):
        return Role.METHOD
    operation = OPERATIONS.get(fold(request.name))
    return operation.role if operation is not None else None


def _targets(request: Request) -> Iterator[str]:
    """Return the namespaces of the objects that the request is for, where their paths name any."""
    candidates = [argument.value for argument in request.arguments]
    if isinstance(request, ExtrinsicRequest):
        candidates = [request.target]
    for value in candidates:
        if isinstance(value, InstancePath | Selection) and value.namespace is not None:
            yield value.namespace


def _mentioned(value: Any) -> Iterator[str]:
    """Return the namespaces of all paths in a value: arguments and instances are structs, arrays are lists."""
    if isinstance(value, InstancePath | Selection):
        if value.namespace is not None:
            yield value.namespace
        yield from _mentioned(value.keys)
    elif isinstance(value, msgspec.Struct):
        yield from _mentioned(astuple(value))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _mentioned(item)


def _is_for_namespace(request: Request, world: World) -> bool:
    """Return whether the request creates or deletes an instance that stands for a namespace."""
    operation = None if isinstance(request, ExtrinsicRequest) else OPERATIONS.get(fold(request.name))
    if operation is None or not operation.manages_namespaces:
        return False
    classname = getattr(operation.subject_of(request.arguments), "classname", None)
    if not isinstance(classname, str):
        return False
    namespace = world.namespaces.get(fold_namespace(request.namespace))
    cls = namespace.schema.get(classname) if namespace is not None else None
    return fold(classname) == _NAMESPACE_CLASS or (cls is not None and cls.is_a(_NAMESPACE_CLASS))
