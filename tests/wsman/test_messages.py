"""Envelopes, headers, Identify and Invoke, and the faults for what is wrong with a message (rules WM-S, WM-I, WM-F)."""

import pytest

from cimsim.wsman.message_decoder import NotSoapError
from tests.wsman.conftest import NS, TEST, TRANSFER, V2, Client, envelope

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/"
SERVICE = f"{V2}Msvm_GuestCommunicationService"
WEB01 = "3f2c6a10-8b41-4e0d-9c57-1a6e0b7d2f01"


@pytest.mark.parametrize(
    "body", [b"", b"no XML", b"<a/>", b"<a:Envelope/>", b'<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"/>']
)
def test_wm_h_3_what_is_not_soap_gets_no_fault(things: Client, body: bytes) -> None:
    with pytest.raises(NotSoapError):
        things.send(body)


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE s [<!ENTITY e "x">]>',
        "<!DOCTYPE s>",
        '<!DOCTYPE s SYSTEM "file:///etc/passwd">',
        "<!DOCTYPE s><!DOCTYPE s [<!ENTITY e 'x'>]>",
        "<?x y?>",
    ],
)
def test_sec1_document_types_and_instructions_are_refused(things: Client, prolog: str) -> None:
    with pytest.raises(NotSoapError):
        things.send(prolog.encode() + envelope(f"{TRANSFER}Get", f"{TEST}T_Thing", selectors={"Name": "One"}))


@pytest.mark.longer
def test_sec2_sec3_deep_and_wide_documents_are_refused(things: Client) -> None:
    for body in (b"<a>" * 101, b"<a>" + b"<b/>" * 100_001 + b"</a>"):
        with pytest.raises(NotSoapError):
            things.send(body)


def test_wm_h_2_utf_16_with_a_byte_order_mark(things: Client) -> None:
    text = envelope(f"{TRANSFER}Get", f"{TEST}T_Thing", selectors={"Name": "One"}).decode()
    assert things.send(text.encode("utf-16")).properties()["Name"] == "One"


def test_wm_s_1_headers_that_have_no_effect_are_accepted(things: Client) -> None:
    microsoft = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
    headers = (
        '<w:Locale xml:lang="de" s:mustUnderstand="false"/><w:OperationTimeout>PT60.000S</w:OperationTimeout>'
        f'<h:DataLocale xmlns:h="{microsoft}" xml:lang="en-US" s:mustUnderstand="true"/>'
        f'<h:SessionId xmlns:h="{microsoft}">uuid:1</h:SessionId><w:OptionSet><w:Option Name="x">1</w:Option></w:OptionSet>'
    )
    message = envelope(f"{TRANSFER}Get", f"{TEST}T_Thing", selectors={"Name": "One"}, headers=headers)
    assert things.send(message).status == 200


def test_wm_s_2_wm_f_24_a_header_that_must_be_understood(things: Client) -> None:
    def sent(attribute: str) -> int:
        header = f'<z:Strange xmlns:z="urn:z" {attribute}="true"/>'
        message = envelope(f"{TRANSFER}Get", f"{TEST}T_Thing", selectors={"Name": "One"}, headers=header)
        answer = things.send(message)
        if answer.status != 200:
            assert answer.fault[0] == "s:MustUnderstand"
            not_understood = answer.root.find("s:Header/s:NotUnderstood", NS)
            prefix, _, name = not_understood.get("qname").partition(":")
            assert (not_understood.nsmap[prefix], name) == ("urn:z", "Strange")
        return answer.status

    assert sent("s:mustUnderstand") == 500
    assert sent("mustUnderstand") == 200


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (
            '<w:OperationTimout s:mustUnderstand="true"/>',
            "header OperationTimout is not understood; did you mean OperationTimeout?",
        ),
        ('<z:ResourceURI xmlns:z="urn:z" s:mustUnderstand="1"/>', "header ResourceURI of namespace 'urn:z' is not understood"),
        ('<e:Identifer s:mustUnderstand=" true "/>', "did you mean Identifier?"),
        ('<Bare s:mustUnderstand="true"/>', "header Bare of namespace ''"),
    ],
)
def test_wm_s_2_the_header_is_named_with_the_nearest(things: Client, header: str, text: str) -> None:
    fault = things.send(envelope(f"{TRANSFER}Get", f"{TEST}T_Thing", selectors={"Name": "One"}, headers=header)).fault
    assert fault[0] == "s:MustUnderstand"
    assert text in fault[2]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("PT60.000S", True),
        ("PT20S", True),
        (" P1DT2H ", True),
        ("", True),
        ("soon", False),
        ("60", False),
        ("PT", False),
        ("-PT1S", False),
    ],
)
def test_wm_s_8_the_time_of_an_operation_is_a_duration(things: Client, text: str, fits: bool) -> None:
    header = f"<w:OperationTimeout>{text}</w:OperationTimeout>"
    answer = things.send(envelope(f"{TRANSFER}Get", f"{TEST}T_Thing", selectors={"Name": "One"}, headers=header))
    assert (answer.status == 200) is fits
    if not fits:
        assert answer.fault[0] == "a:InvalidMessageInformationHeader"
        assert f"OperationTimeout is {text!r}" in answer.fault[2]


def test_wm_s_4_wm_f_25_the_message_id_must_be_there_but_may_be_empty(things: Client) -> None:
    message = envelope(f"{TRANSFER}Get", f"{TEST}T_Thing", selectors={"Name": "One"}).decode()
    assert things.send(message.replace("uuid:42", "").encode()).status == 200
    without = message.replace("<a:MessageID>uuid:42</a:MessageID>", "")
    assert things.send(without.encode()).fault[0] == "a:MessageInformationHeaderRequired"


# Also WM-F-27.
def test_wm_s_5_replies_go_to_the_anonymous_address_only(things: Client) -> None:
    message = envelope(f"{TRANSFER}Get", f"{TEST}T_Thing").decode().replace("/role/anonymous", "/role/other")
    assert things.send(message.encode()).fault[:2] == ("w:UnsupportedFeature", "AddressingMode")


def test_wm_f_29_soap_1_1(things: Client) -> None:
    message = b'<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body/></Envelope>'
    assert things.send(message).fault[0] == "s:VersionMismatch"


def test_wm_f_13_actions_that_are_not_served(things: Client) -> None:
    for action in (f"{TRANSFER}Patch", "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Renew"):
        assert things.send(envelope(action, f"{TEST}T_Thing")).fault[0] == "a:ActionNotSupported"
    assert f"did you mean {TRANSFER}Get?" in things.send(envelope(f"{TRANSFER}Gett", f"{TEST}T_Thing")).fault[2]
    assert "urn:other names no method" in things.send(envelope("urn:other", f"{TEST}T_Thing")).fault[2]


@pytest.mark.parametrize(
    "uri",
    [
        "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd",
        "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
        "http://schemas.microsoft.com/powershell/Microsoft.PowerShell",
        "http://schemas.microsoft.com/powershell/Custom.Endpoint",
        "http://schemas.microsoft.com/wbem/wsman/1/config",
        "http://schemas.microsoft.com/wbem/wsman/1/config/plugin",
    ],
)
@pytest.mark.parametrize("action", [f"{TRANSFER}Create", f"{TRANSFER}Get", f"{SHELL}Command", f"{SHELL}Signal"])
def test_wm_r_7_shells_are_not_simulated(things: Client, uri: str, action: str) -> None:
    subcode, detail, reason, number = things.send(envelope(action, uri)).fault
    assert (subcode, detail, number) == ("a:DestinationUnreachable", "InvalidResourceURI", 2150858811)
    assert ("configuration" if "config" in uri else "shell") in reason.lower()


def test_wm_id_1_identify(things: Client) -> None:
    body = f'<s:Envelope xmlns:s="{NS["s"]}"><s:Header/><s:Body><i:Identify xmlns:i="{NS["wsmid"]}"/></s:Body></s:Envelope>'
    answer = things.send(body.encode())
    assert answer.value("wsmid:IdentifyResponse/wsmid:ProtocolVersion") == NS["w"]
    assert answer.value("wsmid:IdentifyResponse/wsmid:ProductVendor") == "Microsoft Corporation"


def test_wm_i_1_wm_i_3_a_method_returns_its_outputs_and_then_its_value(hyperv: Client) -> None:
    answer = hyperv.invoke(
        f"{V2}Msvm_ComputerSystem", "RequestStateChange", "<p:RequestedState>3</p:RequestedState>", Name=WEB01
    )
    output = answer.find("*")
    assert output.tag == f"{{{V2}Msvm_ComputerSystem}}RequestStateChange_OUTPUT"
    assert [child.tag.rpartition("}")[2] for child in output] == ["Job", "ReturnValue"]
    assert output[1].text == "4096"
    job = output[0].findtext("a:ReferenceParameters/w:SelectorSet/w:Selector[@Name='InstanceID']", namespaces=NS)
    polled = hyperv.query(f"{V2}*", f"SELECT * FROM Msvm_ConcreteJob WHERE InstanceID = '{job}'")  # WM-I-4
    assert len(polled.find("n:EnumerateResponse/w:Items")) == 1


def test_wm_i_3_a_value_other_than_0_is_not_a_fault(hyperv: Client) -> None:
    answer = hyperv.invoke(SERVICE, "StopService")
    again = hyperv.invoke(SERVICE, "StopService")
    assert (answer.find("*")[-1].text, again.status) == ("0", 200)


def test_wm_i_2_arrays_repeat_their_element_and_namespaces_do_not_matter(hyperv: Client) -> None:
    uri = f"{V2}Msvm_VirtualSystemManagementService"
    body = (
        f'<w:GetSummaryInformation_INPUT><q:RequestedInformation xmlns:q="{uri}">0</q:RequestedInformation>'
        f'<q:requestedinformation xmlns:q="{uri}">100</q:requestedinformation></w:GetSummaryInformation_INPUT>'
    )
    selectors = {"CreationClassName": "Msvm_VirtualSystemManagementService", "SystemCreationClassName": "Msvm_ComputerSystem"}
    answer = hyperv.send(envelope(f"{uri}/GetSummaryInformation", uri, body, selectors))
    rows = answer.all("*/*")[:-1]
    assert len(rows) == 3
    own = f"{{{V2}Msvm_SummaryInformation}}"  # WM-V-8: the namespace of the embedded instance's own class
    assert rows[0].findtext(f"{own}Name") == WEB01.upper()
    assert rows[0].findtext(f"{own}EnabledState") == "2"


def test_wm_v_8_embedded_instances_in_both_forms(hyperv: Client) -> None:
    uri = f"{V2}Msvm_VirtualSystemManagementService"
    text = (
        '&lt;INSTANCE CLASSNAME="Msvm_VirtualSystemSettingData"&gt;&lt;PROPERTY NAME="ElementName" TYPE="string"&gt;'
        "&lt;VALUE&gt;{}&lt;/VALUE&gt;&lt;/PROPERTY&gt;&lt;/INSTANCE&gt;"
    )
    inner = (
        f'<q:Msvm_VirtualSystemSettingData xmlns:q="{V2}Msvm_VirtualSystemSettingData"><q:ElementName>{{}}</q:ElementName>'
        "</q:Msvm_VirtualSystemSettingData>"
    )
    for number, form in enumerate((text, inner)):
        settings = f"<p:SystemSettings>{form.format(f'new{number}')}</p:SystemSettings>"
        answer = hyperv.invoke(uri, "DefineSystem", settings)
        assert answer.status == 200, answer.text
        assert answer.find("*")[-1].text in ("0", "4096")
        found = hyperv.query(f"{V2}*", f"SELECT * FROM Msvm_ComputerSystem WHERE ElementName = 'new{number}'")
        assert len(found.find("n:EnumerateResponse/w:Items")) == 1


# Also WM-I-5.
def test_wm_f_14_methods_that_are_not_there(hyperv: Client) -> None:
    subcode, detail, reason, _ = hyperv.invoke(SERVICE, "StopServic").fault
    assert (subcode, detail) == ("a:ActionNotSupported", "InvalidMethod")
    assert "did you mean StopService?" in reason


def test_wm_f_26_a_body_that_is_for_another_method(hyperv: Client) -> None:
    answer = hyperv.send(envelope(f"{SERVICE}/StopService", SERVICE, "<p:StartService_INPUT/>"))
    assert answer.fault[0] == "w:SchemaValidationError"
