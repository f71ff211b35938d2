// How values are written for people.

/** Return a number of bytes. */
export function bytes(count) {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${(count / 1024).toFixed(1)} KiB`;
  return `${(count / 1024 / 1024).toFixed(1)} MiB`;
}

/** Return a duration in seconds. */
export function seconds(value) {
  if (value < 0.0095) return `${(value * 1000).toFixed(1)} ms`;
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  return value < 100 ? `${value.toFixed(2)} s` : `${Math.round(value)} s`;
}

/** Return the time of day of an ISO 8601 time, in UTC as the server has it. */
export function timeOfDay(iso) {
  return String(iso ?? "").slice(11, 23);
}

/** Return an ISO 8601 time as date and time. */
export function dateTime(iso) {
  return String(iso ?? "").replace("T", " ").replace(/(\.\d{3})\d*/, "$1").replace(/Z$/, "");
}

/** Return how long it is between two ISO 8601 times. */
export function between(from, to) {
  const distance = (Date.parse(to) - Date.parse(from)) / 1000;
  if (!Number.isFinite(distance)) return "";
  if (distance <= 0) return "now";
  if (distance < 120) return `in ${seconds(distance)}`;
  if (distance < 7200) return `in ${Math.round(distance / 60)} min`;
  return `in ${Math.round(distance / 3600)} h`;
}

const CIM_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)\.(\d{6})([+-]\d{3})$/;
const CIM_INTERVAL = /^(\d{8})(\d\d)(\d\d)(\d\d)\.(\d{6}):000$/;

/** Return a CIM datetime in words, as it is if it is not one. */
export function cimTime(text) {
  const time = CIM_TIME.exec(text ?? "");
  if (time) return `${time[1]}-${time[2]}-${time[3]} ${time[4]}:${time[5]}:${time[6]} ${time[8] === "+000" ? "UTC" : time[8]}`;
  const interval = CIM_INTERVAL.exec(text ?? "");
  if (interval) return `${Number(interval[1]) ? `${Number(interval[1])} d ` : ""}${interval[2]}:${interval[3]}:${interval[4]}`;
  return String(text ?? "");
}

/** Return a value of the API as text; null is NULL. */
export function valueText(value) {
  if (value === null || value === undefined) return "NULL";
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}

/** Return what a ValueMap calls a value, empty if it has no word for it. `element`: a property or parameter of a class. */
export function mapped(element, value) {
  const values = element?.values;
  if (!values?.length || value === null || value === undefined) return "";
  if (Array.isArray(value)) {
    const words = value.map((each) => mapped(element, each));
    return words.some(Boolean) ? words.join(", ") : "";
  }
  const map = element.value_map?.length ? element.value_map : values.map((_, place) => String(place));
  const text = String(value);
  const exact = map.indexOf(text);
  if (exact >= 0) return values[exact] ?? "";
  const number = Number(text);
  const range = map.findIndex((entry) => inRange(entry, number));
  return range >= 0 ? (values[range] ?? "") : "";
}

function inRange(entry, number) {
  const match = /^(-?\d*)\.\.(-?\d*)$/.exec(entry);
  if (!match || !Number.isFinite(number)) return false;
  if (match[1] === "" && match[2] === "") return true;
  return (match[1] === "" || number >= Number(match[1])) && (match[2] === "" || number <= Number(match[2]));
}

/** Return the parts of an instance path as text: namespace, class, and the keys as it has them. */
export function pathParts(path) {
  const match = /^(?:\/\/[^/]*\/)?(?:([^:."]*):)?([^.="]*)(?:\.(.*))?$/s.exec(path ?? "");
  return match ? { namespace: match[1] || "", classname: match[2], keys: match[3] || "" } : { namespace: "", classname: String(path), keys: "" };
}

/** Return a short name for an instance path: the value of its last key, or of the only one. */
export function shortName(path) {
  const { classname, keys } = pathParts(path);
  const values = [...keys.matchAll(/(\w+)=("(?:[^"\\]|\\.)*"|[^,]*)/g)].map((match) => [match[1], match[2].replace(/^"|"$/g, "").replace(/\\(.)/g, "$1")]);
  const named = values.find(([name]) => /^(name|deviceid|instanceid|id)$/i.test(name)) || values[values.length - 1];
  return named ? named[1] : classname;
}

/** Return a name for people of an instance as the API has it. */
export function titleOf(instance) {
  for (const name of ["ElementName", "DisplayName"]) {
    const found = instance.properties.find((each) => each.name === name);
    if (typeof found?.value === "string" && found.value.trim()) return found.value;
  }
  return shortName(instance.path);
}

/** Return a number of things. */
export function count(number, one, many = `${one}s`) {
  return `${Number(number).toLocaleString("en")} ${number === 1 ? one : many}`;
}
