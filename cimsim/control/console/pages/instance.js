// One instance: its values, what may be edited, its methods, its associations as a graph, its MOF.

import { debounce, el, put } from "../dom.js";
import { button, confirm, empty, notice, openDialog, pageHead, problem, search, tabs } from "../ui.js";
import { form, valueField, valueNodes } from "../forms.js";
import { count, pathParts, shortName, titleOf } from "../format.js";
import { mofView } from "../xml.js";
import { newest } from "../api.js";
import { replace, to, toInstance } from "../router.js";
import { crumbs } from "./browse.js";
import { openInvoke } from "./invoke.js";
import { graph } from "./graph.js";

const TABS = ["values", "associations", "mof"];

export function page({ app, api, query, signal }) {
  const path = query.path || "";
  const { namespace, classname } = pathParts(path);
  const head = el("div", {}, pageHead(shortName(path), " "));
  const content = el("div", { class: "stack" });
  const node = el("div", { class: "page" }, crumbs(["Namespaces", "#/browse"], [namespace, to(["browse", namespace])], [classname, to(["browse", namespace, classname])], [shortName(path)]), head, content);
  const fresh = newest(signal);
  let found = null;
  let described = null;
  let values = null;
  let showAll = sessionStorage.getItem("cimsim.nulls") === "true";
  let text = "";

  async function load() {
    try {
      [found, described] = await Promise.all([api.get("/instance", { path }, fresh()), app.classOf(namespace, classname)]);
      draw();
    } catch (error) {
      if (error.name !== "AbortError") put(content, problem(error, load));
    }
  }

  async function reload() {
    try {
      found = await api.get("/instance", { path }, fresh());
      drawValues();
    } catch (error) {
      if (error.status === 404) put(content, empty("The instance is gone", "It has been deleted. ", el("a", { href: to(["browse", namespace, classname]), text: `Instances of ${classname}` })));
    }
  }

  function draw() {
    const methods = described.methods;
    const title = titleOf(found);
    document.title = `${title} · cimsim`;
    put(head, pageHead(title, el("code", { text: found.path }),
      methods.length ? button("Call a method", () => openInvoke({ api, target: { path: found.path }, methods, title, done: reload }), { icon: "play", kind: "main" }) : null,
      button("Edit", edit, { icon: "settings" }),
      button("Delete", remove, { icon: "trash", kind: "danger" })));
    values = el("div", { class: "stack" });
    const entries = [
      ["Values", () => { drawValues(); return values; }],
      ["Associations", () => graph({ api, path: found.path, title, signal })],
      ["MOF", () => mofView(found.mof, `MOF of ${title}`)],
    ];
    put(content, tabs("Parts of the instance", entries, Math.max(0, TABS.indexOf(query.tab)), (place) => replace(["instance"], { path, tab: place ? TABS[place] : "" })));
  }

  let table = null;
  function drawValues() {
    if (!table) {
      table = el("div");
      const all = el("label", { class: "null-box" }, el("input", { type: "checkbox", checked: showAll, on: { change: (event) => { showAll = event.target.checked; sessionStorage.setItem("cimsim.nulls", String(showAll)); drawTable(); } } }), "NULL values");
      put(values, el("div", { class: "toolbar" }, search("Filter properties", text, (value) => { text = value; drawTable(); }), all), table);
    }
    drawTable();
  }

  function drawTable() {
    const wanted = text.toLowerCase();
    const rows = found.properties.filter((each) => (showAll || each.value !== null) && (!wanted || each.name.toLowerCase().includes(wanted) || String(each.value).toLowerCase().includes(wanted)));
    const hidden = found.properties.length - rows.length;
    put(table, rows.length ? el("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": "Values" }, el("table", { class: "values" }, el("thead", {}, el("tr", {}, ["Property", "Value", "Type"].map((each) => el("th", { scope: "col", text: each })))), el("tbody", {}, rows.map(row)))) : empty("No property matches"), hidden ? el("p", { class: "soft", text: `${count(hidden, "property is", "properties are")} not shown` }) : null);
  }

  function row(each) {
    const declared = described.properties.find((one) => one.name === each.name);
    const shown = each.type === "reference" && typeof each.value === "string" ? el("a", { href: toInstance(each.value), text: each.value }) : valueNodes({ ...declared, values: declared?.values }, each.value);
    return el("tr", {}, el("th", { scope: "row", title: declared?.description }, each.name, each.key ? el("span", { class: "tag info", text: "key" }) : null, each.writable ? el("span", { class: "tag good", text: "write" }) : null), el("td", {}, shown, each.text && !declared?.values?.length ? el("span", { class: "words", text: each.text }) : null), el("td", {}, el("code", { class: "soft", text: `${each.type}${each.array ? "[]" : ""}` })));
  }

  function edit() {
    const editable = found.properties.filter((each) => !each.key);
    const fields = editable.map((each) => ({ each, field: valueField({ ...described.properties.find((one) => one.name === each.name), ...each, key: false, required: false }, each.value) }));
    const writable = fields.filter(({ each }) => each.writable);
    const others = fields.filter(({ each }) => !each.writable);
    const node = form(
      [
        writable.length ? el("div", { class: "form-grid" }, writable.map(({ field }) => field.node)) : el("p", { class: "soft", text: "The class has no property with the qualifier Write. Where the pack does not enforce it, others can be changed." }),
        el("details", { open: !writable.length }, el("summary", { text: `${count(others.length, "property", "properties")} without Write` }), el("div", { class: "form-grid" }, others.map(({ field }) => field.node))),
      ],
      "Save",
      async () => {
        const properties = {};
        for (const { each, field } of fields) {
          const value = field.read();
          if (JSON.stringify(value) !== JSON.stringify(each.value)) properties[each.name] = value;
        }
        const changed = Object.keys(properties).length;
        if (changed) await api.patch("/instance", { properties }, { path: found.path });
        notice(changed ? `Changed ${Object.keys(properties).join(", ")}` : "Nothing to change");
        dialog.close();
        await reload();
      },
      { key: `edit.${found.path}` },
    );
    const dialog = openDialog(`Edit ${shortName(found.path)}`, node);
  }

  function remove() {
    confirm("Delete the instance?", `${found.path} is deleted as a client would delete it. A snapshot taken before brings it back.`, "Delete", async () => {
      await api.delete("/instance", { path: found.path });
      notice(`Deleted ${shortName(found.path)}`);
      location.hash = to(["browse", namespace, classname]);
    });
  }

  const soon = debounce(reload, 200);
  app.on(signal, "change", (changes) => found && changes.some((each) => same(each.path, found.path)) && soon());
  app.on(signal, "snapshots", soon);
  app.on(signal, "stale", () => (found ? soon() : load()));
  load();
  return { title: shortName(path), node };
}

const same = (one, two) => one.toLowerCase() === two.toLowerCase();
