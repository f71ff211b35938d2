// <cs-rows>: a table of any number of rows, of which only those in view exist. Rows have one height; their place is computed.
// Keyboard: arrows, Page Up and Down, Home, End choose a row, Enter opens it. A row whose item is the same object is kept.

import { el, perFrame, put, unique } from "./dom.js";

const SPARE = 6;

export class Rows extends HTMLElement {
  #columns = [];
  #shown = [];
  #source = { length: 0, at: () => undefined };
  #height = 0;
  #active = -1;
  #selected = null;
  #made = new Map();
  #anew = false;
  #pressed = false;
  #head;
  #view;
  #space;
  #empty;
  #draw = perFrame(() => this.#render());
  #observer;
  #sort = { name: "", descending: false };
  #base = unique("row");
  #width = 0;

  constructor() {
    super();
    this.#head = el("div", { class: "rows-head", role: "row", hidden: true });
    this.#space = el("div", { class: "rows-space", role: "rowgroup" });
    this.#empty = el("div", { class: "rows-empty" });
    this.#view = el("div", { class: "rows-view", role: "grid", tabindex: "0", on: { scroll: () => this.#draw(), keydown: (event) => this.#key(event) } });
    this.#space.addEventListener("pointerdown", () => this.#press());
    this.#view.append(el("div", { class: "rows-headgroup", role: "rowgroup" }, this.#head), this.#space);
  }

  connectedCallback() {
    if (!this.#view.isConnected) this.append(this.#view, this.#empty);
    if (!this.#view.hasAttribute("aria-label")) this.#view.setAttribute("aria-label", this.getAttribute("label") || "rows");
    this.#observer = new ResizeObserver(() => this.#measured());
    this.#observer.observe(this);
    this.#measured();
  }

  disconnectedCallback() {
    this.#observer?.disconnect();
  }

  /**
   * Columns: {title, render(item) -> node or text, width (of a grid, such as "1fr"), name (to sort by), from (px of width from
   * which it is shown), align: "end"}.
   */
  set columns(columns) {
    this.#columns = columns;
    this.#width = 0;
    this.#measured();
  }

  /** {length, at(index) -> item or undefined while it is not there yet, about(first, last) is called with what is in view}. */
  set source(source) {
    this.#source = source;
    this.refresh();
  }

  get source() {
    return this.#source;
  }

  set label(text) {
    this.#view.setAttribute("aria-label", text);
  }

  /** What is shown where there are no rows: text or nodes. */
  set empty(content) {
    put(this.#empty, content);
  }

  /** The sorting that the head shows: {name, descending}. */
  set sort(sort) {
    this.#sort = sort;
    this.#drawHead();
  }

  /** The item that is marked, compared by identity or by `keyOf`. */
  set selected(key) {
    this.#selected = key;
    for (const [item, row] of this.#made) row.setAttribute("aria-selected", String(this.keyOf(item) === key && key !== null));
  }

  keyOf(item) {
    return item;
  }

  /** Draw again: items that are the same objects keep their rows. `added`: how many came at the top. */
  refresh({ added = 0, anew = false } = {}) {
    this.#anew ||= anew;
    const height = this.#rowHeight();
    if (added && this.#view.scrollTop > height) this.#view.scrollTop += added * height;
    if (added && this.#active >= 0) this.#active += added;
    this.#draw();
  }

  toTop() {
    this.#view.scrollTop = 0;
    this.#active = -1;
  }

  focus() {
    this.#view.focus();
  }

  #measured() {
    const width = this.clientWidth;
    if (!this.isConnected || !this.#columns.length || !width) return;
    if (width !== this.#width) {
      this.#width = width;
      const shown = this.#columns.filter((column) => !column.from || width >= column.from);
      const template = shown.map((column) => column.width || "minmax(0, 1fr)").join(" ");
      this.style.setProperty("--columns", template);
      if (shown.length !== this.#shown.length || shown.some((column, place) => column !== this.#shown[place])) {
        this.#shown = shown;
        this.#made.forEach((row) => row.remove());
        this.#made.clear();
        this.#drawHead();
      }
    }
    this.#draw();
  }

  #drawHead() {
    this.#head.hidden = !this.#shown.length;
    put(
      this.#head,
      this.#shown.map((column) => {
        const sorted = column.name && column.name === this.#sort.name;
        const state = sorted ? (this.#sort.descending ? "descending" : "ascending") : null;
        const cell = el("div", { class: `cell${column.align === "end" ? " end" : ""}`, role: "columnheader", "aria-sort": state });
        if (!column.name) {
          cell.append(column.title || "");
          if (!column.title && column.about) cell.append(el("span", { class: "unseen", text: column.about }));
        } else {
          const call = () => this.dispatchEvent(new CustomEvent("sort", { detail: { name: column.name, descending: sorted && !this.#sort.descending } }));
          cell.append(el("button", { class: "sort", type: "button", data: { order: state || "" }, on: { click: call } }, column.title));
        }
        return cell;
      }),
    );
  }

  /** Keep the rows as they are until what was pressed is let go: a click on a button that is gone meanwhile would be lost. */
  #press() {
    this.#pressed = true;
    const ended = new AbortController();
    const release = () => {
      ended.abort();
      // The click comes right after the pointer is let go.
      setTimeout(() => {
        this.#pressed = false;
        this.#draw();
      });
    };
    for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, release, { signal: ended.signal });
  }

  #rowHeight() {
    if (!this.#height && this.isConnected) this.#height = parseFloat(getComputedStyle(this).getPropertyValue("--row-height")) || 0;
    return this.#height || 36;
  }

  #render() {
    if (!this.isConnected || this.#pressed) return;
    const length = this.#source.length;
    const height = this.#rowHeight();
    this.#empty.hidden = length > 0;
    this.#view.setAttribute("aria-rowcount", String(length + 1));
    this.#space.style.setProperty("height", `${length * height}px`);
    const top = this.#view.scrollTop;
    const first = Math.max(0, Math.floor(top / height) - SPARE);
    const last = Math.min(length, Math.ceil((top + this.#view.clientHeight) / height) + SPARE);
    this.#source.about?.(first, last);
    const kept = new Map();
    const focused = this.#focused();
    if (this.#anew) {
      this.#made.forEach((row) => row.remove());
      this.#made.clear();
      this.#anew = false;
    }
    for (let index = first; index < last; index += 1) {
      const item = this.#source.at(index);
      if (item === undefined || kept.has(item)) continue;
      let row = this.#made.get(item);
      if (!row) {
        row = this.#make(item);
        this.#space.append(row);
      }
      this.#place(row, index, height, item);
      kept.set(item, row);
    }
    for (const [item, row] of this.#made) if (!kept.has(item)) row.remove();
    this.#made = kept;
    if (focused && !focused.element.isConnected) this.#focusAgain(focused, kept);
    const active = this.#source.at(this.#active);
    const row = active === undefined ? null : kept.get(active);
    if (row) this.#view.setAttribute("aria-activedescendant", row.id);
    else this.#view.removeAttribute("aria-activedescendant");
  }

  /** Return where the focus is in a row, null if it is in none: a row that is made anew shall have it again. */
  #focused() {
    const element = document.activeElement;
    const row = this.#space.contains(element) ? element.closest(".row") : null;
    return row && { element, index: row.dataset.index, place: [...row.querySelectorAll("button, a")].indexOf(element) };
  }

  #focusAgain({ index, place }, kept) {
    const row = [...kept.values()].find((each) => each.dataset.index === index);
    const element = row?.querySelectorAll("button, a")[place];
    if (element && !element.disabled) element.focus({ preventScroll: true });
    else this.#view.focus({ preventScroll: true });
  }

  #make(item) {
    const row = el("div", { class: `row${this.classOf ? ` ${this.classOf(item)}` : ""}`, role: "row", id: unique(this.#base) });
    row.setAttribute("aria-selected", String(this.#selected !== null && this.keyOf(item) === this.#selected));
    for (const column of this.#shown) {
      const content = column.render(item);
      const isText = typeof content === "string";
      const cell = el("div", { class: `cell${column.align === "end" ? " end" : ""}${column.mono ? " mono" : ""}`, role: "gridcell" }, isText ? el("span", { text: content, title: content }) : content);
      row.append(cell);
    }
    row.addEventListener("click", (event) => {
      if (event.target.closest("button, a, input, select")) return;
      const index = Number(row.dataset.index);
      this.#choose(index);
      this.#open(index);
    });
    return row;
  }

  #place(row, index, height, item) {
    if (row.dataset.index !== String(index)) {
      row.dataset.index = String(index);
      row.setAttribute("aria-rowindex", String(index + 2));
      row.style.setProperty("transform", `translateY(${index * height}px)`);
    }
    row.classList.toggle("active", index === this.#active);
    row.classList.toggle("odd", index % 2 === 1);
    if (this.#selected !== null) row.setAttribute("aria-selected", String(this.keyOf(item) === this.#selected));
  }

  #key(event) {
    if (event.target !== this.#view) return;
    const page = Math.max(1, Math.floor(this.#view.clientHeight / this.#rowHeight()) - 2);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in steps) {
      event.preventDefault();
      const length = this.#source.length;
      if (length) this.#choose(Math.min(length - 1, Math.max(0, this.#active + steps[event.key])));
    } else if ((event.key === "Enter" || event.key === " ") && this.#active >= 0) {
      event.preventDefault();
      this.#open(this.#active);
    }
  }

  #choose(index) {
    this.#active = index;
    const height = this.#rowHeight();
    const top = index * height;
    const head = this.#head.offsetHeight;
    if (top < this.#view.scrollTop) this.#view.scrollTop = top;
    else if (top + height + head > this.#view.scrollTop + this.#view.clientHeight) this.#view.scrollTop = top + height + head - this.#view.clientHeight;
    this.#draw();
  }

  #open(index) {
    const item = this.#source.at(index);
    if (item !== undefined) this.dispatchEvent(new CustomEvent("open", { detail: item }));
  }
}

customElements.define("cs-rows", Rows);

/**
 * Rows that the server has, asked for in pages when they come into view. `fetchPage(offset, limit, current)` returns {total, items};
 * `current()` is false once they are not wanted any more. */
export class PagedSource {
  #fetch;
  #pages = new Map();
  #asked = new Set();
  #generation = 0;
  #first = 0;
  #size;
  length = 0;
  onchange = () => {};
  onerror = () => {};

  constructor(fetchPage, size = 100) {
    this.#fetch = fetchPage;
    this.#size = size;
  }

  at(index) {
    return this.#pages.get(Math.floor(index / this.#size))?.[index % this.#size];
  }

  /** Ask for what is in view and not there yet. */
  about(first, last) {
    this.#first = first;
    if (!this.length && this.#asked.size) return;
    for (let page = Math.floor(first / this.#size); page * this.#size < Math.max(last, 1); page += 1) {
      if (!this.#pages.has(page) && !this.#asked.has(page)) this.#load(page);
    }
    // What is far away is forgotten, so that walking through everything keeps memory flat.
    if (this.#pages.size > 20) {
      const middle = Math.floor(first / this.#size);
      for (const page of this.#pages.keys()) if (Math.abs(page - middle) > 8) this.#pages.delete(page);
    }
  }

  /** Ask again for what is in view; until it is there, what is shown stays. */
  async reload(first = this.#first) {
    this.#generation += 1;
    this.#asked.clear();
    const page = Math.floor(first / this.#size);
    const others = [...this.#pages.keys()].filter((each) => each !== page);
    await this.#load(page);
    others.forEach((each) => this.#pages.delete(each));
    this.onchange();
  }

  async #load(page) {
    const generation = this.#generation;
    this.#asked.add(page);
    try {
      const { total, items } = await this.#fetch(page * this.#size, this.#size, () => generation === this.#generation);
      if (generation !== this.#generation) return;
      this.length = total;
      this.#pages.set(page, items);
      this.#asked.delete(page);
      this.onchange();
    } catch (error) {
      if (generation === this.#generation) this.onerror(error);
    }
  }
}
