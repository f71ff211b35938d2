"""Writing without the checks for clients: what is still refused, and that the index of associations stays right."""

from typing import Any

import pytest
from pywbem import CIM_ERR_ALREADY_EXISTS, CIM_ERR_INVALID_PARAMETER, CIMError

from cimsim.world import unvalidated
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.events import Change, ChangeKind
from cimsim.world.instances import Instance
from cimsim.world.paths import InstancePath
from cimsim.world.transaction import Transaction

NAMESPACE = "root/test"


@pytest.fixture
def transaction(cim: Any) -> Transaction:
    thing = cim.cls(
        "T_Thing",
        cim.prop("Id", "string", "Key"),
        cim.prop("Size", "uint8", value=3),
        cim.prop("Maker", "string", "Required"),
        flags=["Abstract"],
    )
    link = cim.cls("T_Link", cim.prop("Id", "string", "Key"), cim.ref("Left", "T_Thing"), flags=["Association"])
    made: Transaction = cim.transaction(thing, link)
    return made


def put(transaction: Transaction, classname: str, **properties: Any) -> Instance:
    given = tuple(PropertyData(name, None, False, value) for name, value in properties.items())
    return unvalidated.create(transaction, InstanceData(classname, given), NAMESPACE)


def path(ident: str) -> InstancePath:
    return InstancePath("T_Thing", (("Id", ident),), NAMESPACE)


def refused(code: int, run: Any, *arguments: Any, **named: Any) -> None:
    with pytest.raises(CIMError) as error:
        run(*arguments, **named)
    assert error.value.status_code == code


def test_an_abstract_class_has_instances_without_defaults_and_required_values(transaction: Transaction) -> None:
    assert put(transaction, "T_Thing", Id="a").values == ("a", None, None)
    refused(CIM_ERR_ALREADY_EXISTS, put, transaction, "T_Thing", Id="a")
    refused(CIM_ERR_INVALID_PARAMETER, put, transaction, "T_Thing", Size=1)
    refused(CIM_ERR_INVALID_PARAMETER, put, transaction, "T_Thing", Id="b", Size=256)


def test_references_may_lead_nowhere_and_are_followed_once_they_do_not(transaction: Transaction) -> None:
    link = put(transaction, "T_Link", Id="l", Left=path("a"))
    a, b = put(transaction, "T_Thing", Id="a"), put(transaction, "T_Thing", Id="b")
    assert transaction.references(a) == [link]
    changed = unvalidated.modify(transaction, link, {1: b.path})
    assert (transaction.references(a), transaction.references(b)) == ([], [changed])
    unvalidated.delete(transaction, b)
    assert transaction.get(changed) is changed
    unvalidated.delete(transaction, changed)
    assert not transaction.world.namespace(NAMESPACE).referrers


def test_changes_are_told_of(transaction: Transaction) -> None:
    thing = put(transaction, "T_Thing", Id="a", Maker="x")
    assert unvalidated.modify(transaction, thing, {0: "a", 2: "x"}) is thing
    refused(CIM_ERR_INVALID_PARAMETER, unvalidated.modify, transaction, thing, {0: "b"})
    changed = unvalidated.modify(transaction, thing, {2: None})
    unvalidated.delete(transaction, changed)
    assert transaction.changes == [
        Change(ChangeKind.CREATED, None, thing),
        Change(ChangeKind.MODIFIED, thing, changed),
        Change(ChangeKind.DELETED, changed, None),
    ]
