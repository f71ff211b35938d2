// Making elements. Whatever comes from the server becomes text nodes and attribute values, never markup: nothing in the
// console parses HTML.

const SVG = "http://www.w3.org/2000/svg";
const LINKS = /^(#|\/(?!\/)|https?:\/\/)/i;

/** Return an element. `properties`: attributes; `class`, `text`, `on` (listeners by event), `data` and `css` (custom properties). */
export function el(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** Return an element of SVG, likewise. */
export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

/** Append children: nodes, texts, arrays of them; null and false are left out. */
export function append(parent, ...children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return parent;
}

/** Replace the children of an element. A title that had the focus passes it on to the one in its place. */
export function put(parent, ...children) {
  const focused = document.activeElement?.tagName === "H1" && parent.contains(document.activeElement);
  parent.replaceChildren();
  append(parent, ...children);
  if (focused) parent.querySelector("h1")?.focus({ preventScroll: true });
  return parent;
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.setAttribute("class", value);
    else if (name === "text") element.textContent = String(value);
    else if (name === "on") for (const [event, call] of Object.entries(value)) element.addEventListener(event, call);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "css") for (const [key, each] of Object.entries(value)) element.style.setProperty(key, each);
    else if (name === "value") element.value = value;
    else if (name === "checked" || name === "disabled" || name === "hidden" || name === "readOnly") element[name] = true;
    else if (name.startsWith("on")) throw new Error(`no attribute ${name}: listeners are given with "on"`);
    else if (name === "href" && !LINKS.test(value)) element.setAttribute("data-link", value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  return append(element, ...children);
}

/** Call a function at most once in each frame, however often it is asked for. Works in hidden tabs, too. */
export function perFrame(call) {
  let asked = false;
  const run = () => {
    asked = false;
    call();
  };
  return () => {
    if (asked) return;
    asked = true;
    if (document.hidden) setTimeout(run, 250);
    else requestAnimationFrame(run);
  };
}

/** Call a function when it has not been asked for during some milliseconds, but at the latest after five times that. */
export function debounce(call, milliseconds) {
  let timer = 0;
  let first = 0;
  const run = (...given) => {
    first = 0;
    call(...given);
  };
  const asked = (...given) => {
    const now = performance.now();
    first ||= now;
    clearTimeout(timer);
    timer = setTimeout(run, Math.max(0, Math.min(milliseconds, first + 5 * milliseconds - now)), ...given);
  };
  asked.cancel = () => {
    clearTimeout(timer);
    first = 0;
  };
  return asked;
}

let counted = 0;

/** Return an identifier that no other element has. */
export function unique(prefix) {
  counted += 1;
  return `${prefix}-${counted}`;
}
