"""Steps for later, in a transaction and in the agenda of the world; identifiers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cimsim.world.agenda import Agenda
from cimsim.world.events import Change, ChangeKind, Raised
from cimsim.world.paths import Identity
from cimsim.world.transaction import Transaction
from cimsim.world.world import World


def step(transaction: Transaction, *arguments: Any) -> None:
    """Do nothing; the agenda only keeps it."""


def boxes(transaction: Transaction, *names: str) -> list[Any]:
    return [transaction.create("T_Box", {"Id": name}) for name in names]


def test_a_step_waits_in_the_world_with_its_time_and_namespace(transaction: Transaction) -> None:
    (box,) = boxes(transaction, "a")
    number = transaction.after(2.5, step, "x", subjects=[box])
    (wait,) = transaction.waiting(box)
    assert (wait.number, wait.due, wait.namespace, wait.arguments) == (number, 1002.5, "root/test", ("x",))
    assert transaction.world.agenda.next_due == 1002.5
    assert transaction.world.agenda.first_due(1002.4) is None
    assert transaction.world.agenda.first_due(1002.5) is wait


@pytest.mark.parametrize("seconds", [float("nan"), float("inf")])
def test_a_step_needs_a_time_that_comes(transaction: Transaction, seconds: float) -> None:
    with pytest.raises(ValueError, match="nothing can happen after"):
        transaction.after(seconds, step)


def test_times_that_are_the_same_are_equal_however_they_were_reached(transaction: Transaction) -> None:
    with transaction.at(1_741_608_000.1):
        transaction.after(0.2, step)
    with transaction.at(1_741_608_000.2):
        transaction.after(0.1, step)
    assert len({due for due, _ in transaction.world.agenda.times}) == 1


def test_a_step_that_waits_for_reads_of_nothing_is_refused(transaction: Transaction) -> None:
    with pytest.raises(ValueError, match="needs a subject"):
        transaction.after_reads(1, step, subjects=[])


def test_steps_due_at_once_keep_their_order(transaction: Transaction) -> None:
    numbers = [transaction.after(seconds, step) for seconds in (1, 0, 1, -5)]
    agenda, order = transaction.world.agenda, []
    while (wait := agenda.first_due(2000.0)) is not None:
        order.append(wait.number)
        agenda = agenda.without(wait.number)
    assert order == [numbers[1], numbers[3], numbers[0], numbers[2]]


def test_deleting_the_first_subject_forgets_the_step_another_does_not(transaction: Transaction) -> None:
    first, second = boxes(transaction, "a", "b")
    transaction.after(1, step, subjects=[first, second])
    transaction.delete(second)
    assert len(transaction.waiting(first)) == 1
    transaction.delete(first)
    assert transaction.world.agenda.next_due is None
    assert not transaction.world.agenda.waits


def test_cancel_forgets_a_step_and_takes_any_number(transaction: Transaction) -> None:
    (box,) = boxes(transaction, "a")
    number = transaction.after_reads(3, step, subjects=[box])
    transaction.cancel(number)
    transaction.cancel(number)
    assert transaction.waiting(box) == []
    assert transaction.world.agenda.readers == 0


def test_reads_of_any_subject_count_and_one_answer_counts_once(transaction: Transaction) -> None:
    first, second = boxes(transaction, "a", "b")
    transaction.after_reads(2, step, subjects=[first, second])
    agenda, ready = transaction.world.agenda.reading([first.identity, second.identity])
    assert ready == []
    agenda, ready = agenda.reading([second.identity])
    assert [wait.step for wait in ready] == [step]


def test_a_read_of_something_else_changes_nothing(transaction: Transaction) -> None:
    first, second = boxes(transaction, "a", "b")
    transaction.after_reads(1, step, subjects=[first])
    transaction.after(1, step, subjects=[second])
    assert transaction.world.agenda.reading([second.identity]) == (transaction.world.agenda, [])


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2), st.booleans()), max_size=30))
def test_an_agenda_is_what_a_plain_list_would_be(plans: list[tuple[int, int, bool]]) -> None:
    agenda, plain = Agenda(), list[tuple[float, int, int]]()
    for due, subject, remove in plans:
        identity = Identity("", "root/test", "t", (subject,))
        if remove:
            agenda = agenda.without_owner(identity)
            plain = [each for each in plain if each[2] != subject]
        else:
            agenda = agenda.adding(step, (), [identity], due=float(due))
            plain.append((float(due), agenda.last, subject))
        assert list(agenda.times) == sorted((when, number) for when, number, _ in plain)
        assert {number for numbers in agenda.of.values() for number in numbers} == set(agenda.waits)


def test_a_step_that_outlives_its_subjects_is_not_forgotten_with_them(transaction: Transaction) -> None:
    first, second = boxes(transaction, "a", "b")
    kept = transaction.after(1, step, subjects=[first], outlives=True)
    read = transaction.after_reads(2, step, subjects=[first, second], outlives=True)
    dropped = transaction.after(1, step, subjects=[first, second])
    transaction.delete(first)
    assert set(transaction.world.agenda.waits) == {kept, read}
    transaction.delete(second)
    assert set(transaction.world.agenda.waits) == {kept, read}
    assert dropped not in transaction.world.agenda.waits


def test_identifiers_are_the_same_for_the_same_seed_and_history() -> None:
    def history(seed: int) -> list[str]:
        transaction = Transaction(World(seed=seed))
        return [transaction.guid(), str(transaction.serial("job")), transaction.guid(), str(transaction.serial("job"))]

    assert history(1) == history(1)
    assert history(1) != history(2)
    assert history(1)[1::2] == ["1", "2"]
    assert len(set(history(1))) == 4


def test_a_dropped_transaction_leaves_neither_step_nor_serial(things: World) -> None:
    dropped = Transaction(things)
    dropped.after(1, step)
    dropped.serial("job")
    assert things.agenda.next_due is None
    assert Transaction(things).serial("job") == 1


def test_indications_stand_among_the_changes_in_order(transaction: Transaction) -> None:
    (box,) = boxes(transaction, "a")
    transaction.indicate("T_Event", {"Id": "1"})
    transaction.delete(box)
    kinds = [event.kind if isinstance(event, Change) else event for event in transaction.changes]
    assert kinds == [ChangeKind.CREATED, Raised("root/test", "T_Event", {"Id": "1"}), ChangeKind.DELETED]


def test_synchronize_creates_changes_and_deletes(transaction: Transaction) -> None:
    boxes(transaction, "a", "b")
    transaction.create("T_BigBox", {"Id": "big"})
    transaction.changes.clear()
    after = transaction.synchronize("T_Box", [{"Id": "c"}, {"Id": "a", "Label": "new"}])
    assert [(each["Id"], each["Label"]) for each in after] == [("c", "none"), ("a", "new")]
    assert {each["Id"] for each in transaction.instances("T_Box")} == {"a", "c", "big"}
    again = transaction.synchronize("T_Box", [{"Id": "a"}, {"Id": "c"}])
    assert [one is other for one, other in zip(reversed(after), again, strict=True)] == [True, True]


def test_notes_belong_to_the_world(transaction: Transaction) -> None:
    assert transaction.note("lamp") is None
    transaction.set_note("lamp", ("on",))
    world = transaction.world
    with pytest.raises(ValueError, match="no"), transaction.savepoint():
        transaction.set_note("lamp", ("off",))
        raise ValueError("no")
    assert transaction.note("lamp") == ("on",)
    transaction.set_note("lamp", None)
    transaction.set_note("nothing", None)
    assert list(transaction.world.notes) == []
    assert Transaction(world).note("lamp") == ("on",)


def test_a_namespace_is_suspended_and_resumed_with_its_world(transaction: Transaction) -> None:
    transaction.resume("root/test")
    transaction.suspend("/Root/TEST", "no provider")
    assert dict.fromkeys(transaction.world.suspended) == {"root/test": None}
    transaction.resume("root/Test")
    assert list(transaction.world.suspended) == []
