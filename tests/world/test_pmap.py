"""The persistent map against a plain dictionary: same content, same order, and no version ever changes."""

from collections.abc import Hashable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cimsim.world.pmap import PersistentMap

KEYS = st.integers(0, 60)
STEPS = st.lists(st.tuples(st.sampled_from(["set", "delete"]), KEYS, st.integers(0, 5)), max_size=200)


def check_equal(mapping: PersistentMap[int, int], model: dict[int, int]) -> None:
    assert list(mapping) == list(model)
    assert mapping.all() == list(mapping.iterate()) == list(model.values())
    assert list(mapping.items()) == list(model.items())
    assert len(mapping) == len(model)
    assert bool(mapping) == bool(model)
    assert mapping == model


@given(start=st.dictionaries(KEYS, st.integers(0, 5)), steps=STEPS)
def test_any_sequence_equals_a_dictionary(start: dict[int, int], steps: list[tuple[str, int, int]]) -> None:
    mapping = PersistentMap(dict(start))
    model = dict(start)
    versions = [(mapping, dict(model))]
    for step, key, value in steps:
        if step == "set":
            mapping = mapping.set(key, value)
            model[key] = value
        elif key in model:
            mapping = mapping.delete(key)
            del model[key]
        else:
            with pytest.raises(KeyError):
                mapping.delete(key)
        assert (key in mapping) == (key in model)
        assert mapping.get(key, -1) == model.get(key, -1)
        versions.append((mapping, dict(model)))
    for version, expected in versions[:: max(1, len(versions) // 20)]:
        check_equal(version, expected)
    check_equal(mapping, model)
    for version, expected in versions[:: max(1, len(versions) // 20)]:
        changed = list(mapping.changed_since(version))
        assert len(changed) == len(set(changed))
        different = {key for key in {*expected, *model} if expected.get(key) is not model.get(key)}
        assert set(changed) == different
        new = [key for key in changed if key not in expected]
        assert changed[len(changed) - len(new) :] == new == [key for key in model if key not in expected]


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 18, 400])
def test_deleted_and_added_again_comes_last(size: int) -> None:
    mapping = PersistentMap(dict.fromkeys(range(size), "old"))
    mapping = mapping.set(-1, "first").set(-2, "second").delete(-1).set(-1, "again")
    assert list(mapping)[-2:] == [-2, -1]
    if size:
        mapping = mapping.delete(0).set(0, "again")
        assert list(mapping)[-1] == 0
        assert mapping[0] == "again"


def test_replaced_value_keeps_its_place() -> None:
    mapping = PersistentMap({"a": 1, "b": 2}).set("c", 3)
    assert list(mapping.set("a", 9).set("c", 8).items()) == [("a", 9), ("b", 2), ("c", 8)]


def test_place_is_kept_when_changes_are_folded_into_a_new_base() -> None:
    mapping: PersistentMap[Hashable, int] = PersistentMap({n: n for n in range(50)})
    mapping = mapping.delete(7).set(3, -3)
    for n in range(100, 200):
        mapping = mapping.set(n, n)
    assert list(mapping) == [n for n in range(50) if n != 7] + list(range(100, 200))
    assert mapping[3] == -3
    assert 7 not in mapping


def test_emptied_map_is_false_and_can_be_filled_again() -> None:
    mapping = PersistentMap({"a": 1}).delete("a")
    assert not mapping
    assert mapping.all() == []
    assert mapping.set("a", 2) == {"a": 2}


def test_missing_key() -> None:
    mapping = PersistentMap({"a": None})
    assert mapping.get("a", "default") is None
    assert "a" in mapping
    for missing in ("b", "c"):
        with pytest.raises(KeyError):
            mapping[missing]
    with pytest.raises(KeyError):
        mapping.delete("a").delete("a")


def test_representation_shows_the_content() -> None:
    assert repr(PersistentMap({"a": 1}).set("b", 2)) == "PersistentMap({'a': 1, 'b': 2})"


def test_a_write_copies_few_entries() -> None:
    class Counting(dict[int, int]):
        copies = 0

        def items(self):  # type: ignore[no-untyped-def] # never called by a write that does not fold
            Counting.copies += 1
            return super().items()

    mapping: PersistentMap[int, int] = PersistentMap(Counting({n: n for n in range(10_000)}))
    for n in range(100):
        mapping = mapping.set(n, -1)
    assert Counting.copies == 0
    assert mapping.get(99) == -1


def test_values_are_never_compared() -> None:
    class Proud:
        def __eq__(self, other: object) -> bool:
            raise TypeError("compared")

        __hash__ = None  # type: ignore[assignment] # a class with __eq__ and without a hash

    values = {number: Proud() for number in range(40)}
    changed = PersistentMap(values)
    for number in values:
        changed = changed.set(number, values[number])
    for number in range(40, 80):
        changed = changed.set(number, Proud()).delete(number - 40)
    assert list(changed) == list(range(40, 80))
