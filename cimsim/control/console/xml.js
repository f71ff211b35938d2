// XML as highlighted text: text nodes in spans, whatever the XML holds. Only so much is colored that a long body stays quick.

import { el } from "./dom.js";

const MAX_COLORED = 200_000;
const TOKEN = /(<!--[\s\S]*?-->)|(<!\[CDATA\[[\s\S]*?\]\]>)|(<[?!][^>]*>)|(<\/?)([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?>)/g;
const ATTRIBUTE = /(\s+)([\w:.-]+)(\s*=\s*)("[^"]*"|'[^']*')/g;

/** Return a `pre` with XML. */
export function xmlView(text, label) {
  const pre = el("pre", { class: "code xml", tabindex: "0", role: "region", "aria-label": label });
  const colored = text.slice(0, MAX_COLORED);
  let place = 0;
  for (const match of colored.matchAll(TOKEN)) {
    if (match.index > place) pre.append(colored.slice(place, match.index));
    place = match.index + match[0].length;
    if (match[1] || match[2] || match[3]) {
      pre.append(span(match[2] ? "x-text" : "x-note", match[0]));
      continue;
    }
    pre.append(span("x-mark", match[4]), span("x-name", match[5]));
    for (const [, space, name, sign, value] of match[6].matchAll(ATTRIBUTE)) {
      pre.append(space, span("x-attribute", name), span("x-mark", sign), span("x-value", value));
    }
    pre.append(span("x-mark", match[7]));
  }
  pre.append(text.slice(place));
  return pre;
}

const WORDS = /("(?:[^"\\]|\\.)*")|(\/\/[^\n]*|\/\*[\s\S]*?\*\/)|\b(class|instance|of|as|ref|REF|true|false|null|NULL|TRUE|FALSE|string|boolean|datetime|char16|real32|real64|[us]int(?:8|16|32|64))\b/g;

/** Return a `pre` with MOF. */
export function mofView(text, label) {
  const pre = el("pre", { class: "code mof", tabindex: "0", role: "region", "aria-label": label });
  let place = 0;
  for (const match of text.slice(0, MAX_COLORED).matchAll(WORDS)) {
    if (match.index > place) pre.append(text.slice(place, match.index));
    place = match.index + match[0].length;
    pre.append(span(match[1] ? "x-value" : match[2] ? "x-note" : "x-name", match[0]));
  }
  pre.append(text.slice(place));
  return pre;
}

function span(kind, text) {
  return el("span", { class: kind, text });
}
