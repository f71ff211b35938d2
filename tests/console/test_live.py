"""The console stays up to date, quick and small, whatever the server does."""

from typing import Any, Final

import pytest

from cimsim.testing import Simulator
from tests.console.console_page import ConsolePage, OpenConsole
from tests.console.hostile import HostileServer
from tests.examples import examples

UPDATES: Final = """async ([rounds, count]) => {
    const {ExchangeLog} = await import("/console/exchange_log.js");
    const log = new ExchangeLog();
    const rows = document.createElement("cs-rows");
    rows.style.setProperty("height", "600px");
    rows.columns = [
        {title: "No.", render: item => String(item.number)},
        {title: "Operation", render: item => item.calls[0].operation},
        {title: "Target", render: item => item.calls[0].target},
    ];
    rows.source = {get length() { return log.shown.length; }, at: index => log.shown[log.shown.length - 1 - index]};
    document.querySelector("main").replaceChildren(rows);
    let number = 0;
    for (let round = 0; round < rounds; round += 1) {
        const fresh = Array.from({length: count}, () => ({number: ++number, time: "", protocol: "", address: "", user: null,
            http_status: 200, detail: "", seconds: 0, request_bytes: 0, response_bytes: 0,
            calls: [{operation: "GetInstance", target: `root:C.Id="${number}"`, status: 0, description: "", parameters: {},
                returned: null, fault: null}]}));
        rows.refresh({added: log.add(fresh)});
        await new Promise(done => requestAnimationFrame(done));
    }
    return [log.size, document.querySelectorAll("cs-rows .row").length];
}"""


@pytest.fixture(scope="module")
def bench(open_console: OpenConsole, server: HostileServer) -> ConsolePage:
    tab = open_console(server.url)
    tab.open("clock")
    return tab


def test_events_leave_memory_flat(bench: ConsolePage) -> None:
    session = bench.page.context.new_cdp_session(bench.page)

    def used() -> int:
        session.send("HeapProfiler.collectGarbage")
        return int(session.send("Runtime.getHeapUsage")["usedSize"])

    bench.page.evaluate(UPDATES, [10, 250])
    before = used()
    kept, rows = bench.page.evaluate(UPDATES, [examples(10), 1000])
    assert kept == 2_000
    assert rows < 60
    assert used() - before < 2_000_000


def test_ten_thousand_instances_are_rows_of_which_those_in_view_exist(bench: ConsolePage) -> None:
    script = """async () => {
        const {PagedSource} = await import("/console/rows.js");
        let asked = 0;
        const source = new PagedSource(async (offset, limit) => {
            asked += 1;
            return {total: 10000, items: Array.from({length: limit}, (_, at) => ({name: `instance ${offset + at}`}))};
        });
        const rows = document.createElement("cs-rows");
        rows.style.setProperty("height", "600px");
        rows.columns = [{title: "Name", render: item => item.name}];
        rows.source = source;
        source.onchange = () => rows.refresh();
        document.querySelector("main").replaceChildren(rows);
        const settle = () => new Promise(done => setTimeout(done, 60));
        await settle();
        const view = rows.querySelector("[role=grid]");
        for (let step = 1; step <= 20; step += 1) {
            view.scrollTop = step * view.scrollHeight / 21;
            await settle();
        }
        view.scrollTop = view.scrollHeight;
        for (let tries = 0; tries < 100 && !rows.innerText.includes("instance 9999"); tries += 1) await settle();
        return [rows.querySelectorAll(".row").length, rows.innerText.includes("instance 9999"), asked,
            view.getAttribute("aria-rowcount")];
    }"""
    rows, end, asked, count = bench.page.evaluate(script)
    assert rows < 60
    assert end
    assert asked <= 110
    assert count == "10001"


def test_a_click_counts_whatever_arrives_while_the_button_is_pressed(bench: ConsolePage) -> None:
    script = """() => {
        const rows = document.createElement("cs-rows");
        rows.style.setProperty("height", "300px");
        window.clicked = [];
        rows.columns = [{title: "Do", render: item => {
            const made = document.createElement("button");
            made.textContent = `do ${item.turn}`;
            made.addEventListener("click", () => window.clicked.push(item.turn));
            return made;
        }}];
        let item = {turn: 1};
        rows.source = {length: 1, at: () => item};
        window.arrive = () => { item = {turn: item.turn + 1}; rows.refresh(); };
        document.querySelector("main").replaceChildren(rows);
    }"""
    bench.page.evaluate(script)
    drawn = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    button = bench.page.locator("cs-rows .row button")
    button.wait_for()
    button.hover()
    bench.page.mouse.down()
    bench.page.evaluate("() => window.arrive()")
    bench.page.evaluate(drawn)
    bench.page.mouse.up()
    bench.see("do 2")
    assert bench.page.evaluate("() => window.clicked") == [1]
    bench.page.evaluate("() => window.arrive()")
    bench.see("do 3")


def test_events_in_pieces_are_put_together_and_a_stream_goes_on_where_it_ended(bench: ConsolePage) -> None:
    script = """async () => {
        const {Live} = await import("/console/events.js");
        const asked = [];
        const own = window.fetch;
        window.fetch = async (address, options) => {
            asked.push(options.headers["Last-Event-ID"] ?? "");
            const pieces = asked.length === 1
                ? [": connected\\r\\n\\r\\nid: a.1\\r\\nevent: clo", "ck\\r\\ndata: {\\"now\\":", "\\ndata: 1}\\n\\n",
                    "event: clock\\ndata: not JSON\\n\\n"]
                : ["id: a.2\\nevent: clock\\ndata: {\\"now\\": 2}\\n\\n"];
            const body = new ReadableStream({start(controller) {
                pieces.forEach(each => controller.enqueue(new TextEncoder().encode(each)));
                if (asked.length === 1) controller.close();
            }});
            return new Response(body, {status: 200});
        };
        const live = new Live({address: path => path, dispatchEvent() {}});
        const got = [];
        live.addEventListener("clock", event => got.push(...event.detail));
        const resumed = new Promise(done => live.addEventListener("resumed", done));
        live.start();
        await resumed;
        await new Promise(done => setTimeout(done, 100));
        live.stop();
        window.fetch = own;
        return [asked, got];
    }"""
    assert bench.page.evaluate(script) == [["", "a.1"], [{"now": 1}, {"now": 2}]]


def test_what_is_typed_outlives_the_server_and_the_console_comes_back(open_console: OpenConsole, cache_dir: Any) -> None:
    with Simulator("interop", clock="manual", control_port=0, cache_dir=cache_dir) as sim:
        assert sim.control_url is not None
        port = int(sim.control_url.rpartition(":")[2])
        tab = open_console(sim.control_url)
        tab.open("faults")
        tab.wait("() => document.getElementById('connection').innerText === 'Live'")
        tab.fill("Method", "StopService")
        tab.fill("With", "failed: kept")
    tab.wait("() => document.getElementById('connection').innerText === 'Server gone'")
    tab.see("The server is gone", within=".gone")
    tab.press("Add rule")
    tab.see("the server does not answer")
    tab.open("clock")
    tab.open("faults")
    assert tab.page.get_by_label("Method").first.input_value() == "StopService"
    with Simulator("interop", clock="manual", control_port=port, cache_dir=cache_dir) as sim:
        # By script: it may have come back by itself by now, and the button be hidden.
        tab.page.evaluate("() => document.querySelector('.gone button').click()")
        tab.noticed("The server is back")
        tab.wait("() => document.getElementById('connection').innerText === 'Live' && document.querySelector('.gone').hidden")
        sim.connect("root/interop").EnumerateClassNames()
        tab.open("exchanges")
        tab.wait("() => document.querySelector('cs-rows .row')?.innerText.includes('EnumerateClassNames')")
    assert tab.foreign == []


def test_nothing_jumps_while_a_page_is_filled(open_console: OpenConsole, sim: Simulator) -> None:
    assert sim.control_url is not None
    tab = open_console(sim.control_url)
    tab.page.add_init_script(
        """window.shifts = [];
        new PerformanceObserver(list => window.shifts.push(...list.getEntries().filter(each => !each.hadRecentInput).map(
            each => each.value))).observe({type: "layout-shift", buffered: true});"""
    )
    tab.open("exchanges")
    tab.wait("() => document.getElementById('connection').innerText === 'Live'")
    for _ in range(3):
        sim.connect("root/interop").EnumerateClassNames()
    tab.wait("() => document.querySelectorAll('cs-rows .row').length >= 3")
    # 0.1 is what is called good (Cumulative Layout Shift).
    assert sum(tab.page.evaluate("window.shifts")) < 0.1
