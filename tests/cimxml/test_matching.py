import pytest
from hypothesis import given
from hypothesis import strategies as st
from pywbem import CIMDateTime, CIMInstanceName, Uint32

from cimsim.cimxml.cim_headers import CimHeaders, readings
from cimsim.cimxml.decode import header_matching
from cimsim.cimxml.decode.header_matching import check_method, check_object, names
from cimsim.cimxml.message import MessageError
from cimsim.operations.request import ClassName, ExtrinsicRequest, IntrinsicRequest, Request, Selection
from cimsim.world.paths import InstancePath
from cimsim.world.values import Untyped


def path(**keys: object) -> InstancePath:
    typed = {name: value if isinstance(value, InstancePath) else Untyped(value) for name, value in keys.items()}
    return InstancePath("CIM_X", tuple(typed.items()))


def call(target: InstancePath | ClassName) -> ExtrinsicRequest:
    return ExtrinsicRequest("M", "root/x", target)


def matches(request: Request, text: str, method: str | None = None) -> bool:
    try:
        headers = CimHeaders("MethodCall", method or request.name, text)
        target = request.target if isinstance(request, ExtrinsicRequest) else None
        assert not isinstance(target, Selection)
        check_method(headers, request.name)
        check_object(headers, request.namespace, target)
    except MessageError as error:
        assert (error.status, error.cim_error) == (400, "header-mismatch")
        return False
    return True


@pytest.mark.parametrize("method", ["GetInstance", "getinstance", "Get%49nstance"])
def test_hc7_method_in_any_case_and_escaped(method: str) -> None:
    assert matches(IntrinsicRequest("GetInstance", "root/x"), "root/x", method)


@pytest.mark.parametrize("method", ["GetInstances", "Get", "", "Get%zz"])
def test_hc7_other_method(method: str) -> None:
    with pytest.raises(MessageError):
        check_method(CimHeaders("MethodCall", method, "root/x"), "GetInstance")
    with pytest.raises(MessageError):
        check_method(CimHeaders("MethodCall", None, "root/x"), "GetInstance")


@pytest.mark.parametrize("text", ["root/x", "ROOT/X", "/root/x", "root%2Fx", "root\\x"])
def test_hc8_namespace(text: str) -> None:
    assert matches(IntrinsicRequest("GetInstance", "root/x"), text)


@pytest.mark.parametrize("text", ["root/y", "root", "root/x:CIM_X", "%zz"])
def test_hc8_other_namespace(text: str) -> None:
    assert not matches(IntrinsicRequest("GetInstance", "root/x"), text)


@pytest.mark.parametrize("text", ["root/x:CIM_X", "/root/x:cim_x", "root%2Fx%3ACIM_X", "//host:5989/root/x:CIM_X"])
def test_hc9_class(text: str) -> None:
    assert matches(call(ClassName("CIM_X")), text)


@pytest.mark.parametrize("text", ["root/x", "CIM_X", "root/x:CIM_Y", "root/y:CIM_X", 'root/x:CIM_X.K="v"', "root/x:", ":CIM_X"])
def test_hc9_other_class(text: str) -> None:
    assert not matches(call(ClassName("CIM_X")), text)


@pytest.mark.parametrize(
    "text",
    [
        'root/x:CIM_X.A="a",B=2',
        'root/x:CIM_X.B=2,A="a"',  # order
        'ROOT/X:cim_x.b=2,a="a"',  # case of names
        'root/x:CIM_X.B=+2,A="a"',  # by value
        'root/x:CIM_X.B=0x2,A="a"',
        'root/x:CIM_X.B=2.0,A="a"',
        'root/x:CIM_X.B="2",A="a"',  # quoted although a number
        "root/x:CIM_X.B=2,A=a",  # bare although a string
        'root/x:CIM_X. A = "a" , B = 2 ',
        "root%2Fx%3ACIM_X.A%3D%22a%22%2CB=2",
        'root%2Fx%3ACIM_X.A="a",B=2',  # wbemcli
    ],
)
def test_hc10_instance(text: str) -> None:
    assert matches(call(path(A="a", B="2")), text)


@pytest.mark.parametrize(
    "text",
    [
        "root/x:CIM_X",
        'root/x:CIM_X.A="a"',
        'root/x:CIM_X.A="a",B=2,C=3',
        'root/x:CIM_X.A="A",B=2',
        'root/x:CIM_X.A=" a",B=2',
        'root/x:CIM_X.A="a",B=3',
        'root/x:CIM_X.A="a",B=two',
        'root/x:CIM_X.A="a",A="a"',
        'root/x:CIM_X.A="a",B=2,',
        'root/x:CIM_X.A="a" B=2',
        'root/x:CIM_X.A="a',
        'root/x:CIM_X.A="a",B',
        'root/x:CIM_X.A="a",B="02"',
    ],
)
def test_hc10_other_instance(text: str) -> None:
    assert not matches(call(path(A="a", B="2")), text)


@pytest.mark.parametrize("header", ["TRUE", "true", "True"])
@pytest.mark.parametrize("body", ["TRUE", "true", " True "])
def test_hc10_booleans(header: str, body: str) -> None:
    assert matches(call(path(A=body)), f"root/x:CIM_X.A={header}")
    assert not matches(call(path(A="false")), f"root/x:CIM_X.A={header}")


def test_hc10_escaped_quotes_and_backslashes() -> None:
    assert matches(call(path(A='say "hi" to C:\\x, y=1')), r'root/x:CIM_X.A="say \"hi\" to C:\\x, y=1"')


def test_hc2_raw_percent_signs() -> None:
    assert matches(call(path(A='a b%41"é')), 'root/x:CIM_X.A="a b%41\\"é"')


def test_hc10_datetime_is_quoted() -> None:
    assert matches(call(path(A="20240101000000.000000+000")), 'root/x:CIM_X.A="20240101000000.000000+000"')


def test_d20_d21_paths_without_names_or_keys() -> None:
    assert matches(call(InstancePath("CIM_X", (("", Untyped("a")),))), 'root/x:CIM_X.A="a"')
    assert matches(call(InstancePath("CIM_X", ())), "root/x:CIM_X")
    assert matches(call(InstancePath("CIM_X", ())), "root/x:CIM_X.")
    assert not matches(call(InstancePath("CIM_X", ())), "root/x:CIM_X.A=1")


@pytest.mark.parametrize(
    "reference",
    ["CIM_Y.K=1", "root/x:CIM_Y.K=1", "/root/x:cim_y.k=1", "//host/root/x:CIM_Y.K=1", "//host:5989/root/x:CIM_Y.K=0x1"],
)
def test_hc10_reference_keys(reference: str) -> None:
    inner = InstancePath("CIM_Y", (("K", Untyped("1")),), "root/x", "other")
    assert matches(call(path(A=inner)), f'root/x:CIM_X.A="{reference}"')


@pytest.mark.parametrize("reference", ["CIM_Y.K=2", "root/y:CIM_Y.K=1", "CIM_Z.K=1", "", "CIM_Y"])
def test_hc10_other_reference_keys(reference: str) -> None:
    inner = InstancePath("CIM_Y", (("K", Untyped("1")),), "root/x")
    assert not matches(call(path(A=inner)), f'root/x:CIM_X.A="{reference}"')
    assert not matches(call(path(A=inner)), "root/x:CIM_X.A=1")


def test_what_pywbem_sends_matches_hc10() -> None:
    sent = CIMInstanceName(
        "CIM_X", {"S": 'q"\\,=é%41', "N": Uint32(5), "B": True, "D": CIMDateTime("20240101000000.000000+000")}
    )
    for _ in range(3):
        sent = CIMInstanceName("CIM_X", {"Ref": sent, "Name": "n"}, namespace="root/x")

    def ours(name: CIMInstanceName) -> InstancePath:
        keys = [
            (key, ours(each) if isinstance(each, CIMInstanceName) else Untyped(each)) for key, each in name.keybindings.items()
        ]
        return InstancePath(name.classname, tuple(keys), name.namespace)

    assert names(sent.to_wbem_uri(format="cimobject"), ours(sent), "root/x")


def test_sec15_long_hostile_headers_take_linear_time() -> None:
    for text in ('root/x:CIM_X.A="a"' + " " * 60_000, "root/x:CIM_X.A=" + " " * 60_000 + "x", "root/x:CIM_X." + "\\" * 60_000):
        assert not matches(call(path(A="b")), text)


PARTS = st.text(st.sampled_from('ab1=:,."\\/% \u00e9'), max_size=4)


@given(
    st.sampled_from(["root/x", "root", "/root", "//h/root", "a:b", "a=b", ""]),
    st.lists(st.tuples(st.sampled_from(["K", "k", "L", ""]), PARTS), min_size=1, max_size=3),
    st.booleans(),
)
def test_hc10_what_is_found_by_its_text_is_found_by_its_parts(
    namespace: str, keys: list[tuple[str, str]], changed: bool
) -> None:
    target = InstancePath("CIM_X", tuple((name, Untyped(value)) for name, value in keys))
    written = ",".join(f'{name}="{value}"' for name, value in keys)
    text = f"{namespace}:CIM_X.{written}".replace('"', "%22")
    if changed:
        text = text.replace("a", "b")
    if header_matching._is_written_so(text, target, namespace):
        assert any(names(reading, target, namespace) for reading in readings(text))
