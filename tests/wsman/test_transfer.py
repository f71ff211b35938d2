"""Get, Put, Create, Delete: instances one at a time (rules WM-T, WM-V, WM-P)."""

import pytest

from tests.wsman.conftest import NS, TEST, TRANSFER, V2, Client, envelope

WEB01 = "3F2C6A10-8B41-4E0D-9C57-1A6E0B7D2F01"


# Also WM-R-1.
def test_wm_t_1_wm_v_1_get_returns_the_instance_as_its_own_class(things: Client) -> None:
    found = things.get(f"{TEST}T_Thing", Name="<Three>".replace("<", "&lt;").replace(">", "&gt;"))
    assert found.status == 200
    element = found.find("*")
    assert element.tag == f"{{{TEST}T_Special}}T_Special"
    assert found.properties()["Name"] == "<Three>"


def test_wm_s_6_the_reply_names_the_message(things: Client) -> None:
    header = things.get(f"{TEST}T_Thing", Name="One").root.find("s:Header", NS)
    assert header.findtext("a:RelatesTo", namespaces=NS) == "uuid:42"
    assert header.findtext("a:Action", namespaces=NS) == f"{TRANSFER}GetResponse"
    assert header.findtext("a:To", namespaces=NS).endswith("/anonymous")
    assert header.findtext("a:MessageID", namespaces=NS).startswith("uuid:")


def test_wm_x_1_the_prefixes_are_those_that_clients_look_for(things: Client) -> None:
    text = things.get(f"{TEST}T_Thing", Name="One").text
    start = text[: text.index("<s:Header>")]
    assert all(f'xmlns:{prefix}="{NS[prefix]}"' in start for prefix in ("s", "a", "n", "w", "x", "xsi"))


def test_wm_v_2_wm_v_3_every_scalar_is_there_in_order_of_names_and_null_arrays_are_not(things: Client) -> None:
    one = things.get(f"{TEST}T_Thing", Name="One").properties()
    assert one == {
        "Fixed": "fixed",
        "Flag": None,
        "Link": None,
        "Moment": None,
        "Name": "One",
        "Number": "5",
        "Part": None,
        "Real": None,
    }
    assert list(one) == sorted(one)


def test_wm_v_4_to_wm_v_7_values_of_every_kind(things: Client) -> None:
    two = things.get(f"{TEST}T_Thing", Name="Two")
    found = two.properties()
    assert (found["Flag"], found["Texts"], found["Real"], found["Number"]) == ("true", ["a", "b"], "1.5", "2")
    assert (found["Octets"], found["Bytes"]) == ("AAAABgEC", ["1", "2"])
    moment = two.find(f"*/{{{TEST}T_Thing}}Moment")[0]
    assert (moment.tag, moment.text) == (f"{{{NS['cim']}}}Datetime", "2025-03-10T06:12:00.342572Z")


def test_wm_p_5_wm_p_6_wm_p_8_a_reference_stands_directly_in_its_element(things: Client) -> None:
    link = things.get(f"{TEST}T_Thing", Name="Linked").find(f"*/{{{TEST}T_Thing}}Link")
    assert [child.tag for child in link] == [f"{{{NS['a']}}}Address", f"{{{NS['a']}}}ReferenceParameters"]
    assert link.findtext("a:ReferenceParameters/w:ResourceURI", namespaces=NS) == f"{TEST}T_Part"
    selectors = link.findall("a:ReferenceParameters/w:SelectorSet/w:Selector", NS)
    assert [(each.get("Name"), each.text) for each in selectors] == [("__cimnamespace", "root/test"), ("Id", "7")]


# Also WM-P-1.
@pytest.mark.parametrize(
    "selectors",
    [
        {"Name": WEB01.lower()},
        {"name": f'"{WEB01}"'},
        {"Name": f"\n   {WEB01}\n  ", "CreationClassName": "msvm_computersystem"},
    ],
)
def test_wm_p_2_to_wm_p_4_selectors_fit_without_case_in_part_and_in_quotation_marks(
    hyperv: Client, selectors: dict[str, str]
) -> None:
    assert hyperv.get(f"{V2}Msvm_ComputerSystem", **selectors).properties()["ElementName"] == "web01"


# Also WM-F-20.
def test_wm_p_3_without_selectors_there_must_be_one_instance(hyperv: Client) -> None:
    found = hyperv.get(f"{V2}Msvm_VirtualSystemManagementService")
    assert found.properties()["ElementName"] == "Hyper-V Virtual System Management Service"
    subcode, detail, reason, number = hyperv.get(f"{V2}Msvm_ComputerSystem").fault
    assert (subcode, detail, number) == ("w:InvalidSelectors", "InsufficientSelectors", 2150858842)
    assert "4 instances of Msvm_ComputerSystem" in reason


def test_wm_p_3_what_is_not_a_key_is_named_with_the_nearest(things: Client) -> None:
    subcode, detail, reason, number = things.get(f"{TEST}T_Thing", Nme="One").fault
    assert (subcode, detail, number) == ("w:InvalidSelectors", "UnexpectedSelectors", 2150858843)
    assert "did you mean Name?" in reason


# Also WM-R-8.
def test_wm_f_11_wm_f_12_classes_and_instances_that_are_not_there(things: Client) -> None:
    subcode, detail, reason, number = things.get(f"{TEST}T_Thin", Name="One").fault
    assert (subcode, detail, number) == ("a:DestinationUnreachable", "InvalidResourceURI", 2150858811)
    assert "did you mean T_Thing?" in reason
    subcode, detail, reason, number = things.get(f"{TEST}T_Thing", Name="Nobody").fault
    assert (subcode, detail, number) == ("a:DestinationUnreachable", "", 2150858752)
    assert "did you mean" not in reason
    assert "did you mean Name='Linked'?" in things.get(f"{TEST}T_Thing", Name="linket").fault[2]


def test_wm_p_3_keys_that_fit_nothing_are_named_with_the_nearest(hyperv: Client) -> None:
    subcode, detail, reason, _ = hyperv.get(f"{V2}Msvm_ComputerSystem", Name=WEB01[:-1]).fault
    assert (subcode, detail) == ("w:InvalidSelectors", "InsufficientSelectors")
    assert f"did you mean Name='{WEB01}'?" in reason
    # Of two keys the one that no instance has.
    reason = hyperv.get(f"{V2}Msvm_ComputerSystem", CreationClassName="Msvm_ComputrSystem", Name=WEB01).fault[2]
    assert "did you mean CreationClassName='Msvm_ComputerSystem'?" in reason


def test_wm_r_10_wm_f_3_a_namespace_that_is_not_there_carries_the_error_of_wmi(hyperv: Client) -> None:
    refused = hyperv.get("http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/Msvm_ComputerSystem", Name="x")
    assert refused.fault[0] == "a:DestinationUnreachable"
    assert "<p:error_Code>2150858778</p:error_Code>" in refused.text


@pytest.mark.parametrize(
    "uri",
    [
        "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/T_Thing",
        "http://schemas.microsoft.com/wbem/wscim/1/cim-schema/2/T_Thing",
    ],
)
def test_wm_r_3_wm_r_4_a_selector_names_the_namespace(things: Client, uri: str) -> None:
    found = things.get(uri, __cimnamespace="root/test", Name="One")
    assert found.find("*").tag == f"{{{uri}}}T_Thing"


def test_wm_r_9_white_space_around_names_is_not_part_of_them(things: Client) -> None:
    message = envelope(f"\n {TRANSFER}Get\n", f"\n   {TEST}T_Thing\n  ", selectors={"Name": "One"})
    assert things.send(message).properties()["Name"] == "One"


def test_wm_t_2_put_changes_what_it_is_given_and_returns_the_instance(things: Client) -> None:
    body = "<p:T_Thing><p:Number> 9 </p:Number><p:Flag>1</p:Flag><p:Texts>x</p:Texts></p:T_Thing>"
    changed = things.send(envelope(f"{TRANSFER}Put", f"{TEST}T_Thing", body, {"Name": "two"}))
    found = changed.properties()
    assert (found["Number"], found["Flag"], found["Texts"], found["Real"]) == ("9", "true", "x", "1.5")
    assert things.get(f"{TEST}T_Thing", Name="Two").properties() == found


def test_wm_t_5_put_takes_back_what_get_gave(things: Client) -> None:
    given = things.get(f"{TEST}T_Thing", Name="Two")
    inner = given.text.partition("<s:Body>")[2].partition("</s:Body>")[0]
    changed = inner.replace("<p:Number>2<", "<p:Number>3<").replace('<p:Link xsi:nil="true"/>', "")
    again = things.send(envelope(f"{TRANSFER}Put", f"{TEST}T_Thing", changed, {"Name": "Two"}))
    assert again.status == 200, again.text
    assert again.properties() == {**given.properties(), "Number": "3"}


def test_wm_t_5_nil_with_a_text_is_the_text(things: Client) -> None:
    body = '<p:T_Thing><p:Number xsi:nil="true">4</p:Number><p:Real xsi:nil="true"/></p:T_Thing>'
    found = things.send(envelope(f"{TRANSFER}Put", f"{TEST}T_Thing", body, {"Name": "Two"})).properties()
    assert (found["Number"], found["Real"]) == ("4", None)


def test_wm_t_5_a_key_that_differs_is_refused(things: Client) -> None:
    body = "<p:T_Thing><p:Name>Other</p:Name><p:Number>1</p:Number></p:T_Thing>"
    refused = things.send(envelope(f"{TRANSFER}Put", f"{TEST}T_Thing", body, {"Name": "Two"}))
    assert refused.fault[0] == "x:InvalidRepresentation"
    assert things.get(f"{TEST}T_Thing", Name="Two").properties()["Number"] == "2"


def test_wm_f_15_a_value_that_does_not_fit_changes_nothing(things: Client) -> None:
    body = "<p:T_Thing><p:Flag>true</p:Flag><p:Number>many</p:Number></p:T_Thing>"
    subcode, _, reason, number = things.send(envelope(f"{TRANSFER}Put", f"{TEST}T_Thing", body, {"Name": "One"})).fault
    assert (subcode, number) == ("w:InvalidParameter", 2150858810)
    assert "'many' is not a sint32" in reason
    assert things.get(f"{TEST}T_Thing", Name="One").properties()["Flag"] is None


# Also WM-F-16.
def test_wm_t_3_wm_t_4_create_and_delete(things: Client) -> None:
    body = (
        "<p:T_Thing><p:Name>New</p:Name><p:Moment><cim:Datetime>2025-03-10T07:12:00+01:00</cim:Datetime></p:Moment>"
        '<p:Part xsi:type="p:T_Part_Type"><p:Id>3</p:Id></p:Part></p:T_Thing>'
    )
    created = things.send(envelope(f"{TRANSFER}Create", f"{TEST}T_Thing", body))
    selectors = created.all("x:ResourceCreated/a:ReferenceParameters/w:SelectorSet/w:Selector")
    assert [(each.get("Name"), each.text) for each in selectors] == [("__cimnamespace", "root/test"), ("Name", "New")]
    found = things.get(f"{TEST}T_Thing", Name="New")
    assert found.properties()["Moment"] == "2025-03-10T07:12:00+01:00"
    part = found.find(f"*/{{{TEST}T_Thing}}Part")
    assert [child.tag for child in part] == [f"{{{TEST}T_Part}}Id"]
    again = things.send(envelope(f"{TRANSFER}Create", f"{TEST}T_Thing", body))
    assert again.fault[0] == "w:AlreadyExists"
    deleted = things.send(envelope(f"{TRANSFER}Delete", f"{TEST}T_Thing", selectors={"Name": "new"}))
    assert (deleted.status, deleted.all("*")) == (200, [])
    assert things.get(f"{TEST}T_Thing", Name="New").fault[0] == "a:DestinationUnreachable"


def test_wm_p_6_references_are_taken_in_both_forms(things: Client) -> None:
    inner = (
        f"<a:Address>http://anywhere</a:Address><a:ReferenceParameters><w:ResourceURI>{TEST}T_Part</w:ResourceURI>"
        '<w:SelectorSet><w:Selector Name="Id">8</w:Selector></w:SelectorSet></a:ReferenceParameters>'
    )
    for value in (inner, f"<a:EndpointReference>{inner}</a:EndpointReference>"):
        body = f"<p:T_Thing><p:Link>{value}</p:Link></p:T_Thing>"
        found = things.send(envelope(f"{TRANSFER}Put", f"{TEST}T_Thing", body, {"Name": "One"}))
        assert [each.text for each in found.root.iterfind(".//w:Selector", NS)] == ["root/test", "8"]


# Also WM-F-23.
def test_wm_s_7_an_object_that_does_not_fit_the_envelope_is_a_fault(things: Client) -> None:
    long = "x" * 9000
    body = f"<p:T_Thing><p:Texts>{long}</p:Texts></p:T_Thing>"
    assert things.send(envelope(f"{TRANSFER}Put", f"{TEST}T_Thing", body, {"Name": "One"})).status == 200
    small = "<w:MaxEnvelopeSize>8192</w:MaxEnvelopeSize>"
    refused = things.send(envelope(f"{TRANSFER}Get", f"{TEST}T_Thing", selectors={"Name": "One"}, headers=small))
    assert refused.fault[:2] == ("w:EncodingLimit", "MaxEnvelopeSize")
    least = things.send(envelope(f"{TRANSFER}Get", f"{TEST}T_Thing", headers=small.replace("8192", "100")))
    assert least.fault[:2] == ("w:EncodingLimit", "MinimumEnvelopeLimit")
