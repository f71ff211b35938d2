"""Events over WS-Management with pypsrp, encrypted and not: subscribed to, pulled, renewed, ended (rules WM-EV-1, WM-A-4)."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from lxml import etree
from pypsrp.exceptions import WinRMTransportError
from pypsrp.wsman import WSMan

from cimsim.testing import Simulator
from tests.wsman.conftest import ENUMERATION, EVENTING, MANAGEMENT, NS, TRANSFER, WMI, WQL, envelope

USER: Final = "Administrator"
PASSWORD: Final = "sec:ret ü"
CIMV2: Final = f"{WMI}root/cimv2/*"
QUERY: Final = "SELECT * FROM __InstanceModificationEvent WHERE TargetInstance ISA 'Win32_Service'"

Send = Callable[[bytes], Any]


@pytest.fixture(scope="module")
def sim(cache_dir: Path) -> Iterator[Simulator]:
    with Simulator("windows", user=[f"{USER}:{PASSWORD}"], clock="manual", cache_dir=cache_dir) as running:
        yield running


@pytest.fixture(params=[("ntlm", "always"), ("negotiate", "always"), ("basic", "never")], ids=lambda it: it[0])
def connect(request: pytest.FixtureRequest, sim: Simulator) -> Callable[[], Send]:
    """Connects a client, which encrypts its messages but with Basic, and returns what sends one and returns the reply."""
    (url,) = (each for each in sim.urls if each.endswith("/wsman"))
    auth, encryption = request.param

    def connected() -> Send:
        options: dict[str, Any] = {"auth": auth, "encryption": encryption, "proxy": "", "ssl": False}
        client = WSMan("127.0.0.1", port=urlsplit(url).port or 0, username=USER, password=PASSWORD, **options)
        return lambda message: etree.fromstring(client.transport.send(message))

    return connected


def managed(action: str, identifier: str, body: str = "") -> bytes:
    header = f"<e:Identifier>{identifier}</e:Identifier>"
    return envelope(f"{EVENTING}{action}", None, f"<e:{action}>{body}</e:{action}>", headers=header)


def until_it_waits(sim: Simulator) -> None:
    for _ in range(100_000):
        if sim.in_reactor(lambda: sim._cimom.clock.due) is not None:
            return
    raise TimeoutError


def test_wm_ev_1_wm_a_4_a_subscription_from_beginning_to_end(connect: Callable[[], Send], sim: Simulator) -> None:
    sim.reset()
    send = connect()
    delivery = f'<e:Delivery Mode="{MANAGEMENT}Pull"/><w:Filter Dialect="{WQL}">{QUERY}</w:Filter>'
    subscribed = send(envelope(f"{EVENTING}Subscribe", CIMV2, f"<e:Subscribe>{delivery}</e:Subscribe>"))
    identifier = subscribed.findtext(".//e:Identifier", None, NS)
    context = f"<n:EnumerationContext>{subscribed.findtext('.//n:EnumerationContext', None, NS)}</n:EnumerationContext>"
    pull = envelope(f"{ENUMERATION}Pull", CIMV2, f"<n:Pull>{context}<n:MaxElements>9</n:MaxElements></n:Pull>")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(send, pull)
        until_it_waits(sim)
        (service,) = sim.find("Win32_Service", "root/cimv2", Name="Spooler")
        assert sim.invoke(service, "StopService", "root/cimv2").value == 0
        items = waiting.result(timeout=20).find(".//n:Items", NS)
    assert items[0].findtext("{*}TargetInstance/{*}Name") == "Spooler"
    other = connect()
    assert other(managed("Renew", identifier, "<e:Expires>PT30S</e:Expires>")).findtext(".//e:Expires", None, NS)
    assert other(managed("GetStatus", identifier)).findtext(".//e:Expires", None, NS) == "PT30.000000S"
    assert send(managed("Unsubscribe", identifier)).findtext("s:Header/a:Action", None, NS) == f"{EVENTING}UnsubscribeResponse"
    with pytest.raises(WinRMTransportError) as caught:
        send(pull)
    assert "n:InvalidEnumerationContext" in caught.value.response_text
    names = ["Subscribe", "PullEvents", "Renew", "GetStatus", "Unsubscribe", "PullEvents"]
    made = [call for call in sim.calls() if call.operation in names]
    assert [call.operation for call in made] == names
    assert {each.exchange.user for each in sim.exchanges() if each.exchange.calls} == {USER}


@pytest.mark.parametrize("length", [1, 300_000])
def test_wm_a_4_long_messages_are_decrypted_and_decoded_too(connect: Callable[[], Send], sim: Simulator, length: int) -> None:
    sim.reset()
    send = connect()
    asked = envelope(f"{TRANSFER}Get", f"{WMI}root/cimv2/Win32_Service", selectors={"Name": "Spooler"})
    padded = asked.replace(b"<s:Body>", b" " * length + b"<s:Body>")
    for _ in range(2):
        assert send(padded).findtext(".//{*}Win32_Service/{*}Name") == "Spooler"
        with pytest.raises(WinRMTransportError) as caught:
            send(padded.replace(b"Spooler", b"x" * length))
        assert "w:InvalidSelectors" in caught.value.response_text or "a:Destination" in caught.value.response_text
