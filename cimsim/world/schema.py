"""The schema of one namespace: declared classes, resolved once, and who derives from whom.

A declared class is a ``pywbem.CIMClass`` that holds only its own elements. Resolving it (inheritance done, property order
fixed, keys known) gives a :class:`ResolvedClass`, from which operations, providers and codecs read. A schema is immutable;
adding a class shares all that was resolved before.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from pywbem import CIMClass, CIMMethod, CIMParameter, CIMProperty, CIMQualifier

from cimsim.world.class_records import ClassRecord, declared_class, record_of
from cimsim.world.convert import convert_value, shape
from cimsim.world.errors import already_exists, invalid_parameter, invalid_superclass, server_limits_exceeded
from cimsim.world.names import did_you_mean, fold
from cimsim.world.pmap import PersistentMap
from cimsim.world.propagation import merged

MAX_DEPTH: Final = 100
"""How many classes may lie on the way from a class to the top, itself included; DMTF's schemas need 11."""
MAX_PARTS: Final = 5_000
"""How many properties, methods, parameters and qualifiers a class may have with all that it inherits, overridden ones too.

DMTF's schemas need 1,500. With this many, what an operation does with one class takes some 20 ms.
"""


class Property(msgspec.Struct, frozen=True):
    """A property of a resolved class, with the qualifiers that rule its values already read."""

    name: str
    type: str
    is_array: bool
    array_size: int | None
    default: Any
    key: bool
    required: bool
    writable: bool
    embedded: str | None
    """None, ``instance`` or ``object``."""
    embedded_class: str | None
    """The class that an embedded instance must be of, where the EmbeddedInstance qualifier names one."""
    reference_class: str | None
    origin: str
    """The name of the class that introduced the property."""


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of a method of a resolved class."""

    name: str
    type: str
    is_array: bool
    array_size: int | None
    is_in: bool
    is_out: bool
    required: bool
    embedded: str | None
    embedded_class: str | None
    reference_class: str | None


class Method(msgspec.Struct, frozen=True):
    """A method of a resolved class. ``parameters`` is keyed by folded name, in declared order.

    ``returns`` gives the return value the shape of an output parameter.
    """

    name: str
    returns: Parameter
    parameters: dict[str, Parameter]
    static: bool
    origin: str


@dataclass(eq=False)
class ResolvedClass:
    """A class with everything it inherits. Compared by identity: a changed class is another object.

    ``properties`` stand in declared order, inherited ones first; ``index`` maps folded names to places in it. ``keys`` and
    ``references`` are such places, ``embedded`` those of embedded objects; ``key_order`` lists the keys by folded name, the
    order of :class:`~.paths.Identity`, ``key_names`` is the set of these names, and ``key_types`` the types of ``keys``.
    ``text_keys`` are the declared names in that order if all keys are strings, else None.
    ``parts`` counts as ``MAX_PARTS`` says. ``lineage`` holds the folded names of the class and all its superclasses, itself
    first. ``enforces_write``: whether clients may not change properties of instances of this class that have no Write qualifier
    (rule OP-MI-5). ``memo`` belongs to those who compute something once per class (projections, rendered XML); its keys name
    the owner.
    """

    name: str
    superclass: "ResolvedClass | None"
    declared: CIMClass
    properties: tuple[Property, ...]
    methods: dict[str, Method]
    abstract: bool
    association: bool
    indication: bool
    parts: int
    enforces_write: bool = False
    memo: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folded = fold(self.name)
        above = self.superclass.lineage if self.superclass else ()
        self.lineage: tuple[str, ...] = (self.folded, *above)
        parent = self.superclass
        if parent is not None and self.properties is parent.properties:
            for name in _OF_PROPERTIES:
                setattr(self, name, getattr(parent, name))
            return
        self.index = {fold(prop.name): place for place, prop in enumerate(self.properties)}
        self.keys = tuple(place for place, prop in enumerate(self.properties) if prop.key)
        self.key_order = tuple(sorted(self.keys, key=lambda place: fold(self.properties[place].name)))
        self.key_types = tuple(self.properties[place].type for place in self.keys)
        self.key_names = frozenset(fold(self.properties[place].name) for place in self.keys)
        ordered = [self.properties[place] for place in self.key_order]
        self.text_keys = tuple(prop.name for prop in ordered) if all(prop.type == "string" for prop in ordered) else None
        self.references = tuple(place for place, prop in enumerate(self.properties) if prop.type == "reference")
        self.embedded = frozenset(place for place, prop in enumerate(self.properties) if prop.embedded)
        self.defaults = tuple(prop.default for prop in self.properties)

    def is_a(self, folded_name: str) -> bool:
        """Whether this class is the one of that folded name or derives from it."""
        return folded_name in self.lineage

    def find(self, name: str) -> Property | None:
        """Return the property of that name in any spelling, or None."""
        place = self.index.get(fold(name))
        return None if place is None else self.properties[place]

    def no_property(self, name: str) -> str:
        """Return the text that says that there is no such property."""
        return f"class {self.name} has no property {name}{did_you_mean(name, (prop.name for prop in self.properties))}"

    def own_methods(self) -> Iterable[str]:
        """Return the names of the methods that it declares."""
        return [method.name for method in self.declared.methods.values()]

    def record(self) -> ClassRecord:
        """Return the record of the declaration."""
        return record_of(self.declared)

    @cached_property
    def full(self) -> CIMClass:
        """The class with inherited elements and qualifiers, ``propagated`` and ``class_origin`` set (rule OP-CC-4).

        It shares with the full class above what it inherits unchanged, so nobody may change it.
        """
        # From the top down, so that a long chain of classes is not a deep recursion.
        chain = [self]
        while chain[-1].superclass is not None and "full" not in chain[-1].superclass.__dict__:
            chain.append(chain[-1].superclass)
        for cls in reversed(chain[1:]):
            _ = cls.full
        return merged(self.declared, self.superclass.full if self.superclass else None)


class ClassHead(msgspec.Struct, frozen=True):
    """A declared class of which only the head is known at first; ``record`` returns the whole when it is needed.

    The class is known to fit its superclass, so nothing is checked then. The flags are None where its qualifiers do not say.
    """

    classname: str
    superclass: str | None
    abstract: bool | None
    association: bool | None
    indication: bool | None
    record: Callable[[], ClassRecord]


class DeferredClass(ResolvedClass):
    """A class whose elements are made when something asks for the first of them; then it is a :class:`ResolvedClass`.

    A large schema is there at once this way: most of its classes are never asked for more than their name.
    """

    def __init__(self, head: ClassHead, parent: ResolvedClass | None, *, enforces_write: bool) -> None:
        self.name = head.classname
        self.superclass = parent
        self.abstract = bool(head.abstract)
        self.association = bool(parent and parent.association) if head.association is None else head.association
        self.indication = bool(parent and parent.indication) if head.indication is None else head.indication
        self.enforces_write = enforces_write
        self.memo = {}
        self.folded = fold(self.name)
        self.lineage = (self.folded, *(parent.lineage if parent else ()))
        self._record = head.record

    @property
    def unresolved(self) -> Callable[[], ClassRecord] | None:
        """What returns the record of the declaration, as its head has it; None when something has asked for its elements."""
        return DeferredClass._unresolved(self)

    def _unresolved(self) -> Callable[[], ClassRecord] | None:
        # Another thread may have resolved it meanwhile: then it is of the other class, which has no property of that name.
        record: Callable[[], ClassRecord] | None = self.__dict__.get("_record")
        return record

    def own_methods(self) -> Iterable[str]:
        """Return the names of the methods that it declares, without making the elements."""
        record = DeferredClass._unresolved(self)
        return ResolvedClass.own_methods(self) if record is None else [method.name for method in record().methods]

    def record(self) -> ClassRecord:
        """Return the record of the declaration, without making the elements."""
        record = DeferredClass._unresolved(self)
        return ResolvedClass.record(self) if record is None else record()

    def __getattr__(self, name: str) -> Any:
        # Asked for whatever is not there yet.
        if name not in _DEFERRED:
            raise AttributeError(name)
        # From the top down, so that a long chain of classes is not a deep recursion.
        chain = [self]
        while isinstance(chain[-1].superclass, DeferredClass):
            chain.append(chain[-1].superclass)
        # Two threads that share a class may both come here, each makes the same; it may be resolved meanwhile.
        for cls in reversed(chain):
            DeferredClass._resolve(cls)
        return getattr(self, name)

    def _resolve(self) -> None:
        record = DeferredClass._unresolved(self)
        if record is None:
            return
        resolved = resolve(declared_class(record()), self.superclass, enforces_write=self.enforces_write)
        for each in _DEFERRED:
            setattr(self, each, getattr(resolved, each))
        self.__dict__.pop("_record", None)
        # A class with __getattr__ is slower to read from, for good.
        object.__setattr__(self, "__class__", ResolvedClass)


_OF_PROPERTIES: Final = (
    "index",
    "keys",
    "key_order",
    "key_types",
    "key_names",
    "text_keys",
    "references",
    "embedded",
    "defaults",
)
"""What follows from the properties alone; a class that adds none shares it with its superclass."""

_DEFERRED: Final = ("declared", "properties", "methods", "parts", *_OF_PROPERTIES)


_INDEXED_IN_A_STEP: Final = 10


class Schema:
    """The classes of a namespace. Immutable: ``with_class`` and ``without_class`` return the next version."""

    __slots__ = ("_children", "_classes", "_closures", "_families", "_methods")

    def __init__(
        self,
        classes: PersistentMap[str, ResolvedClass] | None = None,
        children: PersistentMap[str, tuple[str, ...]] | None = None,
    ) -> None:
        self._classes: PersistentMap[str, ResolvedClass] = classes if classes is not None else PersistentMap()
        self._children: PersistentMap[str, tuple[str, ...]] = children if children is not None else PersistentMap()
        self._closures: dict[str, tuple[ResolvedClass, ...]] = {}
        self._families: dict[str, frozenset[str]] = {}
        self._methods: dict[str, str] | None = None

    @classmethod
    def of_heads(cls, heads: Iterable[tuple[ClassHead, bool]]) -> "Schema":
        """Return a schema with all these classes, each after its superclass, and whether it enforces Write.

        The classes are known to fit each other; of none there is more than the head until it is asked for.
        """
        classes: dict[str, ResolvedClass] = {}
        children: dict[str, list[str]] = {}
        for head, enforces_write in heads:
            parent = classes[fold(head.superclass)] if head.superclass else None
            made = DeferredClass(head, parent, enforces_write=enforces_write)
            classes[made.folded] = made
            children.setdefault(parent.folded if parent else "", []).append(made.folded)
        return cls(PersistentMap(classes), PersistentMap({name: tuple(below) for name, below in children.items()}))

    def get(self, name: str) -> ResolvedClass | None:
        """Return the class of that name in any spelling, or None."""
        found: ResolvedClass | None = self._classes.get(fold(name))
        return found

    def __len__(self) -> int:
        return len(self._classes)

    def __iter__(self) -> Iterator[ResolvedClass]:
        return iter(self._classes.all())

    def names(self) -> list[str]:
        """Return the declared spellings of all class names, in order of creation."""
        return [cls.name for cls in self._classes.all()]

    def method_names(self) -> Mapping[str, str]:
        """Return the names of all methods of all classes by folded name; computed once for each schema."""
        for _ in self.indexing_methods():
            pass
        return self._methods or {}

    def indexing_methods(self) -> Iterator[None]:
        """Compute what ``method_names`` returns, in steps of a millisecond or two: most of many classes are deferred."""
        if self._methods is None:
            names: dict[str, str] = {}
            for number, cls in enumerate(self._classes.all(), 1):
                if number % _INDEXED_IN_A_STEP == 0:
                    yield
                # A superclass comes first, so that what a class inherits is there already.
                names.update({folded: name for name in cls.own_methods() if (folded := fold(name)) not in names})
            self._methods = names

    def direct_subclasses(self, name: str | None) -> list[ResolvedClass]:
        """Return the direct subclasses of the class, or the top-level classes for None, in order of creation."""
        return [self._classes[child] for child in self._children.get(fold(name) if name else "", ())]

    def descendants(self, name: str | None) -> list[ResolvedClass]:
        """Return all subclasses at any depth (all classes for None), each after its superclass."""
        found: list[ResolvedClass] = []
        waiting = self.direct_subclasses(name)[::-1]
        while waiting:
            cls = waiting.pop()
            found.append(cls)
            waiting.extend(reversed(self.direct_subclasses(cls.name)))
        return found

    def closure(self, cls: ResolvedClass) -> tuple[ResolvedClass, ...]:
        """Return the class and all its subclasses; computed once for each schema."""
        known = self._closures.get(cls.folded)
        if known is None:
            known = self._closures[cls.folded] = (cls, *self.descendants(cls.name))
        return known

    def family(self, name: str) -> frozenset[str]:
        """Return the folded names of a class and all its subclasses, none if there is no such class; computed once."""
        folded = fold(name)
        known = self._families.get(folded)
        if known is None:
            cls = self.get(name)
            known = frozenset(each.folded for each in self.closure(cls)) if cls else frozenset()
            if cls:
                self._families[folded] = known
        return known

    def with_class(self, declared: CIMClass | ClassHead, *, enforces_write: bool | None = None) -> "Schema":
        """Return the schema with a class added. The declaration is taken over and must not be changed afterwards.

        Args:
            declared: the class.
            enforces_write: as ``ResolvedClass`` has it; None: as for the superclass, and not without one.

        Raises:
            CIMError: CIM_ERR_ALREADY_EXISTS or CIM_ERR_INVALID_SUPERCLASS, in this order (rule OP-CC-2);
                CIM_ERR_INVALID_PARAMETER for an element that contradicts the superclass (rule OP-CC-3);
                CIM_ERR_SERVER_LIMITS_EXCEEDED for one that is too deep or too large (``MAX_DEPTH``, ``MAX_PARTS``).
        """
        parent = self.place_for(declared)
        enforces = bool(parent and parent.enforces_write) if enforces_write is None else enforces_write
        if isinstance(declared, ClassHead):
            resolved: ResolvedClass = DeferredClass(declared, parent, enforces_write=enforces)
        else:
            resolved = resolve(declared, parent, enforces_write=enforces)
        above = parent.folded if parent else ""
        children = self._children.set(above, (*self._children.get(above, ()), resolved.folded))
        return Schema(self._classes.set(resolved.folded, resolved), children)

    def place_for(self, declared: CIMClass | ClassHead) -> ResolvedClass | None:
        """Return the superclass that a new class gets.

        Raises:
            CIMError: CIM_ERR_ALREADY_EXISTS or CIM_ERR_INVALID_SUPERCLASS, in this order (rule OP-CC-2).
        """
        if self.get(declared.classname):
            raise already_exists(f"class {declared.classname} exists already")
        return self.superclass_of(declared)

    def superclass_of(self, declared: CIMClass | ClassHead) -> ResolvedClass | None:
        """Return the superclass that a declaration names, None if it names none; raises CIM_ERR_INVALID_SUPERCLASS."""
        if not declared.superclass:
            return None
        parent = self.get(declared.superclass)
        if parent is None:
            hint = did_you_mean(declared.superclass, self.names())
            raise invalid_superclass(f"no superclass {declared.superclass} for class {declared.classname}{hint}")
        return parent

    def with_changed_class(self, declared: CIMClass) -> "Schema":
        """Return the schema with another declaration of a class that exists, has no subclasses and keeps its superclass."""
        enforces = bool((known := self.get(declared.classname)) and known.enforces_write)
        resolved = resolve(declared, self.superclass_of(declared), enforces_write=enforces)
        return Schema(self._classes.set(resolved.folded, resolved), self._children)

    def without_class(self, name: str) -> "Schema":
        """Return the schema without a class that exists and has no subclasses; the caller has checked both."""
        cls = self._classes[fold(name)]
        above = cls.superclass.folded if cls.superclass else ""
        siblings = tuple(child for child in self._children[above] if child != cls.folded)
        return Schema(self._classes.delete(cls.folded), self._children.set(above, siblings))


def resolve(declared: CIMClass, parent: ResolvedClass | None, *, enforces_write: bool = False) -> ResolvedClass:
    """Return the class with what it inherits from ``parent``, sharing what it leaves as it is.

    ``enforces_write`` is as ``ResolvedClass`` has it.

    Raises:
        CIMError: as ``Schema.with_class`` does.
    """
    parts = _parts(declared, parent)
    methods = parent.methods if parent else {}
    if declared.methods:
        methods = dict(methods)
    for cim_method in declared.methods.values():
        folded = fold(cim_method.name)
        methods[folded] = _method(cim_method, methods.get(folded), declared.classname)
    qualifiers = _by_name(declared)
    return ResolvedClass(
        name=declared.classname,
        superclass=parent,
        declared=declared,
        properties=_properties(declared, parent),
        methods=methods,
        abstract=_flag(qualifiers, "abstract", inherited=False),
        association=_flag(qualifiers, "association", inherited=parent is not None and parent.association),
        indication=_flag(qualifiers, "indication", inherited=parent is not None and parent.indication),
        parts=parts,
        enforces_write=enforces_write,
    )


def _properties(declared: CIMClass, parent: ResolvedClass | None) -> tuple[Property, ...]:
    if parent and not declared.properties:
        return parent.properties
    properties = {fold(prop.name): prop for prop in parent.properties} if parent else {}
    for cim_property in declared.properties.values():
        folded = fold(cim_property.name)
        properties[folded] = _property(cim_property, properties.get(folded), declared.classname)
    return tuple(properties.values())


def _parts(declared: CIMClass, parent: ResolvedClass | None) -> int:
    """Return how many parts a class has; raises CIM_ERR_SERVER_LIMITS_EXCEEDED for one that is too deep or too large.

    Every subclass repeats what it inherits, so both together bound what a class costs.
    """
    name = declared.classname
    depth = 1 + (len(parent.lineage) if parent else 0)
    if depth > MAX_DEPTH:
        raise server_limits_exceeded(f"class {name} would be {depth} levels deep; at most {MAX_DEPTH} are allowed")
    count = count_parts(declared) + (parent.parts if parent else 0)
    if count > MAX_PARTS:
        raise server_limits_exceeded(
            f"class {name} has {count} properties, methods, parameters and qualifiers with those it inherits; "
            f"at most {MAX_PARTS} are allowed"
        )
    return count


def count_parts(declared: CIMClass) -> int:
    """Return how many properties, methods, parameters and qualifiers a class declares."""
    elements: list[Any] = [*declared.properties.values(), *declared.methods.values()]
    for method in declared.methods.values():
        elements.extend(method.parameters.values())
    return len(elements) + len(declared.qualifiers) + sum(len(each.qualifiers) for each in elements)


def _by_name(declared: Any) -> dict[str, CIMQualifier]:
    """Return the qualifiers of an element by folded name; those of pywbem are slow to look up, which large classes feel."""
    return {fold(each.name): each for each in declared.qualifiers.values()}


def _flag(qualifiers: dict[str, CIMQualifier], name: str, *, inherited: bool) -> bool:
    """Return the value of a qualifier, of which ``name`` is the folded name."""
    qualifier = qualifiers.get(name)
    return inherited if qualifier is None else bool(qualifier.value)


def _embedding(
    element: CIMProperty | CIMParameter, qualifiers: dict[str, CIMQualifier], inherited: Any
) -> tuple[str | None, str | None]:
    """Return how the strings of an element embed objects: kind and class."""
    instance = qualifiers.get("embeddedinstance")
    if instance is not None and instance.value is not None:
        return "instance", instance.value
    if _flag(qualifiers, "embeddedobject", inherited=False):
        return "object", None
    return (inherited.embedded, inherited.embedded_class) if inherited else (element.embedded_object, None)


def _property(declared: CIMProperty, inherited: Property | None, classname: str) -> Property:
    """Return a property with what it inherits. One that overrides another and gives no default has none.

    DSP0004 lets the qualifiers of an overridden property propagate, each by its flavor; the default is no qualifier but a part
    of the declaration, which the overriding one takes the place of. So a class can take a default away, which it could not
    otherwise, since NULL is not written in CIM-XML (rule D12); and pywbem_mock does the same.
    """
    if inherited and (inherited.type, inherited.is_array) != (declared.type, bool(declared.is_array)):
        raise invalid_parameter(
            f"property {classname}.{declared.name} is declared as {shape(declared)}, "
            f"but the superclass has it as {shape(inherited)}"
        )
    qualifiers = _by_name(declared)
    embedded, embedded_class = _embedding(declared, qualifiers, inherited)
    prop = Property(
        name=declared.name,
        type=declared.type,
        is_array=bool(declared.is_array),
        array_size=declared.array_size,
        default=None,
        key=_flag(qualifiers, "key", inherited=bool(inherited and inherited.key)),
        required=_flag(qualifiers, "required", inherited=bool(inherited and inherited.required)),
        writable=_flag(qualifiers, "write", inherited=bool(inherited and inherited.writable)),
        embedded=embedded,
        embedded_class=embedded_class,
        reference_class=declared.reference_class or (inherited.reference_class if inherited else None),
        origin=inherited.origin if inherited else classname,
    )
    if declared.value is None:
        return prop
    try:
        return replace(prop, default=convert_value(prop, declared.value))
    except ValueError as error:
        raise invalid_parameter(f"default of property {classname}.{declared.name}: {error}") from None


def _method(declared: CIMMethod, inherited: Method | None, classname: str) -> Method:
    if inherited and inherited.returns.type != declared.return_type:
        raise invalid_parameter(
            f"method {classname}.{declared.name} returns {declared.return_type}, "
            f"but the superclass has it return {inherited.returns.type}"
        )
    parameters = {}
    for parameter in declared.parameters.values():
        folded = fold(parameter.name)
        parameters[folded] = _parameter(parameter, inherited.parameters.get(folded) if inherited else None)
    return Method(
        name=declared.name,
        returns=_return_value(declared.return_type),
        parameters=parameters,
        static=_flag(_by_name(declared), "static", inherited=bool(inherited and inherited.static)),
        origin=inherited.origin if inherited else classname,
    )


def _return_value(cim_type: str) -> Parameter:
    return Parameter("ReturnValue", cim_type, False, None, False, True, False, None, None, None)


def _parameter(declared: CIMParameter, inherited: Parameter | None) -> Parameter:
    """Return the parameter with its direction read from its own qualifiers (rule X16)."""
    qualifiers = _by_name(declared)
    embedded, embedded_class = _embedding(declared, qualifiers, inherited)
    return Parameter(
        name=declared.name,
        type=declared.type,
        is_array=bool(declared.is_array),
        array_size=declared.array_size,
        is_in=_flag(qualifiers, "in", inherited=inherited.is_in if inherited else True),
        is_out=_flag(qualifiers, "out", inherited=bool(inherited and inherited.is_out)),
        required=_flag(qualifiers, "required", inherited=bool(inherited and inherited.required)),
        embedded=embedded,
        embedded_class=embedded_class,
        reference_class=declared.reference_class or (inherited.reference_class if inherited else None),
    )
