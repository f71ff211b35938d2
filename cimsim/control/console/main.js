// The frame of the console: navigation, what is always in view, and the page that the address asks for.

import { Api, Refused } from "./api.js";
import { Live } from "./events.js";
import { ExchangeLog } from "./exchange_log.js";
import { debounce, el, perFrame, put } from "./dom.js";
import { button, icon, lamp, notice, pageHead, problem, problemText, select } from "./ui.js";
import { parse, to } from "./router.js";
import "./rows.js";

const PAGES = [
  ["", [["overview", "Overview", "home"], ["exchanges", "Exchanges", "exchanges"], ["systems", "Systems", "system"]]],
  ["Model", [["browse", "Browser", "browse"], ["query", "Query", "query"]]],
  ["Control", [["clock", "Clock", "clock"], ["faults", "Faults", "fault"], ["snapshots", "Snapshots", "snapshot"], ["subscriptions", "Subscriptions", "bell"]]],
  ["Reference", [["settings", "Settings", "settings"], ["conformance", "Conformance", "rules"], ["documents", "Documentation", "book"]]],
];
const MODULES = {
  overview: () => import("./pages/overview.js"),
  exchanges: () => import("./pages/exchanges.js"),
  systems: () => import("./pages/systems.js"),
  browse: () => import("./pages/browse.js"),
  instance: () => import("./pages/instance.js"),
  query: () => import("./pages/query.js"),
  clock: () => import("./pages/clock.js"),
  faults: () => import("./pages/faults.js"),
  snapshots: () => import("./pages/snapshots.js"),
  subscriptions: () => import("./pages/subscriptions.js"),
  settings: () => import("./pages/settings.js"),
  conformance: () => import("./pages/conformance.js"),
  documents: () => import("./pages/documents.js"),
  login: () => import("./pages/login.js"),
};
const THEMES = [["auto", "as the system"], ["light", "light"], ["dark", "dark"]];
const CATCH_UP = 1_000;

/** What pages share: the API, live events, the exchanges, the state of the clock, and a cache of classes. */
class App {
  api = new Api();
  live = new Live(this.api);
  log = new ExchangeLog();
  clock = null;
  instance = "";
  cimoms = [];
  #classes = new Map();
  #listeners = new Set();

  /** Return the description of a class; asked for once. */
  classOf(namespace, name) {
    const key = `${this.api.cimom}|${namespace}|${name}`.toLowerCase();
    if (!this.#classes.has(key)) {
      if (this.#classes.size > 300) this.#classes.clear();
      const asked = this.api.get(`/namespaces/${encodeURIComponent(namespace)}/classes/${encodeURIComponent(name)}`);
      asked.catch(() => this.#classes.delete(key));
      this.#classes.set(key, asked);
    }
    return this.#classes.get(key);
  }

  forgetClasses() {
    this.#classes.clear();
  }

  /** Listen to events of `live` until the page is left. */
  on(signal, kind, call) {
    this.live.addEventListener(kind, (event) => call(event.detail), { signal });
  }

  /** Be called when the clock has changed. */
  onClock(signal, call) {
    this.#listeners.add(call);
    signal.addEventListener("abort", () => this.#listeners.delete(call));
    if (this.clock) call(this.clock);
  }

  setClock(clock) {
    this.clock = { ...clock, seen: performance.now() };
    this.#listeners.forEach((call) => call(this.clock));
  }

  /** Return the time of the clock now, in milliseconds: a clock that runs goes on between its states. */
  now() {
    if (!this.clock) return NaN;
    return Date.parse(this.clock.now) + (this.clock.running ? performance.now() - this.clock.seen : 0);
  }
}

const app = new App();
const main = el("main", { id: "main", tabindex: "-1" });
const nav = el("nav", { id: "nav", "aria-label": "Pages" });
const state = el("button", { type: "button", class: "chip", id: "connection", on: { click: () => app.live.retry() } });
const time = el("a", { class: "chip time", href: "#/clock", id: "chip-clock" });
const switcher = el("span", { class: "switcher", hidden: true });
const gone = el("div", { class: "gone", role: "alert", hidden: true });
let leaving = null;
let shown = 0;

// The frame

function frame() {
  const theme = button("", nextTheme, { kind: "quiet", label: "Theme" });
  theme.id = "theme";
  const menu = button("", () => openMenu(nav.dataset.open !== "true"), { icon: "menu", kind: "quiet menu", label: "Menu" });
  menu.id = "menu";
  menu.setAttribute("aria-expanded", "false");
  menu.setAttribute("aria-controls", "nav");
  document.body.append(
    el("a", { class: "skip", href: "#main", on: { click: (event) => { event.preventDefault(); main.focus(); } } }, "Skip to the page"),
    el("header", { class: "bar" }, menu, el("a", { class: "brand", href: "#/overview" }, el("img", { src: "/console/icon.svg", alt: "", width: "28", height: "28" }), el("span", { text: "cimsim" })), switcher, el("span", { class: "spring" }), time, state, theme),
    gone,
    nav,
    main,
  );
  document.body.classList.add("framed");
  put(nav, PAGES.map(([group, pages]) => el("div", { class: "nav-group" }, group && el("p", { class: "nav-title", text: group }), el("ul", {}, pages.map(([name, title, image]) => el("li", {}, el("a", { href: `#/${name}`, data: { page: name } }, icon(image), el("span", { text: title }))))))));
  nav.addEventListener("click", (event) => event.target.closest("a") && openMenu(false));
  document.addEventListener("keydown", (event) => event.key === "Escape" && nav.dataset.open === "true" && openMenu(false, true));
  showTheme(theme);
  function nextTheme() {
    const names = THEMES.map(([name]) => name);
    const next = names[(names.indexOf(localStorage.getItem("cimsim.theme") || "auto") + 1) % names.length];
    localStorage.setItem("cimsim.theme", next);
    showTheme(theme);
  }
}

function showTheme(node) {
  const chosen = THEMES.find(([name]) => name === localStorage.getItem("cimsim.theme")) || THEMES[0];
  document.documentElement.dataset.theme = chosen[0];
  put(node, icon(chosen[0]));
  node.setAttribute("aria-label", `Theme: ${chosen[1]}`);
  node.title = `Theme: ${chosen[1]}`;
}

function openMenu(open, focus = false) {
  nav.dataset.open = String(open);
  const menu = document.getElementById("menu");
  menu.setAttribute("aria-expanded", String(open));
  if (open) nav.querySelector("a")?.focus();
  else if (focus) menu.focus();
}

const drawState = () => {
  const words = { live: ["on", "Live"], connecting: ["busy", "Connecting"], gone: ["failed", "Server gone"], login: ["warning", "Log in"] };
  const [color, text] = words[app.live.state];
  put(state, lamp(color, text));
  state.title = app.live.state === "live" ? "Events arrive as they happen" : "Try again now";
  gone.hidden = app.live.state !== "gone";
  put(gone, el("strong", { text: "The server is gone. " }), "What you see is from before, and what you type is kept. The console tries again by itself.", button("Try now", () => app.live.retry(), { kind: "small" }));
};

const drawTime = () => {
  const now = app.now();
  if (!Number.isFinite(now)) return put(time, lamp("off", "--:--:--"));
  const text = new Date(now).toISOString();
  const words = `${text.slice(0, 10)} ${text.slice(11, 19)}`;
  put(time, lamp(app.clock.running ? "on" : "warning", ""), el("span", { class: "date", text: text.slice(0, 10) }), el("span", { class: "digits", text: text.slice(11, 19) }));
  time.setAttribute("aria-label", `The clock ${app.clock.running ? "runs" : "stands"}: ${words} UTC`);
  return time;
};

// What comes from the server

async function begin() {
  await Promise.all([findCimoms(), refresh()]);
}

async function findCimoms() {
  try {
    app.cimoms = (await app.api.getShared("/cimoms")).cimoms || [];
  } catch {
    app.cimoms = [];
  }
  drawSwitch();
}

function drawSwitch() {
  switcher.hidden = app.cimoms.length < 2;
  if (switcher.hidden) return;
  const names = app.cimoms.map((each) => each.name);
  put(switcher, select("CIMOM", names, app.api.cimom || names[0], (name) => {
    sessionStorage.setItem("cimsim.cimom", name);
    useCimom(name === names[0] ? "" : name);
  }));
}

function useCimom(name) {
  app.api.cimom = name;
  app.log.clear();
  app.forgetClasses();
  app.live.start();
  refresh();
  show();
}

async function refresh() {
  try {
    app.setClock(await app.api.get("/clock"));
    await catchUp();
  } catch {
    // The connection's state says it.
  }
}

async function catchUp() {
  // What the server has forgotten is forgotten here, too; another server has other exchanges.
  const oldest = await app.api.get("/calls", { limit: 1 });
  if (oldest.instance !== app.instance) app.log.clear();
  app.instance = oldest.instance;
  app.log.forget(oldest.exchanges.length ? oldest.exchanges[0].number : Infinity);
  const { exchanges = 0 } = await app.api.get("/status");
  const since = app.log.last || Math.max(0, exchanges - CATCH_UP);
  const found = await app.api.get("/calls", { since, limit: CATCH_UP });
  app.live.dispatchEvent(new CustomEvent("exchange", { detail: found.exchanges }));
}

// What is shown may be old: events were left out, or another world or server is there.
const stale = debounce(() => {
  app.forgetClasses();
  refresh();
  app.live.dispatchEvent(new CustomEvent("stale", { detail: [] }));
}, 50);

const forget = debounce(() => app.forgetClasses(), 1_000);

function listen() {
  app.live.addEventListener("state", drawState);
  app.live.addEventListener("resumed", () => {
    notice("The server is back");
    stale();
  });
  app.live.addEventListener("lost", stale);
  // The first listener, so that pages find what came in the log.
  app.live.addEventListener("exchange", (event) => {
    app.added = app.log.add(event.detail);
  });
  app.live.addEventListener("clock", (event) => app.setClock(event.detail[event.detail.length - 1]));
  app.live.addEventListener("snapshots", forget);
  app.api.addEventListener("login", () => {
    if (parse(location.hash).parts[0] !== "login") location.hash = to(["login"], { then: location.hash });
  });
  const none = new AbortController();
  const draw = perFrame(drawTime);
  app.onClock(none.signal, draw);
  setInterval(() => app.clock?.running && !document.hidden && drawTime(), 1_000);
}

// The page

async function show() {
  const own = (shown += 1);
  const { parts, query } = parse(location.hash);
  const name = parts[0] || "overview";
  if (leaving?.name === name && leaving.page?.update?.(parts.slice(1), query)) return;
  leaving?.abort.abort();
  document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
  const abort = new AbortController();
  leaving = { name, abort, page: null };
  for (const link of nav.querySelectorAll("a")) {
    if (link.dataset.page === (name === "instance" ? "browse" : name)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  let page;
  try {
    const load = MODULES[name];
    if (!load) throw new Refused(404, { error: `the console has no page ${name}` });
    const module = await load();
    if (own !== shown) return;
    page = module.page({ app, api: app.api, parts: parts.slice(1), query, signal: abort.signal, again: () => show() });
  } catch (error) {
    if (own !== shown) return;
    page = { title: "Not found", node: el("div", { class: "page" }, pageHead("Not found", " "), problem(error), el("a", { href: "#/overview" }, "Overview")) };
  }
  leaving.page = page;
  document.title = `${page.title} · cimsim`;
  put(main, page.node);
  main.scrollTop = 0;
  if (own > 1) (main.querySelector("h1") || main).focus({ preventScroll: true });
  page.shown?.();
}

// The banner's address carries the token in its fragment, which no server sees and no page keeps.
async function takeToken() {
  const { parts, query } = parse(location.hash);
  const token = query.token || /(?:^#\/?|&)token=([^&]*)/.exec(location.hash)?.[1];
  if (!token) return;
  history.replaceState(null, "", parts.length && !parts[0].startsWith("token=") ? to(parts) : "#/overview");
  try {
    await app.api.logIn(decodeURIComponent(token));
  } catch (error) {
    notice(problemText(error), "bad");
  }
}

frame();
drawState();
drawTime();
listen();
window.addEventListener("hashchange", async () => {
  await takeToken();
  show();
});
app.begin = async () => {
  app.live.start();
  await begin();
};
takeToken().then(async () => {
  show();
  await app.begin();
  const kept = sessionStorage.getItem("cimsim.cimom");
  if (kept && app.cimoms.slice(1).some((each) => each.name === kept)) {
    useCimom(kept);
    drawSwitch();
  }
});
