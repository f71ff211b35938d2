// Parts that pages are made of: icons, buttons, lamps, cards, dialogs, notices, problems.

import { append, el, put, svg, unique } from "./dom.js";
import { Gone, Refused } from "./api.js";

const ICONS = {
  home: "M4 11l8-7 8 7v8a1 1 0 0 1-1 1h-5v-6h-4v6H5a1 1 0 0 1-1-1z",
  exchanges: "M4 8h14m0 0l-4-4m4 4l-4 4M20 16H6m0 0l4-4m-4 4l4 4",
  system: "M4 5h16v6H4zM4 13h16v6H4zM7.5 8h.01M7.5 16h.01M11 8h5M11 16h5",
  browse: "M4 6h6l2 2h8v11H4zM4 11h16",
  query: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5L20 20",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.5 2",
  fault: "M12 3l9.5 17h-19zM12 10v4M12 17v.01",
  snapshot: "M4 8h4l1.5-3h5L16 8h4v11H4zM12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z",
  bell: "M6 17V11a6 6 0 1 1 12 0v6l1.5 2h-15zM10 21h4",
  settings: "M4 7h9M17 7h3M4 12h3M11 12h9M4 17h11M19 17h1M15 5v4M9 10v4M17 15v4",
  rules: "M5 4h14v16H5zM8.5 9l1.2 1.2L12 8M8.5 15l1.2 1.2L12 14M14 9.5h2M14 15.5h2",
  book: "M4 5c3-1 6-.5 8 1 2-1.500 5-2 8-1v14c-3-1-6-.5-8 1-2-1.500-5-2-8-1zM12 6v14",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  play: "M8 5l11 7-11 7z",
  pause: "M8 5v14M16 5v14",
  next: "M6 5l9 7-9 7zM18 5v14",
  replay: "M5 12a7 7 0 1 0 2-5M4 4v4h4",
  plus: "M12 5v14M5 12h14",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  light: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v2M12 19v2M3 12h2M19 12h2M5.600 5.600l1.400 1.400M17 17l1.400 1.400M5.600 18.400L7 17M17 7l1.400-1.400",
  dark: "M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z",
  auto: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 3v18M12 7.500h7.500M12 12h9M12 16.500h7.500",
  back: "M14 6l-6 6 6 6",
  graph: "M6 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM18 14a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM8 20a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM8 6.500l8 4.500M16 13l-6.500 4",
  key: "M8 15a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 11h9M17 11v4M20 11v3",
};

/** Return an icon that says nothing to a screen reader. */
export function icon(name) {
  return svg("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" }, svg("path", { d: ICONS[name] }));
}

/** Return a button; `options`: icon, kind ("main", "danger", "quiet", "small"), title, disabled. */
export function button(text, call, options = {}) {
  const { icon: image, kind = "", title, disabled, label } = options;
  const node = el("button", { type: "button", class: `button ${kind}`, title, disabled, "aria-label": label });
  append(node, image && icon(image), text && el("span", { text }));
  node.addEventListener("click", () => busy(node, call));
  return node;
}

/** Run a call while a button cannot be pressed again; what fails is shown as a notice unless the call handles it. */
export async function busy(node, call) {
  if (node.getAttribute("aria-busy") === "true") return;
  node.setAttribute("aria-busy", "true");
  try {
    await call();
  } catch (error) {
    notice(problemText(error), "bad");
  } finally {
    node.removeAttribute("aria-busy");
  }
}

/** Return a lamp: a colored point and its words. `color`: on, off, busy, warning, failed or none. */
export function lamp(color, text, { bare = false } = {}) {
  return el("span", { class: `lamp ${color}${bare ? " bare" : ""}`, ...(bare ? { role: "img", "aria-label": text, title: text } : {}) }, bare ? "" : text);
}

export function card(title, ...content) {
  const id = unique("card");
  return el("section", { class: "card", "aria-labelledby": id }, el("h2", { id, text: title }), content);
}

/** Return a head of a page: its title, a line about it, and what can be done. */
export function pageHead(title, about, ...actions) {
  return el(
    "header",
    { class: "page-head" },
    el("div", { class: "page-title" }, el("h1", { text: title, tabindex: "-1" }), about && el("p", { class: "about" }, about)),
    el("div", { class: "actions" }, actions),
  );
}

export function empty(title, ...text) {
  return el("div", { class: "empty" }, el("p", { class: "empty-title", text: title }), el("p", {}, text));
}

/** Return the words of an error. */
export function problemText(error) {
  if (error instanceof Refused || error instanceof Gone) return error.message;
  console.error(error);
  return `the console failed: ${error?.message ?? error}`;
}

/** Return an error as a part of a page, with a button to try again. */
export function problem(error, again) {
  const nearest = error?.nearest && !error.message.includes(error.nearest) ? ` The nearest that exists is ${error.nearest}.` : "";
  return el("div", { class: "problem", role: "alert" }, el("p", { text: problemText(error) + nearest }), again && button("Try again", again, { icon: "replay" }));
}

/** Return pairs of a term and a value. */
export function facts(pairs) {
  return el("dl", { class: "facts" }, pairs.filter(Boolean).map(([term, value]) => el("div", {}, el("dt", { text: term }), el("dd", {}, value))));
}

let notices;

/** Show a line for some seconds; screen readers say it. */
export function notice(text, kind = "good") {
  if (!notices) {
    notices = el("div", { class: "notices", role: "status", "aria-live": "polite" });
    document.body.append(notices);
  }
  const node = el("div", { class: `notice ${kind}` }, el("span", { text }), el("button", { type: "button", class: "button quiet small", "aria-label": "Dismiss", on: { click: () => node.remove() } }, icon("close")));
  notices.append(node);
  while (notices.children.length > 4) notices.firstChild.remove();
  setTimeout(() => node.remove(), kind === "bad" ? 12_000 : 5_000);
}

/** Copy a text, and say so. */
export async function copy(text, what = "Copied") {
  try {
    await navigator.clipboard.writeText(text);
    notice(what);
  } catch {
    showText("Copy this", text);
  }
}

/** Return code with a button that copies it. */
export function copyable(text, label) {
  return el("div", { class: "copyable" }, el("pre", { class: "code", tabindex: "0", role: "region", "aria-label": label }, text), button("", () => copy(text), { icon: "copy", kind: "quiet small", label: `Copy ${label}`, title: "Copy" }));
}

/** Open a dialog; returns it. `actions` are buttons in its foot. The dialog is removed when it is closed. */
export function openDialog(title, content, actions = []) {
  const id = unique("dialog");
  const dialog = el("dialog", { class: "dialog", "aria-labelledby": id });
  const close = () => dialog.close();
  append(
    dialog,
    el("header", {}, el("h2", { id, text: title }), button("", close, { icon: "close", kind: "quiet", label: "Close" })),
    el("div", { class: "dialog-content" }, content),
    actions.length ? el("footer", {}, actions) : null,
  );
  const opener = document.activeElement;
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (opener?.isConnected) opener.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

export function showText(title, text) {
  openDialog(title, copyable(text, title));
}

/** Ask before something; runs `call` when the user agrees. */
export function confirm(title, text, word, call) {
  const dialog = openDialog(title, el("p", { text }), [
    button("Cancel", () => dialog.close(), {}),
    button(word, async () => {
      await call();
      dialog.close();
    }, { kind: "danger" }),
  ]);
}

/** Return tabs: pairs of a title and a function that returns the content, called when it is first shown. */
export function tabs(label, entries, chosen = 0, onchange = () => {}) {
  const base = unique("tab");
  const list = el("div", { class: "tabs", role: "tablist", "aria-label": label });
  const panel = el("div", { class: "tab-panel", role: "tabpanel", id: `${base}-panel`, tabindex: "0" });
  const made = new Map();
  const show = (place, focus) => {
    [...list.children].forEach((each, at) => {
      each.setAttribute("aria-selected", String(at === place));
      each.tabIndex = at === place ? 0 : -1;
    });
    if (focus) list.children[place].focus();
    if (!made.has(place)) made.set(place, entries[place][1]());
    put(panel, made.get(place));
    panel.setAttribute("aria-labelledby", list.children[place].id);
    onchange(place);
  };
  entries.forEach(([title], place) => {
    const tab = el("button", { type: "button", role: "tab", id: `${base}-${place}`, "aria-controls": `${base}-panel`, on: { click: () => show(place) } }, title);
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) show((place + step + entries.length) % entries.length, true);
    });
    list.append(tab);
  });
  show(Math.min(chosen, entries.length - 1));
  return el("div", { class: "tabbed" }, list, panel);
}

/** Return a select of choices: texts, or pairs of a value and a text. */
export function select(label, choices, value, call) {
  const node = el("select", { "aria-label": label, on: { change: () => call(node.value) } });
  for (const choice of choices) {
    const [given, text] = Array.isArray(choice) ? choice : [choice, choice];
    node.append(el("option", { value: given, text }));
  }
  node.value = value;
  return node;
}

/** Return a field to search in. */
export function search(label, value, call, placeholder = label) {
  const node = el("input", { type: "search", class: "search", "aria-label": label, placeholder, autocomplete: "off", spellcheck: "false", value, on: { input: () => call(node.value) } });
  return node;
}
