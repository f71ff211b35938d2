// What the server and its packs are set to.

import { el, put } from "../dom.js";
import { empty, pageHead, problem, search } from "../ui.js";
import { count, valueText } from "../format.js";
import { line } from "../markdown.js";
import { replace } from "../router.js";

export function page({ api, query, signal }) {
  const content = el("div", { class: "stack" });
  const about = el("span", { text: "What the server and its packs were started with." });
  let found = null;
  let text = query.text || "";
  let changed = query.changed || "";
  const only = el("label", { class: "null-box" }, el("input", { type: "checkbox", checked: Boolean(changed), on: { change: (event) => { changed = event.target.checked ? "true" : ""; draw(); } } }), "Not the default");
  const node = el("div", { class: "page" }, pageHead("Settings", about), el("div", { class: "toolbar", role: "search" }, search("Filter settings", text, (value) => { text = value; draw(); }), only), content);

  function draw() {
    replace(["settings"], { text, changed });
    const wanted = text.toLowerCase();
    const chosen = (list) => list.filter((each) => (!wanted || `${each.name} ${each.about} ${valueText(each.value)}`.toLowerCase().includes(wanted)) && (!changed || differs(each)));
    const groups = [["Server", found.options, (name) => `--${name.replace(/^--/, "").replaceAll("_", "-")}`], ...found.packs.map((pack) => [`Pack ${pack.name}`, pack.settings, (name) => `${pack.name}.${name}`])];
    const shown = groups.map(([title, list, named]) => [title, chosen(list), named]).filter(([, list]) => list.length);
    put(content, shown.length ? shown.map(([title, list, named]) => el("section", { class: "stack", "aria-label": title }, el("h2", {}, title, el("span", { class: "tag", text: String(list.length) })), table(list, named, title))) : empty("No setting matches"));
  }

  async function load() {
    try {
      found = await api.get("/settings", {}, signal);
      about.textContent = `${count(found.options.length + found.packs.reduce((sum, each) => sum + each.settings.length, 0), "setting")} of the server and its packs. Passwords and tokens are never shown.`;
      draw();
    } catch (error) {
      if (error.name !== "AbortError") put(content, problem(error, load));
    }
  }
  load();
  return { title: "Settings", node };
}

const differs = (each) => JSON.stringify(each.value) !== JSON.stringify(each.default);

function table(list, named, title) {
  return el("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": title }, el("table", { class: "settings" }, el("thead", {}, el("tr", {}, ["Setting", "Value", "About"].map((words) => el("th", { scope: "col", text: words })))), el("tbody", {}, list.map((each) => el("tr", {}, el("th", { scope: "row" }, el("code", { text: named(each.name) }), each.type ? el("span", { class: "tag", text: each.type }) : null), el("td", {}, el("code", { text: written(each.value) }), differs(each) ? el("p", { class: "soft", text: `default: ${written(each.default)}` }) : null), el("td", { class: "prose" }, line(each.about)))))));
}

function written(value) {
  if (value === null || value === undefined) return "–";
  return typeof value === "string" ? value || '""' : JSON.stringify(value);
}
