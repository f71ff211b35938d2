"""The page that a browser gets at the root of a port of clients, and everything else, which stays as it was."""

import re
from collections.abc import Iterator
from html import unescape
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cimsim.server.pages import Page, accepts_html
from cimsim.simulation.front_page import front_page
from cimsim.testing import Simulator

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
URLS = ("http://127.0.0.1:5988", "http://127.0.0.1:5985/wsman")


def text_of(page: Page) -> str:
    return page.content.decode()


def test_the_page_says_what_is_here_and_how_to_begin() -> None:
    page = text_of(front_page(URLS, {"root/interop": 56, "root/cimv2": 1158}, "http://127.0.0.1:4711"))
    for part in (
        "<code>root/cimv2</code>, 1,158 instances",
        'href="http://127.0.0.1:4711/"',
        "<h2>pywbem</h2>",
        "pywbemcli -s http://127.0.0.1:5988 -d root/cimv2",
        "wbemcli ecn http://127.0.0.1:5988/root/cimv2",
        "<h2>curl</h2>",
        "curl http://127.0.0.1:5985/wsman",
    ):
        assert part in page


def test_strangers_learn_nothing_where_clients_log_in() -> None:
    page = text_of(front_page(URLS, None, None))
    assert "Clients must log in" in page
    assert "root/cimv2" not in page
    assert "pywbemcli -s http://127.0.0.1:5988 -u USER" in page


def test_names_are_text_and_the_policy_lets_nothing_run() -> None:
    page = front_page(URLS, {"<script>harm()</script>": 1}, 'http://x"><script>')
    assert "<script" not in text_of(page)
    lines = page.lines.decode()
    assert "default-src 'none'" in lines
    assert "unsafe" not in lines
    assert lines.endswith("\r\n") and "\r\n\r\n" not in lines


def test_only_who_names_html_gets_it() -> None:
    assert accepts_html(BROWSER)
    assert accepts_html("TEXT/HTML; q=0.5")
    for accept in ("", "*/*", "text/*", "text/html;q=0", "text/html ; Q=0.0, */*", "application/xml"):
        assert not accepts_html(accept)


@pytest.fixture(scope="module")
def ports(cache_dir: Path) -> Iterator[dict[str, str]]:
    with Simulator("interop", cache_dir=cache_dir, control_port=0) as sim:
        yield {"cim": sim.urls[0], "wsman": sim.urls[1].removesuffix("/wsman"), "control": sim.control_url or ""}


def ask(url: str, method: str = "GET", path: str = "/", accept: str = BROWSER) -> tuple[int, str, str]:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=20)
    connection.request(method, path, headers={"Accept": accept} if accept else {})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, answer.getheader("Content-Type") or "", body


@pytest.mark.parametrize("port", ["cim", "wsman"])
def test_both_ports_show_it_with_the_way_to_the_console(ports: dict[str, str], port: str) -> None:
    status, kind, body = ask(ports[port])
    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert f'href="{ports["control"]}/"' in body


def test_the_connection_goes_on_after_a_page(ports: dict[str, str]) -> None:
    connection = HTTPConnection(urlsplit(ports["cim"]).netloc, timeout=20)
    for method, status in (("GET", 200), ("GET", 200), ("OPTIONS", 200), ("GET", 200)):
        connection.request(method, "/", headers={"Accept": BROWSER})
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, answer.will_close) == (status, False)
    connection.close()


@pytest.mark.parametrize(
    ("port", "method", "path", "accept", "status"),
    [
        ("cim", "GET", "/", "*/*", 405),
        ("cim", "GET", "/", "", 405),
        ("cim", "GET", "/cimom", BROWSER, 405),
        ("cim", "GET", "/?x", BROWSER, 405),
        ("cim", "HEAD", "/", BROWSER, 405),
        ("cim", "PUT", "/", BROWSER, 405),
        ("wsman", "GET", "/", "*/*", 404),
        ("wsman", "GET", "/wsman", BROWSER, 405),
        ("wsman", "POST", "/", BROWSER, 404),
    ],
)
def test_everything_else_is_refused_as_before(  # H8, H9, WM-H-1
    ports: dict[str, str], port: str, method: str, path: str, accept: str, status: int
) -> None:
    assert ask(ports[port], method, path, accept)[0] == status


def test_the_commands_of_the_page_are_right(ports: dict[str, str]) -> None:
    body = unescape(ask(ports["cim"])[2])
    message = re.search(r"<<'END'\n(.*?)\nEND", body, re.DOTALL)
    assert message is not None
    connection = HTTPConnection(urlsplit(ports["cim"]).netloc, timeout=20)
    headers = dict(re.findall(r"-H '([\w-]+): ([^']*)'", body.split("<h2>WS-Management")[0]))
    connection.request("POST", "/cimom", message[1].encode(), headers)
    answer = connection.getresponse()
    assert (answer.status, b"CLASSNAME" in answer.read()) == (200, True)
    connection.close()
    identify = re.search(r"-d '(<s:Envelope.*?</s:Envelope>)'", body)
    assert identify is not None
    connection = HTTPConnection(urlsplit(ports["wsman"]).netloc, timeout=20)
    connection.request("POST", "/wsman", identify[1].encode(), {"Content-Type": "application/soap+xml;charset=UTF-8"})
    answer = connection.getresponse()
    assert (answer.status, b"IdentifyResponse" in answer.read()) == (200, True)
    connection.close()
