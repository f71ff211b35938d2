// The newest exchanges, a bounded number of them, and those that a filter chooses.

export const MAX_EXCHANGES = 2_000;

/** Return the class of a result: ok, cim (a CIM error), http (refused), gone (the client left). */
export function outcome(exchange) {
  if (exchange.http_status === null) return "gone";
  if (exchange.http_status >= 400) return "http";
  return exchange.calls.some((call) => call.status) ? "cim" : "ok";
}

/** Return a line about what was called. */
export function called(exchange) {
  if (!exchange.calls.length) return exchange.http_status >= 400 ? "(refused)" : "(no operation)";
  const first = exchange.calls[0].operation;
  return exchange.calls.length > 1 ? `${first} +${exchange.calls.length - 1}` : first;
}

export class ExchangeLog {
  #all = [];
  #shown = [];
  #filter = { text: "", operation: "", status: "", user: "" };
  version = 0;

  /** The exchanges that the filter chooses, oldest first. */
  get shown() {
    return this.#shown;
  }

  get size() {
    return this.#all.length;
  }

  /** The number of the newest exchange, 0: there is none. */
  get last() {
    return this.#all.length ? this.#all[this.#all.length - 1].number : 0;
  }

  /** Return the operations and users that occur. */
  names() {
    const operations = new Set();
    const users = new Set();
    for (const each of this.#all) {
      each.calls.forEach((call) => operations.add(call.operation));
      if (each.user) users.add(each.user);
    }
    return { operations: [...operations].sort(), users: [...users].sort() };
  }

  /** Add exchanges; return how many of them are shown. Those that are there already are passed over. */
  add(exchanges) {
    const last = this.last;
    const fresh = exchanges.filter((each) => each.number > last).sort((one, two) => one.number - two.number);
    const chosen = fresh.filter((each) => this.#chooses(each));
    if (fresh.length) {
      // Cut seldom, so that adding costs what is added.
      this.#all = cut(this.#all.concat(fresh));
      this.#shown = cut(this.#shown.concat(chosen));
      while (this.#shown.length && this.#shown[0].number < this.#all[0].number) this.#shown.shift();
      this.version += 1;
    }
    return chosen.length;
  }

  filter(wanted) {
    this.#filter = { ...this.#filter, ...wanted };
    this.#shown = this.#all.filter((each) => this.#chooses(each));
    this.version += 1;
  }

  /** Forget the exchanges before a number. */
  forget(number) {
    if (!this.#all.length || this.#all[0].number >= number) return;
    this.#all = this.#all.filter((each) => each.number >= number);
    this.#shown = this.#shown.filter((each) => each.number >= number);
    this.version += 1;
  }

  clear() {
    this.#all = [];
    this.#shown = [];
    this.version += 1;
  }

  #chooses(exchange) {
    const { text, operation, status, user } = this.#filter;
    if (operation && !exchange.calls.some((call) => call.operation === operation)) return false;
    if (user && exchange.user !== user) return false;
    if (status === "failed" ? outcome(exchange) === "ok" : status && outcome(exchange) !== status) return false;
    return !text || searched(exchange).includes(text.toLowerCase());
  }
}

function cut(list) {
  return list.length > MAX_EXCHANGES ? list.slice(list.length - MAX_EXCHANGES) : list;
}

function searched(exchange) {
  const parts = [exchange.number, exchange.protocol, exchange.address, exchange.user, exchange.http_status, exchange.detail, exchange.why];
  for (const call of exchange.calls) {
    parts.push(call.operation, call.target, call.description, call.returned, ...Object.entries(call.parameters).flat());
  }
  return parts.join(" ").toLowerCase();
}
