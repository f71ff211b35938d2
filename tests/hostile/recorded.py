"""Requests as real clients send them: those of pywbem are recorded, others are respelt by hand from these."""

import contextlib
import io
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import requests
from pywbem import (
    CIMClass,
    CIMDateTime,
    CIMInstance,
    CIMInstanceName,
    CIMProperty,
    CIMQualifier,
    CIMQualifierDeclaration,
    Error,
    Uint16,
    WBEMConnection,
)
from requests.adapters import BaseAdapter

HYPERV: Final = "root/virtualization/v2"
EXTENSION: Final = "http://www.dmtf.org/cim/mapping/http/v1.0"
_CIM_HEADERS: Final = frozenset({"CIMOperation", "CIMMethod", "CIMObject", "CIMBatch", "CIMProtocolVersion"})


class Request(NamedTuple):
    """A request of HTTP; Content-Length is not among the headers."""

    method: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    chunk: int = 0

    def to_bytes(self) -> bytes:
        """Return it as it is sent; with ``chunk`` the body in chunks of that many bytes."""
        lines = [f"{self.method} /cimom HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers)]
        body = self.body
        if self.chunk:
            lines.append("Transfer-Encoding: chunked")
            chunks = [body[place : place + self.chunk] for place in range(0, len(body), self.chunk)]
            body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
        else:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body


class _Recorder(BaseAdapter):
    """Takes the place of the network under pywbem."""

    def __init__(self, send: Callable[[list[bytes]], bytes], recorded: list[Request]) -> None:
        super().__init__()
        self._send = send
        self._recorded = recorded

    def send(self, request: Any, *_args: Any, **_options: Any) -> requests.Response:
        def text(value: Any) -> str:
            return value.decode("latin-1") if isinstance(value, bytes) else str(value)

        headers = [("Host", "localhost:5988")]
        headers += [(text(name), text(value)) for name, value in request.headers.items() if text(name) != "Content-Length"]
        body = request.body if isinstance(request.body, bytes) else request.body.encode()
        made = Request("POST", tuple(headers), body)
        self._recorded.append(made)
        head, _, answered = self._send([made.to_bytes()]).partition(b"\r\n\r\n")
        status, *lines = head.decode("ascii").split("\r\n")
        answer = requests.Response()
        answer.status_code = int(status.split()[1])
        for line in lines:
            name, _, field = line.partition(": ")
            answer.headers[name] = field
        answer.raw = io.BytesIO(answered)
        answer.url, answer.request = request.url, request
        return answer

    def close(self) -> None: ...


def record(send: Callable[[list[bytes]], bytes]) -> list[Request]:
    """Return the requests of many operations of pywbem on a server, and the same in the manners of other clients."""
    recorded: list[Request] = []
    connection = WBEMConnection("http://localhost:5988", default_namespace=HYPERV)
    connection.session.mount("http://", _Recorder(send, recorded))
    for call in _calls(connection):
        with contextlib.suppress(Error):
            call()
    return [*recorded, *(manner(request) for request in recorded[::3] for manner in _MANNERS), *_batches(recorded)]


def _calls(to: WBEMConnection) -> list[Callable[[], Any]]:
    name = "Msvm_GuestService"
    names = to.EnumerateInstanceNames(name)
    path = names[0]
    instance = to.GetInstance(path)
    made = CIMInstance("CIM_Thing", {"Name": 'a b%41"é,\\', "When": CIMDateTime.now(), "N": [Uint16(1), None]})
    made["Inner"] = CIMProperty("Inner", CIMInstance("CIM_Inner", {"A": "&<>"}), embedded_object="instance")
    key = CIMInstanceName("CIM_Ref", {"Antecedent": path, "B": True, "N": Uint16(3)}, namespace=HYPERV)
    declared = CIMClass("My_Class", properties=[CIMProperty("P", None, "string", qualifiers=[CIMQualifier("Key", True)])])
    flags = {"IncludeQualifiers": True, "IncludeClassOrigin": True, "PropertyList": ["Name", "Status"]}
    return [
        lambda: to.GetInstance(path, LocalOnly=False, **flags),
        lambda: to.EnumerateInstances(name, DeepInheritance=False, **flags),
        lambda: to.GetClass(name, LocalOnly=False, **flags),
        lambda: to.EnumerateClasses(name, DeepInheritance=True),
        lambda: to.EnumerateClassNames(DeepInheritance=True),
        lambda: to.Associators(path, ResultRole="Dependent"),
        lambda: to.AssociatorNames(path),
        lambda: to.References(path, ResultClass="CIM_Dependency"),
        lambda: to.ReferenceNames(path),
        lambda: to.Associators(name),
        lambda: to.GetInstance(key),
        lambda: to.CreateInstance(made),
        lambda: to.ModifyInstance(instance, PropertyList=["Status"]),
        lambda: to.DeleteInstance(path),
        lambda: to.CreateClass(declared),
        lambda: to.ModifyClass(declared),
        lambda: to.DeleteClass("My_Class"),
        lambda: to.GetQualifier("Key"),
        to.EnumerateQualifiers,
        lambda: to.SetQualifier(CIMQualifierDeclaration("Mine", "string", "x", scopes={"CLASS": True})),
        lambda: to.DeleteQualifier("Mine"),
        lambda: to.ExecQuery("WQL", f"SELECT Name FROM {name} WHERE Name LIKE '%a%' AND Status = 'OK'"),
        lambda: to.OpenEnumerateInstances(name, MaxObjectCount=1),
        lambda: to.OpenEnumerateInstances(name, FilterQueryLanguage="DMTF:FQL", FilterQuery="Name = 'a'", OperationTimeout=10),
        lambda: to.OpenAssociatorInstancePaths(path, MaxObjectCount=2),
        lambda: to.OpenQueryInstances("DMTF:CQL", f"SELECT * FROM {name}", ReturnQueryResultClass=True),
        lambda: to.PullInstancesWithPath(("unknown", HYPERV), 10),
        lambda: to.CloseEnumeration(("unknown", HYPERV)),
        lambda: to.InvokeMethod("StopService", path),
        lambda: to.InvokeMethod("StartService", path),
        lambda: to.InvokeMethod("RequestStateChange", path, RequestedState=Uint16(2), TimeoutPeriod=CIMDateTime.now()),
        lambda: to.InvokeMethod("Do", name, [("A", ["x", "y"]), ("B", path), ("C", made), ("D", [True, False])]),
    ]


def _with_prefix(request: Request) -> Request:
    """As the Java client: M-POST with UTF-8 escapes."""
    headers = [("Man", f"{EXTENSION} ; ns=73"), ("Accept-Language", "en, *;q=0.1"), ("TE", "trailers")]
    for name, value in request.headers:
        escaped = quote(value.encode("latin-1").decode("utf-8", "replace"), safe="/:.=,")
        headers.append((f"73-{name}", escaped) if name in _CIM_HEADERS else (name, value))
    return request._replace(method="M-POST", headers=tuple(headers))


def _like_wbemcli(request: Request) -> Request:
    """As wbemcli: no Accept, a protocol version, and reserved characters escaped."""
    headers = [
        (name, quote(value.encode("latin-1"), safe="=,\"'") if name == "CIMObject" else value)
        for name, value in request.headers
        if not name.startswith("Accept")
    ]
    return request._replace(headers=(*headers, ("CIMProtocolVersion", "1.0"), ("Connection", "Keep-Alive, TE")))


def _in_chunks(request: Request) -> Request:
    return request._replace(chunk=100)


_MANNERS: Final = (_with_prefix, _like_wbemcli, _in_chunks)


def _batches(recorded: list[Request]) -> list[Request]:
    """Return some of the requests in batches."""
    made = []
    for start in range(0, len(recorded) - 2, 4):
        parts = [each.body.partition(b"<SIMPLEREQ>")[2].partition(b"</SIMPLEREQ>")[0] for each in recorded[start : start + 3]]
        inside = b"".join(b"<SIMPLEREQ>%b</SIMPLEREQ>" % part for part in parts)
        before, _, after = recorded[start].body.partition(b"<SIMPLEREQ>")
        body = b"%b<MULTIREQ>%b</MULTIREQ>%b" % (before, inside, after.partition(b"</SIMPLEREQ>")[2])
        headers = [each for each in recorded[start].headers if each[0] not in ("CIMMethod", "CIMObject")]
        made.append(Request("POST", (*headers, ("CIMBatch", "")), body))
    return made
