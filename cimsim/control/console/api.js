// The client of the control API. It knows which CIMOM is asked, and turns refusals into errors with their field. A token is
// exchanged for a cookie that no script can read, and is not kept.

/** The server refuses something. `field` is what is wrong, `nearest` what exists; `line` and `column` are of a query, 0: none. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.error || `the server answers ${status}`);
    this.status = status;
    this.field = problem.field || "";
    this.nearest = problem.nearest || "";
    this.line = problem.line || 0;
    this.column = problem.column || 0;
  }
}

/** The server does not answer. */
export class Gone extends Error {
  constructor() {
    super("the server does not answer: what you typed is kept, try again when it is back");
    this.status = 0;
    this.field = this.nearest = "";
    this.line = this.column = 0;
  }
}

/** Return a part of a path. */
export const part = (text) => encodeURIComponent(text).replace(/\./g, "%2E");

/** Return what gives the signal of a request that ends the one before: an older answer never replaces a newer one. */
export function newest(signal) {
  let last = null;
  return () => {
    last?.abort();
    last = new AbortController();
    return AbortSignal.any([signal, last.signal]);
  };
}

export class Api extends EventTarget {
  #cimom = "";

  /** Get the cookie for a token. */
  logIn(token) {
    return this.#send("POST", "/v1/login", { token });
  }

  /** The name of the CIMOM that is asked, empty for the first. */
  get cimom() {
    return this.#cimom;
  }

  set cimom(name) {
    this.#cimom = name;
  }

  /** Return the address of something of the CIMOM. */
  address(path, query = {}) {
    const prefix = this.#cimom ? `/v1/cimoms/${part(this.#cimom)}` : "/v1";
    return prefix + path + queryText(query);
  }

  get(path, query, signal) {
    return this.#send("GET", this.address(path, query), undefined, signal);
  }

  /** Ask for something that does not belong to one CIMOM. */
  getShared(path, query, signal) {
    return this.#send("GET", `/v1${path}${queryText(query)}`, undefined, signal);
  }

  post(path, body = {}, query = {}) {
    return this.#send("POST", this.address(path, query), body);
  }

  put(path, body = {}) {
    return this.#send("PUT", this.address(path), body);
  }

  patch(path, body, query = {}) {
    return this.#send("PATCH", this.address(path, query), body);
  }

  delete(path, query = {}) {
    return this.#send("DELETE", this.address(path, query));
  }

  async #send(method, address, body, signal) {
    const options = { method, headers: { Accept: "application/json" }, signal, cache: "no-store", credentials: "same-origin" };
    if (body !== undefined) {
      options.headers["Content-Type"] = "application/json";
      options.body = JSON.stringify(body);
    }
    let answer;
    let content;
    try {
      answer = await fetch(address, options);
      content = await answer.text();
    } catch (error) {
      if (error.name === "AbortError") throw error;
      this.dispatchEvent(new Event("gone"));
      throw new Gone();
    }
    let value = {};
    try {
      value = content ? JSON.parse(content) : {};
    } catch {
      value = { error: answer.ok ? "the answer is not JSON" : content.slice(0, 500) };
      if (answer.ok) throw new Refused(answer.status, value);
    }
    if (!answer.ok) {
      if (answer.status === 401 && address !== "/v1/login") this.dispatchEvent(new Event("login"));
      throw new Refused(answer.status, value);
    }
    return value;
  }
}

function queryText(query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
}
