"""What differs between two worlds."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cimsim.cimom.world_diff import diff_worlds
from cimsim.world.transaction import Transaction

Things = dict[str, int]
things = st.dictionaries(st.sampled_from("abcde"), st.integers(0, 3))


def filled(transaction: Transaction, stored: Things) -> None:
    for name, size in stored.items():
        transaction.create("T_Thing", {"Id": name, "Size": size})


@given(before=things, after=things)
def test_a_diff_is_what_was_created_modified_and_deleted(cim: Any, before: Things, after: Things) -> None:
    base = cim.transaction(cim.cls("T_Thing", cim.prop("Id", "string", "Key"), cim.prop("Size", "uint32")))
    filled(base, before)
    old = base.world
    changed = Transaction(old, "root/test")
    for name in before:
        if name not in after:
            changed.delete(next(iter(changed.select("T_Thing", Id=name))))
        elif before[name] != after[name]:
            changed.modify(next(iter(changed.select("T_Thing", Id=name))), Size=after[name])
    filled(changed, {name: size for name, size in after.items() if name not in before})
    diff = diff_worlds(old, changed.world)
    assert {each["Id"] for each in diff.created} == after.keys() - before.keys()
    assert {each["Id"] for each in diff.deleted} == before.keys() - after.keys()
    assert {each.path["Id"]: each.changes for each in diff.modified} == {
        name: {"Size": (before[name], after[name])} for name in before.keys() & after.keys() if before[name] != after[name]
    }
    assert bool(diff) == (before != after)


def test_the_same_world_has_no_differences(cim: Any) -> None:
    transaction = cim.transaction(cim.cls("T_Thing", cim.prop("Id", "string", "Key")))
    assert not diff_worlds(transaction.world, transaction.world)
