"""Export messages: what a listener gets, and what its answer means (rules I15 to I18)."""

from typing import Any

import pytest
from pywbem._listener import ListenerRequestHandler

from cimsim.cimxml.encode.instance_writer import filled_in
from cimsim.cimxml.indication_export import ExportError, check_reply, export_message, export_payload
from cimsim.operations.projection import project
from cimsim.world.instances import Instance
from cimsim.world.values import DateTime

REPLY = (
    '<?xml version="1.0" encoding="utf-8" ?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.4"><MESSAGE ID="7" PROTOCOLVERSION="1.4">'
    '<SIMPLEEXPRSP><EXPMETHODRESPONSE NAME="ExportIndication">{}</EXPMETHODRESPONSE></SIMPLEEXPRSP></MESSAGE></CIM>'
)


@pytest.fixture
def indication(cim: Any) -> Instance:
    thing = cim.cls("T_Thing", cim.prop("Id", "string", "Key"), cim.prop("Note"))
    told = cim.cls(
        "T_Told",
        cim.prop("Source", "string", EmbeddedObject=True),
        cim.prop("Time", "datetime"),
        cim.prop("Number", "sint64"),
        flags=["Indication"],
    )
    transaction = cim.transaction(thing, told)
    source = transaction.create("T_Thing", {"Id": "<a>", "Note": "& so on"}).to_cim()
    return Instance(transaction.cls("T_Told"), "root/test", (source, DateTime.at(0.0), 5))


def test_i16_pywbem_reads_the_message(indication: Instance) -> None:
    body = export_message("4&2", export_payload(indication))
    identifier, method, parameters = ListenerRequestHandler.parse_export_request(body)
    assert (identifier, method, list(parameters)) == ("4&2", "ExportIndication", ["NewIndication"])
    read = parameters["NewIndication"]
    assert (read.classname, read.path, read["Number"]) == ("T_Told", None, 5)
    assert (read["Source"]["Id"], read["Source"]["Note"]) == ("<a>", "& so on")


def test_i16_the_message_is_what_dsp0201_has(indication: Instance) -> None:
    body = export_message("1", export_payload(indication))
    assert body.startswith(
        b'<?xml version="1.0" encoding="utf-8" ?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0">'
        b'<MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLEEXPREQ><EXPMETHODCALL NAME="ExportIndication">'
        b'<EXPPARAMVALUE NAME="NewIndication"><INSTANCE CLASSNAME="T_Told">'
    )
    assert body.endswith(b"</INSTANCE></EXPPARAMVALUE></EXPMETHODCALL></SIMPLEEXPREQ></MESSAGE></CIM>\n")


def test_i21_columns_leave_out_the_rest(indication: Instance) -> None:
    body = export_message("1", export_payload(indication, project(indication.cls, ["number"], class_origin=False)))
    assert body.count(b"<PROPERTY") == 1
    assert b'<PROPERTY NAME="Number" TYPE="sint64"><VALUE>5</VALUE></PROPERTY></INSTANCE>' in body


@pytest.mark.parametrize("content", ["", "<IRETURNVALUE/>", "\n  "])
def test_i17_success(content: str) -> None:
    check_reply(REPLY.format(content).encode(), "7")


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (REPLY.format('<ERROR CODE="1" DESCRIPTION="queue full"/>'), "refused it with 1: 'queue full'"),  # CL4
        (REPLY.format('<ERROR CODE="7"/>'), "refused it with 7: ''"),  # I18
        (REPLY.format(""), "is to message '7', not to '8'"),
        (REPLY.format("").replace("ExportIndication", "Other"), "is to method 'Other'"),
        ("", "not CIM-XML"),
        ("<html>", "not CIM-XML"),
        ("<html/>", "has no MESSAGE"),
        (REPLY.format("").replace("EXPMETHODRESPONSE", "IMETHODRESPONSE"), "has no EXPMETHODRESPONSE"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "not CIM-XML"),
        ("<a>" * 2000, "not CIM-XML"),
    ],
)
def test_i17_anything_else_is_a_failure(reply: str, reason: str) -> None:
    identifier = "8" if "not to" in reason else "7"
    with pytest.raises(ExportError, match=reason):
        check_reply(reply.encode(), identifier)


def test_sec14_what_a_listener_says_is_cut_short() -> None:
    reply = REPLY.format(f'<ERROR CODE="1" DESCRIPTION="{"x" * 5000}"/>')
    with pytest.raises(ExportError) as caught:
        check_reply(reply.encode(), "7")
    assert len(str(caught.value)) < 300


def test_i23_what_each_listener_has_of_its_own_is_filled_into_what_all_get(indication: Instance) -> None:
    place = indication.cls.index["number"]
    shared = indication.with_values({place: None})
    for columns in (None, project(indication.cls, ["number", "time"], class_origin=False)):
        payload = export_payload(shared, columns)
        assert b"<VALUE>5</VALUE>" not in payload
        filled = filled_in(indication.cls, payload, {"NUMBER": 5, "Unknown": 1, "Time": None})
        assert filled == export_payload(indication, columns)
    # A column that is not shown is not filled in.
    payload = export_payload(shared, project(indication.cls, ["time"], class_origin=False))
    assert filled_in(indication.cls, payload, {"Number": 5}) == payload
