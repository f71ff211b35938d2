"""Every page of the console, and each of its buttons, with a real client that calls meanwhile."""

import re
from typing import Any

import pytest
from pywbem import CIMError, Uint16, WBEMConnection

from cimsim.testing import Simulator
from tests.clients.test_indications import STARTED, Listener, Subscriber, free_port
from tests.console.console_page import ConsolePage, OpenConsole

HYPERV = "root/virtualization/v2"
WEB01 = "3F2C6A10-8B41-4E0D-9C57-1A6E0B7D2F01"
FIRST = "web01"
IN_FORCE = re.compile(r"Fault rule \d+ is in force")


@pytest.fixture(scope="module")
def client(sim: Simulator) -> WBEMConnection:
    return sim.connect(HYPERV)


@pytest.fixture(autouse=True)
def as_loaded(sim: Simulator) -> None:
    sim.reset()


def machine(client: WBEMConnection, name: str = FIRST) -> Any:
    return next(each for each in client.EnumerateInstances("Msvm_ComputerSystem") if each["ElementName"] == name)


def last(sim: Simulator) -> int:
    """Return the number of the newest exchange."""
    return sim.in_reactor(lambda: sim.journal.recorded)


def path_of(client: WBEMConnection, name: str = FIRST) -> str:
    return f'{HYPERV}:Msvm_ComputerSystem.Name="{machine(client, name)["Name"]}",CreationClassName="Msvm_ComputerSystem"'


# The frame


def test_the_overview_shows_what_is_served_and_what_was_called(
    console: ConsolePage, client: WBEMConnection, sim: Simulator
) -> None:
    console.open("overview")
    console.see(sim.url, HYPERV, "Nobody has called yet")
    console.wait("() => document.getElementById('connection').innerText === 'Live'")
    client.EnumerateClassNames()
    console.see("EnumerateClassNames")
    sim.fault(method="StopService", error=1)
    console.see("1 fault rule")
    console.press("Reset")
    console.see("Nobody has called yet")


def test_the_navigation_leads_to_every_page_and_marks_it(console: ConsolePage) -> None:
    console.open("nowhere")
    for link in console.page.locator("#nav a").all():
        name = link.inner_text()
        link.click()
        console.wait("() => document.activeElement.tagName === 'H1'")
        assert console.page.locator("#nav [aria-current=page]").inner_text() == name


def test_the_theme_is_switched_and_kept(console: ConsolePage) -> None:
    console.open("overview")
    scheme = "() => getComputedStyle(document.documentElement).colorScheme"
    assert console.page.evaluate(scheme) == "light dark"
    console.press("Theme: as the system")
    console.press("Theme: light")
    assert console.page.evaluate(scheme) == "dark"
    console.reload("overview")
    assert console.page.evaluate(scheme) == "dark"
    console.press("Theme: dark")


def test_a_page_that_there_is_not_says_so(console: ConsolePage) -> None:
    console.open("nowhere")
    console.see("the console has no page nowhere")


# Exchanges


def test_exchanges_arrive_live_newest_first_and_are_filtered(console: ConsolePage, client: WBEMConnection) -> None:
    console.open("exchanges")
    console.see("Nobody has called yet")
    client.EnumerateInstanceNames("Msvm_ComputerSystem")
    with pytest.raises(CIMError):
        client.GetClass("Msvm_Nothing")
    console.wait("() => document.querySelectorAll('cs-rows .row').length === 2")
    newest, oldest = console.rows()
    assert "GetClass" in newest and "6 NOT_FOUND" in newest
    assert "EnumerateInstanceNames" in oldest and "OK" in oldest
    for change, label, value in (
        (console.choose, "Operation", "GetClass"),
        (console.choose, "Result", "cim"),
        (console.fill, "Filter by text", "msvm_nothing"),
    ):
        change(label, value)
        console.wait("() => document.querySelectorAll('cs-rows .row').length === 1")
    console.fill("Filter by text", "matches nothing at all")
    console.see("No exchange matches the filter")
    console.fill("Filter by text", "")
    console.choose("Operation", "")
    console.choose("Result", "")
    console.press("Hold")
    client.EnumerateQualifiers()
    console.see("held")
    assert len(console.rows()) == 2
    console.press("Go on")
    console.wait("() => document.querySelectorAll('cs-rows .row').length === 3")


def test_exchanges_are_chosen_with_the_keyboard(console: ConsolePage, client: WBEMConnection, sim: Simulator) -> None:
    console.open("exchanges")
    for _ in range(3):
        client.EnumerateClassNames()
    console.wait("() => document.querySelectorAll('cs-rows .row').length === 3")
    console.page.locator("cs-rows [role=grid]").focus()
    for key in ("Home", "ArrowDown", "End", "ArrowUp", "Enter"):
        console.page.keyboard.press(key)
    second = str(last(sim) - 1)
    console.see(f"Exchange {second} · EnumerateClassNames")
    console.wait("number => document.querySelector('cs-rows [aria-selected=true]')?.innerText.startsWith(number)", second)
    console.press("Close the exchange")
    console.wait("() => document.activeElement.getAttribute('role') === 'grid'")


def test_one_exchange_is_shown_copied_replayed_and_made_a_fault_rule(
    console: ConsolePage, client: WBEMConnection, sim: Simulator
) -> None:
    guest = client.EnumerateInstanceNames("Msvm_GuestService")[0]
    with pytest.raises(CIMError):
        client.InvokeMethod("StopServise", guest)
    console.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    failed = last(sim)
    console.open(f"exchanges/{failed}")
    console.see(f"Exchange {failed} · StopServise", "17 METHOD_NOT_FOUND", "StopService")
    request, response = console.page.locator(".side pre").all()
    assert 'METHODCALL NAME="StopServise"' in request.inner_text()
    assert 'ERROR CODE="17"' in response.inner_text()
    assert request.locator(".x-name").count() > 5
    console.press("Copy as pywbem")
    console.noticed("Copied as pywbem")
    assert "StopServise" in console.page.evaluate("navigator.clipboard.readText()")
    console.press("Copy as curl")
    console.noticed("Copied as curl")
    assert console.page.evaluate("navigator.clipboard.readText()").startswith("curl")
    console.press("Replay")
    console.see(f"Exchange {failed + 1} · StopServise")
    client.InvokeMethod("StopService", guest)
    console.open(f"exchanges/{failed + 2}")
    console.see(f"Exchange {failed + 2} · StopService")
    console.press("Fault rule")
    console.see("New rule in words")
    console.press("Add rule in words")
    console.noticed(IN_FORCE)
    with pytest.raises(CIMError):
        client.InvokeMethod("StopService", guest)
    console.open(f"exchanges/{failed + 3}")
    console.see("A fault rule acted")
    assert sim.in_reactor(lambda: len(sim.controlled.cimom.faults)) == 1


def test_an_exchange_that_is_not_kept_says_so(console: ConsolePage) -> None:
    console.open("exchanges/4711")
    console.see("exchange 4711 is not kept")


# The browser


def test_from_namespaces_to_classes_to_one_class(console: ConsolePage) -> None:
    console.open("browse")
    console.page.locator("main a", has_text="root/cimv2").filter(has_not_text="storage").click()
    console.see("CIM_SystemComponent")
    console.fill("Filter classes", "win32_ser")
    console.wait("() => document.querySelectorAll('cs-rows .row').length === 2")
    console.fill("Filter classes", "win32_securityd")
    console.wait("() => document.querySelectorAll('cs-rows .row').length === 1")
    console.press("With instances")
    console.see("No class matches")
    console.press("With instances")
    console.fill("Filter classes", "win32_ser")
    console.page.locator("cs-rows a", has_text="Win32_Service").first.click()
    console.see("41 instances")
    for tab, text in (
        ("Properties 26", "DisplayName"),
        ("Methods 12", "ChangeStartMode"),
        ("Qualifiers", "Description"),
        ("Hierarchy", "CIM_LogicalElement"),
        ("MOF", "class Win32_Service"),
    ):
        console.page.get_by_role("tab", name=tab).click()
        console.see(text, within="[role=tabpanel]")


def test_instances_are_sorted_filtered_and_paged(console: ConsolePage) -> None:
    console.open("browse/root%2Fcimv2/Win32_Service")
    console.see("41 instances")
    console.press("Name")
    console.wait("() => document.querySelector('cs-rows [data-index=\"0\"]')?.innerText.startsWith('BFE')")
    console.press("Name")
    console.wait("() => document.querySelector('cs-rows [data-index=\"0\"]')?.innerText.startsWith('wuauserv')")
    where = "Condition in WQL"
    console.fill(where, "State = 'Running' AND Name LIKE 'R%'")
    console.wait("() => /^[1-9] instances/.test(document.querySelector('.toolbar .soft').innerText)")
    console.fill(where, "Stat = 'Running'")
    console.wait("() => document.getElementById('where-error').innerText.includes('State')")
    assert console.page.get_by_label(where).get_attribute("aria-invalid") == "true"
    console.fill(where, "")
    console.see("41 instances")
    console.page.locator("cs-rows [role=grid]").focus()
    console.page.keyboard.press("End")
    console.wait("() => document.querySelector('cs-rows [data-index=\"40\"]')")


def test_an_instance_is_edited_and_the_error_stands_at_its_field(console: ConsolePage, client: WBEMConnection) -> None:
    console.open(f"instance?path={path_of(client)}")
    console.see("Virtual Machine")
    console.press("Edit")
    console.page.locator("dialog summary").click()
    field = console.page.locator('dialog [data-field="ProcessID"] input[inputmode]')
    field.fill("many")
    console.press("Save", within="dialog")
    console.page.locator('dialog [data-field="ProcessID"] .field-error:not(:empty)').wait_for()
    assert (field.input_value(), field.get_attribute("aria-invalid")) == ("many", "true")
    console.press("Close", within="dialog")


def test_an_instance_is_created_changed_and_deleted(console: ConsolePage, client: WBEMConnection) -> None:
    console.open("browse/root%2Finterop/CIM_IndicationFilter")
    console.press("New instance")
    for name, value in (
        ("SystemCreationClassName", "CIM_ComputerSystem"),
        ("SystemName", "here"),
        ("CreationClassName", "CIM_IndicationFilter"),
        ("Name", "mine"),
        ("Query", "SELECT * FROM CIM_InstCreation"),
        ("QueryLanguage", "WQL"),
    ):
        console.page.locator(f'dialog [data-field="{name}"] :is(input, textarea):not([type=checkbox])').fill(value)
    console.press("Create", within="dialog")
    console.noticed("Created mine")
    console.see("SELECT * FROM CIM_InstCreation")
    console.press("Edit")
    console.page.locator('dialog [data-field="Query"] :is(input, textarea):not([type=checkbox])').fill(
        "SELECT * FROM CIM_InstDeletion"
    )
    console.press("Save", within="dialog")
    console.noticed("Changed Query")
    console.see("SELECT * FROM CIM_InstDeletion")
    console.press("Delete")
    console.press("Delete", within="dialog")
    console.noticed("Deleted mine")
    assert [each["Name"] for each in client.EnumerateInstanceNames("CIM_IndicationFilter", "root/interop")].count("mine") == 0


def test_a_method_is_called_with_a_form_and_the_instance_follows(console: ConsolePage, client: WBEMConnection) -> None:
    console.open(f"instance?path={path_of(client)}")
    console.press("Call a method")
    console.choose("Method", "RequestStateChange", within="dialog")
    console.page.locator("dialog [data-field=RequestedState] input:not([type=checkbox])").fill("9")
    console.press("Call RequestStateChange", within="dialog")
    console.see("returns 4096", within="dialog")
    console.press("Close", within="dialog")
    console.see("Quiesce")
    assert machine(client)["EnabledState"] == 9


def test_associations_are_a_graph_that_can_be_walked(console: ConsolePage, client: WBEMConnection) -> None:
    console.open(f"instance?path={path_of(client)}&tab=associations")
    console.see("HVHOST01", "HostedDependency")
    node = console.page.locator(".graph .node[aria-label^=HVHOST01]")
    node.focus()
    console.page.keyboard.press("Enter")
    console.page.locator(".graph .centre", has_text="HVHOST01").wait_for()
    console.press("Back")
    console.page.locator(".graph .centre", has_text=FIRST).wait_for()
    console.page.get_by_text("As a list").click()
    console.see("Msvm_HostedDependency")
    console.page.get_by_role("tab", name="MOF").click()
    console.see("instance of Msvm_ComputerSystem")


def test_queries_show_rows_and_mark_errors_at_their_column(console: ConsolePage) -> None:
    console.open("query")
    console.choose("Namespace", "root/cimv2")
    console.choose("Language", "WQL")
    console.fill("Query", "SELECT Name, State FROM Win32_Service WHERE Name = 'WinRM'")
    console.press("Run")
    console.wait("() => document.querySelector('cs-rows .row')?.innerText.includes('WinRM')")
    console.fill("Query", "SELECT Name FRM Win32_Service")
    console.page.keyboard.press("Control+Enter")
    console.see("column 13")
    assert console.text(".marked mark") == "FRM"
    assert console.page.evaluate("() => document.activeElement.selectionStart") == 12
    console.choose("Language", "DMTF:CQL")
    console.fill("Query", "SELECT Name FROM Win32_Service WHERE Started = FALSE")
    console.press("Run")
    console.wait("() => document.querySelector('cs-rows .row')?.innerText.includes('Netlogon')")
    console.choose("Language", "DMTF:FQL")
    console.fill("Query", "Win32_Nothing WHERE")
    console.press("Run")
    console.page.locator(".field-error:not(:empty)").first.wait_for()


# Systems


def test_machines_are_started_and_stopped_with_their_lamps(console: ConsolePage, client: WBEMConnection) -> None:
    console.open("systems/hyperv/machines")
    row = console.page.locator("cs-rows .row", has_text=FIRST)
    row.get_by_text("Enabled").wait_for()
    row.locator(".lamps .lamp.on").nth(1).wait_for()
    for button, state in (("Pause", 9), ("Start", 2), ("Save", 6), ("Start", 2), ("Reset", 2), ("Stop", 3)):
        console.press(f"{button} {FIRST}")
        console.noticed(f"{button} {FIRST}: returns 4096")
        console.wait(
            """([name, state]) => [...document.querySelectorAll("cs-rows .row")].some(
                row => row.innerText.includes(name) && row.querySelector(".lamp").classList.contains(state))""",
            [FIRST, {2: "on", 3: "off"}.get(state, "warning")],
        )
        assert machine(client)["EnabledState"] == state
    assert row.get_by_role("button", name=f"Stop {FIRST}").is_disabled()


def test_guest_services_of_a_machine_are_stopped_from_its_details(console: ConsolePage, client: WBEMConnection) -> None:
    console.open("systems/hyperv/machines")
    console.page.locator("cs-rows .row", has_text=FIRST).click()
    detail = console.page.locator(".detail")
    detail.get_by_text("Guest File Service").wait_for()
    console.press("Stop Guest File Service", within=".detail")
    console.noticed("Stop Guest File Service: returns 0")
    detail.locator("tr", has_text="Guest File Service").get_by_text("Disabled").wait_for()
    console.press("Start Guest File Service", within=".detail")
    console.noticed("Start Guest File Service: returns 0")
    console.press("Close", within=".detail")
    detail.wait_for(state="detached")


def test_jobs_show_how_far_they_are(console: ConsolePage, sim: Simulator, client: WBEMConnection) -> None:
    client.InvokeMethod("RequestStateChange", machine(client).path, [("RequestedState", Uint16(9))])
    console.open("systems/hyperv/jobs")
    console.page.locator("cs-rows progress").first.wait_for()
    assert "100 %" in console.rows()[0]


def test_a_job_is_seen_on_its_way(console: ConsolePage, sim: Simulator, client: WBEMConnection) -> None:
    sim.fault(method="RequestStateChange", classname="Msvm_ComputerSystem", timing="40s")
    client.InvokeMethod("RequestStateChange", machine(client).path, [("RequestedState", Uint16(9))])
    console.open("systems/hyperv/jobs")
    row = console.page.locator("cs-rows .row").first
    cancel = re.compile("^Cancel ")
    for seconds, text, ended in ((0, "0 %", False), (20, "50 %", False), (20, "100 %", True)):
        sim.advance(seconds)
        row.get_by_text(text, exact=True).wait_for()
        row.get_by_role("button", name=cancel, disabled=ended).wait_for()
    assert machine(client)["EnabledState"] == 9


def test_services_of_windows_are_filtered_started_and_stopped(console: ConsolePage) -> None:
    console.open("systems/windows/services")
    console.see("41 rows")
    console.fill("Filter", "winrm")
    console.see("1 row")
    console.press("Stop Windows Remote Management (WS-Management)")
    console.page.locator("cs-rows .row", has_text="Stopped").wait_for()
    console.press("Start Windows Remote Management (WS-Management)")
    console.page.locator("cs-rows .row", has_text="Running").wait_for()
    console.press("Start mode Windows Remote Management (WS-Management)")
    console.page.locator('dialog [data-field="StartMode"] :is(input, select)').first.wait_for()
    console.press("Close", within="dialog")
    console.press("State")
    console.fill("Filter", "")
    console.see("41 rows")


@pytest.mark.parametrize(
    ("page", "text"), [("services", "Replication"), ("nodes", "iqn.1991-05.com.microsoft:iscsisrv01-backup-target")]
)
def test_the_pages_of_the_iscsi_target(console: ConsolePage, page: str, text: str) -> None:
    console.open(f"systems/iscsitarget/{page}")
    console.see(text)


def test_services_of_the_iscsi_target_are_stopped_and_started(console: ConsolePage, sim: Simulator) -> None:
    console.open("systems/iscsitarget/services")
    manager = "MSFTSM_ObjectManager"
    name = sim.find(manager)[0]["Name"]
    row = console.page.locator("cs-rows .row", has_text=name)
    for button, lamp, started in (("Stop", "off", False), ("Start", "on", True)):
        row.get_by_role("button", name=re.compile(f"^{button} ")).click()
        console.noticed(re.compile(f"^{button} .*: returns 0"))
        row.locator(f".lamp.{lamp}").first.wait_for()
        assert sim.find(manager)[0]["Started"] is started


# Control


def test_the_clock_is_advanced_stopped_and_resumed(console: ConsolePage, sim: Simulator) -> None:
    console.open("clock")
    clock = sim.controlled.cimom.clock
    before = clock.now()
    for name, seconds in (("+1 s", 1), ("+5 s", 5), ("+30 s", 30), ("+5 min", 300), ("+1 h", 3600)):
        console.press(name)
        console.wait(
            "text => document.querySelector('.display .digits').innerText === text",
            console.page.evaluate("seconds => new Date(seconds * 1000).toISOString().slice(11, 19)", before + seconds),
        )
        before += seconds
    console.press("Next")
    console.noticed("nothing is due")
    console.fill("Advance by seconds", "a while")
    console.press("Advance")
    console.page.locator('[data-field="seconds"] .field-error:not(:empty)').wait_for()
    console.fill("Advance to", "2031-02-03T04:05:06Z")
    console.page.locator("form").nth(1).get_by_role("button", name="Advance").click()
    console.see("04:05:06")
    console.press("Resume")
    console.see("Runs by itself")
    console.press("Stop")
    console.see("Stands until it is advanced")
    assert not clock.running


def test_fault_rules_are_added_shown_with_hits_and_removed(
    console: ConsolePage, client: WBEMConnection, sim: Simulator
) -> None:
    console.open("faults")
    console.see("No fault rules")
    console.fill("Method", "StopServce")
    console.fill("With", "failed: the guest is busy")
    console.press("Add rule")
    console.see("did you mean StopService?")
    console.press("Use StopService")
    console.fill("Times", "2")
    console.press("Add rule")
    console.noticed(IN_FORCE)
    guest = client.EnumerateInstanceNames("Msvm_GuestService")[0]
    with pytest.raises(CIMError, match="the guest is busy"):
        client.InvokeMethod("StopService", guest)
    console.wait("() => document.querySelector('tbody td:nth-child(4)')?.innerText === '1'")
    console.fill("Rule as JSON", '{"operation": "GetInstance", "delay": ')
    console.press("Add rule in words")
    console.see("not JSON")
    console.fill("Rule as JSON", '{"operation": "GetInstance", "delay": 2}')
    console.press("Add rule in words")
    console.noticed(IN_FORCE)
    console.press(f"Remove rule {console.text('tbody th')}")
    console.see("1 rule in force")
    console.press("Remove all")
    console.press("Remove all", within="dialog")
    console.see("No fault rules")
    assert sim.in_reactor(lambda: len(sim.controlled.cimom.faults)) == 0


def test_snapshots_are_taken_compared_restored_and_forgotten(console: ConsolePage, client: WBEMConnection) -> None:
    console.open("snapshots")
    console.fill("Name", "no name/")
    console.press("Take snapshot")
    console.page.locator('[data-field="name"] .field-error:not(:empty)').wait_for()
    console.fill("Name", "before")
    console.press("Take snapshot")
    console.noticed("Snapshot before is taken")
    guest = client.EnumerateInstanceNames("Msvm_GuestService")[0]
    client.InvokeMethod("StopService", guest)
    console.press("Changes since before")
    console.see("1 instance changed", "Started")
    console.press("Compare")
    console.see("From as it was loaded to as it is now")
    console.press("Restore before")
    console.noticed("The world is as in before")
    assert client.GetInstance(guest)["Started"]
    console.press("Changes since before")
    console.see("No difference")
    console.press("Forget before")
    console.see("No snapshots")
    console.press("Reset")
    console.press("Reset", within="dialog")
    console.noticed("The world is as it was loaded")


def test_subscriptions_show_what_was_sent(console: ConsolePage, client: WBEMConnection) -> None:
    console.open("subscriptions")
    console.see("Nobody has subscribed")
    listener, nobody = Listener(), f"http://127.0.0.1:{free_port()}"
    listener.listener.start()
    try:
        subscriber = Subscriber(client)
        for name, url in (("heard", listener.url), ("unheard", nobody)):
            subscriber.subscribe(url, STARTED, name=name)
        # Without a click: what is sent and what fails appears by itself.
        console.see("2 subscriptions, 2 active", listener.url, nobody, STARTED, f"Of namespaces\n{HYPERV}")
        service = next(each for each in client.EnumerateInstances("Msvm_GuestFileService") if each["Started"])
        assert client.InvokeMethod("StopService", service.path)[0] == 0
        assert listener.next()["SourceInstance"]["Started"] is False
        console.see("Sent\n1", "Last error:", "Failed\n1")
        cards = {url: console.page.locator(".card", has_text=url).inner_text() for url in (listener.url, nobody)}
        assert "Sent\n1\nFailed\n0\nIn the queue\n0" in cards[listener.url]
        assert "Sent\n0\nFailed\n1" in cards[nobody]
        assert "Last error" not in cards[listener.url]
        console.page.locator(".card", has_text=listener.url).get_by_text("Filter", exact=True).click()
        console.see("CIM_IndicationFilter", STARTED)
    finally:
        listener.listener.stop()


# Reference


def test_settings_are_filtered(console: ConsolePage) -> None:
    console.open("settings")
    console.see("--start-time")
    console.fill("Filter settings", "number of virtual machines")
    console.see("hyperv.vms")
    console.page.get_by_label("Not the default").check()
    console.see("default: 3")
    console.page.get_by_label("Not the default").uncheck()
    console.fill("Filter settings", "")


def test_rules_of_conformance_are_filtered_and_read(console: ConsolePage) -> None:
    console.open("conformance")
    console.fill("Filter rules", "HC10")
    console.wait("() => document.querySelectorAll('cs-rows .row').length === 1")
    console.page.locator("cs-rows .row").click()
    console.see("Rule HC10", within="dialog")
    console.press("Close", within="dialog")
    console.fill("Filter rules", "")
    console.choose("Status", "supported")
    console.see("supported")


def test_the_documentation_is_read_and_searched(console: ConsolePage) -> None:
    console.open("documents/packs")
    console.see("pack.toml")
    console.page.locator(".prose a", has_text="Providers").first.click()
    console.page.locator(".prose h1", has_text="Providers").wait_for()
    console.fill("Search the documentation", "rotate_contexts")
    console.page.locator(".found mark").first.wait_for()
    console.fill("Search the documentation", "no such words anywhere")
    console.see("Nothing found")
    console.fill("Search the documentation", "")
    assert re.search("Providers", console.text())


# Several CIMOMs, and the token


def test_a_switch_leads_to_the_other_cimom(open_console: OpenConsole, sim: Simulator, cache_dir: Any) -> None:
    assert sim.control_url is not None
    other = sim.add_cimom("second", "interop", cache_dir=cache_dir)
    try:
        tab = open_console(sim.control_url)
        tab.open("browse")
        tab.see(HYPERV)
        tab.choose("CIMOM", "second", within="body")
        tab.wait("text => !document.querySelector('main').innerText.includes(text)", HYPERV)
        tab.open("exchanges")
        tab.wait("() => document.getElementById('connection').innerText === 'Live'")
        other.connect("root/interop").EnumerateClassNames()
        tab.see("EnumerateClassNames")
        assert (tab.errors, tab.foreign) == ([], [])
    finally:
        sim.remove_cimom("second")


def test_a_token_is_asked_for_and_that_of_the_address_is_taken(open_console: OpenConsole, cache_dir: Any) -> None:
    with Simulator("interop", control_port=0, control_token="correct-horse-battery", cache_dir=cache_dir) as sim:
        assert sim.control_url is not None
        tab = open_console(sim.control_url)
        tab.open("snapshots")
        tab.see("Log in", "it respects the control token only")
        tab.page.locator("input[name=token]").fill("wrong")
        tab.press("Log in", within="main")
        tab.see("This is not the control token of this server.")
        tab.page.locator("input[name=token]").fill("correct-horse-battery")
        tab.press("Log in", within="main")
        tab.see("Snapshots")
        tab.wait("() => document.getElementById('connection').innerText === 'Live'")
        other = open_console(sim.control_url)
        other.page.goto(f"{sim.control_url}/#token=correct-horse-battery")
        other.see("Overview", sim.url)
        assert "horse" not in other.page.url
        assert (tab.errors, tab.foreign, other.errors, other.foreign) == ([], [], [], [])
