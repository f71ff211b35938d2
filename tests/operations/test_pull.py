"""The operations that open and use enumeration sessions, up to what they ask of the CIMOM."""

from typing import Any

import pytest
from msgspec.structs import replace
from pywbem import CIMClass, CIMError, Uint16

from cimsim.operations import queries
from cimsim.operations.call import RunState
from cimsim.operations.request import Argument, ClassName
from cimsim.operations.results import PullForm
from cimsim.operations.session_commands import CloseSession, CountSession, OpenSession, PullFromSession
from cimsim.query import filters
from cimsim.world.paths import InstancePath
from cimsim.world.values import Malformed, Untyped

A = InstancePath("T_Device", (("Id", "a"),))
GHOST = InstancePath("T_Device", (("Id", "ghost"),))
DEVICE = ClassName("T_Device")
NO_SUCH = ClassName("T_NoSuch")

OPENS: dict[str, dict[str, Any]] = {
    "OpenEnumerateInstances": {"ClassName": DEVICE},
    "OpenEnumerateInstancePaths": {"ClassName": DEVICE},
    "OpenReferenceInstances": {"InstanceName": A},
    "OpenReferenceInstancePaths": {"InstanceName": A},
    "OpenAssociatorInstances": {"InstanceName": A},
    "OpenAssociatorInstancePaths": {"InstanceName": A},
}
"""The Open operations that take a filter, and the least that each needs."""

PLAIN = {
    "OpenEnumerateInstances": "EnumerateInstances",
    "OpenEnumerateInstancePaths": "EnumerateInstanceNames",
    "OpenReferenceInstances": "References",
    "OpenReferenceInstancePaths": "ReferenceNames",
    "OpenAssociatorInstances": "Associators",
    "OpenAssociatorInstancePaths": "AssociatorNames",
}
QUERY = {"FilterQuery": "SELECT * FROM T_Device", "FilterQueryLanguage": "DMTF:CQL"}


class NamedDevices:
    """A filter that admits devices whose caption is ``first``, for tests of what filters are applied to."""

    def selecting(self, instances: Any, found: list[Any]) -> Any:
        found.extend(each for each in instances if "Caption" in each and each["Caption"] == "first")
        return iter(())


@pytest.fixture
def fake_filter(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Replaces the query languages; returns what was parsed."""
    parsed: list[tuple[str, str]] = []

    def parse(language: str, text: str) -> NamedDevices:
        parsed.append((language, text))
        return NamedDevices()

    monkeypatch.setattr(filters, "parse_filter", parse)
    return parsed


def ids(instances: Any) -> list[str]:
    return [instance["Id"] for instance in instances]


# PL-1 to PL-6: the same as without pull


@pytest.mark.parametrize("name", OPENS)
def test_pl_1_to_pl_6_what_the_plain_operation_finds(run: Any, name: str) -> None:
    arguments = OPENS[name]
    plain = {"ObjectName" if key == "InstanceName" else key: value for key, value in arguments.items()}
    opened = run(name, **arguments)
    assert isinstance(opened, OpenSession)
    assert list(opened.instances) == list(run(PLAIN[name], **plain).instances)
    assert len(opened.instances) > 0
    form = PullForm.PATHS if name.endswith("Paths") else PullForm.INSTANCES_WITH_PATH
    assert (opened.form, opened.timeout, opened.continue_on_error, opened.max_objects) == (form, None, False, 0)


@pytest.mark.parametrize("name", [name for name in OPENS if name.endswith("Instances")])
@pytest.mark.parametrize("flags", [{}, {"PropertyList": ["Id", "note"]}, {"IncludeClassOrigin": True}, {"PropertyList": []}])
def test_pl_1_pl_3_pl_5_the_same_projections(run: Any, name: str, flags: dict[str, Any]) -> None:
    arguments = OPENS[name]
    plain = {"ObjectName" if key == "InstanceName" else key: value for key, value in arguments.items()}
    opened = run(name, **arguments, **flags)
    expected = run(PLAIN[name], **plain, **flags).projections or {}
    shown = opened.projections or {}
    assert {i.cls: shown.get(i.cls) for i in opened.instances} == {i.cls: expected.get(i.cls) for i in opened.instances}


def test_pl_1_deep_inheritance(run: Any) -> None:
    deep, shallow = (run("OpenEnumerateInstances", ClassName=DEVICE, DeepInheritance=flag) for flag in (True, False))
    assert ids(deep.instances) == ids(shallow.instances) == ["a", "b"]
    assert deep.projections is None
    assert [cls.name for cls in shallow.projections] == ["T_Disk"]  # FL10: Size is not shown


def test_pl_1_include_qualifiers_is_tolerated(run: Any) -> None:
    for name in ("OpenEnumerateInstances", "OpenReferenceInstances", "OpenAssociatorInstances"):
        assert run(name, **OPENS[name], IncludeQualifiers=True) == run(name, **OPENS[name])


@pytest.mark.parametrize("name", OPENS)
def test_pl_1_to_pl_6_local_only_is_unknown(run: Any, name: str) -> None:
    run.refused(4, run, name, **OPENS[name], LocalOnly=False)


@pytest.mark.parametrize("name", ["OpenReferenceInstances", "OpenReferenceInstancePaths"])
def test_pl_3_pl_4_narrowed(run: Any, name: str) -> None:
    assert len(run(name, InstanceName=A).instances) == 2
    assert len(run(name, InstanceName=A, ResultClass=ClassName("T_DiskLink")).instances) == 1
    assert len(run(name, InstanceName=A, Role="right").instances) == 1
    assert len(run(name, InstanceName=A, Role="none").instances) == 0


@pytest.mark.parametrize("name", ["OpenAssociatorInstances", "OpenAssociatorInstancePaths"])
def test_pl_5_pl_6_narrowed(run: Any, name: str) -> None:
    assert ids(run(name, InstanceName=A).instances) == ["a", "b"]
    assert ids(run(name, InstanceName=A, ResultClass=ClassName("T_Disk")).instances) == ["b"]
    assert ids(run(name, InstanceName=A, AssocClass=ClassName("T_DiskLink")).instances) == ["b"]
    assert ids(run(name, InstanceName=A, Role="Right", ResultRole="Left").instances) == ["a"]


def test_pl_6_k13_other_namespaces_count(run: Any) -> None:
    b = InstancePath("T_Disk", (("Id", "b"),))
    assert ids(run("OpenAssociatorInstancePaths", InstanceName=b).instances) == ["a", "far"]


# PL-7: queries


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> CIMClass:
    """Makes every query find all devices; the class of the rows."""
    cls = CIMClass("T_Row")

    def run_query(call: Any, language: str, text: str) -> Any:
        if text == "mixed":
            return [], None, None, iter(())
        assert (language, text) == ("DMTF:CQL", "SELECT * FROM T_Device")
        return call.namespace.instances_of(call.namespace.cls("T_Device")), None, cls, iter(())

    monkeypatch.setattr(queries, "run_query", run_query)
    return cls


def test_pl_7_the_rows_of_a_query(run: Any, rows: CIMClass) -> None:
    opened = run("OpenQueryInstances", **QUERY, MaxObjectCount=3)
    assert (ids(opened.instances), opened.form, opened.max_objects) == (["a", "b"], PullForm.INSTANCES, 3)
    assert opened.query_class is None  # PL-41


def test_pl_41_the_class_of_the_rows_where_it_is_wanted(run: Any, rows: CIMClass) -> None:
    assert run("OpenQueryInstances", **QUERY, ReturnQueryResultClass=True).query_class is rows
    mixed = {**QUERY, "FilterQuery": "mixed"}
    assert run("OpenQueryInstances", **mixed).query_class is None
    run.refused(1, run, "OpenQueryInstances", **mixed, ReturnQueryResultClass=True)


@pytest.mark.parametrize("missing", QUERY)
def test_pl_7_query_and_language_are_required(run: Any, missing: str) -> None:
    run.refused(4, run, "OpenQueryInstances", **{name: value for name, value in QUERY.items() if name != missing})


# PL-8 to PL-12


def test_pl_8_to_pl_10_pulls(run: Any) -> None:
    for form in PullForm:
        assert run(form.value, EnumerationContext="c", MaxObjectCount=5) == PullFromSession(form, "c", 5)


def test_pl_11_pl_12_close_and_count(run: Any) -> None:
    assert run("CloseEnumeration", EnumerationContext="c") == CloseSession("c")
    assert run("EnumerationCount", EnumerationContext="c") == CountSession("c")
    for name in ("CloseEnumeration", "EnumerationCount"):
        run.refused(4, run, name)
        run.refused(4, run, name, EnumerationContext=None)


# PL-26, PL-28: MaxObjectCount


@pytest.mark.parametrize("name", [*OPENS, *(form.value for form in PullForm)])
@pytest.mark.parametrize("count", [Untyped("-1"), Untyped("many"), Untyped("4294967296"), None, -1, ["1"]])
def test_pl_28_a_count_that_is_none(run: Any, name: str, count: Any) -> None:
    run.refused(4, run, name, **OPENS.get(name, {"EnumerationContext": "c"}), MaxObjectCount=count)


@pytest.mark.parametrize("form", PullForm)
def test_pl_28_a_pull_without_a_count(run: Any, form: PullForm) -> None:
    run.refused(4, run, form.value, EnumerationContext="c")
    run.refused(4, run, form.value, MaxObjectCount=1)


def test_pl_26_the_count_as_text(run: Any) -> None:
    assert run("OpenEnumerateInstances", ClassName=DEVICE, MaxObjectCount=Untyped("4294967295")).max_objects == 4294967295


# PL-29, PL-30


@pytest.mark.parametrize("name", OPENS)
@pytest.mark.parametrize(("timeout", "expected"), [(None, None), (Untyped("0"), 0), (Untyped("60"), 60), (Uint16(60), 60)])
def test_pl_29_timeouts_that_are_kept(run: Any, name: str, timeout: Any, expected: int | None) -> None:
    run.policy = replace(run.policy, max_pull_timeout=60)
    assert run(name, **OPENS[name], OperationTimeout=timeout).timeout == expected


def test_pl_29_a_timeout_that_is_too_long(run: Any) -> None:
    run.policy = replace(run.policy, max_pull_timeout=60)
    for name in OPENS:
        assert "60 seconds" in run.refused(22, run, name, **OPENS[name], OperationTimeout=Untyped("61"))
    run.refused(22, run, "OpenQueryInstances", **QUERY, OperationTimeout=Untyped("61"))


@pytest.mark.parametrize("timeout", [Untyped("-1"), Untyped("soon"), "60", Malformed("bad")])
def test_pl_29_a_timeout_that_is_none(run: Any, timeout: Any) -> None:
    run.refused(4, run, "OpenEnumerateInstances", ClassName=DEVICE, OperationTimeout=timeout)


def test_pl_30_z8_continue_on_error(run: Any) -> None:
    wanted = {"ClassName": DEVICE, "ContinueOnError": Untyped("TRUE")}
    assert run("OpenEnumerateInstances", **wanted).continue_on_error
    run.policy = replace(run.policy, continue_on_error=False)
    run.refused(26, run, "OpenEnumerateInstances", **wanted)
    assert not run("OpenEnumerateInstances", ClassName=DEVICE, ContinueOnError=Untyped("FALSE")).continue_on_error


# PL-36 to PL-38: filters


@pytest.mark.parametrize("name", OPENS)
@pytest.mark.parametrize("half", [{"FilterQuery": "Id = 'a'"}, {"FilterQueryLanguage": "DMTF:FQL"}, {"FilterQuery": ""}])
def test_pl_36_a_filter_and_its_language_come_together(run: Any, name: str, half: dict[str, str]) -> None:
    run.refused(4, run, name, **OPENS[name], **half)


@pytest.mark.parametrize("name", OPENS)
def test_pl_36_pl_38_every_operation_filters(run: Any, fake_filter: list[tuple[str, str]], name: str) -> None:
    opened = run(name, **OPENS[name], FilterQueryLanguage="DMTF:FQL", FilterQuery="Caption = 'first'")
    assert ids(opened.instances) == (["a"] if "Reference" not in name else [])
    assert fake_filter == [("DMTF:FQL", "Caption = 'first'")]


def test_pl_38_the_filter_sees_what_the_property_list_drops(run: Any, fake_filter: list[tuple[str, str]]) -> None:
    wanted = {"FilterQueryLanguage": "DMTF:FQL", "FilterQuery": "Caption = 'first'", "PropertyList": ["Id"]}
    opened = run("OpenEnumerateInstances", ClassName=DEVICE, **wanted)
    assert ids(opened.instances) == ["a"]
    assert opened.projections is not None


# PL-20, PL-21: the order of errors


def test_pl_20_each_error_hides_the_next(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """28, NS, 22, 26, IP, IC, and what the filter is refused for."""

    def no_filter(language: str, text: str) -> None:
        raise CIMError(14, language)

    monkeypatch.setattr(filters, "parse_filter", no_filter)
    run.policy = replace(run.policy, max_pull_timeout=60, continue_on_error=False)
    run.state = RunState(stopping=True)
    wanted: dict[str, Any] = {
        "ClassName": NO_SUCH,
        "OperationTimeout": Untyped("61"),
        "ContinueOnError": Untyped("TRUE"),
        "FilterQuery": "x",
    }
    run.refused(28, run, "OpenEnumerateInstances", "root/none", **wanted)
    run.state = RunState()
    run.refused(3, run, "OpenEnumerateInstances", "root/none", **wanted)
    run.refused(22, run, "OpenEnumerateInstances", **wanted, NoParameter=1)
    del wanted["OperationTimeout"]
    run.refused(26, run, "OpenEnumerateInstances", **wanted, NoParameter=1)
    del wanted["ContinueOnError"]
    run.refused(4, run, "OpenEnumerateInstances", **wanted, NoParameter=1)
    run.refused(4, run, "OpenEnumerateInstances", **wanted)
    wanted["FilterQueryLanguage"] = "x"
    run.refused(5, run, "OpenEnumerateInstances", **wanted)
    run.refused(14, run, "OpenEnumerateInstances", **{**wanted, "ClassName": DEVICE})


@pytest.mark.parametrize("name", [name for name in OPENS if "Enumerate" not in name])
def test_pl_20_a_missing_instance_comes_before_the_filter(run: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def no_filter(language: str, text: str) -> None:
        raise CIMError(15, text)

    monkeypatch.setattr(filters, "parse_filter", no_filter)
    wanted = {"FilterQueryLanguage": "DMTF:FQL", "FilterQuery": "?"}
    run.refused(6, run, name, InstanceName=GHOST, **wanted)
    run.refused(4, run, name, InstanceName=GHOST, ResultClass=NO_SUCH, **wanted)
    run.refused(15, run, name, InstanceName=A, **wanted)


SESSIONS: dict[str, dict[str, Any]] = {
    **OPENS,
    "OpenQueryInstances": QUERY,
    **{form.value: {"EnumerationContext": "c", "MaxObjectCount": 1} for form in PullForm},
    "CloseEnumeration": {"EnumerationContext": "c"},
    "EnumerationCount": {"EnumerationContext": "c"},
}


@pytest.mark.parametrize("name", SESSIONS)
def test_pl_21_pl_40_a_server_that_stops(run: Any, name: str) -> None:
    arguments = SESSIONS[name]
    run.state = RunState(stopping=True)
    run.refused(28, run, name, **arguments)
    run.refused(28, run, name, "root/none", **arguments)
    run.refused(28, run, name, **arguments, NoParameter=1)
    run.state = RunState()
    run.refused(3, run, name, "root/none", **arguments, NoParameter=1)
    run.refused(4, run, name, **arguments, NoParameter=1)


def test_pl_40_a_server_that_stops_still_reads(run: Any) -> None:
    run.state = RunState(stopping=True)
    assert ids(run("EnumerateInstances", ClassName=DEVICE).instances) == ["a", "b"]


def test_g4_a_context_given_twice(run: Any) -> None:
    given = [Argument("EnumerationContext", "c"), Argument("enumerationcontext", "c")]
    run.refused(4, run.with_arguments, "CloseEnumeration", *given)
