// Markdown as DOM: headings, paragraphs, lists, tables, code, quotes, links, emphasis. Raw HTML in it stays text.

import { append, el } from "./dom.js";

/** Return a node for a text in Markdown. `link(href)` returns where a relative link leads, or null: it is no link then. */
export function markdown(text, link = () => null) {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  const root = el("div", { class: "prose" });
  blocks(lines, root, link, 0);
  return root;
}

/** Return nodes for a line in Markdown, without links. */
export function line(text) {
  return inline(String(text ?? ""), () => null);
}

/** Return the fragment that a heading has: as GitHub makes it. */
export function slug(text) {
  return text.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replace(/\s/g, "-");
}

const FENCE = /^\s*(```+|~~~+)\s*(\S*)/;
const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/;
const ITEM = /^(\s*)([-*+]|\d+[.)])\s+(.*)$/;
const RULE = /^\s*([-*_])(\s*\1){2,}\s*$/;
const SEPARATOR = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;
const COMMENT = /^\s*<!--.*-->\s*$/;

function blocks(lines, root, link, depth) {
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    if (!line.trim() || COMMENT.test(line)) {
      at += 1;
      continue;
    }
    const fence = FENCE.exec(line);
    if (fence) {
      let end = at + 1;
      while (end < lines.length && !lines[end].trim().startsWith(fence[1])) end += 1;
      const code = lines.slice(at + 1, end).join("\n");
      root.append(el("pre", { class: "code", tabindex: "0", role: "region", "aria-label": fence[2] ? `code, ${fence[2]}` : "code" }, el("code", { text: code })));
      at = end + 1;
      continue;
    }
    const heading = HEADING.exec(line);
    if (heading) {
      const content = inline(heading[2], link);
      const title = el(`h${Math.min(6, heading[1].length)}`, {}, content);
      title.dataset.slug = slug(title.textContent);
      root.append(title);
      at += 1;
      continue;
    }
    if (RULE.test(line)) {
      root.append(el("hr"));
      at += 1;
      continue;
    }
    if (line.includes("|") && at + 1 < lines.length && SEPARATOR.test(lines[at + 1]) && lines[at + 1].includes("-")) {
      let end = at + 2;
      while (end < lines.length && lines[end].includes("|") && lines[end].trim()) end += 1;
      root.append(table(lines.slice(at, end), link));
      at = end;
      continue;
    }
    if (/^\s*>/.test(line) && depth < 8) {
      let end = at;
      while (end < lines.length && /^\s*>/.test(lines[end])) end += 1;
      const quote = el("blockquote");
      blocks(lines.slice(at, end).map((each) => each.replace(/^\s*>\s?/, "")), quote, link, depth + 1);
      root.append(quote);
      at = end;
      continue;
    }
    const item = ITEM.exec(line);
    if (item && depth < 8) {
      at = list(lines, at, item, root, link, depth);
      continue;
    }
    let end = at + 1;
    while (end < lines.length && lines[end].trim() && !starts(lines[end])) end += 1;
    root.append(el("p", {}, inline(lines.slice(at, end).map((each) => each.trim()).join(" "), link)));
    at = end;
  }
}

function starts(line) {
  return FENCE.test(line) || HEADING.test(line) || ITEM.test(line) || /^\s*>/.test(line) || COMMENT.test(line);
}

function list(lines, from, first, root, link, depth) {
  const ordered = /\d/.test(first[2]);
  const indent = first[1].length;
  const node = el(ordered ? "ol" : "ul");
  let at = from;
  while (at < lines.length) {
    const item = ITEM.exec(lines[at]);
    if (!item || item[1].length !== indent || /\d/.test(item[2]) !== ordered) break;
    const own = [item[3]];
    at += 1;
    while (at < lines.length) {
      const next = lines[at];
      const spaces = next.length - next.trimStart().length;
      if (!next.trim()) {
        const after = lines[at + 1] ?? "";
        if (!after.trim() || after.length - after.trimStart().length <= indent) break;
        own.push("");
      } else if (spaces > indent || (!starts(next) && own[own.length - 1] !== "")) own.push(next.slice(Math.min(spaces, indent + 2)));
      else break;
      at += 1;
    }
    const entry = el("li");
    blocks(own, entry, link, depth + 1);
    // A tight item is not a paragraph.
    if (entry.firstChild?.nodeName === "P") entry.firstChild.replaceWith(...entry.firstChild.childNodes);
    node.append(entry);
    while (at < lines.length && !lines[at].trim() && ITEM.exec(lines[at + 1] ?? "")?.[1].length === indent) at += 1;
  }
  root.append(node);
  return at;
}

function table(lines, link) {
  const rows = lines.map((line) => cells(line));
  const head = el("tr", {}, rows[0].map((cell) => el("th", { scope: "col" }, inline(cell, link))));
  const body = rows.slice(2).map((row) => el("tr", {}, rows[0].map((_, place) => el("td", {}, inline(row[place] ?? "", link)))));
  return el("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": "table" }, el("table", {}, el("thead", {}, head), el("tbody", {}, body)));
}

function cells(line) {
  const found = [""];
  let code = false;
  for (let at = 0; at < line.length; at += 1) {
    const letter = line[at];
    if (letter === "`") code = !code;
    if (letter === "\\" && line[at + 1] === "|") {
      found[found.length - 1] += "|";
      at += 1;
    } else if (letter === "|" && !code) found.push("");
    else found[found.length - 1] += letter;
  }
  if (!found[0].trim()) found.shift();
  if (found.length && !found[found.length - 1].trim()) found.pop();
  return found.map((each) => each.trim());
}

const INLINE = /(`+)([\s\S]*?[^`])\1(?!`)|\\([\\`*_{}[\]()#+.!|<>-])|\*\*([\s\S]+?)\*\*|\*([^*\s][^*]*?)\*|\b_([^_]+)_\b|!?\[((?:[^[\]]|\[[^[\]]*\])*)\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+"[^"]*")?\)|<(https?:\/\/[^\s<>]+)>/g;

function inline(text, link, depth = 0) {
  if (depth > 6) return [text];
  const nodes = [];
  let place = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > place) nodes.push(text.slice(place, match.index));
    place = match.index + match[0].length;
    const [, , code, escaped, strong, emphasis, other, label, href, address] = match;
    if (code !== undefined) nodes.push(el("code", { text: code.replace(/^ (.*) $/, "$1") }));
    else if (escaped !== undefined) nodes.push(escaped);
    else if (strong !== undefined) nodes.push(el("strong", {}, inline(strong, link, depth + 1)));
    else if (emphasis !== undefined || other !== undefined) nodes.push(el("em", {}, inline(emphasis ?? other, link, depth + 1)));
    else if (address !== undefined) nodes.push(anchor(address, [address], link));
    else nodes.push(anchor(href, inline(label, link, depth + 1), link));
  }
  if (place < text.length) nodes.push(text.slice(place));
  return nodes;
}

function anchor(href, content, link) {
  if (/^https?:\/\//i.test(href)) return el("a", { href, target: "_blank", rel: "noopener noreferrer" }, content);
  const leads = link(href);
  return leads ? el("a", { href: leads }, content) : append(el("span"), content);
}
