"""Embedded objects belong to the world: nobody changes them but through a transaction (rules G14, D24)."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pywbem import CIMClass, CIMError, CIMInstance, CIMProperty

from cimsim.operations.call import Policy
from cimsim.operations.methods import Invocation
from cimsim.operations.perform import perform
from cimsim.operations.request import Argument, ExtrinsicRequest, IntrinsicRequest, NamedInstance
from cimsim.providers.provider import Provider
from cimsim.providers.registry import ProviderBinding, ProviderRegistry
from cimsim.world.convert import InstanceData
from cimsim.world.errors import failed
from cimsim.world.instances import Instance
from cimsim.world.paths import InstancePath
from cimsim.world.schema import ResolvedClass
from cimsim.world.transaction import Transaction
from cimsim.world.world import World

PATH = InstancePath("T_Box", (("Id", "a"),))


@pytest.fixture
def world(cim: Any) -> World:
    transaction: Transaction = cim.transaction(
        cim.cls("T_Part", cim.prop("Size", "uint8"), cim.prop("Inner", "string", EmbeddedInstance="T_Part")),
        cim.cls(
            "T_Box",
            cim.prop("Id", "string", "Key"),
            cim.prop("Part", "string", "Write", EmbeddedInstance="T_Part"),
            cim.prop("Parts", "string[]", "Write", EmbeddedInstance="T_Part"),
            cim.prop("Any", "string", "Write", "EmbeddedObject"),
            cim.method(
                "Change", "uint32", cim.parameter("Part", EmbeddedInstance="T_Part"), cim.parameter("Any", EmbeddedObject=True)
            ),
        ),
    )
    part = CIMInstance("T_Part", properties=[CIMProperty("Inner", CIMInstance("T_Part", {"Size": _uint8(1)}))])
    a_class = CIMClass("T_Any", properties=[CIMProperty("Name", None, type="string")])
    transaction.create("T_Box", {"Id": "a", "Part": part, "Parts": [part, None], "Any": a_class})
    return transaction.world


def _uint8(value: int) -> Any:
    return CIMProperty("x", value, type="uint8").value


def spoil(value: Any) -> None:
    """Change an embedded object as deep as it goes."""
    if isinstance(value, CIMClass):
        value.properties["Name"].propagated = True
        value.properties["More"] = CIMProperty("More", None, type="string")
    elif value is not None:
        spoil(value.get("Inner"))
        value["Size"] = _uint8(99)


def box(world: World) -> Instance:
    return world.instance(PATH, world.namespace("root/test"))


def untouched(world: World) -> bool:
    """Whether the stored objects are as they were created."""
    _, part, parts, a_class = box(world).values
    sizes = [each["Inner"]["Size"] for each in (part, parts[0])]
    return (
        sizes == [1, 1]
        and part.get("Size") is parts[0].get("Size") is parts[1] is None
        and list(a_class.properties) == ["Name"]
        and not a_class.properties["Name"].propagated
    )


def read(instance: Instance) -> list[Any]:
    return [instance["Part"], *instance["PARTS"], instance["Any"]]


def read_whole(instance: Instance) -> list[Any]:
    whole = instance.to_cim()
    return [whole["Part"], *whole["Parts"], whole["Any"]]


@pytest.mark.parametrize("way", [read, read_whole])
def test_what_is_read_is_a_copy(world: World, way: Callable[[Instance], list[Any]]) -> None:  # G14
    found = way(box(world))
    assert [each and each.classname for each in found] == ["T_Part", "T_Part", None, "T_Any"]
    for value in found:
        spoil(value)
    assert untouched(world)


class Spoiler(Provider):
    """Changes all embedded objects that it gets hold of, before and after the plain step."""

    def Change(self, call: Invocation) -> Any:
        """Store the arguments, change them, and fail or not."""
        assert call.target is not None
        for value in read(call.target):
            spoil(value)
        if call.arguments["Part"] is None:
            raise failed("no part")
        call.transaction.modify(call.target, Part=call.arguments["Part"], Any=call.arguments["Any"])
        call.transaction.replace(call.target, call.transaction.typed(call.cls, {"Parts": [call.arguments["Part"], None]}))
        spoil(call.arguments["Part"])
        spoil(call.arguments["Any"])
        return 0

    def create_instance(self, transaction: Transaction, cls: ResolvedClass, properties: dict[str, Any]) -> Instance:
        """Create, then change what was given."""
        created = super().create_instance(transaction, cls, properties)
        spoil(properties["Part"])
        return created

    def modify_instance(self, transaction: Transaction, instance: Instance, properties: Mapping[str, Any]) -> None:
        """Store typed values, then change them."""
        typed = transaction.typed(instance.cls, properties)
        transaction.replace(instance, typed)
        for given in (properties["Part"], *properties["Parts"], *typed[2]):
            spoil(given)


def _part() -> CIMInstance:
    return CIMInstance("T_Part", properties=[CIMProperty("Inner", CIMInstance("T_Part", {"Size": _uint8(1)}))])


def _class() -> CIMClass:
    return CIMClass("T_Any", properties=[CIMProperty("Name", None, type="string")])


def _perform(world: World, request: Any) -> World:
    providers = ProviderRegistry([ProviderBinding("root/test", "T_Box", Spoiler({}))])
    return perform(world, request, providers, 0.0, Policy(), providers).world


def test_a_method_that_fails_leaves_embedded_objects_alone(world: World) -> None:  # G14
    with pytest.raises(CIMError, match="no part"):
        _perform(world, ExtrinsicRequest("Change", "root/test", PATH))
    assert untouched(world)


def test_arguments_of_a_method_are_its_own(world: World) -> None:  # G14
    arguments = (Argument("Part", InstanceData.of(_part())), Argument("Any", _class()))
    request = ExtrinsicRequest("Change", "root/test", PATH, arguments)
    assert untouched(_perform(world, request))
    # The codec keeps requests, so these must not change either.
    assert arguments == (Argument("Part", InstanceData.of(_part())), Argument("Any", _class()))


def test_hooks_cannot_change_what_they_stored(world: World) -> None:  # G14
    properties = [CIMProperty("Id", "b"), CIMProperty("Part", _part(), embedded_object="instance")]
    new = CIMInstance("T_Box", properties=properties)
    world = _perform(world, IntrinsicRequest("CreateInstance", "root/test", (Argument("NewInstance", new),)))
    path = InstancePath("T_Box", (("Id", "b"),))
    stored = world.instance(path, world.namespace("root/test"))
    assert stored["Part"] == _part()
    several = CIMProperty("Parts", [_part(), None], type="string", is_array=True, embedded_object="instance")
    modified = NamedInstance(path, InstanceData.of(CIMInstance("T_Box", properties=[*properties, several])))
    world = _perform(world, IntrinsicRequest("ModifyInstance", "root/test", (Argument("ModifiedInstance", modified),)))
    stored = world.instance(path, world.namespace("root/test"))
    assert (stored["Part"], stored["Parts"]) == (_part(), (_part(), None))


def test_classes_know_where_they_embed(world: World) -> None:
    namespace = world.namespace("root/test")
    assert namespace.cls("T_Box").embedded == {1, 2, 3}
    assert namespace.cls("T_Part").embedded == {1}
