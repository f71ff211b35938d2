// Routes: the fragment of the address says which page is shown, such as #/browse/root%2Fcimv2?sort=Name.

/** Return the parts and the query of a fragment. */
export function parse(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const parts = path.split("/").filter(Boolean).map(decoded);
  return { parts, query: Object.fromEntries(new URLSearchParams(query)) };
}

/** Return a fragment of parts and a query; empty values are left out. */
export function to(parts, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return `#/${parts.map(encodeURIComponent).join("/")}${given.length ? `?${new URLSearchParams(given)}` : ""}`;
}

/** Return the fragment of the page of an instance. */
export const toInstance = (path) => to(["instance"], { path });

/** Change the address without a new entry in the history, and without drawing the page again. */
export function replace(parts, query) {
  history.replaceState(null, "", to(parts, query));
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
