// The pages of the documentation, to read and to search.

import { debounce, el, put } from "../dom.js";
import { empty, pageHead, problem, search } from "../ui.js";
import { line, markdown, slug } from "../markdown.js";
import { part } from "../api.js";
import { replace, to } from "../router.js";

export function page({ api, parts, query, signal }) {
  const list = el("nav", { class: "doc-list", "aria-label": "Documents" });
  const content = el("div", { class: "doc-content" });
  let documents = [];
  let name = parts[0] || "";
  let text = query.search || "";
  const find = search("Search the documentation", text, debounce((value) => { text = value.trim(); look(); }, 200));
  const node = el("div", { class: "page documents" }, pageHead("Documentation", null), el("div", { class: "doc" }, el("div", { class: "doc-side" }, find, list), content));

  async function load() {
    try {
      documents = (await api.getShared("/documents", {}, signal)).documents;
      if (text) await look();
      else await open();
    } catch (error) {
      if (error.name !== "AbortError") put(content, problem(error, load));
    }
  }

  function drawList() {
    put(list, el("ul", {}, documents.map((each) => el("li", {}, el("a", { href: to(["documents", each.name]), "aria-current": each.name === name && !text ? "page" : null }, line(each.title))))));
  }

  async function open(heading = query.to) {
    if (!documents.length) return;
    if (!documents.some((each) => each.name === name)) name = name && documents.length ? name : documents[0].name;
    drawList();
    try {
      const found = await api.getShared(`/documents/${part(name)}`, {}, signal);
      document.title = `${found.title} · cimsim`;
      const prose = markdown(found.markdown, (href) => leads(href));
      put(content, prose);
      const target = heading && [...prose.querySelectorAll("[data-slug]")].find((each) => each.dataset.slug === heading);
      if (target) target.scrollIntoView();
      else document.getElementById("main").scrollTop = 0;
    } catch (error) {
      if (error.name !== "AbortError") put(content, problem(error, error.status === 404 ? null : open));
    }
  }

  // Links of the pages lead to other pages, to headings, or to files that are not here.
  function leads(href) {
    const [file, heading = ""] = href.split("#");
    if (!file) return to(["documents", name], { to: heading });
    const wanted = file.split("/").pop().replace(/\.md$/, "");
    return /\.md$/.test(file) && documents.some((each) => each.name === wanted) && !/^\.\.\/\.\.\/mocks/.test(file) ? to(["documents", wanted], { to: heading }) : null;
  }

  async function look() {
    replace(name ? ["documents", name] : ["documents"], { search: text });
    drawList();
    if (!text) return open();
    try {
      const found = (await api.getShared("/documents", { search: text }, signal)).documents;
      put(content, found.length ? el("ul", { class: "found" }, found.map((each) => el("li", {}, el("a", { href: to(["documents", each.name]), on: { click: () => { text = find.value = ""; } } }, line(each.title)), el("p", { class: "soft" }, marked(each.excerpt || "", text))))) : empty("Nothing found", `No page holds “${text}”.`));
    } catch (error) {
      if (error.name !== "AbortError") put(content, problem(error, look));
    }
    return undefined;
  }

  load();
  return {
    title: "Documentation",
    node,
    update(next, asked) {
      if (!documents.length) return false;
      const heading = asked.to || "";
      if (next[0] === name && !text && heading && !asked.search) {
        const target = [...content.querySelectorAll("[data-slug]")].find((each) => each.dataset.slug === slug(heading) || each.dataset.slug === heading);
        target?.scrollIntoView();
        return true;
      }
      name = next[0] || "";
      text = asked.search || "";
      find.value = text;
      if (text) look();
      else open(heading);
      return true;
    },
  };
}

function marked(excerpt, wanted) {
  const nodes = [];
  const folded = excerpt.toLowerCase();
  let place = 0;
  for (let at = folded.indexOf(wanted.toLowerCase()); at >= 0 && nodes.length < 40; at = folded.indexOf(wanted.toLowerCase(), place)) {
    nodes.push(excerpt.slice(place, at), el("mark", { text: excerpt.slice(at, at + wanted.length) }));
    place = at + wanted.length;
  }
  return [...nodes, excerpt.slice(place)];
}
