"""Whatever one message holds, others are answered meanwhile: what takes long is searched in slices, or bounded (rule SEC6)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace
from pywbem import CIMInstanceName

from cimsim.cimom.authorization import Authorization, parse_grant
from cimsim.cimom.exchanges import Called
from cimsim.cimom.fault_rule_parser import parse_rule
from cimsim.operations.results import MethodResult, Output
from cimsim.packs.load import Loaded, load
from cimsim.simulation.wsman_service import WsmanReply
from cimsim.world.transaction import Transaction
from cimsim.wsman.element_writer import instance_element
from cimsim.wsman.message_decoder import WsmanDecoder
from cimsim.wsman.reply_encoder import WsmanEncoder
from cimsim.wsman.resource_uris import parse_resource
from tests.wsman.conftest import (
    ANONYMOUS,
    ENUMERATION,
    MANAGEMENT,
    NOON,
    NS,
    TEST,
    TRANSFER,
    WQL,
    Answer,
    Client,
    answered,
    envelope,
)

COUNT: Final = 2_200
"""More than one reply holds."""
THING: Final = f"{TEST}B_Thing"
MOF: Final = r"""
class B_Thing { [Key] string Name; [Write] sint32 Number = 5; string Text = "a text that is neither short nor long"; };
class B_Hub { [Key] string Name; uint32 Act([In] B_Thing REF Things[]); };
class B_Note { [Key] B_Thing REF About; [Key] uint32 Number; };
[Association] class B_Link { [Key] B_Hub REF Hub; [Key] B_Thing REF Thing; };
instance of B_Hub { Name = "hub"; };
"""
NAME: Final = "Thing-002000"


def path(classname: str, name: str) -> CIMInstanceName:
    return CIMInstanceName(classname, {"Name": name}, namespace="root/test")


def populate(transaction: Transaction) -> None:
    hub = path("B_Hub", "hub")
    for number in range(COUNT):
        name = f"Thing-{number:06}"
        transaction.create("B_Thing", {"Name": name})
        if number % 2 == 0:
            transaction.create("B_Link", {"Hub": hub, "Thing": path("B_Thing", name)})
    for number in range(20):
        transaction.create("B_Note", {"About": path("B_Thing", NAME), "Number": number})
        transaction.create("B_Note", {"About": path("B_Thing", "Thing-000007"), "Number": number})


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    file: Path = tmp_path_factory.mktemp("many") / "many.mof"
    file.write_text(MOF, encoding="utf-8")
    found = load([file], None, cache_dir=None, now=NOON, namespace="root/test")
    transaction = Transaction(found.world, "root/test", NOON)
    populate(transaction)
    return replace(found, world=transaction.world)


@pytest.fixture
def many(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client of a CIMOM with many instances, which searches in short slices."""
    monkeypatch.setattr("cimsim.operations.selection._SLICE", 500)
    return Client(loaded)


def waits(reply: WsmanReply) -> WsmanReply:
    """The same, which is not done after its first step."""
    assert next(reply.batches) == []
    return reply


def message(action: str, body: str = "", **selectors: str) -> bytes:
    return envelope(f"{TRANSFER}{action}", THING, body, selectors)


def reference(name: str, classname: str = "B_Thing") -> str:
    return (
        f"<a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters><w:ResourceURI>{TEST}{classname}</w:ResourceURI>"
        f'<w:SelectorSet><w:Selector Name="Name">{name}</w:Selector></w:SelectorSet></a:ReferenceParameters>'
    )


# Selectors


@pytest.mark.parametrize("name", [NAME.lower(), f'"{NAME}"', NAME.upper()])
def test_wm_p_2_wm_p_4_others_are_answered_while_keys_are_searched(many: Client, name: str) -> None:
    reply = waits(many.begin(message("Get", Name=name)))
    assert many.get(f"{TEST}B_Hub", Name="hub").status == 200
    assert answered(reply).properties()["Name"] == NAME


def test_wm_p_2_keys_as_they_are_stored_need_no_search(many: Client) -> None:
    assert next(many.begin(message("Get", Name=NAME)).batches)


@pytest.mark.parametrize(("selectors", "code"), [({"Name": "nothing"}, "a:DestinationUnreachable"), ({}, "w:InvalidSelectors")])
def test_wm_p_3_what_fits_nothing_or_several_is_refused_in_the_end(many: Client, selectors: dict[str, str], code: str) -> None:
    assert answered(many.begin(message("Get", **selectors))).fault[0] == code


def test_a_search_shows_the_world_as_it_was_and_the_operation_as_it_is(many: Client) -> None:
    reply = waits(many.begin(message("Put", "<p:B_Thing><p:Number>7</p:Number></p:B_Thing>", Name=NAME.lower())))
    many.change(lambda it: it.delete(next(each for each in it.instances("B_Thing") if each["Name"] == NAME)))
    before = many.cimom.world
    assert answered(reply).fault[0] == "a:DestinationUnreachable"
    assert many.cimom.world is before, "nothing half done"


def test_a_client_that_goes_away_ends_the_search(many: Client) -> None:
    reply = waits(many.begin(message("Delete", Name=NAME.lower())))
    before = many.cimom.world
    del reply
    assert many.cimom.world is before


def test_put_and_delete_act_on_what_was_found(many: Client) -> None:
    changed = waits(many.begin(message("Put", "<p:B_Thing><p:Number>7</p:Number></p:B_Thing>", Name=NAME.lower())))
    assert answered(changed).properties()["Number"] == "7"
    assert answered(waits(many.begin(message("Delete", Name=NAME.lower())))).status == 200
    assert many.get(THING, Name=NAME).status == 500


def test_what_was_searched_for_is_recorded_with_what_became_of_it(many: Client) -> None:
    calls: list[Called] = []
    for name in (NAME.lower(), "nothing"):
        answered(many.begin(message("Delete", Name=name), None, calls))
    assert [(call.operation, call.status, dict(call.keys)) for call in calls] == [
        ("DeleteInstance", 0, {"Name": NAME.lower()}),
        ("DeleteInstance", 6, {"Name": "nothing"}),
    ]


@pytest.mark.parametrize("where", [{"Name": NAME}, {"Number": 5}])
def test_fault_rules_see_the_instance_that_was_found(many: Client, where: dict[str, Any]) -> None:
    rule = parse_rule({"operation": "GetInstance", "where": where, "error": [1, "as a test has it"]})
    fault = many.cimom.faults.add(rule)
    assert answered(waits(many.begin(message("Get", Name=NAME.lower())))).fault[2] == "as a test has it"
    assert answered(many.begin(message("Get", Name="nothing"))).fault[0] == "a:DestinationUnreachable"
    assert fault.hits == 1


def test_sec13_nothing_is_searched_for_users_who_may_not_read(many: Client) -> None:
    many.cimom.authorization = Authorization([parse_grant("ann=read@root/test")])
    waits(many.begin(message("Get", Name=NAME.lower()), "ann"))
    assert next(many.begin(message("Get", Name=NAME.lower()), "eve").batches), "refused at once"
    assert many.send(message("Get", Name=NAME.lower()), "eve").fault[0] == "w:AccessDenied"


def noted(name: str, number: int) -> bytes:
    about = f'<w:Selector Name="About"><a:EndpointReference>{reference(name)}</a:EndpointReference></w:Selector>'
    further = f'<w:Selector Name="Number">{number}</w:Selector>'
    headers = f"<w:SelectorSet>{about}{further}</w:SelectorSet>"
    return envelope(f"{TRANSFER}Get", f"{TEST}B_Note", headers=headers)


def test_wm_p_1_a_reference_among_selectors_is_searched_once(many: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    # It takes one search among the things, and not one for each of the notes.
    monkeypatch.setattr("cimsim.operations.selection._IN_ALL", COUNT + 3 * 40)
    answer = answered(waits(many.begin(noted(NAME.lower(), 3))))
    assert answer.root.find(".//w:Selector[@Name='Name']", NS).text == NAME
    assert answered(many.begin(noted("nothing", 3))).status == 500


def acting(*names: str) -> bytes:
    things = "".join(f"<p:Things>{reference(name)}</p:Things>" for name in names)
    return envelope(f"{TEST}B_Hub/Act", f"{TEST}B_Hub", f"<p:Act_INPUT>{things}</p:Act_INPUT>")


def test_sec6_more_is_not_searched_than_one_request_may(many: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert answered(waits(many.begin(acting(NAME.lower(), "nothing")))).fault[0] == "a:ActionNotSupported", "no provider"
    monkeypatch.setattr("cimsim.operations.selection._IN_ALL", 3 * COUNT)
    code, _, reason, _ = answered(waits(many.begin(acting(*["nothing"] * 4)))).fault
    assert (code, "too much work" in reason) == ("w:QuotaLimit", True)


# Items


BIG: Final = "<w:MaxEnvelopeSize>2000000000</w:MaxEnvelopeSize>"
AT_ONCE: Final = "<w:OptimizeEnumeration/><w:MaxElements>100000</w:MaxElements>"


def enumerate_(body: str, uri: str = THING) -> bytes:
    return envelope(f"{ENUMERATION}Enumerate", uri, f"<n:Enumerate>{body}</n:Enumerate>", headers=BIG)


def pull(context: str, body: str = "<n:MaxElements>100000</n:MaxElements>") -> bytes:
    inner = f"<n:EnumerationContext>{context}</n:EnumerationContext>{body}"
    return envelope(f"{ENUMERATION}Pull", f"{TEST}*", f"<n:Pull>{inner}</n:Pull>", headers=BIG)


def parts(many: Client, begun: WsmanReply) -> Iterator[Answer]:
    """The replies of an enumeration from its beginning to its end."""
    answer = answered(begun)
    while True:
        assert answer.status == 200
        yield answer
        if answer.root.find(".//{*}EndOfSequence") is not None:
            return
        answer = answered(many.begin(pull(answer.root.findtext(".//{*}EnumerationContext"))))


def filtered(dialect: str, text: str) -> str:
    return f'<w:Filter Dialect="{dialect}">{text}</w:Filter>'


MODE: Final = "<w:EnumerationMode>{}</w:EnumerationMode>"


@pytest.mark.parametrize(
    "body",
    [
        "",
        MODE.format("EnumerateEPR"),
        MODE.format("EnumerateObjectAndEPR"),
        "<b:PolymorphismMode>ExcludeSubClassProperties</b:PolymorphismMode>",
        "<b:PolymorphismMode>None</b:PolymorphismMode>",
        filtered(WQL, "SELECT * FROM B_Thing"),
        filtered(WQL, "SELECT Name FROM B_Thing WHERE Number = 5"),
        filtered(f"{MANAGEMENT}SelectorFilter", '<w:SelectorSet><w:Selector Name="Number">5</w:Selector></w:SelectorSet>'),
    ],
)
def test_wm_s_7_a_reply_has_a_bound_of_its_own_and_all_items_come_once(many: Client, body: str) -> None:
    names: list[str] = []
    for answer in parts(many, many.begin(enumerate_(AT_ONCE + body))):
        assert len(answer.text) < 700_000
        found = [
            each.findtext(".//{*}Name") or each.findtext(".//{*}Selector[@Name='Name']")
            for each in answer.root.find(".//{*}Items")
        ]
        assert found
        names += found
    assert names == [f"Thing-{number:06}" for number in range(COUNT)]


def test_wm_e_4_max_characters_bounds_a_pull_and_one_item_always_comes(many: Client) -> None:
    answer = many.send(enumerate_(""))
    context = answer.value("n:EnumerateResponse/n:EnumerationContext") or ""
    some = many.send(pull(context, "<n:MaxElements>100</n:MaxElements><n:MaxCharacters>5000</n:MaxCharacters>"))
    items = some.find("n:PullResponse/n:Items")
    assert 3 < len(items) < 30
    one = many.send(pull(context, "<n:MaxElements>100</n:MaxElements><n:MaxCharacters>1</n:MaxCharacters>"))
    assert len(one.find("n:PullResponse/n:Items")) == 1
    wrong = many.send(pull(context, "<n:MaxCharacters>many</n:MaxCharacters>"))
    assert wrong.fault[0] == "w:SchemaValidationError"


# Associations


def associated(what: str, further: str = "") -> str:
    source = f"<b:Object>{reference('hub', 'B_Hub')}</b:Object>"
    return filtered(
        "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter", f"<b:{what}>{source}{further}</b:{what}>"
    )


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (associated("AssociatedInstances"), COUNT // 2),
        (associated("AssociationInstances"), COUNT // 2),
        (associated("AssociatedInstances", "<b:Role>Thing</b:Role>"), 0),
        (filtered(WQL, "ASSOCIATORS OF {B_Hub.Name='hub'}"), COUNT // 2),
        (filtered(WQL, "REFERENCES OF {B_Hub.Name='hub'} WHERE ResultClass = B_Link"), COUNT // 2),
        (filtered(WQL, "ASSOCIATORS OF {B_Hub.Name='hub'} WHERE RequiredAssocQualifier = Association"), COUNT // 2),
        (filtered(WQL, "REFERENCES OF {B_Hub.Name='hub'} WHERE RequiredQualifier = Abstract"), 0),
    ],
)
def test_others_are_answered_while_associations_are_followed(many: Client, body: str, count: int) -> None:
    reply = waits(many.begin(enumerate_(AT_ONCE + body, uri=f"{TEST}*")))
    many.change(_empty)
    found = sum(len(answer.root.find(".//{*}Items")) for answer in parts(many, reply))
    assert found == count, "as it was when it was asked"


def _empty(transaction: Transaction) -> None:
    for each in transaction.instances("B_Link"):
        transaction.delete(each)


# One thing with long values


SMALL: Final = "<w:MaxEnvelopeSize>8192</w:MaxEnvelopeSize>"
LONG: Final[dict[str, dict[str, Any]]] = {
    "array": {"Texts": ["<a & b>"] * 1_000, "Bytes": [None, 1, 2] * 200},
    "text": {"Fixed": "x & \x01\r\n" * 60_000, "Texts": ["short", "y<>" * 90_000, None]},
}


@pytest.mark.parametrize("values", LONG.values(), ids=LONG)
def test_an_instance_with_long_values_is_written_in_pieces(things: Client, values: dict[str, Any]) -> None:
    things.change(lambda it: it.create("T_Thing", {"Name": "Long", **values}))
    asked = envelope(f"{TRANSFER}Get", f"{TEST}T_Thing", selectors={"Name": "Long"}, headers=BIG)
    reply = things.begin(asked)
    batches = list(reply.batches)
    assert batches.count([]) > 3
    body = b"".join(fragment for batch in batches for fragment in batch)
    _, _, shown = body.partition(b"<s:Body>")
    namespace = things.cimom.world.namespace("root/test")
    instance = namespace.find("t_thing", ("Long",))
    assert instance is not None
    whole = instance_element(instance, parse_resource(f"{TEST}T_Thing"))
    assert shown == whole + b"</s:Body></s:Envelope>", "the same as at a stretch"
    small = envelope(f"{TRANSFER}Get", f"{TEST}T_Thing", selectors={"Name": "Long"}, headers=SMALL)
    instance.wsman_memo = None
    assert things.send(small).fault[:2] == ("w:EncodingLimit", "MaxEnvelopeSize")


def test_the_output_of_a_method_is_written_in_pieces(many: Client) -> None:
    values = tuple(f"<{number}>" for number in range(1_000))
    result = MethodResult(Output("ReturnValue", "uint32", False, 0), (Output("Texts", "string", True, values),))
    encoder = WsmanEncoder("HOST", lambda: "ID")
    message = WsmanDecoder().decode(acting())
    made = list(encoder.encoding(message, result))
    assert made.count(None) > 3
    (reply,) = [each for each in made if each is not None]
    whole = encoder.encode(message, result)
    written, expected = (b"".join(each for batch in it.batches for each in batch) for it in (reply, whole))
    assert written == expected
    assert written.count(b"<p:Texts>") == len(values)
