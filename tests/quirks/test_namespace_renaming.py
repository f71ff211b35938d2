"""Namespaces in requests, called by the names that another server gives them (rules Q1, Q5)."""

import pytest
from msgspec.structs import replace

from cimsim.operations.request import Argument, ExtrinsicRequest, IntrinsicRequest, Request
from cimsim.operations.results import Result, Void
from cimsim.quirks.profiles import PROFILES
from cimsim.quirks.quirky_cimom import QuirkyCimom
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.paths import InstancePath
from cimsim.world.values import Untyped


class Recorder:
    """Remembers the request."""

    def start(self, request: Request, user: str | None = None) -> Result:
        self.request = request
        return Void()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def test_q1_every_path_in_a_request_is_renamed(recorder: Recorder) -> None:
    def path(namespace: str, name: str) -> InstancePath:
        inner = InstancePath("CIM_Namespace", (("name", Untyped(name)),), namespace)
        return InstancePath("CIM_NamespaceInManager", (("Dependent", inner),), namespace)

    data = InstanceData("C", (PropertyData("Name", "string", False, Untyped("root/PG_InterOp")),))
    other = InstanceData("PG_Namespace", data.properties)

    def request(namespace: str, name: str, described: InstanceData) -> IntrinsicRequest:
        values = (path(namespace, name), [path(namespace, name)], data, described)
        return IntrinsicRequest("Op", namespace, tuple([Argument("P", value) for value in values]))

    cimom = QuirkyCimom(recorder, PROFILES["openpegasus"])
    cimom.start(request("ROOT/pg_interop", "root/PG_InterOp", other))
    named = InstanceData("PG_Namespace", (replace(other.properties[0], value=Untyped("root/interop")),))
    assert recorder.request == request("root/interop", "root/interop", named)


def test_q1_the_target_of_a_method_is_renamed(recorder: Recorder) -> None:
    target = InstancePath("CIM_Namespace", (("Name", Untyped("root/pg_interop")),), "root/PG_InterOp")
    QuirkyCimom(recorder, PROFILES["openpegasus"]).start(ExtrinsicRequest("M", "root/PG_InterOp", target))
    expected = InstancePath("CIM_Namespace", (("Name", Untyped("root/interop")),), "root/interop")
    assert recorder.request == ExtrinsicRequest("M", "root/interop", expected)


def test_q5_a_name_with_a_slash_in_front_is_found(recorder: Recorder) -> None:
    keys = (("Name", Untyped("/root/x")),)
    request = IntrinsicRequest("Op", "root/interop", (Argument("P", InstancePath("CIM_Namespace", keys)),))
    QuirkyCimom(recorder, PROFILES["eternus"]).start(request)
    assert recorder.request.arguments[0].value.keys == (("Name", Untyped("root/x")),)
