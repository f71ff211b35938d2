"""The habits of other servers as pywbem meets them (rules Q1 to Q7, W7)."""

import http.client
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit
from warnings import catch_warnings, simplefilter

import pytest
from pywbem import (
    CIM_ERR_FAILED,
    CIM_ERR_NOT_SUPPORTED,
    CIMError,
    CIMInstanceName,
    CIMXMLParseError,
    ToleratedServerIssueWarning,
    WBEMConnection,
    WBEMServer,
    XMLParseError,
)

HYPERV = "root/virtualization/v2"
INTEROP = "root/interop"

Quirky = Callable[..., Any]


class Conversation:
    """A connection of pywbem to a server with quirks, with a look at what came over the wire."""

    def __init__(self, url: str, connection: WBEMConnection) -> None:
        self.url = url
        self.pywbem = connection

    def raw(self, operation: Callable[[WBEMConnection], object]) -> str:
        """Return the reply to an operation as it came; pywbem may fail on it."""
        with suppress(CIMError, CIMXMLParseError, XMLParseError), catch_warnings():
            simplefilter("ignore", ToleratedServerIssueWarning)
            operation(self.pywbem)
        reply = self.pywbem.last_raw_reply
        assert reply is not None
        return bytes(reply).decode()

    def post(self, name: str, parameters: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
        body = (
            f'<?xml version="1.0" encoding="utf-8" ?><CIM CIMVERSION="2.0" DTDVERSION="2.0">'
            f'<MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLEREQ><IMETHODCALL NAME="{name}">'
            f'<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="interop"/>'
            f"</LOCALNAMESPACEPATH>{parameters}</IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>"
        )
        fields = {
            "Content-Type": "application/xml; charset=utf-8",
            "CIMOperation": "MethodCall",
            "CIMMethod": name,
            "CIMObject": INTEROP,
            **headers,
        }
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)
        try:
            connection.request("POST", "/cimom", body, fields)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def quirky(launch: Any, unchecked: set[str]) -> Quirky:
    @contextmanager
    def start(profile: str, *arguments: str, user: tuple[str, str] | None = None) -> Iterator[Conversation]:
        with launch("--quirks", profile, *arguments) as server:
            unchecked.add(urlsplit(server.url).netloc)
            connection = WBEMConnection(server.url, user, INTEROP)
            connection.debug = True
            with connection:
                yield Conversation(server.url, connection)

    return start


@pytest.fixture(scope="module")
def pegasus(quirky: Quirky) -> Iterator[Conversation]:
    with quirky("openpegasus") as conversation:
        yield conversation


def code(operation: Callable[[], object]) -> int:
    with pytest.raises(CIMError) as caught:
        operation()
    return int(caught.value.status_code)


def test_w7_q1_openpegasus_presents_itself(pegasus: Conversation) -> None:
    server = WBEMServer(pegasus.pywbem)
    assert (server.brand, server.version) == ("OpenPegasus", "2.14.1")


def test_q1_key_values_have_no_type(pegasus: Conversation) -> None:
    reply = pegasus.raw(lambda pywbem: pywbem.EnumerateInstanceNames("CIM_ObjectManager"))
    assert '<KEYVALUE VALUETYPE="string">' in reply
    (path,) = pegasus.pywbem.EnumerateInstanceNames("CIM_ObjectManager")
    assert pegasus.pywbem.GetInstance(path)["ElementName"] == "Pegasus"


def test_q1_pull_outputs_have_no_paramtype(pegasus: Conversation) -> None:
    reply = pegasus.raw(lambda pywbem: pywbem.OpenEnumerateInstances("CIM_ObjectManager", MaxObjectCount=10))
    assert '<PARAMVALUE NAME="EndOfSequence"><VALUE>' in reply
    assert len(list(pegasus.pywbem.IterEnumerateInstances("CIM_ManagedElement", MaxObjectCount=2))) > 2


def test_q1_status_codes(pegasus: Conversation) -> None:
    pywbem = pegasus.pywbem
    parameter = '<IPARAMVALUE NAME="Nonsense"><VALUE>TRUE</VALUE></IPARAMVALUE>'
    assert '<ERROR CODE="7"' in pegasus.post("EnumerateClassNames", parameter)[2]
    assert code(lambda: pywbem.OpenEnumerateInstances("CIM_Error", ContinueOnError=True)) == CIM_ERR_NOT_SUPPORTED
    assert code(lambda: pywbem.OpenEnumerateInstances("CIM_Error", FilterQuery="x")) == CIM_ERR_FAILED
    assert code(lambda: pywbem.PullInstancePaths(("none", INTEROP), 1)) == CIM_ERR_FAILED


def test_q1_a_malformed_value_is_answered_400(pegasus: Conversation) -> None:
    parameter = '<IPARAMVALUE NAME="InstanceName"><VALUE>TRUE</VALUE></IPARAMVALUE>'
    assert pegasus.post("GetInstance", parameter)[0] == 400


@pytest.fixture(scope="module")
def sfcb(quirky: Quirky) -> Iterator[Conversation]:
    with quirky("sfcb", "--user", "eve:x", user=("eve", "x")) as conversation:
        yield conversation


def test_w7_q2_sfcb_presents_itself(sfcb: Conversation) -> None:
    server = WBEMServer(sfcb.pywbem)
    assert (server.brand, server.version) == ("SFCB", "1.4.9")


def test_q2_unknown_and_pull_operations_fail_and_pywbem_falls_back(sfcb: Conversation) -> None:
    credentials = {"Authorization": f"Basic {b64encode(b'eve:x').decode()}"}
    for name in ("OpenEnumerateInstances", "Nonsense"):
        reply = sfcb.post(name, **credentials)[2]
        assert '<ERROR CODE="1" DESCRIPTION="invalid imethodcall XML"' in reply
    assert code(lambda: sfcb.pywbem.OpenEnumerateInstances("CIM_ObjectManager")) == CIM_ERR_FAILED
    assert len(list(sfcb.pywbem.IterEnumerateInstances("CIM_ObjectManager"))) == 1


def test_q2_the_realm_is_cimom(sfcb: Conversation) -> None:
    status, headers, _ = sfcb.post("EnumerateClassNames")
    assert (status, headers["WWW-Authenticate"]) == (401, 'Basic realm="cimom"')


def test_q3_ecom(quirky: Quirky) -> None:
    with quirky("ecom") as ecom:
        server = WBEMServer(ecom.pywbem)
        assert server.brand == "EMC CIM Server"
        (service,) = ecom.pywbem.EnumerateInstanceNames("CIM_ObjectManager")
        reply = ecom.raw(lambda pywbem: pywbem.InvokeMethod("Nonsense", service))
        assert '<ERROR CODE="17" DESCRIPTION="\x0c' in reply
        with pytest.raises(XMLParseError):
            ecom.pywbem.InvokeMethod("Nonsense", service)


def test_q4_compellent(quirky: Quirky) -> None:
    with quirky("compellent") as compellent:
        reply = compellent.raw(lambda pywbem: pywbem.EnumerateInstanceNames("CIM_ObjectManager"))
        assert '<CIM CIMVERSION="2.8" DTDVERSION="2.4">' in reply
        assert 'PROTOCOLVERSION="1.4"' in reply
        assert '<KEYVALUE VALUETYPE="string" TYPE="">' in reply
        assert len(compellent.pywbem.EnumerateInstanceNames("CIM_ObjectManager")) == 1
        assert compellent.post("EnumerateClassNames")[1]["Content-Type"] == "text/xml;charset=UTF-8"
        error = compellent.raw(lambda pywbem: pywbem.GetInstance(CIMInstanceName("CIM_ObjectManager", {"Name": "none"})))
        assert "<INSTANCE><PROPERTY" in error


def test_q5_eternus(quirky: Quirky) -> None:
    with quirky("eternus") as eternus:
        reply = eternus.raw(lambda pywbem: pywbem.EnumerateInstances("CIM_Namespace"))
        assert ">/root/virtualization/v2</KEYVALUE>" in reply
        assert "<VALUE>/root/virtualization/v2</VALUE>" in reply
        names = [instance["Name"] for instance in eternus.pywbem.EnumerateInstances("CIM_Namespace")]
        assert "/root/interop" not in names
        with pytest.warns(ToleratedServerIssueWarning, match="Interop namespace"):
            assert f"/{HYPERV}" in WBEMServer(eternus.pywbem).namespaces


def test_q6_intelliflash(quirky: Quirky) -> None:
    with quirky("intelliflash") as intelliflash:
        pywbem = intelliflash.pywbem
        reply = intelliflash.raw(lambda pywbem: pywbem.EnumerateInstanceNames("CIM_NamespaceInManager"))
        assert "<VALUE.REFERENCE><LOCALCLASSPATH>" in reply
        with pytest.raises(CIMXMLParseError, match=r"invalid type: .*CIMClassName"):
            pywbem.EnumerateInstanceNames("CIM_NamespaceInManager")


def test_q7_careless(quirky: Quirky) -> None:
    with quirky("careless") as careless:
        reply = careless.raw(lambda pywbem: pywbem.GetClass("CIM_ObjectManager", LocalOnly=False))
        assert '<METHOD NAME="StartService" PROPAGATED="true">' in reply
        reply = careless.raw(lambda pywbem: pywbem.OpenEnumerateInstances("CIM_ObjectManager", MaxObjectCount=0))
        assert "IRETURNVALUE" not in reply
        with pytest.warns(ToleratedServerIssueWarning, match="empty boolean"):
            (manager,) = careless.pywbem.EnumerateInstances("CIM_ObjectManager")
        assert manager["Undeclared"] == "not in the class"


def test_no_quirk_is_on_by_default(launch: Any) -> None:
    with launch() as server, WBEMConnection(server.url, None, INTEROP) as connection:
        assert "pegasus" not in WBEMServer(connection).brand.lower()
        connection.debug = True
        connection.EnumerateInstanceNames("CIM_ObjectManager")
        assert b'<KEYVALUE VALUETYPE="string" TYPE="string">' in connection.last_raw_reply
