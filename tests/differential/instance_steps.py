"""Steps on instances: create, modify, delete, get, enumerate."""

from copy import deepcopy
from typing import Any, Final

from pywbem import CIMClass, CIMInstance, CIMInstanceName, CIMProperty

from tests.differential.forms import path_form
from tests.differential.model import typed
from tests.differential.twins import FAR, NAMESPACES, Twins


def kind_of(prop: CIMProperty) -> str:
    """Return the type of a declared property as ``model.TYPES`` and ``model.EMBEDDED`` have it."""
    base = prop.type
    if "EmbeddedInstance" in prop.qualifiers:
        base = "instance"
    elif "EmbeddedObject" in prop.qualifiers:
        base = "object"
    return f"{base}[]" if prop.is_array else base


def given(twins: Twins, prop: CIMProperty, value: Any) -> CIMProperty:
    """Return a property of an instance."""
    if prop.type == "reference":
        return CIMProperty(prop.name, value, type="reference")
    return typed(twins.choose.spelt(prop.name), kind_of(prop), value)


def create_node(twins: Twins) -> None:
    """CreateInstance of a class without references, of every type of property."""
    choose, namespace = twins.choose, twins.namespace()
    classname = choose.pick([name for name in twins.classes(namespace) if name.startswith(("T_Node", "T_Extra"))])
    cls = twins.resolved(namespace, classname)
    assert cls is not None
    properties = []
    for prop in cls.properties.values():
        if "Key" in prop.qualifiers:
            if not choose.chance(20):
                properties.append(given(twins, prop, choose.value(prop.type, null=False)))
        elif choose.chance(2):
            properties.append(given(twins, prop, choose.value(kind_of(prop))))
    first = next(iter(cls.properties.values()), None)
    if choose.chance(15):
        properties.append(CIMProperty("Nothing", 5, type="uint8"))
    elif first is not None and choose.chance(15):
        properties = [each for each in properties if each.name.lower() != first.name.lower()]
        if first.type != "sint32" or first.is_array:
            properties.append(CIMProperty(first.name, 5, type="sint32"))
    _create(twins, namespace, cls, properties)


def create_echo(twins: Twins) -> None:
    """CreateInstance of the class with methods."""
    namespace = twins.namespace()
    cls = twins.resolved(namespace, "T_Echo")
    assert cls is not None
    _create(twins, namespace, cls, [CIMProperty("Id", twins.choose.pick(["a", "b"]))])


def create_link(twins: Twins) -> None:
    """CreateInstance of an association."""
    choose, namespace = twins.choose, twins.namespace()
    classname = choose.pick(twins.links)
    cls = twins.resolved(namespace, classname)
    assert cls is not None
    properties = []
    for prop in cls.properties.values():
        if prop.type == "reference":
            # K21 and OP-AS-7: both must exist; the mock cannot read a NULL end that is present, so C is left out at times.
            if prop.name != "C" or choose.chance(2):
                properties.append(given(twins, prop, twins.random_path(namespace, 20, nodes=True)))
        elif "Key" in prop.qualifiers or choose.chance(2):
            properties.append(given(twins, prop, choose.value(prop.type, null="Key" not in prop.qualifiers)))
    _create(twins, namespace, cls, properties)


def create_far_link(twins: Twins) -> None:
    """CreateInstance of an association between namespaces (rule OP-AS-8)."""
    here = twins.random_path(NAMESPACES[0], 20, nodes=True)
    there = twins.random_path(NAMESPACES[1], 20, nodes=True)
    if not (twins.exists(here) and twins.exists(there)):
        return
    ends = {"Here": _as_stored(twins, here), "There": _as_stored(twins, there)}
    link = CIMInstance(FAR, [CIMProperty(name, end, type="reference") for name, end in ends.items()])
    if twins.exists(CIMInstanceName(FAR, ends, namespace=NAMESPACES[0])):
        twins.refused(11, "CreateInstance", NAMESPACES[0], NewInstance=link)
        return
    twins.ours.CreateInstance(link, namespace=NAMESPACES[0])
    link.path = CIMInstanceName(FAR, ends, namespace=NAMESPACES[0])
    twins.mock.add_cimobjects(deepcopy(link), namespace=NAMESPACES[0])


def _as_stored(twins: Twins, path: CIMInstanceName) -> CIMInstanceName:
    """Return a path as it is spelt in the mock, which compares the names of classes by their case here (K16)."""
    wanted = path_form(path, path.namespace)
    return next(each.path for each in twins.stored(path.namespace) if path_form(each.path, path.namespace) == wanted)


def _create(twins: Twins, namespace: str, cls: CIMClass, properties: list[CIMProperty]) -> None:
    name = twins.choose.spelt(cls.classname)
    ours = CIMInstance(name, properties)
    if "Abstract" in cls.qualifiers:  # K4: the mock creates instances of abstract classes
        twins.refused(7, "CreateInstance", namespace, NewInstance=ours)
        return
    if any(isinstance(each.value, CIMInstanceName) and each.value.classname == "T_Nothing" for each in properties):
        # The mock crashes on a reference into a class that it does not know.
        twins.refused(4, "CreateInstance", namespace, NewInstance=ours)
        return
    names = {each.name.lower() for each in properties}
    defaults = [
        typed(prop.name, kind_of(prop), deepcopy(prop.value))
        for prop in cls.properties.values()
        if prop.value is not None and prop.name.lower() not in names
    ]
    # K4: the mock gives no defaults. K20: it keeps the spelling of the class.
    mock = CIMInstance(cls.classname, [*properties, *defaults])
    twins.both("CreateInstance", namespace, NewInstance=ours, mock={"NewInstance": mock})


def modify(twins: Twins) -> None:
    """ModifyInstance, with and without a property list."""
    choose = twins.choose
    path = twins.random_path(twins.namespace())
    cls = twins.resolved(path.namespace, path.classname)
    if cls is None:
        _modify(twins, path, [], [], None)
        return
    changeable = [prop for prop in cls.properties.values() if prop.type != "reference"]
    properties = []
    for prop in choose.some(changeable):
        key = "Key" in prop.qualifiers
        value = choose.value(kind_of(prop), null=not key)
        if key and not choose.chance(4):
            value = path.keybindings[prop.name]
        properties.append(given(twins, prop, value))
    listed = None
    completed = list(properties)
    if choose.chance(2):
        names = {each.name.lower(): each for each in properties}
        chosen = [prop for prop in choose.some(changeable) if "Key" not in prop.qualifiers or prop.name.lower() in names]
        listed = [choose.spelt(prop.name) for prop in chosen]
        # The mock crashes on what is listed and not given when it has no default.
        completed += [
            typed(prop.name, kind_of(prop), deepcopy(prop.value)) for prop in chosen if prop.name.lower() not in names
        ]
        if choose.chance(10):
            listed.append("Nothing")
        # OP-MI-3: what is given and not listed is left alone, a key too; the mock refuses it.
        known = {name.lower() for name in listed}
        for name, prop in names.items():
            if name not in known and "Key" in cls.properties[name].qualifiers:
                properties.remove(prop)
                completed.remove(prop)
    _modify(twins, path, properties, completed, listed)


def _modify(
    twins: Twins, path: CIMInstanceName, ours: list[CIMProperty], mock: list[CIMProperty], listed: list[str] | None
) -> None:
    exists = twins.exists(path)

    def codes(code: int) -> int:
        return code if exists or code == 5 else 6  # G7: the mock looks for the instance before it checks the parameters

    twins.both(
        "ModifyInstance",
        codes=codes,
        ModifiedInstance=at(path, ours),
        PropertyList=listed if exists else None,
        mock={"ModifiedInstance": at(path, mock)},
    )


def move_end(twins: Twins) -> None:
    """ModifyInstance of a reference that is no key."""
    choose, namespace = twins.choose, twins.namespace()
    links = [each for each in twins.stored(namespace) if each.classname == "T_TripleLink"]
    if links:
        end = twins.random_path(namespace)
        if end.classname != "T_Nothing":  # the mock crashes on a reference into a class that it does not know
            link = at(choose.pick(links).path, [CIMProperty(choose.pick(["A", "B"]), end, type="reference")])
            twins.both("ModifyInstance", ModifiedInstance=link)


def at(path: CIMInstanceName, properties: list[CIMProperty]) -> CIMInstance:
    """Return an instance with a path; given together, pywbem would write the values of keys into the path."""
    instance = CIMInstance(path.classname, properties)
    instance.path = path
    return instance


def delete(twins: Twins) -> None:
    """DeleteInstance."""
    path = twins.random_path(twins.namespace())
    if twins.exists(path):
        _forget_referring(twins, path, path)
    twins.both("DeleteInstance", InstanceName=path)


def _forget_referring(twins: Twins, path: CIMInstanceName, deleted: CIMInstanceName) -> None:
    """OP-DI-2: our associations go with their ends, wherever they are; the mock leaves them dangling."""
    wanted, kept = (path_form(each, each.namespace) for each in (path, deleted))
    for namespace in NAMESPACES:
        for link in twins.stored(namespace):
            ends = [prop.value for prop in link.properties.values() if prop.type == "reference" and prop.value is not None]
            known = path_form(link.path, namespace)
            if known != kept and twins.exists(link.path) and any(path_form(end, namespace) == wanted for end in ends):
                twins.mock.cimrepository.get_instance_store(namespace).delete(link.path)
                _forget_referring(twins, link.path, deleted)


def get(twins: Twins) -> None:
    """GetInstance, with all parameters. K26: LocalOnly and IncludeQualifiers change nothing on either side."""
    choose = twins.choose
    path = twins.random_path(twins.namespace())
    cls = twins.resolved(path.namespace, path.classname)
    flags: dict[str, Any] = {
        name: choose.pick([None, True, False]) for name in ("LocalOnly", "IncludeQualifiers", "IncludeClassOrigin")
    }
    twins.both("GetInstance", InstanceName=path, PropertyList=property_list(twins, [cls] if cls else []), **flags)


def get_with_bad_keys(twins: Twins) -> None:
    """GetInstance with a wrong set of keys; K20: the mock does not find it, where we refuse the path."""
    choose = twins.choose
    path = twins.random_path(twins.namespace())
    if path.classname == "T_Nothing":
        return
    if choose.chance(2):
        del path.keybindings[choose.pick(list(path.keybindings))]
    path.keybindings["Another"] = "x"
    twins.both("GetInstance", InstanceName=path, codes={4: 6})


def property_list(twins: Twins, classes: list[CIMClass]) -> list[str] | None:
    """Return a property list, half the time none; with names that no class has (rule FL6)."""
    if twins.choose.chance(2):
        return None
    names = [name for cls in classes for name in cls.properties]
    return [twins.choose.spelt(name) for name in twins.choose.some([*names, "Unknown"])]


def enumerate_instances(twins: Twins) -> None:
    """EnumerateInstances and EnumerateInstanceNames, with all parameters."""
    choose, namespace = twins.choose, twins.namespace()
    classname = choose.pick([*twins.classes(namespace), "T_Nothing"])
    name = choose.spelt(classname)
    cls = twins.resolved(namespace, classname)
    twins.both(
        "EnumerateInstances",
        namespace,
        ClassName=name,
        LocalOnly=choose.pick([None, True, False]),
        DeepInheritance=choose.pick([None, True, False]),
        IncludeQualifiers=choose.pick([None, True, False]),
        IncludeClassOrigin=choose.pick([None, True, False]),
        PropertyList=property_list(twins, [cls] if cls else []),
    )
    twins.both("EnumerateInstanceNames", namespace, ClassName=name)


def nowhere(twins: Twins) -> None:
    """Operations in a namespace that does not exist."""
    operation = twins.choose.pick(["EnumerateInstances", "EnumerateInstanceNames", "EnumerateClassNames", "GetClass"])
    twins.both(operation, "root/nowhere", ClassName="T_Nothing")


STEPS: Final = [
    *([create_node] * 4),
    *([create_link] * 4),
    create_echo,
    create_far_link,
    *([modify] * 2),
    move_end,
    delete,
    *([get] * 2),
    get_with_bad_keys,
    enumerate_instances,
    nowhere,
]
