// What happens in the server, as it happens: server-sent events, read with fetch, which says why a stream is refused.
// Events are collected and handed on once per frame; a stream that ends is opened again where it ended.

import { perFrame } from "./dom.js";

const RETRY = [500, 1000, 2000, 4000];
const SILENCE = 45_000; // three heartbeats
const MAX_WAITING = 2_000;
const MAX_EVENT = 1_000_000;

/**
 * Dispatches `state` when `state` changes: "connecting", "live", "gone" or "login"; `resumed` when it is live again; and
 * each kind of event, as an event whose `detail` is an array of all that came since the last frame.
 */
export class Live extends EventTarget {
  #api;
  #abort = null;
  #attempts = 0;
  #last = "";
  #waiting = new Map();
  #lost = false;
  #deliver = perFrame(() => this.#handOn());
  #silence = 0;
  #retry = 0;
  state = "connecting";

  constructor(api) {
    super();
    this.#api = api;
  }

  /** Open the stream, anew if it is open. */
  start() {
    this.stop();
    this.#last = "";
    this.#waiting.clear();
    this.#open();
  }

  stop() {
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    this.#abort?.abort();
    this.#abort = null;
  }

  /** Do not wait for the next attempt. */
  retry() {
    if (this.state === "live") return;
    this.stop();
    this.#open();
  }

  async #open() {
    const abort = (this.#abort = new AbortController());
    try {
      this.#heard(abort);
      const headers = { Accept: "text/event-stream", ...(this.#last ? { "Last-Event-ID": this.#last } : {}) };
      const answer = await fetch(this.#api.address("/events"), { headers, signal: abort.signal, cache: "no-store" });
      if (answer.status === 401) {
        this.#become("login");
        this.#api.dispatchEvent(new Event("login"));
        return;
      }
      if (!answer.ok || !answer.body) throw new Error(`${answer.status}`);
      const again = this.#attempts > 0;
      this.#attempts = 0;
      this.#become("live");
      if (again) this.dispatchEvent(new Event("resumed"));
      await this.#read(answer.body, abort);
    } catch {
      // Said below: whatever ended the stream, it is opened again.
    }
    if (this.#abort !== abort) return;
    clearTimeout(this.#silence);
    const wait = RETRY[Math.min(this.#attempts, RETRY.length - 1)];
    this.#attempts += 1;
    this.#become(this.#attempts > 1 ? "gone" : "connecting");
    this.#retry = setTimeout(() => this.#open(), wait);
  }

  async #read(body, abort) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done || this.#abort !== abort) return;
      this.#heard(abort);
      rest += value.replaceAll("\r\n", "\n");
      const blocks = rest.split("\n\n");
      rest = blocks.pop();
      if (rest.length > MAX_EVENT) throw new Error("an event is too long");
      blocks.forEach((block) => this.#received(block));
    }
  }

  #heard(abort) {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => abort.abort(), SILENCE);
  }

  #received(block) {
    let kind = "message";
    const data = [];
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (name === "event") kind = value;
      else if (name === "data") data.push(value);
      else if (name === "id") this.#last = value;
    }
    if (!data.length && kind === "message") return;
    let detail = null;
    try {
      detail = data.length ? JSON.parse(data.join("\n")) : null;
    } catch {
      return;
    }
    const list = this.#waiting.get(kind) || [];
    list.push(detail);
    if (list.length > MAX_WAITING) {
      list.splice(0, list.length - MAX_WAITING);
      this.#lost = true;
    }
    this.#waiting.set(kind, list);
    this.#deliver();
  }

  #handOn() {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    if (this.#lost && !waiting.has("lost")) waiting.set("lost", [null]);
    this.#lost = false;
    for (const [kind, detail] of waiting) this.dispatchEvent(new CustomEvent(kind, { detail }));
  }

  #become(state) {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}
