from pathlib import Path
from time import process_time

import pytest

from cimsim.cimxml.decode.known_names import may_have_strange_names
from cimsim.cimxml.decode.message_limits import MessageLimits
from cimsim.cimxml.decode.xml_parser import XmlParser
from cimsim.cimxml.message import MessageError


def refusal(body: bytes, limits: MessageLimits | None = None) -> MessageError:
    with pytest.raises(MessageError) as caught:
        XmlParser(limits or MessageLimits()).parse(body)
    assert caught.value.status == 400
    return caught.value


def refused(body: bytes, limits: MessageLimits | None = None) -> str | None:
    return refusal(body, limits).cim_error


@pytest.mark.parametrize(
    "prolog",
    [
        b"",
        b"\xef\xbb\xbf",  # H35
        b'<?xml version="1.0"?>',
        b'<?xml version="1.0" encoding="iso-8859-1"?>\n<!-- a - b -- >-->\n<?pi a?b?>'.replace(b"-- >", b""),
        b'<!DOCTYPE CIM SYSTEM "http://host/cim.dtd">',
        b"<!DOCTYPE CIM PUBLIC 'a' 'b'  >\n",
        b"<?xml version='1.0'?><!-- <!DOCTYPE x [ --> <!DOCTYPE CIM>",
    ],
)
def test_sec1_prologs_that_load_nothing(prolog: bytes) -> None:
    root = XmlParser(MessageLimits()).parse(prolog + "<CIM A='&lt;'>é</CIM>".encode())
    assert (root.tag, root.get("A"), root.text) == ("CIM", "<", "é")


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE A [<!ENTITY e "x">]><A B="&e;"/>',
        b"<!DOCTYPE A []><A/>",
        b'<!DOCTYPE A SYSTEM "x" [<!ATTLIST A B CDATA "c">]><A/>',
        b'<?xml version="1.0"?>\n<!-- --><!DOCTYPE A [<!ENTITY % p SYSTEM "file:///etc/passwd">]><A/>',
        b'<!DOCTYPE A SYSTEM "x.dtd"><A>&e;</A>',
        b'<!DOCTYPE A SYSTEM "x.dtd"><A B="&e;"/>',
        b'<?x <!DOCTYPE ?><!DOCTYPE A SYSTEM "]" [<!ENTITY e "x">]><A>&e;</A>',
        b"\x00<!DOCTYPE A [<!ENTITY e 'x'>]><A>&e;</A>",
    ],
)
def test_sec1_internal_subsets_and_entities(body: bytes) -> None:
    assert refused(body) == "request-not-well-formed"


def test_sec1_a_doctype_in_text_is_text() -> None:
    assert XmlParser(MessageLimits()).parse(b"<A><![CDATA[<!DOCTYPE A []>]]></A>").text == "<!DOCTYPE A []>"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"text",
        b"<A>",
        b"<A></B>",
        b"<A/><B/>",
        b"<A/>text",
        b"<A>&e;</A>",
        b"<A>&#1;</A>",
        b"<A>\x01</A>",
        b"<A>\xff</A>",
        b"<A>\xe9</A>",
        b"<A>\x00</A>",
        b" <?xml version='1.0'?><A/>",
        b"<?xml encoding='utf-8'?><A/>",
        b"<A b='1' b='2'/>",
        "<A/>".encode("utf-16"),
        b"<A>" * 300 + b"</A>" * 300,  # SEC2
    ],
)
def test_he6_not_well_formed(body: bytes) -> None:
    assert refused(body) == "request-not-well-formed"


def test_m17_cdata_comments_and_instructions_leave_text_whole() -> None:
    assert XmlParser(MessageLimits()).parse(b"<A>a<!-- c -->b<?p i?>c<![CDATA[<d>]]>&#101;</A>").text == "abc<d>e"


def test_sec3_limits() -> None:
    assert refused(b"<A>" + b"<B/>" * 10 + b"</A>", MessageLimits(elements=5)) == "request-not-valid"
    assert refused(b"<A a='' b='' c=''/>", MessageLimits(attributes=2)) == "request-not-valid"
    assert refused(b"<A a='%b'/>" % (b"x" * 100), MessageLimits(tag_length=50)) == "request-not-valid"
    assert XmlParser(MessageLimits(tag_length=50)).parse(b"<A><![CDATA[%b]]></A>" % (b"x" * 100)).text == "x" * 100


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE CIM><!DOCTYPE CIM [<!ENTITY a "T">]><CIM a="&a;"/>',
        b'<!DOCTYPE CIM SYSTEM "a"> <!-- --> <!DOCTYPE CIM SYSTEM "b"><CIM/>',
        b"<!DOCTYPE CIM><?p i?><!DOCTYPE CIM []><CIM/>",
        b'<!DOCTYPE CIM>text<!DOCTYPE CIM [<!ENTITY a "T">]><CIM/>',
        b'<CIM a="1"/><!DOCTYPE CIM [<!ENTITY a "T">]>',
        b'<CIM><!DOCTYPE CIM [<!ENTITY a "T">]><a b="&a;"/></CIM>',
        b'<!doctype CIM [<!ENTITY a "T">]><CIM a="&a;"/>',
        b'<!ENTITY a "T"><CIM/>',
        '<!DOCTYPE CIM [<!ENTITY a "T">]><CIM a="&a;"/>'.encode("utf-16"),
        '<!DOCTYPE CIM [<!ENTITY a "T">]><CIM a="&a;"/>'.encode("utf-16-be"),
        b"\xef\xbb\xbf\xef\xbb\xbf<!DOCTYPE CIM []><CIM/>",
    ],
)
def test_sec1_nothing_but_one_external_doctype_stands_before_the_root(body: bytes) -> None:
    assert refused(body) == "request-not-well-formed"


def test_sec1_where_the_fault_lies() -> None:
    assert "two document type declarations" in refusal(b"<!DOCTYPE CIM><!DOCTYPE CIM><CIM/>").detail
    assert "no more" in refusal(b"<!DOCTYPE CIM [<!ENTITY a 'b'>]><CIM/>").detail
    assert "65536 bytes" in refusal(b"<!-- -->" * 20_000 + b"<CIM/>").detail


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"<CIM>" + b"&" * 2_000_000, "request-not-valid"),
        (b"<CIM>" + b"&" * 900_000, "request-not-well-formed"),
        (b"<CIM>" + b"<a/>" * 500_000 + b"</CIM>", "request-not-valid"),
        (b"<CIM " + b'a="" ' * 400_000 + b"/>", "request-not-valid"),
        (b"<CIM " + b"a" * 400_000, "request-not-valid"),
        (b" " * 2_000_000 + b"<CIM/>", "request-not-well-formed"),
        (b"<" * 2_000_000, "request-not-well-formed"),
    ],
)
def test_sec3_what_is_wrong_from_the_start_is_refused_early(body: bytes, error: str) -> None:
    started = process_time()
    assert refused(body) == error
    assert process_time() - started < 1, "all of them used to take time by their length"


def test_sec3_large_documents_are_read_in_slices() -> None:
    text = "é" * 300_001
    root = XmlParser(MessageLimits()).parse(f"<A b='&lt;'>{text}<![CDATA[<>{text}]]></A>".encode())
    assert (root.get("b"), root.text) == ("<", f"{text}<>{text}")


def test_sec3_a_body_of_angle_brackets_takes_linear_time() -> None:
    started = process_time()
    assert refused(b"<" * 900_000 + b">") == "request-not-well-formed"
    assert process_time() - started < 5


def test_he6_the_refusal_says_where() -> None:
    detail = refusal(b"<X>\n<A></B></X>").detail
    assert detail.startswith("the body is not well-formed XML: ")
    assert ", line 2, column " in detail


def resident() -> float:
    """Return the memory of this process, in MiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1]) / 1024


def strange(attempt: int, form: bytes) -> bytes:
    """Return a document of some 60,000 bytes that holds 4,000 names which no other one does."""
    return form % b"".join(b"<s%d_%d/>" % (attempt, number) for number in range(4000))


FORMS = [
    b"<CIM>%b</CIM>",
    b"<CIM><CORRELATOR>%b</CORRELATOR></CIM>",
    b"<CIM><?a b?>%b</CIM>",
    b"<CIM xmlns:a='b'>%b</CIM>",
]


@pytest.mark.longer
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell the memory of a process")
@pytest.mark.parametrize("form", FORMS, ids=["plain", "correlator", "instruction", "namespace"])
def test_sec3_strange_names_do_not_fill_the_memory(form: bytes) -> None:
    """libxml2 keeps all names that a thread has parsed as long as there is the thread; 9 MB of them would be 32 MiB."""
    parser = XmlParser(MessageLimits())
    if form == FORMS[0]:
        # Nothing tells these from others until so much was refused.
        parser.spoil(17 * 1024 * 1024)
    before = resident()
    for attempt in range(150):
        assert len(parser.parse(strange(attempt, form))) > 0
    assert resident() - before < 18


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (b'<?xml version="1.0" encoding="utf-8"?><CIM CIMVERSION="2.0"><VALUE>a&lt;b&#10;c</VALUE></CIM>', False),
        (b'<CIM DTDVERSION = "2.0"\n><VALUE.NULL/></CIM>', False),
        (b"<CIM><OTHER/></CIM>", True),
        (b"<CIM OTHER='x'/>", True),
        (b"<CIM CIMVERSION='2.0'OTHER='x'/>", True),
        (b"<CIM>&other;</CIM>", True),
        (b"<CIM><?other x?></CIM>", True),
        (b"<a:CIM xmlns:a='b'/>", True),
        (b"<CIM><VALUE>if a = b</VALUE></CIM>", True),
    ],
)
def test_sec3_strange_names_are_found(document: bytes, expected: bool) -> None:
    assert may_have_strange_names(document) is expected


def test_sec3_what_is_parsed_apart_is_the_same() -> None:
    text = b"<CIM><VALUE>%b = x</VALUE><?a b?></CIM>" % (b"y" * 100_000)
    root = XmlParser(MessageLimits()).parse(text)
    assert root[0].text == "y" * 100_000 + " = x"
    assert refused(b"<CIM>%b" % (b"y" * 100_000)) == "request-not-well-formed"
