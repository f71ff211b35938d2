"""A browser, and pages of it that show the console of a simulator."""

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest

from cimsim.testing import Simulator
from tests.console.console_page import ConsolePage, OpenConsole
from tests.console.hostile import HostileServer

CHROMIUM: Final = shutil.which("chromium") or "/usr/bin/chromium"
# What a browser does beside showing the page costs more than that.
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-software-rasterizer",
    "--in-process-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--mute-audio",
    "--no-first-run",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Return Debian's Chromium, driven by playwright; tests are skipped where either is missing, but not in CI."""
    missing = [] if find_spec("playwright") else ["playwright"]
    if not Path(CHROMIUM).exists():
        missing.append("chromium")
    if missing:
        assert os.environ.get("CI") != "true", f"{', '.join(missing)} is missing"
        pytest.skip(f"{', '.join(missing)} is missing: pip install playwright, apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def sim(cache_dir: Path) -> Iterator[Simulator]:
    """Return a simulator of the shipped packs with a console; its clock stands."""
    with Simulator(clock="manual", seed=1, control_port=0, cache_dir=cache_dir, settings={"hyperv.vms": 4}) as sim:
        yield sim


@pytest.fixture(scope="module")
def server() -> Iterator[HostileServer]:
    """Return a server that answers as the control plane does, with markup in everything."""
    server = HostileServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def open_console(browser: Any) -> Iterator[OpenConsole]:
    """Return what opens tabs; those of a module are closed at its end."""
    contexts = []

    def opened(url: str, **options: Any) -> ConsolePage:
        context = browser.new_context(
            **{"viewport": {"width": 1200, "height": 600}, "reduced_motion": "reduce", "color_scheme": "light", **options}
        )
        contexts.append(context)
        return ConsolePage(context.new_page(), url)

    yield opened
    for each in contexts:
        each.close()


@pytest.fixture(scope="module")
def shared(open_console: OpenConsole, sim: Simulator) -> ConsolePage:
    """Return the tab that the tests of a module share."""
    assert sim.control_url is not None
    return open_console(sim.control_url)


@pytest.fixture
def console(shared: ConsolePage) -> Iterator[ConsolePage]:
    """Return the shared tab, and see afterwards that no script failed and that no request left the origin."""
    shared.errors.clear()
    yield shared
    assert shared.errors == []
    assert shared.foreign == []
