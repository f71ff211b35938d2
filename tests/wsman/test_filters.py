"""PolymorphismMode None and selector filters, which are queries in WMI's WQL to the operations (rules WM-E-9, WM-Q-3)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from cimsim.packs.load import Loaded
from tests.wsman.conftest import TEST, TRANSFER, Client, envelope

DIALECT = "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter"
ALL = "<w:OptimizeEnumeration/><w:MaxElements>100</w:MaxElements>"


def selected(things: Client, classname: str, *selectors: tuple[str, str], dialect: str = DIALECT) -> Any:
    chosen = "".join(f'<w:Selector Name="{name}">{value}</w:Selector>' for name, value in selectors)
    content = f"<w:SelectorSet>{chosen}</w:SelectorSet>"
    return things.enumerate(f"{TEST}{classname}", f'<w:Filter Dialect="{dialect}">{content}</w:Filter>{ALL}')


def names(answer: Any) -> list[str | None]:
    items = answer.find("n:EnumerateResponse/w:Items")
    return [next(child.text for child in item if etree.QName(child).localname in {"Name", "Id"}) for item in items]


def test_wm_e_9_none_shows_no_subclasses(things: Client) -> None:
    wanted = f"<b:PolymorphismMode>None</b:PolymorphismMode>{ALL}"
    assert names(things.enumerate(f"{TEST}t_thing", wanted)) == ["One", "Two", "Linked"]
    assert names(things.enumerate(f"{TEST}T_Special", wanted)) == ["<Three>"]
    fault = things.enumerate(f"{TEST}T_Thin", wanted).fault
    assert fault[:2] == ("a:DestinationUnreachable", "InvalidResourceURI")
    assert "did you mean T_Thing?" in fault[2]


@pytest.mark.parametrize(
    ("selectors", "found"),
    [
        ([("Name", "TWO")], ["Two"]),
        ([("name", "two"), ("Number", "2")], ["Two"]),
        ([("Name", "Two"), ("Number", "3")], []),
        ([("Number", "5")], ["One", "Linked", "<Three>"]),
        ([("Number", " 5 ")], ["One", "Linked", "<Three>"]),
        ([("Flag", "1")], ["Two"]),
        ([("Flag", "true")], ["Two"]),
        ([("Flag", "False")], []),
        ([("Real", "1.5")], ["Two"]),
        ([("Moment", "20250310061200.342572+000")], ["Two"]),
        ([("Fixed", "FIXED")], ["One", "Two", "Linked", "<Three>"]),
        ([("Name", "it's")], []),
        ([("Name", "a\\' OR Name = 'Two")], []),
        ([("__CLASS", "t_special")], ["<Three>"]),
        ([("More", "more")], ["<Three>"]),
    ],
)
def test_wm_q_3_all_selectors_must_fit(things: Client, selectors: list[tuple[str, str]], found: list[str]) -> None:
    assert names(selected(things, "T_Thing", *selectors)) == found


@pytest.mark.parametrize(
    ("classname", "selectors", "subcode", "expected"),
    [
        ("T_Thing", [], "w:SchemaValidationError", "no selectors"),
        ("T_Thing", [("Nam", "x")], "n:CannotProcessFilter", "did you mean Name?"),
        ("T_Thing", [("Number", "many")], "n:CannotProcessFilter", "not a number"),
        ("T_Thing", [("Texts", "a")], "n:CannotProcessFilter", "string[]"),
        ("T_Thing", [("Name = 'x' OR Name", "x")], "w:SchemaValidationError", "is not the name of a property"),
        ("T_Thing WHERE Flag = TRUE OR", [("Name", "x")], "a:DestinationUnreachable", "is not the name of a class"),
        ("T_Thong", [("Name", "x")], "a:DestinationUnreachable", "did you mean T_Thing?"),
    ],
)
def test_wm_q_3_what_is_refused(
    things: Client, classname: str, selectors: list[tuple[str, str]], subcode: str, expected: str
) -> None:
    fault = selected(things, classname, *selectors).fault
    assert fault[0] == subcode
    assert expected in fault[2]


@given(value=st.text("aB'\"\\%_[]{} =0", max_size=8))
def test_wm_q_3_no_value_is_more_than_a_value(loaded_things: Loaded, value: str) -> None:
    assert names(selected(Client(loaded_things), "T_Thing", ("Name", value), ("Number", "5"))) == []


@pytest.mark.parametrize(
    ("text", "shown"), [("1", "true"), ("0", "false"), (" 1 ", "true"), ("TRUE", "true"), ("False", "false")]
)
def test_wm_v_5_booleans_in_requests(things: Client, text: str, shown: str) -> None:
    body = f"<p:T_Thing><p:Name>New</p:Name><p:Flag>{text}</p:Flag></p:T_Thing>"
    assert things.send(envelope(f"{TRANSFER}Create", f"{TEST}T_Thing", body)).status == 200
    assert things.get(f"{TEST}T_Thing", Name="new").properties()["Flag"] == shown
    assert names(selected(things, "T_Thing", ("Flag", text.strip()), ("Name", "NEW"))) == ["New"]


@pytest.mark.parametrize("text", ["2", "yes", "-1", "01", ""])
def test_wm_v_5_what_is_not_a_boolean(things: Client, text: str) -> None:
    body = f"<p:T_Thing><p:Name>New</p:Name><p:Flag>{text}</p:Flag></p:T_Thing>"
    assert things.send(envelope(f"{TRANSFER}Create", f"{TEST}T_Thing", body)).fault[0] == "w:InvalidParameter"
