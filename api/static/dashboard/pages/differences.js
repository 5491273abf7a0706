// The differences between specs.

import { h } from "../shared/element.js";
import { row, scrolling, table } from "../shared/table.js";

/**
 * A table of the fields in which specs differ.
 *
 * @param {unknown[]} specs
 * @param {string[]} names one per spec.
 */
export function differencesTable(specs, names) {
  const rows = differencesOf(specs);
  if (!rows.length) return h("p", { class: "muted" }, "Nothing but their names.");
  const cells = rows.map(({ path, values }) =>
    row([path, ...values.map((value) => value ?? "–")], { class: "figures" }),
  );
  return scrolling(table(["field", ...names], cells, { class: "differs" }));
}

/**
 * The fields in which specs differ, by name; the experiments' own names are no difference.
 *
 * @param {unknown[]} specs
 * @returns {{path: string, values: (string | undefined)[]}[]} a value per spec; undefined where the field is not set.
 */
export function differencesOf(specs) {
  const leaves = specs.map((spec) => new Map(flatten(spec)));
  const paths = [...new Set(leaves.flatMap((each) => [...each.keys()]))];
  const sorted = paths.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const rows = sorted.map((path) => ({ path, values: leaves.map((each) => each.get(path)) }));
  return rows.filter(({ path, values }) => path !== "name" && new Set(values).size > 1);
}

/**
 * The leaves of a value; a list of plain values is one leaf.
 *
 * @param {unknown} value
 * @param {string} path
 * @returns {[string, string][]} path and value as text; what is null is not set, and no leaf.
 */
export function flatten(value, path = "") {
  if (value === null) return [];
  if (typeof value !== "object") return [[path, String(value)]];
  if (Array.isArray(value) && value.every((each) => each === null || typeof each !== "object")) {
    return [[path, value.join(", ")]];
  }
  const entries = Object.entries(/** @type {object} */ (value));
  return entries.flatMap(([key, each]) => flatten(each, path ? `${path}.${key}` : key));
}
