// The pages that packs describe: instances as rows with lamps, progress and buttons, and what belongs to each.

import { debounce, el, perFrame, put } from "../dom.js";
import { button, confirm, empty, lamp, notice, pageHead, problem, problemText, search } from "../ui.js";
import { cimTime, count, mapped, pathParts, shortName, valueText } from "../format.js";
import { part } from "../api.js";
import { PagedSource } from "../rows.js";
import { replace, to, toInstance } from "../router.js";
import { openInvoke } from "./invoke.js";

const MAX_PARTS = 1_000;
const MAX_KEPT = 5_000;
const SOON = 150;

export function page(context) {
  const { api, parts, signal } = context;
  const list = el("nav", { class: "page-list", "aria-label": "Pages of packs" });
  const content = el("div", { class: "fill" }, pageHead("Systems", " "));
  const node = el("div", { class: "page full systems" }, list, content);
  let pages = [];
  let inner = null;

  async function load() {
    try {
      pages = (await api.get("/pages", {}, signal)).pages;
      if (!pages.length) {
        put(content, pageHead("Systems", "Pages that packs describe."), empty("No pack describes a page", "A [[page]] in pack.toml says which class is a row, which properties are columns, and which methods are buttons: ", el("a", { href: "#/documents/packs", text: "Packs" })));
        return;
      }
      choose(parts);
    } catch (error) {
      if (error.name !== "AbortError") put(content, pageHead("Systems", " "), problem(error, load));
    }
  }

  function choose([pack, name, chosen]) {
    const found = pages.find((each) => each.pack === pack && each.page.name === name) || pages[0];
    if (inner?.key === found) return;
    inner?.abort.abort();
    inner = { key: found, abort: new AbortController() };
    signal.addEventListener("abort", () => inner.abort.abort());
    put(list, pages.map((each) => el("a", { href: to(["systems", each.pack, each.page.name]), "aria-current": each === found ? "page" : null, title: each.pack_title }, el("span", { class: "pack", text: each.pack }), el("span", { text: each.page.title }))));
    list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    document.title = `${found.page.title} · cimsim`;
    put(content, system({ ...context, signal: inner.abort.signal, pack: found.pack, described: found.page, chosen: chosen || "" }));
  }

  load();
  return {
    title: "Systems",
    node,
    update(next) {
      if (pages.length) choose(next);
      return pages.length > 0;
    },
  };
}

function system({ app, api, signal, pack, described, chosen, query }) {
  const rows = document.createElement("cs-rows");
  const about = el("span", { text: described.about || " " });
  const total = el("span", { class: "soft", "aria-live": "polite", text: " " });
  const split = el("div", { class: "split side" }, rows);
  const { namespace } = described;
  const state = { sort: described.sort || "", descending: false, text: query.text || "" };
  const parts = described.part.map((each) => ({ ...each, rows: new Map(), cls: null }));
  let cls = null;
  let path = chosen;
  let detail = null;
  let detailed = null;

  const filtered = () => {
    const conditions = described.where ? [`(${described.where})`] : [];
    const wanted = state.text.trim();
    const texts = cls.properties.filter((each) => each.type === "string" && !each.array && described.column.some((column) => same(column.property, each.name)));
    if (wanted && texts.length) conditions.push(`(${texts.map((each) => `${each.name} LIKE '%${quoted(wanted)}%'`).join(" OR ")})`);
    return conditions.join(" AND ");
  };
  const source = new PagedSource(async (offset, limit, current) => {
    cls ||= await app.classOf(namespace, described.class);
    const answer = await api.get(`/namespaces/${part(namespace)}/classes/${part(described.class)}/instances`, { offset, limit, sort: state.sort, descending: state.descending || "", where: filtered(), deep: true }, signal);
    const found = await Promise.all(parts.filter((each) => each.in_row).map((each) => loadPart(each, answer.instances)));
    // What was asked for before and comes later is old.
    if (current()) found.forEach((keep) => keep());
    return { total: answer.total, items: answer.instances };
  });

  rows.label = described.title;
  rows.classList.add("tall");
  rows.keyOf = (item) => item.path;
  rows.empty = empty("…");

  function columns() {
    const first = described.column.map((column, place) => ({
      title: column.title || column.property,
      name: column.property,
      width: place ? (column.show === "progress" ? "minmax(9rem, 1.4fr)" : "minmax(6rem, 1fr)") : "minmax(7rem, 1.3fr)",
      from: place > 1 ? 380 + place * 170 : 0,
      render: (item) => shown(column, cls, item),
    }));
    const strips = parts.filter((each) => each.in_row).map((each, place) => ({ title: each.title, width: "minmax(5rem, 0.8fr)", from: 620 + place * 160, render: (item) => strip(each, item) }));
    const buttons = described.button.length ? [{ title: "", about: "Actions", width: `${Math.min(20, described.button.length * 4.6)}rem`, from: 900, render: (item) => actions(described.button, cls, item) }] : [];
    return [...first.slice(0, 2), ...strips, ...first.slice(2), ...buttons];
  }

  function actions(buttons, of, item) {
    return el("div", { class: "row-actions" }, buttons.map((each) => {
      const allowed = Object.entries(each.when || {}).every(([name, values]) => values.some((value) => equal(value, valueOf(item, name))));
      const node = button(each.title || each.method, () => press(each, of, item), { kind: "small", disabled: !allowed, label: `${each.title || each.method} ${shortLabel(item)}` });
      return node;
    }));
  }

  async function press(each, of, item) {
    const title = each.title || each.method;
    if (each.ask.length) {
      openInvoke({ api, target: { path: item.path }, methods: of.methods.filter((one) => same(one.name, each.method)), title: shortLabel(item), given: each.parameters, only: each.ask });
      return;
    }
    const call = async () => {
      const answer = await api.post("/invoke", { path: item.path, method: each.method, parameters: each.parameters });
      const good = [0, 4096, "0", "4096", true].includes(answer.returned);
      notice(`${title} ${shortLabel(item)}: returns ${answer.returned ?? "NULL"}${answer.text ? `, ${answer.text}` : ""}`, good ? "good" : "bad");
    };
    if (each.confirm) confirm(`${title} ${shortLabel(item)}?`, each.confirm, title, call);
    else await call();
  }

  function strip(each, item) {
    const found = of(each, item);
    const column = each.column.find((one) => one.show === "lamp");
    if (!found.length) return el("span", { class: "soft", text: "–" });
    const lamps = found.slice(0, 12).map((one) => {
      const value = column ? valueOf(one, column.property) : null;
      return lamp(column ? colorOf(column, value) : "none", `${valueText(valueOf(one, each.column[0].property))}${column ? `: ${column.title || column.property} ${wordsOf(column, each.cls, value)}` : ""}`, { bare: true });
    });
    return el("span", { class: "lamps" }, lamps, found.length > 12 ? el("span", { class: "soft", text: `+${found.length - 12}` }) : null);
  }

  function keyOf(each, item) {
    return Object.values(each.match).map((name) => String(valueOf(item, name)).toLowerCase()).join("\n");
  }

  function of(each, item) {
    return each.rows.get(keyOf(each, item)) || [];
  }

  /** Get what belongs to rows: what belongs to all may be too much. Returns what keeps it. */
  async function loadPart(each, items) {
    const pairs = Object.entries(each.match);
    const wanted = items.map((item) => pairs.map(([own, name]) => [own, valueOf(item, name)])).filter((values) => values.every(([, value]) => value !== null && value !== undefined));
    each.cls ||= await app.classOf(namespace, each.class);
    const grouped = new Map();
    if (wanted.length) {
      const where = wanted.map((values) => values.map(([name, value]) => `${name} = ${literal(value)}`).join(" AND ")).join(" OR ");
      const answer = await api.get(`/namespaces/${part(namespace)}/classes/${part(each.class)}/instances`, { limit: MAX_PARTS, deep: true, where }, signal);
      for (const one of answer.instances) {
        const key = pairs.map(([name]) => String(valueOf(one, name)).toLowerCase()).join("\n");
        if (!grouped.has(key)) grouped.set(key, []);
        grouped.get(key).push(one);
      }
    }
    return () => {
      if (each.rows.size > MAX_KEPT) each.rows.clear();
      for (const item of items) {
        const key = keyOf(each, item);
        each.rows.set(key, grouped.get(key) || []);
      }
    };
  }

  function open(item) {
    path = path === item.path ? "" : item.path;
    address();
    detailed = item;
    drawDetail(item);
    return path ? loadDetail(item) : null;
  }

  /** Get what belongs to the open row and is not in the row itself. */
  async function loadDetail(item) {
    const others = parts.filter((each) => !each.in_row);
    if (!others.length) return;
    try {
      const found = await Promise.all(others.map((each) => loadPart(each, [item])));
      if (path !== item.path || item !== detailed) return;
      found.forEach((keep) => keep());
      drawDetail(item);
    } catch (error) {
      if (error.name !== "AbortError") notice(problemText(error), "bad");
    }
  }

  function address() {
    replace(["systems", pack, described.name, ...(path ? [path] : [])], { text: state.text });
  }

  function drawDetail(item) {
    const focused = detail?.contains(document.activeElement) ? [...detail.querySelectorAll("button, a")].indexOf(document.activeElement) : -1;
    const top = detail?.scrollTop || 0;
    makeDetail(item);
    if (!detail) return;
    detail.scrollTop = top;
    if (focused >= 0) detail.querySelectorAll("button, a")[focused]?.focus();
  }

  function makeDetail(item) {
    rows.selected = path || null;
    split.classList.toggle("open", Boolean(path));
    detail?.remove();
    detail = null;
    if (!path || !item) return;
    detail = el(
      "section",
      { class: "detail card", "aria-label": shortLabel(item) },
      el("header", { class: "exchange-head" }, el("h2", { text: shortLabel(item) }), el("a", { href: toInstance(item.path), class: "button small" }, "Open instance"), button("", () => { path = ""; address(); drawDetail(null); rows.focus(); }, { icon: "close", kind: "quiet", label: "Close" })),
      described.button.length ? actions(described.button, cls, item) : null,
      el("dl", { class: "pairs" }, described.column.map((column) => el("div", {}, el("dt", { text: column.title || column.property }), el("dd", {}, shown(column, cls, item))))),
      parts.map((each) => el("div", { class: "stack" }, el("h3", { text: each.title }), partTable(each, of(each, item)))),
    );
    split.append(detail);
  }

  function partTable(each, found) {
    if (!found.length) return el("p", { class: "soft", text: "None" });
    return el("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": each.title }, el("table", {}, el("thead", {}, el("tr", {}, each.column.map((column) => el("th", { scope: "col", text: column.title || column.property })), each.button.length ? el("th", { scope: "col" }, el("span", { class: "unseen", text: "Actions" })) : null)), el("tbody", {}, found.map((one) => el("tr", {}, each.column.map((column, place) => (place ? el("td", {}, shown(column, each.cls, one)) : el("th", { scope: "row" }, el("a", { href: toInstance(one.path) }, shown(column, each.cls, one))))), each.button.length ? el("td", { class: "nowrap" }, actions(each.button, each.cls, one)) : null)))));
  }

  function shortLabel(item) {
    const first = described.column[0].property;
    const value = valueOf(item, "ElementName") ?? valueOf(item, "DisplayName") ?? valueOf(item, first);
    return value ? valueText(value) : shortName(item.path);
  }

  const drawAgain = perFrame(() => {
    total.textContent = count(source.length, "row");
    rows.empty = empty(state.text ? "No row matches" : "There are no rows");
    rows.refresh();
    if (path) {
      for (let index = 0; index < Math.min(source.length, 2_000); index += 1) {
        const item = source.at(index);
        if (item?.path === path) {
          drawDetail(item);
          if (item !== detailed) {
            detailed = item;
            loadDetail(item);
          }
          break;
        }
      }
    }
  });
  source.onchange = drawAgain;
  source.onerror = (error) => error.name === "AbortError" || (rows.empty = problem(error, reload));

  async function reload() {
    try {
      cls ||= await app.classOf(namespace, described.class);
      await Promise.all(parts.map(async (each) => { each.cls ||= await app.classOf(namespace, each.class); }));
      rows.columns = columns();
      await source.reload();
      if (rows.source !== source) rows.source = source;
      rows.refresh({ anew: true });
    } catch (error) {
      if (error.name !== "AbortError") rows.empty = problem(error, reload);
    }
  }

  rows.addEventListener("sort", (event) => {
    Object.assign(state, { sort: event.detail.name, descending: Boolean(event.detail.descending) });
    rows.sort = { name: state.sort, descending: state.descending };
    rows.toTop();
    source.reload(0);
  });
  rows.addEventListener("open", (event) => open(event.detail));
  const filter = debounce((value) => {
    state.text = value;
    address();
    rows.toTop();
    source.reload(0);
  }, 250);
  const soon = debounce(reload, SOON);
  app.on(signal, "change", (changes) => changes.some((each) => pathParts(each.path).namespace.toLowerCase() === namespace.toLowerCase()) && soon());
  app.on(signal, "snapshots", soon);
  app.on(signal, "clock", soon);
  app.on(signal, "stale", soon);
  rows.sort = { name: state.sort, descending: false };
  reload();
  return [pageHead(described.title, about), el("div", { class: "toolbar", role: "search" }, search("Filter", state.text, filter, "Filter by text"), total), split];
}

/** Return the value of a property of an instance in a list, whatever the case of its name; undefined: it has none. */
export function valueOf(item, name) {
  if (name in item.properties) return item.properties[name];
  const found = Object.keys(item.properties).find((each) => same(each, name));
  return found === undefined ? undefined : item.properties[found];
}

function shown(column, cls, item) {
  const value = valueOf(item, column.property);
  if (column.show === "lamp") return lamp(colorOf(column, value), wordsOf(column, cls, value));
  if (value === null || value === undefined) return el("span", { class: "null", text: "–" });
  if (column.show === "progress") {
    const percent = Math.max(0, Math.min(100, Number(value) || 0));
    return el("span", { class: "progress" }, el("progress", { value: String(percent), max: "100", "aria-label": column.title || column.property }), el("span", { text: `${percent} %` }));
  }
  if (column.show === "time") return cimTime(String(value));
  return wordsOf(column, cls, value);
}

function wordsOf(column, cls, value) {
  if (value === null || value === undefined) return "not known";
  const property = cls?.properties.find((each) => same(each.name, column.property));
  const words = mapped(property, value);
  if (words) return words;
  return value === true ? "yes" : value === false ? "no" : valueText(value);
}

/** Return the color of the lamp of a value: of a column's lamps, else on for true and off for false. */
export function colorOf(column, value) {
  for (const [color, values] of Object.entries(column.lamps || {})) if (values.some((each) => equal(each, value))) return color;
  if (!Object.keys(column.lamps || {}).length && typeof value === "boolean") return value ? "on" : "off";
  return "none";
}

const same = (one, two) => one.toLowerCase() === two.toLowerCase();
const equal = (one, two) => one === two || (two !== null && two !== undefined && String(one).toLowerCase() === String(two).toLowerCase());
const literal = (value) => (typeof value === "number" || typeof value === "boolean" ? String(value).toUpperCase() : `'${String(value).replace(/\\/g, "\\\\").replace(/'/g, "\\'")}'`);
const quoted = (text) => text.replace(/\\/g, "\\\\").replace(/'/g, "\\'").replace(/[%_[\]]/g, (each) => `[${each}]`);
