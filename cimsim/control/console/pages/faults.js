// Fault rules: those in force with their hits, and a form for a new one.

import { debounce, el, put } from "../dom.js";
import { button, card, confirm, empty, notice, pageHead, problem } from "../ui.js";
import { newest, Refused } from "../api.js";
import { area, choice, field, form, text } from "../forms.js";
import { count } from "../format.js";

const ACTIONS = [
  ["error", "A CIM error", "failed: the guest is busy", "A CIM status, by number or name, and a description after a colon."],
  ["returns", "A return value", "4", "What the method returns; nothing else happens."],
  ["delay", "A delay", "2.5", "Seconds before the answer."],
  ["http", "An HTTP status", "503", "The request is refused with it."],
  ["other", "Something else", '{"reset": "before"}', "Words of a rule as JSON."],
];

export function page({ app, api, signal }) {
  const list = el("div");
  const fresh = newest(signal);
  const about = el("span", { text: " " });
  const clear = button("Remove all", () => confirm("Remove all fault rules?", "Requests are answered as usual from then on.", "Remove all", async () => { await api.delete("/faults"); await load(); }), { icon: "trash", kind: "danger", disabled: true });
  const given = takeRule();
  const asWords = area({ rows: "6", value: given ? JSON.stringify(given, null, 2) : "", placeholder: '{"method": "StopService", "times": 2, "error": ["failed", "the guest is busy"]}' });
  const node = el("div", { class: "page" }, pageHead("Faults", about, clear), card("In force", list), el("div", { class: "columns" }, card("New rule", byFields()), card("New rule in words", byWords())));

  function byFields() {
    const action = choice(ACTIONS.map(([name, words]) => [name, words]), "error");
    const value = text({ placeholder: ACTIONS[0][2] });
    const hint = el("span", { text: ACTIONS[0][3] });
    action.addEventListener("change", () => {
      const [, , example, words] = ACTIONS.find(([name]) => name === action.value);
      value.placeholder = example;
      hint.textContent = words;
    });
    const fields = [
      el("div", { class: "form-grid narrow" },
        field("operation", "Operation", text({ placeholder: "GetInstance" }), "Intrinsic; empty: any."),
        field("method", "Method", text({ placeholder: "StopService" }), "Extrinsic; empty: any."),
        field("namespace", "Namespace", text({ placeholder: "root/virtualization/v2" })),
        field("classname", "Class", text({ placeholder: "Msvm_GuestService" }), "With its subclasses."),
        field("times", "Times", text({ inputmode: "numeric", placeholder: "always" }), "How often it acts."),
        field("skip", "Skip", text({ inputmode: "numeric", placeholder: "0" }), "How many matching requests pass before."),
        field("action", "What happens", action),
        field("value", "With", value, hint)),
    ];
    return form(fields, "Add rule", async (values) => {
      const rule = {};
      for (const name of ["operation", "method", "namespace", "classname"]) if (values[name].trim()) rule[name] = values[name].trim();
      for (const name of ["times", "skip"]) if (values[name].trim()) rule[name] = number(values[name]);
      Object.assign(rule, acting(values.action, values.value.trim()));
      try {
        await add(rule);
      } catch (error) {
        if (error.field === values.action) error.field = "value";
        throw error;
      }
    }, { key: "fault" });
  }

  function byWords() {
    return form([field("rule", "Rule as JSON", asWords, el("span", {}, "All words are on the page ", el("a", { href: "#/documents/testing", text: "Testing" }), "."))], "Add rule in words", async (values) => {
      let rule;
      try {
        rule = JSON.parse(values.rule);
      } catch (error) {
        throw new Refused(0, { field: "rule", error: `not JSON: ${error.message}` });
      }
      try {
        await add(rule);
      } catch (error) {
        error.field = "rule";
        error.nearest = "";
        throw error;
      }
      asWords.value = "";
    }, { key: given ? "" : "fault.words", kind: "" });
  }

  async function add(rule) {
    const added = await api.post("/faults", rule);
    notice(`Fault rule ${added.number} is in force`);
    await load();
  }

  async function load() {
    try {
      const { faults } = await api.get("/faults", {}, fresh());
      about.textContent = faults.length ? `${count(faults.length, "rule")} in force` : "No rule is in force: requests are answered as usual.";
      clear.disabled = !faults.length;
      put(list, faults.length ? table(faults) : empty("No fault rules", "A rule makes requests fail, wait or break off. Add one below, or make one of an exchange."));
    } catch (error) {
      if (error.name !== "AbortError") put(list, problem(error, load));
    }
  }

  function table(faults) {
    return el("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": "Fault rules" }, el("table", {}, el("thead", {}, el("tr", {}, ["No.", "Rule", "Matched", "Hits", ""].map((words) => el("th", { scope: "col" }, words || el("span", { class: "unseen", text: "Actions" }))))), el("tbody", {}, faults.map((each) => el("tr", {}, el("th", { scope: "row", text: String(each.number) }), el("td", {}, Object.entries(each.rule).map(([name, value]) => el("span", { class: "rule-word" }, el("code", {}, el("span", { class: "x-attribute", text: name }), "=", el("span", { class: "x-value", text: JSON.stringify(value) }))))), el("td", { text: String(each.matched) }), el("td", {}, el("strong", { text: String(each.hits) })), el("td", { class: "nowrap" }, button("Remove", async () => { await api.delete(`/faults/${each.number}`); await load(); }, { kind: "small", icon: "trash", label: `Remove rule ${each.number}` })))))));
  }

  const soon = debounce(load, 200);
  for (const kind of ["faults", "exchange", "stale"]) app.on(signal, kind, soon);
  load();
  return { title: "Faults", node, shown: () => given && asWords.focus() };
}

function takeRule() {
  const kept = sessionStorage.getItem("cimsim.fault");
  sessionStorage.removeItem("cimsim.fault");
  try {
    return kept ? JSON.parse(kept) : null;
  } catch {
    return null;
  }
}

const number = (written) => (Number.isFinite(Number(written)) ? Number(written) : written);

function acting(action, value) {
  if (action === "error") {
    const [status, ...words] = value.split(":");
    const code = number(status.trim());
    return { error: words.length ? [code, words.join(":").trim()] : code };
  }
  if (action === "other") {
    try {
      const read = JSON.parse(value);
      if (read && typeof read === "object" && !Array.isArray(read)) return read;
    } catch {
      // Said below.
    }
    throw new Refused(0, { field: "value", error: 'an object in JSON is expected, such as {"reset": "before"}' });
  }
  return { [action]: number(value) };
}
