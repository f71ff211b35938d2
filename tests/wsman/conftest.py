"""A CIMOM behind the WS-Management codec, in this process: messages in, replies out, without HTTP."""

from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from lxml import etree

from cimsim.cimom.authorization import Authorization
from cimsim.cimom.clock import Clock
from cimsim.cimom.exchanges import Called
from cimsim.cimom.object_manager import Cimom
from cimsim.cimxml.decode.decoder import Decoder
from cimsim.cimxml.encode.resolved_class_writer import resolved_class
from cimsim.delivery.sender import NotAcceptedError
from cimsim.packs.load import Loaded, load
from cimsim.providers.listener_url import parse_listener_url
from cimsim.simulation.wsman_events import wsman_events
from cimsim.simulation.wsman_service import WsmanReply, WsmanService
from cimsim.world.transaction import Transaction
from cimsim.wsman.message_decoder import WsmanDecoder
from cimsim.wsman.reply_encoder import WsmanEncoder

NOON: Final = 1741608000.0  # 2025-03-10 12:00:00 UTC
NS: Final = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "n": "http://schemas.xmlsoap.org/ws/2004/09/enumeration",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "b": "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd",
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
    "cim": "http://schemas.dmtf.org/wbem/wscim/1/common",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "e": "http://schemas.xmlsoap.org/ws/2004/08/eventing",
    "wsmid": "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd",
}
WMI: Final = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
V2: Final = f"{WMI}root/virtualization/v2/"
TEST: Final = f"{WMI}root/test/"
TRANSFER: Final = "http://schemas.xmlsoap.org/ws/2004/09/transfer/"
EVENTING: Final = "http://schemas.xmlsoap.org/ws/2004/08/eventing/"
MANAGEMENT: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/"
ENUMERATION: Final = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/"
WQL: Final = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
ANONYMOUS: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"

MOF: Final = r"""
class T_Thing {
    [Key] string Name;
    [Write] sint32 Number = 5;
    [Write] boolean Flag;
    [Write] string Texts[];
    [Write] datetime Moment;
    [Write] real64 Real;
    [Write, OctetString] uint8 Octets[];
    [Write] uint8 Bytes[];
    string Fixed = "fixed";
    [Write] T_Part REF Link;
    [Write, EmbeddedInstance("T_Part")] string Part;
    [Static] uint32 Count();
};
class T_Special : T_Thing { [Write] string More; };
class T_Part { [Key] uint32 Id; [Write] string Label; };
[Association] class T_Holds { [Key] T_Thing REF Holder; [Key] T_Part REF Held; };
instance of T_Thing { Name = "One"; };
instance of T_Thing { Name = "Two"; Number = 2; Flag = true; Texts = {"a", "b"}; Moment = "20250310061200.342572+000";
    Real = 1.5; Octets = {0, 0, 0, 6, 1, 2}; Bytes = {1, 2}; };
instance of T_Special { Name = "<Three>"; More = "more"; };
instance of T_Part as $P { Id = 7; Label = "part"; };
instance of T_Part { Id = 8; };
instance of T_Thing as $L { Name = "Linked"; Link = $P; };
instance of T_Holds { Holder = $L; Held = $P; };
"""


def answered(reply: WsmanReply) -> "Answer":
    """Return what a reply says."""
    content = b"".join(fragment for batch in reply.batches for fragment in batch)
    return Answer(reply.status, content.decode(), etree.fromstring(content))


class Answer(NamedTuple):
    """A reply: its status, its text, its tree."""

    status: int
    text: str
    root: Any

    def find(self, path: str) -> Any:
        """Return the first element of a path below the Body; it must be there."""
        found = self.root.find(f"s:Body/{path}", NS)
        assert found is not None, f"{path} is missing in {self.text}"
        return found

    def all(self, path: str) -> list[Any]:
        return list(self.root.iterfind(f"s:Body/{path}", NS))

    def value(self, path: str) -> str | None:
        text: str | None = self.find(path).text
        return text

    @property
    def fault(self) -> tuple[str, str, str, int]:
        """The subcode (or code), the last part of the detail, the reason and the number of a fault."""
        assert self.status == 500, self.text
        subcode = self.root.find("s:Body/s:Fault/s:Code/s:Subcode/s:Value", NS)
        code = subcode if subcode is not None else self.find("s:Fault/s:Code/s:Value")
        detail = self.root.find("s:Body/s:Fault/s:Detail/w:FaultDetail", NS)
        number = self.find("s:Fault/s:Detail/f:WSManFault").get("Code")
        shown = "" if detail is None else detail.text.rpartition("/")[2]
        return code.text, shown, self.value("s:Fault/s:Reason/s:Text") or "", int(number)

    def properties(self) -> dict[str, Any]:
        """The property elements of the instance in the Body: text by local name, a list where a name stands several times."""
        found: dict[str, Any] = {}
        for child in self.root.find("s:Body", NS)[0]:
            name = etree.QName(child).localname
            text = None if child.get(f"{{{NS['xsi']}}}nil") == "true" else child[0].text if len(child) else child.text or ""
            found[name] = (
                [*found[name], text] if isinstance(found.get(name), list) else [found[name], text] if name in found else text
            )
        return found


def envelope(
    action: str, uri: str | None, body: str = "", selectors: Mapping[str, str] | None = None, headers: str = ""
) -> bytes:
    """Return a message as clients write it."""
    declared = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in NS.items())
    chosen = "".join(f'<w:Selector Name="{name}">{value}</w:Selector>' for name, value in (selectors or {}).items())
    resource = "" if uri is None else f'<w:ResourceURI s:mustUnderstand="true">{uri}</w:ResourceURI>'
    return (
        f'<s:Envelope {declared} xmlns:p="{uri}"><s:Header><a:To>http://any:5985/wsman</a:To>{resource}'
        f'<a:Action s:mustUnderstand="true">{action}</a:Action><a:MessageID>uuid:42</a:MessageID>'
        f"<a:ReplyTo><a:Address>{ANONYMOUS}</a:Address></a:ReplyTo>"
        f"{f'<w:SelectorSet>{chosen}</w:SelectorSet>' if chosen else ''}{headers}</s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


class Sent(NamedTuple):
    """A message that a server sends: its URL, its tree, and what tells how that ended."""

    url: str
    root: Any
    check: Callable[[bytes], None]
    done: Callable[[str | None], None]

    def header(self, path: str) -> str | None:
        text: str | None = self.root.findtext(f"s:Header/{path}", None, NS)
        return text

    def body(self, path: str) -> list[Any]:
        return list(self.root.iterfind(f"s:Body/{path}", NS))

    def accept(self, answer: bytes = b"") -> None:
        """Have it answered."""
        try:
            self.check(answer)
        except NotAcceptedError as error:
            self.done(str(error))
        else:
            self.done(None)

    def acknowledge(self, relates_to: str | None = None) -> None:
        self.accept(acknowledgement(relates_to or self.header("a:MessageID") or ""))


class Network:
    """Keeps what would be sent (``wsman_events.Sends``). It may send to no host that is called ``forbidden``."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []

    def check_destination(self, url: str) -> None:
        if parse_listener_url(url).host == "forbidden":
            raise ValueError("the server may not send to this listener")

    def prepare(self) -> None:
        pass

    def post(
        self, url: str, message: Callable[[], bytes], check: Callable[[bytes], None], done: Callable[[str | None], None]
    ) -> None:
        self.sent.append(Sent(url, etree.fromstring(message()), check, done))


def acknowledgement(relates_to: str) -> bytes:
    return (
        f'<s:Envelope xmlns:s="{NS["s"]}" xmlns:a="{NS["a"]}"><s:Header>'
        f"<a:Action>{MANAGEMENT}Ack</a:Action><a:RelatesTo>{relates_to}</a:RelatesTo></s:Header><s:Body/></s:Envelope>"
    ).encode()


class Client:
    """Sends messages to a CIMOM of its own, which sends events to ``network``."""

    def __init__(
        self,
        loaded: Loaded,
        *,
        authorization: Authorization | None = None,
        most: int = 5,
        most_subscriptions: int = 8,
        most_of_user: int = 4,
    ) -> None:
        self.clock = Clock(NOON)
        self.network = Network()
        self._work: list[Callable[[], None]] = []
        numbers = count(1)

        def random(size: int) -> bytes:
            return next(numbers).to_bytes(size, "big")

        self.cimom = Cimom(
            loaded.world,
            loaded.providers,
            self.clock,
            random=random,
            hooks=loaded.providers,
            authorization=authorization,
        )
        decoder = WsmanDecoder(Decoder().embedded, now=self.clock.now, write_class=resolved_class)
        messages = count(1)

        def identifier() -> str:
            return f"00000000-0000-0000-0000-{next(messages):012}"

        encoder = WsmanEncoder("HVHOST01", identifier, resolved_class)
        self.events = wsman_events(
            self.cimom,
            encoder,
            identifier,
            self.network,
            later=self._work.append,
            random=random,
            most=most,
            most_subscriptions=most_subscriptions,
            most_of_user=most_of_user,
        )
        self._service = WsmanService(decoder, encoder, self.cimom, events=self.events)

    def send(self, body: bytes, user: str | None = None, calls: list[Called] | None = None) -> Answer:
        reply = self.begin(body, user, calls)
        assert reply.waiting is None, "the reply waits for something"
        return answered(reply)

    def begin(self, body: bytes, user: str | None = None, calls: list[Called] | None = None) -> WsmanReply:
        """Send a message whose reply may take its time."""
        reply = self._service.respond(body, user, calls)
        self.work()
        return reply

    def work(self) -> None:
        """Have everything done that is to be done soon."""
        while self._work:
            self._work.pop(0)()

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.work()

    def change(self, step: Callable[[Transaction], object], namespace: str = "root/test") -> None:
        """Change the world as a request would, and have what follows from it done."""
        self.cimom.change(step, namespace)
        self.work()

    def get(self, uri: str, **selectors: str) -> Answer:
        return self.send(envelope(f"{TRANSFER}Get", uri, selectors=selectors))

    def invoke(self, uri: str, method: str, body: str = "", **selectors: str) -> Answer:
        return self.send(envelope(f"{uri}/{method}", uri, f"<p:{method}_INPUT>{body}</p:{method}_INPUT>", selectors))

    def enumerate(self, uri: str, body: str = "", **options: Any) -> Answer:
        return self.send(envelope(f"{ENUMERATION}Enumerate", uri, f"<n:Enumerate>{body}</n:Enumerate>", **options))

    def query(self, uri: str, text: str, body: str = "<w:OptimizeEnumeration/><w:MaxElements>100</w:MaxElements>") -> Answer:
        return self.enumerate(uri, f'<w:Filter Dialect="{WQL}">{text}</w:Filter>{body}')

    def pull(self, context: str, body: str = "", uri: str = f"{WMI}root/nowhere/*") -> Answer:
        inner = f"<n:EnumerationContext>{context}</n:EnumerationContext>{body}"
        return self.send(envelope(f"{ENUMERATION}Pull", uri, f"<n:Pull>{inner}</n:Pull>"))


@pytest.fixture(scope="session")
def loaded_things(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    path: Path = tmp_path_factory.mktemp("things") / "things.mof"
    path.write_text(MOF, encoding="utf-8")
    return load([path], None, cache_dir=None, now=NOON, namespace="root/test")


@pytest.fixture
def things(loaded_things: Loaded) -> Client:
    """A client of a CIMOM with the classes above in root/test."""
    return Client(loaded_things)


@pytest.fixture(scope="session")
def loaded_hyperv(cache_dir: Path) -> Loaded:
    return load(["hyperv"], None, cache_dir=cache_dir, now=NOON)


@pytest.fixture
def hyperv(loaded_hyperv: Loaded) -> Client:
    """A client of a simulated Hyper-V host."""
    return Client(loaded_hyperv)


ALERTS: Final = """
[Indication] class CIM_Indication { datetime IndicationTime; };
[Indication] class CIM_InstIndication : CIM_Indication { [EmbeddedObject] string SourceInstance; };
[Indication] class CIM_InstModification : CIM_InstIndication { [EmbeddedObject] string PreviousInstance; };
[Indication] class T_Alert : CIM_Indication { string Text; };
"""


@pytest.fixture(scope="session")
def loaded_alerts(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    path: Path = tmp_path_factory.mktemp("alerts") / "things.mof"
    path.write_text(MOF + ALERTS, encoding="utf-8")
    return load([path], None, cache_dir=None, now=NOON, namespace="root/test")
