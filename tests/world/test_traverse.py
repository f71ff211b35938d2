"""Following associations: roles, classes, self-associations, ternary ones, NULL ends, namespaces, and the cost of it all."""

from collections.abc import Iterator
from typing import Any

import pytest

from cimsim.world.instances import Instance
from cimsim.world.paths import Identity, InstancePath
from cimsim.world.transaction import Transaction
from cimsim.world.traverse import associated, referring
from cimsim.world.world import Namespace, World


def ids(instances: Any) -> list[str]:
    return [each["Id"] for each in instances]


def follow(transaction: Transaction, source: Instance, **filters: Any) -> list[str]:
    namespace = transaction.world.namespace("root/test")
    return ids(associated(transaction.world, namespace, source.identity, **filters))


@pytest.fixture
def boxes(transaction: Transaction) -> dict[str, Instance]:
    found = {each: transaction.create("T_Box", {"Id": each}) for each in "abcd"}
    found["e"] = transaction.create("T_BigBox", {"Id": "e"})
    return found


def test_roles_and_classes(transaction: Transaction, boxes: dict[str, Instance]) -> None:  # OP-AS-4, OP-AS-5
    a, b, c, e = (boxes[each] for each in "abce")
    transaction.create("T_Link", {"Left": a, "Right": b})
    transaction.create("T_StrongLink", {"Left": c, "Right": a})
    transaction.create("T_Link", {"Left": a, "Right": e})
    assert follow(transaction, a) == ["b", "c", "e"]
    assert follow(transaction, a, role="LEFT") == ["b", "e"]
    assert follow(transaction, a, role="right") == ["c"]
    assert follow(transaction, a, result_role="Left") == ["c"]
    assert follow(transaction, a, role="Left", result_role="Left") == []
    assert follow(transaction, a, role="Middle") == []
    assert follow(transaction, a, result_role="Middle") == []
    assert follow(transaction, a, association="t_link") == ["b", "c", "e"]
    assert follow(transaction, a, association="T_StrongLink") == ["c"]
    assert follow(transaction, a, association="T_Triple") == []
    assert follow(transaction, a, result_class="T_Thing") == ["b", "c", "e"]
    assert follow(transaction, a, result_class="t_bigbox") == ["e"]
    assert follow(transaction, b) == ["a"]
    assert follow(transaction, boxes["d"]) == []


def test_self_association(transaction: Transaction, boxes: dict[str, Instance]) -> None:  # OP-AS-6, K17
    a = boxes["a"]
    transaction.create("T_Link", {"Left": a, "Right": a})
    for filters in ({}, {"role": "Left"}, {"role": "Right"}, {"result_role": "Left"}, {"role": "Left", "result_role": "Right"}):
        assert follow(transaction, a, **filters) == ["a"]
    assert follow(transaction, a, role="Left", result_role="Left") == []


def test_ternary_association_yields_every_other_end(transaction: Transaction, boxes: dict[str, Instance]) -> None:  # OP-AS-5
    a, b, c = (boxes[each] for each in "abc")
    transaction.create("T_Triple", {"Id": "1", "A": a, "B": b, "C": c})
    assert follow(transaction, a) == ["b", "c"]
    assert follow(transaction, b) == ["a", "c"]
    assert follow(transaction, c, role="C", result_role="B") == ["b"]
    assert follow(transaction, a, role="B") == []


def test_ternary_association_with_the_source_twice(transaction: Transaction, boxes: dict[str, Instance]) -> None:
    a, b = boxes["a"], boxes["b"]
    transaction.create("T_Triple", {"Id": "1", "A": a, "B": a, "C": b})
    assert follow(transaction, a) == ["a", "b"]
    assert follow(transaction, a, role="A") == ["a", "b"]
    assert follow(transaction, a, role="A", result_role="C") == ["b"]
    assert follow(transaction, b) == ["a"]


def test_null_ends_are_passed_over(transaction: Transaction, boxes: dict[str, Instance]) -> None:  # OP-AS-7
    a, b = boxes["a"], boxes["b"]
    transaction.create("T_Triple", {"Id": "1", "A": a, "C": b})
    transaction.create("T_Triple", {"Id": "2", "A": a})
    assert follow(transaction, a) == ["b"]
    assert follow(transaction, a, result_role="B") == []


def test_each_instance_once(transaction: Transaction, boxes: dict[str, Instance]) -> None:  # OP-AS-7
    a, b = boxes["a"], boxes["b"]
    transaction.create("T_Link", {"Left": a, "Right": b})
    transaction.create("T_StrongLink", {"Left": a, "Right": b})
    transaction.create("T_Triple", {"Id": "1", "A": a, "B": b, "C": b})
    assert follow(transaction, a) == ["b"]


def test_other_end_in_another_namespace(transaction: Transaction, boxes: dict[str, Instance]) -> None:  # OP-AS-8
    a = boxes["a"]
    far = transaction.create("T_Box", {"Id": "far"}, "root/other")
    transaction.create("T_Link", {"Left": a, "Right": far})
    (found,) = transaction.associators(a)
    assert found.path == InstancePath("T_Box", (("Id", "far"),), "root/other")
    # The association is stored on one side only.
    assert transaction.associators(far) == []
    assert ids(associated(transaction.world, transaction.world.namespace("root/test"), far.identity)) == ["a"]


def test_referring(transaction: Transaction, boxes: dict[str, Instance]) -> None:
    a, b = boxes["a"], boxes["b"]
    link = transaction.create("T_Link", {"Left": a, "Right": b})
    strong = transaction.create("T_StrongLink", {"Left": b, "Right": a})
    namespace = transaction.world.namespace("root/test")
    assert list(referring(namespace, a.identity)) == [link, strong]
    assert list(referring(namespace, a.identity, association="T_STRONGLINK")) == [strong]
    assert list(referring(namespace, a.identity, role="left")) == [link]
    assert list(referring(namespace, b.identity, association="T_Link", role="LEFT")) == [strong]
    assert list(referring(namespace, b.identity, role="Middle")) == []


@pytest.mark.longer
@pytest.mark.parametrize("unrelated", [10, 10_000])
def test_cost_depends_on_what_is_found(things: World, monkeypatch: pytest.MonkeyPatch, unrelated: int) -> None:
    """AssociatorNames from one instance touches only its own associations, however many others are stored."""
    transaction = Transaction(things, "root/test")
    a, b, *others = [transaction.create("T_Box", {"Id": str(number)}) for number in range(102)]
    transaction.create("T_Link", {"Left": a, "Right": b})
    # A chain of the others, again and again, through ternary associations: none of them refers to a or b.
    for number in range(unrelated):
        ends = {"A": others[number % 100], "B": others[(number * 7 + 1) % 100]}
        transaction.create("T_Triple", {"Id": str(number), **ends})
    namespace = transaction.world.namespace("root/test")
    source = a.identity
    touched: list[object] = []
    links, find = Namespace.referring_to, World.find

    def count_links(self: Namespace, identity: Identity, classes: frozenset[str] | None = None) -> Iterator[Instance]:
        for each in links(self, identity, classes):
            touched.append(each)
            yield each

    def count_targets(self: World, identity: Identity) -> Instance | None:
        touched.append(identity)
        return find(self, identity)

    monkeypatch.setattr(Namespace, "referring_to", count_links)
    monkeypatch.setattr(World, "find", count_targets)
    assert associated(transaction.world, namespace, source) == [b]
    assert len(touched) == 2
