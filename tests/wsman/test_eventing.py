"""Events over WS-Management: subscriptions, what they select, how events come and what becomes of them (rules WM-EV)."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from pywbem import CIMClass, CIMProperty

from cimsim.cimom.authorization import Authorization, parse_grant
from cimsim.cimom.exchanges import EVENTING as EVENTING_NAMES
from cimsim.cimom.exchanges import Called
from cimsim.cimom.fault_rule_parser import parse_rule
from cimsim.cimom.fault_rules import CimFault, FaultRule
from cimsim.packs.load import Loaded
from cimsim.world.transaction import Transaction
from tests.wsman.conftest import (
    ENUMERATION,
    EVENTING,
    MANAGEMENT,
    NOON,
    NS,
    TEST,
    TRANSFER,
    WMI,
    WQL,
    Answer,
    Client,
    acknowledgement,
    answered,
    envelope,
)

PUSH = f"{EVENTING}DeliveryModes/Push"
PUSH_WITH_ACK = f"{MANAGEMENT}PushWithAck"
EVENTS = f"{MANAGEMENT}Events"
PULL = f"{MANAGEMENT}Pull"
LISTENER = "<e:NotifyTo><a:Address>http://listener:5990/take</a:Address></e:NotifyTo>"
MODIFIED = "SELECT * FROM __InstanceModificationEvent WHERE TargetInstance ISA 'T_Thing'"
POLLED = MODIFIED.replace(" WHERE", " WITHIN 2 WHERE")
ANY = "SELECT * FROM __InstanceOperationEvent WITHIN 10 WHERE TargetInstance ISA 'T_Thing'"


def subscription(
    query: str | None = MODIFIED,
    delivery: str = "",
    mode: str = PULL,
    further: str = "",
    uri: str = f"{TEST}*",
    dialect: str = WQL,
) -> bytes:
    chosen = "" if query is None else f'<w:Filter Dialect="{dialect}">{query.replace("<", "&lt;")}</w:Filter>'
    given = f' Mode="{mode}"' if mode else ""
    body = f"<e:Subscribe><e:Delivery{given}>{delivery}</e:Delivery>{chosen}{further}</e:Subscribe>"
    return envelope(f"{EVENTING}Subscribe", uri, body)


def identified(answer: Answer) -> str:
    found = answer.value("e:SubscribeResponse/e:SubscriptionManager/a:ReferenceParameters/e:Identifier")
    assert answer.status == 200
    assert found
    return found


def subscribe(client: Client, *arguments: Any, user: str | None = None, **options: Any) -> str:
    return identified(client.send(subscription(*arguments, **options), user))


def pull_message(identifier: str, body: str = "<n:MaxElements>10</n:MaxElements>", headers: str = "") -> bytes:
    inner = f"<n:EnumerationContext>subscription:{identifier}</n:EnumerationContext>{body}"
    return envelope(f"{ENUMERATION}Pull", f"{TEST}*", f"<n:Pull>{inner}</n:Pull>", headers=headers)


def pull(client: Client, identifier: str, *arguments: str, user: str | None = None) -> Answer:
    return client.send(pull_message(identifier, *arguments), user)


def manage(client: Client, action: str, identifier: str, body: str = "", user: str | None = None) -> Answer:
    header = f"<e:Identifier>{identifier}</e:Identifier>" if identifier else ""
    return client.send(envelope(f"{EVENTING}{action}", None, f"<e:{action}>{body}</e:{action}>", headers=header), user)


def events_in(answer: Answer) -> list[tuple[str, str | None, str | None]]:
    """The events of a reply to Pull: their class, and the Number before and after."""
    return [event_of(item) for item in answer.find("n:PullResponse/n:Items")]


def event_of(item: Any) -> tuple[str, str | None, str | None]:
    name = item.tag.rpartition("}")[2]
    found = {each.tag.rpartition("}")[2]: each.findtext("{*}Number") for each in item}
    return name, found.get("PreviousInstance"), found.get("TargetInstance")


def set_number(client: Client, *numbers: int, name: str = "One") -> None:
    for number in numbers:
        client.change(partial(_set, name, number))


def _set(name: str, number: int, transaction: Transaction) -> None:
    transaction.modify(thing(transaction, name), Number=number)


def thing(transaction: Transaction, name: str) -> Any:
    (found,) = (each for each in transaction.instances("T_Thing") if each["Name"] == name)
    return found


def delete(name: str) -> Callable[[Transaction], object]:
    return lambda it: it.delete(thing(it, name))


def create(name: str, number: int = 0) -> Callable[[Transaction], object]:
    return lambda it: it.create("T_Thing", {"Name": name, "Number": number})


def refused(client: Client, message: bytes, user: str | None = None) -> tuple[str, str, str, int]:
    before = len(client.events.subscriptions)
    fault = client.send(message, user).fault
    assert len(client.events.subscriptions) == before
    return fault


Fault = tuple[str, str, int]
INVALID: Fault = ("e:InvalidMessage", "", 2150858789)
UNUSABLE: Fault = ("w:EventDeliverToUnusable", "", 2150858789)
MALFORMED: Fault = ("w:SchemaValidationError", "", 2150858817)
END = LISTENER.replace("NotifyTo", "EndTo").replace("take", "end")
FORBIDDEN = LISTENER.replace("listener", "forbidden")


def unsupported(detail: str) -> Fault:
    return "w:UnsupportedFeature", detail, 2150858818


# Subscribe, Renew, Unsubscribe


def test_wm_ev_2_the_reply_to_subscribe(things: Client) -> None:
    answer = things.send(subscription(delivery=LISTENER, mode=PUSH))
    manager = answer.find("e:SubscribeResponse/e:SubscriptionManager")
    assert [each.tag.rpartition("}")[2] for each in manager] == ["Address", "ReferenceParameters"]
    assert manager[0].text == "http://any:5985/wsman", "as the client calls it"
    assert answer.value("e:SubscribeResponse/e:SubscriptionManager/a:ReferenceParameters/w:ResourceURI") == f"{TEST}*"
    assert answer.all("e:SubscribeResponse/n:EnumerationContext") == []
    assert answer.all("e:SubscribeResponse/e:Expires") == [], "it does not expire"
    assert answer.root.findtext("s:Header/a:Action", None, NS) == f"{EVENTING}SubscribeResponse"


def test_wm_ev_2_the_reply_to_subscribe_has_a_context_to_pull_with(things: Client) -> None:
    answer = things.send(subscription())
    context = answer.value("e:SubscribeResponse/n:EnumerationContext")
    assert context is not None
    assert identified(answer) in context


def test_wm_ev_1_a_subscription_ends_when_its_client_wants(things: Client) -> None:
    identifier = subscribe(things)
    assert manage(things, "Unsubscribe", identifier).status == 200
    set_number(things, 1)
    assert pull(things, identifier).fault[0] == "n:InvalidEnumerationContext"
    assert manage(things, "Unsubscribe", identifier).fault[0] == "e:InvalidMessage"
    assert manage(things, "Renew", identifier).fault[0] == "e:UnableToRenew"


def test_wm_ev_1_release_ends_it_too(things: Client) -> None:
    identifier = subscribe(things)
    inner = f"<n:EnumerationContext>subscription:{identifier}</n:EnumerationContext>"
    assert things.send(envelope(f"{ENUMERATION}Release", TEST + "*", f"<n:Release>{inner}</n:Release>")).status == 200
    assert len(things.events.subscriptions) == 0


@pytest.mark.parametrize(
    ("expires", "left"), [("PT30S", "PT20.000000S"), ("2025-03-10T12:00:30Z", "2025-03-10T12:00:30Z"), (None, None)]
)
def test_wm_ev_1_get_status_says_when_a_subscription_ends(things: Client, expires: str | None, left: str | None) -> None:
    identifier = subscribe(things, further=f"<e:Expires>{expires}</e:Expires>" if expires else "")
    things.advance(10)
    answer = manage(things, "GetStatus", identifier)
    assert answer.root.findtext("s:Header/a:Action", None, NS) == f"{EVENTING}GetStatusResponse"
    assert [each.text for each in answer.find("e:GetStatusResponse")] == ([left] if left else [])


def test_wm_ev_1_get_status_follows_a_renewal_and_ends_with_the_subscription(things: Client) -> None:
    identifier = subscribe(things, further="<e:Expires>PT30S</e:Expires>")
    manage(things, "Renew", identifier, "<e:Expires>PT90S</e:Expires>")
    assert manage(things, "GetStatus", identifier).value("e:GetStatusResponse/e:Expires") == "PT90.000000S"
    things.advance(90)
    assert manage(things, "GetStatus", identifier).fault[0] == "e:InvalidMessage"


@pytest.mark.parametrize("action", ["Renew", "GetStatus", "Unsubscribe"])
def test_wm_ev_1_a_message_without_identifier_is_invalid(things: Client, action: str) -> None:
    code, _, reason, number = manage(things, action, "").fault
    assert (code, number) == ("e:InvalidMessage", 2150858789)
    assert "Identifier" in reason


@pytest.mark.parametrize(
    ("expires", "seconds", "answered"),
    [
        ("PT30S", 30, "PT30.000000S"),
        ("P1DT1M0.5S", 86460.5, "PT86460.500000S"),
        ("2025-03-10T12:00:30Z", 30, "2025-03-10T12:00:30Z"),
        ("2025-03-10T13:01:00+01:00", 60, "2025-03-10T12:01:00Z"),
    ],
)
def test_wm_ev_5_a_subscription_expires(things: Client, expires: str, seconds: float, answered: str) -> None:
    answer = things.send(subscription(further=f"<e:Expires>{expires}</e:Expires>"))
    assert answer.value("e:SubscribeResponse/e:Expires") == answered
    things.advance(seconds - 0.001)
    assert len(things.events.subscriptions) == 1
    things.advance(0.001)
    assert len(things.events.subscriptions) == 0
    assert pull(things, identified(answer)).fault[0] == "n:InvalidEnumerationContext"


def test_wm_ev_5_renewed_it_ends_later_or_never(things: Client) -> None:
    identifier = subscribe(things, further="<e:Expires>PT30S</e:Expires>")
    things.advance(20)
    renewed = manage(things, "Renew", identifier, "<e:Expires>PT30S</e:Expires>")
    assert renewed.value("e:RenewResponse/e:Expires") == "PT30.000000S"
    things.advance(20)
    assert len(things.events.subscriptions) == 1
    assert manage(things, "Renew", identifier).all("e:RenewResponse/e:Expires") == []
    things.advance(10_000)
    assert len(things.events.subscriptions) == 1


@pytest.mark.parametrize(
    ("expires", "code"),
    [
        ("PT0S", "e:InvalidExpirationTime"),
        ("PT0.000000S", "e:InvalidExpirationTime"),
        ("2025-03-10T11:59:59Z", "e:InvalidExpirationTime"),
        ("2025-02-30T12:00:00Z", "e:InvalidExpirationTime"),
        ("soon", "e:InvalidExpirationTime"),
        ("", "e:InvalidExpirationTime"),
        ("P1M", "e:UnsupportedExpirationType"),
        ("P1Y2M3DT4H", "e:UnsupportedExpirationType"),
    ],
)
def test_wm_ev_5_an_expiry_that_is_none_is_refused(things: Client, expires: str, code: str) -> None:
    assert refused(things, subscription(further=f"<e:Expires>{expires}</e:Expires>"))[0] == code
    identifier = subscribe(things)
    assert manage(things, "Renew", identifier, f"<e:Expires>{expires}</e:Expires>").fault[0] == code


@pytest.mark.parametrize(
    ("message", "fault", "words"),
    [
        (subscription(mode=f"{MANAGEMENT}Shove"), ("e:DeliveryModeRequestedUnavailable", "", 2150858782), "Shove"),
        (subscription(dialect="http://www.w3.org/TR/xpath"), ("e:FilteringRequestedUnavailable", "", 2150858786), "xpath"),
        (subscription(None), ("e:EventSourceUnableToProcess", "", 2150858787), "filter"),
        (subscription(None, uri=f"{TEST}T_Thing"), ("e:EventSourceUnableToProcess", "", 2150858787), "T_Thing"),
        (subscription(mode=PUSH), INVALID, "NotifyTo"),
        (subscription(mode=PUSH, delivery="<e:NotifyTo/>"), INVALID, "Address"),
        (subscription(mode=PUSH, delivery=FORBIDDEN), UNUSABLE, ""),
        (subscription(mode=PUSH, delivery=LISTENER.replace("http:", "ftp:")), UNUSABLE, "ftp"),
        (subscription(further=END.replace("listener", "forbidden")), UNUSABLE, ""),
        (subscription(delivery='<w:Auth Profile="urn:x"/>'), unsupported("AuthorizationMode"), "urn:x"),
        (subscription(delivery="<w:ContentEncoding>UTF-16</w:ContentEncoding>"), unsupported("CharacterSet"), "UTF-16"),
        (subscription(delivery="<w:Heartbeats>PT0.1S</w:Heartbeats>"), unsupported("Heartbeats"), "PT0.1S"),
        (subscription(delivery="<w:Heartbeats>often</w:Heartbeats>"), MALFORMED, "often"),
        (subscription(delivery="<w:MaxElements>many</w:MaxElements>"), MALFORMED, "many"),
        (subscription(delivery='<w:ConnectionRetry Total="x">PT1S</w:ConnectionRetry>'), MALFORMED, "Total"),
        (subscription(delivery="<w:MaxEnvelopeSize>8191</w:MaxEnvelopeSize>"), unsupported("MaxEnvelopeSize"), "8191"),
        (
            subscription(delivery='<w:MaxEnvelopeSize Policy="Shrink">9000</w:MaxEnvelopeSize>'),
            unsupported("MaxEnvelopePolicy"),
            "Shrink",
        ),
        (subscription(further="<w:SendBookmarks/>"), unsupported("Bookmarks"), "SendBookmarks"),
        (subscription(further="<w:Bookmark/>"), unsupported("Bookmarks"), "Bookmark"),
        (subscription(uri=f"{WMI}root/tset/*"), ("a:DestinationUnreachable", "InvalidResourceURI", 2150858811), "root/test"),
    ],
)  # fmt: skip
def test_wm_ev_3_what_is_not_served_is_refused(things: Client, message: bytes, fault: Fault, words: str) -> None:
    """Rules WM-EV-3, WM-EV-4, WM-EV-13 and WM-EV-16."""
    code, detail, reason, number = refused(things, message)
    assert (code, detail, number) == fault
    assert words in reason


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT * FROM __InstanceModificationEvnt", "__InstanceModificationEvent"),
        ("SELECT * FROM __TimerEvent WHERE TimerId = 'x'", "__ClassCreationEvent"),
        ("SELECT * FROM Win32_ProcessStartTrace", "__NamespaceDeletionEvent"),
        ("SELECT * FROM __ClassCreationEvent WHERE TargetInstance ISA 'T_Thing'", "TargetInstance"),
        ("SELECT * FROM __InstanceCreationEvent WHERE TargetInstance ISA 'T_Thign'", "T_Thing"),
        ("SELECT * FROM __InstanceCreationEvent WHERE TargetInstance ISA 'T_Thing' AND Target = 1", "line 1, column 78"),
        ("SELECT * FROM __InstanceCreationEvent WHERE PreviousInstance ISA 'T_Thing'", "PreviousInstance"),
        ("SELECT * FROM __InstanceCreationEvent WITHIN 0", "WITHIN 0"),
        ("SELECT * FROM __InstanceCreationEvent WITHIN 5 GROUP WITHIN 10", "GROUP"),
        ("SELECT * FROM __InstanceCreationEvent WITHIN", "line 1"),
        ("SELECT *", "line 1"),
        ("ASSOCIATORS OF {T_Thing.Name='One'}", "line 1"),
    ],
)
def test_wm_ev_6_a_query_that_is_wrong_cannot_be_processed(things: Client, query: str, words: str) -> None:
    code, _, reason, number = refused(things, subscription(query))
    assert (code, number) == ("w:CannotProcessFilter", 2150858778)
    assert words in reason


def test_wm_ev_3_the_mode_is_push_where_none_is_given(things: Client) -> None:
    subscribe(things, delivery=LISTENER, mode="")
    set_number(things, 1)
    assert len(things.network.sent) == 1


def test_what_subscribes_is_recorded(things: Client) -> None:
    calls: list[Called] = []
    identifier = identified(things.send(subscription(POLLED), None, calls))
    things.send(pull_message("0"), None, calls)
    assert [(each.operation, each.status, each.namespace) for each in calls] == [
        ("Subscribe", 0, "root/test"),
        ("PullEvents", None, ""),
    ]
    assert dict(calls[0].parameters) == {"Mode": "PULL", "Filter": POLLED}
    assert identifier


# What happened


def test_wm_ev_6_an_event_is_reported_at_once_without_within(things: Client) -> None:
    identifier = subscribe(things)
    set_number(things, 6, 7)
    things.change(create("New"))
    assert events_in(pull(things, identifier)) == [
        ("__InstanceModificationEvent", "5", "6"),
        ("__InstanceModificationEvent", "6", "7"),
    ]


def test_wm_ev_6_within_compares_at_intervals_of_the_clock(things: Client) -> None:
    identifier = subscribe(things, POLLED)
    set_number(things, 6, 7)
    things.advance(1.999)
    set_number(things, 8)
    assert things.begin(pull_message(identifier)).waiting is not None
    things.advance(0.001)
    assert len(things.events.subscriptions) == 1
    set_number(things, 9)
    things.advance(2)
    assert events_in(pull(things, identifier)) == [("__InstanceModificationEvent", "8", "9")]


def test_wm_ev_6_what_was_changed_back_did_not_happen(things: Client) -> None:
    identifier = subscribe(things, ANY)
    set_number(things, 6, 5)
    things.change(create("Short"))
    things.change(delete("Short"))
    things.change(create("Long", 1))
    set_number(things, 2, name="Long")
    set_number(things, 9, name="Two")
    things.change(delete("Two"))
    things.change(delete("Linked"))
    things.change(create("Linked", 11))
    things.advance(10)
    assert events_in(pull(things, identifier)) == [
        ("__InstanceCreationEvent", None, "2"),
        ("__InstanceDeletionEvent", None, "2"),
        ("__InstanceModificationEvent", "5", "11"),
    ]


def test_wm_ev_6_more_changes_than_can_be_kept_are_compared_at_once(things: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cimsim.cimom.event_places.MAX_CHANGES", 3)
    identifier = subscribe(things, ANY)
    set_number(things, 6, 7, 8)
    assert things.clock.due == NOON + 10
    set_number(things, 9)
    things.change(create("New", 1))
    assert events_in(pull(things, identifier)) == [("__InstanceModificationEvent", "5", "9")]
    things.advance(10)
    assert events_in(pull(things, identifier)) == [("__InstanceCreationEvent", None, "1")]


def test_wm_ev_6_each_subscription_compares_at_its_own_times(things: Client) -> None:
    first = subscribe(things, POLLED)
    things.advance(1)
    second = subscribe(things, POLLED)
    set_number(things, 6)
    things.advance(1)
    set_number(things, 7)
    things.advance(4)
    shown = [events_in(pull(things, each)) for each in (first, second)]
    assert [[event[1:] for event in events] for events in shown] == [[("5", "6"), ("6", "7")], [("5", "7")]]


def test_wm_ev_6_a_condition_compares_before_and_after(things: Client) -> None:
    text = f"{MODIFIED} AND TargetInstance.Number <> PreviousInstance.Number AND TargetInstance.Name = 'ONE'"
    identifier = subscribe(things, text)
    things.change(lambda it: it.modify(thing(it, "One"), Flag=True))
    set_number(things, 3, name="Two")
    set_number(things, 4)
    assert events_in(pull(things, identifier)) == [("__InstanceModificationEvent", "5", "4")]


def test_wm_ev_6_isa_takes_subclasses_and_no_others(things: Client) -> None:
    identifier = subscribe(things, "SELECT * FROM __InstanceDeletionEvent WHERE TargetInstance ISA 'T_Special'")
    things.change(delete("One"))
    things.change(delete("<Three>"))
    (event,) = pull(things, identifier).find("n:PullResponse/n:Items")
    assert event.findtext("{*}TargetInstance/{*}More") == "more"


def targets(answer: Answer, name: str) -> list[tuple[str, str | None]]:
    """The events of a reply to Pull: their class, and the text of a property."""
    items = answer.find("n:PullResponse/n:Items")
    return [(item.tag.rpartition("}")[2], item.findtext(f"{{*}}{name}")) for item in items]


def define(name: str, superclass: str | None = None) -> CIMClass:
    return CIMClass(name, [CIMProperty("Size", None, "uint32")], superclass=superclass)


@pytest.mark.parametrize(
    ("event", "within", "reported"),
    [
        ("__ClassOperationEvent", "", ["Creation", "Creation", "Modification", "Deletion"]),
        ("__ClassOperationEvent", " WITHIN 60", ["Creation", "Creation", "Modification", "Deletion"]),
        ("__ClassCreationEvent", "", ["Creation", "Creation"]),
        ("__ClassModificationEvent", " WITHIN 60", ["Modification"]),
        ("__ClassDeletionEvent", "", ["Deletion"]),
        ("__Event", "", ["Creation", "Creation", "Modification", "Deletion"]),
        ("__ClassCreationEvent", " WHERE TargetClass.__CLASS = 't_more'", ["Creation"]),
        ("__ClassCreationEvent", " WHERE TargetClass ISA 'T_Part'", ["Creation"]),
    ],
)
def test_wm_ev_6_classes_that_come_change_and_go(things: Client, event: str, within: str, reported: list[str]) -> None:
    identifier = subscribe(things, f"SELECT * FROM {event}{within}")
    things.change(lambda it: it.create_class(define("T_More", "T_Part")))
    things.change(lambda it: it.create_class(define("T_Other")))
    things.change(lambda it: it.modify_class(define("T_Other")))
    things.change(lambda it: it.delete_class("T_More"))
    found = targets(pull(things, identifier), "TargetClass")
    assert [name for name, _ in found] == [f"__Class{each}Event" for each in reported]
    assert all("class T_" in (shown or "") for _, shown in found)


def test_wm_ev_6_a_class_is_shown_before_and_after(things: Client) -> None:
    things.change(lambda it: it.create_class(define("T_Other")))
    identifier = subscribe(things, "SELECT * FROM __ClassModificationEvent")
    changed = define("T_Other")
    changed.properties["More"] = CIMProperty("More", None, "string")
    things.change(lambda it: it.modify_class(changed))
    answer = pull(things, identifier)
    ((_, after),), ((_, before),) = targets(answer, "TargetClass"), targets(answer, "PreviousClass")
    assert before is not None
    assert after is not None
    assert ("More" in before, "More" in after) == (False, True)


@pytest.mark.parametrize(
    ("where", "event", "reported"),
    [
        ("root", "__NamespaceOperationEvent", [("Creation", "added"), ("Deletion", "added")]),
        ("ROOT", "__NamespaceCreationEvent WITHIN 5", [("Creation", "added")]),
        ("root", "__NamespaceDeletionEvent WHERE TargetNamespace.Name = 'added'", [("Deletion", "added")]),
        ("root/test", "__NamespaceCreationEvent", [("Creation", "inner")]),
    ],
)
def test_wm_ev_6_namespaces_come_and_go_in_the_one_above_them(
    things: Client, where: str, event: str, reported: list[tuple[str, str]]
) -> None:
    identifier = subscribe(things, f"SELECT * FROM {event}", uri=f"{WMI}{where}/*")
    things.change(lambda it: it.create_namespace("root/added"))
    things.change(lambda it: it.create_namespace("root/test/inner"))
    things.change(lambda it: it.delete_namespace("root/added"))
    answer = pull(things, identifier)
    shown = [(item.tag.rpartition("}")[2], item.findtext("{*}TargetNamespace/{*}Name")) for item in items_of(answer)]
    assert shown == [(f"__Namespace{kind}Event", name) for kind, name in reported]


def test_wm_ev_6_a_namespace_that_goes_with_the_last_one_below_it_reports_that(things: Client) -> None:
    things.change(lambda it: it.create_namespace("root/above/below"))
    identifier = subscribe(things, "SELECT * FROM __NamespaceDeletionEvent", uri=f"{WMI}root/above/*")
    things.change(lambda it: it.delete_namespace("root/above/below"))
    (item,) = items_of(pull(things, identifier))
    assert item.findtext("{*}TargetNamespace/{*}Name") == "below"


def items_of(answer: Answer) -> Any:
    return answer.find("n:PullResponse/n:Items")


def test_wm_ev_15_of_a_namespace_that_its_user_may_not_read_nothing_is_reported(loaded_things: Loaded) -> None:
    grants = [parse_grant("ann=read@root"), parse_grant("ann=read@root/seen")]
    things = Client(loaded_things, authorization=Authorization(grants))
    identifier = subscribe(things, "SELECT * FROM __NamespaceCreationEvent", uri=f"{WMI}root/*", user="ann")
    things.change(lambda it: it.create_namespace("root/hidden"))
    things.change(lambda it: it.create_namespace("root/seen"))
    answer = pull(things, identifier, user="ann")
    assert [item.findtext("{*}TargetNamespace/{*}Name") for item in items_of(answer)] == ["seen"]
    assert things.send(subscription(uri=f"{WMI}root/*"), "eve").fault[0] == "w:AccessDenied"


def test_wm_ev_6_a_namespace_that_leads_nowhere_has_no_events(things: Client) -> None:
    assert refused(things, subscription(uri=f"{WMI}root/nowhere/*"))[0] == "a:DestinationUnreachable"


def test_wm_ev_6_events_of_another_namespace_are_not_reported(things: Client) -> None:
    things.change(lambda it: it.create_namespace("root/other"))
    identifier = subscribe(things, "SELECT * FROM __InstanceOperationEvent", uri=f"{WMI}root/other/*")
    set_number(things, 1)
    assert things.begin(pull_message(identifier)).waiting is not None


def test_wm_ev_7_the_form_of_an_event(things: Client) -> None:
    identifier = subscribe(things)
    things.clock.advance(1.5)
    set_number(things, 6)
    (event,) = pull(things, identifier).find("n:PullResponse/n:Items")
    assert event.tag == f"{{{TEST}__InstanceModificationEvent}}__InstanceModificationEvent"
    assert [each.tag.rpartition("}")[2] for each in event] == ["PreviousInstance", "TargetInstance", "TIME_CREATED"]
    target = event[1]
    assert target.tag == f"{{{TEST}__InstanceModificationEvent}}TargetInstance"
    assert {each.tag.rpartition("}")[0] for each in target} == {f"{{{TEST}T_Thing"}
    assert target.findtext("{*}Name") == "One"
    assert int(event[2].text) == 116444736000000000 + round((NOON + 1.5) * 10**7)


def test_wm_ev_7_only_the_columns_are_sent(things: Client) -> None:
    identifier = subscribe(things, MODIFIED.replace("*", "TargetInstance"))
    set_number(things, 6)
    (event,) = pull(things, identifier).find("n:PullResponse/n:Items")
    assert [each.tag.rpartition("}")[2] for each in event] == ["TargetInstance"]


def test_wm_ev_7_a_class_of_events_is_a_resource_without_a_filter(things: Client) -> None:
    identifier = subscribe(things, None, uri=f"{TEST}__InstanceCreationEvent")
    things.change(create("New", 3))
    assert events_in(pull(things, identifier)) == [("__InstanceCreationEvent", None, "3")]


@pytest.fixture
def alerting(loaded_alerts: Loaded) -> Client:
    return Client(loaded_alerts)


def test_wm_ev_7_indications_of_dmtf_classes_are_events_too(alerting: Client) -> None:
    query = "SELECT * FROM CIM_InstModification WHERE SourceInstance ISA T_Thing AND PreviousInstance.T_Thing::Number = 5"
    dmtf = subscribe(alerting, query, dialect="http://schemas.dmtf.org/wbem/cql/1/dsp0202.pdf")
    every = subscribe(alerting, "SELECT * FROM CIM_InstIndication")
    set_number(alerting, 6, 7)
    (event,) = pull(alerting, dmtf).find("n:PullResponse/n:Items")
    assert event.tag == f"{{{TEST}CIM_InstModification}}CIM_InstModification"
    assert event.findtext("{*}SourceInstance/{*}Number") == "6"
    assert len(pull(alerting, every).find("n:PullResponse/n:Items")) == 2


def test_wm_ev_7_what_a_provider_raises_is_an_event(alerting: Client) -> None:
    identifier = subscribe(alerting, "SELECT * FROM T_Alert WHERE Text LIKE 'h%'")
    alerting.change(lambda it: it.indicate("T_Alert", {"Text": "cold"}))
    alerting.change(lambda it: it.indicate("T_Alert", {"Text": "hot"}))
    (event,) = pull(alerting, identifier).find("n:PullResponse/n:Items")
    assert event.findtext("{*}Text") == "hot"


def test_wm_ev_6_within_is_for_intrinsic_events(alerting: Client) -> None:
    code, _, reason, _ = refused(alerting, subscription("SELECT * FROM T_Alert WITHIN 2"))
    assert code == "w:CannotProcessFilter"
    assert "T_Alert" in reason


def test_wm_ev_6_fault_rules_on_indications_act_on_events(things: Client) -> None:
    identifier = subscribe(things)
    rule = FaultRule(operation="ModifyInstance", indication="duplicated")
    fault = things.cimom.faults.add(rule)
    body = "<p:T_Thing><p:Number>6</p:Number></p:T_Thing>"
    assert things.send(envelope(f"{TRANSFER}Put", f"{TEST}T_Thing", body, {"Name": "One"})).status == 200
    fault.remove()
    assert [event[2] for event in events_in(pull(things, identifier))] == ["6", "6"]


def test_fault_rules_of_the_protocol_act_on_messages_of_eventing(things: Client) -> None:
    error = CimFault(1, "as a test has it")
    fault = things.cimom.faults.add(FaultRule(protocol="ws-man", namespace="root/test", error=error))
    assert refused(things, subscription())[2] == "as a test has it"
    assert fault.hits == 1
    fault.remove()
    assert subscribe(things)


def eventing_messages(identifier: str) -> dict[str, bytes]:
    """A message of each kind for a subscription."""

    def managing(action: str) -> bytes:
        headers = f"<e:Identifier>{identifier}</e:Identifier>"
        return envelope(f"{EVENTING}{action}", None, f"<e:{action}/>", headers=headers)

    managed = {action: managing(action) for action in ("Renew", "GetStatus", "Unsubscribe")}
    return {"Subscribe": subscription(), "PullEvents": pull_message(identifier), **managed}


@pytest.mark.parametrize("name", EVENTING_NAMES)
def test_fault_rules_name_what_clients_of_eventing_ask_for(things: Client, name: str) -> None:
    identifier, spare = subscribe(things), subscribe(things)
    set_number(things, 1)
    rule = parse_rule({"operation": name.lower(), "namespace": "ROOT/test", "error": [1, "as a test has it"], "times": 1})
    fault = things.cimom.faults.add(rule)
    calls: list[Called] = []
    for other, message in eventing_messages(spare).items():
        if other != name:
            assert (things.begin(message).status, fault.hits) == (200, 0), "it acts on others"
    message = eventing_messages(identifier)[name]
    assert things.send(message, None, calls).fault[2] == "as a test has it"
    assert things.begin(message, None, calls).status == 200
    assert [(call.operation, call.status, call.namespace, call.rule) for call in calls] == [
        (name, 1, "root/test", fault.number),
        (name, 0, "root/test", None),
    ]


def test_fault_rules_see_the_query_of_a_subscription(things: Client) -> None:
    rule = parse_rule({"operation": "Subscribe", "parameters": {"Mode": "PULL", "Filter": POLLED}, "error": "failed"})
    fault = things.cimom.faults.add(rule)
    subscribe(things)
    assert fault.hits == 0
    refused(things, subscription(POLLED))
    assert fault.hits == 1


# Push


def test_wm_ev_4_8_an_event_is_pushed_with_the_parameters_of_its_receiver(things: Client) -> None:
    parameters = '<m:one xmlns:m="urn:m" m:kind="a&lt;b">x &amp; y<m:two/></m:one>'
    listener = LISTENER.replace(
        "</e:NotifyTo>",
        f"<a:ReferenceProperties>{parameters}</a:ReferenceProperties><a:ReferenceParameters><plain/></a:ReferenceParameters></e:NotifyTo>",
    )
    subscribe(things, delivery=listener, mode=PUSH)
    set_number(things, 6)
    (sent,) = things.network.sent
    assert sent.url == "http://listener:5990/take"
    assert (sent.header("a:To"), sent.header("a:Action")) == (sent.url, f"{MANAGEMENT}Event")
    assert sent.header("w:AckRequested") is None
    assert sent.header("{urn:m}one") == "x & y"
    one = sent.root.find(".//{urn:m}one")
    assert one.get("{urn:m}kind") == "a<b"
    assert one.find("{urn:m}two") is not None
    assert sent.root.find(".//plain") is not None
    assert event_of(sent.body("*")[0]) == ("__InstanceModificationEvent", "5", "6")


@pytest.mark.parametrize("parameter", ["<a:Action>x</a:Action>", "<s:Header/>", f"<m:x xmlns:m='urn:m'>{'x' * 8192}</m:x>"])
def test_wm_ev_4_parameters_that_would_break_the_message_are_refused(things: Client, parameter: str) -> None:
    listener = LISTENER.replace("</e:", f"<a:ReferenceParameters>{parameter}</a:ReferenceParameters></e:")
    assert refused(things, subscription(delivery=listener, mode=PUSH))[0] == "e:InvalidMessage"


def test_wm_ev_8_pushed_events_come_one_after_the_other(things: Client) -> None:
    subscribe(things, delivery=LISTENER, mode=PUSH)
    set_number(things, 6, 7)
    (first,) = things.network.sent
    first.accept()
    assert [event_of(each.body("*")[0])[2] for each in things.network.sent] == ["6", "7"]


def test_wm_ev_9_the_next_event_waits_for_the_acknowledgement(things: Client) -> None:
    subscribe(things, delivery=LISTENER + '<w:ConnectionRetry Total="2">PT5S</w:ConnectionRetry>', mode=PUSH_WITH_ACK)
    set_number(things, 6, 7)
    first = things.network.sent[0]
    assert first.header("w:AckRequested") == ""
    first.acknowledge("uuid:of-something-else")
    assert len(things.network.sent) == 1
    things.advance(5)
    second = things.network.sent[1]
    assert event_of(second.body("*")[0]) == event_of(first.body("*")[0])
    second.acknowledge()
    assert event_of(things.network.sent[2].body("*")[0])[2] == "7"


@pytest.mark.parametrize(
    "answer", [b"", b"<x/>", acknowledgement("uuid:1").replace(b"wsman/Ack", b"wsman/fault"), b"\xff", b"<!DOCTYPE x><x/>"]
)
def test_wm_ev_9_14_a_client_that_acknowledges_nothing_loses_its_subscription(things: Client, answer: bytes) -> None:
    retry = '<w:ConnectionRetry Total="1">PT5S</w:ConnectionRetry>'
    identifier = subscribe(things, delivery=LISTENER + retry, mode=PUSH_WITH_ACK, further=END)
    set_number(things, 6)
    things.network.sent[0].accept(answer)
    things.advance(5)
    things.network.sent[1].accept(answer)
    *_, last = things.network.sent
    assert (last.url, last.header("a:Action")) == ("http://listener:5990/end", f"{EVENTING}SubscriptionEnd")
    (ended,) = last.body("e:SubscriptionEnd")
    assert ended.findtext("{*}Status") == f"{EVENTING}DeliveryFailure"
    assert "acknowledged" in ended.findtext("{*}Reason")
    assert ended.findtext(".//{*}Identifier") == identifier
    assert len(things.events.subscriptions) == 0


def test_wm_ev_9_deliveries_are_tried_again_as_those_of_indications(things: Client) -> None:
    subscribe(things, delivery=LISTENER, mode=PUSH)
    set_number(things, 6)
    for _ in range(4):
        things.network.sent[-1].done("no connection")
        things.advance(30)
    assert len(things.network.sent) == 4
    assert len(things.events.subscriptions) == 0


def test_wm_ev_10_events_come_in_batches(things: Client) -> None:
    terms = "<w:MaxElements>2</w:MaxElements><w:MaxTime>PT10S</w:MaxTime>"
    subscribe(things, delivery=LISTENER + terms, mode=EVENTS)
    set_number(things, 6)
    assert things.network.sent == []
    set_number(things, 7, 8)
    (first,) = things.network.sent
    assert (first.header("a:Action"), first.header("w:AckRequested")) == (f"{MANAGEMENT}Events", "")
    wrapped = first.body("w:Events/w:Event")
    assert [each.get("Action") for each in wrapped] == [f"{MANAGEMENT}Event"] * 2
    assert [event_of(each[0])[2] for each in wrapped] == ["6", "7"]
    first.acknowledge()
    assert len(things.network.sent) == 1
    things.advance(10)
    assert [event_of(each[0])[2] for each in things.network.sent[1].body("w:Events/w:Event")] == ["8"]


def test_wm_ev_13_heartbeats_show_that_a_quiet_subscription_lives(things: Client) -> None:
    beats = "<w:Heartbeats>PT60S</w:Heartbeats>"
    subscribe(things, delivery=LISTENER + beats, mode=PUSH)
    subscribe(things, delivery=LISTENER + beats, mode=EVENTS)
    things.advance(59)
    set_number(things, 6)
    for sent in list(things.network.sent):
        sent.acknowledge()
    assert len(things.network.sent) == 2
    things.advance(59)
    assert len(things.network.sent) == 2
    things.advance(1)
    single, batch = things.network.sent[2:]
    assert (single.header("a:Action"), single.body("*")) == (f"{MANAGEMENT}Heartbeat", [])
    assert [each.get("Action") for each in batch.body("w:Events/w:Event")] == [f"{MANAGEMENT}Heartbeat"]
    single.accept()
    things.advance(60)
    assert len(things.network.sent) == 5


def test_wm_ev_12_a_queue_that_is_full_loses_the_oldest_and_says_so(things: Client) -> None:
    subscribe(things, delivery=LISTENER, mode=PUSH)
    set_number(things, *range(10, 18))
    for _ in range(6):
        things.network.sent[-1].accept()
    shown = [each.header("a:Action") for each in things.network.sent]
    assert shown == [f"{MANAGEMENT}Event", f"{MANAGEMENT}DroppedEvents", *[f"{MANAGEMENT}Event"] * 5]
    (lost,) = things.network.sent[1].body("w:DroppedEvents")
    assert lost.text == "2"
    assert event_of(things.network.sent[2].body("*")[0])[2] == "13"


@pytest.mark.parametrize(
    ("policy", "actions"),
    [
        ("", [f"{EVENTING}SubscriptionEnd"]),
        ("CancelSubscription", [f"{EVENTING}SubscriptionEnd"]),
        ("Skip", [f"{MANAGEMENT}Event"]),
        ("Notify", [f"{MANAGEMENT}DroppedEvents", f"{MANAGEMENT}Event"]),
    ],
)
def test_wm_ev_13_an_event_that_is_too_long(things: Client, policy: str, actions: list[str]) -> None:
    given = f' Policy="{policy}"' if policy else ""
    size = f"<w:MaxEnvelopeSize{given}>9000</w:MaxEnvelopeSize>"
    query = "SELECT * FROM __InstanceCreationEvent"
    subscribe(things, query, delivery=LISTENER + size, mode=PUSH, further=END)
    things.change(lambda it: it.create("T_Thing", {"Name": "long", "Texts": ["x" * 8000]}))
    things.change(create("short"))
    for _ in range(2):
        if len(things.network.sent) == 1:
            things.network.sent[-1].accept()
    assert [each.header("a:Action") for each in things.network.sent] == actions


# Pull


def test_wm_ev_11_a_pull_waits_for_events(things: Client) -> None:
    reply = things.begin(pull_message(subscribe(things)))
    assert reply.waiting is not None
    set_number(things, 6)
    assert events_in(answered(reply)) == [("__InstanceModificationEvent", "5", "6")]


@pytest.mark.parametrize(
    ("body", "headers", "seconds"),
    [
        ("", "", 60),
        ("", "<w:OperationTimeout>PT20.000S</w:OperationTimeout>", 20),
        ("", "<w:OperationTimeout>P0Y0M0DT0H0M20S</w:OperationTimeout>", 20),
        ("<n:MaxTime>PT5S</n:MaxTime>", "<w:OperationTimeout>PT20.000S</w:OperationTimeout>", 5),
    ],
)
def test_wm_ev_11_a_pull_without_events_times_out(things: Client, body: str, headers: str, seconds: float) -> None:
    identifier = subscribe(things)
    reply = things.begin(pull_message(identifier, body, headers))
    things.advance(seconds - 0.001)
    assert reply.waiting is not None
    assert not reply.waiting.called
    things.advance(0.001)
    assert (answered(reply).fault[0], answered_number(things, identifier)) == ("w:TimedOut", 2150858793)
    set_number(things, 6)
    assert len(events_in(pull(things, identifier))) == 1, "the subscription goes on"


def answered_number(client: Client, identifier: str) -> int:
    reply = client.begin(pull_message(identifier, "<n:MaxTime>PT1S</n:MaxTime>"))
    client.advance(1)
    return answered(reply).fault[3]


def test_wm_ev_11_one_item_for_each_pull_unless_more_are_asked_for(things: Client) -> None:
    identifier = subscribe(things)
    set_number(things, 6, 7, 8)
    assert len(events_in(pull(things, identifier, ""))) == 1
    answer = pull(things, identifier)
    assert [event[2] for event in events_in(answer)] == ["7", "8"]
    assert answer.value("n:PullResponse/n:EnumerationContext") == f"subscription:{identifier}"
    assert answer.all("n:PullResponse/n:EndOfSequence") == []


def test_wm_ev_11_only_one_pull_may_wait(things: Client) -> None:
    identifier = subscribe(things)
    waiting = things.begin(pull_message(identifier)).waiting
    assert pull(things, identifier).fault[0] == "w:Concurrency"
    assert waiting is not None
    waiting.addErrback(lambda _: None)
    waiting.cancel()
    set_number(things, 6)
    assert len(events_in(pull(things, identifier))) == 1, "who has gone takes nothing"


def test_wm_ev_11_a_pull_that_waits_is_answered_when_its_subscription_ends(things: Client) -> None:
    identifier = subscribe(things)
    reply = things.begin(pull_message(identifier))
    manage(things, "Unsubscribe", identifier)
    assert answered(reply).fault[0] == "n:InvalidEnumerationContext"


def test_wm_ev_11_pushed_events_cannot_be_pulled(things: Client) -> None:
    identifier = subscribe(things, delivery=LISTENER, mode=PUSH)
    assert pull(things, identifier).fault[0] == "n:InvalidEnumerationContext"


def test_wm_ev_13_a_heartbeat_answers_a_pull_before_it_times_out(things: Client) -> None:
    identifier = subscribe(things, delivery="<w:Heartbeats>PT10S</w:Heartbeats>")
    reply = things.begin(pull_message(identifier))
    things.advance(10)
    (event,) = answered(reply).all("n:PullResponse/n:Items/w:Event")
    assert event.get("Action") == f"{MANAGEMENT}Heartbeat"


def test_wm_ev_12_a_pull_learns_how_many_events_were_lost(things: Client) -> None:
    identifier = subscribe(things)
    set_number(things, *range(10, 17))
    answer = pull(things, identifier)
    lost, *left = answer.find("n:PullResponse/n:Items")
    assert (lost.get("Action"), lost[0].text) == (f"{MANAGEMENT}DroppedEvents", "2")
    assert [event_of(each)[2] for each in left] == ["12", "13", "14", "15", "16"]


def test_wm_ev_11_as_many_events_as_fit_the_envelope(things: Client) -> None:
    identifier = subscribe(things)
    things.change(lambda it: it.modify(thing(it, "One"), Texts=["x" * 4000]))
    set_number(things, 6)
    size = "<w:MaxEnvelopeSize>8192</w:MaxEnvelopeSize>"
    assert len(events_in(things.send(pull_message(identifier, headers=size)))) == 1
    assert things.send(pull_message(identifier, headers=size)).fault[:2] == ("w:EncodingLimit", "MaxEnvelopeSize")
    assert len(events_in(pull(things, identifier))) == 1, "it is kept for a client that takes more"


# Who may, how many, and the end


def grants(*texts: str) -> Authorization:
    return Authorization([parse_grant(text) for text in texts])


def test_wm_ev_15_only_who_may_read_may_subscribe(loaded_things: Loaded) -> None:
    client = Client(loaded_things, authorization=grants("reader=read@root/test", "writer=write@root/test"))
    assert refused(client, subscription(), "writer")[0] == "w:AccessDenied"
    assert refused(client, subscription(uri=f"{WMI}root/tset/*"), "reader")[0] == "w:AccessDenied"
    assert subscribe(client, user="reader")


def test_wm_ev_15_who_may_no_longer_read_receives_nothing(loaded_things: Loaded) -> None:
    client = Client(loaded_things, authorization=grants("ann=read", "bob=read"))
    ann, bob = subscribe(client, user="ann"), subscribe(client, POLLED, user="bob")
    client.cimom.authorization = grants("ann=read")
    set_number(client, 6)
    client.advance(2)
    assert len(events_in(pull(client, ann, user="ann"))) == 1
    assert client.begin(pull_message(bob), "bob").waiting is not None


def test_wm_ev_15_a_subscription_is_there_for_its_owner_only(things: Client) -> None:
    identifier = subscribe(things, user="ann")
    assert pull(things, identifier, user="bob").fault[0] == "n:InvalidEnumerationContext"
    assert manage(things, "Renew", identifier, user="bob").fault[0] == "e:UnableToRenew"
    assert manage(things, "Unsubscribe", identifier, user="bob").fault[0] == "e:InvalidMessage"
    assert manage(things, "Unsubscribe", identifier, user="ann").status == 200


def test_wm_ev_15_there_are_so_many_subscriptions_and_no_more(things: Client) -> None:
    kept = [subscribe(things, user="ann") for _ in range(4)]
    assert refused(things, subscription(), "ann")[0] == "w:QuotaLimit"
    for _ in range(4):
        subscribe(things, user="bob")
    assert refused(things, subscription(), "eve")[0] == "w:QuotaLimit"
    manage(things, "Unsubscribe", kept[0], user="ann")
    assert subscribe(things, user="eve")


def test_wm_ev_14_a_subscription_ends_with_the_world_that_it_was_to(things: Client) -> None:
    identifier = subscribe(things, POLLED, further=END)
    subscribe(things)
    reply = things.begin(pull_message(identifier))
    base = things.cimom.world
    set_number(things, 6)
    things.cimom.replace_world(base)
    assert answered(reply).fault[0] == "n:InvalidEnumerationContext"
    (sent,) = things.network.sent
    assert sent.body("e:SubscriptionEnd")[0].findtext("{*}Status") == f"{EVENTING}SourceCancelling"
    assert len(things.events.subscriptions) == 0
    things.advance(10)
    assert len(things.network.sent) == 1


def test_wm_ev_14_what_nobody_is_told_ends_no_subscription(things: Client) -> None:
    identifier = subscribe(things)
    things.cimom.change(lambda it: it.modify(thing(it, "One"), Number=6), "root/test", silent=True)
    set_number(things, 7)
    assert events_in(pull(things, identifier)) == [("__InstanceModificationEvent", "6", "7")]


def test_wm_ev_14_a_server_that_stops_answers_who_waits(things: Client) -> None:
    reply = things.begin(pull_message(subscribe(things)))
    things.cimom.stop()
    assert answered(reply).fault[0] == "n:InvalidEnumerationContext"
