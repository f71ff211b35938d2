// Logging in with the control token.

import { el } from "../dom.js";
import { card, notice, pageHead } from "../ui.js";
import { field, form, text } from "../forms.js";

export function page({ app, api, query }) {
  const input = text({ autocomplete: "current-password", class: "token" });
  input.type = "password";
  const node = form([field("token", "Control token", input, "It is at the end of the address that cimsim serve prints, after #token=.")], "Log in", async (values) => {
    try {
      await api.logIn(values.token.trim());
    } catch (error) {
      if (error.status === 401) Object.assign(error, { field: "token", message: "This is not the control token of this server." });
      throw error;
    }
    notice("Logged in");
    await app.begin();
    location.hash = query.then && query.then.startsWith("#/") && !query.then.startsWith("#/login") ? query.then : "#/overview";
  });
  return {
    title: "Log in",
    node: el("div", { class: "page text login" }, pageHead("Log in", "This server asks for its control token."), card("Control token", node, el("p", { class: "soft", text: "Users and passwords of CIM clients (--user) do not open the console: it respects the control token only. The browser keeps a cookie until it is closed or the server ends." }))),
    shown: () => input.focus(),
  };
}
