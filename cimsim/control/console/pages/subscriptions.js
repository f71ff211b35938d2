// Subscriptions to indications: filters, destinations, what was sent and what was not.

import { debounce, el, put } from "../dom.js";
import { card, empty, facts, lamp, pageHead, problem } from "../ui.js";
import { count } from "../format.js";
import { newest } from "../api.js";
import { toInstance } from "../router.js";

export function page({ app, api, signal }) {
  const list = el("div", { class: "stack" });
  const fresh = newest(signal);
  const about = el("span", { text: " " });
  const node = el("div", { class: "page" }, pageHead("Subscriptions", about), list);
  async function load() {
    try {
      const { subscriptions } = await api.get("/subscriptions", {}, fresh());
      about.textContent = subscriptions.length ? `${count(subscriptions.length, "subscription")}, ${subscriptions.filter((each) => each.active).length} active` : "Who is notified of what.";
      // No event says that a delivery came to its end.
      if (subscriptions.some((each) => each.queued)) soon();
      put(list, subscriptions.length ? subscriptions.map(one) : empty("Nobody has subscribed", "Clients subscribe with instances of CIM_IndicationSubscription in the Interop namespace, or with Subscribe of WS-Eventing. ", el("a", { href: "#/documents/indications", text: "Indications" })));
    } catch (error) {
      if (error.name !== "AbortError") put(list, problem(error, load));
    }
  }
  const soon = debounce(load, 500);
  for (const kind of ["change", "snapshots", "exchange", "stale"]) app.on(signal, kind, soon);
  load();
  return { title: "Subscriptions", node };
}

function one(each) {
  const names = each.source_namespaces || [];
  return card(
    each.destination || "(no destination)",
    facts([
      ["State", lamp(each.active ? (each.last_error ? "warning" : "on") : "off", each.active ? "Active" : "Not active")],
      ["Sent", String(each.sent)],
      ["Failed", String(each.failed)],
      ["In the queue", String(each.queued)],
      names.length ? ["Of namespaces", names.join(", ")] : null,
    ]),
    el("div", { class: "stack" }, el("h3", { text: `Query, ${each.language}` }), el("pre", { class: "code wrap", tabindex: "0", role: "region", "aria-label": "Query", text: each.query })),
    each.last_error ? el("div", { class: "why" }, el("strong", { text: "Last error: " }), each.last_error) : null,
    el("p", { class: "links-line" }, each.path ? el("a", { href: toInstance(each.path), text: "Subscription" }) : null, each.filter ? el("a", { href: toInstance(each.filter), text: "Filter" }) : null),
  );
}
