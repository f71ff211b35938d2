r"""Object paths as WMI writes them: ``\\SERVER\root\cimv2:CLASS.KEY="VALUE"``, ``CLASS="VALUE"``, ``CLASS=@``."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cimsim.query.wmi_paths import Location, PathError, is_named, parse_object_path, write_object_path
from cimsim.query.work import Meter
from cimsim.world.paths import InstancePath

HERE = Location("HVHOST01", "root/cimv2")


@pytest.mark.parametrize(
    ("text", "server", "namespace", "classname", "keys"),
    [
        ('Win32_Service.Name="x"', None, None, "Win32_Service", {"Name": "x"}),
        ("Win32_Service.Name='x'", None, None, "Win32_Service", {"Name": "x"}),
        ('Win32_Service="x"', None, None, "Win32_Service", {"": "x"}),
        ("Win32_Processor=5", None, None, "Win32_Processor", {"": "5"}),
        ("Win32_OperatingSystem=@", None, None, "Win32_OperatingSystem", {}),
        ("Win32_Service", None, None, "Win32_Service", None),
        (r"root\cimv2:Win32_Service.Name='x'", None, r"root\cimv2", "Win32_Service", {"Name": "x"}),
        ("root/cimv2:Win32_Service", None, "root/cimv2", "Win32_Service", None),
        (r"\\HVHOST01\root\cimv2:C.K=-1,L=TRUE", "HVHOST01", r"root\cimv2", "C", {"K": "-1", "L": "TRUE"}),
        ("//./root/cimv2:C.K=0x1F", ".", "root/cimv2", "C", {"K": "0x1F"}),
        (r'C.K="a\\b",L="\"",M="\c"', None, None, "C", {"K": r"a\b", "L": '"', "M": r"\c"}),
        ("C.K='a:b=c,d.e',L=\"it's\"", None, None, "C", {"K": "a:b=c,d.e", "L": "it's"}),
        ("N:K='x'", None, "N", "K", {"": "x"}),
        ('C.K = "x" , L = 5', None, None, "C", {"K": "x", "L": "5"}),
        (r'C.K="\\\\H\\root:D.L=\"v\""', None, None, "C", {"K": r'\\H\root:D.L="v"'}),
    ],
)
def test_paths(text: str, server: Any, namespace: Any, classname: str, keys: Any) -> None:
    path = parse_object_path(text)
    assert (path.server, path.namespace, path.classname) == (server, namespace, classname)
    assert (path.keys if path.keys is None else dict(path.keys)) == keys


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("", 0, "an object path is"),
        ("5", 0, "an object path is"),
        ("C.", 2, "KEY=VALUE"),
        ("C.K", 2, "KEY=VALUE"),
        ("C.K=", 4, "the value of a key"),
        ("C.K='x", 4, "the end of a quoted value"),
        ("C.K='x',", 8, "KEY=VALUE"),
        ("C.K='x' L='y'", 8, "',' or the end"),
        ("C.K='x' AND L='y'", 8, "',' or the end"),
        ("C.K=x", 4, "without quotes"),
        ("C='x',L='y'", 5, "a single value"),
        ("C;", 1, "'.' or '='"),
    ],
)
def test_what_is_not_a_path(text: str, place: int, expected: str) -> None:
    with pytest.raises(PathError, match=expected) as error:
        parse_object_path(text)
    assert error.value.place == place


def test_cim_xml_takes_a_text_without_quotes() -> None:
    assert dict(parse_object_path("C.K=x", strict=False).keys or ()) == {"K": "x"}


def test_writing_with_and_without_the_place() -> None:
    link = InstancePath.settled("D", (("L", 'a"b'),), "root/other", None)
    keys = [("K", r"a\b"), ("N", 5), ("B", True), ("R", link)]
    assert write_object_path("C", keys[:3], HERE) == r'\\HVHOST01\root\cimv2:C.K="a\\b",N=5,B=TRUE'
    assert write_object_path("C", keys[:1]) == r'C.K="a\\b"'
    assert write_object_path("C", []) == "C=@"
    inner = r'\\HVHOST01\root\other:D.L="a\"b"'.replace("\\", "\\\\").replace('"', r"\"")
    assert write_object_path("C", keys[3:], HERE) == rf'\\HVHOST01\root\cimv2:C.R="{inner}"'


values = st.text(max_size=8) | st.integers(-(2**63), 2**64 - 1) | st.booleans()
names = st.builds(str.__add__, st.sampled_from("aBc"), st.text("aB_1", max_size=3))
keys_of = st.dictionaries(names.map(str.lower), values, min_size=1, max_size=4).map(dict.items).map(list)
paths = st.builds(lambda name, keys: InstancePath.settled(name, tuple(keys), "root/cimv2", None), names, keys_of)
nested = st.lists(st.tuples(names.map(str.lower), paths), max_size=1)


@given(classname=names, keys=keys_of, links=nested, random=st.randoms())
def test_a_written_path_names_its_instance_in_any_order_and_case(classname: str, keys: Any, links: Any, random: Any) -> None:
    keys = list({**dict(keys), **dict(links)}.items())
    shuffled = random.sample(keys, len(keys))
    text = write_object_path(classname.swapcase(), [(name.upper(), value) for name, value in shuffled], HERE)
    assert is_named(parse_object_path(text), classname, keys, Meter())
    assert not is_named(parse_object_path(text), classname + "x", keys, Meter())
    assert not is_named(parse_object_path(text), classname, [*keys, ("further", 1)], Meter())
    (name, value), *others = keys
    other = f"{value}x" if isinstance(value, str) else not value if isinstance(value, bool) else 2**65
    if not isinstance(value, InstancePath):
        assert not is_named(parse_object_path(text), classname, [(name, other), *others], Meter())


@given(st.text("C.K='\"\\:=@,x5/ ", max_size=30))
def test_any_text_is_a_path_or_an_error_at_a_place_in_it(text: str) -> None:
    try:
        parse_object_path(text)
    except PathError as error:
        assert 0 <= error.place <= len(text)
