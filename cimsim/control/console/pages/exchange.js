// One exchange: what was sent and answered, why, and what can be made of it.

import { el, put } from "../dom.js";
import { button, copy, facts, lamp, notice, problem, tabs } from "../ui.js";
import { xmlView } from "../xml.js";
import { bytes, dateTime, seconds } from "../format.js";
import { called, outcome } from "../exchange_log.js";
import { to, toInstance } from "../router.js";

/** What became of an exchange: the color of the lamp, and the word. */
export const OUTCOMES = { ok: ["on", "Success"], cim: ["warning", "CIM error"], http: ["failed", "Refused"], gone: ["off", "Client left"] };

const WIDE = 900;
const SHOWN_CALLS = 50;

/** Return the words of the result of an exchange. */
export function resultText(exchange) {
  const kind = outcome(exchange);
  if (kind === "gone") return "client left";
  if (kind === "http") return `HTTP ${exchange.http_status}`;
  const failed = exchange.calls.find((call) => call.status);
  if (failed) return `${failed.status} ${codeName(failed.status)}`;
  const returned = exchange.calls.length === 1 ? exchange.calls[0].returned : null;
  return returned === null ? "OK" : `returns ${returned}`;
}

const CODES = ["SUCCESS", "FAILED", "ACCESS_DENIED", "INVALID_NAMESPACE", "INVALID_PARAMETER", "INVALID_CLASS", "NOT_FOUND", "NOT_SUPPORTED", "CLASS_HAS_CHILDREN", "CLASS_HAS_INSTANCES", "INVALID_SUPERCLASS", "ALREADY_EXISTS", "NO_SUCH_PROPERTY", "TYPE_MISMATCH", "QUERY_LANGUAGE_NOT_SUPPORTED", "INVALID_QUERY", "METHOD_NOT_AVAILABLE", "METHOD_NOT_FOUND", "", "", "NAMESPACE_NOT_EMPTY", "INVALID_ENUMERATION_CONTEXT", "INVALID_OPERATION_TIMEOUT", "PULL_HAS_BEEN_ABANDONED", "PULL_CANNOT_BE_ABANDONED", "FILTERED_ENUMERATION_NOT_SUPPORTED", "CONTINUATION_ON_ERROR_NOT_SUPPORTED", "SERVER_LIMITS_EXCEEDED", "SERVER_IS_SHUTTING_DOWN"];

/** Return the name of a CIM status code without its prefix. */
export function codeName(code) {
  return CODES[code] || "";
}

/** Return the view of an exchange; `number`: of it, `close`: called to close the view. */
export function exchangeView({ api, number, close, signal, known }) {
  const body = el("div", { class: "exchange-body" }, el("p", { class: "soft", text: "…" }));
  const title = el("h2", { text: `Exchange ${number}${known ? ` · ${called(known)}` : ""}` });
  const tools = el("div", { class: "actions" });
  const node = el("section", { class: "exchange card", "aria-label": `Exchange ${number}` }, el("header", { class: "exchange-head" }, title, tools, button("", close, { icon: "close", kind: "quiet", label: "Close the exchange" })), body);

  async function load() {
    try {
      const found = await api.get(`/calls/${number}`, {}, signal);
      draw(found);
    } catch (error) {
      if (error.name === "AbortError") return;
      put(body, problem(error, error.status === 404 ? null : load));
    }
  }

  function draw(found) {
    title.textContent = `Exchange ${found.number} · ${called(found)}`;
    put(
      tools,
      found.as_pywbem && button("pywbem", () => copy(found.as_pywbem, "Copied as pywbem"), { icon: "copy", kind: "small", title: "Copy as pywbem", label: "Copy as pywbem" }),
      found.as_curl && button("curl", () => copy(found.as_curl, "Copied as curl"), { icon: "copy", kind: "small", title: "Copy as curl", label: "Copy as curl" }),
      found.as_fault_rule && button("Fault rule", () => toFault(found.as_fault_rule), { icon: "fault", kind: "small", title: "Make a fault rule of this" }),
      (found.request || found.has_bodies) && button("Replay", replay, { icon: "replay", kind: "small", title: "Send the same request again" }),
    );
    put(body, about(found), bodies(found));
  }

  function toFault(rule) {
    sessionStorage.setItem("cimsim.fault", JSON.stringify(rule));
    location.hash = "#/faults";
  }

  async function replay() {
    const answer = await api.post(`/calls/${number}/replay`);
    const again = answer.number ?? answer.exchange?.number;
    notice(`Replayed as exchange ${again}`);
    if (again) location.hash = to(["exchanges", String(again)]);
  }

  load();
  return node;
}

function about(found) {
  const [color] = OUTCOMES[outcome(found)];
  const rule = found.rule ? el("div", { class: "why rule" }, el("strong", { text: "A fault rule acted: " }), el("code", { text: words(found.rule) })) : null;
  const why = found.why || found.detail ? el("div", { class: "why" }, el("strong", { text: "Why: " }), found.why || found.detail) : null;
  return el(
    "div",
    { class: "stack" },
    facts([
      ["Result", lamp(color, resultText(found))],
      ["Time", dateTime(found.time)],
      ["Took", seconds(found.seconds)],
      ["Protocol", found.protocol],
      ["Client", [found.address || "unknown", found.user ? el("span", { class: "tag", text: found.user }) : null]],
      ["Size", `${bytes(found.request_bytes)} in, ${bytes(found.response_bytes)} out`],
    ]),
    why,
    rule,
    found.calls.length
      ? el("ul", { class: "calls" }, found.calls.slice(0, SHOWN_CALLS).map(call), found.calls.length > SHOWN_CALLS ? el("li", { class: "soft", text: `and ${found.calls.length - SHOWN_CALLS} more` }) : null)
      : null,
  );
}

function call(each) {
  const given = Object.entries(each.parameters || {});
  const isInstance = each.target.includes("=");
  return el(
    "li",
    {},
    lamp(each.status ? "warning" : each.status === null ? "off" : "on", each.operation),
    " ",
    isInstance ? el("a", { class: "mono", href: toInstance(each.target), text: each.target }) : el("span", { class: "mono", text: each.target }),
    given.length ? el("span", { class: "mono soft", text: ` ${given.map(([name, value]) => `${name}=${value ?? "NULL"}`).join(", ")}` }) : null,
    each.returned === null || each.returned === undefined ? null : el("span", { class: "tag info", text: `returns ${each.returned}` }),
    each.status ? el("span", { class: "tag warn", text: `${each.status} ${codeName(each.status)}` }) : null,
    each.description ? el("span", { class: "soft", text: ` ${each.description}` }) : null,
    each.fault ? el("span", { class: "tag bad", text: `fault rule ${each.fault}` }) : null,
  );
}

function bodies(found) {
  if (!found.request && !found.response) return el("p", { class: "soft", text: "The bodies of this exchange are not kept: the newest are, up to a number and a size." });
  const side = (title, text, headers) =>
    el("div", { class: "side" }, el("h3", { text: title }), headers && Object.keys(headers).length ? headerList(headers) : null, text ? xmlView(text, title) : el("p", { class: "soft", text: "(empty)" }));
  const request = () => side("Request", found.request, found.request_headers);
  const response = () => side("Response", found.response, found.response_headers);
  if (window.innerWidth >= WIDE) return el("div", { class: "sides" }, request(), response());
  return tabs("Messages", [["Request", request], ["Response", response]]);
}

function headerList(headers) {
  const pairs = Array.isArray(headers) ? headers.map((each) => (Array.isArray(each) ? each : [each.name, each.value])) : Object.entries(headers);
  return el("details", {}, el("summary", { text: `${pairs.length} headers` }), el("pre", { class: "code wrap", text: pairs.map(([name, value]) => `${name}: ${value}`).join("\n") }));
}

/** Return a rule in one line. */
export function words(rule) {
  if (typeof rule === "string") return rule;
  return Object.entries(rule).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(" ");
}
