"""Extrinsic methods: what is checked before one runs, and the shape of what it returns (rules X2 to X18)."""

from collections.abc import Iterator
from typing import Any

import pytest
from pywbem import CIMError, CIMInstance, CIMInstanceName, CIMParameter

from cimsim.operations.call import RunState
from cimsim.operations.methods import Invocation
from cimsim.operations.pending import Pending
from cimsim.operations.perform import perform
from cimsim.operations.request import Argument, ClassName, ClassPath, ExtrinsicRequest
from cimsim.operations.results import MethodResult, Output
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.events import Change
from cimsim.world.instances import Instance
from cimsim.world.paths import InstancePath
from cimsim.world.transaction import Transaction
from cimsim.world.values import Malformed, Untyped

A = InstancePath("t_service", (("ID", Untyped("a")),))
B = InstancePath("T_SubService", (("Id", Untyped("b")),))


@pytest.fixture
def service(run: Any, cim: Any) -> Any:
    """The runner, with services: ``calls`` keeps the invocations, ``answer`` is what every method returns."""
    transaction = cim.transaction(
        cim.cls("T_Settings", cim.prop("Size", "uint8")),
        cim.cls("T_MoreSettings", of="T_Settings"),
        cim.cls(
            "T_Service",
            cim.prop("Id", "string", "Key"),
            cim.prop("Started", "boolean"),
            cim.method(
                "Change",
                "uint32",
                cim.parameter("Mode", "uint16"),
                cim.parameter("Codes", "uint8[]"),
                cim.parameter("Text", "string"),
                cim.parameter("Target", "reference", target="T_Service"),
                cim.parameter("Settings", "string", EmbeddedInstance="T_Settings"),
                cim.parameter("Both", "uint16", Out=True),
                cim.parameter("Job", "reference", target="T_Service", In=False, Out=True),
                cim.parameter("Names", "string[]", In=False, Out=True),
                cim.parameter("Made", "string", EmbeddedInstance="T_Settings", In=False, Out=True),
            ),
            cim.method("Need", "uint32", cim.parameter("Must", "string", Required=True)),
            cim.method("Create", "string", Static=True),
            cim.method("Idle", "uint32"),
            cim.method("List", "uint32", cim.parameter("All", "string[]", EmbeddedInstance="T_Settings", In=False, Out=True)),
        ),
        cim.cls("T_SubService", cim.method("Only", "uint32"), cim.method("Need", "uint32", Override="Need"), of="T_Service"),
    )
    transaction.create("T_Service", {"Id": "a"})
    transaction.create("T_SubService", {"Id": "b"})
    run.world = transaction.world
    run.calls = []
    run.answer = 0

    def implementation(call: Invocation) -> Any:
        run.calls.append(call)
        return run.answer(call) if callable(run.answer) else run.answer

    for method in ("change", "need", "create", "only", "list"):
        run.methods.found["t_service", method] = implementation
    return run


def test_arguments_are_typed_by_the_class(service: Any) -> None:  # X7, X8
    result = service.invoke(
        "CHANGE",
        A,
        mode=Untyped(" 0x10 "),
        Codes=[Untyped("1"), None],
        TEXT=Untyped("5"),
        Target=InstancePath("T_SUBSERVICE", (("id", Untyped("b")),), "ROOT/test", "any-name:5988"),  # X9
        Settings=InstanceData("t_moresettings", (PropertyData("size", "uint8", False, Untyped("7")),)),  # X10
        Both=None,
    )
    assert result == MethodResult(
        Output("ReturnValue", "uint32", False, 0),
        (
            Output("Both", "uint16", False, None),
            Output("Job", "reference", False, None),
            Output("Names", "string", True, None),
            Output("Made", "string", False, None, "instance"),
        ),
    )
    (call,) = service.calls
    settings = call.arguments["Settings"]
    assert {**call.arguments, "Settings": None} == {
        "Mode": 16,
        "Codes": (1, None),
        "Text": "5",
        "Target": InstancePath("T_SubService", (("Id", "b"),), "root/test"),
        "Settings": None,
        "Both": None,
    }
    assert (settings.classname, settings["Size"]) == ("T_MoreSettings", 7)
    assert (call.cls.name, call.target.key, call.method.name) == ("T_Service", ("a",), "Change")
    assert (call.transaction.namespace, call.transaction.now) == ("root/test", 1000.0)
    assert service.methods.asked == [("root/test", "change")]


def test_omitted_and_empty_arguments(service: Any) -> None:  # X7, X8
    service.invoke("Change", A, Codes=[])
    assert service.calls[0].arguments == {
        "Mode": None,
        "Codes": (),
        "Text": None,
        "Target": None,
        "Settings": None,
        "Both": None,
    }


@pytest.mark.parametrize(
    ("name", "value", "claimed"),
    [
        ("Mode", Untyped("1"), "uint16"),
        ("Mode", Untyped("1"), "UINT16"),
        ("Mode", None, "uint16"),
        ("Settings", InstanceData("T_Settings", ()), "string"),
        ("Settings", InstanceData("T_Settings", ()), "instance"),
        ("Settings", CIMInstance("T_Settings"), "object"),
        ("Target", A, "reference"),
        ("Target", CIMInstanceName("T_Service", {"Id": "a"}), None),
    ],
)
def test_claimed_types(service: Any, name: str, value: Any, claimed: str | None) -> None:  # X8, X10
    service.invoke("Change", A, Argument(name, value, claimed))
    assert len(service.calls) == 1


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([Argument("Mod", Untyped("1"))], "method T_Service.Change has no parameter Mod; did you mean Mode?"),
        ([Argument("Mode", Untyped("1")), Argument("MODE", Untyped("1"))], "parameter Mode of T_Service.Change is given twice"),
        ([Argument("Job", A)], "parameter Job of T_Service.Change is output only"),
        ([Argument("Mode", Untyped("1"), "uint32")], "parameter Mode of T_Service.Change is uint16, not uint32"),
        ([Argument("Codes", None, "uint16")], "parameter Codes of T_Service.Change is uint8[], not uint16"),
        ([Argument("Mode", Untyped("1"), "instance")], "parameter Mode of T_Service.Change is uint16, not instance"),
        ([Argument("Mode", Untyped("many"))], "parameter Mode of T_Service.Change: 'many' is not a uint16"),
        ([Argument("Mode", [])], "parameter Mode of T_Service.Change: uint16 expected, not an array"),
        ([Argument("Codes", Untyped("1"))], "parameter Codes of T_Service.Change: uint8[] expected, not a single value"),
        ([Argument("Text", Malformed("bad text"))], "parameter Text of T_Service.Change: bad text"),
        ([Argument("Codes", Malformed("bad array"))], "parameter Codes of T_Service.Change: bad array"),
        ([Argument("Target", Untyped("a"))], "parameter Target of T_Service.Change: 'a' is not a reference to an instance"),
        (
            [Argument("Target", ClassName("T_Service"))],
            "parameter Target of T_Service.Change: the name of class T_Service is not a reference to an instance",
        ),
        (
            [Argument("Target", InstanceData("T_Service", ()))],
            "parameter Target of T_Service.Change: an embedded object of class T_Service is not a reference to an instance",
        ),
        (
            [Argument("Text", ClassName("T_Service"))],
            "parameter Text of T_Service.Change: string expected, not the name of class T_Service",
        ),
        (
            [Argument("Mode", ClassPath("T_Service", "root/test"))],
            "parameter Mode of T_Service.Change: uint16 expected, not the path of class T_Service",
        ),
        ([Argument("Text", A)], 'parameter Text of T_Service.Change: string expected, not a reference to t_service.ID="a"'),
        (
            [Argument("Settings", A)],
            'parameter Settings of T_Service.Change: an embedded instance expected, not a reference to t_service.ID="a"',
        ),
        (
            [Argument("Codes", [CIMInstanceName("T_Service", {"Id": "a"})])],
            'parameter Codes of T_Service.Change: uint8 expected, not a reference to T_Service.Id="a"',
        ),
        (
            [Argument("Settings", InstanceData("T_Service", ()))],
            "parameter Settings of T_Service.Change: an embedded T_Settings expected, not T_Service",
        ),
        (
            [Argument("Text", InstanceData("T_Service", ()))],
            "parameter Text of T_Service.Change: string expected, not an embedded object of class T_Service",
        ),
    ],
)
def test_arguments_are_refused(service: Any, arguments: list[Argument], text: str | None) -> None:  # X7, X8
    found = service.refused(4, service.invoke, "Change", A, *arguments)
    assert text is None or found == text
    assert service.calls == []


def test_required_argument(service: Any) -> None:  # X7
    text = "parameter Must of T_Service.Need is required"
    assert service.refused(4, service.invoke, "Need", A) == text
    assert service.refused(4, service.invoke, "Need", A, Must=None) == text
    service.invoke("Need", A, must=Untyped(""))


@pytest.mark.parametrize(
    ("method", "target", "namespace", "code", "text"),
    [
        (
            "Nothing",
            ClassName("T_Nothing"),
            "root/tes",
            3,
            "no namespace root/tes; did you mean root/test? (there are: root/test)",
        ),
        ("Nothing", ClassName("T_Servise"), "root/test", 6, "no class T_Servise in root/test; did you mean T_Service?"),
        ("Nothing", InstancePath("T_Servise", (("Id", "a"),)), "root/test", 6, None),
        ("Nothing", InstancePath("T_Service", (("Id", "z"),)), "root/test", 6, 'no instance root/test:T_Service.Id="z"'),
        ("Nothing", InstancePath("T_Service", (("Id", "b"),)), "root/test", 6, None),  # G11
        ("Nothing", InstancePath("T_Service", (("Key", "a"),)), "root/test", 4, None),  # G10
        ("Chance", A, "root/test", 17, "class T_Service has no method Chance; did you mean Change?"),  # X3, Z6
        ("Only", A, "root/test", 17, "class T_Service has no method Only"),  # X3
        ("Only", ClassName("T_Service"), "root/test", 17, "class T_Service has no method Only"),  # X6
        ("Idle", A, "root/test", 16, "method T_Service.Idle is declared, but nothing here carries it out"),  # X4, K19
        (
            "Change",
            ClassName("T_Service"),
            "root/test",
            16,
            "method T_Service.Change is not static: call it on an instance",
        ),  # X5
    ],
)
def test_call_is_refused(service: Any, method: str, target: Any, namespace: str, code: int, text: str | None) -> None:  # X2
    found = service.refused(code, service.invoke, method, target, namespace=namespace)
    assert text is None or found == text


def test_bad_arguments_come_before_missing_implementation(service: Any) -> None:  # X2
    service.refused(4, service.invoke, "Idle", A, Nonsense=None)
    service.refused(4, service.invoke, "Change", ClassName("T_Service"), Nonsense=None)


def test_static_method_on_class_and_instance(service: Any) -> None:  # X5
    service.answer = "made"
    for target in (ClassName("T_SERVICE"), ClassName("T_SubService"), A, B):
        assert service.invoke("create", target).return_value == Output("ReturnValue", "string", False, "made")
    assert [call.target and call.target.key for call in service.calls] == [None, None, ("a",), ("b",)]


def test_definition_of_the_creation_class_counts(service: Any) -> None:  # X18
    service.invoke("Need", B)
    assert service.calls[0].cls.name == "T_SubService"
    assert service.calls[0].arguments == {}
    service.refused(4, service.invoke, "Need", B, Must=Untyped("x"))


def test_absolute_target(service: Any) -> None:  # G5
    def target(namespace: str, host: str | None = None) -> InstancePath:
        return InstancePath("T_Service", (("Id", "a"),), namespace, host)

    service.invoke("Change", target("root/TEST"))
    assert len(service.calls) == 1
    text = service.refused(4, service.invoke, "Change", target("root/other"))
    assert text == "the target of Change lies in namespace root/other, but the request is for root/test"
    text = service.refused(4, service.invoke, "Change", target("root/test", "somewhere"))
    assert text == "the target of Change must not name a host, such as somewhere"
    assert len(service.calls) == 1


def test_outputs_have_the_declared_shape(service: Any) -> None:  # X11 to X13, X15
    def answer(call: Invocation) -> Any:
        return 4096, {"JOB": call.target, "both": 7, "Names": ["x", None], "Made": InstanceData("T_Settings", ())}

    service.answer = answer
    result = service.invoke("Change", A)
    assert result.return_value == Output("ReturnValue", "uint32", False, 4096)  # X14
    both, job, names, made = result.outputs
    assert both == Output("Both", "uint16", False, 7)
    assert job == Output("Job", "reference", False, InstancePath("T_Service", (("Id", "a"),), "root/test"))
    assert names == Output("Names", "string", True, ("x", None))
    assert (made.name, made.embedded, made.value.classname) == ("Made", "instance", "T_Settings")


def test_stored_instance_as_embedded_output(service: Any) -> None:  # X17
    service.answer = lambda call: (0, {"Made": call.transaction.create("T_MoreSettings", {"Size": 3})})
    made = service.invoke("Change", A).outputs[-1]
    assert (made.value.classname, made.value["Size"]) == ("T_MoreSettings", 3)


def test_null_return_value(service: Any) -> None:  # X13
    service.answer = (None, {})
    assert service.invoke("Change", A).return_value == Output("ReturnValue", "uint32", False, None)


def test_a_provider_must_return_something(service: Any) -> None:
    service.answer = None
    assert service.refused(1, service.invoke, "Change", A) == "the provider of T_Service.Change returned nothing"
    assert service.refused(1, service.invoke, "Create", A) == "the provider of T_Service.Create returned nothing"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("zero", "a wrong ReturnValue: 'zero' is not a uint32"),
        (
            -1,
            "a wrong ReturnValue: -1 is out of the range of uint32 (0 to 4294967295)",
        ),
        ([0], "a wrong ReturnValue: uint32 expected, not an array"),
        ((0, {"Both": "x"}), "a wrong Both: 'x' is not a uint16"),
        (
            (0, {"Names": "x"}),
            "a wrong Names: string[] expected, not a single value",
        ),
        (
            (0, {"Nmaes": []}),
            "an unknown output parameter Nmaes; did you mean Names?",
        ),
        ((0, {"Size": 1}), "an unknown output parameter Size"),
    ],
)
def test_wrong_answers_are_the_providers_fault(service: Any, answer: Any, text: str) -> None:
    service.answer = answer
    found = service.refused(1, service.invoke, "Change", A)
    assert found == f"the provider of T_Service.Change returned {text}"


def test_changes_of_a_method_are_one_step(service: Any) -> None:  # G14
    def create_and_point(call: Invocation) -> Any:
        call.transaction.modify(call.target, Started=True)
        made = call.transaction.create("T_Service", {"Id": "made"})
        return 0, {"Job": made}

    service.answer = create_and_point
    result = service.invoke("Change", A)
    assert str(result.outputs[1].value) == 'root/test:T_Service.Id="made"'
    changes = [change.kind.value for change in service.outcome.changes if isinstance(change, Change)]
    assert changes == ["modified", "created"]
    assert service("GetInstance", InstanceName=A).instance["Started"] is True


@pytest.mark.parametrize("error", [CIMError(1, "not now"), RuntimeError("bug")])
def test_nothing_is_changed_when_a_method_raises(service: Any, error: Exception) -> None:  # G14
    def change_and_fail(call: Invocation) -> Any:
        call.transaction.modify(call.target, Started=True)
        call.transaction.delete(B)
        raise error

    service.answer = change_and_fail
    before = service.world
    with pytest.raises(type(error)):
        service.invoke("Change", A)
    assert service.world is before
    assert service("GetInstance", InstanceName=A).instance["Started"] is None


def test_wrong_answer_changes_nothing(service: Any) -> None:  # G14
    def change_and_answer_wrongly(call: Invocation) -> Any:
        call.transaction.modify(call.target, Started=True)
        return "done"

    service.answer = change_and_answer_wrongly
    service.refused(1, service.invoke, "Change", A)


def test_perform_takes_no_state_of_its_own(service: Any) -> None:
    """The same request on the same world gives the same outcome."""
    request = ExtrinsicRequest("Change", "root/test", A)
    first, second = (perform(service.world, request, service.methods, 0.0, service.policy) for _ in range(2))
    assert first.result == second.result
    assert first.world is second.world is service.world


def test_names_of_implementations_are_asked_folded(service: Any) -> None:
    service.refused(16, service.invoke, "IDLE", A, namespace="ROOT\\TEST")
    assert service.methods.asked[-1] == ("root/test", "idle")


def test_results_as_parameters_of_pywbem(service: Any) -> None:
    outputs = {"Both": CIMParameter("Both", "uint16", value=3), "names": CIMParameter("Names", "string", value=["a", None])}
    service.answer = (CIMParameter("ReturnValue", "uint32", value=7), outputs)
    result = service.invoke("Change", A)
    assert result.return_value == Output("ReturnValue", "uint32", False, 7)
    assert {each.name: each.value for each in result.outputs if each.value is not None} == {"Both": 3, "Names": ("a", None)}


def test_x9_the_host_of_a_reference_to_this_server_counts_for_nothing(service: Any) -> None:
    """A client may call this server by a name that nobody else knows."""
    service.invoke("Change", A, Target=InstancePath("T_Service", (("Id", Untyped("a")),), "root/test", "whoever"))
    assert service.calls[-1].arguments["Target"] == InstancePath("T_Service", (("Id", "a"),), "root/test")


class TestMethodsThatWorkInSteps:
    """Generator functions, which only read."""

    @pytest.fixture(autouse=True)
    def unreported(self, service: Any) -> None:
        service.state = RunState(reports_calls=False)

    @staticmethod
    def settings(call: Invocation, *sizes: int) -> list[Instance]:
        cls = call.transaction.cls("T_MoreSettings")
        return [Instance(cls, "root/test", (size,)) for size in sizes]

    def test_others_are_answered_whenever_it_yields(self, service: Any) -> None:
        done = []

        def answer(call: Invocation) -> Iterator[None]:
            done.append("begun")
            yield
            done.append("went on")
            yield
            return 3, {"Names": [each.key[0] for each in call.transaction.instances("T_Service")]}  # type: ignore[return-value]

        service.answer = answer
        pending = service.invoke("Change", A)
        before = service.world
        assert isinstance(pending, Pending)
        assert done == ["begun"]
        transaction = Transaction(service.world, "root/test")
        transaction.create("T_Service", {"Id": "later"})
        service.world = transaction.world
        assert not pending.advance()
        result = pending.completed()
        assert result.return_value.value == 3
        assert {each.name: each.value for each in result.outputs}["Names"] == ("a", "b")
        assert before is not service.world

    def test_a_short_one_has_its_result_at_once(self, service: Any) -> None:
        def answer(call: Invocation) -> Iterator[None]:
            yield from ()
            return 5  # type: ignore[return-value]

        service.answer = answer
        assert service.invoke("Change", A).return_value.value == 5

    @pytest.mark.parametrize(
        "act",
        [
            lambda transaction: transaction.modify(transaction.get(A), Started=True),
            lambda transaction: transaction.serial("number"),
            lambda transaction: transaction.indicate("T_Event", {}),
        ],
    )
    def test_it_cannot_change_anything(self, service: Any, act: Any) -> None:
        def answer(call: Invocation) -> Iterator[None]:
            yield
            act(call.transaction)
            return 0  # type: ignore[return-value]

        service.answer = answer
        text = service.refused(1, lambda: service.invoke("Change", A).completed())
        assert "T_Service.Change works in steps" in text

    def test_x12_a_long_output_of_embedded_objects_is_converted_in_steps(self, service: Any, cim: Any) -> None:
        def answer(call: Invocation) -> Iterator[None]:
            yield from ()
            return 0, {"All": self.settings(call, *range(25))}  # type: ignore[return-value]

        service.answer = answer
        pending = service.invoke("List", A)
        assert isinstance(pending, Pending)
        (output,) = pending.completed().outputs
        assert [each["Size"] for each in output.value] == list(range(25))
        assert {type(each) for each in output.value} == {CIMInstance}
        assert all(each.path is None for each in output.value)

    def test_x13_the_last_item_of_a_long_output_must_fit_as_well(self, service: Any) -> None:
        service.answer = lambda call: (0, {"All": [*self.settings(call, *range(25)), CIMInstance("T_Service", {"Id": "a"})]})
        assert "T_Settings" in service.refused(1, service.invoke, "List", A)
        service.answer = lambda call: (0, {"All": [*self.settings(call, 1), call.target]})
        assert "T_Settings" in service.refused(1, service.invoke, "List", A)

    def test_i19_its_call_is_reported_when_it_is_over(self, service: Any) -> None:
        def answer(call: Invocation) -> Iterator[None]:
            yield
            return 4  # type: ignore[return-value]

        service.answer = answer
        service.state = RunState(reports_calls=True)
        pending = service.invoke("Change", A)
        assert service.outcome.changes == ()
        reported = pending.completed()
        assert [(each.made, each.returned) for each in reported.events] == [(False, None), (True, 4)]
        assert reported.result.return_value.value == 4
