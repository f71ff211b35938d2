// Calling a method: a form made of its parameters, and what it returned.

import { el, put } from "../dom.js";
import { empty, facts, lamp, openDialog, select } from "../ui.js";
import { form, LEFT_OUT, valueField, valueNodes } from "../forms.js";
import { toInstance } from "../router.js";

/**
 * Open a dialog that calls a method. `target`: {path} or {namespace, classname}; `methods` are to choose from; `given`: values of
 * parameters by name; `only`: the parameters that are asked for, all if it is not given.
 */
export function openInvoke({ api, target, methods, title, chosen = "", given = {}, only = null, done = () => {} }) {
  const content = el("div", { class: "stack" });
  const result = el("div", { class: "stack", "aria-live": "polite" });
  let method = methods.find((each) => each.name === chosen) || methods[0];
  const choice = methods.length > 1 ? select("Method", methods.map((each) => each.name), method?.name, (name) => { method = methods.find((each) => each.name === name); draw(); }) : null;
  const dialog = openDialog(`Call a method of ${title}`, method ? [choice, content, result] : empty("There are no methods"));

  function draw() {
    put(result);
    const inputs = method.parameters.filter((each) => each.input && (!only || only.includes(each.name)));
    const fields = inputs.map((each) => ({ each, field: valueField(each, given[each.name], { optional: !each.required }) }));
    const node = form(
      [
        el("p", { class: "soft" }, el("code", { text: `${method.returns} ${method.name}` }), method.provided ? null : el("span", { class: "tag warn", text: "no provider" }), method.description ? el("span", { text: ` ${method.description}` }) : null),
        fields.length ? el("div", { class: "form-grid" }, fields.map(({ field }) => field.node)) : el("p", { class: "soft", text: "It takes no parameters." }),
      ],
      `Call ${method.name}`,
      async () => {
        put(result);
        const parameters = { ...given };
        for (const { each, field } of fields) {
          const value = field.read();
          if (value === LEFT_OUT) delete parameters[each.name];
          else parameters[each.name] = value;
        }
        const answer = await api.post("/invoke", { ...target, method: method.name, parameters });
        put(result, returned(method, answer));
        done(answer);
      },
      { key: `invoke.${target.path || `${target.namespace}:${target.classname}`}.${method.name}` },
    );
    put(content, node);
  }

  if (method) draw();
  return dialog;
}

/** Return what a method returned: its value in words, and the output parameters. */
export function returned(method, answer) {
  const outputs = Object.entries(answer.outputs || {});
  const good = answer.returned === 0 || answer.returned === "0" || answer.returned === 4096 || answer.returned === true;
  return el(
    "div",
    { class: "returned" },
    lamp(good ? "on" : "warning", `returns ${answer.returned ?? "NULL"}${answer.text ? ` · ${answer.text}` : ""}`),
    outputs.length ? facts(outputs.map(([name, value]) => [name, output(method.parameters.find((each) => each.name === name), value)])) : null,
  );
}

function output(parameter, value) {
  if (parameter?.type === "reference" && typeof value === "string") return el("a", { href: toInstance(value), text: value });
  return valueNodes(parameter, value);
}
