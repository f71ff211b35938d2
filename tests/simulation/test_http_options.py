"""OPTIONS tells what the server can do (rules HO1 to HO4)."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from cimsim.cimxml.http_features import Features
from cimsim.cimxml.m_post_prefix import CIM_EXTENSION
from cimsim.operations.table import OPERATIONS

Post = Callable[..., bytes]

OPTIONS = b"OPTIONS %b HTTP/1.1\r\nHost: a\r\n%b\r\n"
GROUPS = {
    "basic-read": "getclass",
    "basic-write": "setproperty",
    "schema-manipulation": "createclass",
    "instance-manipulation": "createinstance",
    "association-traversal": "associators",
    "query-execution": "execquery",
    "qualifier-declaration": "setqualifier",
}


@pytest.mark.parametrize("target", [b"*", b"/cimom", b"http://a/cimom"])
def test_ho1_ho2_ho3_ho4_what_is_told(server: Any, target: bytes) -> None:
    peer = server.connect()
    answer = peer.ask(OPTIONS % (target, b""))
    assert (answer.status, answer.body, answer["Allow"]) == (200, b"", "POST, M-POST, OPTIONS")
    uri, _, number = (answer["Opt"] or "").partition(" ; ns=")
    assert uri == CIM_EXTENSION
    assert number.isdigit()
    assert len(number) == 2
    assert answer[f"{number}-CIMProtocolVersion"] == "1.4"
    assert answer[f"{number}-CIMSupportsMultipleOperations"] == ""
    assert answer[f"{number}-CIMSupportedQueryLanguages"] == "WQL, DMTF:CQL"
    assert answer[f"{number}-CIMValidation"] == "validating"
    groups = (answer[f"{number}-CIMSupportedFunctionalGroups"] or "").split(", ")
    assert groups == [group for group, operation in GROUPS.items() if operation in OPERATIONS]
    assert (answer["CIMOperation"], answer["Content-Length"]) == (None, "0")
    assert peer.open


def test_ho4_what_is_switched_off_is_not_told(server: Any) -> None:
    server.remake(features=Features(m_post=False, batches=False))
    answer = server.connect().ask(OPTIONS % (b"*", b""))
    assert answer["Allow"] == "POST, OPTIONS"
    assert not [name for name, _ in answer.fields if "MultipleOperations" in name]


def test_ho1_a_body_is_ignored_and_the_order_kept(server: Any, post: Post) -> None:
    peer = server.connect()
    bodies = [b"", b"x" * 100_000]
    for body in bodies:
        peer.send(post(body, method="OPTIONS") + post() + post(method="OPTIONS", chunks=[body or b"x"]) + post(method="PUT"))
        assert [answer.status for answer in peer.answers()] == [200, 200, 200, 405]
    assert len(server.service.calls) == len(bodies)
    assert peer.open


def test_h11_h12_the_body_has_its_limit(server: Any, post: Post) -> None:
    server.remake(max_body=100)
    assert server.connect().ask(post(b"x" * 101, method="OPTIONS")).status == 413
    assert server.connect().ask(post(method="OPTIONS", chunks=[b"x" * 60, b"x" * 60])).status == 413
    expecting = post(b"x", {"Expect": "100-continue"}, method="OPTIONS")
    assert [server.connect().ask(expecting[:-1]).status] == [100]


def test_ha7_credentials_are_needed(server: Any) -> None:
    server.remake({"operator": "secret"})
    peer = server.connect()
    answer = peer.ask(OPTIONS % (b"*", b""))
    assert (answer.status, answer["Opt"]) == (401, None)
    assert peer.ask(OPTIONS % (b"*", b"Authorization: Basic %b\r\n" % b64encode(b"operator:secret"))).status == 200


def test_h3_h4_host_version_and_close(server: Any) -> None:
    assert server.connect().ask(b"OPTIONS * HTTP/1.1\r\n\r\n").status == 400
    peer = server.connect()
    answer = peer.ask(b"OPTIONS * HTTP/1.0\r\n\r\n")
    assert (answer.status, answer["Connection"], peer.open) == (200, "close", False)
    peer = server.connect()
    assert peer.ask(OPTIONS % (b"*", b"Connection: close\r\n"))["Connection"] == "close"
    assert not peer.open
