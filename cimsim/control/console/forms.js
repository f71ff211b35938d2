// Forms: fields by name, errors at the field that the server names, and what was typed kept until it is sent.

import { append, el, put, unique } from "./dom.js";
import { problemText } from "./ui.js";
import { mapped } from "./format.js";

const DRAFT = "cimsim.draft.";
const MAX_DRAFT = 100_000;

/** Return a field: a label over an input, with a hint and a place for an error. `input` gets the name. */
export function field(name, label, input, hint) {
  const id = unique("field");
  input.id = id;
  input.name = name;
  const error = el("p", { class: "field-error", id: `${id}-error`, role: "alert" });
  const about = hint ? el("p", { class: "hint", id: `${id}-hint` }, hint) : null;
  input.setAttribute("aria-describedby", `${id}-error${hint ? ` ${id}-hint` : ""}`);
  return el("div", { class: "field", data: { field: name } }, el("label", { for: id }, label), input, about, error);
}

export const text = (options = {}) => el("input", { type: "text", autocomplete: "off", spellcheck: "false", ...options });
export const area = (options = {}) => el("textarea", { spellcheck: "false", rows: "3", ...options });

/** Return a select of pairs of a value and a text. */
export function choice(pairs, value = "") {
  const node = el("select", {}, pairs.map(([each, words]) => el("option", { value: each, text: words })));
  node.value = value;
  return node;
}

/**
 * Return a form. `send(values)` gets the values by name; what it raises is shown at the field. `key`: by which what is typed is
 * kept until it has been sent, even when the page is left.
 */
export function form(fields, word, send, { key = "", actions = [], kind = "main" } = {}) {
  const summary = el("p", { class: "form-error", role: "alert" });
  const submit = el("button", { type: "submit", class: `button ${kind}` }, el("span", { text: word }));
  const node = el("form", { class: "form", novalidate: true }, fields, summary, el("div", { class: "form-foot" }, submit, actions));
  if (key) keepDraft(node, key);
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.getAttribute("aria-busy") === "true") return;
    submit.setAttribute("aria-busy", "true");
    clearErrors(node);
    try {
      await send(valuesOf(node), node);
      if (key) sessionStorage.removeItem(DRAFT + key);
    } catch (error) {
      showError(node, error);
    } finally {
      submit.removeAttribute("aria-busy");
    }
  });
  return node;
}

export function valuesOf(node) {
  const values = {};
  for (const each of node.elements) if (each.name) values[each.name] = each.type === "checkbox" ? each.checked : each.value;
  return values;
}

export function clearErrors(node) {
  node.querySelectorAll(".field-error, .form-error").forEach((each) => put(each));
  node.querySelectorAll("[aria-invalid]").forEach((each) => each.removeAttribute("aria-invalid"));
}

/** Show an error at the field that it names, else below the form. */
export function showError(node, error) {
  const message = problemText(error);
  // Of properties and parameters the server names the one: properties.NAME.
  const wanted = (error.field || "").toLowerCase().replace(/^(properties|parameters)\./, "");
  const named = wanted ? [...node.querySelectorAll("[data-field]")].find((each) => each.dataset.field.toLowerCase() === wanted) : null;
  if (!named) {
    put(node.querySelector(".form-error"), message);
    return;
  }
  const input = node.elements.namedItem(named.dataset.field);
  const place = named.querySelector(".field-error");
  append(put(place), message);
  if (error.nearest && input && input.tagName !== "SELECT" && input.value !== error.nearest) {
    const take = () => {
      input.value = error.nearest;
      put(place);
      input.removeAttribute("aria-invalid");
      input.dispatchEvent(new Event("input", { bubbles: true }));
      input.focus();
    };
    append(place, " ", el("button", { type: "button", class: "link", on: { click: take } }, `Use ${error.nearest}`));
  }
  input?.setAttribute("aria-invalid", "true");
  input?.focus();
}

function keepDraft(node, key) {
  let draft = {};
  try {
    draft = JSON.parse(sessionStorage.getItem(DRAFT + key) || "{}");
  } catch {
    draft = {};
  }
  for (const each of node.elements) {
    if (!each.name || !(each.name in draft) || each.type === "password") continue;
    if (each.type === "checkbox") each.checked = draft[each.name];
    else each.value = draft[each.name];
    if (each.tagName === "SELECT" && each.selectedIndex < 0) each.selectedIndex = 0;
  }
  node.addEventListener("input", () => {
    const kept = valuesOf(node);
    for (const each of node.elements) if (each.type === "password") delete kept[each.name];
    const written = JSON.stringify(kept);
    if (written.length < MAX_DRAFT) sessionStorage.setItem(DRAFT + key, written);
  });
}

const INTEGER = /^[us]int\d+$/;
export const LEFT_OUT = Symbol("left out");

/**
 * Return a field for a value of a CIM type, and `read()`, which returns the value as JSON has it, LEFT_OUT where nothing is given.
 * `element`: {name, type, array, values, value_map, description, reference_class}. `value`: undefined where there is none yet.
 */
export function valueField(element, value, { optional = false } = {}) {
  const words = element.values?.length && element.value_map?.length && !element.array;
  const options = [];
  if (optional) options.push(["", "(not given)"]);
  let input;
  if (element.type === "boolean" && !element.array) {
    input = choice([...options, ["true", "true"], ["false", "false"], ["null", "NULL"]], value === undefined ? (optional ? "" : "null") : String(value));
  } else if (words && element.value_map.every((each) => !each.includes(".."))) {
    const known = element.value_map.map((each, place) => [each, `${each} ${element.values[place] ?? ""}`]);
    if (value !== undefined && value !== null && !element.value_map.includes(String(value))) known.push([String(value), String(value)]);
    input = choice([...options, ...known, ["null", "NULL"]], value === undefined ? (optional ? "" : "null") : value === null ? "null" : String(value));
  } else if (element.array || element.type === "object" || (typeof value === "string" && (value.length > 60 || value.includes("\n")))) {
    input = area({ value: shown(element, value), rows: element.array ? "3" : "4" });
  } else {
    input = text({ value: shown(element, value), inputmode: INTEGER.test(element.type) ? "numeric" : null });
  }
  const type = `${element.type}${element.array ? "[]" : ""}${element.reference_class ? ` to ${element.reference_class}` : ""}`;
  const hints = [type];
  if (element.array) hints.push("one value in each line");
  if (words && input.tagName === "INPUT") hints.push(element.value_map.map((each, place) => `${each} ${element.values[place] ?? ""}`).join(", "));
  const label = el("span", {}, element.name, element.required || element.key ? el("span", { class: "tag", text: element.key ? "key" : "required" }) : null);
  const hint = [el("span", { class: "type", text: hints.join(" · ") }), element.description ? el("span", { text: ` ${element.description}` }) : null];
  const node = field(element.name, label, input, hint);
  const isText = ["string", "char16", "datetime", "reference"].includes(element.type);
  if (input.tagName === "SELECT") return { node, input, read: () => (input.value === "" ? LEFT_OUT : input.value === "null" ? null : typed(element, input.value)) };
  // An empty field of text is an empty text or none: a box says which.
  const none = el("input", { type: "checkbox", name: `null of ${element.name}`, checked: value === null || value === undefined, id: unique("null") });
  const toggle = el("label", { class: "null-box" }, none, optional ? "not given" : "NULL");
  node.querySelector("label").after(toggle);
  input.addEventListener("input", () => {
    if (input.value) none.checked = false;
    else if (!isText) none.checked = true;
  });
  none.addEventListener("change", () => {
    if (none.checked) input.value = "";
  });
  const read = () => {
    if (none.checked && !input.value) return optional ? LEFT_OUT : null;
    return element.array ? lines(input.value).map((each) => typed(element, each)) : typed(element, input.value);
  };
  return { node, input, read };
}

function lines(value) {
  return value === "" ? [] : value.replace(/\n$/, "").split("\n");
}

function shown(element, value) {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.map((each) => shown({ ...element, array: false }, each)).join("\n");
  return typeof value === "object" ? JSON.stringify(value, null, 2) : String(value);
}

/** Return a text as JSON has a value of the type; what it cannot be stays text, so that the server says what is wrong. */
function typed(element, value) {
  if (element.type === "boolean") return value === "true" ? true : value === "false" ? false : value;
  if (INTEGER.test(element.type)) {
    const number = Number(value);
    return value.trim() && Number.isSafeInteger(number) ? number : value;
  }
  if (element.type.startsWith("real")) {
    const number = Number(value);
    return value.trim() && Number.isFinite(number) ? number : value;
  }
  if (value.trimStart().startsWith("{") && /object|instance|string/.test(element.type)) {
    try {
      const read = JSON.parse(value);
      if (read && typeof read === "object" && "class" in read) return read;
    } catch {
      return value;
    }
  }
  return value;
}

/** Return a value and what a ValueMap calls it, as nodes. */
export function valueNodes(element, value) {
  if (value === null || value === undefined) return el("span", { class: "null", text: "NULL" });
  const words = mapped(element, value);
  if (Array.isArray(value)) {
    if (!value.length) return el("span", { class: "null", text: "empty array" });
    return el("span", { class: "value" }, value.map((each, place) => [place ? el("span", { class: "mark", text: ", " }) : null, one(each)]), words ? el("span", { class: "words", text: words }) : null);
  }
  return el("span", { class: "value" }, one(value), words ? el("span", { class: "words", text: words }) : null);
}

function one(value) {
  if (value === null) return "NULL";
  return typeof value === "object" ? JSON.stringify(value, null, 1) : String(value);
}
