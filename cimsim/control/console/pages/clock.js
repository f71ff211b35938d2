// The clock of the CIMOM: the time, what is due, and moving it on.

import { el, perFrame, put } from "../dom.js";
import { button, card, facts, lamp, pageHead, problem } from "../ui.js";
import { field, form, text } from "../forms.js";
import { between, count, dateTime } from "../format.js";

const STEPS = [[1, "+1 s"], [5, "+5 s"], [30, "+30 s"], [300, "+5 min"], [3600, "+1 h"]];

export function page({ app, api, signal, again }) {
  const display = el("p", { class: "display", role: "timer", "aria-label": "Time of the clock" });
  const state = el("div");
  const switching = el("span");
  const steps = el("div", { class: "actions" }, STEPS.map(([seconds, words]) => button(words, () => advance({ seconds }))), button("Next", () => advance({ to: "next" }), { icon: "next", kind: "main", title: "To the time at which something is due next" }));
  const go = form([field("to", "Advance to", text({ placeholder: "2026-01-01T12:00:00Z" }), "A time in ISO 8601, or next.")], "Advance", (values) => advance({ to: values.to.trim() }), { key: "clock", kind: "" });
  const by = form([field("seconds", "Advance by seconds", text({ inputmode: "decimal", placeholder: "90" }))], "Advance", (values) => advance({ seconds: Number.isFinite(Number(values.seconds)) && values.seconds.trim() ? Number(values.seconds) : values.seconds }), { key: "clock.by", kind: "" });
  const node = el("div", { class: "page" }, pageHead("Clock", "Time in the simulated systems. What waits happens when its time comes, each step at its own time.", switching), el("section", { class: "card clock", "aria-label": "Time" }, display, state, steps), el("div", { class: "columns" }, card("By a number of seconds", by), card("To a time", go)));

  async function advance(wanted) {
    app.setClock(await api.post("/clock/advance", wanted));
  }

  const draw = perFrame(() => {
    const clock = app.clock;
    if (!clock) return;
    const now = new Date(app.now()).toISOString();
    put(display, el("span", { class: "day", text: now.slice(0, 10) }), el("span", { class: "digits", text: now.slice(11, 19) }), el("span", { class: "zone", text: "UTC" }));
  });
  function changed(clock) {
    draw();
    put(state, facts([
      ["State", lamp(clock.running ? "on" : "warning", clock.running ? "Runs by itself" : "Stands until it is advanced")],
      ["Due next", clock.due ? [dateTime(clock.due), el("span", { class: "tag info", text: between(new Date(app.now()).toISOString(), clock.due) })] : "Nothing"],
      ["Waiting", count(clock.waiting, "step")],
    ]));
    put(switching, clock.running ? button("Stop", async () => app.setClock(await api.post("/clock/stop")), { icon: "pause" }) : button("Resume", async () => app.setClock(await api.post("/clock/resume")), { icon: "play" }));
  }

  async function load() {
    try {
      app.setClock(await api.get("/clock", {}, signal));
    } catch (error) {
      if (error.name !== "AbortError" && !app.clock) put(state, problem(error, again));
    }
  }

  app.onClock(signal, changed);
  app.on(signal, "change", load);
  const timer = setInterval(() => app.clock?.running && draw(), 1_000);
  signal.addEventListener("abort", () => clearInterval(timer));
  load();
  return { title: "Clock", node };
}
