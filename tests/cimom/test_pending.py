"""Reads that take long are pending: others are answered meanwhile, and dropping or stopping ends them (rules SEC6, PL-40)."""

from typing import Any

import pytest
from pywbem import CIMError

from cimsim.cimom.authorization import Authorization, parse_grant
from cimsim.cimom.clock import Clock
from cimsim.cimom.object_manager import Cimom
from cimsim.operations.pending import Pending
from cimsim.operations.request import Argument, ClassName, IntrinsicRequest
from cimsim.quirks.profiles import Quirks
from cimsim.quirks.quirky_cimom import QuirkyCimom
from cimsim.world.transaction import Transaction
from cimsim.world.world import World

COUNT = 2_000
LONG = "SELECT * FROM T_Thing WHERE Text LIKE '%number%7' OR Text LIKE 'x%'"
NAMESPACE = "root/test"


class NoImplementations:
    def find(self, namespace: str, cls: Any, method: str) -> None:
        return None


@pytest.fixture(scope="module")
def world(cim: Any) -> World:
    world: World = cim.world(cim.cls("T_Thing", cim.prop("Id", "string", "Key"), cim.prop("Text", "string", "Write")))
    transaction = Transaction(world, NAMESPACE)
    for number in range(COUNT):
        transaction.create("T_Thing", {"Id": f"{number}", "Text": f"the number of this thing is {number}"})
    return transaction.world


@pytest.fixture
def cimom(world: World) -> Cimom:
    return Cimom(world, NoImplementations(), Clock(0.0), random=bytes)


def query(text: str = LONG, operation: str = "ExecQuery", **more: Any) -> IntrinsicRequest:
    given: dict[str, Any] = {"QueryLanguage": "WQL", "Query": text}
    if operation == "OpenQueryInstances":
        given = {"FilterQueryLanguage": "WQL", "FilterQuery": text}
    if operation == "OpenEnumerateInstances":
        given = {"ClassName": ClassName("T_Thing"), "FilterQueryLanguage": "DMTF:FQL", "FilterQuery": "Text LIKE '.*number.*7'"}
    return IntrinsicRequest(operation, NAMESPACE, tuple(Argument(*each) for each in {**given, **more}.items()))


def begun(cimom: Any, *arguments: Any, **more: Any) -> Pending[Any]:
    pending = cimom.start(query(*arguments, **more))
    assert isinstance(pending, Pending)
    return pending


def finish(pending: Pending[Any]) -> Any:
    while not pending.advance():
        pass
    return pending.finished()


def test_a_query_shows_the_world_as_it_was(cimom: Cimom) -> None:
    pending = begun(cimom)
    assert not pending.advance()

    def empty(transaction: Transaction) -> None:
        for each in transaction.instances("T_Thing"):
            transaction.delete(each)

    cimom.run(empty, NAMESPACE)
    assert len(finish(pending).instances) == COUNT // 10
    later: Any = cimom.perform(query())
    assert later.instances == []


def test_what_is_little_is_done_at_once(cimom: Cimom) -> None:
    assert not isinstance(cimom.start(query("SELECT * FROM T_Thing WHERE Id = '7'")), Pending)


@pytest.mark.parametrize("operation", ["OpenQueryInstances", "OpenEnumerateInstances"])
def test_the_session_of_a_pull_operation_is_opened_at_the_end(cimom: Cimom, operation: str) -> None:
    opened = finish(begun(cimom, operation=operation, MaxObjectCount=3))
    assert [each["Id"] for each in opened.instances] == ["7", "17", "27"]
    pull = "PullInstances" if operation == "OpenQueryInstances" else "PullInstancesWithPath"
    arguments = (Argument("EnumerationContext", opened.context), Argument("MaxObjectCount", 1000))
    rest: Any = cimom.perform(IntrinsicRequest(pull, NAMESPACE, arguments))
    assert len(rest.instances) == COUNT // 10 - 3


def test_pl_40_what_is_pending_ends_with_the_cimom(cimom: Cimom) -> None:
    pending = begun(cimom)
    cimom.stop()
    with pytest.raises(CIMError) as caught:
        pending.advance()
    assert caught.value.status_code == 28


def test_roles_hold_for_what_comes_late(world: World) -> None:
    access = Authorization([parse_grant("eve=read@root/test")])
    cimom = Cimom(world, NoImplementations(), Clock(0.0), random=bytes, authorization=access)
    pending = cimom.start(query(), "eve")
    assert isinstance(pending, Pending)
    assert len(finish(pending).instances) == COUNT // 10


def test_another_cimom_words_late_errors_as_its_own(cimom: Cimom) -> None:
    quirky = QuirkyCimom(cimom, Quirks(descriptions={28: "closing time"}))
    pending = begun(quirky)
    cimom.stop()
    with pytest.raises(CIMError) as caught:
        pending.advance()
    assert (caught.value.status_code, caught.value.status_description) == (28, "closing time")
    assert len(
        finish(begun(QuirkyCimom(Cimom(cimom.world, NoImplementations(), Clock(0.0), random=bytes), Quirks()))).instances
    )
