"""Changing the world: a transaction reads one world, makes the next one step by step, and keeps what it changed.

Nothing outside sees a step. Whoever runs the transaction takes ``world`` when all went well, and drops it otherwise (G14).
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from msgspec.structs import replace
from pywbem import CIMClass, CIMInstanceName, CIMQualifierDeclaration

from cimsim.world.agenda import Step, Wait
from cimsim.world.convert import InstanceData, PropertyData, from_cim_path
from cimsim.world.counts import Counts
from cimsim.world.declared import check_class, check_declaration
from cimsim.world.errors import (
    already_exists,
    class_has_children,
    class_has_instances,
    invalid_parameter,
    namespace_not_empty,
    not_found,
    not_supported,
)
from cimsim.world.events import Change, ChangeKind, ClassChange, Event, NamespaceChange, Raised
from cimsim.world.instance_storage import new_instance, with_instance, without_instance
from cimsim.world.instances import Instance
from cimsim.world.names import fold, fold_namespace
from cimsim.world.paths import InstancePath, canonical
from cimsim.world.planning import counted, due_after, with_guid, with_step, without_step
from cimsim.world.schema import ClassHead, ResolvedClass
from cimsim.world.timing import Timing
from cimsim.world.traverse import associated, referring
from cimsim.world.world import Namespace, World


class Savepoint:
    """A moment of a transaction to which it can go back; as a context manager it does when an exception leaves the block."""

    __slots__ = ("_count", "_transaction", "_world")

    def __init__(self, transaction: "Transaction") -> None:
        self._transaction = transaction
        self._world = transaction.world
        self._count = len(transaction.changes)

    def rollback(self) -> None:
        """Drop all that the transaction has done since."""
        self._transaction.world = self._world
        del self._transaction.changes[self._count :]

    def __enter__(self) -> "Savepoint":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.rollback()


class Transaction:
    """Reads and changes a world. ``world`` is the world with all changes so far, ``changes`` lists what happened, in order.

    ``now`` is the time of the CIMOM's clock in seconds since 1970-01-01 UTC, ``asked_time`` whether anybody has asked for it.
    ``namespace`` is the name of the namespace that paths and classes belong to unless they say otherwise. ``counts`` is what
    the CIMOM has carried out; None: it is not known. ``hides`` returns whether a namespace is hidden from the user for whom
    this is done; None: no namespace is. ``timing`` is how long that takes which it begins; None: as the settings of packs say.
    """

    timing: Timing | None = None

    def __init__(
        self,
        world: World,
        namespace: str = "",
        now: float = 0.0,
        counts: Counts | None = None,
        *,
        hides: Callable[[str], bool] | None = None,
    ) -> None:
        self.world = world
        self.namespace = namespace
        self._now = now
        self.asked_time = False
        self.counts = counts
        self._hides = hides
        self.changes: list[Event] = []

    @property
    def now(self) -> float:
        """The time."""
        self.asked_time = True
        return self._now

    @contextmanager
    def at(self, now: float) -> Iterator[None]:
        """Have the time be another one within the block."""
        before, asked = self._now, self.asked_time
        self._now = now
        try:
            yield
        finally:
            # What was asked for within does not depend on the time without.
            self._now, self.asked_time = before, asked

    # Reading

    def _namespace(self, name: str | None = None) -> Namespace:
        return self.world.namespace(name or self.namespace)

    def visible_namespaces(self) -> Mapping[str, Namespace]:
        """Return the namespaces, by folded name, of which the user for whom this is done may know."""
        namespaces, hides = self.world.namespaces, self._hides
        return namespaces if hides is None else {name: each for name, each in namespaces.items() if not hides(name)}

    def cls(self, name: str, namespace: str | None = None) -> ResolvedClass:
        """Return the resolved class; raises CIM_ERR_INVALID_CLASS."""
        return self._namespace(namespace).cls(name)

    def get(self, path: InstancePath | CIMInstanceName | Instance) -> Instance:
        """Return the instance as it is now, with this transaction's changes; raises as ``World.instance`` does."""
        if isinstance(path, Instance):
            current = self.world.find(path.identity)
            if current is None:
                raise not_found(f"no instance {path.path}")
            return current
        if isinstance(path, CIMInstanceName):
            path = from_cim_path(path)
        return self.world.instance(path, self._namespace())

    def instances(self, classname: str, namespace: str | None = None) -> list[Instance]:
        """Return the instances of a class and its subclasses."""
        target = self._namespace(namespace)
        return target.instances_of(target.cls(classname))

    def select(self, classname: str, namespace: str | None = None, **properties: Any) -> Iterator[Instance]:
        """Yield the instances of a class (and its subclasses) whose properties have the given values."""
        for instance in self.instances(classname, namespace):
            if all(instance[name] == value for name, value in properties.items()):
                yield instance

    def associators(
        self, source: Instance, association: str | None = None, result_class: str | None = None, *, role: str | None = None
    ) -> list[Instance]:
        """Return the instances that associations of the source's namespace tie to it, as the Associators operation does."""
        namespace = self._namespace(source.namespace)
        return associated(self.world, namespace, source.identity, association=association, result_class=result_class, role=role)

    def references(self, source: Instance, association: str | None = None, *, role: str | None = None) -> list[Instance]:
        """Return the association instances of the source's namespace that refer to it."""
        return list(referring(self._namespace(source.namespace), source.identity, association=association, role=role))

    # Instances

    def create(
        self,
        classname: str,
        properties: Mapping[str, Any] | InstanceData,
        namespace: str | None = None,
        *,
        dangling: bool = False,
    ) -> Instance:
        """Create an instance; properties that are not given get the class default (rule OP-CI-2).

        With ``dangling`` references may lead to what does not exist; ``check_references`` finds out whether they do.

        Raises:
            CIMError: the first that applies of CIM_ERR_INVALID_NAMESPACE; CIM_ERR_INVALID_CLASS; CIM_ERR_NOT_SUPPORTED for an
                abstract or indication class (OP-CI-5, Z10); CIM_ERR_INVALID_PARAMETER for unknown, unfit, missing key or
                required properties (OP-CI-3, OP-CI-7) and for references to instances that do not exist;
                CIM_ERR_ALREADY_EXISTS (OP-CI-4). Rule OP-CI-1 has CIM_ERR_INVALID_PARAMETER before CIM_ERR_INVALID_CLASS;
                but only the class knows which properties are wrong, so here it comes first.
        """
        target = self._namespace(namespace)
        cls = target.cls(classname)
        if cls.abstract or cls.indication:
            raise not_supported(no_instances(cls))
        instance = new_instance(self.world, target, cls, _data(classname, properties))
        for text in missing_values(instance):
            raise invalid_parameter(text)
        if not dangling:
            self.check_references(instance)
        if target.find(cls.folded, instance.key) is not None:
            raise already_exists(f"instance {instance.path} exists already")
        self.record(with_instance(self.world, instance), Change(ChangeKind.CREATED, None, instance))
        return instance

    def check_references(self, instance: Instance) -> None:
        """Refuse references that lead nowhere; those to other servers, which name a host, are taken on trust.

        Raises:
            CIMError: CIM_ERR_INVALID_PARAMETER.
        """
        for text in self.dangling(instance):
            raise invalid_parameter(text)

    def dangling(self, instance: Instance) -> Iterator[str]:
        """Yield what is wrong with references that lead nowhere; those to other servers, which name a host, are trusted."""
        for place in instance.cls.references:
            path = instance.values[place]
            if path is None or path.host:
                continue
            if self.world.find(path.identity) is None and path.identity != instance.identity:
                prop = instance.cls.properties[place]
                yield f"reference {instance.cls.name}.{prop.name} leads nowhere: {self._missing(path)}"

    def _missing(self, path: InstancePath) -> str:
        """Return what is not there of an instance that is not: the namespace, the class or the instance."""
        namespace = self.world.namespaces.get(fold_namespace(path.namespace or ""))
        if namespace is None:
            return self.world.no_namespace(path.namespace or "")
        return f"no instance {path}" if namespace.schema.get(path.classname) else namespace.no_class(path.classname)

    def modify(self, path: InstancePath | CIMInstanceName | Instance, /, **properties: Any) -> Instance:
        """Give properties new values, and return the new record; the old one when nothing differs.

        Raises:
            CIMError: as ``get`` does; CIM_ERR_INVALID_PARAMETER for properties that are unknown, unfit, or keys whose value
                would change (rule OP-MI-4).
        """
        before = self.get(path)
        data = _data(before.cls.name, properties)
        return self.replace(before, self.world.values(before.cls, data, self._namespace(before.namespace)))

    def typed(self, cls: ResolvedClass, properties: Mapping[str, Any], namespace: str | None = None) -> dict[int, Any]:
        """Return property values as ``replace`` takes them; raises as ``World.values`` does."""
        return self.world.values(cls, _data(cls.name, properties), self._namespace(namespace))

    def replace(self, before: Instance, values: Mapping[int, Any]) -> Instance:
        """Give the properties at these places typed values; ``before`` is the current record. As ``modify`` otherwise.

        Embedded objects are copied.
        """
        properties = before.cls.properties
        changed = {
            place: value
            for place, value in values.items()
            if not (same_key if properties[place].key else same)(before.values[place], value)
        }
        if not changed:
            return before
        for place, value in changed.items():
            prop = properties[place]
            if prop.key:
                raise invalid_parameter(f"key {prop.name} of {before.path} cannot change")
            if prop.required and value is None:
                raise invalid_parameter(f"property {prop.name} of class {before.cls.name} is required and cannot be NULL")
        for place in before.cls.embedded.intersection(changed):
            changed[place] = deepcopy(changed[place])
        after = before.with_values(changed)
        if any(place in changed for place in before.cls.references):
            self.check_references(after)
        self.record(with_instance(self.world, after, before), Change(ChangeKind.MODIFIED, before, after))
        return after

    def delete(self, path: InstancePath | CIMInstanceName | Instance) -> None:
        """Delete an instance, and with it every association instance that refers to it, in any namespace (rule OP-DI-2).

        Raises:
            CIMError: as ``get`` does.
        """
        for instance in reversed(self._with_referrers(self.get(path))):
            self.record(without_instance(self.world, instance), Change(ChangeKind.DELETED, instance, None))

    def synchronize(self, classname: str, wanted: Iterable[Mapping[str, Any]], namespace: str | None = None) -> list[Instance]:
        """Make the instances of exactly this class those that are wanted, and return them in this order.

        Each is given by its properties, keys included. Those that are there already are changed as far as they differ:
        properties that are not given keep their value. The others are created; what is not wanted is deleted. Raises as
        ``create``, ``modify`` and ``delete`` do.
        """
        target = self._namespace(namespace)
        cls = target.cls(classname)
        left = {each.key: each for each in target.of_class(cls)}
        result = []
        for properties in wanted:
            values = self.typed(cls, properties, target.name)
            key = tuple(canonical(values.get(place)) for place in cls.key_order)
            current = left.pop(key, None)
            result.append(self.create(classname, properties, namespace) if current is None else self.replace(current, values))
        for instance in left.values():
            self.delete(instance)
        return result

    def _with_referrers(self, instance: Instance) -> list[Instance]:
        """Return the instance, then the associations that refer to it, then those that refer to these, each once."""
        found = {instance.identity: instance}
        queue = deque(found)
        while queue:
            identity = queue.popleft()
            for namespace in self.world.namespaces.values():
                for association in namespace.referring_to(identity):
                    if association.identity not in found:
                        found[association.identity] = association
                        queue.append(association.identity)
        return list(found.values())

    # Going back, and going on from elsewhere

    def savepoint(self) -> Savepoint:
        """Return the present moment, to which the transaction can go back."""
        return Savepoint(self)

    def record(self, world: World, change: Event) -> None:
        """Go on with a world that was made from the present one, and note what changed.

        For what changes instances by rules of its own, with the steps of ``instance_storage``: the caller answers for it that
        the world is consistent.
        """
        self.world = world
        self.changes.append(change)

    # What happens later, and identifiers

    def after(
        self, seconds: float, step: Step, *arguments: Any, subjects: Iterable[Instance] = (), outlives: bool = False
    ) -> int:
        """Have ``step(transaction, *arguments)`` called once the clock has advanced by so many seconds; return its number.

        It gets a transaction of its own then, at exactly that time. ``arguments`` are best paths and plain values, since the
        world may have changed by then. The step is forgotten when the first of ``subjects`` is deleted, unless it ``outlives``
        them. If it raises, what it did is dropped and the error is logged; a path that leads nowhere any more raises, too. Less
        than no time is none; times are rounded to microseconds.

        Raises:
            ValueError: ``seconds`` is not a finite number.
        """
        due = due_after(seconds, self.now)
        self.world = with_step(self.world, step, arguments, subjects, self.namespace, due=due, outlives=outlives)
        return self.world.agenda.last

    def after_reads(self, reads: int, step: Step, *arguments: Any, subjects: Iterable[Instance], outlives: bool = False) -> int:
        """Have a step called once clients have read any of ``subjects`` so many times; otherwise as ``after``.

        The last of these reads still shows what was before. Every answer that holds the instance with its properties is a read:
        by itself, in an enumeration, as an associated instance, or as the row of a query.

        Raises:
            ValueError: there are no subjects, so that it would wait for ever.
        """
        watched = list(subjects)
        if not watched:
            raise ValueError("a step that waits for reads needs a subject")
        wanted = max(reads, 1)
        self.world = with_step(self.world, step, arguments, watched, self.namespace, reads=wanted, outlives=outlives)
        return self.world.agenda.last

    def cancel(self, number: int) -> None:
        """Forget a step that waits; does nothing if it does no longer."""
        self.world = without_step(self.world, number)

    def waiting(self, instance: Instance) -> list[Wait]:
        """Return the steps that wait and have the instance among their subjects, oldest first."""
        return self.world.agenda.concerning(instance.identity)

    def serial(self, name: str) -> int:
        """Return 1, 2, 3... for each name: the number of calls with it in the history of this world."""
        self.world, number = counted(self.world, name)
        return number

    def guid(self) -> str:
        """Return a new GUID in upper case: the same one on every start with the same seed and history."""
        self.world, guid = with_guid(self.world)
        return guid

    def note(self, name: str) -> Any:
        """Return what ``set_note`` noted under a name last, None if there is nothing."""
        return self.world.notes.get(name)

    def set_note(self, name: str, value: Any) -> None:
        """Note something that providers must remember and no instance shows; it is part of the world, as instances are.

        Args:
            name: under which it is kept; all packs share the names.
            value: text, a number or a boolean, or a tuple of such; None forgets the note.
        """
        notes = self.world.notes
        if value is not None:
            self.world = replace(self.world, notes=notes.set(name, value))
        elif name in notes:
            self.world = replace(self.world, notes=notes.delete(name))

    def suspend(self, namespace: str, reason: str) -> None:
        """Have requests for instances and methods of a namespace fail, as while what provides them does not run.

        Clients get CIM_ERR_FAILED with the reason; classes can be read, providers see everything, and what goes on goes on.
        """
        self.world = replace(self.world, suspended=self.world.suspended.set(fold_namespace(namespace), reason))

    def resume(self, namespace: str) -> None:
        """Take back ``suspend``; does nothing where the namespace is not suspended."""
        folded = fold_namespace(namespace)
        if folded in self.world.suspended:
            self.world = replace(self.world, suspended=self.world.suspended.delete(folded))

    # Indications

    def indicate(self, classname: str, properties: Mapping[str, Any] | None = None, namespace: str | None = None) -> None:
        """Raise an indication: subscribers whose filters select it get it when the transaction is over, in this order.

        Args:
            classname: an indication class of the namespace, or of root/interop.
            properties: of the indication. Those that the CIMOM knows may be left out (IndicationTime and the like).
            namespace: the source namespace, which the filters ask for; None: that of the transaction.
        """
        self.changes.append(Raised(self._namespace(namespace).name, classname, dict(properties or {})))

    # Schema

    def create_namespace(self, name: str) -> Namespace:
        """Create an empty namespace, or return the one of that name.

        Raises:
            CIMError: CIM_ERR_INVALID_PARAMETER if the name is empty.
        """
        folded = fold_namespace(name)
        if not folded:
            raise invalid_parameter("a namespace needs a name")
        if folded not in self.world.namespaces:
            created = Namespace(name.replace("\\", "/").strip("/"))
            self._put(created)
            self.changes.append(NamespaceChange(ChangeKind.CREATED, created.name))
        return self.world.namespaces[folded]

    def delete_namespace(self, name: str) -> None:
        """Delete an empty namespace.

        Raises:
            CIMError: CIM_ERR_INVALID_NAMESPACE; CIM_ERR_NAMESPACE_NOT_EMPTY while it holds anything (rule W13).
        """
        target = self._namespace(name)
        held = {"classes": len(target.schema), "qualifiers": len(target.qualifiers), "instances": target.instance_count}
        if any(held.values()):
            contents = ", ".join(f"{what}: {count}" for what, count in held.items() if count)
            raise namespace_not_empty(f"namespace {target.name} is not empty ({contents})")
        self.world = self.world.without_namespace(name)
        self.changes.append(NamespaceChange(ChangeKind.DELETED, target.name))

    def create_class(
        self, declared: CIMClass | ClassHead, namespace: str | None = None, *, enforces_write: bool | None = None
    ) -> ResolvedClass:
        """Add a class that holds only its own elements.

        Arguments and errors are those of ``Schema.with_class``; raises as ``declared.check_class``, too.
        """
        target = self._namespace(namespace)
        if isinstance(declared, CIMClass):
            check_class(declared)
        self._put(replace(target, schema=target.schema.with_class(declared, enforces_write=enforces_write)))
        created = self.cls(declared.classname, target.name)
        self.changes.append(ClassChange(ChangeKind.CREATED, target.name, None, created))
        return created

    def modify_class(self, declared: CIMClass, namespace: str | None = None) -> ResolvedClass:
        """Give a class without subclasses and instances another declaration, which names the same superclass.

        Raises:
            CIMError: CIM_ERR_NOT_FOUND, CIM_ERR_CLASS_HAS_CHILDREN, CIM_ERR_CLASS_HAS_INSTANCES, in this order (rule OP-MC-2);
                CIM_ERR_INVALID_PARAMETER for an element that contradicts the superclass.
        """
        target = self._namespace(namespace)
        before = self._check_unused(target, declared.classname)
        check_class(declared)
        self._put(replace(target, schema=target.schema.with_changed_class(declared)))
        changed = self.cls(declared.classname, target.name)
        self.changes.append(ClassChange(ChangeKind.MODIFIED, target.name, before, changed))
        return changed

    def delete_class(self, name: str, namespace: str | None = None) -> None:
        """Delete a class that has neither subclasses nor instances (rule OP-DC-2).

        Raises:
            CIMError: CIM_ERR_NOT_FOUND, CIM_ERR_CLASS_HAS_CHILDREN, CIM_ERR_CLASS_HAS_INSTANCES, in this order.
        """
        target = self._namespace(namespace)
        cls = self._check_unused(target, name)
        instances = target.instances.delete(cls.folded) if cls.folded in target.instances else target.instances
        self._put(replace(target, schema=target.schema.without_class(name), instances=instances))
        self.changes.append(ClassChange(ChangeKind.DELETED, target.name, cls, None))

    def set_qualifier(self, declaration: CIMQualifierDeclaration, namespace: str | None = None) -> None:
        """Add or overwrite a qualifier declaration; raises as ``declared.check_declaration`` does."""
        check_declaration(declaration)
        target = self._namespace(namespace)
        self._put(replace(target, qualifiers=target.qualifiers.set(fold(declaration.name), declaration)))

    def delete_qualifier(self, name: str, namespace: str | None = None) -> None:
        """Delete a qualifier declaration; raises CIM_ERR_NOT_FOUND."""
        target = self._namespace(namespace)
        declaration = target.qualifier(name)
        self._put(replace(target, qualifiers=target.qualifiers.delete(fold(declaration.name))))

    def _put(self, namespace: Namespace) -> None:
        self.world = self.world.with_namespace(namespace)

    def _check_unused(self, namespace: Namespace, name: str) -> ResolvedClass:
        """Return the class if nothing derives from it and nothing is an instance of it."""
        cls = namespace.schema.get(name)
        if cls is None:
            raise not_found(namespace.no_class(name))
        children = namespace.schema.direct_subclasses(cls.name)
        if children:
            raise class_has_children(f"class {cls.name} has subclasses, {children[0].name} for one")
        count = len(namespace.of_class(cls))
        if count:
            raise class_has_instances(f"class {cls.name} has {count} {'instance' if count == 1 else 'instances'}")
        return cls


def no_instances(cls: ResolvedClass) -> str:
    """Return the text that says that a class has no instances of its own: it is abstract or an indication class."""
    return f"class {cls.name} is {'abstract' if cls.abstract else 'an indication class'}, it has no instances of its own"


def missing_values(instance: Instance) -> Iterator[str]:
    """Yield which properties are required and have no value."""
    for prop, value in zip(instance.cls.properties, instance.values, strict=True):
        if value is None and prop.required:
            yield f"property {prop.name} of class {instance.cls.name} is required and has no value"


def same(one: Any, other: Any) -> bool:
    """Whether two stored values are the same value of the same type (``True`` is not 1, and NaN is NaN)."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        # Item by item, since pywbem's objects raise when they are compared with None.
        return len(one) == len(other) and all(map(same, one, other))
    return one is other or (type(one) is type(other) and bool(one == other))


def same_key(one: Any, other: Any) -> bool:
    """Whether two values of a key property are equal in CIM's sense (rule D23): datetimes by instant, for one."""
    return bool(canonical(one) == canonical(other))


def _data(classname: str, properties: Mapping[str, Any] | InstanceData) -> InstanceData:
    if isinstance(properties, InstanceData):
        return properties
    given = (PropertyData(name, None, False, _plain(value)) for name, value in properties.items())
    return InstanceData(classname, tuple(given))


def _plain(value: Any) -> Any:
    return value.path if isinstance(value, Instance) else value
