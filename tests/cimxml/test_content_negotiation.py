from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cimsim.cimxml.content_negotiation import check_accept, check_content_encoding, check_content_type
from cimsim.cimxml.message import MessageError


@pytest.mark.parametrize(
    "value",
    [
        b'application/xml; charset="utf-8"',  # pywbem
        b"application/xml; charset=utf-8",
        b"text/xml",
        b"TEXT/XML; Charset=UTF-8",
        b"application/xml;charset=UTF8",
        b'Application/Xml ; charset = "UTF-8" ; x=";y"',
        b"text/xml;",
    ],
)
def test_h20_xml_in_utf8_is_accepted(value: bytes) -> None:
    check_content_type(value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"text/plain",
        b"application/json",
        b"application/xml2",
        b"text/xml, text/xml",
        b"application/xml; charset=iso-8859-1",
        b'application/xml; charset=""',
        b"\xff",
    ],
)
def test_h21_other_types_and_charsets_are_415(value: bytes | None) -> None:
    with pytest.raises(MessageError) as caught:
        check_content_type(value)
    assert (caught.value.status, caught.value.cim_error) == (415, None)


@pytest.mark.parametrize("value", [None, b"identity", b"Identity", b""])
def test_h24_identity_is_accepted(value: bytes | None) -> None:
    check_content_encoding(value)


@pytest.mark.parametrize("value", [b"gzip", b"deflate", b"identity, gzip"])
def test_h24_other_content_encodings_are_415(value: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        check_content_encoding(value)
    assert caught.value.status == 415


@pytest.mark.parametrize(
    "accept",
    [
        None,
        b"",
        b"*/*",
        b"application/xml, text/xml",
        b"text/html, text/xml, application/xml",
        b"text/html, image/gif, *; q=.2, */*; q=.2",  # the Java run-time
        b"text/*;q=0.1",
        b"APPLICATION/XML;level=1;q=1.000",
        b"application/xml;q=0, text/xml;q=0.5",
        b'text/plain;x="a,b;q=0", application/*',
        b"text/xml;q=high",
    ],
)
def test_h22_accept_that_admits_xml(accept: bytes | None) -> None:
    check_accept(accept, None, None)


@pytest.mark.parametrize(
    "accept",
    [
        b"text/html",
        b"application/xml;q=0",
        b"*/*;q=0",
        b"application/*;q=0.0, text/plain",
        b'"application/xml"',
        b"*/*, text/*;q=0, application/*;q=0",
    ],
)
def test_h22_accept_that_does_not_admit_xml(accept: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        check_accept(accept, None, None)
    assert caught.value.status == 406


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        (b"utf-8", None),
        (b"iso-8859-1, UTF-8;q=0.1", None),
        (b"*", None),
        (b"", None),
        (None, b"gzip, deflate"),
        (None, b"gzip, identity;q=0.1, *;q=0"),
        (None, b"*"),
    ],
)
def test_h23_charset_and_encoding_that_admit_what_is_sent(charset: bytes | None, encoding: bytes | None) -> None:
    check_accept(None, charset, encoding)


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [(b"iso-8859-1", None), (b"utf-8;q=0", None), (b"*;q=0", None), (None, b"identity;q=0"), (None, b"gzip, *;q=0")],
)
def test_h23_charset_and_encoding_that_do_not(charset: bytes | None, encoding: bytes | None) -> None:
    with pytest.raises(MessageError) as caught:
        check_accept(None, charset, encoding)
    assert caught.value.status == 406


@given(st.binary(max_size=60))
def test_negotiation_never_raises_anything_else(value: bytes) -> None:
    checks: list[Callable[[], None]] = [
        lambda: check_content_type(value),
        lambda: check_content_encoding(value),
        lambda: check_accept(value, value, value),
    ]
    for check in checks:
        try:
            check()
        except MessageError as error:
            assert error.status in (406, 415)
