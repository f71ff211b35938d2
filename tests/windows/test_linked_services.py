"""Namespaces that follow the services which provide them (setting ``windows.linked_services``)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pywbem import CIM_ERR_FAILED, CIMError

from cimsim.testing import Simulator

HYPERV = "root/virtualization/v2"
ISCSI = "root/cimv2/storage/iscsitarget"
LINKED = [("vmms", HYPERV, "Msvm_ComputerSystem"), ("WinTarget", ISCSI, "MSFTSM_ObjectManager")]


@pytest.fixture(scope="module")
def linked() -> Iterator[Simulator]:
    settings: dict[str, Any] = {"windows.linked_services": True, "windows.transition": "2s"}
    with Simulator("windows", "hyperv", "iscsitarget", settings=settings, clock="manual", seed=1) as running:
        yield running


def call(simulator: Simulator, name: str, method: str) -> int:
    with simulator.connect("root/cimv2") as connection:
        (path,) = (each for each in connection.EnumerateInstanceNames("Win32_Service") if each["Name"] == name)
        return int(connection.InvokeMethod(method, path)[0])


@pytest.mark.parametrize(("name", "namespace", "classname"), LINKED)
def test_a_namespace_answers_only_while_its_service_runs(linked: Simulator, name: str, namespace: str, classname: str) -> None:
    before = linked.snapshot("before")
    others = [each for each in LINKED if each[0] != name]
    with linked.connect(namespace) as connection:
        (first, *_) = connection.EnumerateInstances(classname)
        assert call(linked, name, "StopService") == 0
        assert connection.GetInstance(first.path).path == first.path, "it runs until it has stopped"
        linked.advance(2)
        asking: list[Callable[[], Any]] = [
            lambda: connection.EnumerateInstances(classname),
            lambda: connection.GetInstance(first.path),
            lambda: connection.ExecQuery("WQL", f"SELECT * FROM {classname}"),
            lambda: connection.InvokeMethod("StopService", first.path),
            lambda: connection.OpenEnumerateInstances(classname),
            lambda: connection.AssociatorNames(first.path),
        ]
        for ask in asking:
            with pytest.raises(CIMError) as refused:
                ask()
            assert refused.value.status_code == CIM_ERR_FAILED
            assert name in refused.value.status_description
        assert connection.GetClass(classname).classname == classname
        for _, other, there in others:
            assert connection.EnumerateInstances(there, other)
        assert call(linked, name, "StartService") == 0
        with pytest.raises(CIMError):
            connection.GetInstance(first.path)
        linked.advance(2)
        assert connection.GetInstance(first.path) == first, "machines run on meanwhile"
    linked.restore(before)


@pytest.mark.longer
@pytest.mark.parametrize(("name", "namespace", "classname"), LINKED)
def test_unless_the_setting_is_on_a_service_is_only_a_state(name: str, namespace: str, classname: str) -> None:
    with Simulator("windows", "hyperv", "iscsitarget", seed=1) as running:
        assert call(running, name, "StopService") == 0
        with running.connect(namespace) as connection:
            assert connection.EnumerateInstances(classname)


def test_a_namespace_that_is_not_served_does_not_matter() -> None:
    with Simulator("windows", settings={"windows.linked_services": True}, seed=1) as running:
        assert call(running, "vmms", "StopService") == 0
        assert call(running, "vmms", "StartService") == 0
