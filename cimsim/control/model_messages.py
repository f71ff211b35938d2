"""What goes over the control API about the model: namespaces, classes and instances."""

from typing import Any

import msgspec


class NamespaceState(msgspec.Struct, frozen=True):
    """A namespace: how many classes and instances it has."""

    name: str
    classes: int
    instances: int


class NamespaceList(msgspec.Struct, frozen=True):
    """The namespaces, in the order of their creation."""

    namespaces: list[NamespaceState]


class ClassState(msgspec.Struct, frozen=True):
    """A class in a list.

    Attributes:
        name: as it is declared.
        superclass: None: it has none.
        abstract, association, indication: what its qualifiers say.
        instances: how many there are of just this class.
        deep_instances: the same with those of its subclasses.
    """

    name: str
    superclass: str | None
    abstract: bool
    association: bool
    indication: bool
    instances: int
    deep_instances: int


class ClassList(msgspec.Struct, frozen=True):
    """The classes of a namespace, in the order of their creation."""

    classes: list[ClassState]


class QualifierValue(msgspec.Struct, frozen=True):
    """A qualifier of a class or a part of it, and its value as JSON has it."""

    name: str
    value: Any


class PropertyState(msgspec.Struct, frozen=True):
    """A property of a class, own or inherited.

    Attributes:
        name: as it is declared.
        type: of CIM; ``array`` whether it is an array of these.
        key: whether it is a key.
        writable: whether it has the Write qualifier.
        reference_class: of what a reference refers to, None for other types.
        origin: the class that introduced it.
        default: its default value as JSON has it, None for none.
        description: empty if there is none.
        values, value_map: what the qualifiers Values and ValueMap list, empty where there are none.
        qualifiers: all that apply.
    """

    name: str
    type: str
    array: bool
    key: bool
    writable: bool
    reference_class: str | None
    origin: str
    default: Any
    description: str
    values: list[str]
    value_map: list[str]
    qualifiers: list[QualifierValue]


class ParameterState(msgspec.Struct, frozen=True):
    """A parameter of a method; fields as ``PropertyState`` has them, ``input`` and ``output`` its direction."""

    name: str
    type: str
    array: bool
    input: bool
    output: bool
    required: bool
    reference_class: str | None
    description: str
    values: list[str]
    value_map: list[str]


class MethodState(msgspec.Struct, frozen=True):
    """A method of a class, own or inherited.

    Attributes:
        name: as it is declared.
        returns: the type of its return value.
        static: whether it is called on the class.
        origin: the class that introduced it.
        description: empty if there is none.
        values, value_map: of its return value.
        provided: whether a provider carries it out.
        parameters: in declared order.
    """

    name: str
    returns: str
    static: bool
    origin: str
    description: str
    values: list[str]
    value_map: list[str]
    provided: bool
    parameters: list[ParameterState]


class ClassDetails(msgspec.Struct, frozen=True):
    """A class with all that it inherits.

    Attributes:
        name: as it is declared.
        superclasses: the nearest first.
        subclasses: the direct ones.
        abstract, association, indication: what its qualifiers say.
        description: empty if there is none.
        qualifiers: of the class itself.
        properties, methods: inherited ones too.
        mof: the declaration, without what is inherited.
    """

    name: str
    superclasses: list[str]
    subclasses: list[str]
    abstract: bool
    association: bool
    indication: bool
    description: str
    qualifiers: list[QualifierValue]
    properties: list[PropertyState]
    methods: list[MethodState]
    mof: str


class InstancesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which instances: ``limit`` from ``offset`` on, in order of creation or sorted by a property.

    ``where`` is a condition of WQL, ``deep`` whether instances of subclasses count.
    """

    offset: int = 0
    limit: int = 100
    sort: str | None = None
    descending: bool = False
    where: str | None = None
    deep: bool = True


class InstanceRow(msgspec.Struct, frozen=True):
    """An instance in a list: its path as text, its class, and its properties by name, as JSON has their values."""

    path: str
    classname: str
    properties: dict[str, Any]


class InstanceList(msgspec.Struct, frozen=True):
    """Instances; ``total`` is how many there are without ``offset`` and ``limit``."""

    total: int
    instances: list[InstanceRow]


class NewInstance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body that creates or changes an instance: the values of properties by name.

    ``as_client``: what clients may not change is refused, fault rules apply to it, and the journal has it.
    ``silent``: subscribers are not notified.
    """

    properties: dict[str, Any]
    as_client: bool = True
    silent: bool = False


class InstanceQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The path of an instance, ``NAMESPACE:CLASS.KEY="VALUE"``."""

    path: str


class DeleteQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The path of an instance to delete; ``as_client`` and ``silent`` are as ``NewInstance`` has them."""

    path: str
    as_client: bool = True
    silent: bool = False


class PropertyValue(msgspec.Struct, frozen=True):
    """A property of an instance.

    Attributes:
        name, type, array, key, writable, origin: as ``PropertyState`` has them.
        value: as JSON has it.
        text: what Values says of the value, empty where it says nothing.
    """

    name: str
    type: str
    array: bool
    value: Any
    key: bool
    writable: bool
    origin: str
    text: str


class InstanceDetails(msgspec.Struct, frozen=True):
    """An instance as a client reads it: its path as text, class, properties in class order, and its MOF.

    Where it was created or changed, ``fault`` is the number of the fault rule that acted, None for none.
    """

    path: str
    classname: str
    properties: list[PropertyValue]
    mof: str
    fault: int | None = None


class InstanceRemoved(msgspec.Struct, frozen=True):
    """The path of the instance that was deleted, and the number of the fault rule that acted, None for none."""

    path: str
    fault: int | None = None


class InvokeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call of a method: on the instance of ``path``, or on the class ``classname`` in ``namespace``.

    ``as_client``: fault rules apply to it, and the journal has it, as if a client had called. ``silent``: subscribers are not
    notified of what it changes at once; of what comes later, they are.
    """

    method: str
    path: str | None = None
    namespace: str | None = None
    classname: str | None = None
    parameters: dict[str, Any] = {}
    as_client: bool = True
    silent: bool = False


class Invoked(msgspec.Struct, frozen=True):
    """What a method returned, what Values says of it (empty: nothing), and its output parameters by name.

    ``fault`` is the number of the fault rule that acted, None for none.
    """

    returned: Any
    text: str
    outputs: dict[str, Any]
    fault: int | None = None


class AssociationEnd(msgspec.Struct, frozen=True):
    """An instance at the other end of an association.

    Attributes:
        association: the path of the association instance, ``association_class`` its class.
        role: the reference through which it refers to the source, ``result_role`` the one that leads to the other end.
        path, classname: of the other end.
        label: its ElementName or Name, empty where it has none or is not stored here.
    """

    association: str
    association_class: str
    role: str
    result_role: str
    path: str
    classname: str
    label: str


class AssociationList(msgspec.Struct, frozen=True):
    """What an instance is associated with; ``more``: there is more than an answer has."""

    associations: list[AssociationEnd]
    more: bool


class RowsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A query, its language (WQL or DMTF:CQL) and the namespace that it is for."""

    namespace: str
    query: str
    language: str = "WQL"


class RowList(msgspec.Struct, frozen=True):
    """The rows of a query: a value for each column, None where a row has none.

    ``total`` is how many rows there are, ``more`` whether there are more than the answer has.
    """

    columns: list[str]
    rows: list[list[Any]]
    total: int
    more: bool
