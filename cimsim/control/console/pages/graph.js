// The associations of an instance, as a graph: the instance in the middle, what it is associated with around it, by class.
// Each node is a link; going to it draws its own associations. The same as a list, for those who do not see the graph.

import { el, put, svg } from "../dom.js";
import { button, empty, problem } from "../ui.js";
import { count, shortName, pathParts } from "../format.js";
import { toInstance } from "../router.js";

const MAX_NODES = 48;
const WIDTH = 220;
const HEIGHT = 46;
const ROW = 62;

/** Return the view of the associations of an instance. */
export function graph({ api, path, title, signal }) {
  const trail = [];
  const names = new Map([[path, title]]);
  const way = el("div", { class: "toolbar graph-way" });
  const picture = el("div", { class: "graph-frame", tabindex: "0", role: "region", "aria-label": "Graph of associations" });
  const list = el("div");
  const node = el("div", { class: "stack" }, way, picture, list);

  async function go(where, back = false) {
    if (!back) trail.push(where);
    if (names.size > 5_000) names.clear();
    try {
      const { associations } = await api.get("/associations", { path: where }, signal);
      draw(where, associations);
    } catch (error) {
      if (error.name !== "AbortError") put(picture, problem(error, () => go(where, true)));
    }
  }

  function draw(where, associations) {
    associations.forEach((each) => names.set(each.path, each.label || shortName(each.path)));
    const name = names.get(where) || shortName(where);
    put(
      way,
      trail.length > 1 ? button("Back", () => { trail.pop(); return go(trail[trail.length - 1], true); }, { icon: "back", kind: "small" }) : null,
      el("span", { class: "soft", text: `${name}: ${count(associations.length, "association")}` }),
      where === path ? null : el("a", { href: toInstance(where), text: "Open this instance" }),
    );
    if (!associations.length) {
      put(picture, empty("No associations", "Nothing refers to this instance together with another one."));
      put(list);
      return;
    }
    put(picture, drawing(name, where, associations, go));
    put(list, el("details", {}, el("summary", { text: "As a list" }), table(associations)));
  }

  go(path);
  return node;
}

function drawing(title, where, associations, go) {
  const shown = associations.slice().sort((one, two) => (one.classname + one.path < two.classname + two.path ? -1 : 1)).slice(0, MAX_NODES);
  // Half to each side, so that lines stay short.
  const right = shown.filter((_, place) => place % 2 === 0);
  const left = shown.filter((_, place) => place % 2 === 1);
  const rows = Math.max(right.length, left.length, 2);
  const width = left.length ? 1000 : 640;
  const height = rows * ROW + 30;
  const middle = { x: left.length ? 500 : 150, y: height / 2 };
  const picture = svg("svg", { class: "graph", viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": `Associations of ${title}` });
  const lines = svg("g", { class: "lines" });
  picture.append(lines);
  const side = (entries, x, sign) => entries.forEach((each, place) => {
    const y = height / 2 + (place - (entries.length - 1) / 2) * ROW;
    const from = middle.x + (sign * WIDTH) / 2;
    const until = x - (sign * WIDTH) / 2;
    const bend = (from + until) / 2;
    lines.append(svg("path", { d: `M${from} ${middle.y} C${bend} ${middle.y} ${bend} ${y} ${until} ${y}` }));
    picture.append(box(each, x, y, go), svg("text", { class: "edge", x: sign > 0 ? until - 6 : until + 6, y: y - 7, "text-anchor": sign > 0 ? "end" : "start", text: clipped(`${each.association_class.replace(/^[^_]*_/, "")}`, 24) }));
  });
  side(right, left.length ? 500 + 380 : 150 + 375, 1);
  side(left, 120, -1);
  picture.append(svg("g", { class: "node centre", transform: `translate(${middle.x - WIDTH / 2} ${middle.y - HEIGHT / 2})` }, svg("rect", { width: WIDTH, height: HEIGHT, rx: 9 }), label(title, pathParts(where).classname)));
  return [picture, associations.length > shown.length ? el("p", { class: "soft graph-more", text: `${associations.length - shown.length} more are in the list` }) : null];
}

function box(each, x, y, go) {
  const name = each.label || shortName(each.path);
  const node = svg("g", { class: "node", transform: `translate(${x - WIDTH / 2} ${y - HEIGHT / 2})`, tabindex: "0", role: "button", "aria-label": `${name}, ${each.classname}, by ${each.association_class} as ${each.result_role}` }, svg("rect", { width: WIDTH, height: HEIGHT, rx: 9 }), label(name, each.classname));
  const call = () => go(each.path);
  node.addEventListener("click", call);
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    call();
  });
  node.append(svg("title", { text: each.path }));
  return node;
}

function label(name, classname) {
  return [svg("text", { class: "node-name", x: 12, y: 19, text: clipped(name, 24) }), svg("text", { class: "node-class", x: 12, y: 36, text: clipped(classname, 31) })];
}

function clipped(text, length) {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

function table(associations) {
  return el("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": "Associations" }, el("table", {}, el("thead", {}, el("tr", {}, ["Instance", "Role", "Association"].map((text) => el("th", { scope: "col", text })))), el("tbody", {}, associations.slice(0, 500).map((each) => el("tr", {}, el("td", {}, el("a", { href: toInstance(each.path), text: each.label || shortName(each.path) }), el("span", { class: "soft", text: ` ${each.classname}` })), el("td", { text: each.result_role }), el("td", {}, el("a", { href: toInstance(each.association), text: each.association_class })))))));
}
