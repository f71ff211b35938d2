"""A listing of maps is in all that can be seen the list of their values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cimsim.world.listing import Listing
from cimsim.world.pmap import PersistentMap

CHANGES = st.lists(st.tuples(st.integers(0, 12), st.one_of(st.none(), st.integers(0, 5))), max_size=20)
MAPS = st.lists(st.tuples(st.integers(0, 10), CHANGES), max_size=3)
PLACES = st.one_of(st.none(), st.integers(-15, 15))


def _map(size: int, changes: list[tuple[int, int | None]]) -> PersistentMap[int, int]:
    mapping = PersistentMap({key: -key for key in range(size)})
    for key, value in changes:
        if value is not None:
            mapping = mapping.set(key, value)
        elif key in mapping:
            mapping = mapping.delete(key)
    return mapping


@given(MAPS, PLACES, PLACES, st.sampled_from([None, 1, 2, -1, -3]))
def test_it_is_the_list_of_all_values(
    maps: list[tuple[int, list[tuple[int, int | None]]]], start: int | None, stop: int | None, step: int | None
) -> None:
    made = [_map(*each) for each in maps]
    listing, values = Listing(made), [value for each in made for value in each.all()]
    assert list(listing) == values
    assert list(listing) == values, "it can be gone through again"
    assert len(listing) == len(values)
    assert bool(listing) == bool(values)
    assert listing[start:stop:step] == values[start:stop:step]
    for place in range(-len(values), len(values)):
        assert listing[place] == values[place]
    for place in (len(values), -len(values) - 1):
        with pytest.raises(IndexError):
            listing[place]
