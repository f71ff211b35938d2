"""A page of the console in a browser, and what tests do with it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tests.versions import ROOT

_FIELD: Final = """([within, label]) => [...document.querySelectorAll(
    ["input", "select", "textarea"].map(each => `${within} ${each}`).join())].find(each =>
    (each.getAttribute("aria-label") ?? each.labels[0]?.innerText.trim()) === label && each.checkVisibility())"""

SCREENSHOTS: Final = ROOT / "screenshots"


class ConsolePage:
    """A tab that shows the console, with everything that went wrong in it.

    Attributes:
        page: of playwright.
        url: of the control plane.
        errors: of scripts, and what the content policy refused.
        foreign: the addresses of requests that left the origin.
    """

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.url = url
        self.errors: list[str] = []
        self.foreign: list[str] = []
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._said)
        page.on("request", self._requested)

    def open(self, route: str) -> None:
        """Go to a route, such as ``exchanges``; the frame is loaded once."""
        if self.page.url.startswith(f"{self.url}/"):
            self.page.evaluate("hash => { location.hash = hash }", f"#/{route}")
        else:
            self.page.goto(f"{self.url}/#/{route}")
        # What the page was asked for has been drawn: it is the one that is marked in the navigation, or needs no mark.
        self.page.wait_for_selector("main h1")

    def reload(self, route: str) -> None:
        """Load everything anew, and go to a route."""
        self.page.goto("about:blank")
        self.open(route)

    def text(self, selector: str = "main") -> str:
        """Return what is shown in an element."""
        return str(self.page.locator(selector).first.inner_text())

    def see(self, *texts: str, within: str = "main") -> None:
        """Wait until texts are shown."""
        for text in texts:
            self.wait("([within, text]) => document.querySelector(within)?.innerText.includes(text)", [within, text])

    def press(self, name: str, within: str = "body") -> None:
        """Press the first button of a name."""
        # By CSS: a search by roles looks at every element.
        inside = self.page.locator(within)
        worded = inside.locator("button:not([aria-label])", has_text=re.compile(rf"^\s*{re.escape(name)}\s*$"))
        inside.locator(f'button[aria-label="{name}"]').or_(worded).locator("visible=true").first.click()

    def fill(self, label: str, value: str, within: str = "main") -> None:
        """Write into a field."""
        self._found(_FIELD, [within, label]).fill(value)

    def choose(self, label: str, value: str, within: str = "main") -> None:
        """Choose from a list."""
        self._found(_FIELD, [within, label]).select_option(value)

    def _found(self, script: str, argument: list[str]) -> Any:
        """Return the element that a script finds, once it does; what the library offers looks at every element."""
        return self.page.wait_for_function(script, arg=argument, polling=50).as_element()

    def noticed(self, text: str | re.Pattern[str]) -> None:
        """Wait for a notice, and dismiss it."""
        notice = self.page.locator(".notice", has_text=text).first
        notice.wait_for()
        self.page.evaluate("document.querySelectorAll('.notice').forEach(each => each.remove())")

    def wait(self, condition: str, argument: Any = None) -> None:
        """Wait for a condition in JavaScript."""
        self.page.wait_for_function(condition, arg=argument, polling=50)

    def settled(self) -> None:
        """Wait until a page has got what it asked for: nothing is marked as not there yet."""
        self.wait("() => !/^…$/m.test(document.querySelector('main').innerText) && !document.querySelector('main .soft:empty')")
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def rows(self) -> list[str]:
        """Return the rows in view of the first table of rows, from top to bottom."""
        script = """() => [...document.querySelectorAll("cs-rows .row")]
            .sort((one, two) => one.dataset.index - two.dataset.index).map(row => row.innerText)"""
        return list(self.page.evaluate(script))

    def screenshot(self, name: str) -> None:
        """Write a picture of what is in view."""
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")

    def _said(self, message: Any) -> None:
        # A browser writes a line for each answer that is an error; those are what tests ask for.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.errors.append(message.text)

    def _requested(self, request: Any) -> None:
        if urlsplit(request.url)[:2] != urlsplit(self.url)[:2] and not request.url.startswith(("about:", "data:")):
            self.foreign.append(request.url)


OpenConsole = Callable[..., ConsolePage]
