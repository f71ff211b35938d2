// Snapshots: take, restore, forget, and compare two.

import { debounce, el, put } from "../dom.js";
import { button, card, confirm, empty, lamp, notice, pageHead, problem } from "../ui.js";
import { choice, field, form, text } from "../forms.js";
import { count, dateTime, valueText } from "../format.js";
import { newest, part } from "../api.js";
import { toInstance } from "../router.js";

const LOADED = "";
const NOW = "";
const MAX_SHOWN = 500;

export function page({ app, api, signal }) {
  const list = el("div");
  const fresh = newest(signal);
  const about = el("span", { text: " " });
  const before = choice([[LOADED, "as it was loaded"]]);
  const after = choice([[NOW, "as it is now"]]);
  const result = el("div", { "aria-live": "polite" });
  const taking = form([field("name", "Name", text({ placeholder: "before-upgrade" }), "Letters, digits, _, - and dots. One that exists is replaced.")], "Take snapshot", async (values, node) => {
    await api.put(`/snapshots/${part(values.name.trim() || " ")}`);
    notice(`Snapshot ${values.name.trim()} is taken`);
    node.reset();
    await load();
  }, { key: "snapshot" });
  const comparing = form([el("div", { class: "form-grid" }, field("before", "Before", before), field("after", "After", after))], "Compare", async (values) => compare(values.before, values.after), { kind: "" });
  const node = el("div", { class: "page" }, pageHead("Snapshots", about, button("Reset", () => confirm("Go back to the world as it was loaded?", "All faults and exchanges are forgotten; snapshots are kept.", "Reset", async () => { await api.post("/reset"); notice("The world is as it was loaded"); }), { icon: "replay" })), el("div", { class: "columns" }, card("Take", taking), card("Compare", comparing)), result, card("Kept", list));

  async function load() {
    try {
      const { snapshots } = await api.get("/snapshots", {}, fresh());
      about.textContent = snapshots.length ? `${count(snapshots.length, "snapshot")} kept. A snapshot costs nothing: it is the world as it was.` : "A snapshot keeps the whole world as it is, and costs nothing.";
      options(before, [[LOADED, "as it was loaded"], ...snapshots.map((each) => [each.name, each.name])]);
      options(after, [[NOW, "as it is now"], ...snapshots.map((each) => [each.name, each.name])]);
      put(list, snapshots.length ? el("ul", { class: "entries" }, snapshots.map(entry)) : empty("No snapshots", "Take one before something that you want to undo or compare."));
    } catch (error) {
      if (error.name !== "AbortError") put(list, problem(error, load));
    }
  }

  function entry(each) {
    return el("li", {}, el("div", { class: "entry-text" }, el("strong", { text: each.name }), el("span", { class: "soft", text: ` ${dateTime(each.time)}` })), el("div", { class: "actions" },
      button("Changes since", () => compare(each.name, NOW), { kind: "small", label: `Changes since ${each.name}` }),
      button("Restore", async () => { await api.post(`/snapshots/${part(each.name)}/restore`); notice(`The world is as in ${each.name}`); }, { kind: "small", icon: "replay", label: `Restore ${each.name}` }),
      button("Forget", async () => { await api.delete(`/snapshots/${part(each.name)}`); await load(); }, { kind: "small", icon: "trash", label: `Forget ${each.name}` })));
  }

  async function compare(one, two) {
    const found = await api.get("/diff", { before: one, after: two }, signal);
    const sections = [["on", "created", found.created.map(created)], ["busy", "changed", found.modified.slice(0, MAX_SHOWN).map(changed)], ["failed", "deleted", found.deleted.map((path) => el("li", {}, el("code", { text: path })))]];
    const all = found.created.length + found.modified.length + found.deleted.length;
    put(result, card(`From ${one || "as it was loaded"} to ${two || "as it is now"}`, all ? sections.filter(([, , items]) => items.length).map(([color, words, items]) => el("div", { class: "stack" }, el("h3", {}, lamp(color, `${count(words === "changed" ? found.modified.length : items.length, "instance")} ${words}`)), el("ul", { class: "diff" }, items.slice(0, MAX_SHOWN), items.length > MAX_SHOWN ? el("li", { class: "soft", text: `and ${items.length - MAX_SHOWN} more` }) : null))) : empty("No difference", "Both worlds have the same instances with the same values.")));
    result.scrollIntoView({ block: "nearest" });
  }

  const soon = debounce(load, 200);
  app.on(signal, "snapshots", soon);
  app.on(signal, "stale", soon);
  load();
  return { title: "Snapshots", node };
}

function created(path) {
  return el("li", {}, el("a", { class: "mono", href: toInstance(path), text: path }));
}

function changed(each) {
  return el("li", {}, el("a", { class: "mono", href: toInstance(each.path), text: each.path }), el("dl", { class: "changes" }, Object.entries(each.changes).map(([name, { before, after }]) => el("div", {}, el("dt", { text: name }), el("dd", {}, el("del", { text: valueText(before) }), el("span", { class: "mark", "aria-label": "becomes", role: "img", text: " → " }), el("ins", { text: valueText(after) }))))));
}

function options(node, pairs) {
  const chosen = node.value;
  put(node, pairs.map(([value, words]) => el("option", { value, text: words })));
  node.value = pairs.some(([value]) => value === chosen) ? chosen : pairs[0][0];
}
