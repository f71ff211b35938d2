import pytest

from cimsim.cimxml.cim_headers import CimHeaders, check_headers, readings
from cimsim.cimxml.message import MessageError

GOOD = {"operation": "MethodCall", "method": "GetInstance", "object": "root/x"}


def refused(**changes: str | None) -> MessageError:
    with pytest.raises(MessageError) as caught:
        check_headers(CimHeaders(**{**GOOD, **changes}))  # type: ignore[arg-type]  # field names are checked by the constructor
    return caught.value


def test_of_reads_names_in_any_case_and_bytes_as_latin_1() -> None:
    headers = CimHeaders.of(
        [
            (b"Host", b"h"),
            (b"cimoperation", b" MethodCall "),
            (b"CIMMETHOD", b"GetInstance"),
            (b"CIMObject", b'root/x:C.K="\xe9"'),
            (b"CIMProtocolVersion", b"1.0"),
            (b"CIMBatch", b""),
        ]
    )
    assert headers == CimHeaders("MethodCall", "GetInstance", 'root/x:C.K="é"', "1.0", "")


def test_of_notices_repeated_headers_t12() -> None:
    headers = CimHeaders.of([(b"CIMMethod", b"A"), (b"CIMMethod", b"B"), (b"Accept", b"*/*"), (b"Accept", b"*/*")])
    assert headers.method == "A"
    assert headers.repeated == {"method"}


def test_hc16_the_mandatory_headers_suffice() -> None:
    check_headers(CimHeaders(**GOOD))  # type: ignore[arg-type]  # field names are checked by the constructor


@pytest.mark.parametrize("operation", ["methodcall", "METHODCALL"])
def test_hc5_operation_in_any_case(operation: str) -> None:
    check_headers(CimHeaders(operation, "GetInstance", "root/x"))


def test_hc6_no_cim_message_has_no_cim_error() -> None:
    error = refused(operation=None)
    assert (error.status, error.cim_error) == (400, None)


@pytest.mark.parametrize("operation", ["", "MethodResponse", "MethodCall, MethodCall"])
def test_hc5_other_operations(operation: str) -> None:
    error = refused(operation=operation)
    assert (error.status, error.cim_error) == (400, "unsupported-operation")


def test_hc5_repeated_operation() -> None:
    with pytest.raises(MessageError) as caught:
        check_headers(CimHeaders("MethodCall", "M", "root/x", repeated=frozenset({"operation"})))
    assert caught.value.cim_error == "unsupported-operation"


def test_hc13_batches_are_refused_before_the_body() -> None:
    with pytest.raises(MessageError) as caught:
        check_headers(CimHeaders("MethodCall", batch=""), batches=False)
    assert (caught.value.status, caught.value.cim_error) == (501, "multiple-requests-unsupported")


def test_hc13_a_batch_has_no_other_cim_header() -> None:
    check_headers(CimHeaders("MethodCall", batch=""))
    for change in ({"method": None}, {"object": None}, {}):
        assert refused(batch="", **change).cim_error == "header-mismatch"
    with pytest.raises(MessageError) as caught:
        check_headers(CimHeaders("MethodCall", batch="", repeated=frozenset({"batch"})))
    assert caught.value.cim_error == "header-mismatch"


def test_hc14_an_export_is_for_a_listener() -> None:
    error = refused(operation=None, export="MethodRequest")
    assert (error.status, error.cim_error) == (400, "unsupported-operation")


def test_h5_of_takes_only_names_with_the_prefix() -> None:
    fields = [(b"47-cimoperation", b"MethodCall"), (b"cimmethod", b"A"), (b"47-cimmethod", b"B"), (b"48-cimobject", b"root/x")]
    assert CimHeaders.of(fields, b"47-") == CimHeaders("MethodCall", "B")
    assert CimHeaders.of(fields) == CimHeaders(None, "A")


@pytest.mark.parametrize("changes", [{"method": None}, {"method": ""}, {"object": None}, {"object": ""}])
def test_hc7_hc8_hc9_missing_or_empty(changes: dict[str, str | None]) -> None:
    error = refused(**changes)
    assert (error.status, error.cim_error) == (400, "header-mismatch")


def test_repeated_object_is_a_mismatch_t12() -> None:
    with pytest.raises(MessageError) as caught:
        check_headers(CimHeaders("MethodCall", "M", "root/x", repeated=frozenset({"object"})))
    assert caught.value.cim_error == "header-mismatch"


@pytest.mark.parametrize("value", ["root\r/x", "root\n/x", "root\0/x"])
def test_hc4_control_characters(value: str) -> None:
    assert refused(object=value).cim_error == "header-mismatch"


def test_he17_operation_before_batch_before_method() -> None:
    assert refused(operation="x", batch="", method=None).cim_error == "unsupported-operation"
    with pytest.raises(MessageError) as caught:
        check_headers(CimHeaders("MethodCall", None, "root/x", batch=""), batches=False)
    assert caught.value.cim_error == "multiple-requests-unsupported"


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("root/x", ["root/x"]),
        ("root%2Fx", ["root%2Fx", "root/x"]),  # HC1
        ("%C3%A9", ["%C3%A9", "é"]),  # HC1: UTF-8
        ("%E9", ["%E9", "é"]),  # HC1: not UTF-8, so Latin-1
        ("\xc3\xa9", ["\xc3\xa9", "é"]),  # raw UTF-8
        ("\xe9", ["\xe9"]),  # HC2: raw Latin-1
        ("100%zz", ["100%zz"]),  # HC3
        ("100%4", ["100%4"]),  # HC3
        ("a%0Ab", ["a%0Ab"]),  # HC4
        ("\xc3\xa9%20", ["\xc3\xa9%20", "é%20", "é "]),
    ],
)
def test_readings(value: str, texts: list[str]) -> None:
    assert list(readings(value)) == texts
