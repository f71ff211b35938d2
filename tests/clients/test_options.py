"""OPTIONS, M-POST and batches on a real server, and the settings that switch them off."""

import http.client
from typing import TYPE_CHECKING

from pywbem import WBEMConnection

from tests.replies.http import Message, check_answer

if TYPE_CHECKING:
    from tests.clients.conftest import Launch, Server

EXTENSION = "http://www.dmtf.org/cim/mapping/http/v1.0"
GROUPS = {
    2: "basic-read",
    3: "basic-write",
    4: "schema-manipulation",
    5: "instance-manipulation",
    6: "association-traversal",
    7: "query-execution",
    8: "qualifier-declaration",
}
CALL = (
    '<SIMPLEREQ><IMETHODCALL NAME="EnumerateClassNames"><LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="interop"/>'
    "</LOCALNAMESPACEPATH></IMETHODCALL></SIMPLEREQ>"
)


def message(content: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8" ?><CIM CIMVERSION="2.0" DTDVERSION="2.0">'
        f'<MESSAGE ID="1" PROTOCOLVERSION="1.0">{content}</MESSAGE></CIM>'
    )


def ask(to: "Server", method: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", to.port, timeout=20)
    try:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, "/cimom", body, {"Content-Type": "application/xml", **fields})
        answer = connection.getresponse()
        fields, reply = dict(answer.getheaders()), answer.read()
        check_answer(body.encode(), Message(answer.status, {name.lower(): text for name, text in fields.items()}, reply))
        return answer.status, fields, reply.decode()
    finally:
        connection.close()


def test_ho6_options_and_the_communication_mechanism_agree(server: "Server", interop: WBEMConnection) -> None:
    status, fields, _ = ask(server, "OPTIONS")
    uri, _, prefix = fields["Opt"].partition(" ; ns=")
    assert (status, uri) == (200, EXTENSION)
    (mechanism,) = interop.EnumerateInstances("CIM_CIMXMLCommunicationMechanism")
    told = {GROUPS[each] for each in mechanism["FunctionalProfilesSupported"] if each in GROUPS}
    assert set(fields[f"{prefix}-CIMSupportedFunctionalGroups"].split(", ")) == told
    assert mechanism["MultipleOperationsSupported"] is (f"{prefix}-CIMSupportsMultipleOperations" in fields)
    assert mechanism["CIMValidated"] is (fields[f"{prefix}-CIMValidation"] == "validating"), "HE13"


def test_h5_h7_m5_m_post_with_a_batch(server: "Server") -> None:
    headers = {"Man": f"{EXTENSION} ; ns=47", "47_CIMOperation": "MethodCall", "47_CIMBatch": ""}
    status, fields, body = ask(server, "M-POST", message(f"<MULTIREQ>{CALL}{CALL}</MULTIREQ>"), **headers)
    assert (status, fields["47-CIMOperation"], body.count("<SIMPLERSP>")) == (200, "MethodResponse", 2)


def test_h8_he2_both_may_be_switched_off(launch: "Launch") -> None:
    with launch("--no-m-post", "--max-batch", "0") as server:
        headers = {"Man": f"{EXTENSION} ; ns=47", "47_CIMOperation": "MethodCall"}
        status, fields, _ = ask(server, "M-POST", message(CALL), **headers)
        assert (status, "CIMError" in fields, "CIMProtocolVersion" in fields) == (501, False, False)
        batch = message(f"<MULTIREQ>{CALL}{CALL}</MULTIREQ>")
        status, fields, _ = ask(server, "POST", batch, CIMOperation="MethodCall", CIMBatch="")
        assert (status, fields["CIMError"]) == (501, "multiple-requests-unsupported")
        _, fields, _ = ask(server, "OPTIONS")
        assert fields["Allow"] == "POST, OPTIONS"
        assert not [name for name in fields if "MultipleOperations" in name]


def test_m5_a_batch_has_a_limit_that_can_be_set(launch: "Launch") -> None:
    with launch("--max-batch", "3") as server:
        for count, expected in ((3, 200), (4, 400)):
            body = message(f"<MULTIREQ>{CALL * count}</MULTIREQ>")
            assert ask(server, "POST", body, CIMOperation="MethodCall", CIMBatch="")[0] == expected
