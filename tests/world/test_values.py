"""Every CIM type: what text and which Python values become, and what is refused (rules D1 to D11, T15)."""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pywbem import CIMDateTime, Real32, Sint8, Uint8, Uint32

from cimsim.world.values import (
    INTEGER_RANGES,
    SCALAR_TYPES,
    DateTime,
    Malformed,
    Untyped,
    convert_scalar,
    zero_interval,
)


def parse(text: str, cim_type: str) -> Any:
    return convert_scalar(Untyped(text), cim_type)


def test_all_scalar_types_are_known() -> None:
    assert {"string", "char16", "boolean", "datetime", "real32", "real64", *INTEGER_RANGES} == SCALAR_TYPES
    assert INTEGER_RANGES["uint64"] == (0, 18446744073709551615)
    assert INTEGER_RANGES["sint8"] == (-128, 127)


@pytest.mark.parametrize("cim_type", sorted(INTEGER_RANGES))
def test_integer_limits(cim_type: str) -> None:  # D8
    least, most = INTEGER_RANGES[cim_type]
    for value in (least, most):
        assert parse(str(value), cim_type) == value
        assert convert_scalar(value, cim_type) == value
    for value in (least - 1, most + 1):
        with pytest.raises(ValueError, match=f"out of the range of {cim_type}"):
            parse(str(value), cim_type)
        with pytest.raises(ValueError, match=f"out of the range of {cim_type}"):
            convert_scalar(value, cim_type)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-0", 0),
        ("+5", 5),
        ("007", 7),
        ("0x1F", 31),
        ("0Xff", 255),
        ("+0x10", 16),
        (" \t\r\n42 ", 42),
    ],
)
def test_integer_forms(text: str, value: int) -> None:  # D6, D8
    assert parse(text, "uint8") == value
    assert type(parse(text, "uint8")) is int


def test_negative_hex() -> None:  # D6
    assert parse("-0x80", "sint8") == -128
    assert parse("-0x0", "uint8") == 0


# T15: what Python's int() would take; D6: octal is decimal with leading zeros, MOF binary is refused.
@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1_000",
        "\u0663",
        "\uff11",
        "101b",
        "1.0",
        "1e2",
        "0x",
        "x1F",
        "--1",
        "+",
        "0b1",
        "0o7",
        "\u00a05",
        "1 2",
        "TRUE",
    ],
)
@pytest.mark.parametrize("cim_type", ["uint8", "sint64"])
def test_no_integers(text: str, cim_type: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        parse(text, cim_type)


def test_an_endless_number_is_refused_quickly() -> None:  # Python's own limit of digits must not show
    with pytest.raises(ValueError, match="a number of 100000 characters is out of the range of uint64"):
        parse("9" * 100_000, "uint64")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5", 1.5),
        ("-.5", -0.5),
        ("1.", 1.0),
        ("+1.5E+3", 1500.0),
        ("7", 7.0),
        (" 2e-2 ", 0.02),
        ("INF", math.inf),
        ("-inf", -math.inf),
    ],
)
@pytest.mark.parametrize("cim_type", ["real32", "real64"])
def test_real_forms(text: str, value: float, cim_type: str) -> None:  # D9
    assert parse(text, cim_type) == value


def test_nan() -> None:  # D9, T15
    assert math.isnan(parse("NaN", "real64"))


@pytest.mark.parametrize("text", ["", "1_0.0", "1e", ".", "0x1p3", "infinity", "1,5", "\u0661.5", "nan()"])
def test_no_reals(text: str) -> None:  # T15
    with pytest.raises(ValueError, match="is not a real32"):
        parse(text, "real32")


@pytest.mark.parametrize(
    ("text", "cim_type"), [("1e39", "real32"), ("-3.4028236e38", "real32"), ("1e309", "real64"), ("1e400", "real32")]
)
def test_real_out_of_range(text: str, cim_type: str) -> None:
    with pytest.raises(ValueError, match=f"out of the range of {cim_type}"):
        parse(text, cim_type)


def test_largest_real32_in_its_usual_rounded_form() -> None:
    assert parse("3.4028235E+38", "real32") == pytest.approx(3.4028235e38)
    assert parse("3.4028234663852886e+38", "real32") == 3.4028234663852886e38


@pytest.mark.parametrize(("text", "value"), [("TRUE", True), ("true", True), (" False\n", False), ("fAlSe", False)])
def test_booleans(text: str, value: bool) -> None:  # D4
    assert parse(text, "boolean") is value


@pytest.mark.parametrize("text", ["", "1", "yes", "T", "TRUE FALSE"])
def test_no_booleans(text: str) -> None:  # D4
    with pytest.raises(ValueError, match="is not a boolean"):
        parse(text, "boolean")


@pytest.mark.parametrize("text", ["", " ", "  a\n", "1", "é\U0001f600"])
def test_strings_are_verbatim(text: str) -> None:  # D1
    assert parse(text, "string") == text
    assert type(parse(text, "string")) is str


@pytest.mark.parametrize(
    ("text", "good"), [("x", True), (" ", True), ("\uffee", True), ("", False), ("ab", False), ("\U0001f600", False)]
)
def test_char16(text: str, good: bool) -> None:  # D3
    if good:
        assert parse(text, "char16") == text
    else:
        with pytest.raises(ValueError, match="char16"):
            parse(text, "char16")


@pytest.mark.parametrize(
    "text",
    [
        "20240229235959.999999+000",
        "19991231000000.000000-720",
        "00010101000000.000000+999",
        "99991231235959.999999-999",
        "16010101000000.000000-000",
        "2024**********.******+000",
        "20240101******.******+060",
        "20240101123456.12****+060",
        "00000000000000.000000:000",
        "99999999235959.999999:000",
        "00000012******.******:000",
    ],
)
def test_datetimes(text: str) -> None:  # D11: the text is kept, ``-000`` too
    value = parse(f" {text}\n", "datetime")
    assert isinstance(value, DateTime)
    assert str(value) == text
    assert value.is_interval == (":" in text)
    hash(value.instant)
    CIMDateTime(text)  # whatever the world holds can be handed to pywbem


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024-01-01T00:00:00Z",
        "20240101000000.000000+00",
        "20240101000000,000000+000",
        "20240101000000.000000 000",
        "20241301000000.000000+000",
        "20240001000000.000000+000",
        "20240100000000.000000+000",
        "20230229000000.000000+000",
        "00000101000000.000000+000",
        "20240101240000.000000+000",
        "20240101006000.000000+000",
        "20240101000060.000000+000",
        "2024010100****.*****1+000",
        "20240*********.******+000",
        "202*0101000000.000000+000",
        "********************.***+",
        "**************.******+000",
        "0000001*******.******:000",
        "00000000240000.000000:000",
        "00000000000000.000000:001",
        "0000000000000\u0660.000000:000",
        "20240101000000.000000+00a",
    ],
)
def test_no_datetimes(text: str) -> None:  # D11, T15
    with pytest.raises(ValueError, match="is not a datetime"):
        parse(text, "datetime")


def test_datetimes_are_equal_by_instant() -> None:  # D23
    utc = DateTime("20240101120000.000000+000")
    assert utc.instant == DateTime("20240101130000.000000+060").instant
    assert utc.instant == DateTime("20240101070000.000000-300").instant
    assert utc.instant == DateTime("20240101120000.000000-000").instant
    assert utc.instant != DateTime("20240101120000.000001+000").instant
    assert utc != DateTime("20240101120000.000000-000")
    interval = DateTime("00000001000000.000000:000")
    assert interval.instant == ("interval", interval)
    rough = DateTime("20240101******.******+000")
    assert rough.instant == DateTime("20240101******.******+000").instant
    assert rough.instant != DateTime("20240101000000.000000+000").instant


@given(seconds=st.integers(0, 250_000_000_000), offset=st.sampled_from(["+000", "-000"]))
def test_datetime_at_is_the_instant(seconds: int, offset: str) -> None:
    value = DateTime.at(seconds, offset)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    assert str(value) == moment.strftime("%Y%m%d%H%M%S.000000") + offset
    assert value.instant == DateTime.at(seconds).instant


def test_zero_interval() -> None:
    assert zero_interval() == "00000000000000.000000:000"


@pytest.mark.parametrize(
    ("value", "cim_type", "expected"),
    [
        (Uint8(5), "uint8", 5),
        (Uint32(5), "uint8", 5),
        (Sint8(-1), "sint16", -1),
        (3, "real64", 3.0),
        (Real32(1.5), "real32", 1.5),
        ("text", "string", "text"),
        (True, "boolean", True),
        (CIMDateTime("20240101000000.000000+060"), "datetime", "20240101000000.000000+060"),
        (datetime(2024, 1, 1, tzinfo=UTC), "datetime", "20240101000000.000000+000"),
        (timedelta(days=1, seconds=2), "datetime", "00000001000002.000000:000"),
        ("00000001000002.000000:000", "datetime", "00000001000002.000000:000"),
    ],
)
def test_python_values(value: object, cim_type: str, expected: object) -> None:
    converted = convert_scalar(value, cim_type)
    assert converted == expected
    assert type(converted) in {int, float, str, bool, DateTime}


# T15: bool is an int in Python, not in CIM; text that a program gives is not parsed.
@pytest.mark.parametrize(
    ("value", "cim_type"),
    [
        (True, "uint8"),
        (True, "real32"),
        (1, "boolean"),
        (1.0, "uint8"),
        ("1", "uint8"),
        (1, "string"),
        ("TRUE", "boolean"),
        (1.5, "datetime"),
        (b"x", "string"),
        (None, "string"),
        ("ab", "char16"),
    ],
)
def test_python_values_of_another_type(value: object, cim_type: str) -> None:
    with pytest.raises(ValueError, match=f"{cim_type}"):
        convert_scalar(value, cim_type)


def test_malformed_says_why() -> None:
    with pytest.raises(ValueError, match="no object in the text"):
        convert_scalar(Malformed("no object in the text"), "string")


@given(text=st.text(max_size=30), cim_type=st.sampled_from(sorted(SCALAR_TYPES)))
def test_any_text_is_parsed_or_refused(text: str, cim_type: str) -> None:
    try:
        value = parse(text, cim_type)
    except ValueError as error:
        assert cim_type in re.sub(r"^'.*?' is", "is", str(error)) or cim_type in str(error)
    else:
        assert convert_scalar(value, cim_type) == value or value != value


@given(st.from_regex(r"[0-9*]{14}\.[0-9*]{6}[+:-][0-9]{3}", fullmatch=True))
def test_any_datetime_that_is_accepted_is_one_for_pywbem(text: str) -> None:
    try:
        value = DateTime(text)
    except ValueError:
        return
    hash(value.instant)
    CIMDateTime(text)
