// A query in WQL, CQL or FQL, with its rows; an error is marked at its column.

import { el, put } from "../dom.js";
import { empty, pageHead } from "../ui.js";
import { area, choice, field, form } from "../forms.js";
import { count, valueText } from "../format.js";
import { toInstance } from "../router.js";

const LANGUAGES = [["WQL", "WQL"], ["DMTF:CQL", "DMTF:CQL"], ["DMTF:FQL", "DMTF:FQL"]];
const EXAMPLES = {
  WQL: "SELECT * FROM Win32_Service WHERE State = 'Running'",
  "DMTF:CQL": "SELECT Name, State FROM Win32_Service WHERE Started = TRUE",
  "DMTF:FQL": "Win32_Service WHERE State = 'Running'",
};

export function page({ api, query, signal }) {
  const result = el("div", { class: "fill" });
  const text = area({ rows: "4", class: "query-text", placeholder: EXAMPLES.WQL });
  const language = choice(LANGUAGES, "WQL");
  const space = choice([["", "…"]]);
  const marked = el("pre", { class: "code marked wrap", hidden: true, "aria-label": "Where the error is", role: "region", tabindex: "0" });
  const node = el("div", { class: "page full query" }, pageHead("Query", "Ask for instances in a query language, as ExecQuery does."));
  let wanted = query.namespace || "";

  const ask = form([el("div", { class: "form-grid" }, field("namespace", "Namespace", space), field("language", "Language", language)), field("query", "Query", text), marked], "Run", run, { key: "query", actions: [el("span", { class: "soft hint", text: "Ctrl+Enter runs it" })] });
  language.addEventListener("change", () => { text.placeholder = EXAMPLES[language.value]; });
  space.addEventListener("change", () => { wanted = space.value; });
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    ask.requestSubmit();
  });
  text.addEventListener("input", () => { marked.hidden = true; });

  async function run(values) {
    marked.hidden = true;
    try {
      const answer = await api.get("/query", { namespace: values.namespace, language: values.language, query: values.query }, signal);
      draw(answer);
    } catch (error) {
      if (error.column) mark(values.query, error);
      throw error.field || !error.column ? error : Object.assign(error, { field: "query" });
    }
  }

  function mark(written, error) {
    const lines = written.split("\n");
    const line = Math.min(Math.max(error.line || 1, 1), lines.length) - 1;
    const column = Math.min(Math.max(error.column, 1), lines[line].length + 1) - 1;
    const before = lines.slice(0, line).map((each) => `${each}\n`).join("") + lines[line].slice(0, column);
    const rest = lines[line].slice(column);
    const word = /^\s*(\w+|[^\w\s]+|$)/.exec(rest)?.[0] || " ";
    put(marked, before, el("mark", { text: word || " " }), rest.slice(word.length) + lines.slice(line + 1).map((each) => `\n${each}`).join(""));
    marked.hidden = false;
    const offset = before.length;
    text.focus();
    text.setSelectionRange(offset, Math.min(written.length, offset + word.length));
  }

  function draw(answer) {
    const rows = document.createElement("cs-rows");
    rows.label = "Rows of the query";
    const path = answer.columns.findIndex((name) => /^(__path|path)$/i.test(name));
    const shown = answer.columns.map((name, place) => ({ name, place })).slice(0, 60);
    rows.style.setProperty("--least", `${shown.length * 9}rem`);
    rows.columns = shown.map(({ name, place }) => ({ title: name, width: `minmax(9rem, ${place === path ? 2 : 1}fr)`, render: (row) => cell(row[place], place === path) }));
    rows.source = { length: answer.rows.length, at: (index) => answer.rows[index] };
    rows.empty = empty("No rows", "The query is right, and chooses nothing.");
    put(result, el("p", { class: "soft", "aria-live": "polite", text: `${count(answer.rows.length, "row")}${answer.more ? ` of ${answer.total || "more"}: only these are shown` : ""}` }), rows);
  }

  async function namespaces() {
    try {
      const found = (await api.get("/namespaces", {}, signal)).namespaces;
      const names = found.map((each) => each.name);
      const kept = JSON.parse(sessionStorage.getItem("cimsim.draft.query") || "{}").namespace;
      put(space, names.map((name) => el("option", { value: name, text: name })));
      space.value = [wanted, kept, "root/cimv2"].find((name) => name && names.includes(name)) || names[0];
    } catch {
      // The server's state says it; the page asks again when it is back.
    }
  }

  put(result, empty("Rows appear here"));
  if (query.query) text.value = query.query;
  node.append(el("div", { class: "card" }, ask), result);
  namespaces();
  return { title: "Query", node };
}

function cell(value, isPath) {
  if (isPath && typeof value === "string") return el("a", { href: toInstance(value), text: value });
  return value === null ? el("span", { class: "null", text: "NULL" }) : valueText(value);
}
