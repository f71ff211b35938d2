"""Names, values, descriptions and errors with markup and scripts stay text on every page."""

import pytest

from tests.console.console_page import ConsolePage, OpenConsole
from tests.console.hostile import ROUTES, HostileServer

# What markup in a text would have become: nothing of the console has these.
HARM = """() => {
    const found = [...document.querySelectorAll("main *, dialog *, nav *, .bar *, .notices *")].filter(each =>
        ["IMG", "SCRIPT", "IFRAME", "OBJECT", "EMBED", "STYLE"].includes(each.tagName) && !each.closest(".brand")
        || [...each.attributes].some(one => one.name.startsWith("on") || /^(href|src|action|xlink:href)$/.test(one.name)
            && /^\\s*(javascript|data|vbscript):/i.test(one.value)));
    return [window.harmed ?? 0, found.map(each => each.outerHTML)];
}"""


@pytest.fixture(scope="module")
def tab(open_console: OpenConsole, server: HostileServer) -> ConsolePage:
    return open_console(server.url)


@pytest.fixture
def answered(tab: ConsolePage, server: HostileServer) -> ConsolePage:
    """Return a tab in which everything is hostile."""
    server.refuse = False
    tab.errors.clear()
    return tab


@pytest.fixture
def refused(tab: ConsolePage, server: HostileServer) -> ConsolePage:
    """Return a tab in which every page is refused, in hostile words."""
    server.refuse = True
    tab.errors.clear()
    tab.open("login")
    return tab


def check(tab: ConsolePage) -> None:
    assert tab.page.evaluate(HARM) == [0, []]
    assert (tab.errors, tab.foreign) == ([], [])


@pytest.mark.parametrize("route", ROUTES)
def test_what_a_server_says_is_shown_as_text(answered: ConsolePage, route: str) -> None:
    answered.open(route)
    # A page of its own fixed texts alone would show nothing.
    if route not in ("clock", "query"):
        answered.wait("""() => /onerror|harmed/.test(document.querySelector("main").innerText)""")
    check(answered)


def test_forms_and_dialogs_show_text(answered: ConsolePage) -> None:
    answered.open("instance?path=root%2Fevil%3AEvil_Class.Name%3D%22a%22")
    answered.press("Edit")
    answered.page.locator("dialog .field").first.wait_for()
    check(answered)
    answered.press("Close", within="dialog")
    answered.press("Call a method")
    answered.page.locator("dialog button[type=submit]").click()
    answered.page.locator("dialog .returned").wait_for()
    check(answered)
    answered.press("Close", within="dialog")
    answered.open("systems")
    answered.page.locator("cs-rows .row").first.click()
    answered.page.locator(".detail .row-actions button").first.click()
    answered.page.locator("dialog footer button").last.click()
    answered.page.locator(".notice").first.wait_for()
    check(answered)
    answered.open("snapshots")
    answered.press("Compare")
    answered.page.locator(".diff").first.wait_for()
    check(answered)
    answered.open("query")
    answered.fill("Query", "SELECT")
    answered.press("Run")
    answered.page.locator("cs-rows .row").first.wait_for()
    check(answered)
    answered.open("conformance")
    answered.page.locator("cs-rows .row").click()
    answered.page.locator("dialog").wait_for()
    check(answered)


@pytest.mark.parametrize(
    "route", ["overview", "exchanges/1", "systems", "browse", "faults", "snapshots", "settings", "documents/evil"]
)
def test_errors_are_shown_as_text(refused: ConsolePage, route: str) -> None:
    refused.open(route)
    refused.wait("""() => /onerror/.test(document.querySelector("main").innerText)""")
    check(refused)


def test_errors_of_forms_are_shown_as_text(refused: ConsolePage) -> None:
    refused.open("faults")
    refused.fill("Method", "x")
    refused.press("Add rule")
    refused.wait("""() => /onerror/.test(document.querySelector("form").innerText)""")
    refused.open("query")
    refused.fill("Query", "SELECT <img src=x onerror=window.harmed=1>")
    refused.press("Run")
    refused.page.locator(".marked mark").wait_for()
    check(refused)
