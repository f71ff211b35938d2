// The rules that the simulator is held to, with their sources.

import { el } from "../dom.js";
import { empty, pageHead, problem, search, select } from "../ui.js";
import { count } from "../format.js";
import { line, markdown } from "../markdown.js";
import { openDialog } from "../ui.js";
import { replace } from "../router.js";

const KINDS = { supported: "good", partly: "warn", deviates: "warn", unsupported: "bad" };

export function page({ api, query, signal }) {
  const rows = document.createElement("cs-rows");
  const about = el("span", { text: " " });
  const states = el("span");
  let all = [];
  let shown = [];
  let text = query.text || "";
  let status = query.status || "";
  rows.label = "Rules";
  rows.columns = [
    { title: "Rule", width: "7rem", mono: true, render: (item) => item.id },
    { title: "What it demands", width: "minmax(10rem, 3fr)", render: (item) => el("span", { title: item.title }, line(item.title)) },
    { title: "Source", width: "minmax(8rem, 1fr)", from: 820, render: (item) => item.source || "" },
    { title: "Status", width: "8rem", from: 480, render: (item) => el("span", { class: `tag ${KINDS[(item.status || "").split(" ")[0]] || ""}`, text: item.status || "" }) },
  ];
  rows.addEventListener("open", (event) => {
    const { id, title, source, status: state, ...rest } = event.detail;
    openDialog(`Rule ${id}`, [markdown(title), el("dl", { class: "pairs" }, Object.entries({ Source: source, Status: state, ...rest }).filter(([, value]) => value !== "" && value !== null && typeof value !== "undefined").map(([name, value]) => el("div", {}, el("dt", { text: name }), el("dd", {}, typeof value === "string" ? markdown(value) : JSON.stringify(value)))))]);
  });
  const node = el("div", { class: "page full" }, pageHead("Conformance", about), el("div", { class: "toolbar", role: "search" }, search("Filter rules", text, (value) => { text = value; draw(); }, "Filter by identifier, text or source"), states), rows);

  function draw() {
    const wanted = text.toLowerCase();
    shown = all.filter((each) => (!status || each.status === status) && (!wanted || `${each.id} ${each.title} ${each.source}`.toLowerCase().includes(wanted)));
    about.textContent = `${count(shown.length, "rule")} of ${all.length} that the simulator is held to, each with its source.`;
    rows.source = { length: shown.length, at: (index) => shown[index] };
    rows.empty = empty("No rule matches");
    replace(["conformance"], { text, status });
  }

  async function load() {
    try {
      all = (await api.getShared("/conformance", {}, signal)).rules;
      const found = [...new Set(all.map((each) => each.status).filter(Boolean))].sort();
      states.replaceChildren(select("Status", [["", "Any status"], ...found], found.includes(status) ? status : "", (value) => { status = value; draw(); }));
      draw();
    } catch (error) {
      if (error.name !== "AbortError") rows.empty = problem(error, load);
    }
  }
  load();
  return { title: "Conformance", node };
}
