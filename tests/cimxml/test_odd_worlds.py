"""Whatever a world holds, an answer is XML: property-based over declarations and values that nobody in his senses makes."""

from collections.abc import Iterator
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from lxml import etree
from msgspec.structs import replace
from pywbem import (
    CIMClass,
    CIMError,
    CIMInstance,
    CIMInstanceName,
    CIMMethod,
    CIMParameter,
    CIMProperty,
    CIMQualifier,
    CIMQualifierDeclaration,
)

from cimsim.cimxml.encode.encoder import Encoder
from cimsim.cimxml.encode.error_writer import ErrorInstances
from cimsim.cimxml.message import Message
from cimsim.operations.call import Policy
from cimsim.operations.perform import perform
from cimsim.operations.request import Argument, ClassName, IntrinsicRequest
from cimsim.operations.results import MethodResult, Output, Pulled
from cimsim.operations.session_commands import OpenSession
from cimsim.world.instance_storage import with_instance
from cimsim.world.instances import Instance
from cimsim.world.paths import InstancePath
from cimsim.world.schema import ResolvedClass, resolve
from cimsim.world.transaction import Transaction
from cimsim.world.values import SCALAR_TYPES, DateTime
from cimsim.world.world import World
from tests.replies.check import check_reply

NAMESPACE = "root/odd"
# To shrink what is made of so many parts takes minutes.
odd = settings(max_examples=30, deadline=None, phases=(Phase.explicit, Phase.generate))


class Unprintable:
    """Code of somebody else."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __repr__(self) -> str:
        return "unprintable"


TYPES = st.sampled_from([*sorted(SCALAR_TYPES), "reference"])
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(
        [
            "\x00<&>\ud800",
            "A",
            "T_Odd",
            "20250102030405.000000+000",
            b"bytes",
            object(),
            Unprintable(),
            DateTime("00000000000000.000000:000"),
            InstancePath("T_Odd", (("Id", "\x01"),), NAMESPACE),
            CIMInstanceName("T_Odd", {"Id": "1"}),
            CIMInstance("T_Odd", {"Id": "1"}),
            CIMClass("T_Odd"),
        ]
    ),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3))
NAMES = st.sampled_from(["Key", "Description", "Override", "EmbeddedInstance", "EmbeddedObject", "Association", "In", "Odd"])


class NoMethods:
    """No method does anything."""

    def find(self, namespace: str, cls: ResolvedClass, method: str) -> None:
        """Return nothing."""


def _set(element: Any, name: str, value: Any) -> Any:
    """Give an attribute a value behind the back of pywbem, which converts what its setters get."""
    setattr(element, f"_{name}", value)
    return element


@st.composite
def qualifiers(draw: st.DrawFn) -> list[CIMQualifier]:
    made = []
    for name in draw(st.lists(NAMES, max_size=2, unique=True)):
        qualifier = CIMQualifier(name, None, type="string")
        qualifier = _set(_set(qualifier, "type", draw(TYPES)), "value", draw(VALUES))
        made.append(qualifier)
    return made


@st.composite
def classes(draw: st.DrawFn) -> CIMClass:
    prop = CIMProperty("Odd", None, type="string", is_array=draw(st.booleans()), qualifiers=draw(qualifiers()))
    prop = _set(_set(prop, "type", draw(TYPES)), "value", draw(VALUES))
    parameter = CIMParameter("Odd", "string", is_array=draw(st.booleans()), qualifiers=draw(qualifiers()))
    parameter = _set(parameter, "type", draw(TYPES))
    method = CIMMethod("Odd", return_type="uint8", parameters=[parameter], qualifiers=draw(qualifiers()))
    key = CIMProperty("Id", None, type="string", qualifiers=[CIMQualifier("Key", True)])
    return CIMClass("T_Odd", properties=[key, prop], methods=[method], qualifiers=draw(qualifiers()))


@st.composite
def declarations(draw: st.DrawFn) -> CIMQualifierDeclaration:
    made = CIMQualifierDeclaration(draw(NAMES), "string", is_array=draw(st.booleans()), scopes={"ANY": True})
    return _set(_set(made, "type", draw(TYPES)), "value", draw(VALUES))


def _requests() -> Iterator[IntrinsicRequest]:
    name = Argument("ClassName", ClassName("T_Odd"))
    everything = Argument("LocalOnly", False), Argument("IncludeClassOrigin", True)
    path = Argument("InstanceName", InstancePath("T_Odd", (("Id", "1"),)))
    yield IntrinsicRequest("GetClass", NAMESPACE, (name, *everything))
    yield IntrinsicRequest("EnumerateClasses", NAMESPACE, everything)
    yield IntrinsicRequest("EnumerateClassNames", NAMESPACE)
    yield IntrinsicRequest("EnumerateQualifiers", NAMESPACE)
    yield IntrinsicRequest("EnumerateInstances", NAMESPACE, (name,))
    yield IntrinsicRequest("EnumerateInstanceNames", NAMESPACE, (name,))
    yield IntrinsicRequest("GetInstance", NAMESPACE, (path,))
    yield IntrinsicRequest("GetInstance", NAMESPACE, (path, Argument("PropertyList", ["Odd"])))
    yield IntrinsicRequest("OpenEnumerateInstances", NAMESPACE, (name, Argument("MaxObjectCount", 10)))


def _replies(world: World) -> Iterator[bytes]:
    for request in _requests():
        try:
            result: Any = perform(world, request, NoMethods(), 0.0, Policy()).result
        except CIMError as error:
            result = error
        if isinstance(result, OpenSession):
            result = Pulled(result.form, result.instances, result.projections, None)
        message = Message("1", request)
        yield b"".join(b"".join(batch) for batch in Encoder("h").encode(message, result))


@odd
@given(classes(), declarations(), VALUES)
def test_what_a_transaction_takes_is_answered_by_the_rules(
    declared: CIMClass, declaration: CIMQualifierDeclaration, value: Any
) -> None:
    transaction = Transaction(World())
    transaction.create_namespace(NAMESPACE)
    for step in (
        lambda: transaction.set_qualifier(declaration, NAMESPACE),
        lambda: transaction.create_class(declared, NAMESPACE),
        lambda: transaction.create("T_Odd", {"Id": "1", "Odd": value}, NAMESPACE),
        lambda: transaction.create("T_Odd", {"Id": "2"}, NAMESPACE),
    ):
        try:
            step()
        except CIMError:
            continue
    for reply in _replies(transaction.world):
        check_reply(reply)


@odd
@given(classes(), declarations(), st.one_of(TYPES, st.just("strin")), VALUES, VALUES)
def test_what_bypasses_every_check_is_answered_all_the_same(
    declared: CIMClass, declaration: CIMQualifierDeclaration, cim_type: str, value: Any, key: Any
) -> None:
    transaction = Transaction(World())
    transaction.create_namespace(NAMESPACE)
    sound = CIMClass(
        "T_Odd",
        properties=[
            CIMProperty("Id", None, type="string", qualifiers=[CIMQualifier("Key", True)]),
            CIMProperty("Odd", None, type="string"),
        ],
    )
    cls = transaction.create_class(sound, NAMESPACE)
    odd = resolve(sound, None)
    odd.properties = (odd.properties[0], replace(odd.properties[1], type=cim_type))
    odd.declared = declared
    namespace = transaction.world.namespace(NAMESPACE)
    classes_of_schema = namespace.schema._classes.set(cls.folded, odd)
    namespace.schema._classes = classes_of_schema
    namespace = replace(namespace, qualifiers=namespace.qualifiers.set("odd", declaration))
    instance = Instance(odd, NAMESPACE, ("1", value))
    instance.values = (key, value)
    world = with_instance(transaction.world.with_namespace(namespace), instance)
    for reply in _replies(world):
        etree.fromstring(reply)


@odd
@given(TYPES, VALUES, st.booleans(), st.sampled_from([None, "instance", "object"]))
def test_outputs_and_errors_of_providers(cim_type: str, value: Any, is_array: bool, embedded: str | None) -> None:
    encoder = Encoder("h", null_outputs=True, error_instances=ErrorInstances.ALL)
    output = Output("Odd", cim_type, is_array, value, embedded)
    prop = _set(CIMProperty("Odd", None, type="string"), "value", value)
    error = CIMError(1, "odd", instances=[CIMInstance("CIM_Error", [_set(prop, "type", cim_type)])])
    message = Message("1", IntrinsicRequest("GetInstance", NAMESPACE))
    for result in (MethodResult(output, (output,)), error):
        etree.fromstring(b"".join(b"".join(batch) for batch in encoder.encode(message, result)))
