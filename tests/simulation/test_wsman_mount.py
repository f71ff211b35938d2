"""WS-Management over HTTP in memory: what comes before the envelope is read, and what becomes of its answer."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import spnego
from lxml import etree
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock as ReactorClock
from twisted.python.failure import Failure

from cimsim.cimom.clock import Clock
from cimsim.cimom.fault_rule_parser import parse_rule
from cimsim.cimom.object_manager import Cimom
from cimsim.packs.load import Loaded, load
from cimsim.server.auth import Authenticator
from cimsim.server.factory import HttpFactory
from cimsim.server.limits import HttpLimits
from cimsim.server.mount import Routes
from cimsim.server.negotiate import Users
from cimsim.server.passwords import PREFIX
from cimsim.server.recording import HttpExchange
from cimsim.simulation.fault_effects import AnswerFaults
from cimsim.simulation.wsman_mount import PATHS, WsmanMount
from cimsim.simulation.wsman_service import WsmanService
from cimsim.wsman.message_decoder import NotSoapError, WsmanDecoder
from cimsim.wsman.reply_encoder import WsmanEncoder
from cimsim.wsman.soap_faults import WsmanError
from tests.http_peer import Answer, Peer

NOON = 1741608000.0  # 2025-03-10 12:00:00 UTC
MOF = 'class T_Thing { [Key] string Name; };\ninstance of T_Thing { Name = "One"; };\n' + "".join(
    f'instance of T_Thing {{ Name = "n{number}"; }};\n' for number in range(300)
)
SOAP = "http://www.w3.org/2003/05/soap-envelope"
IDENTIFY = (
    f'<s:Envelope xmlns:s="{SOAP}"><s:Header/><s:Body>'
    '<i:Identify xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"/></s:Body></s:Envelope>'
)
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"


def envelope(action: str, classname: str = "T_Thing", selectors: str = "", body: str = "") -> str:
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
        f'xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:n="{ENUMERATION}"><s:Header>'
        f"<a:Action>{action}</a:Action><a:MessageID>uuid:1</a:MessageID>"
        f"<w:ResourceURI>http://schemas.microsoft.com/wbem/wsman/1/wmi/root/test/{classname}</w:ResourceURI>"
        f"<w:SelectorSet>{selectors}</w:SelectorSet></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


GET = envelope(f"{TRANSFER}/Get", selectors='<w:Selector Name="Name">one</w:Selector>')
GET_NONE = envelope(f"{TRANSFER}/Get", selectors='<w:Selector Name="Name">eleven</w:Selector>')


def request(body: str | bytes = GET, *, target: str = "/wsman", method: str = "POST", **fields: str) -> bytes:
    content = body.encode() if isinstance(body, str) else body
    lines = {"Host": "h", "Content-Type": "application/soap+xml;charset=UTF-8", "Content-Length": str(len(content))}
    lines |= {name.replace("_", "-"): value for name, value in fields.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + content


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    path: Path = tmp_path_factory.mktemp("things") / "things.mof"
    path.write_text(MOF, encoding="utf-8")
    return load([path], None, cache_dir=None, now=NOON, namespace="root/test")


class Front:
    """A data plane of its own, and the recorder of its exchanges."""

    bodies = False

    def __init__(self, loaded: Loaded, users: dict[str, str] | None = None, decode_later: Any = None, **limits: Any) -> None:
        self.reactor = ReactorClock()
        self.exchanges: list[HttpExchange] = []
        self.cimom = Cimom(loaded.world, loaded.providers, Clock(NOON), random=bytes, hooks=loaded.providers)
        decoder, encoder = WsmanDecoder(), WsmanEncoder("HVHOST01", lambda: "00000000-0000-0000-0000-000000000001")
        service = WsmanService(decoder, encoder, self.cimom, decode_later, AnswerFaults(self.cimom, self.reactor))
        self.factory = HttpFactory(
            Routes(None, dict.fromkeys(PATHS, WsmanMount(service, Users(users) if users else None))),
            self.reactor,
            Authenticator(users) if users else None,
            HttpLimits(**limits),
            self,
        )

    def record(self, exchange: HttpExchange, request: bytes, response: bytes) -> None:
        self.exchanges.append(exchange)

    def peer(self) -> Peer:
        return Peer(self.factory, window=None, tcp=False)

    def ask(self, data: bytes) -> Answer:
        peer = self.peer()
        peer.send(data)
        while self.reactor.getDelayedCalls() and not peer.transport.written:
            self.reactor.advance(0.001)
        (answer,) = peer.answers()
        return answer


@pytest.fixture
def front(loaded: Loaded) -> Front:
    return Front(loaded)


@pytest.fixture
def guarded(loaded: Loaded) -> Front:
    return Front(loaded, {"root": "secret:1"}, max_failed_logins=2)


def name_of(answer: Answer) -> str | None:
    found = etree.fromstring(answer.body).find(".//{*}T_Thing/{*}Name")
    return None if found is None else found.text


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (GET.encode(), "application/soap+xml;charset=UTF-8"),
        (GET.encode(), 'Application/SOAP+XML; Charset="utf-8"; action="x"'),
        (GET.encode(), "application/soap+xml"),
        (GET.encode(), ""),
        (GET.encode("utf-16"), "application/soap+xml;charset=UTF-16"),
        (GET.encode("utf-16-le"), "application/soap+xml;charset=UTF-16"),
        (GET.encode("utf-16-be"), "application/soap+xml;charset=utf-16"),
    ],
)
def test_wm_h2_a_message_in_utf8_or_utf16_is_answered(front: Front, body: bytes, content_type: str) -> None:
    answer = front.ask(request(body, Content_Type=content_type))
    assert (answer.status, name_of(answer)) == (200, "One")
    assert answer["Content-Type"] == "application/soap+xml;charset=UTF-8"


@pytest.mark.parametrize(
    "fields",
    [
        {"Content_Type": "application/json"},
        {"Content_Type": "application/soap+xml;charset=iso-8859-15"},
        {"Content_Encoding": "gzip"},
    ],
)
def test_what_cannot_be_read_is_refused_by_its_head(front: Front, fields: dict[str, str]) -> None:
    assert front.ask(request(**fields)).status == 415


@pytest.mark.parametrize(("method", "status"), [("GET", 405), ("OPTIONS", 405), ("PATCH", 405), ("PROPFIND", 501)])
def test_wm_h1_all_methods_but_post_are_refused(front: Front, method: str, status: int) -> None:
    answer = front.ask(request(b"", method=method))
    assert answer.status == status
    assert status == 501 or answer["Allow"] == "POST"


@pytest.mark.parametrize("target", ["/wsman?PSVersion=5.1", "/WSMan/", "http://h:5985/wsman"])
def test_wm_h1_the_path_has_variants(front: Front, target: str) -> None:
    assert front.ask(request(target=target)).status == 200
    assert front.ask(request(target="/cimom")).status == 404


def test_messages_whose_heads_are_equal_are_answered_each_by_itself(front: Front) -> None:
    """The head is known from the second one on; keys in their declared spelling are looked up, others searched."""
    texts = [("Name", "One"), ("Name", "Two"), ("name", "one"), ("Name", "One"), ("Name", "n17")]
    bodies = [envelope(f"{TRANSFER}/Get", selectors=f'<w:Selector Name="{name}">{value}</w:Selector>') for name, value in texts]
    peer = front.peer()
    for body in bodies:
        peer.send(request(body))
        front.reactor.advance(0.001)
    answers = peer.answers()
    assert [(answer.status, name_of(answer)) for answer in answers] == [
        (200, "One"),
        (500, None),
        (200, "One"),
        (200, "One"),
        (200, "n17"),
    ]


def test_wm_h3_a_fault_has_the_status_500_and_what_is_no_soap_400(front: Front) -> None:
    fault = front.ask(request(GET_NONE))
    assert fault.status == 500
    assert etree.fromstring(fault.body).find(".//{*}Fault") is not None
    for body in ("<hello/>", "no XML", f'<s:Envelope xmlns:s="{SOAP}"/>'):
        assert front.ask(request(body)).status == 400
    soap_11 = front.ask(request('<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"/>', Content_Type="text/xml"))
    assert (soap_11.status, b"VersionMismatch" in soap_11.body) == (500, True)


def test_wm_h6_expect_continue_is_met(front: Front) -> None:
    peer = front.peer()
    head, _, body = request(Expect="100-continue").partition(b"\r\n\r\n")
    peer.send(head + b"\r\n\r\n")
    assert peer.transport.written == b"HTTP/1.1 100 Continue\r\n\r\n"
    peer.transport.written = b""
    assert peer.ask(body).status == 200


# Logins


def test_without_users_any_basic_credentials_are_let_in_and_none_too(front: Front) -> None:
    assert front.ask(request()).status == 200
    assert front.ask(request(Authorization=basic("any", "body"))).status == 200


def test_without_users_an_empty_request_without_credentials_is_challenged(front: Front) -> None:
    # [VW] sends one first, and never its message unless it is challenged (rule WM-A-2).
    challenged = front.ask(request(b""))
    assert (challenged.status, challenged["WWW-Authenticate"]) == (401, 'Basic realm="WSMAN"')
    answer = front.ask(request(b"", Authorization=basic("any", "body")))
    assert (answer.status, answer.body) == (200, b"")


def test_without_users_a_scheme_that_needs_them_is_refused_with_the_one_that_does_not(front: Front) -> None:
    answer = front.ask(request(b"", Authorization="Negotiate TlRMTVNTUAABAAAA"))
    assert (answer.status, answer["WWW-Authenticate"]) == (401, 'Basic realm="WSMAN"')
    assert b"--user" in answer.body


def test_wm_a2_basic_counts_for_its_own_request_only(guarded: Front) -> None:
    peer = guarded.peer()
    right = basic("root", "secret:1")
    for authorization, status in (("", 401), (right, 200), ("", 401), (right, 200)):
        assert peer.ask(request(Authorization=authorization)).status == status
    assert [exchange.user for exchange in guarded.exchanges] == [None, "root", None, "root"]


def test_wm_h5_an_empty_request_is_answered_once_the_client_has_logged_in(guarded: Front) -> None:
    peer = guarded.peer()
    assert peer.ask(request(b"")).status == 401
    answer = peer.ask(request(b"", Authorization=basic("root", "secret:1")))
    assert (answer.status, answer.body) == (200, b"")


def test_failed_logins_are_counted(guarded: Front) -> None:
    answers = [guarded.ask(request(Authorization=basic("root", "wrong"))).status for _ in range(3)]
    assert answers == [401, 401, 429]
    assert guarded.ask(request(Authorization=basic("root", "secret:1"))).status == 429


@pytest.mark.parametrize("asked", [{"WSMANIDENTIFY": "unauthenticated"}, {"target": "/wsman-anon/identify"}])
def test_wm_id1_identify_needs_no_login_and_nothing_else_gets_by_with_it(guarded: Front, asked: dict[str, str]) -> None:
    identified = guarded.ask(request(IDENTIFY, **asked))
    assert (identified.status, b"IdentifyResponse" in identified.body) == (200, True)
    for message in (GET, GET_NONE, envelope("http://nowhere/action")):
        assert guarded.ask(request(message, **asked)).status == 401
    assert [call for exchange in guarded.exchanges for call in exchange.calls] == []


def test_identify_alone_is_no_way_past_the_login(guarded: Front) -> None:
    assert guarded.ask(request(IDENTIFY)).status == 401
    assert guarded.ask(request(IDENTIFY, Authorization=basic("root", "secret:1"))).status == 200


def offers(answer: Answer) -> list[str]:
    return [value for name, value in answer.fields if name.lower() == "www-authenticate"]


def test_wm_a1_a_challenge_offers_what_is_served_each_in_a_line_of_its_own(guarded: Front) -> None:
    assert offers(guarded.ask(request())) == ["Negotiate", 'Basic realm="WSMAN"']


@pytest.mark.parametrize("scheme", ["Negotiate", "NTLM"])
def test_wm_a3_the_challenge_of_a_login_stands_alone(guarded: Front, scheme: str) -> None:
    token = b64encode(spnego.client("root", "secret:1", protocol="ntlm").step() or b"").decode()
    peer = guarded.peer()
    answer = peer.ask(request(b"", Authorization=f"{scheme} {token}"))
    (offered,) = offers(answer)
    assert (answer.status, offered.split()[0], peer.open) == (401, scheme, True)
    assert peer.ask(request()).status == 401, "a login half done is none"


def test_wm_a3_wrong_tokens_count_with_wrong_passwords(guarded: Front) -> None:
    guarded.ask(request(Authorization=basic("root", "wrong")))
    assert guarded.ask(request(Authorization="Negotiate aGVsbG8=")).status == 401
    assert guarded.ask(request(Authorization="Negotiate aGVsbG8=")).status == 429
    assert guarded.ask(request(Authorization=basic("root", "secret:1"))).status == 429


def test_where_only_hashes_are_known_basic_alone_is_offered(loaded: Loaded) -> None:
    front = Front(loaded, {"root": f"{PREFIX}2$1$1${'A' * 12}${'A' * 24}"})
    assert offers(front.ask(request())) == ['Basic realm="WSMAN"']
    refused = front.ask(request(b"", Authorization="NTLM TlRMTVNTUAABAAAA"))
    assert (refused.status, offers(refused), b"hashes" in refused.body) == (401, ['Basic realm="WSMAN"'], True)


def test_where_the_package_for_it_is_missing_the_answer_says_how_to_get_it(
    guarded: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cimsim.simulation.wsman_mount.is_available", lambda: False)
    assert offers(guarded.ask(request())) == ['Basic realm="WSMAN"']
    refused = guarded.ask(request(b"", Authorization="Negotiate TlRMTVNTUAABAAAA"))
    assert (refused.status, b"cimsim-wbem[ntlm]" in refused.body) == (401, True)


def test_an_encrypted_message_needs_a_login_on_its_connection(guarded: Front) -> None:
    kind = 'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"'
    refused = guarded.ask(request(b"--Encrypted", Content_Type=kind, Authorization=basic("root", "secret:1")))
    assert (refused.status, offers(refused)) == (401, ["Negotiate", 'Basic realm="WSMAN"'])


# Records, faults on purpose, and fairness


def test_an_exchange_is_recorded_with_what_was_called(front: Front) -> None:
    front.ask(request())
    front.ask(request(GET_NONE))
    first, second = front.exchanges
    assert (first.protocol, first.status, first.calls[0].operation, first.calls[0].status) == (
        "WS-Management",
        200,
        "GetInstance",
        0,
    )
    assert (second.status, second.calls[0].classname, second.calls[0].keys) == (500, "T_Thing", (("Name", "eleven"),))
    assert second.calls[0].status != 0


def test_a_fault_rule_for_ws_man_acts_and_one_for_cim_xml_does_not(front: Front) -> None:
    world = (front.cimom.world,)
    front.cimom.faults.add(parse_rule({"operation": "GetInstance", "protocol": "cim-xml", "error": "ACCESS_DENIED"}, world))
    assert front.ask(request()).status == 200
    front.cimom.faults.add(parse_rule({"operation": "GetInstance", "protocol": "ws-man", "error": "ACCESS_DENIED"}, world))
    refused = front.ask(request())
    assert (refused.status, b"AccessDenied" in refused.body) == (500, True)
    assert front.exchanges[-1].calls[0].rule == 2


def test_an_answer_can_be_wrong_on_purpose(front: Front) -> None:
    front.cimom.faults.add(parse_rule({"operation": "GetInstance", "http": 503}, (front.cimom.world,)))
    assert front.ask(request()).status == 503


@pytest.mark.parametrize(("words", "status"), [({"http": 503}, 503), ({"error": "failed"}, 500), ({"truncate": 9}, 200)])
def test_fault_rules_act_on_what_is_searched_in_slices(
    front: Front, words: dict[str, Any], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cimsim.operations.selection._SLICE", 20)
    assert name_of(front.ask(request())) == "One"
    rule = {"operation": "GetInstance", "where": {"Name": "One"}, "times": 1, **words}
    fault = front.cimom.faults.add(parse_rule(rule, (front.cimom.world,)))
    peer = front.peer()
    peer.send(request(GET))
    assert peer.transport.written.startswith(b"HTTP/1.1 %d" % status)
    assert ("truncate" in words) is (peer.transport.written.count(b"Envelope") == 0 and status == 200)
    front.reactor.advance(0.001)
    assert (fault.hits, front.exchanges[-1].calls[0].rule) == (1, fault.number)
    assert name_of(front.ask(request())) == "One"


QUERY = (
    '<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>1000</w:MaxElements><w:Filter Dialect="'
    "http://schemas.microsoft.com/wbem/wsman/1/WQL\">SELECT * FROM T_Thing WHERE Name LIKE 'n%'</w:Filter></n:Enumerate>"
)


def test_many_items_come_whole(front: Front) -> None:
    answer = front.ask(request(envelope(f"{ENUMERATION}/Enumerate", "*", body=QUERY)))
    assert answer.status == 200
    assert len(etree.fromstring(answer.body).findall(".//{*}T_Thing")) == 300


def test_a_long_message_is_decoded_later_and_its_faults_are_faults(loaded: Loaded) -> None:
    waiting: list[tuple[Deferred[Any], bytes]] = []

    def later(body: bytes) -> Deferred[Any]:
        deferred: Deferred[Any] = Deferred()
        waiting.append((deferred, body))
        return deferred

    front = Front(loaded, decode_later=later)
    blanks = " " * 40_000
    answers = []
    for message in (GET + blanks, envelope("") + blanks, "<hello/>" + blanks):
        peer = front.peer()
        peer.send(request(message))
        assert not peer.transport.written
        deferred, body = waiting.pop()
        try:
            deferred.callback(WsmanDecoder().decode(body))
        except (WsmanError, NotSoapError):
            deferred.errback(Failure())  # type: ignore[no-untyped-call]
        answers.append(peer.answers()[0].status)
    assert answers == [200, 500, 400]
