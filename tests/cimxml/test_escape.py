import math

import pytest

from cimsim.cimxml.encode.scalar_writer import SCALARS, real_text
from cimsim.cimxml.encode.xml_escape import escape_attribute, escape_text, needs_escape


def test_d1_text() -> None:
    assert escape_text("plain é \n\t'\"") == "plain é \n\t'\""
    assert escape_text("a<b>&c\r\n") == "a&lt;b&gt;&amp;c&#13;\n"


def test_d27_attributes() -> None:
    assert escape_attribute("'\"<>&\r\n\té") == "'&quot;&lt;&gt;&amp;&#13;&#10;&#9;é"


@pytest.mark.parametrize("character", ["\0", "\x08", "\x0b", "\x0c", "\x0e", "\x1f", "\ud800", "\udfff", "\ufffe", "\uffff"])
def test_d2_t20_illegal_characters(character: str) -> None:
    assert escape_text(f"a{character}b") == "a\ufffdb"
    assert escape_attribute(f"a{character}b") == "a\ufffdb"


@pytest.mark.parametrize("around", ["", "x" * 100, "é" * 100])
def test_d2_long_texts_are_escaped_as_short_ones(around: str) -> None:
    for code in range(0x180):
        character = chr(code)
        assert escape_text(f"{around}{character}{around}") == f"{around}{escape_text(character)}{around}"
        assert needs_escape(f"{around}{character}{around}") is (escape_text(character) != character)


@pytest.mark.parametrize("character", ["\x7f", "\x85", "\ud7ff", "\ue000", "\ufffd", "\U00010000", "\U0010ffff"])
def test_d2_unusual_but_legal_characters(character: str) -> None:
    assert escape_text(character) == character


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1.0"),
        (0.1, "0.1"),
        (-2.5, "-2.5"),
        (1.5e30, "1.5E+30"),
        (1e30, "1.0E+30"),
        (1e-7, "1.0E-07"),
        (1 / 3, "0.3333333333333333"),
        (math.inf, "INF"),
        (-math.inf, "-INF"),
        (math.nan, "NaN"),
    ],
)
def test_d9_d10_reals(value: float, text: str) -> None:
    assert real_text(value) == text
    if math.isfinite(value):
        assert float(text) == value


def test_d4_d7_booleans_and_integers() -> None:
    assert (SCALARS["boolean"](True), SCALARS["boolean"](False)) == ("TRUE", "FALSE")
    assert SCALARS["sint64"](-(2**63)) == "-9223372036854775808"
