"""The quirks of other servers as pywbem meets them (rules Q1 to Q7, W7)."""

import http.client
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit
from warnings import catch_warnings, simplefilter

import pytest
from pywbem import (
    CIM_ERR_ALREADY_EXISTS,
    CIM_ERR_FAILED,
    CIM_ERR_INVALID_NAMESPACE,
    CIM_ERR_NOT_SUPPORTED,
    CIMError,
    CIMInstance,
    CIMInstanceName,
    CIMXMLParseError,
    ToleratedServerIssueWarning,
    WBEMConnection,
    WBEMServer,
    XMLParseError,
)

HYPERV = "root/virtualization/v2"
INTEROP = "root/interop"
PG_INTEROP = "root/PG_InterOp"

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
        interop = self.pywbem.default_namespace
        body = (
            f'<?xml version="1.0" encoding="utf-8" ?><CIM CIMVERSION="2.0" DTDVERSION="2.0">'
            f'<MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLEREQ><IMETHODCALL NAME="{name}">'
            f'<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="{interop.removeprefix("root/")}"/>'
            f"</LOCALNAMESPACEPATH>{parameters}</IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>"
        )
        fields = {
            "Content-Type": "application/xml; charset=utf-8",
            "CIMOperation": "MethodCall",
            "CIMMethod": name,
            "CIMObject": interop,
            **headers,
        }
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)
        try:
            connection.request("POST", "/cimom", body, fields)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    def status(self, method: str, **headers: str) -> int:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)
        try:
            connection.request(method, "/any/path", None, headers)
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture(scope="module")
def quirky(launch: Any, unchecked: set[str]) -> Quirky:
    @contextmanager
    def start(
        profile: str, *arguments: str, user: tuple[str, str] | None = None, interop: str = INTEROP
    ) -> Iterator[Conversation]:
        with launch("--quirks", profile, *arguments) as server:
            unchecked.add(urlsplit(server.url).netloc)
            connection = WBEMConnection(server.url, user, interop)
            connection.debug = True
            with connection:
                yield Conversation(server.url, connection)

    return start


@pytest.fixture(scope="module")
def pegasus(quirky: Quirky) -> Iterator[Conversation]:
    with quirky("openpegasus", interop=PG_INTEROP) as conversation:
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
    assert code(lambda: pywbem.PullInstancePaths(("none", PG_INTEROP), 1)) == CIM_ERR_FAILED


def test_q1_a_malformed_value_is_answered_400(pegasus: Conversation) -> None:
    parameter = '<IPARAMVALUE NAME="InstanceName"><VALUE>TRUE</VALUE></IPARAMVALUE>'
    assert pegasus.post("GetInstance", parameter)[0] == 400


def test_q1_a_malformed_value_in_an_instance_is_answered_400_too(pegasus: Conversation) -> None:
    wrong = '<PROPERTY NAME="ClassInfo" TYPE="uint16"><VALUE>many</VALUE></PROPERTY>'
    instance = f'<IPARAMVALUE NAME="NewInstance"><INSTANCE CLASSNAME="CIM_Namespace">{wrong}</INSTANCE></IPARAMVALUE>'
    status, headers, _ = pegasus.post("CreateInstance", instance)
    assert (status, headers["CIMError"]) == (400, "request-not-valid")


def test_q1_interop_is_pg_interop(pegasus: Conversation) -> None:
    pywbem = pegasus.pywbem
    server = WBEMServer(pywbem)
    assert server.interop_ns == PG_INTEROP
    assert PG_INTEROP in server.namespaces
    assert INTEROP not in server.namespaces
    assert code(lambda: pywbem.EnumerateClassNames(namespace=INTEROP)) == CIM_ERR_INVALID_NAMESPACE
    assert pywbem.EnumerateClassNames(namespace="ROOT/pg_interop") == pywbem.EnumerateClassNames()
    path = next(each for each in pywbem.EnumerateInstanceNames("CIM_Namespace") if each["Name"] == PG_INTEROP)
    assert pywbem.GetInstance(path)["Name"] == PG_INTEROP
    (link,) = pywbem.ReferenceNames(path, ResultClass="CIM_NamespaceInManager")
    assert link["Dependent"]["Name"] == PG_INTEROP
    assert pywbem.GetInstance(link)["Dependent"].keybindings == path.keybindings
    assert code(lambda: pywbem.DeleteInstance(path)) == CIM_ERR_NOT_SUPPORTED
    again = CIMInstance("CIM_Namespace", {"Name": PG_INTEROP})
    assert code(lambda: pywbem.CreateInstance(again)) == CIM_ERR_ALREADY_EXISTS


def test_q1_pywbem_creates_namespaces_of_the_class_it_knows_of_pegasus(pegasus: Conversation) -> None:
    server = WBEMServer(pegasus.pywbem)
    assert server.create_namespace("root/made") == "root/made"
    (made,) = pegasus.pywbem.EnumerateInstances("PG_Namespace")
    assert (made["Name"], made["SchemaUpdatesAllowed"]) == ("root/made", True)
    server.delete_namespace("root/made")
    assert "root/made" not in server.namespaces


def test_q1_association_operations_have_paths_with_empty_hosts(pegasus: Conversation) -> None:
    pywbem = pegasus.pywbem
    (manager,) = pywbem.EnumerateInstanceNames("CIM_ObjectManager")
    assert "<HOST></HOST>" in pegasus.raw(lambda pywbem: pywbem.AssociatorNames(manager))
    paths = pywbem.AssociatorNames(manager)
    assert {path.host for path in paths} == {""}
    assert {path.namespace for path in paths} == {PG_INTEROP}
    for path in paths:
        assert pywbem.GetInstance(path).classname == path.classname
    assert "<HOST></HOST>" not in pegasus.raw(lambda pywbem: pywbem.OpenEnumerateInstancePaths("CIM_Namespace"))


@pytest.mark.parametrize("method", ["OPTIONS", "GET", "PUT"])
def test_q1_other_methods_than_post_are_answered_501(pegasus: Conversation, method: str) -> None:
    assert pegasus.status(method) == 501


EVE = f"Basic {b64encode(b'eve:x').decode()}"


@pytest.fixture(scope="module")
def sfcb(quirky: Quirky) -> Iterator[Conversation]:
    with quirky("sfcb", "--user", "eve:x", user=("eve", "x")) as conversation:
        yield conversation


def test_w7_q2_sfcb_presents_itself(sfcb: Conversation) -> None:
    server = WBEMServer(sfcb.pywbem)
    assert (server.brand, server.version) == ("SFCB", "1.4.9")


def test_q2_unknown_and_pull_operations_fail_and_pywbem_falls_back(sfcb: Conversation) -> None:
    for name in ("OpenEnumerateInstances", "Nonsense"):
        reply = sfcb.post(name, Authorization=EVE)[2]
        assert '<ERROR CODE="1" DESCRIPTION="invalid imethodcall XML"' in reply
    assert code(lambda: sfcb.pywbem.OpenEnumerateInstances("CIM_ObjectManager")) == CIM_ERR_FAILED
    assert len(list(sfcb.pywbem.IterEnumerateInstances("CIM_ObjectManager"))) == 1


def test_q2_the_realm_is_cimom(sfcb: Conversation) -> None:
    status, headers, _ = sfcb.post("EnumerateClassNames")
    assert (status, headers["WWW-Authenticate"]) == (401, 'Basic realm="cimom"')


def test_q2_expect_and_other_methods(sfcb: Conversation) -> None:
    assert sfcb.post("EnumerateClassNames", Expect="100-continue")[0] == 417
    assert sfcb.status("OPTIONS") == 501


def test_q2_the_body_wins_over_the_headers(sfcb: Conversation) -> None:
    status, _, reply = sfcb.post(
        "EnumerateClassNames", Authorization=EVE, CIMMethod="DeleteClass", CIMObject="root/none", CIMProtocolVersion="1.7"
    )
    assert status == 200
    assert '<IMETHODRESPONSE NAME="EnumerateClassNames">' in reply
    assert "<CLASSNAME" in reply


def test_q2_trailers_tell_the_status_code(sfcb: Conversation) -> None:
    status, headers, reply = sfcb.post("EnumerateClassNames", Authorization=EVE, TE="trailers")
    assert (status, headers["Transfer-Encoding"]) == (200, "chunked")
    assert headers["Trailer"] == "CIMStatusCode, CIMStatusCodeDescription"
    assert "Content-Length" not in headers
    assert "</CIM>" in reply
    assert "Content-Length" in sfcb.post("EnumerateClassNames", Authorization=EVE)[1]


@pytest.mark.usefixtures("wbemcli")
def test_q2_wbemcli_reads_chunks_with_trailers(sfcb: Conversation) -> None:
    url = sfcb.url.replace("http://", "http://eve:x@")

    def names(classname: str) -> tuple[int, list[str]]:
        command = ["wbemcli", "ein", f"{url}/{HYPERV}:{classname}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        return done.returncode, done.stdout.splitlines()

    status, found = names("Msvm_GuestService")
    assert (status, len(found)) == (0, 3)
    status, found = names("Msvm_Nothing")
    assert status != 0
    assert found == []


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
        with pytest.warns(ToleratedServerIssueWarning):
            assert f"/{HYPERV}" in WBEMServer(eternus.pywbem).namespaces
        for path in eternus.pywbem.EnumerateInstanceNames("CIM_Namespace"):
            assert eternus.pywbem.GetInstance(path)["Name"] == path["Name"]


def test_q6_intelliflash(quirky: Quirky) -> None:
    with quirky("intelliflash") as intelliflash:
        pywbem = intelliflash.pywbem
        reply = intelliflash.raw(lambda pywbem: pywbem.EnumerateInstanceNames("CIM_NamespaceInManager"))
        assert "<VALUE.REFERENCE><LOCALCLASSPATH>" in reply
        with pytest.raises(CIMXMLParseError):
            pywbem.EnumerateInstanceNames("CIM_NamespaceInManager")


def test_q7_careless(quirky: Quirky) -> None:
    with quirky("careless") as careless:
        reply = careless.raw(lambda pywbem: pywbem.GetClass("CIM_ObjectManager", LocalOnly=False))
        assert '<METHOD NAME="StartService" PROPAGATED="true">' in reply
        reply = careless.raw(lambda pywbem: pywbem.OpenEnumerateInstances("CIM_ObjectManager", MaxObjectCount=0))
        assert "IRETURNVALUE" not in reply
        with pytest.warns(ToleratedServerIssueWarning):
            (manager,) = careless.pywbem.EnumerateInstances("CIM_ObjectManager")
        assert manager["Undeclared"] == "not in the class"


def test_no_quirk_is_on_by_default(launch: Any) -> None:
    with launch() as server, WBEMConnection(server.url, None, INTEROP) as connection:
        assert "pegasus" not in WBEMServer(connection).brand.lower()
        connection.debug = True
        connection.EnumerateInstanceNames("CIM_ObjectManager")
        assert b'<KEYVALUE VALUETYPE="string" TYPE="string">' in connection.last_raw_reply
