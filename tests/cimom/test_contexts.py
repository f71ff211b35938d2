"""Enumeration sessions on a clock that only moves when told, with names that can be foreseen."""

from collections.abc import Callable
from typing import Any

import pytest
from pywbem import CIMError

from cimsim.cimom.contexts import ContextOptions, Contexts
from cimsim.operations.results import Pulled, PullForm, Value, Void
from cimsim.operations.session_commands import CloseSession, CountSession, OpenSession, PullFromSession
from cimsim.world.world import World

INVALID_CONTEXT = 21
LIMITS_EXCEEDED = 27


class Office:
    """Sessions over ten things; ``now`` moves by hand, the names of sessions are numbered."""

    def __init__(self, things: list[Any], options: ContextOptions) -> None:
        self.things = things
        self.now = 1000.0
        self.asked_for: list[int] = []
        self.contexts = Contexts(self.random, options)

    def random(self, size: int) -> bytes:
        self.asked_for.append(size)
        return len(self.asked_for).to_bytes(size, "big")

    def ask(self, wanted: Any, user: str | None = "ann", namespace: str = "root/test") -> Any:
        return self.contexts.answer(wanted, user, namespace, self.now)

    def open(
        self,
        most: int = 0,
        timeout: int | None = None,
        goes_on: bool = False,
        user: str | None = "ann",
        form: PullForm = PullForm.PATHS,
    ) -> Any:
        return self.ask(OpenSession(form, self.things, None, timeout, goes_on, most), user)

    def context(self, *arguments: Any, **named: Any) -> str:
        context = self.open(*arguments, **named).context
        assert isinstance(context, str)
        return context

    def pull(self, context: str, most: int = 3, **named: Any) -> Any:
        return self.ask(PullFromSession(PullForm.PATHS, context, most), **named)

    def refused(self, code: int, run: Callable[..., Any], *arguments: Any, **named: Any) -> str:
        with pytest.raises(CIMError) as error:
            run(*arguments, **named)
        assert error.value.status_code == code, error.value
        return str(error.value.status_description)


MakeOffice = Callable[..., Office]


@pytest.fixture
def make(cim: Any) -> MakeOffice:
    transaction = cim.transaction(cim.cls("T_Thing", cim.prop("Id", "string", "Key")))
    for number in range(10):
        transaction.create("T_Thing", {"Id": str(number)})
    world: World = transaction.world
    namespace = world.namespace("root/test")
    return lambda **options: Office(namespace.instances_of(namespace.cls("T_Thing")), ContextOptions(**options))


@pytest.fixture
def office(make: MakeOffice) -> Office:
    return make()


def ids(pulled: Pulled) -> str:
    return "".join(instance["Id"] for instance in pulled.instances)


def test_pl_25_pl_26_the_whole_sequence_in_order(office: Office) -> None:
    opened = office.open(4)
    assert (ids(opened), opened.form) == ("0123", PullForm.PATHS)
    second = office.pull(opened.context, 4)
    third = office.pull(opened.context, 4)
    assert [ids(second), ids(third)] == ["4567", "89"]
    assert (second.context, third.context) == (opened.context, None)  # PL-23, PL-34


def test_pl_26_no_objects_wanted_on_open(office: Office) -> None:
    opened = office.open(0)
    assert (list(opened.instances), opened.context is None) == ([], False)


@pytest.mark.parametrize("most", [0, 5])
def test_pl_26_an_empty_set_ends_at_once(office: Office, most: int) -> None:
    office.things = []
    assert office.open(most).context is None
    assert len(office.contexts) == 0


def test_pl_26_pl_31_all_at_once_needs_no_session(office: Office) -> None:
    assert (ids(office.open(10)), office.open(10).context) == ("0123456789", None)
    assert office.asked_for == []


def test_pl_27_pulling_nothing_keeps_a_session_open(office: Office) -> None:
    context = office.context(timeout=10)
    for _ in range(5):
        office.now += 10
        assert list(office.pull(context, 0).instances) == []
    assert ids(office.pull(context, 2)) == "01"


def test_pl_27_only_so_many_pulls_of_nothing_in_a_row(make: MakeOffice) -> None:
    office = make(most_idle_pulls=2)
    context = office.context()
    for most in (0, 0, 1, 0, 0):
        office.pull(context, most)
    office.refused(LIMITS_EXCEEDED, office.pull, context, 0)
    office.refused(INVALID_CONTEXT, office.pull, context, 1)  # PL-30: an error closes the session


def test_pl_30_a_session_that_goes_on_survives_an_error(make: MakeOffice) -> None:
    office = make(most_idle_pulls=0)
    context = office.context(goes_on=True)
    office.refused(LIMITS_EXCEEDED, office.pull, context, 0)
    assert ids(office.pull(context, 2)) == "01"


def test_pl_28_sec6_never_more_than_the_server_hands_out(make: MakeOffice) -> None:
    office = make(most_objects=4)
    opened = office.open(4_000_000_000)
    assert [ids(opened), ids(office.pull(opened.context, 5))] == ["0123", "4567"]


def test_pl_29_the_default_timeout_counts_from_each_answer(make: MakeOffice) -> None:
    office = make(timeout=7)
    context = office.context()
    office.now += 7
    office.pull(context, 1)
    office.now += 7
    office.pull(context, 1)
    office.now += 7.001
    office.refused(INVALID_CONTEXT, office.pull, context, 1)


def test_pl_29_the_timeout_of_the_client(office: Office) -> None:
    short, long = office.context(timeout=1), office.context(timeout=3600)
    office.now += 3600
    office.refused(INVALID_CONTEXT, office.pull, short)
    assert ids(office.pull(long)) == "012"


def test_pl_29_zero_is_never(office: Office) -> None:
    context = office.context(timeout=0)
    office.now += 1e9
    office.contexts.sweep(office.now)
    assert ids(office.pull(context)) == "012"


def test_pl_29_counting_what_is_left_does_not_keep_a_session_open(office: Office) -> None:
    context = office.context(timeout=10)
    office.now += 10
    office.ask(CountSession(context))
    office.now += 1
    office.refused(INVALID_CONTEXT, office.ask, CountSession(context))


def test_pl_29_sweeping_forgets_what_expired_and_nothing_else(office: Office) -> None:
    for timeout in (5, 10, 20):
        office.context(timeout=timeout)
    left = []
    for _ in range(5):
        office.now += 5
        office.contexts.sweep(office.now)
        left.append(len(office.contexts))
    assert left == [3, 2, 1, 1, 0]


def test_pl_31_pl_44_the_end_of_the_sequence_ends_the_session(office: Office) -> None:
    context = office.context(9)
    assert office.pull(context, 1).context is None
    for wanted in (PullFromSession(PullForm.PATHS, context, 1), CloseSession(context), CountSession(context)):
        office.refused(INVALID_CONTEXT, office.ask, wanted)


def test_pl_31_pl_35_a_closed_session_is_gone(office: Office) -> None:
    context = office.context()
    assert office.ask(CloseSession(context)) == Void()
    for wanted in (PullFromSession(PullForm.PATHS, context, 1), CloseSession(context), CountSession(context)):
        office.refused(INVALID_CONTEXT, office.ask, wanted)


def test_pl_12_the_count_of_what_is_left(office: Office) -> None:
    context = office.context(3)
    assert office.ask(CountSession(context)) == Value("uint64", 7)
    office.pull(context, 5)
    assert office.ask(CountSession(context)) == Value("uint64", 2)


@pytest.mark.parametrize("elsewhere", [{"user": "bob"}, {"user": None}, {"namespace": "root/other"}])
@pytest.mark.parametrize("wanted", [lambda name: PullFromSession(PullForm.PATHS, name, 1), CloseSession, CountSession])
def test_pl_32_a_session_belongs_to_its_user_and_namespace(
    office: Office, elsewhere: dict[str, Any], wanted: Callable[[str], Any]
) -> None:
    context = office.context()
    unknown = office.refused(INVALID_CONTEXT, office.ask, wanted("none"))
    assert office.refused(INVALID_CONTEXT, office.ask, wanted(context), **elsewhere) == unknown
    assert ids(office.pull(context)) == "012"  # unharmed


@pytest.mark.parametrize("form", [PullForm.INSTANCES, PullForm.INSTANCES_WITH_PATH])
def test_pl_33_the_kind_of_pull_must_fit(office: Office, form: PullForm) -> None:
    context = office.context()
    text = office.refused(INVALID_CONTEXT, office.ask, PullFromSession(form, context, 1))
    assert "PullInstancePaths" in text
    assert ids(office.pull(context)) == "012"  # unharmed


def test_pl_34_names_that_rotate(make: MakeOffice) -> None:
    office = make(rotate=True, most=1, most_of_user=1)
    first = office.context(3)
    pulled = office.pull(first, 3)
    assert pulled.context not in (None, first)
    office.refused(INVALID_CONTEXT, office.pull, first)
    assert ids(office.pull(pulled.context, 2)) == "67"
    assert len(office.contexts) == 1


def test_pl_32_names_are_of_128_random_bits(office: Office) -> None:
    assert len({office.context() for _ in range(20)}) == 20
    assert set(office.asked_for) == {16}


def test_pl_40_the_sessions_of_a_user_are_limited(make: MakeOffice) -> None:
    office = make(most_of_user=2)
    first = office.context()
    office.context()
    office.refused(LIMITS_EXCEEDED, office.open)
    office.context(user="bob")
    office.ask(CloseSession(first))
    office.context()


def test_pl_40_the_sessions_of_all_are_limited(make: MakeOffice) -> None:
    office = make(most=2)
    office.context(user=None, timeout=5)
    office.context(user="bob")
    office.refused(LIMITS_EXCEEDED, office.open)
    assert office.open(10).context is None  # what needs no session is answered
    office.now += 6  # what expired does not count
    office.context()
