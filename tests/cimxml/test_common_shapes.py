"""The fast path of the decoder: it reads what the strict reader reads, in the same way, and takes nothing else."""

import re
from collections.abc import Callable
from random import Random
from typing import Any, Final

import pytest
import pywbem
import requests
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pywbem import (
    CIMClass,
    CIMDateTime,
    CIMInstance,
    CIMInstanceName,
    CIMProperty,
    CIMQualifierDeclaration,
    Sint32,
    Uint8,
    Uint16,
    WBEMConnection,
)
from requests.adapters import BaseAdapter

from cimsim.cimxml.cim_headers import CimHeaders
from cimsim.cimxml.decode import common_shapes
from cimsim.cimxml.decode.decoder import Decoder
from cimsim.cimxml.decode.message_limits import MessageLimits
from tests.cimxml.both_readers import outcome, strict_decoder
from tests.examples import examples

PATH: Final = CIMInstanceName("CIM_Thing", {"Name": "a b", "Number": Uint16(7), "Flag": True}, namespace="root/x")
REFERENCE: Final = CIMInstanceName("CIM_Link", {"One": PATH, "Other": PATH}, namespace="root/x")
INSTANCE: Final = CIMInstance(
    "CIM_Thing",
    {"Name": "a \u00e9", "Number": Uint16(7), "When": CIMDateTime("20260102030405.000000+000")},
)
INSTANCE["Tags"] = CIMProperty("Tags", ["a", None, ""], type="string")
INSTANCE["None"] = CIMProperty("None", None, type="string", is_array=True)
INSTANCE.path = PATH
EMBEDDING: Final = CIMInstance("CIM_Outer", {"Inner": CIMProperty("Inner", INSTANCE, embedded_object="instance")})


class Recording(BaseAdapter):
    """Takes the place of the network under pywbem, and answers nothing."""

    def __init__(self, bodies: list[tuple[bytes, CimHeaders]]) -> None:
        super().__init__()
        self._bodies = bodies

    def send(self, request: Any, *_args: Any, **_options: Any) -> requests.Response:
        fields = [(name.encode(), value.encode("latin-1")) for name, value in request.headers.items() if isinstance(value, str)]
        fields += [(name.encode(), value) for name, value in request.headers.items() if isinstance(value, bytes)]
        self._bodies.append((request.body, CimHeaders.of(fields)))
        raise requests.ConnectionError("nobody answers")

    def close(self) -> None: ...


def calls(to: WBEMConnection) -> list[Callable[[], Any]]:
    """Return a call of each operation and some of methods."""
    name, session = "CIM_Thing", ("a-context", "root/x")
    return [
        lambda: to.GetInstance(PATH, LocalOnly=False, IncludeClassOrigin=True, PropertyList=["Name", "Number"]),
        lambda: to.GetInstance(REFERENCE),
        lambda: to.EnumerateInstances(name, DeepInheritance=True, PropertyList=[]),
        lambda: to.EnumerateInstanceNames(name),
        lambda: to.CreateInstance(INSTANCE),
        lambda: to.CreateInstance(EMBEDDING),
        lambda: to.ModifyInstance(INSTANCE, PropertyList=["Tags"]),
        lambda: to.DeleteInstance(PATH),
        lambda: to.Associators(PATH, AssocClass="CIM_Link", Role="One"),
        lambda: to.AssociatorNames(PATH, ResultClass=name, ResultRole="Other"),
        lambda: to.Associators(name),
        lambda: to.References(PATH, ResultClass="CIM_Link"),
        lambda: to.ReferenceNames(PATH),
        lambda: to.ExecQuery("WQL", "SELECT * FROM CIM_Thing WHERE Number = 7"),
        lambda: to.ExecQuery("WQL", "SELECT * FROM CIM_Thing WHERE Number < 7"),
        lambda: to.OpenEnumerateInstances(name, MaxObjectCount=10, OperationTimeout=5, ContinueOnError=True),
        lambda: to.OpenEnumerateInstancePaths(name, FilterQueryLanguage="DMTF:FQL", FilterQuery="Number = 7"),
        lambda: to.OpenReferenceInstances(PATH),
        lambda: to.OpenReferenceInstancePaths(PATH),
        lambda: to.OpenAssociatorInstances(PATH),
        lambda: to.OpenAssociatorInstancePaths(PATH),
        lambda: to.OpenQueryInstances("DMTF:CQL", "SELECT * FROM CIM_Thing", ReturnQueryResultClass=True),
        lambda: to.PullInstancesWithPath(session, 10),
        lambda: to.PullInstancePaths(session, 10),
        lambda: to.PullInstances(session, 10),
        lambda: to.CloseEnumeration(session),
        lambda: to.GetClass(name, LocalOnly=False),
        lambda: to.EnumerateClasses(name, DeepInheritance=True),
        lambda: to.EnumerateClassNames(),
        lambda: to.CreateClass(CIMClass("CIM_New", properties=[CIMProperty("P", None, type="string")])),
        lambda: to.ModifyClass(CIMClass("CIM_New")),
        lambda: to.DeleteClass("CIM_New"),
        lambda: to.GetQualifier("Key"),
        lambda: to.EnumerateQualifiers(),
        lambda: to.SetQualifier(CIMQualifierDeclaration("Mine", "string")),
        lambda: to.DeleteQualifier("Mine"),
        lambda: to.InvokeMethod("Do", PATH),
        lambda: to.InvokeMethod("Do", PATH, Text="a", Number=Sint32(-1), Flag=False, Many=[Uint8(1)], Name=PATH),
        lambda: to.InvokeMethod("Do", name, [("Text", 'a, b="c"')]),
        lambda: to.InvokeMethod("Do", REFERENCE),
    ]


def recorded() -> list[tuple[bytes, CimHeaders]]:
    bodies: list[tuple[bytes, CimHeaders]] = []
    connection = WBEMConnection("http://localhost:5988", default_namespace="root/x")
    connection.session.mount("http://", Recording(bodies))
    for call in calls(connection):
        with pytest.raises(pywbem.ConnectionError):
            call()
    return bodies


RECORDED: Final = recorded()
FAST: Final = Decoder()
STRICT: Final = strict_decoder()
# Of which each alone, and any two together, make a message unusual or wrong.
CHANGES: Final[tuple[tuple[str, str], ...]] = (
    (r">(?=<)", ">\n  "),
    (r"(?<=>)(?=<)", "<!-- a comment -->"),
    (r"(?<=>)(?=<)", "text"),
    (r"(?<=>)(?=<)", "<?pi ?>"),
    (r'"', "'"),
    (r"/>", " />"),
    (r'="([^"]*)"', '= "\\1"'),
    (r'="([^"]*)"', '="\\1&amp;"'),
    (r'="([^"]*)"', '="\\1\t"'),
    (r'="([^"]*)"', '=" \\1"'),
    (r'="([^"]*)"', '=""'),
    (r'="([^"]*)"', '="\u00fc"'),
    (r'="([^"]*)"', '="\\1\uffff"'),
    (r'="([^"]*)"', '="' + "x" * 201 + '"'),
    (r" ([A-Z]+=)", "\n\\1"),
    (r" ([A-Z]+)=", " X\\1="),
    (r' ([A-Z]+="[^"]*")', " \\1 \\1"),
    (r' ([A-Z]+="[^"]*")', ""),
    (r' ([A-Z]+="[^"]*") ([A-Z]+="[^"]*")', " \\2 \\1"),
    (r"<([A-Z.]+)>", '<\\1 xml:lang="en">'),
    (r"<([A-Z.]+)([ >])", '<\\1 NAME="a"\\2'),
    (r"<[A-Z.]+/>|</[A-Z.]+>", ""),
    (r"<([A-Z.]+)( [^>]*[^/])?>", "<X\\1\\2>"),
    (r"<(NAMESPACE|KEYBINDING|IPARAMVALUE|PROPERTY|VALUE)", "<MESSAGE"),
    (r">([^<>]+)<", ">\\1&lt;<"),
    (r">([^<>]+)<", ">\\1]]><"),
    (r">([^<>]+)<", ">\\1>\r\n<"),
    (r">([^<>]+)<", "><![CDATA[\\1]]><"),
    (r">([^<>]+)<", "> \t\n\\1 \U0001f600<"),
    (r">([^<>]+)<", ">\x7f\u0085\ufffd<"),
    (r">([^<>]+)<", ">\x0b<"),
    (r">([^<>]+)<", ">\uffff<"),
    (r"<KEYVALUE[^>]*>", "<KEYVALUE>"),
    (r"<KEYVALUE[^>]*>", '<KEYVALUE TYPE="uint16">'),
    (r"<KEYVALUE[^>]*>", '<KEYVALUE VALUETYPE="numeric" TYPE="">'),
    (r"<KEYVALUE[^>]*>", '<KEYVALUE VALUETYPE="uint16">'),
    (r"</?KEYBINDING[^>]*>", ""),
    (r"PROPERTY\.ARRAY", "PROPERTY"),
    (r"<PROPERTY ", "<PROPERTY.ARRAY "),
    (r'TYPE="\w+"', 'TYPE="string" CLASSORIGIN="A B" PROPAGATED="maybe"'),
    (r'TYPE="\w+"', 'TYPE="integer"'),
    (r"<VALUE>[^<]*</VALUE>", "<VALUE/>"),
    (r"<VALUE>[^<]*</VALUE>", "<VALUE />"),
    (r"<VALUE>[^<]*</VALUE>", "<VALUE.ARRAY/>"),
    (r"<VALUE>[^<]*</VALUE>", "<VALUE.ARRAY></VALUE.ARRAY>"),
    (r"<VALUE>[^<]*</VALUE>", "<VALUE.NULL/>"),
    (r"<VALUE>[^<]*</VALUE>", ""),
    (r"<VALUE>[^<]*</VALUE>", "\\g<0>\\g<0>"),
    (r"<VALUE.NULL/>", "<VALUE.NULL></VALUE.NULL>"),
    (r"LOCALINSTANCEPATH", "LOCALCLASSPATH"),
    (r"VALUE\.NAMEDINSTANCE", "VALUE.INSTANCEWITHPATH"),
    (r"IMETHODCALL", "METHODCALL"),
    (r"IPARAMVALUE", "PARAMVALUE"),
    (r"utf-8", "UTF-8"),
    (r"utf-8", "latin-1"),
    (r"^<\?xml[^>]*>", ""),
    (r"^", " "),
    (r"^", "\ufeff"),
    (r"$", "\n\n"),
    (r"$", "x"),
    (r"$", "<!-- the end -->"),
    (r'"2\.0"', '"2.1.7"'),
    (r'"2\.0"', '"3.0"'),
    (r'"1\.0"', '"1.4"'),
    (r'"1\.0"', '"2.0"'),
)


def changed(text: str, random: Random) -> str:
    """Return a message with a change in some of the places where it can be made, or in all."""
    pattern, replacement = random.choice(CHANGES)
    places = list(re.finditer(pattern, text))
    if not places:
        return text
    chosen = places if random.random() < 0.3 else [random.choice(places)]
    for place in reversed(chosen):
        text = text[: place.start()] + place.expand(replacement) + text[place.end() :]
    return text


def test_most_of_what_pywbem_sends_takes_the_fast_path() -> None:
    taken = [common_shapes.read(body) is not None for body, _ in RECORDED]
    # Not classes, qualifiers, references, embedded objects, nor what needs escapes.
    assert len(taken) == len(calls(WBEMConnection("http://localhost")))
    assert taken.count(False) <= 9


@pytest.mark.parametrize(("body", "headers"), RECORDED)
def test_both_readers_read_all_operations_alike(body: bytes, headers: CimHeaders) -> None:
    found = outcome(FAST, body, headers)
    assert found[0] == "Message"
    assert found == outcome(STRICT, body, headers)


@given(st.sampled_from(RECORDED), st.randoms(use_true_random=False))
def test_both_readers_have_the_same_verdict_of_a_changed_message(recorded: tuple[bytes, CimHeaders], random: Random) -> None:
    body, headers = recorded
    for _ in range(examples(5)):
        text = body.decode("utf-8")
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            text = changed(text, random)
        assert outcome(FAST, text.encode("utf-8"), headers) == outcome(STRICT, text.encode("utf-8"), headers)


@given(st.sampled_from(RECORDED), st.randoms(use_true_random=False))
def test_both_readers_have_the_same_verdict_of_damaged_bytes(recorded: tuple[bytes, CimHeaders], random: Random) -> None:
    body, headers = recorded
    for _ in range(examples(5)):
        damaged = bytearray(body)
        for _ in range(random.choice((1, 1, 2))):
            place = random.randrange(len(damaged))
            length = random.choice((0, 1, 1, 5))
            damaged[place : place + length] = random.choice(
                (b"", bytes([random.randrange(256)]), b"<", b'"', b" ", b"\xef\xbf\xbf")
            )
        assert outcome(FAST, bytes(damaged), headers) == outcome(STRICT, bytes(damaged), headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"method": "Other"},
        {"method": "gETiNSTANCE"},
        {"object": "root/y"},
        {"object": "ROOT\\X"},
        {"object": ""},
        {"protocol_version": "1.0"},
        {"protocol_version": "1.1"},
        {"method": None, "object": None, "matched": False},
        {"method": None, "object": None, "batch": ""},
    ],
)
def test_both_readers_compare_the_headers_alike(headers: dict[str, Any]) -> None:
    for body, known in (RECORDED[0], RECORDED[-4], RECORDED[-2]):
        given_headers = known._replace(**headers)
        assert outcome(FAST, body, given_headers) == outcome(STRICT, body, given_headers)


def test_no_limit_can_be_passed_on_the_fast_path() -> None:
    limits = MessageLimits()
    assert common_shapes.max_length(limits) > 4096
    assert common_shapes.max_length(replace(limits, name_length=100)) == 0
    for limit, item in (
        ("key_bindings", '<KEYBINDING NAME="a"><KEYVALUE></KEYVALUE></KEYBINDING>'),
        ("parameters", '<IPARAMVALUE NAME="a"/>'),
        ("array_items", "<VALUE></VALUE>"),
        ("array_items", "<VALUE.NULL/>"),
    ):
        assert len(item) * 11 > common_shapes.max_length(replace(limits, **{limit: 10}))


def test_a_long_message_takes_time_in_proportion_to_its_length() -> None:
    # Were there backtracking, these would not end.
    for unit in ("<VALUE>" + " " * 50, '<KEYBINDING NAME="a">', " ", '<NAMESPACE NAME="a"/>', "<PROPERTY NAME=" + "a" * 300):
        body = RECORDED[0][0][:400] + unit.encode() * 300
        assert common_shapes.read(body) is None
