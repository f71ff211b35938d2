"""What the console costs: pages and listings at the server, the stream of events for each exchange, scripts in a browser.

The figures of the browser need playwright and Chromium, and are left out where one is missing.
"""

import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from statistics import median
from typing import Any, Final
from urllib.parse import quote

from tests.benchmarks.client import Connection
from tests.benchmarks.compare import alternate, spread
from tests.benchmarks.costs import cost, dealt, thing
from tests.benchmarks.load import closed_loop
from tests.benchmarks.messages import intrinsic
from tests.benchmarks.packs.things.providers import CLASS, NAMESPACE
from tests.benchmarks.plan import Plan, progress
from tests.benchmarks.processes import PACKS, Server, simulator
from tests.benchmarks.report import Budget, Figure

COUNT: Final = 10_000
EXCHANGES: Final = 1_000
LISTENING: Final = Budget("at most", 3.0)
SCRIPT: Final = Budget("at most", 16.0, of="ours")
_LIST: Final = f"/v1/namespaces/{quote(NAMESPACE, safe='')}/classes/{CLASS}/instances"
_PLACES: Final = 90
ASKED: Final[dict[str, Callable[[int], str]]] = {
    "the first page of the console": lambda _: "/",
    "/v1/status": lambda _: "/v1/status",
    f"/v1/calls of {EXCHANGES:,} exchanges": lambda _: f"/v1/calls?limit={EXCHANGES}",
    "100 of 10,000 instances": lambda number: f"{_LIST}?limit=100&offset={number * 100}",
    "100 of 10,000 instances, sorted": lambda number: f"{_LIST}?limit=100&offset={number * 100}&sort=Level",
    "100 of 10,000 instances, filtered": lambda number: f"{_LIST}?limit=100&where={quote(f'Number >= {number * 100}')}",
}
"""What a browser asks for, by what it is: the path, for the part of a number."""
_COUNTED: Final = """() => {
    const rows = customElements.get("cs-rows").prototype;
    const own = rows.refresh;
    window.updates = 0;
    rows.refresh = function (...given) { window.updates += 1; return own.apply(this, given); };
}"""
_STEPS: Final = 40
_SCROLLED: Final = """async steps => {
    const view = document.querySelector("cs-rows [role=grid]");
    for (let step = 1; step <= steps; step += 1) {
        view.scrollTop = step * view.scrollHeight / (steps + 1);
        await new Promise(done => setTimeout(done, 50));
    }
}"""


def measure(plan: Plan) -> list[Figure]:
    """Measure with 10,000 instances and 1,000 exchanges."""
    with _served(plan) as (server, control):
        load(server)
        return [*_answers(plan, server, control), _events(plan, server, control), *_in_browser(plan, server, control)]


@contextmanager
def _served(plan: Plan) -> Iterator[tuple[Server, int]]:
    """Run a server; yield it and the port of its control plane."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        control = int(free.getsockname()[1])
    options = ["--control-port", str(control)]
    packs, settings = [PACKS / "things"], [f"things.count={COUNT}"]
    with simulator(plan.folder, packs, settings, cache=plan.cache, options=options, profile=plan.profile) as server:
        yield server, control


def load(server: Server) -> None:
    """Make as many exchanges as are kept."""
    with Connection(server.port) as connection:
        for number in range(EXCHANGES):
            connection.ask(intrinsic("GetInstance", NAMESPACE, {"InstanceName": thing(number)}))


def _answers(plan: Plan, server: Server, control: int) -> Iterator[Figure]:
    """Measure the answers of the control plane, which the thread of the server gives as well."""
    plane = Server(server.pid, control)
    for name, path in ASKED.items():
        progress(name)
        requests = [asked(path(number), control) for number in range(_PLACES)]
        costs = [cost(plan, plane, [requests]) for _ in range(plan.rounds // 2 + 1)]
        yield Figure(f"CPU of {name}", "us", median(costs), spread=spread(costs))


def asked(path: str, port: int) -> bytes:
    """Return the request of a browser."""
    accept = "application/json" if path.startswith("/v1") else "text/html"
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: {accept}\r\n\r\n".encode()


def _events(plan: Plan, server: Server, control: int) -> Figure:
    """Compare what a GetInstance costs while a browser receives events with what it costs while none does."""
    what = "CPU of GetInstance, while a browser receives events"
    progress(what)
    streams = dealt([intrinsic("GetInstance", NAMESPACE, {"InstanceName": thing(number)}) for number in range(4_000)])

    def listened() -> float:
        with socket.create_connection(("127.0.0.1", control)) as stream:
            stream.sendall(asked("/v1/events", control))
            stream.recv(4096)
            before, done = server.processor_time(), 0
            # In parts, after each of which the browser reads.
            for _ in range(10):
                done += closed_loop(server.port, streams, plan.seconds / 10).requests
                _read_all(stream)
            return 1e6 * (server.processor_time() - before) / done

    found = alternate(lambda: cost(plan, server, streams), listened, plan.rounds)
    return Figure(what, "us", found.ours, found.peer, "without", found.ratio, LISTENING, spread=found.spread)


def _read_all(stream: socket.socket) -> None:
    stream.setblocking(False)
    try:
        while stream.recv(1 << 20):
            pass
    except BlockingIOError:
        pass
    finally:
        stream.setblocking(True)


def _in_browser(plan: Plan, server: Server, control: int) -> list[Figure]:
    chromium = shutil.which("chromium")
    if chromium is None or find_spec("playwright") is None:
        return []
    from playwright.sync_api import sync_playwright

    progress("the console in a browser")
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1200, "height": 800})
        figures = [_live(page, server, control, plan.rounds * 10), _scrolled(page, control)]
        browser.close()
    return figures


def _live(page: Any, server: Server, control: int, parts: int) -> Figure:
    """Measure the updates while exchanges arrive, as fast as one client sends them."""
    page.goto(f"http://127.0.0.1:{control}/#/exchanges")
    page.wait_for_selector("cs-rows .row")
    page.evaluate(_COUNTED)
    with _scripts(page) as spent, Connection(server.port) as connection:
        for _ in range(parts):
            for number in range(25):
                connection.ask(intrinsic("GetInstance", NAMESPACE, {"InstanceName": thing(number)}))
            page.wait_for_timeout(20)
    return _script(f"an update with {EXCHANGES:,} exchanges", spent[0], int(page.evaluate("() => window.updates")))


def _scrolled(page: Any, control: int) -> Figure:
    """Measure the steps of somebody who goes through all instances."""
    page.goto("about:blank")
    page.goto(f"http://127.0.0.1:{control}/#/browse/{quote(NAMESPACE, safe='')}/{CLASS}")
    page.wait_for_selector("cs-rows .row")
    with _scripts(page) as spent:
        page.evaluate(_SCROLLED, _STEPS)
    return _script(f"a step through {COUNT:,} instances", spent[0], _STEPS)


@contextmanager
def _scripts(page: Any) -> Iterator[list[float]]:
    """Yield a list that gets the milliseconds of processor time that scripts took."""
    session = page.context.new_cdp_session(page)
    # Those of the processor, not of the clock: the machine does other things, too.
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    spent: list[float] = []
    before = _script_seconds(session)
    yield spent
    spent.append(1e3 * (_script_seconds(session) - before))


def _script_seconds(session: Any) -> float:
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return float(metrics["ScriptDuration"])


def _script(what: str, milliseconds: float, updates: int) -> Figure:
    return Figure(
        f"script of the console, {what}", "ms", milliseconds / max(1, updates), budget=SCRIPT, note=f"{updates} updates"
    )
