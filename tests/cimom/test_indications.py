"""Indications: what is told to whom, and what becomes of listeners that cannot be reached (rules I1 to I25)."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pywbem import CIMError, CIMInstanceName
from twisted.logger import globalLogPublisher

from cimsim.cimom.active_subscriptions import ActiveSubscriptions
from cimsim.cimom.authorization import Authorization, parse_grant
from cimsim.cimom.clock import Clock
from cimsim.cimom.delivery_queues import Done, Outgoing
from cimsim.cimom.fault_rule_parser import parse_rule
from cimsim.cimom.indications import Indications
from cimsim.cimom.object_manager import Cimom
from cimsim.operations.methods import Implementation, Invocation
from cimsim.operations.request import Argument, ClassName, ExtrinsicRequest, IntrinsicRequest, NamedInstance
from cimsim.packs.load import Loaded, load
from cimsim.query.indication_queries import IndicationFilter
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.instances import Instance
from cimsim.world.paths import InstancePath
from cimsim.world.transaction import Transaction
from cimsim.world.world import Namespace

INTEROP = "root/interop"
TEST = "root/test"
A = InstancePath("T_Thing", (("Id", "a"),))
ANY = "SELECT * FROM CIM_InstIndication"
CHANGED = "SELECT * FROM CIM_InstModification"


@pytest.fixture(scope="module")
def interop(cache_dir: Path) -> Loaded:
    return load(["interop"], cache_dir=cache_dir, now=0.0)


class Methods:
    """Carries out the methods of things."""

    def find(self, namespace: str, cls: Any, method: str) -> Implementation | None:
        return {"turn": self.turn, "count": lambda _: 3}.get(method)

    def turn(self, call: Invocation) -> Any:
        call.transaction.modify(call.target, On=call.arguments["On"])
        call.transaction.indicate("CIM_AlertIndication", {"AlertType": 5, "PerceivedSeverity": 3, "Message": "turned"})
        return 0, {"Was": call.target["On"] if call.target else None}


class Listening:
    """A CIMOM, and listeners that do as they are told. ``sent`` holds what they got, with its URL."""

    def __init__(self, loaded: Loaded, cim: Any) -> None:
        schema = cim.schema(
            cim.cls(
                "T_Thing",
                cim.prop("Id", "string", "Key"),
                cim.prop("On", "boolean", "Write"),
                cim.prop("Note", "string", "Write"),
                cim.method(
                    "Turn", "uint32", cim.parameter("On", "boolean"), cim.parameter("Was", "boolean", In=False, Out=True)
                ),
                cim.method("Count", "uint32", Static=True),
            ),
            cim.cls("T_Special", of="T_Thing"),
        )
        world = loaded.world.with_namespace(Namespace(TEST, schema)).with_namespace(Namespace("root/other", schema))
        transaction = Transaction(world, TEST)
        for namespace in (TEST, "root/other"):
            transaction.create("T_Thing", {"Id": "a", "On": False}, namespace)
        self.clock = Clock(1_000_000.0)
        self.cimom = Cimom(transaction.world, Methods(), self.clock, random=bytes, hooks=loaded.providers)
        self.sent: list[tuple[str, Instance]] = []
        self.columns: list[Any] = []
        self.payloads: list[Any] = []
        self.hooks = loaded.providers
        self.pending: list[Done] = []
        self.answers: Mapping[str, str | None] = {}
        self.hold = False
        self.busy = False
        self.user: str | None = None
        self.prepared = 0
        self.later: list[Callable[[], None]] = []
        self.indications = Indications(self.cimom, self.send, self.prepare, later=self.soon, host="here", most=3)

    def prepare(self) -> None:
        self.prepared += 1

    def soon(self, call: Callable[[], None]) -> None:
        """Do at once what a reactor would do soon, unless it is busy."""
        self.later.append(call)
        if not self.busy:
            self.catch_up()

    def catch_up(self) -> None:
        while self.later:
            self.later.pop(0)()

    def send(self, url: str, outgoing: Outgoing, done: Done) -> None:
        self.sent.append((url, outgoing.complete()))
        self.columns.append(outgoing.payload.columns)
        self.payloads.append(outgoing.payload)
        self.pending.append(lambda reason: done(reason))

    def answer(self, **reasons: str) -> None:
        """Let all listeners answer: those of the named hosts fail."""
        while self.pending and not self.hold:
            place = len(self.sent) - len(self.pending)
            host = self.sent[place][0].removeprefix("http://").partition(":")[0].partition("/")[0]
            self.pending.pop(0)(reasons.get(host))

    def intrinsic(self, name: str, namespace: str = TEST, **arguments: Any) -> Any:
        given = tuple(Argument(key, value) for key, value in arguments.items())
        return self.cimom.perform(IntrinsicRequest(name, namespace, given), self.user)

    def create(self, classname: str, namespace: str = INTEROP, **properties: Any) -> InstancePath:
        data = InstanceData(classname, tuple(_property(name, value) for name, value in properties.items()))
        created: Instance = self.intrinsic("CreateInstance", namespace, NewInstance=data).instance
        return created.path

    def modify(self, path: InstancePath, namespace: str = TEST, **properties: Any) -> None:
        data = InstanceData(path.classname, tuple(_property(name, value) for name, value in properties.items()))
        self.intrinsic("ModifyInstance", namespace, ModifiedInstance=NamedInstance(path, data))

    def get(self, path: InstancePath, namespace: str = INTEROP) -> Instance:
        found: Instance = self.intrinsic("GetInstance", namespace, InstanceName=path).instance
        return found

    def call(self, method: str = "Turn", target: Any = A, **arguments: Any) -> Any:
        return self.cimom.perform(
            ExtrinsicRequest(method, TEST, target, tuple(Argument(key, value) for key, value in arguments.items()))
        )

    def filter(self, query: str = ANY, *sources: str, name: str = "f", language: str = "WQL", **more: Any) -> InstancePath:
        more = {"SourceNamespaces": list(sources or (TEST,)), **more}
        return self.create("CIM_IndicationFilter", Name=name, Query=query, QueryLanguage=language, **more)

    def destination(self, url: str = "http://one", **more: Any) -> InstancePath:
        return self.create("CIM_ListenerDestinationCIMXML", Name=url, Destination=url, **more)

    def subscribe(self, query: str = ANY, *sources: str, url: str = "http://one", name: str = "f", **more: Any) -> InstancePath:
        ends: dict[str, Any] = {"Filter": self.filter(query, *sources, name=name), "Handler": self.destination(url)}
        return self.create("CIM_IndicationSubscription", **ends, **more)

    def set_service(self, **properties: Any) -> None:
        self.cimom.run(
            lambda transaction: transaction.modify(transaction.instances("CIM_IndicationService")[0], **properties), INTEROP
        )

    @property
    def names(self) -> list[str]:
        return [indication.cls.name for _, indication in self.sent]

    @property
    def last(self) -> Instance:
        return self.sent[-1][1]


def _property(name: str, value: Any) -> PropertyData:
    return PropertyData(name, None, isinstance(value, list), value)


@pytest.fixture
def listening(interop: Loaded, cim: Any) -> Listening:
    return Listening(interop, cim)


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """The log lines of a test from the level warn on."""
    lines: list[str] = []

    def observe(event: Any) -> None:
        if event["log_level"].name in ("warn", "error", "critical"):
            lines.append(event["log_format"].format(**event))

    publisher: Any = globalLogPublisher
    publisher.addObserver(observe)
    yield lines
    publisher.removeObserver(observe)


def refused(status: int, function: Callable[..., Any], *arguments: Any, **more: Any) -> str:
    with pytest.raises(CIMError) as caught:
        function(*arguments, **more)
    assert caught.value.status_code == status, caught.value
    return str(caught.value.status_description)


# What is told


def test_i19_i20_a_changed_instance_is_told_with_before_and_after(listening: Listening) -> None:
    listening.subscribe(CHANGED)
    listening.modify(A, On=True)
    ((url, indication),) = listening.sent
    assert (url, indication.cls.name) == ("http://one", "CIM_InstModification")
    assert (indication["SourceInstance"]["On"], indication["PreviousInstance"]["On"]) == (True, False)
    assert indication["SourceInstance"].path is None
    path = CIMInstanceName.from_wbem_uri(indication["SourceInstanceModelPath"])
    assert (path.host, path.namespace, path.classname, path["Id"]) == ("here", TEST, "T_Thing", "a")
    assert indication["SourceInstanceHost"] == "here"
    assert indication["IndicationTime"] == "19700112134640.000000+000"
    assert indication["IndicationFilterName"] == "f"
    assert indication["PerceivedSeverity"] == 2
    assert indication["IndicationIdentifier"].startswith("cimsim:")


def test_i19_i21_creation_and_deletion_of_instances_of_subclasses(listening: Listening) -> None:
    listening.subscribe("SELECT * FROM CIM_InstIndication WHERE SourceInstance ISA 'T_Thing'")
    path = listening.create("T_Special", TEST, Id="b")
    listening.intrinsic("DeleteInstance", InstanceName=path)
    listening.answer()
    assert listening.names == ["CIM_InstCreation", "CIM_InstDeletion"]
    assert {indication["SourceInstance"].classname for _, indication in listening.sent} == {"T_Special"}


def test_a_write_that_changes_nothing_and_one_that_fails_are_not_told(listening: Listening) -> None:
    listening.subscribe()
    listening.modify(A, On=False)
    refused(4, listening.modify, A, Nonsense=1)
    assert listening.sent == []


@pytest.mark.parametrize(
    ("query", "language", "told"),
    [
        ("SELECT * FROM CIM_Indication", "WQL", True),
        ("SELECT * FROM CIM_InstCreation", "WQL", False),
        ("SELECT * FROM CIM_InstModification WHERE SourceInstance.On <> PreviousInstance.On", "WQL", True),
        ("SELECT * FROM CIM_InstModification WHERE SourceInstance.Note <> PreviousInstance.Note", "WQL", False),
        ("SELECT * FROM CIM_InstModification WHERE SourceInstance ISA T_Special", "DMTF:CQL", False),
        (
            "SELECT * FROM CIM_InstModification WHERE SourceInstance ISA T_Thing AND SourceInstance.T_Thing::On = TRUE",
            "CIM:CQL",
            True,
        ),
    ],
)
def test_i6_i21_the_query_selects(listening: Listening, query: str, language: str, told: bool) -> None:
    ends: dict[str, Any] = {"Filter": listening.filter(query, language=language), "Handler": listening.destination()}
    listening.create("CIM_IndicationSubscription", **ends)
    listening.modify(A, On=True)
    assert len(listening.sent) == told


def test_i21_columns_trim_the_indication(listening: Listening) -> None:
    listening.subscribe("SELECT SourceInstance, IndicationTime FROM CIM_InstModification")
    listening.modify(A, On=True)
    cls = listening.last.cls
    assert [cls.properties[place].name for place in listening.columns[0].places] == ["IndicationTime", "SourceInstance"]


def test_i2_a_filter_takes_indications_from_its_namespaces(listening: Listening) -> None:
    listening.subscribe(CHANGED, TEST, "ROOT/Other")
    for namespace in (TEST, "root/other"):
        listening.modify(A, namespace, On=True)
    listening.answer()
    assert [indication.namespace for _, indication in listening.sent] == [TEST, "root/other"]


def test_i2_without_source_namespaces_a_filter_is_for_its_own(listening: Listening) -> None:
    wanted = listening.filter("SELECT * FROM CIM_InstCreation", SourceNamespaces=None)
    listening.create("CIM_IndicationSubscription", Filter=wanted, Handler=listening.destination())
    assert listening.names[0] == "CIM_InstCreation", "the subscription itself"
    listening.answer()
    del listening.sent[:]
    listening.create("T_Thing", TEST, Id="b")
    assert listening.sent == []
    listening.destination("http://two")
    assert listening.last["SourceInstance"].classname == "CIM_ListenerDestinationCIMXML"


def test_i2_the_older_source_namespace(listening: Listening) -> None:
    wanted = listening.filter(CHANGED, SourceNamespaces=None, SourceNamespace="root\\other")
    listening.create("CIM_IndicationSubscription", Filter=wanted, Handler=listening.destination())
    listening.modify(A, On=True)
    assert listening.sent == []
    listening.modify(A, "root/other", On=True)
    assert len(listening.sent) == 1


def test_i19_calls_of_methods_are_told_before_and_after(listening: Listening) -> None:
    listening.subscribe("SELECT * FROM CIM_InstMethodCall")
    listening.call(On=True)
    listening.answer()
    before, after = (indication for _, indication in listening.sent)
    assert (before["PreCall"], before["MethodName"], before["ReturnValue"]) == (True, "Turn", None)
    assert (after["PreCall"], after["MethodName"], after["ReturnValue"]) == (False, "Turn", "0")
    assert (before["SourceInstance"]["On"], after["SourceInstance"]["On"]) == (False, True)
    assert dict(before["MethodParameters"]) == {"On": True}
    assert dict(after["MethodParameters"]) == {"On": True, "Was": False}


def test_i19_a_call_on_a_class_embeds_the_class(listening: Listening) -> None:
    listening.subscribe("SELECT * FROM CIM_InstMethodCall WHERE PreCall = FALSE")
    listening.call("Count", ClassName("T_Thing"))
    assert (listening.last["SourceInstance"].classname, listening.last["ReturnValue"]) == ("T_Thing", "3")


def test_i19_a_call_with_its_changes_in_their_order(listening: Listening) -> None:
    listening.subscribe("SELECT * FROM CIM_Indication")
    listening.call(On=True)
    listening.answer()
    assert listening.names == ["CIM_InstMethodCall", "CIM_InstModification", "CIM_AlertIndication", "CIM_InstMethodCall"]
    assert [indication["SequenceNumber"] for _, indication in listening.sent] == [0, 1, 2, 3], "I23"
    assert len({indication["IndicationIdentifier"] for _, indication in listening.sent}) == 4


def test_i20_what_providers_raise_is_told(listening: Listening) -> None:
    listening.subscribe("SELECT * FROM CIM_AlertIndication WHERE PerceivedSeverity = 3")
    listening.call(On=True)
    alert = listening.last
    assert (alert["AlertType"], alert["Message"], alert["PerceivedSeverity"]) == (5, "turned", 3)
    assert alert["IndicationTime"] is not None


def test_what_providers_raise_wrongly_is_logged(listening: Listening, logged: list[str]) -> None:
    listening.subscribe("SELECT * FROM CIM_Indication")
    listening.cimom.run(lambda transaction: transaction.indicate("T_Nothing"), TEST)
    assert logged == ["no class T_Nothing in root/test"]
    listening.cimom.run(lambda transaction: transaction.indicate("CIM_AlertIndication", {"Nonsense": 1}), TEST)
    assert logged[1:] == ["an indication failed"]
    assert listening.sent == []


def test_i19_changes_of_classes_are_told(listening: Listening, cim: Any) -> None:
    listening.subscribe("SELECT * FROM CIM_ClassIndication")
    declared = cim.cls("T_New", cim.prop("Id", "string", "Key"))
    listening.cimom.run(lambda transaction: transaction.create_class(declared), TEST)
    changed = cim.cls("T_New", cim.prop("Id", "string", "Key"), cim.prop("More"))
    listening.cimom.run(lambda transaction: transaction.modify_class(changed), TEST)
    listening.cimom.run(lambda transaction: transaction.delete_class("T_New"), TEST)
    listening.answer()
    assert listening.names == ["CIM_ClassCreation", "CIM_ClassModification", "CIM_ClassDeletion"]
    modification = listening.sent[1][1]
    assert "More" in modification["ClassDefinition"].properties
    assert "More" not in modification["PreviousClassDefinition"].properties


def test_the_same_history_gives_the_same_indications(interop: Loaded, cim: Any) -> None:
    def told() -> list[Any]:
        listening = Listening(interop, cim)
        listening.subscribe("SELECT * FROM CIM_Indication")
        listening.call(On=True)
        listening.answer()
        return [indication.values for _, indication in listening.sent]

    assert told() == told()


# Filters


def test_i6_the_position_of_a_mistake_is_told(listening: Listening) -> None:
    assert "line 1" in refused(15, listening.filter, "SELECT * FROM")
    assert "line 1" in refused(15, listening.filter, "SELECT * FROM CIM_InstCreation WHERE Nonsense = 1")
    refused(14, listening.filter, ANY, language="DMTF:FQL")
    refused(15, listening.filter, "ASSOCIATORS OF {T_Thing.Id='a'}")
    wanted = listening.filter()
    refused(15, listening.modify, wanted, INTEROP, Query="SELECT")


def test_i7_a_filter_is_about_an_indication_class_of_a_namespace_that_exists(listening: Listening) -> None:
    assert "not an indication class" in refused(4, listening.filter, "SELECT * FROM T_Thing")
    assert "did you mean CIM_InstCreation" in refused(4, listening.filter, "SELECT * FROM CIM_InstCreatoin")
    assert "did you mean root/test" in refused(4, listening.filter, ANY, "root/tset")


@pytest.mark.parametrize(
    "url",
    [
        "listener",
        "ftp://host/",
        "http://",
        "http://host:0",
        "http://host:99999",
        "http://user:secret@host",
        "http://host/a b",
        "http://host/#x",
        "http://[::1",
        "http://host/\r\nX: y",
    ],
)
def test_i3_sec14_a_destination_has_the_url_of_a_listener(listening: Listening, url: str) -> None:
    assert "is not the URL of a listener" in refused(4, listening.destination, url)


def test_i5_none_of_it_outside_the_interop_namespace(listening: Listening, interop: Loaded) -> None:
    schema = interop.world.namespace(INTEROP).schema
    listening.cimom.world = listening.cimom.world.with_namespace(Namespace("root/elsewhere", schema))
    for classname in ("CIM_IndicationFilter", "CIM_ListenerDestinationCIMXML", "CIM_IndicationSubscription"):
        text = refused(7, listening.create, classname, "root/elsewhere")
        assert text == f"instances of {classname} belong into the Interop namespace, not into root/elsewhere"


def test_the_service_affects_filters_and_destinations(listening: Listening) -> None:
    for path in (listening.filter(), listening.destination()):
        result = listening.intrinsic("Associators", INTEROP, ObjectName=path, AssocClass=ClassName("CIM_ServiceAffectsElement"))
        assert [instance.cls.name for instance in result.instances] == ["CIM_IndicationService"]


def test_a_collection_of_filters(listening: Listening) -> None:
    collection = listening.create("CIM_FilterCollection", InstanceID="x:1", CollectionName="c")
    for name, query in (("f1", CHANGED), ("f2", "SELECT * FROM CIM_InstCreation")):
        listening.create("CIM_MemberOfCollection", Collection=collection, Member=listening.filter(query, name=name))
    listening.create("CIM_FilterCollectionSubscription", Filter=collection, Handler=listening.destination())
    listening.modify(A, On=True)
    listening.create("T_Thing", TEST, Id="b")
    listening.answer()
    assert [indication["IndicationFilterName"] for _, indication in listening.sent] == ["f1", "f2"]


# Subscriptions


def test_i11_state_4_stops_delivery_and_2_resumes(listening: Listening) -> None:
    subscription = listening.subscribe(CHANGED)
    listening.clock.advance(5)
    listening.modify(subscription, INTEROP, SubscriptionState=4)
    assert listening.get(subscription)["TimeOfLastStateChange"] == "19700112134645.000000+000"
    listening.modify(A, On=True)
    assert listening.sent == []
    listening.modify(subscription, INTEROP, SubscriptionState=2)
    listening.modify(A, On=False)
    assert len(listening.sent) == 1


def test_i11_what_waits_is_dropped_when_a_subscription_ends(listening: Listening) -> None:
    subscription = listening.subscribe(CHANGED)
    for value in (True, False, True):
        listening.modify(A, On=value)
    listening.intrinsic("DeleteInstance", INTEROP, InstanceName=subscription)
    listening.answer()
    assert len(listening.sent) == 1


def test_i12_a_subscription_ends_after_its_duration(listening: Listening) -> None:
    subscription = listening.subscribe(CHANGED, SubscriptionDuration=60)
    assert listening.get(subscription)["SubscriptionTimeRemaining"] == 60
    listening.clock.advance(10.5)
    assert listening.get(subscription)["SubscriptionTimeRemaining"] == 50
    listening.modify(subscription, INTEROP, SubscriptionDuration=30)
    assert listening.get(subscription)["SubscriptionTimeRemaining"] == 20
    listening.clock.advance(19)
    listening.modify(A, On=True)
    listening.clock.advance(1)
    refused(6, listening.get, subscription)
    listening.answer()
    listening.modify(A, On=False)
    assert len(listening.sent) == 1


def test_i12_no_duration_is_for_ever(listening: Listening) -> None:
    subscription = listening.subscribe(CHANGED, SubscriptionDuration=60)
    listening.modify(subscription, INTEROP, SubscriptionDuration=None)
    listening.clock.advance(1000)
    assert listening.get(subscription)["SubscriptionTimeRemaining"] is None


def test_i12_the_longest_duration(listening: Listening) -> None:
    subscription = listening.subscribe(CHANGED, SubscriptionDuration=2**64 - 1)
    assert listening.get(subscription)["SubscriptionTimeRemaining"] == 2**64 - 1


def test_a_subscription_whose_duration_is_over_already_ends_at_once(listening: Listening) -> None:
    subscription = listening.subscribe(CHANGED)
    listening.clock.advance(100)
    listening.modify(subscription, INTEROP, SubscriptionDuration=50)
    refused(6, listening.get, subscription)


# Delivery


def test_i23_sequences_count_for_each_destination(listening: Listening) -> None:
    listening.subscribe(CHANGED)
    listening.subscribe(CHANGED, url="http://two", name="g")
    listening.modify(A, On=True)
    listening.modify(A, On=False)
    listening.answer()
    numbers: dict[str, list[Any]] = {}
    for url, indication in listening.sent:
        numbers.setdefault(url, []).append((indication["SequenceContext"], indication["SequenceNumber"]))
    one, two = numbers["http://one"], numbers["http://two"]
    assert [number for _, number in one] == [number for _, number in two] == [0, 1]
    assert len({context for context, _ in one}) == 1
    assert {context for context, _ in one} != {context for context, _ in two}


def test_i24_indications_come_one_at_a_time_in_order(listening: Listening) -> None:
    listening.subscribe(CHANGED)
    for value in (True, False, True):
        listening.modify(A, On=value)
    assert len(listening.sent) == 1
    listening.answer()
    assert [indication["SourceInstance"]["On"] for _, indication in listening.sent] == [True, False, True]


def test_i24_a_full_queue_loses_the_oldest_and_says_so_once(listening: Listening, logged: list[str]) -> None:
    listening.subscribe(CHANGED)
    for number in range(7):
        listening.modify(A, Note=str(number))
    listening.answer()
    assert [indication["SequenceNumber"] for _, indication in listening.sent] == [0, 4, 5, 6]
    assert logged == ["http://one: more than 3 indications wait; the oldest are dropped"]


def test_i22_a_failed_delivery_is_tried_again(listening: Listening) -> None:
    listening.subscribe(CHANGED)
    listening.modify(A, On=True)
    listening.modify(A, On=False)
    for tries in (1, 2, 3):
        listening.answer(one="down")
        assert len(listening.sent) == tries
        listening.clock.advance(29.9)
        assert len(listening.sent) == tries
        listening.clock.advance(0.1)
    listening.answer()
    assert [indication["SequenceNumber"] for _, indication in listening.sent] == [0, 0, 0, 0, 1], "I23"


def test_i22_the_clock_tells_when_the_next_try_is_due(listening: Listening) -> None:
    listening.subscribe(SubscriptionDuration=3600)
    assert listening.clock.due == 1_003_600, "I12"
    listening.call()
    listening.answer(one="refused")
    assert listening.clock.due == 1_000_030
    listening.clock.advance(30)
    listening.answer()
    assert listening.clock.due == 1_003_600


def test_i22_attempts_and_interval_are_those_of_the_service(listening: Listening) -> None:
    listening.set_service(DeliveryRetryAttempts=1, DeliveryRetryInterval=2)
    listening.subscribe(CHANGED)
    listening.modify(A, On=True)
    listening.answer(one="down")
    listening.clock.advance(2)
    listening.answer(one="down")
    listening.clock.advance(1000)
    assert len(listening.sent) == 2


def test_i24_a_dead_listener_holds_nobody_up(listening: Listening) -> None:
    listening.subscribe(CHANGED, url="http://dead")
    listening.subscribe(CHANGED, url="http://two", name="g")
    for value in (True, False):
        listening.modify(A, On=value)
        listening.answer(dead="down")
    assert [url for url, _ in listening.sent] == ["http://dead", "http://two", "http://two"]


@pytest.fixture
def impatient(listening: Listening) -> Listening:
    """No delivery is tried twice."""
    listening.set_service(DeliveryRetryAttempts=0)
    return listening


def test_i10_policy_2_ignores_a_loss(impatient: Listening, logged: list[str]) -> None:
    subscription = impatient.subscribe(CHANGED)
    for value in (True, False):
        impatient.modify(A, On=value)
    impatient.answer(one="down")
    assert len(impatient.sent) == 2
    assert impatient.get(subscription)["SubscriptionState"] == 2
    assert logged == ["http://one: an indication was not delivered: down"], "once"


def test_i10_policy_3_disables(impatient: Listening) -> None:
    subscription = impatient.subscribe(CHANGED, OnFatalErrorPolicy=3)
    impatient.modify(A, On=True)
    impatient.clock.advance(7)
    impatient.answer(one="down")
    found = impatient.get(subscription)
    assert (found["SubscriptionState"], found["TimeOfLastStateChange"]) == (4, "19700112134647.000000+000")
    impatient.modify(A, On=False)
    assert len(impatient.sent) == 1


def test_i10_policy_4_removes(impatient: Listening) -> None:
    subscription = impatient.subscribe(CHANGED, OnFatalErrorPolicy=4)
    impatient.modify(A, On=True)
    impatient.answer(one="down")
    refused(6, impatient.get, subscription)


def test_i10_a_policy_waits_for_the_trigger_interval(impatient: Listening) -> None:
    subscription = impatient.subscribe(CHANGED, OnFatalErrorPolicy=4, FailureTriggerTimeInterval=60)
    impatient.modify(A, On=True)
    impatient.answer(one="down")
    impatient.clock.advance(60)
    assert impatient.get(subscription)["SubscriptionState"] == 2
    impatient.modify(A, On=False)
    impatient.answer(one="down")
    refused(6, impatient.get, subscription)


@pytest.mark.parametrize(("action", "state"), [(2, None), (3, 4), (4, 2)])
def test_i22_removal_action_after_the_interval(impatient: Listening, action: int, state: int | None) -> None:
    impatient.set_service(SubscriptionRemovalAction=action, SubscriptionRemovalTimeInterval=100)
    subscription = impatient.subscribe(CHANGED)
    for value, seconds in ((True, 0.0), (False, 99.0), (True, 1.0)):
        impatient.clock.advance(seconds)
        assert impatient.get(subscription)["SubscriptionState"] == 2
        impatient.modify(A, On=value)
        impatient.answer(one="down")
    if state is None:
        refused(6, impatient.get, subscription)
    else:
        assert impatient.get(subscription)["SubscriptionState"] == state


def test_i22_a_success_begins_the_interval_anew(impatient: Listening) -> None:
    impatient.set_service(SubscriptionRemovalAction=2, SubscriptionRemovalTimeInterval=100)
    subscription = impatient.subscribe(CHANGED)
    for value, reasons in ((True, {"one": "down"}), (False, {}), (True, {"one": "down"})):
        impatient.modify(A, On=value)
        impatient.answer(**reasons)
        impatient.clock.advance(100)
    assert impatient.get(subscription) is not None


def test_i25_a_transient_destination_goes_with_its_subscriptions(impatient: Listening) -> None:
    destination = impatient.destination("http://gone", PersistenceType=3)
    subscription = impatient.create("CIM_IndicationSubscription", Filter=impatient.filter(CHANGED), Handler=destination)
    impatient.modify(A, On=True)
    impatient.answer(gone="down")
    refused(6, impatient.get, subscription)
    refused(6, impatient.get, destination)


def test_a_retry_ends_with_its_subscription(listening: Listening) -> None:
    subscription = listening.subscribe(CHANGED)
    listening.modify(A, On=True)
    listening.answer(one="down")
    listening.modify(subscription, INTEROP, SubscriptionState=4)
    listening.clock.advance(100)
    assert len(listening.sent) == 1


def test_an_answer_after_the_stop_is_passed_over(listening: Listening) -> None:
    listening.subscribe(CHANGED)
    listening.modify(A, On=True)
    listening.modify(A, On=False)
    listening.indications.stop()
    listening.answer()
    assert len(listening.sent) == 1


def test_a_world_that_is_swapped_in_counts(listening: Listening) -> None:
    before = listening.cimom.world
    listening.subscribe(CHANGED)
    with_subscription = listening.cimom.world
    listening.cimom.world = before
    listening.modify(A, On=True)
    assert listening.sent == []
    listening.cimom.world = with_subscription
    listening.modify(A, On=True)
    assert len(listening.sent) == 1


def test_filters_that_no_client_made_may_be_wrong(listening: Listening, logged: list[str]) -> None:
    def write(transaction: Transaction) -> None:
        keys = {"SystemCreationClassName": "s", "SystemName": "s", "CreationClassName": "c", "Name": "n"}
        wanted = transaction.create("CIM_IndicationFilter", {**keys, "Query": "nonsense", "QueryLanguage": "WQL"})
        handler = transaction.create("CIM_ListenerDestination", {**keys, "Destination": "http://one"})
        transaction.create("CIM_IndicationSubscription", {"Filter": wanted, "Handler": handler})

    listening.cimom.run(write, INTEROP)
    listening.modify(A, On=True)
    assert listening.sent == []
    assert len(logged) == 1


def test_what_sends_is_prepared_when_a_subscription_becomes_active(listening: Listening) -> None:
    listening.filter(name="other")
    listening.call()
    assert listening.prepared == 0
    listening.subscribe()
    assert listening.prepared == 1
    listening.call()
    assert listening.prepared == 1


def test_i24_without_subscriptions_a_change_costs_next_to_nothing(listening: Listening) -> None:
    reads: list[str] = []
    subscriptions: Any = listening.indications._subscriptions
    read = subscriptions._read

    def counted(*arguments: Any) -> None:
        reads.append("read")
        read(*arguments)

    subscriptions._read = counted
    listening.modify(A, On=True)
    listening.filter()
    for value in (False, True):
        listening.modify(A, On=value)
    assert len(reads) == 1, "only the filter was read"


def test_documents_of_the_pack_name_the_settings(interop: Loaded) -> None:  # I22
    page = (Path(__file__).parent.parent.parent / "mocks" / "interop" / "README.md").read_text(encoding="utf-8")
    (service,) = Transaction(interop.world, INTEROP).instances("CIM_IndicationService")
    for name in (
        "DeliveryRetryAttempts",
        "DeliveryRetryInterval",
        "SubscriptionRemovalAction",
        "SubscriptionRemovalTimeInterval",
    ):
        assert f"`{name}` {service[name]}" in page


# How much it takes


def test_a_request_only_notes_what_happened(listening: Listening) -> None:
    for number in range(3):
        listening.subscribe(CHANGED, url=f"http://l{number}", name=f"f{number}")
    listening.busy = True
    listening.modify(A, On=True)
    listening.clock.advance(5)
    listening.modify(A, On=False)
    assert listening.sent == []
    listening.catch_up()
    listening.answer()
    assert [url for url, _ in listening.sent] == [f"http://l{number}" for number in (0, 1, 2)] * 2
    times = [indication["IndicationTime"] for _, indication in listening.sent]
    assert times == ["19700112134640.000000+000"] * 3 + ["19700112134645.000000+000"] * 3, "those of the events"


def test_what_is_wanted_is_that_of_the_time_of_the_event(listening: Listening) -> None:
    listening.busy = True
    listening.modify(A, On=True)
    subscription = listening.subscribe(CHANGED)
    listening.modify(A, Note="wanted")
    listening.modify(A, Note="too late")
    listening.catch_up()
    listening.answer()
    assert [indication["SourceInstance"]["Note"] for _, indication in listening.sent] == ["wanted", "too late"]
    listening.modify(A, Note="never sent")
    listening.intrinsic("DeleteInstance", INTEROP, InstanceName=subscription)
    listening.catch_up()
    listening.answer()
    assert len(listening.sent) == 2, "I11: nothing comes once a subscription has ended"


def test_each_distinct_query_is_evaluated_once_and_each_payload_is_shared(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluated: list[str] = []
    matches = IndicationFilter.matches

    def counted(self: IndicationFilter, indication: Instance, schema: Any) -> bool:
        evaluated.append(self.classname)
        return matches(self, indication, schema)

    monkeypatch.setattr(IndicationFilter, "matches", counted)
    queries = (
        CHANGED,
        "SELECT * FROM CIM_InstIndication",
        "SELECT * FROM CIM_InstDeletion",
        "SELECT MethodName FROM CIM_InstMethodCall",
    )
    for number in range(20):
        listening.subscribe(queries[number % 4], url=f"http://l{number}", name=f"f{number}")
    listening.modify(A, On=True)
    assert sorted(evaluated) == ["CIM_InstIndication", "CIM_InstModification"], "only those about the class, each once"
    assert len(listening.sent) == 10
    assert len({id(each) for each in listening.payloads}) == 1
    assert [indication["IndicationFilterName"] for _, indication in listening.sent] == [
        f"f{number}" for number in range(20) if number % 4 < 2
    ], "in the order of the subscriptions"


def test_many_subscribers_are_served_little_by_little(listening: Listening) -> None:
    for number in range(200):
        listening.subscribe(CHANGED, url=f"http://l{number}", name=f"f{number}")
    listening.busy = True
    listening.modify(A, On=True)
    turns = []
    while listening.later:
        before = len(listening.sent)
        listening.later.pop(0)()
        turns.append(len(listening.sent) - before)
    assert sum(turns) == 200
    assert len(turns) > 2
    assert max(turns) < 100


@pytest.mark.parametrize("condition", ["SourceInstance.Note LIKE '%x'", " OR ".join(["SourceInstance.Note LIKE '%_x'"] * 90)])
def test_sec6_a_filter_that_would_take_long_selects_nothing(listening: Listening, logged: list[str], condition: str) -> None:
    listening.subscribe(f"{CHANGED} WHERE {condition}")
    listening.subscribe(CHANGED, url="http://two", name="g")
    listening.modify(A, Note="ab" * 1_000_000)
    assert [url for url, _ in listening.sent] == ["http://two"]
    assert len(logged) == 1
    assert "too much work" in logged[0]


def test_sec6_a_filter_with_many_terms_or_columns_is_refused(listening: Listening) -> None:
    terms = " OR ".join(["IndicationIdentifier = 'x'"] * 220)
    assert "too much work" in refused(27, listening.filter, f"SELECT * FROM CIM_Indication WHERE {terms}", INTEROP)
    columns = ",".join(["IndicationTime"] * 400)
    assert "too much work" in refused(27, listening.filter, f"SELECT {columns} FROM CIM_Indication", INTEROP)
    assert "1000 words" in refused(27, listening.filter, f"{CHANGED} WHERE " + " OR ".join(["SourceInstance.On = TRUE"] * 900))
    # One namespace, however often it is named, is looked at once.
    listening.filter(f"{CHANGED} WHERE SourceInstance.Note = 'x'", *[TEST, "ROOT/Test"] * 2_000)


# The table of subscriptions


def test_the_table_follows_changes_as_if_it_were_read_anew(listening: Listening) -> None:
    def shown(table: ActiveSubscriptions) -> Any:
        cls = interop_class(listening, "CIM_InstModification")
        groups = table.wanted(TEST, cls)
        return dict(table.active), {
            (each.subscription, each.name, each.destination.url, group.query.classname)
            for group in groups
            for each in group.wanted.all()
        }

    follows = ActiveSubscriptions()
    follows.refresh(listening.cimom.world, ())

    def follow(world: Any, events: Any) -> None:
        follows.refresh(world, events)

    listening.cimom.listeners.append(follow)

    def check() -> Any:
        anew = ActiveSubscriptions()
        anew.refresh(listening.cimom.world, ())
        assert shown(follows) == shown(anew)
        return shown(anew)

    subscriptions = [
        listening.subscribe((CHANGED, ANY)[number % 2], url=f"http://l{number}", name=f"f{number}") for number in range(4)
    ]
    assert len(check()[1]) == 4
    listening.modify(subscriptions[0], INTEROP, SubscriptionState=4)
    assert len(check()[1]) == 3
    listening.modify(subscriptions[0], INTEROP, SubscriptionState=2)
    check()
    collection = listening.create("CIM_FilterCollection", InstanceID="x:1", CollectionName="c")
    first = listening.filter(CHANGED, name="first")
    listening.create("CIM_MemberOfCollection", Collection=collection, Member=first)
    listening.create("CIM_FilterCollectionSubscription", Filter=collection, Handler=listening.destination("http://c"))
    assert len(check()[1]) == 5
    link = listening.create("CIM_MemberOfCollection", Collection=collection, Member=listening.filter(ANY, name="second"))
    assert len(check()[1]) == 6
    listening.cimom.run(lambda transaction: transaction.modify(first, Query="SELECT * FROM CIM_InstDeletion"), INTEROP)
    assert len(check()[1]) == 5
    listening.intrinsic("DeleteInstance", INTEROP, InstanceName=link)
    assert len(check()[1]) == 4
    handler = listening.get(subscriptions[1])["Handler"]
    listening.cimom.run(lambda transaction: transaction.modify(handler, Destination="http://moved"), INTEROP)
    assert "http://moved" in {each[2] for each in check()[1]}
    listening.cimom.run(lambda transaction: transaction.delete(handler), INTEROP)
    assert len(check()[1]) == 3
    # A world that came by another way is read anew.
    before = listening.cimom.world
    listening.subscribe(url="http://late", name="late")
    listening.cimom.world = before
    listening.create("T_Thing", TEST, Id="new")
    for each in listening.cimom.listeners:
        each(listening.cimom.world, ())
    assert len(check()[1]) == 3


def test_adding_a_subscription_reads_no_other(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        listening.subscribe(CHANGED, url=f"http://l{number}", name=f"f{number}")
    read: list[Any] = []
    monkeypatch.setattr("cimsim.cimom.active_subscriptions.interop", lambda world: world.namespaces[INTEROP])
    add = ActiveSubscriptions._add

    def counted(self: ActiveSubscriptions, world: Any, subscription: Instance) -> None:
        read.append(subscription["Filter"].keys)
        add(self, world, subscription)

    monkeypatch.setattr(ActiveSubscriptions, "_add", counted)
    listening.subscribe(CHANGED, url="http://more", name="more")
    assert len(read) == 1
    listening.destination("http://nobody")
    listening.filter(name="nothing")
    assert len(read) == 1


def interop_class(listening: Listening, name: str) -> Any:
    return listening.cimom.world.namespace(INTEROP).cls(name)


# Roles (SEC13)


@pytest.fixture
def guarded(listening: Listening) -> Listening:
    """Everybody may do everything in the Interop namespace; eve may read root/test, only root may do anything in root/other."""
    listening.cimom.authorization = roles("eve=read@root/test")
    return listening


def roles(*grants: str) -> Authorization:
    return Authorization([parse_grant(each) for each in ("root=all", "*=read,write@root/interop", *grants)])


def test_sec13_a_user_receives_what_he_may_read(guarded: Listening) -> None:
    for user in ("root", "eve"):
        guarded.user = "root"
        wanted = guarded.filter(ANY, TEST, "root/other", name=user)
        guarded.user = user
        guarded.create("CIM_IndicationSubscription", Filter=wanted, Handler=guarded.destination(f"http://{user}"))
    guarded.user = "root"
    guarded.modify(A, "root/other", On=True)
    guarded.answer()
    assert [url for url, _ in guarded.sent] == ["http://root"]
    guarded.modify(A, On=True)
    guarded.answer()
    assert [url for url, _ in guarded.sent] == ["http://root", "http://root", "http://eve"]


def test_sec13_roles_taken_away_or_given_take_effect_on_the_next_event(guarded: Listening) -> None:
    guarded.user = "eve"
    subscription = guarded.subscribe(CHANGED)
    guarded.user = "root"
    for grants, told in ((("eve=read@root/test",), 1), ((), 1), (("*=read@root/test",), 2)):
        guarded.cimom.authorization = roles(*grants)
        guarded.modify(A, Note=f"{grants}")
        guarded.answer()
        assert len(guarded.sent) == told
    # It does not matter who changed the subscription last, nor that it was put back by a snapshot.
    guarded.cimom.authorization = roles()
    guarded.modify(subscription, INTEROP, SubscriptionInfo="x")
    world = guarded.cimom.world
    guarded.intrinsic("DeleteInstance", INTEROP, InstanceName=subscription)
    guarded.cimom.renew(world, Methods(), guarded.hooks)
    guarded.modify(A, Note="hidden")
    guarded.answer()
    assert len(guarded.sent) == 2


def test_sec13_a_subscription_of_the_server_itself_receives_everything(guarded: Listening) -> None:
    ends: dict[str, Any] = {}
    guarded.user = "root"
    ends = {"Filter": guarded.filter(CHANGED), "Handler": guarded.destination()}
    guarded.cimom.run(lambda transaction: transaction.create("CIM_IndicationSubscription", ends), INTEROP)
    guarded.modify(A, On=True)
    assert len(guarded.sent) == 1


@pytest.mark.parametrize(
    "given", [{"SourceNamespaces": ["root/other"]}, {"SourceNamespaces": None, "SourceNamespace": "root/other"}]
)
def test_sec13_hidden_source_namespaces_are_as_if_they_were_not(guarded: Listening, given: dict[str, Any]) -> None:
    missing = {name: value and (["root/othre"] if isinstance(value, list) else "root/othre") for name, value in given.items()}
    guarded.user = "eve"
    hidden_text, missing_text = (refused(4, guarded.filter, CHANGED, **each) for each in (given, missing))
    assert hidden_text == missing_text.replace("root/othre", "root/other")
    assert "did you mean root/other" not in hidden_text
    # Changing a filter is no way around.
    wanted = guarded.filter(CHANGED)
    refused(4, guarded.modify, wanted, INTEROP, SourceNamespaces=["root/other"])
    guarded.user = "root"
    guarded.filter(CHANGED, name="g", **given)
    assert "did you mean root/other" in refused(4, guarded.filter, CHANGED, name="h", **missing)


# What goes wrong on purpose


@pytest.mark.parametrize(
    ("fault", "received"),
    [
        ({"indication": "lost"}, ["2", "3"]),
        ({"indication": "duplicated"}, ["1", "1", "2", "3"]),
        ({"indication": "reordered"}, ["2", "1", "3"]),
        ({"indication": "delayed", "delay": "5s clock"}, ["2", "3", "1"]),
    ],
    ids=str,
)
def test_a_fault_rule_loses_doubles_reorders_and_delays_indications(
    listening: Listening, fault: dict[str, Any], received: list[str]
) -> None:
    listening.subscribe(CHANGED)
    listening.cimom.faults.add(parse_rule({"operation": "ModifyInstance", "times": 1, **fault}))
    for note in ("1", "2", "3"):
        listening.modify(A, Note=note)
        listening.answer()
    listening.clock.advance(5)
    listening.answer()
    assert [indication["SourceInstance"]["Note"] for _, indication in listening.sent] == received


def test_what_a_later_step_causes_is_not_of_the_request_that_a_rule_acted_on(listening: Listening) -> None:
    listening.subscribe(CHANGED)
    listening.cimom.faults.add(parse_rule({"operation": "ModifyInstance", "indication": "lost"}))
    listening.modify(A, Note="lost")
    listening.cimom.change(lambda transaction: transaction.modify(A, Note="kept"), TEST)
    assert [indication["SourceInstance"]["Note"] for _, indication in listening.sent] == ["kept"]
