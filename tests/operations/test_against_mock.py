"""Random models and random operations, carried out by us and by pywbem_mock: results and status codes must agree.

Where the mock is no oracle (section 11 of the rules), the comment names the K rule, and the comparison maps or avoids it.
"""

from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pywbem import (
    CIMClass,
    CIMClassName,
    CIMDateTime,
    CIMError,
    CIMInstance,
    CIMInstanceName,
    CIMProperty,
    CIMQualifierDeclaration,
)
from pywbem_mock import FakedWBEMConnection

from cimsim.operations.call import Policy
from cimsim.operations.request import ClassName
from cimsim.operations.results import (
    ClassPaths,
    CreatedInstance,
    InstanceNames,
    NamedInstances,
    ObjectPaths,
    ObjectsWithPath,
    OneInstance,
)
from cimsim.world.instances import Instance
from cimsim.world.transaction import Transaction
from cimsim.world.values import INTEGER_RANGES

NAMESPACE = "root/test"
INTEGERS = {name: [0, 5, least, most] for name, (least, most) in INTEGER_RANGES.items()}
POOLS: dict[str, list[Any]] = {
    "string": ["", "text", "Text", " <é&> "],
    "char16": ["x", " "],
    "boolean": [True, False],
    "datetime": [
        CIMDateTime(text)
        for text in (
            "20240101120000.000000+000",
            "20240101120000.000000+060",
            "00000001000000.000000:000",
            "2024010112****.******-300",
        )
    ],
    "real32": [0.5, -1.0],
    "real64": [1e300, 0.1],
    **INTEGERS,
}
KEY_TYPES = ["string", "char16", "boolean", "datetime", "uint8", "sint16", "uint32", "sint64"]
PLAIN = sorted([*POOLS, *(f"{name}[]" for name in POOLS)])


def normal(value: Any) -> Any:
    """A value in a form that compares: paths without spelling, datetimes as text."""
    if isinstance(value, list | tuple):
        return tuple(normal(item) for item in value)
    if isinstance(value, CIMInstanceName):
        keys = frozenset((name.lower(), normal(key)) for name, key in value.keybindings.items())
        return (value.namespace or NAMESPACE, value.classname.lower(), keys)
    if isinstance(value, CIMDateTime):
        return str(value)
    if isinstance(value, float):
        return float(value)
    return value


def shown(instance: CIMInstance, path: CIMInstanceName | None) -> Any:
    """An instance with its path; NULL is left out, since the mock leaves out what was never set (K4)."""
    properties = {name.lower(): normal(each.value) for name, each in instance.properties.items() if each.value is not None}
    return instance.classname.lower(), path and normal(path), sorted(properties.items())


def in_any_order(items: Any) -> list[Any]:
    return sorted(items, key=repr)


def rendered(result: Any) -> Any:
    """Our result in the form of ``shown`` and ``normal``."""

    def one(instance: Instance, projection: Any, with_path: bool = True) -> Any:
        cim = instance.to_cim()
        path = cim.path if with_path else None
        if projection is not None:
            names = {instance.cls.properties[place].name for place in projection.places}
            for name in [name for name in cim.properties if name not in names]:
                del cim.properties[name]
        return shown(cim, path)

    match result:
        case OneInstance(instance, projection):
            return one(instance, projection, with_path=False)
        case NamedInstances(instances, projections) | ObjectsWithPath(instances, projections):
            return in_any_order(one(each, (projections or {}).get(each.cls)) for each in instances)
        case InstanceNames(instances) | ObjectPaths(instances):
            return in_any_order(normal(each.to_cim().path) for each in instances)
        case CreatedInstance(instance):
            return normal(instance.to_cim().path)
        case ClassPaths(_, classes):
            return sorted(cls.name.lower() for cls in classes)
    return None


def theirs(result: Any) -> Any:
    """The mock's result in the same form."""
    if isinstance(result, CIMInstance):
        return shown(result, None)
    if isinstance(result, CIMInstanceName):
        return normal(result)
    if isinstance(result, list):
        if result and isinstance(result[0], CIMClassName):
            return sorted(each.classname.lower() for each in result)
        return in_any_order(shown(each, each.path) if isinstance(each, CIMInstance) else normal(each) for each in result)
    return None


class Twins:
    """One model in both implementations, and random steps on it."""

    def __init__(self, cim: Any, run: Any, random: Random) -> None:
        self.cim, self.run, self.random = cim, run, random
        self.classes = self._model()
        self.mock = FakedWBEMConnection(default_namespace=NAMESPACE)
        scopes = dict.fromkeys(
            ("ANY", "CLASS", "ASSOCIATION", "REFERENCE", "PROPERTY", "METHOD", "PARAMETER", "INDICATION"), True
        )
        declared = [CIMQualifierDeclaration(name, "boolean", scopes=scopes) for name in ("Key", "Association", "Abstract")]
        self.mock.add_cimobjects(declared)
        transaction = Transaction(cim.world(), NAMESPACE)
        for cls in self.classes:
            self.mock.CreateClass(deepcopy(cls))
            transaction.create_class(cls)
        run.world = transaction.world
        run.policy = Policy(enforce_write=False)  # K5: the mock knows no Write qualifier
        self.nodes = [cls.classname for cls in self.classes if cls.classname.startswith("T_Node")]
        self.links = [cls.classname for cls in self.classes if "Link" in cls.classname]

    # Drawing

    def pick(self, items: Any) -> Any:
        return self.random.choice(list(items))

    def chance(self, one_in: int) -> bool:
        return self.random.randrange(one_in) == 0

    def some(self, items: Any, most: int = 4) -> list[Any]:
        known = list(items)
        return self.random.sample(known, self.random.randint(0, min(most, len(known))))

    def spelt(self, name: str) -> str:
        spelling: str = self.pick([name, name, name.upper(), name.lower()])
        return spelling

    def value(self, cim_type: str, null: bool = True) -> Any:
        base = cim_type.removesuffix("[]")
        if null and self.chance(5):
            return None
        if base == cim_type:
            return self.pick(POOLS[base])
        return [None if self.chance(6) else self.pick(POOLS[base]) for _ in range(self.pick(range(4)))]

    def _model(self) -> list[CIMClass]:
        """A tree of nodes with keys of several types, and associations between them."""
        cim = self.cim
        keys = [cim.prop(f"Key{number}", self.pick(KEY_TYPES), "Key") for number in range(self.pick([1, 1, 2, 3]))]
        classes = []
        for number in range(self.pick(range(1, 5))):
            types = self.some(PLAIN)
            properties = [
                cim.prop(f"P{number}{place}", each, value=self.value(each) if self.chance(3) else None)
                for place, each in enumerate(types)
            ]
            above = f"T_Node{self.pick(range(number))}" if number else None
            flags = ["Abstract"] if self.chance(6) else []
            classes.append(cim.cls(f"T_Node{number}", *([] if above else keys), *properties, of=above, flags=flags))
        some_node = self.pick(classes).classname
        ref = cim.ref
        return [
            *classes,
            cim.cls(
                "T_Link", ref("Left", "T_Node0", "Key"), ref("Right", "T_Node0", "Key"), cim.prop("Note"), flags=["Association"]
            ),
            cim.cls("T_SubLink", cim.prop("More", "uint8", value=3), of="T_Link", flags=["Association"]),
            cim.cls("T_OtherLink", ref("Left", "T_Node0", "Key"), ref("End", some_node, "Key"), flags=["Association"]),
            cim.cls(
                "T_TripleLink",
                cim.prop("Id", "uint8", "Key"),
                *(ref(name, "T_Node0") for name in ("A", "B", "C")),
                flags=["Association"],
            ),
        ]

    def resolved(self, classname: str) -> Any:
        return self.run.world.namespace(NAMESPACE).cls(classname)

    def instances(self) -> list[Instance]:
        return [each for stored in self.run.world.namespace(NAMESPACE).instances.all() for each in stored.all()]

    def path_of(self, instance: Instance) -> CIMInstanceName:
        """The path of an instance, its names spelt in any way."""
        path = instance.to_cim().path
        keys = [(self.spelt(name), value) for name, value in path.keybindings.items()]
        return CIMInstanceName(self.spelt(path.classname), keys, namespace=NAMESPACE)

    def random_path(self, missing: int = 6, nodes: bool = False) -> CIMInstanceName:
        """The path of an instance that is there; one in ``missing`` may be there, or is of no class."""
        known = [each for each in self.instances() if not nodes or not each.cls.association]
        if known and not self.chance(missing):
            return self.path_of(self.pick(known))
        if self.chance(4):
            return CIMInstanceName("T_Nothing", {"Id": "x"}, namespace=NAMESPACE)
        classname = self.pick(self.nodes)
        cls = self.resolved(classname)
        keys = {cls.properties[place].name: self.value(cls.properties[place].type, null=False) for place in cls.keys}
        return CIMInstanceName(classname, keys, namespace=NAMESPACE)

    def cim_property(self, prop: Any, value: Any) -> CIMProperty:
        return CIMProperty(self.spelt(prop.name), value, type=prop.type, is_array=prop.is_array)

    # Comparing

    def both(
        self, ours: Callable[[], Any], mock: Callable[[], Any], mapped: Callable[[int], int | None] = lambda code: code
    ) -> Any:
        """Run an operation on both sides; ``mapped`` turns our status code into the mock's, None when there it succeeds."""
        try:
            result = ours()
        except CIMError as error:
            code = mapped(error.status_code)
            if code is None:
                mock()
                return None
            with pytest.raises(CIMError) as refused:
                mock()
            assert refused.value.status_code == code, (error, refused.value)
            return None
        if not isinstance(result, ObjectPaths | ObjectsWithPath):
            assert rendered(result) == theirs(mock())
        return result

    # Steps

    def create_node(self) -> None:
        cls = self.resolved(self.pick(self.nodes))
        properties = []
        for prop in cls.properties:
            if prop.key:
                if not self.chance(20):
                    properties.append(self.cim_property(prop, self.value(prop.type, null=False)))
            elif self.chance(2):
                properties.append(self.cim_property(prop, self.value(f"{prop.type}[]" if prop.is_array else prop.type)))
        if self.chance(15):
            properties.append(CIMProperty("Nothing", 5, type="uint8"))
        elif self.chance(15) and cls.properties:
            wrong = CIMProperty(cls.properties[0].name, 5, type="sint32")
            properties = [each for each in properties if each.name.lower() != wrong.name.lower()]
            if cls.properties[0].type != "sint32":
                properties.append(wrong)
        self.create(self.spelt(cls.name), properties)

    def create_link(self) -> None:
        cls = self.resolved(self.pick(self.links))
        properties = []
        for prop in cls.properties:
            if prop.type == "reference":
                # K21 and OP-AS-7: both must exist; the mock cannot read a NULL end that is present, so C is left out at times.
                if prop.name != "C" or self.chance(2):
                    properties.append(CIMProperty(prop.name, self.random_path(20, nodes=True), type="reference"))
            elif prop.key or self.chance(2):
                properties.append(self.cim_property(prop, self.value(prop.type, null=not prop.key)))
        self.create(cls.name, properties)

    def create(self, classname: str, properties: list[CIMProperty]) -> None:
        cls = self.resolved(classname)
        if cls.abstract:  # K4: the mock creates instances of abstract classes
            self.run.refused(7, self.run, "CreateInstance", NewInstance=CIMInstance(classname, properties))
            return
        for each in properties:  # the mock crashes on a reference that lies in a class it does not know
            if isinstance(each.value, CIMInstanceName) and each.value.classname == "T_Nothing":
                self.run.refused(4, self.run, "CreateInstance", NewInstance=CIMInstance(classname, properties))
                return
        given = {each.name.lower() for each in properties}
        # K4: the mock gives no defaults.
        defaults = [
            CIMProperty(
                prop.name, list(prop.default) if prop.is_array else normal(prop.default), type=prop.type, is_array=prop.is_array
            )
            for prop in cls.properties
            if prop.default is not None and prop.name.lower() not in given
        ]
        self.both(
            lambda: self.run("CreateInstance", NewInstance=CIMInstance(classname, deepcopy(properties))),
            lambda: self.mock.CreateInstance(CIMInstance(cls.name, deepcopy(properties) + defaults), namespace=NAMESPACE),
        )

    def modify(self) -> None:
        path = self.random_path()
        cls = self.run.world.namespace(NAMESPACE).schema.get(path.classname)
        if cls is None:
            self.modify_both(at(path, []), at(path, []), None)
            return
        changeable = [prop for prop in cls.properties if prop.type != "reference"]
        properties = []
        for prop in self.some(changeable):
            value = self.value(f"{prop.type}[]" if prop.is_array else prop.type, null=not prop.key)
            if prop.key and not self.chance(4):
                value = path.keybindings[prop.name]
            properties.append(self.cim_property(prop, value))
        listed = None
        completed = list(properties)
        if self.chance(2):
            given = {each.name.lower(): each for each in properties}
            chosen = [prop for prop in self.some(changeable) if not prop.key or prop.name.lower() in given]
            listed = [self.spelt(prop.name) for prop in chosen]
            # The mock crashes on what is listed and not given when it has no default.
            completed += [
                CIMProperty(prop.name, default_of(prop), type=prop.type, is_array=prop.is_array)
                for prop in chosen
                if prop.name.lower() not in given
            ]
            if self.chance(10):
                listed.append("Nothing")
        self.modify_both(at(path, properties), at(path, completed), listed)

    def modify_both(self, ours: CIMInstance, mock: CIMInstance, listed: list[str] | None) -> None:
        path = normal(ours.path)
        exists = any(normal(each.to_cim().path) == path for each in self.instances())

        def mapped(code: int) -> int:
            return code if exists or code == 5 else 6  # G7: the mock looks for the instance before it checks the parameters

        if listed is not None and not exists:
            listed = None
        if exists and listed is not None and any(self.changes_an_unlisted_key(ours, listed)):
            return
        self.both(
            lambda: self.run("ModifyInstance", ModifiedInstance=deepcopy(ours), PropertyList=listed),
            lambda: self.mock.ModifyInstance(deepcopy(mock), PropertyList=listed),
            mapped,
        )

    def changes_an_unlisted_key(self, instance: CIMInstance, listed: list[str]) -> list[bool]:
        """OP-MI-3: what is given and not listed is left alone, a key too; the mock refuses it."""
        cls = self.resolved(instance.classname)
        names = {name.lower() for name in listed}
        return [cls.find(name).key and name.lower() not in names for name in instance.properties]

    def move_end(self) -> None:
        links = [each for each in self.instances() if each.cls.name == "T_TripleLink"]
        if not links:
            return
        link = self.pick(links)
        end = CIMProperty(self.pick(["A", "B"]), self.random_path(), type="reference")
        if end.value.classname == "T_Nothing":
            return
        instance = at(link.to_cim().path, [end])
        self.both(
            lambda: self.run("ModifyInstance", ModifiedInstance=deepcopy(instance)),
            lambda: self.mock.ModifyInstance(deepcopy(instance)),
        )

    def delete(self) -> None:
        path = self.random_path()
        before = self.run.world

        def mock() -> None:
            # OP-DI-2: our associations go with their ends; the mock leaves them dangling.
            if self.run.world is not before:
                for change in self.run.outcome.changes[:-1]:
                    self.mock.DeleteInstance(change.before.to_cim().path)
            self.mock.DeleteInstance(deepcopy(path))

        self.both(lambda: self.run("DeleteInstance", InstanceName=deepcopy(path)), mock)

    def get(self) -> None:
        path = self.random_path()
        cls = self.run.world.namespace(NAMESPACE).schema.get(path.classname)
        listed = self.property_list([cls] if cls else [])
        self.both(
            lambda: self.run("GetInstance", InstanceName=path, PropertyList=listed),
            lambda: self.mock.GetInstance(deepcopy(path), PropertyList=listed),
        )

    def get_with_bad_keys(self) -> None:
        path = self.random_path()
        if path.classname == "T_Nothing":
            return
        name = self.pick(list(path.keybindings))
        if self.chance(2):
            del path.keybindings[name]
        path.keybindings["Another"] = "x"
        self.both(
            lambda: self.run("GetInstance", InstanceName=path),
            lambda: self.mock.GetInstance(deepcopy(path)),
            {4: 6}.__getitem__,  # K20
        )

    def property_list(self, classes: list[Any]) -> list[str] | None:
        names = [prop.name for cls in classes for prop in cls.properties]
        if self.chance(2):
            return None
        return [*(self.spelt(name) for name in self.some([*names, "Unknown"]))]

    def enumerate(self) -> None:
        classname = self.pick([*self.nodes, *self.links, "T_Nothing"])
        name = self.spelt(classname)
        deep = self.pick([True, False])
        space = self.run.world.namespace(NAMESPACE)
        cls = space.schema.get(classname)
        listed = self.property_list(list(space.schema.closure(cls)) if cls else [])
        self.both(
            lambda: self.run("EnumerateInstances", ClassName=ClassName(name), DeepInheritance=deep, PropertyList=listed),
            lambda: self.mock.EnumerateInstances(name, namespace=NAMESPACE, DeepInheritance=deep, PropertyList=listed),
        )
        self.both(
            lambda: self.run("EnumerateInstanceNames", ClassName=ClassName(name)),
            lambda: self.mock.EnumerateInstanceNames(name, namespace=NAMESPACE),
        )

    def elsewhere(self) -> None:
        self.both(
            lambda: self.run("EnumerateInstanceNames", "root/nowhere", ClassName=ClassName("T_Nothing")),
            lambda: self.mock.EnumerateInstanceNames("T_Nothing", namespace="root/nowhere"),
        )

    def follow(self) -> None:
        path = self.random_path(15, nodes=True)
        classes = [*[None] * 20, "T_Nothing", *self.nodes, *self.links]
        association, result = self.pick(classes), self.pick(classes)
        roles = [*[None] * 16, "Left", "right", "END", "A", "b", "C", "Nowhere"]
        role, result_role = self.pick(roles), self.pick(roles)
        association = association and self.spelt(association)
        result = result and self.spelt(result)
        listed = self.property_list([self.resolved(name) for name in self.nodes])
        filters = {"AssocClass": association, "ResultClass": result, "Role": role, "ResultRole": result_role}
        source = normal(path)

        def check(operation: str, mock: Callable[[], Any], given: dict[str, Any]) -> None:
            arguments = {name: ClassName(value) if value and "Class" in name else value for name, value in given.items()}
            found = self.both(
                lambda: self.run(operation, ObjectName=path, **arguments),
                mock,
                lambda code: None if code == 6 else code,  # K16: a missing source has no associations there
            )
            if found is None:
                return
            ours = rendered(found)
            if operation.startswith("Assoc"):  # K17: the mock never returns the source itself
                ours = [each for each in ours if source not in (each, each[1])]
            assert ours == theirs(mock())

        check("AssociatorNames", lambda: self.mock.AssociatorNames(deepcopy(path), **filters), filters)
        check(
            "Associators",
            lambda: self.mock.Associators(deepcopy(path), PropertyList=listed, **filters),
            {**filters, "PropertyList": listed},
        )
        fewer = {"ResultClass": association, "Role": role}
        check("ReferenceNames", lambda: self.mock.ReferenceNames(deepcopy(path), **fewer), fewer)
        check("References", lambda: self.mock.References(deepcopy(path), **fewer), fewer)

    def follow_class(self) -> None:
        """K16: associated classes are matched by the declared class only, so only the referring ones compare."""
        source = self.pick([*self.nodes, "T_Nothing"])
        result = self.pick([None, *self.links, "T_Nothing"])
        role = self.pick([None, "Left", "end", "A", "Nowhere"])
        self.both(
            lambda: self.run(
                "ReferenceNames", ObjectName=ClassName(source), ResultClass=result and ClassName(result), Role=role
            ),
            lambda: self.mock.ReferenceNames(CIMClassName(source, namespace=NAMESPACE), ResultClass=result, Role=role),
        )


def at(path: CIMInstanceName, properties: list[CIMProperty]) -> CIMInstance:
    """An instance with a path; given together, pywbem would write the values of keys into the path."""
    instance = CIMInstance(path.classname, properties)
    instance.path = path
    return instance


def default_of(prop: Any) -> Any:
    if prop.default is None:
        return None
    return list(normal(prop.default)) if prop.is_array else normal(prop.default)


STEPS = [
    *([Twins.create_node] * 4),
    *([Twins.create_link] * 4),
    *([Twins.modify] * 2),
    Twins.move_end,
    Twins.delete,
    *([Twins.get] * 2),
    Twins.get_with_bad_keys,
    Twins.enumerate,
    *([Twins.follow] * 3),
    Twins.follow_class,
    Twins.elsewhere,
]


@settings(max_examples=120)
@given(random=st.randoms(use_true_random=True), steps=st.lists(st.sampled_from(STEPS), min_size=30, max_size=40))
def test_we_and_the_mock_agree(
    cim: Any, runner: Callable[[], Any], random: Random, steps: list[Callable[[Twins], None]]
) -> None:
    """Many choices in each step: they come from a generator that hypothesis seeds, so that it need not draw each of them."""
    twins = Twins(cim, runner(), random)
    for _ in range(5):
        twins.create_node()
    for step in steps:
        step(twins)
    stored = in_any_order(shown(each.to_cim(), each.to_cim().path) for each in twins.instances())
    expected = [
        each
        for classname in ("T_Node0", "T_Link", "T_OtherLink", "T_TripleLink")
        for each in twins.mock.EnumerateInstances(classname, namespace=NAMESPACE)
    ]
    assert stored == theirs(expected)
