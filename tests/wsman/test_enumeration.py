"""Enumerate, Pull and Release, and their filters (rules WM-E, WM-Q)."""

from typing import Any

import pytest
from lxml import etree

from tests.wsman.conftest import ENUMERATION, NS, TEST, V2, WMI, Answer, Client, envelope

ALL = "<w:OptimizeEnumeration/><w:MaxElements>100</w:MaxElements>"


def names(items: Any) -> list[str]:
    return [etree.QName(item).localname for item in items]


def context(answer: Answer, kind: str = "Enumerate") -> str:
    text = answer.value(f"n:{kind}Response/n:EnumerationContext")
    assert text
    return text


def test_wm_e_2_wm_e_5_wm_e_6_one_item_for_each_pull_unless_more_are_wanted(things: Client) -> None:
    answer = things.enumerate(f"{TEST}T_Part")
    assert names(answer.find("n:EnumerateResponse")) == ["EnumerationContext"]
    first = things.pull(context(answer))
    assert names(first.find("n:PullResponse")) == ["EnumerationContext", "Items"]
    assert names(first.find("n:PullResponse/n:Items")) == ["T_Part"]
    last = things.pull(context(first, "Pull"))
    assert names(last.find("n:PullResponse")) == ["Items", "EndOfSequence"]
    assert things.pull(context(first, "Pull")).fault[0] == "n:InvalidEnumerationContext"


def test_wm_e_6_an_enumeration_of_nothing_ends_at_its_first_pull(things: Client) -> None:
    things.send(envelope("http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete", f"{TEST}T_Holds", selectors={}))
    answer = things.enumerate(f"{TEST}T_Holds")
    pulled = things.pull(context(answer))
    assert names(pulled.find("n:PullResponse")) == ["Items", "EndOfSequence"]
    assert len(pulled.find("n:PullResponse/n:Items")) == 0


def test_wm_e_3_an_optimized_enumeration_brings_items_at_once(things: Client) -> None:
    answer = things.enumerate(f"{TEST}T_Thing", ALL)
    assert names(answer.find("n:EnumerateResponse")) == ["EnumerationContext", "Items", "EndOfSequence"]
    assert names(answer.find("n:EnumerateResponse/w:Items")) == ["T_Thing", "T_Thing", "T_Thing", "T_Special"]
    some = things.enumerate(f"{TEST}T_Thing", "<w:OptimizeEnumeration/><w:MaxElements>3</w:MaxElements>")
    assert len(some.find("n:EnumerateResponse/w:Items")) == 3
    rest = things.pull(context(some), "<n:MaxElements>5</n:MaxElements>")
    assert names(rest.find("n:PullResponse/n:Items")) == ["T_Special"]


def test_wm_e_4_max_elements_in_either_namespace(things: Client) -> None:
    for element in ("n", "w"):
        answer = things.enumerate(f"{TEST}T_Thing")
        pulled = things.pull(context(answer), f"<{element}:MaxElements>2</{element}:MaxElements>")
        assert len(pulled.find("n:PullResponse/n:Items")) == 2


def test_wm_e_7_the_context_alone_identifies_the_enumeration(hyperv: Client) -> None:
    answer = hyperv.query(f"{V2}*", "SELECT * FROM Msvm_ComputerSystem", "")
    other = hyperv.query(f"{V2}*", "SELECT * FROM Msvm_GuestFileService", "")
    pulled = hyperv.pull(context(answer), uri=f"{WMI}root/virtualization/*")
    assert pulled.find("n:PullResponse/n:Items")[0].tag == f"{{{V2}Msvm_ComputerSystem}}Msvm_ComputerSystem"
    assert hyperv.pull(context(other)).status == 200


@pytest.mark.parametrize("text", ["", "nonsense", "bm9uc2Vuc2U=", "é", "x" * 10000])
def test_wm_e_10_wm_f_21_a_context_that_is_not_one(things: Client, text: str) -> None:
    subcode, _, _, number = things.pull(text).fault
    assert (subcode, number) == ("n:InvalidEnumerationContext", 2150858779)


def test_wm_e_10_release_ends_an_enumeration(things: Client) -> None:
    begun = context(things.enumerate(f"{TEST}T_Thing"))
    body = f"<n:Release><n:EnumerationContext>{begun}</n:EnumerationContext></n:Release>"
    assert things.send(envelope(f"{ENUMERATION}Release", f"{TEST}T_Thing", body)).status == 200
    assert things.pull(begun).fault[0] == "n:InvalidEnumerationContext"


def test_wm_e_10_an_enumeration_expires(things: Client) -> None:
    short = context(things.enumerate(f"{TEST}T_Thing", "<n:Expires>PT10S</n:Expires>"))
    until = context(things.enumerate(f"{TEST}T_Thing", "<n:Expires>2025-03-10T12:00:30Z</n:Expires>"))
    usual = context(things.enumerate(f"{TEST}T_Thing"))
    things.clock.advance(20)
    assert things.pull(short).fault[0] == "n:InvalidEnumerationContext"
    assert things.pull(until).status == 200
    things.clock.advance(35)
    assert things.pull(until).fault[0] == "n:InvalidEnumerationContext"
    assert things.pull(usual).status == 200


def test_wm_e_8_the_modes_of_enumerations(things: Client) -> None:
    def items(mode: str) -> Any:
        wanted = f"<w:EnumerationMode>{mode}</w:EnumerationMode>{ALL}"
        return things.enumerate(f"{TEST}T_Part", wanted).find("n:EnumerateResponse/w:Items")

    assert names(items("EnumerateObject")) == ["T_Part", "T_Part"]
    assert names(items("EnumerateEPR")) == ["EndpointReference", "EndpointReference"]
    both = items("EnumerateObjectAndEPR")
    assert names(both) == ["Item", "Item"]
    assert names(both[0]) == ["T_Part", "EndpointReference"]
    wrong = things.enumerate(f"{TEST}T_Part", "<w:EnumerationMode>EnumerateAll</w:EnumerationMode>")
    assert wrong.fault[0] == "w:SchemaValidationError"


def test_wm_e_9_polymorphism(things: Client) -> None:
    def shown(mode: str) -> list[tuple[str, bool]]:
        wanted = f"<b:PolymorphismMode>{mode}</b:PolymorphismMode>{ALL}"
        items = things.enumerate(f"{TEST}T_Thing", wanted).find("n:EnumerateResponse/w:Items")
        return [(etree.QName(item).localname, "More" in names(item)) for item in items]

    assert shown("IncludeSubClassProperties")[-1] == ("T_Special", True)
    assert shown("ExcludeSubClassProperties")[-1] == ("T_Thing", False)


def test_wm_e_11_the_number_of_items_is_not_known(things: Client) -> None:
    answer = things.enumerate(f"{TEST}T_Part", headers="<w:RequestTotalItemsCountEstimate/>")
    estimate = answer.root.find("s:Header/w:TotalItemsCountEstimate", NS)
    assert estimate.get(f"{{{NS['xsi']}}}nil") == "true"


def test_wm_r_2_all_classes_need_a_query(hyperv: Client) -> None:
    assert hyperv.enumerate(f"{V2}*").fault[3] == 2150859003


def test_wm_q_1_wm_f_17_a_query_that_does_not_parse_says_where(hyperv: Client) -> None:
    subcode, _, reason, number = hyperv.query(f"{V2}*", "SELECT * FRM Msvm_ComputerSystem").fault
    assert (subcode, number) == ("n:CannotProcessFilter", 2150858778)
    assert "line 1, column" in reason


def test_wm_q_1_associators(hyperv: Client) -> None:
    path = "Msvm_ComputerSystem.CreationClassName='Msvm_ComputerSystem',Name='3F2C6A10-8B41-4E0D-9C57-1A6E0B7D2F01'"
    query = f"ASSOCIATORS OF {{{path}}} WHERE ResultClass = Msvm_GuestServiceInterfaceComponent"
    items = hyperv.query(f"{V2}*", query).find("n:EnumerateResponse/w:Items")
    assert names(items) == ["Msvm_GuestServiceInterfaceComponent"]


# Also WM-R-5.
def test_wm_q_2_cql(things: Client) -> None:
    dialect = "http://schemas.dmtf.org/wbem/cql/1/dsp0202.pdf"
    body = f'<w:Filter Dialect="{dialect}">SELECT * FROM T_Part WHERE Id = 8</w:Filter>{ALL}'
    uri = "http://schemas.dmtf.org/wbem/wscim/1/*"
    found = things.enumerate(uri, body, selectors={"__cimnamespace": "root/test"})
    assert len(found.find("n:EnumerateResponse/w:Items")) == 1


def test_wm_q_4_association_filters(things: Client) -> None:
    source = (
        f"<b:Object><a:Address>{NS['a']}/role/anonymous</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{TEST}T_Thing</w:ResourceURI><w:SelectorSet>"
        '<w:Selector Name="Name">linked</w:Selector></w:SelectorSet></a:ReferenceParameters></b:Object>'
    )
    dialect = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter"

    def items(inner: str) -> list[str]:
        body = f'<w:Filter Dialect="{dialect}">{inner}</w:Filter>{ALL}'
        answer = things.enumerate("http://schemas.dmtf.org/wbem/wscim/1/*", body, selectors={"__cimnamespace": "root/test"})
        assert answer.status == 200, answer.text
        return names(answer.find("n:EnumerateResponse/w:Items"))

    assert items(f"<b:AssociatedInstances>{source}</b:AssociatedInstances>") == ["T_Part"]
    named = "<b:AssociationClassName>T_Holds</b:AssociationClassName><b:Role>Holder</b:Role>"
    assert items(f"<b:AssociatedInstances>{source}{named}</b:AssociatedInstances>") == ["T_Part"]
    assert items(f"<b:AssociatedInstances>{source}<b:Role>Held</b:Role></b:AssociatedInstances>") == []
    assert items(f"<b:AssociationInstances>{source}</b:AssociationInstances>") == ["T_Holds"]


def test_wm_q_5_wm_f_18_a_dialect_that_is_not_spoken(things: Client) -> None:
    answer = things.enumerate(f"{TEST}T_Thing", '<w:Filter Dialect="http://www.w3.org/TR/1999/REC-xpath-19991116">/</w:Filter>')
    assert answer.fault[0] == "n:FilterDialectRequestedUnavailable"


def test_wm_q_6_wm_e_8_rows_of_a_select_list(things: Client) -> None:
    query = "SELECT Name, Flag FROM T_Thing WHERE Name = 'One'"
    (row,) = things.query(f"{TEST}*", query).find("n:EnumerateResponse/w:Items")
    assert (etree.QName(row).localname, names(row)) == ("XmlFragment", ["Flag", "Name"])
    wanted = f"<w:EnumerationMode>EnumerateEPR</w:EnumerationMode>{ALL}"
    assert things.query(f"{TEST}*", query, wanted).fault[3] == 2150858886


def test_wm_s_7_a_pull_is_cut_to_what_fits_the_envelope(hyperv: Client) -> None:
    answer = hyperv.enumerate(f"{V2}Msvm_ResourceAllocationSettingData")
    small = "<w:MaxEnvelopeSize>9000</w:MaxEnvelopeSize>"
    found, begun, pulls = 0, context(answer), 0
    while begun:
        inner = f"<n:Pull><n:EnumerationContext>{begun}</n:EnumerationContext><n:MaxElements>1000</n:MaxElements></n:Pull>"
        pulled = hyperv.send(envelope(f"{ENUMERATION}Pull", f"{V2}*", inner, headers=small))
        assert len(pulled.text.encode()) <= 9000
        found += len(pulled.find("n:PullResponse/n:Items"))
        following = pulled.all("n:PullResponse/n:EnumerationContext")
        begun = following[0].text if following else ""
        pulls += 1
    whole = hyperv.enumerate(f"{V2}Msvm_ResourceAllocationSettingData", ALL.replace("100", "1000"))
    assert pulls > 1
    assert found == len(whole.find("n:EnumerateResponse/w:Items"))
