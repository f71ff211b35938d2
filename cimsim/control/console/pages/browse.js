// Namespaces, the classes of one, and one class with its instances.

import { debounce, el, put } from "../dom.js";
import { button, card, empty, facts, pageHead, problem, search, tabs } from "../ui.js";
import { count, mapped, pathParts, shortName, valueText } from "../format.js";
import { mofView } from "../xml.js";
import { form, LEFT_OUT, valueField } from "../forms.js";
import { notice, openDialog } from "../ui.js";
import { part } from "../api.js";
import { PagedSource } from "../rows.js";
import { replace, to, toInstance } from "../router.js";
import { openInvoke } from "./invoke.js";

const MAX_COLUMNS = 6;

export function page(context) {
  const { parts } = context;
  if (!parts.length) return namespaces(context);
  return parts.length === 1 ? classes(context) : oneClass(context);
}

/** Return links from the browser down to something. */
export function crumbs(...steps) {
  return el("nav", { class: "crumbs", "aria-label": "Path" }, el("ol", {}, steps.map(([text, href]) => el("li", {}, href ? el("a", { href, text }) : el("span", { text, "aria-current": "page" })))));
}

function namespaces({ api, signal }) {
  const list = el("div", { class: "cards" });
  const node = el("div", { class: "page" }, pageHead("Browser", "The namespaces of this CIMOM, their classes and instances."), list);
  async function load() {
    try {
      const found = (await api.get("/namespaces", {}, signal)).namespaces;
      put(list, found.map((each) => el("a", { class: "card tile", href: to(["browse", each.name]) }, el("strong", { text: each.name }), el("span", { class: "soft", text: `${count(each.classes, "class", "classes")} · ${count(each.instances, "instance")}` }))));
    } catch (error) {
      if (error.name !== "AbortError") put(list, problem(error, load));
    }
  }
  load();
  return { title: "Browser", node };
}

function classes({ api, parts, query, signal }) {
  const namespace = parts[0];
  const rows = document.createElement("cs-rows");
  const about = el("span", { text: " " });
  const problems = el("div");
  let all = [];
  let shown = [];
  let text = query.text || "";
  let only = query.only || "";
  rows.label = `Classes of ${namespace}`;
  rows.columns = [
    { title: "Class", width: "minmax(12rem, 2fr)", render: (item) => el("a", { href: to(["browse", namespace, item.name]), text: item.name, css: { "padding-left": `${text || only ? 0 : Math.min(item.depth, 8) * 1.1}rem` } }) },
    { title: "Superclass", width: "minmax(8rem, 1.3fr)", from: 760, render: (item) => item.superclass || "" },
    { title: "Kind", width: "11rem", from: 560, render: (item) => [item.abstract ? el("span", { class: "tag", text: "abstract" }) : null, item.association ? el("span", { class: "tag info", text: "association" }) : null, item.indication ? el("span", { class: "tag warn", text: "indication" }) : null] },
    { title: "Instances", width: "6rem", align: "end", render: (item) => (item.deep_instances ? String(item.instances) : "") },
    { title: "With subclasses", width: "8rem", align: "end", from: 640, render: (item) => (item.deep_instances ? String(item.deep_instances) : "") },
  ];
  rows.addEventListener("open", (event) => { location.hash = to(["browse", namespace, event.detail.name]); });
  const populated = button("With instances", () => { only = only ? "" : "instances"; populated.setAttribute("aria-pressed", String(Boolean(only))); filter(); });
  populated.setAttribute("aria-pressed", String(Boolean(only)));
  const node = el("div", { class: "page full" }, crumbs(["Namespaces", "#/browse"], [namespace]), pageHead(namespace, about), el("div", { class: "toolbar", role: "search" }, search("Filter classes", text, (value) => { text = value; filter(); }, "Filter classes by name"), populated), problems, rows);
  function filter() {
    const wanted = text.toLowerCase();
    shown = all.filter((each) => (!wanted || each.name.toLowerCase().includes(wanted)) && (!only || each.deep_instances));
    rows.source = { get length() { return shown.length; }, at: (index) => shown[index] };
    rows.empty = empty(all.length ? "No class matches" : "There are no classes");
    rows.refresh({ anew: true });
    replace(["browse", namespace], { text, only });
  }
  async function load() {
    try {
      all = asTree((await api.get(`/namespaces/${part(namespace)}/classes`, {}, signal)).classes);
      about.textContent = `${count(all.length, "class", "classes")}, ${all.filter((each) => each.instances).length} with instances of their own`;
      put(problems);
      filter();
    } catch (error) {
      if (error.name !== "AbortError") put(problems, problem(error, load));
    }
  }
  load();
  return { title: namespace, node };
}

/** Return classes with each below its superclass, and how deep it lies. */
function asTree(found) {
  const names = new Set(found.map((each) => each.name.toLowerCase()));
  const below = new Map();
  for (const each of found) {
    const parent = each.superclass && names.has(each.superclass.toLowerCase()) ? each.superclass.toLowerCase() : "";
    if (!below.has(parent)) below.set(parent, []);
    below.get(parent).push(each);
  }
  const ordered = [];
  const waiting = (below.get("") || []).slice().sort(byName).reverse().map((each) => [each, 0]);
  while (waiting.length) {
    const [each, depth] = waiting.pop();
    ordered.push({ ...each, depth });
    waiting.push(...(below.get(each.name.toLowerCase()) || []).slice().sort(byName).reverse().map((child) => [child, depth + 1]));
  }
  // Whatever the superclasses say, each class is there.
  const reached = new Set(ordered.map((each) => each.name));
  return ordered.concat(found.filter((each) => !reached.has(each.name)).map((each) => ({ ...each, depth: 0 })));
}

const byName = (one, two) => (one.name.toLowerCase() < two.name.toLowerCase() ? -1 : 1);

function oneClass({ app, api, parts, query, signal }) {
  const [namespace, name] = parts;
  const content = el("div", { class: "fill" });
  const head = el("div");
  const node = el("div", { class: "page full class-page" }, crumbs(["Namespaces", "#/browse"], [namespace, to(["browse", namespace])], [name]), head, content);
  put(head, pageHead(name, " "));
  async function load() {
    try {
      const found = await app.classOf(namespace, name);
      if (signal.aborted) return;
      draw(found);
    } catch (error) {
      if (!signal.aborted) put(content, problem(error, load));
    }
  }
  function draw(found) {
    const names = ["instances", "properties", "methods", "qualifiers", "hierarchy", "mof"];
    const kinds = [found.abstract && "abstract", found.association && "association", found.indication && "indication"].filter(Boolean);
    put(head, pageHead(found.name, found.description || " ", kinds.map((kind) => el("span", { class: "tag", text: kind })), found.methods.some((each) => each.static) ? button("Static methods", () => openStatic(found), { icon: "play" }) : null, found.abstract ? null : button("New instance", () => openCreate(found), { icon: "plus" })));
    const entries = [
      ["Instances", () => instances(found)],
      [`Properties ${found.properties.length}`, () => properties(found)],
      [`Methods ${found.methods.length}`, () => methods(found)],
      ["Qualifiers", () => qualifiers(found.qualifiers)],
      ["Hierarchy", () => hierarchy(found)],
      ["MOF", () => mofView(found.mof, `MOF of ${found.name}`)],
    ];
    put(content, tabs("Parts of the class", entries, Math.max(0, names.indexOf(query.tab)), (place) => replace(["browse", namespace, name], { ...query, tab: place ? names[place] : "" })));
  }

  const openStatic = (found) => openInvoke({ api, target: { namespace, classname: found.name }, methods: found.methods.filter((each) => each.static), title: found.name });

  function openCreate(found) {
    const writable = found.properties.map((each) => ({ each, field: valueField({ ...each, required: false }, each.default ?? undefined, { optional: true }) }));
    const node = form([el("div", { class: "form-grid" }, writable.map(({ field }) => field.node))], "Create", async () => {
      const properties = {};
      for (const { each, field } of writable) {
        const value = field.read();
        if (value !== LEFT_OUT) properties[each.name] = value;
      }
      const made = await api.post(`/namespaces/${part(namespace)}/classes/${part(found.name)}/instances`, { properties });
      notice(`Created ${shortName(made.path)}`);
      dialog.close();
      location.hash = toInstance(made.path);
    }, { key: `create.${namespace}.${found.name}` });
    const dialog = openDialog(`New instance of ${found.name}`, node);
  }

  function instances(found) {
    const rows = document.createElement("cs-rows");
    const state = { sort: query.sort || "", descending: query.descending === "true", where: query.where || "" };
    const total = el("span", { class: "soft", "aria-live": "polite", text: " " });
    const source = new PagedSource(async (offset, limit) => {
      const answer = await api.get(`/namespaces/${part(namespace)}/classes/${part(found.name)}/instances`, { offset, limit, sort: state.sort, descending: state.descending || "", where: state.where, deep: true }, signal);
      return { total: answer.total, items: answer.instances };
    });
    const shown = chosenColumns(found);
    rows.label = `Instances of ${found.name}`;
    rows.columns = [
      { title: "Instance", width: "minmax(10rem, 1.6fr)", render: (item) => el("a", { href: toInstance(item.path), text: shortName(item.path), title: item.path }) },
      ...shown.map((each, place) => ({ title: each.name, name: each.name, width: "minmax(6rem, 1fr)", from: 420 + place * 150, render: (item) => shownValue(each, item.properties[each.name]) })),
      { title: "Class", width: "minmax(8rem, 1fr)", from: 900, render: (item) => item.classname },
    ];
    rows.sort = { name: state.sort, descending: state.descending };
    rows.source = source;
    rows.empty = empty("…");
    const errors = el("p", { class: "field-error", id: "where-error", role: "alert" });
    source.onchange = () => {
      total.textContent = count(source.length, "instance");
      rows.empty = empty(state.where ? "No instance matches the condition" : "There are no instances");
      rows.refresh();
    };
    source.onerror = (error) => {
      if (error.name === "AbortError") return;
      if (/^where$/i.test(error.field)) {
        put(errors, `${error.message}${error.column ? ` (column ${error.column})` : ""}`);
        where.setAttribute("aria-invalid", "true");
      } else rows.empty = problem(error, () => source.reload());
    };
    const apply = debounce(() => {
      put(errors);
      where.removeAttribute("aria-invalid");
      state.where = where.value.trim();
      query.where = state.where;
      replace(["browse", namespace, name], query);
      rows.toTop();
      source.reload(0);
    }, 350);
    const where = search("Condition in WQL", state.where, apply, "Filter by a condition in WQL: EnabledState = 2 AND Name LIKE '%web%'");
    where.setAttribute("aria-describedby", "where-error");
    rows.addEventListener("sort", (event) => {
      Object.assign(state, { sort: event.detail.name, descending: Boolean(event.detail.descending) });
      Object.assign(query, { sort: state.sort, descending: state.descending ? "true" : "" });
      rows.sort = { name: state.sort, descending: state.descending };
      replace(["browse", namespace, name], query);
      rows.toTop();
      source.reload(0);
    });
    rows.addEventListener("open", (event) => { location.hash = toInstance(event.detail.path); });
    const soon = debounce(() => source.reload(), 400);
    app.on(signal, "change", (changes) => changes.some((each) => pathParts(each.path).namespace.toLowerCase() === namespace.toLowerCase()) && soon());
    app.on(signal, "snapshots", soon);
    app.on(signal, "stale", soon);
    return el("div", { class: "fill" }, el("div", { class: "toolbar", role: "search" }, where, total), errors, rows);
  }

  load();
  return { title: name, node };
}

/** Return the properties that tell most about the instances of a class. */
export function chosenColumns(found) {
  const preferred = ["ElementName", "Name", "Caption", "EnabledState", "State", "Started", "OperationalStatus", "HealthState", "Status", "Description", "InstanceID"];
  const rank = (each) => (preferred.includes(each.name) ? preferred.indexOf(each.name) : each.key ? 20 : 50);
  return found.properties.filter((each) => !/^(System)?CreationClassName$/.test(each.name)).map((each, place) => [rank(each) + place / 1000, each]).sort(([one], [two]) => one - two).slice(0, MAX_COLUMNS).map(([, each]) => each);
}

function shownValue(element, value) {
  if (value === null || value === undefined) return el("span", { class: "null", text: "NULL" });
  const words = mapped(element, value);
  return words ? `${valueText(value)} ${words}` : valueText(value);
}

function typeText(each) {
  return `${each.type === "reference" ? `${each.reference_class || "object"} REF` : each.type}${each.array ? "[]" : ""}`;
}

function properties(found) {
  if (!found.properties.length) return empty("The class has no properties");
  return el("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": "Properties" }, el("table", {}, el("thead", {}, el("tr", {}, ["Property", "Type", "Origin", "About"].map((text) => el("th", { scope: "col", text })))), el("tbody", {}, found.properties.map((each) => el("tr", {}, el("th", { scope: "row" }, each.name, each.key ? el("span", { class: "tag info", text: "key" }) : null, each.writable ? el("span", { class: "tag good", text: "write" }) : null), el("td", {}, el("code", { text: typeText(each) })), el("td", { class: "soft", text: each.origin }), el("td", {}, each.description, valueWords(each), each.default === null || each.default === undefined ? null : el("p", { class: "soft", text: `Default: ${valueText(each.default)}` })))))));
}

function valueWords(each) {
  if (!each.values?.length) return null;
  return el("details", {}, el("summary", { text: count(each.values.length, "value") }), el("ul", { class: "value-list" }, each.values.map((word, place) => el("li", {}, el("code", { text: each.value_map?.[place] ?? String(place) }), ` ${word}`))));
}

function methods(found) {
  if (!found.methods.length) return empty("The class has no methods");
  return el("div", { class: "stack" }, found.methods.map((each) => card(each.name,
    el("p", {}, el("code", { text: `${each.returns} ${each.name}(${each.parameters.map((one) => `${typeText(one)} ${one.name}`).join(", ")})` }), each.static ? el("span", { class: "tag", text: "static" }) : null, el("span", { class: `tag ${each.provided ? "good" : "warn"}`, text: each.provided ? "has a provider" : "no provider" })),
    each.description ? el("p", { text: each.description }) : null,
    each.parameters.length ? el("dl", { class: "parameters" }, each.parameters.map((one) => el("div", {}, el("dt", {}, el("code", { text: one.name }), el("span", { class: "tag", text: [one.input && "in", one.output && "out"].filter(Boolean).join(", ") }), one.required ? el("span", { class: "tag warn", text: "required" }) : null), el("dd", {}, one.description, valueWords(one))))) : null,
    each.values?.length ? el("div", {}, el("h3", { text: "Returns" }), valueWords(each)) : null)));
}

function qualifiers(list) {
  if (!list.length) return empty("The class has no qualifiers");
  return el("dl", { class: "parameters" }, list.map((each) => el("div", {}, el("dt", {}, el("code", { text: each.name })), el("dd", { text: valueText(each.value) }))));
}

function hierarchy(found) {
  const { namespace } = found;
  const space = namespace || parseNamespace();
  const link = (name) => el("a", { href: to(["browse", space, name]), text: name });
  const up = [...found.superclasses].reverse();
  return el("div", { class: "hierarchy" },
    el("ol", {}, up.map((name, depth) => el("li", { css: { "padding-left": `${depth * 1.2}rem` } }, link(name))), el("li", { class: "here", css: { "padding-left": `${up.length * 1.2}rem` } }, el("strong", { text: found.name })), found.subclasses.map((name) => el("li", { css: { "padding-left": `${(up.length + 1) * 1.2}rem` } }, link(name)))),
    facts([["Superclasses", String(up.length)], ["Direct subclasses", String(found.subclasses.length)]]));
}

function parseNamespace() {
  return decodeURIComponent(location.hash.split("/")[2] || "").split("?")[0];
}
