"""The rules of axe-core on every page, light and dark; with CONSOLE_SCREENSHOTS=1 a picture of each, too.

A short run looks at some pages, which have each kind of part between them: looking at one takes a second of the processor.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, Final

import pytest
from pywbem import CIMError, Uint16, WBEMConnection

from cimsim.testing import Simulator
from tests.console.console_page import ConsolePage, OpenConsole
from tests.examples import LONGER

HYPERV: Final = "root/virtualization/v2"
HOST: Final = f'{HYPERV}:Msvm_ComputerSystem.Name="HVHOST01",CreationClassName="Msvm_ComputerSystem"'
ROUTES: Final = {
    "overview": "overview",
    "exchanges": "exchanges",
    "exchange": "exchanges/NUMBER",
    "machines": "systems/hyperv/machines",
    "jobs": "systems/hyperv/jobs",
    "windows-services": "systems/windows/services",
    "iscsi-nodes": "systems/iscsitarget/nodes",
    "namespaces": "browse",
    "classes": "browse/root%2Fcimv2",
    "instances": "browse/root%2Fcimv2/Win32_Service",
    "properties": "browse/root%2Fcimv2/Win32_Service?tab=properties",
    "methods": "browse/root%2Fcimv2/Win32_Service?tab=methods",
    "mof": "browse/root%2Fcimv2/Win32_Service?tab=mof",
    "instance": f"instance?path={HOST}",
    "associations": f"instance?path={HOST}&tab=associations",
    "query": "query?namespace=root/cimv2",
    "clock": "clock",
    "faults": "faults",
    "snapshots": "snapshots",
    "subscriptions": "subscriptions",
    "settings": "settings",
    "conformance": "conformance",
    "document": "documents/packs",
    "login": "login",
}
# The rules are those of WCAG 2.1 A and AA, and the best practice; these impacts are not accepted.
SERIOUS: Final = {"serious", "critical"}
OVERFLOW: Final = """() => Math.max(...["html", "body", "main"].map(each => document.querySelector(each)).map(
    each => each.scrollWidth - each.clientWidth))"""
# In the dark only colors differ.
RULES: Final = """async dark => (await axe.run(document, {resultTypes: ["violations"],
    ...(dark ? {runOnly: ["color-contrast"]} : {})})).violations"""
PICTURES: Final = bool(os.environ.get("CONSOLE_SCREENSHOTS"))
WHOLE: Final = PICTURES or LONGER > 1
SOME: Final = ("exchange", "machines", "instance", "faults", "login")
# A window of this size is slow to draw: these have every part that grows with it.
WIDE: Final = ("exchange", "machines", "instances", "methods", "associations", "document")
# Together these have every color that a page has.
DARK: Final = ("overview", "exchange", "machines", "instances", "methods", "mof", "associations", "faults", "document")
CASES: Final = [("light", name) for name in (ROUTES if WHOLE else SOME)] + [
    ("dark", name) for name in (ROUTES if PICTURES else DARK if WHOLE else DARK[:1])
]


@pytest.fixture(scope="module")
def axe_script() -> str:
    """Return axe-core; tests are skipped without it, but not in CI."""
    if not find_spec("axe_playwright_python"):
        assert os.environ.get("CI") != "true", "axe-playwright-python is missing"
        pytest.skip("axe-playwright-python is missing")
    from axe_playwright_python.sync_playwright import Axe

    return str(Axe().axe_script)


@pytest.fixture(scope="module")
def prepared(sim: Simulator) -> int:
    """Have something on every page; return the number of an exchange that failed."""
    connection: WBEMConnection = sim.connect(HYPERV)
    web01 = connection.EnumerateInstanceNames("Msvm_ComputerSystem")[1]
    sim.fault(method="StopService", times=1, error=("failed", "the guest is busy"))
    sim.in_reactor(lambda: sim.controlled.snapshots.take("before"))
    connection.InvokeMethod("RequestStateChange", web01, [("RequestedState", Uint16(9))])
    connection.EnumerateInstances("Msvm_GuestService")
    with suppress(CIMError):
        connection.InvokeMethod("StopService", connection.EnumerateInstanceNames("Msvm_GuestService")[0])
    return sim.in_reactor(lambda: sim.journal.recorded)


@pytest.fixture(scope="module")
def themed(open_console: OpenConsole, sim: Simulator, axe_script: str, prepared: int, request: Any) -> Iterator[ConsolePage]:
    assert sim.control_url is not None
    tab = open_console(sim.control_url, color_scheme=request.param)
    tab.open("overview")
    tab.page.evaluate(axe_script)
    tab.wait("() => document.getElementById('connection').innerText === 'Live'")
    yield tab
    assert (tab.errors, tab.foreign) == ([], [])


@pytest.mark.parametrize(("themed", "name"), CASES, indirect=["themed"])
def test_no_serious_finding(themed: ConsolePage, prepared: int, name: str, request: pytest.FixtureRequest) -> None:
    themed.open(ROUTES[name].replace("NUMBER", str(prepared)))
    themed.settled()
    if PICTURES:
        themed.screenshot(f"{name}-{request.node.callspec.params['themed']}")
    findings = [
        (each["id"], each["help"], [node["html"][:200] for node in each["nodes"]][:3])
        for each in themed.page.evaluate(RULES, request.node.callspec.params["themed"] == "dark")
        if each["impact"] in SERIOUS
    ]
    assert findings == []


@pytest.mark.parametrize("width", [360, 3840])
def test_nothing_is_wider_than_the_window(open_console: OpenConsole, sim: Simulator, prepared: int, width: int) -> None:
    assert sim.control_url is not None
    tab = open_console(sim.control_url, viewport={"width": width, "height": 2160 if width > 1000 and PICTURES else 740})
    wide = []
    for name, route in ROUTES.items():
        if name not in WIDE and not (PICTURES or (WHOLE and width < 1000)):
            continue
        tab.open(route.replace("NUMBER", str(prepared)))
        tab.settled()
        if PICTURES:
            tab.screenshot(f"{name}-{width}")
        if tab.page.evaluate(OVERFLOW) > 0:
            wide.append(name)
    assert (wide, tab.errors) == ([], [])


def test_the_menu_of_a_narrow_window_opens_and_closes(open_console: OpenConsole, sim: Simulator) -> None:
    assert sim.control_url is not None
    tab = open_console(sim.control_url, viewport={"width": 360, "height": 740})
    tab.open("overview")
    tab.press("Menu")
    tab.wait("() => document.activeElement.dataset.page === 'overview'")
    tab.page.keyboard.press("Escape")
    tab.wait("() => document.activeElement.id === 'menu'")
    tab.press("Menu")
    tab.page.locator("#nav a", has_text="Faults").click()
    tab.see("Faults")
    tab.wait("() => document.getElementById('nav').dataset.open === 'false'")
