"""Fault rules: which requests they are for, on which of them they act, and what is refused."""

import itertools
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pywbem import CIMError

from cimsim.cimom.clock import Clock
from cimsim.cimom.fault_rule_parser import RuleError, parse_rule
from cimsim.cimom.fault_rules import CimFault, FaultRule, FaultRules
from cimsim.cimom.object_manager import Cimom
from cimsim.operations.request import Argument, ClassName, ExtrinsicRequest, IntrinsicRequest, Request
from cimsim.operations.results import MethodResult
from cimsim.providers.registry import ProviderRegistry
from cimsim.world.paths import InstancePath
from cimsim.world.world import World

A = InstancePath("T_Child", (("Id", "a"),))
B = InstancePath("T_Child", (("Id", "b"),))
GET_A = IntrinsicRequest("GetInstance", "root/test", (Argument("InstanceName", A),))
GET_B = IntrinsicRequest("GetInstance", "root/test", (Argument("InstanceName", B),))
RUN_A = ExtrinsicRequest("Run", "root/test", A, (Argument("Mode", 3),))


@pytest.fixture
def world(cim: Any) -> World:
    transaction = cim.transaction(
        cim.cls(
            "T_Thing",
            cim.prop("Id", "string", "Key"),
            cim.prop("Size", "uint32"),
            cim.method("Run", "uint32", cim.parameter("Mode", "uint16", In=True)),
        ),
        cim.cls("T_Child", of="T_Thing"),
    )
    transaction.create("T_Child", {"Id": "a", "Size": 7})
    transaction.create("T_Child", {"Id": "b", "Size": 8})
    world: World = transaction.world
    return world


@pytest.fixture
def cimom(world: World) -> Cimom:
    return Cimom(world, ProviderRegistry([]), Clock(1000.0), random=random.Random(1).randbytes)


@pytest.mark.parametrize(
    ("words", "fitting"),
    [
        ({"operation": "getinstance"}, "GET_A GET_B"),
        ({"operation": "GetClass"}, ""),
        ({"method": "run"}, "RUN_A"),
        ({"classname": "t_thing"}, "GET_A GET_B RUN_A"),
        ({"classname": "T_Child", "where": {"id": "a"}}, "GET_A RUN_A"),
        ({"where": {"Size": 8}}, "GET_B"),
        ({"where": {"Size": "8"}}, "GET_B"),
        ({"where": {"Nothing": 8}}, ""),
        ({"parameters": {"mode": 3}}, "RUN_A"),
        ({"parameters": {"Mode": 4}}, ""),
        ({"namespace": "ROOT/test"}, "GET_A GET_B RUN_A"),
        ({"namespace": "root/other"}, ""),
        ({"user": "ann"}, "GET_A GET_B RUN_A"),
        ({"user": "bob"}, ""),
        ({"protocol": "cim-xml"}, "GET_A GET_B RUN_A"),
        ({"protocol": "ws-man"}, ""),
        ({}, "GET_A GET_B RUN_A"),
    ],
    ids=str,
)
def test_a_rule_is_for_requests_that_meet_all_its_conditions(words: dict[str, Any], fitting: str, world: World) -> None:
    rule = parse_rule({**words, "error": 1})
    requests: dict[str, Request] = {"GET_A": GET_A, "GET_B": GET_B, "RUN_A": RUN_A}
    fits = [name for name, request in requests.items() if rule.fits(request, "ann", "cim-xml", world)]
    assert fits == fitting.split()


@given(skip=st.integers(0, 5), times=st.none() | st.integers(1, 5), every=st.integers(1, 4), asked=st.integers(0, 40))
def test_skip_every_and_times_choose_by_position(skip: int, times: int | None, every: int, asked: int) -> None:
    rules = FaultRules(lambda: 0.0)
    fault = rules.add(FaultRule(skip=skip, times=times, every=every, error=CimFault(1, "")))
    acted = [place for place in range(asked) if rules.acting(GET_A, None, "", World())]
    assert acted == list(itertools.islice(range(skip, asked, every), times))
    assert (fault.matched, fault.hits) == (asked, len(acted))


def test_probability_goes_by_the_seed() -> None:
    def acted(seed: int) -> list[bool]:
        rules = FaultRules(random.Random(seed).random)
        rules.add(parse_rule({"probability": 0.5, "error": 1}))
        return [rules.acting(GET_A, None, "", World()) is not None for _ in range(200)]

    assert acted(1) == acted(1) != acted(2)
    assert 60 < sum(acted(1)) < 140


def test_the_first_rule_that_acts_wins_and_a_removed_one_does_not() -> None:
    rules = FaultRules(lambda: 0.0)
    first = rules.add(parse_rule({"times": 1, "error": 1}))
    second = rules.add(parse_rule({"error": 2}))
    assert [rules.acting(GET_A, None, "", World()) for _ in range(2)] == [first, second]
    second.remove()
    second.remove()
    assert rules.acting(GET_A, None, "", World()) is None
    assert [each.number for each in rules] == [1]


def test_a_cim_error_has_its_text_and_its_instances(cimom: Cimom) -> None:
    cimom.faults.add(parse_rule({"method": "Run", "error": ["failed", "the guest is busy", [{"ErrorType": 4}]]}))
    with pytest.raises(CIMError) as refused:
        cimom.perform(RUN_A)
    assert (refused.value.status_code, refused.value.status_description) == (1, "the guest is busy")
    assert refused.value.instances[0]["ErrorType"] == 4
    assert cimom.acted is not None


def test_a_method_returns_what_a_rule_says(cimom: Cimom) -> None:
    cimom.faults.add(parse_rule({"method": "Run", "returns": 32768, "times": 1}))
    result = cimom.perform(RUN_A)
    assert isinstance(result, MethodResult)
    assert result.return_value.value == 32768


def test_an_expired_session_is_21(cimom: Cimom) -> None:
    opened: Any = cimom.perform(
        IntrinsicRequest(
            "OpenEnumerateInstances",
            "root/test",
            (Argument("ClassName", ClassName("T_Thing")), Argument("MaxObjectCount", 1)),
        )
    )
    cimom.faults.add(parse_rule({"operation": "PullInstancesWithPath", "expire": True}))
    pull = IntrinsicRequest(
        "PullInstancesWithPath",
        "root/test",
        (Argument("EnumerationContext", opened.context), Argument("MaxObjectCount", 1)),
    )
    with pytest.raises(CIMError) as refused:
        cimom.perform(pull)
    assert refused.value.status_code == 21


def test_what_eventing_asks_for_has_no_declared_parameters(world: World) -> None:
    assert (
        parse_rule({"operation": "Subscribe", "parameters": {"Expires": "PT1H"}, "error": 1}, [world]).operation == "Subscribe"
    )


@pytest.mark.parametrize(
    ("words", "field", "said"),
    [
        ({"metod": "Run", "error": 1}, "metod", "method"),
        ({"operation": "GetInstanse", "error": 1}, "operation", "GetInstance"),
        ({"classname": "T_Chilt", "error": 1}, "classname", "T_Child"),
        ({"method": "Runn", "error": 1}, "method", "Run"),
        ({"namespace": "root/tset", "error": 1}, "namespace", "root/test"),
        ({"error": "not_fund"}, "error", "not_found"),
        ({"error": 0}, "error", "number"),
        ({"error": 18}, "error", "17 method_not_found"),
        ({"where": {"Idd": 1}, "error": 1}, "where", "Id"),
        ({"classname": "T_Child", "where": {"Idd": 1}, "error": 1}, "where", "Id"),
        ({"method": "Run", "where": {"Idd": 1}, "error": 1}, "where", "Id"),
        ({"method": "Run", "parameters": {"Tim": 1}, "error": 1}, "parameters", "Tim"),
        ({"operation": "GetInstance", "parameters": {"LocalOny": 1}, "error": 1}, "parameters", "LocalOnly"),
        ({"parameters": {"PropertyLits": 1}, "error": 1}, "parameters", "PropertyList"),
        ({"method": "Run", "returns": [1, {"Jab": None}]}, "returns", "Jab"),
        ({"error": [1, 2]}, "error", "text"),
        ({"http": 99}, "http", "99"),
        ({"delay": "soon"}, "delay", "500ms"),
        ({"delay": -1}, "delay", "seconds"),
        ({"times": 0, "error": 1}, "times", "1"),
        ({"times": True, "error": 1}, "times", "True"),
        ({"skip": -1, "error": 1}, "skip", "0"),
        ({"probability": 2, "error": 1}, "probability", "0 to 1"),
        ({"reset": "later"}, "reset", "after"),
        ({"indication": "lots"}, "indication", "lost"),
        ({"protocol": "snmp", "error": 1}, "protocol", "ws-man"),
        ({"where": [1], "error": 1}, "where", "name"),
        ({"malformed": "yes"}, "malformed", "true"),
        ({"error": 1, "http": 500}, "http", "error"),
        ({"operation": "GetClass", "returns": 1}, "returns", "method"),
        ({"operation": "GetClass", "method": "Run", "error": 1}, "method", "not for both"),
        ({"method": "Run"}, "", "action"),
    ],
    ids=str,
)
def test_a_wrong_rule_is_refused_by_the_field_with_the_nearest(
    words: dict[str, Any], field: str, said: str, world: World
) -> None:
    with pytest.raises(RuleError) as refused:
        parse_rule(words, [world])
    assert refused.value.field == field
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "words",
    [
        {"method": "Run", "where": {"Id": "a"}, "times": 2, "error": [1, "busy"]},
        {"operation": "GetClass", "delay": "1.5s"},
        {"delay": ["uniform", "1s clock", "2s clock"], "probability": 0.25},
        {"http": [500, "request-not-valid"], "skip": 1, "every": 3},
        {"http": 503, "user": "ann", "protocol": "cim-xml"},
        {"method": "Run", "returns": [4096, {"Job": None}]},
        {"reset": "within", "trickle": 10},
        {"truncate": 0},
        {"indication": "lost", "length": -3, "stale": True},
    ],
    ids=str,
)
def test_what_a_rule_shows_reads_as_the_same_rule(words: dict[str, Any]) -> None:
    rule = parse_rule(words)
    assert parse_rule(rule.shown()) == rule


@pytest.mark.parametrize(
    ("delay", "least", "most"),
    [(0.5, 0.5, 0.5), ("250ms", 0.25, 0.25), (["uniform", 1, 2], 1, 2), (["normal", 1, "100ms"], 0.2, 1.8)],
    ids=str,
)
def test_a_delay_lies_where_the_rule_says(delay: Any, least: float, most: float) -> None:
    rules = FaultRules(random.Random(4).random)
    rule = parse_rule({"delay": delay})
    assert all(least <= rules.delay(rule) <= most for _ in range(100))


@pytest.mark.parametrize(("action", "operation"), [("Pull", "PullInstancesWithPath"), ("put", "ModifyInstance")])
def test_an_action_of_ws_management_is_refused_with_its_operation(action: str, operation: str) -> None:
    with pytest.raises(RuleError, match=f"names the operation: {operation}"):
        parse_rule({"operation": action, "http": 503})
