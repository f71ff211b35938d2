"""The journal: what is kept, what is forgotten, who hears of it."""

from hypothesis import given
from hypothesis import strategies as st

from cimsim.cimom.exchanges import Called, Exchange
from cimsim.cimom.journal import Entry, Journal


def exchange(*operations: str) -> Exchange:
    calls = tuple(Called(each, "root/test", 0) for each in operations)
    return Exchange(0.0, "CIM-XML", "", None, calls, 200, "", 0.0, 0, 0)


@given(sizes=st.lists(st.integers(0, 5_000), max_size=60), most=st.integers(0, 20), room=st.integers(0, 40_000))
def test_count_and_bytes_are_bounded_and_the_newest_stay(sizes: list[int], most: int, room: int) -> None:
    journal = Journal(most, room)
    for size in sizes:
        journal.record(exchange(), b"x" * size, b"")
    kept = list(journal)
    assert len(kept) <= most
    assert sum(each.size for each in kept) <= room
    assert [each.number for each in kept] == list(range(len(sizes) + 1 - len(kept), len(sizes) + 1))
    assert journal.recorded == len(sizes)
    if len(kept) < len(sizes) and len(kept) < most:
        oldest = len(sizes) - len(kept) - 1
        assert sum(each.size for each in kept) + Entry(0, exchange(), b"x" * sizes[oldest]).size > room


def test_a_follower_hears_of_each_exchange_until_it_ends() -> None:
    journal = Journal()
    heard: list[int] = []
    end = journal.follow(lambda entry: heard.append(entry.number))
    journal.record(exchange("GetClass"), b"", b"")
    journal.record(exchange("GetInstance"), b"", b"")
    end()
    end()
    journal.record(exchange("GetClass"), b"", b"")
    assert heard == [1, 2]


def test_clear_forgets_and_numbers_go_on() -> None:
    journal = Journal()
    journal.record(exchange("GetClass"), b"", b"")
    journal.clear()
    journal.record(exchange("GetInstance"), b"in", b"out")
    (entry,) = journal
    assert (entry.number, entry.request, entry.response) == (2, b"in", b"out")
    assert journal.get(2) is entry
    assert journal.get(1) is None
    assert journal.since(1) == [entry]


def test_the_rule_of_an_entry_is_that_of_its_calls() -> None:
    calls = (Called("GetClass", "root/test", 0), Called("GetInstance", "root/test", 1, rule=3))
    assert Entry(1, Exchange(0.0, "CIM-XML", "", None, calls, 200, "", 0.0, 0, 0)).rule == 3
    assert Entry(1, exchange("GetClass")).rule is None
