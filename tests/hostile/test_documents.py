"""Documents that are made to cost more than they are worth (rules SEC1, SEC2, SEC3, T17)."""

from html import escape
from typing import Any

import pytest

PROLOG = b'<?xml version="1.0" encoding="utf-8" ?>'
WELL_FORMED_ONLY = (400, "request-not-well-formed")
NOT_VALID = (400, "request-not-valid")


def entities(count: int) -> str:
    inside = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, count))
    return f'<!DOCTYPE CIM [<!ENTITY e0 "ha">{inside}]>'


@pytest.mark.parametrize(
    "doctype",
    [
        entities(10),
        f'<!DOCTYPE CIM [<!ENTITY e9 "{"x" * 100_000}">]>',
        '<!DOCTYPE CIM [<!ENTITY e9 SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE CIM [<!ENTITY e9 SYSTEM "http://127.0.0.1:1/">]>',
        '<!DOCTYPE CIM [<!ENTITY % p SYSTEM "http://127.0.0.1:1/"> %p;]>',
        '<!DOCTYPE CIM [<!ATTLIST VALUE NAME CDATA "x">]>',
        '<!DOCTYPE CIM SYSTEM "http://127.0.0.1:1/" [<!ENTITY e9 "x">]>',
        '<!DOCTYPE CIM SYSTEM "file:///etc/passwd">',
        "<!DOCTYPE CIM [",
    ],
)
def test_sec1_entities_are_neither_expanded_nor_fetched(victim: Any, doctype: str) -> None:
    body = victim.body('<IPARAMVALUE NAME="a"><VALUE>&e9;</VALUE></IPARAMVALUE>')
    status, cim_error, answer = victim.ask(body.replace(PROLOG, PROLOG + doctype.encode()))
    assert (status, cim_error) == WELL_FORMED_ONLY
    assert b"root:" not in answer


def test_sec1_entities_in_attributes_are_not_expanded(victim: Any) -> None:
    body = victim.body('<IPARAMVALUE NAME="&e9;"/>').replace(PROLOG, PROLOG + entities(10).encode())
    assert victim.ask(body)[:2] == WELL_FORMED_ONLY


@pytest.mark.parametrize("depth", [200, 300, 40_000])
def test_sec2_t17_deep_documents(victim: Any, depth: int) -> None:
    body = victim.body("<IPARAMVALUE NAME='a'>" + "<VALUE.ARRAY>" * depth + "</VALUE.ARRAY>" * depth + "</IPARAMVALUE>")
    assert victim.ask(body)[:2] == (NOT_VALID if depth < 250 else WELL_FORMED_ONLY)


@pytest.mark.parametrize(
    "parameters",
    [
        "<A/>" * 1_100_000,
        "<IPARAMVALUE NAME='a'><VALUE.ARRAY>" + "<VALUE/>" * 300_000 + "</VALUE.ARRAY></IPARAMVALUE>",
        "<IPARAMVALUE " + " ".join(f"a{n}=''" for n in range(200_000)) + "/>",
        "<IPARAMVALUE " + " ".join(f"a{n}=''" for n in range(90_000)) + "/>",
        "<IPARAMVALUE NAME='" + "a" * 4_000_000 + "'/>",
        "<IPARAMVALUE NAME='a'><INSTANCENAME CLASSNAME='C'>"
        + "".join(f"<KEYBINDING NAME='k{n}'><KEYVALUE>v</KEYVALUE></KEYBINDING>" for n in range(2000))
        + "</INSTANCENAME></IPARAMVALUE>",
        "<IPARAMVALUE NAME='a'><CLASSNAME NAME='" + "a" * 5000 + "'/></IPARAMVALUE>",
    ],
    ids=["elements", "items", "tag", "attributes", "name", "keys", "class"],
)
def test_sec3_wide_documents(victim: Any, parameters: str) -> None:
    assert victim.ask(victim.body(parameters))[:2] == NOT_VALID


def embedded(depth: int) -> str:
    """Return an instance in an instance in an instance, each one's markup escaped in the next."""
    xml = "<INSTANCE CLASSNAME='C'/>"
    for _ in range(depth):
        value = escape(xml)
        attributes = "NAME='P' TYPE='string' EmbeddedObject='instance'"
        xml = f"<INSTANCE CLASSNAME='C'><PROPERTY {attributes}><VALUE>{value}</VALUE></PROPERTY></INSTANCE>"
    return xml


@pytest.mark.parametrize("depth", [10, 14])
def test_sec2_embedded_objects_in_embedded_objects(victim: Any, depth: int) -> None:
    body = victim.body(f"<IPARAMVALUE NAME='NewInstance'>{embedded(depth)}</IPARAMVALUE>", "CreateInstance")
    status, _, answer = victim.ask(body, "CreateInstance")
    # Each level escapes those inside once more, so few levels make a long text.
    assert (status, b"<ERROR CODE=" in answer) == (200, True) or status == 400


def test_sec2_references_in_the_keys_of_references(victim: Any) -> None:
    xml = "<INSTANCENAME CLASSNAME='C'/>"
    for _ in range(40):
        xml = (
            "<INSTANCENAME CLASSNAME='C'><KEYBINDING NAME='K'><VALUE.REFERENCE>"
            f"{xml}</VALUE.REFERENCE></KEYBINDING></INSTANCENAME>"
        )
    assert victim.ask(victim.body(f"<IPARAMVALUE NAME='InstanceName'>{xml}</IPARAMVALUE>"))[:2] == NOT_VALID


@pytest.mark.parametrize(
    "body",
    [
        b"<" * 4_000_000,
        b"<!--" + b"-" * 4_000_000,
        b"<?" * 2_000_000,
        b" " * 4_000_000,
        b"<!DOCTYPE " + b"a" * 4_000_000,
        b"<CIM " + b"a='&lt;' " * 400_000,
        b"\0" * 1_000_000,
        b"\xff\xfe<\0C\0I\0M\0/\0>\0",
        b"",
    ],
    ids=["starts", "comment", "instructions", "blanks", "doctype", "references", "nuls", "utf-16", "empty"],
)
def test_sec3_he6_no_documents_at_all(victim: Any, body: bytes) -> None:
    status, cim_error, _ = victim.ask(body)
    assert (status, cim_error) in (WELL_FORMED_ONLY, NOT_VALID)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM CIM_Service WHERE " + "(" * 50_000 + "Name = 'a'" + ")" * 50_000,
        "SELECT * FROM CIM_Service WHERE " + "NOT " * 50_000 + "Name = 'a'",
        "SELECT * FROM CIM_Service WHERE " + " OR ".join(["Name = 'a'"] * 20_000),
        "SELECT * FROM CIM_Service WHERE Name LIKE '" + "%a" * 5_000 + "'",
        "SELECT * FROM CIM_Service WHERE Name LIKE '" + "[" * 5_000 + "'",
        "SELECT " + ",".join(["Name"] * 50_000) + " FROM CIM_Service",
        "'" * 100_000,
    ],
    ids=["parentheses", "not", "or", "like", "classes", "columns", "quotes"],
)
def test_sec6_queries_are_bounded(victim: Any, query: str) -> None:
    given = {"QueryLanguage": "WQL", "Query": query}
    parameters = "".join(f'<IPARAMVALUE NAME="{name}"><VALUE>{text}</VALUE></IPARAMVALUE>' for name, text in given.items())
    status, _, _ = victim.ask(victim.body(parameters, "ExecQuery"), "ExecQuery")
    assert status == 200


def test_sec3_sec6_large_batches(victim: Any) -> None:
    before, _, rest = victim.body().partition(b"<SIMPLEREQ>")
    inside, _, after = rest.partition(b"</SIMPLEREQ>")
    head = victim.head(None, "GetInstance").replace(b"CIMMethod: GetInstance\r\n", b"CIMBatch: \r\n")
    head = head.replace(b"CIMObject: root/virtualization/v2\r\n", b"")
    for count, expected in ((500, 200), (1001, 400)):
        body = before + b"<MULTIREQ>" + b"<SIMPLEREQ>%b</SIMPLEREQ>" % inside * count + b"</MULTIREQ>" + after
        with victim.connect() as client:
            client.sendall(head[:-2] + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            status, _, answer = victim.answer(client)
        assert status == expected
        assert answer.count(b"<SIMPLERSP>") == (count if expected == 200 else 0)
