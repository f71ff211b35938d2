// What is served, how to reach it, and what happened last.

import { debounce, el, put } from "../dom.js";
import { button, card, copyable, empty, facts, lamp, pageHead, problem } from "../ui.js";
import { count, seconds, timeOfDay } from "../format.js";
import { called, outcome } from "../exchange_log.js";
import { newest } from "../api.js";
import { to } from "../router.js";
import { OUTCOMES } from "./exchange.js";

const LAST = 8;

export function page({ app, api, signal }) {
  const served = el("div", { class: "stack" }, el("p", { class: "soft", text: "…" }));
  const last = el("div", { class: "stack" });
  const fresh = newest(signal);
  const commands = el("div", { class: "stack" });
  const about = el("span", { text: " " });
  const node = el(
    "div",
    { class: "page overview" },
    pageHead("Overview", about, button("Reset", () => reset(), { icon: "replay", title: "Back to the world as it was loaded; faults and exchanges are forgotten" })),
    el("div", { class: "columns even" }, card("Served here", served), card("Last exchanges", last, el("a", { href: "#/exchanges" }, "All exchanges"))),
    card("First commands", commands),
  );

  async function load() {
    try {
      const status = await api.get("/status", {}, fresh());
      about.textContent = `cimsim ${status.version} · ${count(status.exchanges, "exchange")} · ${count(status.faults, "fault rule")} · ${count(status.snapshots, "snapshot")}`;
      put(
        served,
        facts(status.urls.map((url) => [url.endsWith("/wsman") ? "WS-Management" : "CIM-XML", el("code", { text: url })])),
        el("ul", { class: "links" }, Object.entries(status.namespaces).map(([name, instances]) => el("li", {}, el("a", { href: to(["browse", name]), text: name }), el("span", { class: "soft", text: count(instances, "instance") })))),
      );
      put(commands, commandsFor(status));
    } catch (error) {
      if (error.name !== "AbortError") put(served, problem(error, load));
    }
  }

  async function reset() {
    await api.post("/reset");
    app.log.clear();
    drawLast();
    await load();
  }

  const later = debounce(load, 1_000);
  function drawLast() {
    const found = app.log.shown.length ? app.log.shown.slice(-LAST).reverse() : [];
    if (!found.length) {
      put(last, empty("Nobody has called yet", "What clients send appears here as it happens."));
      return;
    }
    put(last, el("ul", { class: "last" }, found.map((each) => el("li", {}, el("a", { href: to(["exchanges", String(each.number)]) }, lamp(OUTCOMES[outcome(each)][0], called(each))), el("span", { class: "soft mono", text: `${timeOfDay(each.time)}  ${seconds(each.seconds)}` })))));
  }

  app.on(signal, "exchange", () => {
    drawLast();
    later();
  });
  for (const kind of ["faults", "snapshots", "stale"]) app.on(signal, kind, later);
  app.log.filter({ text: "", operation: "", status: "", user: "" });
  drawLast();
  load();
  return { title: "Overview", node };
}

function commandsFor(status) {
  const cim = status.urls.find((url) => !url.endsWith("/wsman"));
  const wsman = status.urls.find((url) => url.endsWith("/wsman"));
  const names = Object.keys(status.namespaces);
  const namespace = names.find((name) => name.endsWith("virtualization/v2")) || names[0] || "root/cimv2";
  const entries = [];
  if (cim) {
    const host = cim.replace(/^https?:\/\//, "");
    entries.push(["pywbem", `from pywbem import WBEMConnection\nconn = WBEMConnection("${cim}", default_namespace="${namespace}")\nprint(conn.EnumerateClassNames())`]);
    entries.push(["pywbemcli", `pywbemcli -s ${cim} -d ${namespace} class enumerate --names-only`]);
    entries.push(["wbemcli", `wbemcli ecn ${cim.startsWith("https") ? "https" : "http"}://${host}/${namespace}`]);
  }
  if (wsman) entries.push(["WS-Management", `wsman identify --endpoint ${wsman}`]);
  entries.push(["The control API", `curl ${location.origin}/v1/status`]);
  return el("div", { class: "columns" }, entries.map(([title, text]) => el("div", { class: "stack" }, el("h3", { text: title }), copyable(text, title))));
}
