"""Two worlds that came of the same one, in one: nothing of either is lost, and what contradicts is a conflict."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pywbem import CIMClass

from cimsim.world.merge import MergeConflictError, merge
from cimsim.world.transaction import Transaction
from cimsim.world.world import World
from tests.examples import examples
from tests.world.test_transaction import check_index

Step = Callable[[Transaction], object]


def after(world: World, *steps: Step) -> World:
    transaction = Transaction(world, "root/test", 1000.0)
    for step in steps:
        step(transaction)
    return transaction.world


def create(name: str, namespace: str = "root/test", classname: str = "T_Box") -> Step:
    return lambda it: it.create(classname, {"Id": name}, namespace)


def label(name: str, text: str) -> Step:
    return lambda it: it.modify(next(it.select("T_Box", Id=name)), Label=text)


def delete(name: str) -> Step:
    return lambda it: it.delete(next(it.select("T_Box", Id=name)))


def link(left: str, right: str, namespace: str = "root/test") -> Step:
    def step(it: Transaction) -> object:
        ends = [next(it.select("T_Box", Id=name)).path for name in (left, right)]
        return it.create("T_Link", {"Left": ends[0], "Right": ends[1]}, namespace)

    return step


def plan(it: Transaction) -> object:
    return it.after(1, print)


def plan_for(name: str) -> Step:
    return lambda it: it.after(1, print, subjects=[next(it.select("T_Box", Id=name))])


@pytest.fixture
def base(things: World) -> World:
    return after(things, create("a"), create("b"), create("c"))


def contents(world: World) -> Any:
    return {
        (name, classname): {key: instance.values for key, instance in stored.items()}
        for name, namespace in world.namespaces.items()
        for classname, stored in namespace.instances.items()
        if stored
    }


def test_what_one_of_them_left_alone_is_taken_from_the_other(base: World) -> None:
    changed = after(base, label("a", "x"))
    assert merge(base, base, changed) is changed
    assert merge(base, changed, base) is changed


def test_instances_of_both_are_there_with_their_associations(base: World) -> None:
    ours = after(base, create("d"), link("b", "d"), create("o", "root/other"))
    theirs = after(base, label("a", "x"), delete("c"), create("e"), link("a", "e"), plan, lambda it: it.set_note("n", 1))
    merged = merge(base, ours, theirs)
    assert contents(merged) == contents(after(ours, label("a", "x"), delete("c"), create("e"), link("a", "e")))
    assert (len(merged.agenda.waits), merged.notes["n"]) == (1, 1)
    check_index(merged)


def test_a_new_namespace_and_new_classes_come_along(base: World) -> None:
    def declare(it: Transaction) -> None:
        it.create_namespace("root/new")
        it.create_class(CIMClass("T_New", superclass="T_Box"))
        it.create("T_New", {"Id": "new"})

    ours = after(base, declare)
    merged = merge(base, ours, after(base, label("a", "x"), create("d")))
    place = merged.namespace("root/test")
    assert {each["Id"]: each["Label"] for each in place.instances_of(place.cls("T_Box"))} == {
        "a": "x",
        "b": "none",
        "c": "none",
        "d": "none",
        "new": "none",
    }
    assert "root/new" in merged.namespaces
    gone = merge(base, ours, base.without_namespace("root/other"))
    assert sorted(gone.namespaces) == ["root/new", "root/test"]


NEW_CLASS: tuple[list[Step], list[Step]] = (
    [create("d")],
    [lambda it: it.create_class(CIMClass("T_New", superclass="T_Box"))],
)
CONFLICTS: list[tuple[list[Step], list[Step]]] = [
    ([create("d")], [create("d")]),
    ([label("a", "x")], [label("a", "y")]),
    ([label("a", "x")], [delete("a")]),
    ([delete("a")], [label("a", "x")]),
    ([link("a", "b")], [delete("a")]),
    ([link("a", "b", "root/other")], [delete("a")]),
    ([link("a", "b", "root/other")], [create("d"), delete("b")]),
    ([link("a", "b", "root/other"), create("d")], [delete("a")]),
    ([plan_for("a")], [delete("a")]),
    NEW_CLASS,
    ([plan], [plan]),
    ([lambda it: it.set_note("n", 1)], [lambda it: it.set_note("n", 2)]),
    ([lambda it: it.guid()], [lambda it: it.guid()]),
]


@pytest.mark.parametrize("turned", [False, True], ids=["", "turned"])
@pytest.mark.parametrize("number", range(len(CONFLICTS)))
def test_what_contradicts_is_a_conflict(base: World, number: int, turned: bool) -> None:
    ours, theirs = reversed(CONFLICTS[number]) if turned else CONFLICTS[number]
    if turned and CONFLICTS[number] is NEW_CLASS:
        # New classes of ours leave the instances of theirs as they are.
        assert merge(base, after(base, *ours), after(base, *theirs)).namespace("root/test").schema.get("t_new")
        return
    with pytest.raises(MergeConflictError):
        merge(base, after(base, *ours), after(base, *theirs))


def test_a_namespace_that_went_took_what_others_refer_to(base: World) -> None:
    ours = after(base, link("a", "b", "root/other"))
    with pytest.raises(MergeConflictError):
        merge(base, ours, base.without_namespace("root/test"))


def test_what_was_deleted_with_its_associations_is_gone_from_all_namespaces(base: World) -> None:
    base = after(base, link("a", "b", "root/other"), link("b", "c"))
    ours = after(base, create("d"), link("c", "d", "root/other"))
    merged = merge(base, ours, after(base, delete("a")))
    assert contents(merged) == contents(after(ours, delete("a")))
    check_index(merged)


@pytest.mark.parametrize(("first", "second"), [(1, True), (True, 1), (0, False), (1, 1.0), ((1,), (True,)), ([1], [True])])
def test_a_value_of_another_type_is_another_value(base: World, first: Any, second: Any) -> None:
    base = after(base, lambda it: it.set_note("n", first))
    merged = merge(base, after(base, lambda it: it.set_note("m", 1)), after(base, lambda it: it.set_note("n", second)))
    assert repr(merged.notes["n"]) == repr(second)
    assert merged.notes["m"] == 1


STEPS = st.lists(st.sampled_from(["create", "label", "delete"]), max_size=6)


@settings(max_examples=examples(10))
@given(mine=STEPS, others=STEPS)
def test_whatever_happens_to_different_instances_is_as_if_it_came_one_after_the_other(
    things: World, mine: list[str], others: list[str]
) -> None:
    def steps(who: str, words: list[str]) -> list[Step]:
        kinds: dict[str, Callable[[str], Step]] = {"create": create, "label": lambda name: label(name, who), "delete": delete}
        return [kinds[word](f"{who}{number}" if word == "create" else f"{who}-{number}") for number, word in enumerate(words)]

    base = after(things, *(create(f"{who}-{number}") for who in "mo" for number in range(6)))
    merged = merge(base, after(base, *steps("m", mine)), after(base, *steps("o", others)))
    assert contents(merged) == contents(after(base, *steps("m", mine), *steps("o", others)))
    check_index(merged)
