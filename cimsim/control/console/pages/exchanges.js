// What clients send, live and newest first.

import { el, perFrame, put } from "../dom.js";
import { button, empty, lamp, pageHead, search, select } from "../ui.js";
import { bytes, count, seconds, timeOfDay } from "../format.js";
import { called, outcome, MAX_EXCHANGES } from "../exchange_log.js";
import { replace } from "../router.js";
import { exchangeView, OUTCOMES, resultText } from "./exchange.js";

const RESULTS = [["", "Any result"], ["ok", "Success"], ["failed", "Not success"], ["cim", "CIM error"], ["http", "Refused"], ["gone", "Client left"]];

export function page({ app, api, parts, query, signal }) {
  const log = app.log;
  const rows = document.createElement("cs-rows");
  const filter = { text: query.text || "", operation: query.operation || "", status: query.status || "", user: query.user || "" };
  const about = el("span", { text: " " });
  const operations = el("span");
  const users = el("span");
  const split = el("div", { class: "split" });
  let number = parts[0] || "";
  let held = null;
  let names = "";

  rows.label = "Exchanges";
  rows.keyOf = (item) => String(item.number);
  rows.columns = [
    { title: "No.", width: "4.5rem", align: "end", render: (item) => String(item.number) },
    { title: "Time", width: "7.5rem", mono: true, from: 420, render: (item) => timeOfDay(item.time) },
    { title: "Operation", width: "minmax(9rem, 1.7fr)", render: (item) => lamp(OUTCOMES[outcome(item)][0], called(item)) },
    { title: "Target", width: "minmax(6rem, 2.4fr)", from: 720, mono: true, render: (item) => item.calls[0]?.target || item.detail || "" },
    { title: "Result", width: "minmax(6rem, 1.4fr)", render: (item) => [el("span", { text: resultText(item) }), item.calls.some((call) => call.fault) ? el("span", { class: "tag bad", text: "fault" }) : null] },
    { title: "Protocol", width: "6rem", from: 980, render: (item) => item.protocol },
    { title: "User", width: "6rem", from: 1180, render: (item) => item.user || "" },
    { title: "Took", width: "5rem", align: "end", from: 560, render: (item) => seconds(item.seconds) },
    { title: "Answer", width: "5.5rem", align: "end", from: 1100, render: (item) => bytes(item.response_bytes) },
  ];
  // Newest first; a list that is held shows what was there when it was stopped.
  const list = () => held || log.shown;
  rows.source = { get length() { return list().length; }, at: (index) => list()[list().length - 1 - index] };
  rows.addEventListener("open", (event) => open(String(event.detail.number)));

  const hold = button("Hold", toggleHold, { icon: "pause", title: "Keep the list as it is while more arrives" });
  hold.setAttribute("aria-pressed", "false");
  const text = search("Filter by text", filter.text, (value) => change({ text: value }), "Filter: operation, target, error, user…");
  const status = select("Result", RESULTS, filter.status, (value) => change({ status: value }));
  const node = el("div", { class: "page full exchanges" }, pageHead("Exchanges", about, hold), el("div", { class: "toolbar", role: "search" }, text, operations, status, users), split);

  const draw = perFrame(() => {
    about.textContent = log.size ? `${count(list().length, "exchange")} of ${log.size}${log.size >= MAX_EXCHANGES ? ", the newest there are" : ""}${held ? " · held" : ""}` : "Waiting for clients";
    const found = log.names();
    const key = JSON.stringify([found, filter]);
    if (key !== names) {
      names = key;
      put(operations, select("Operation", [["", "All operations"], ...withChosen(found.operations, filter.operation)], filter.operation, (value) => change({ operation: value })));
      put(users, found.users.length || filter.user ? select("User", [["", "All users"], ...withChosen(found.users, filter.user)], filter.user, (value) => change({ user: value })) : null);
    }
    rows.empty = log.size ? empty("No exchange matches the filter") : empty("Nobody has called yet", "Point a client at this server: what it sends appears here as it happens. ", el("a", { href: "#/overview" }, "First commands"));
  });

  function change(wanted) {
    Object.assign(filter, wanted);
    log.filter(filter);
    if (held) toggleHold();
    rows.toTop();
    rows.refresh();
    address();
    draw();
  }

  function toggleHold() {
    held = held ? null : log.shown.slice();
    hold.setAttribute("aria-pressed", String(Boolean(held)));
    hold.querySelector("span").textContent = held ? "Go on" : "Hold";
    rows.refresh();
    draw();
  }

  function address() {
    replace(number ? ["exchanges", number] : ["exchanges"], filter);
  }

  function open(which) {
    number = which;
    address();
    drawSplit();
  }

  function drawSplit() {
    rows.selected = number || null;
    split.classList.toggle("open", Boolean(number));
    const known = log.shown.find((each) => String(each.number) === number);
    const view = number ? exchangeView({ api, number, signal, known, close: () => { open(""); rows.focus(); } }) : null;
    split.querySelector(".exchange")?.remove();
    if (!rows.isConnected) split.prepend(rows);
    if (view) split.append(view);
  }

  app.on(signal, "exchange", () => {
    if (!held) rows.refresh({ added: app.added });
    draw();
  });
  app.on(signal, "stale", () => {
    rows.refresh();
    draw();
  });
  log.filter(filter);
  drawSplit();
  draw();
  return {
    title: "Exchanges",
    node,
    update(next) {
      number = next[0] || "";
      drawSplit();
      return true;
    },
  };
}

function withChosen(names, chosen) {
  return !chosen || names.includes(chosen) ? names : [...names, chosen];
}
