// Tables.

import { h } from "./element.js";

/** @typedef {{name: string, class?: string | null, isUnseen?: boolean}} Heading unseen: for screen readers alone. */

/**
 * A table with one row of headings.
 *
 * @param {(string | Heading)[]} headings
 * @param {Child[]} rows `tr` elements, or the `tbody` that holds them.
 * @param {Properties} [properties] of the table.
 */
export function table(headings, rows, properties = {}) {
  const body = rows.length === 1 && rows[0] instanceof HTMLTableSectionElement ? rows : h("tbody", {}, rows);
  return h("table", properties, h("thead", {}, h("tr", {}, headings.map(heading))), body);
}

/**
 * A row of a table.
 *
 * @param {Child[]} cells
 * @param {Properties} [properties] of each cell.
 */
export const row = (cells, properties = {}) =>
  h(
    "tr",
    {},
    cells.map((cell) => h("td", properties, cell)),
  );

/**
 * A table that scrolls sideways where it is wider than the page; by keyboard too.
 *
 * @param {HTMLTableElement} inner
 */
export const scrolling = (inner) => h("div", { class: "scroll", tabindex: 0 }, inner);

/**
 * Names and values, as a list of facts.
 *
 * @param {...([string, Child] | null | false | undefined)} pairs
 */
export function facts(...pairs) {
  return h(
    "dl",
    { class: "facts" },
    pairs.map((pair) => pair && h("div", {}, h("dt", {}, pair[0]), h("dd", {}, pair[1]))),
  );
}

/**
 * Replace the rows of a table. Those that stay are not moved where the others allow it: focus stays.
 *
 * @param {HTMLElement} body
 * @param {HTMLElement[]} rows
 */
export function replaceRows(body, rows) {
  const next = new Set(rows);
  for (const row of [...body.children]) if (!next.has(/** @type {HTMLElement} */ (row))) row.remove();
  rows.forEach((row, i) => body.children[i] !== row && body.insertBefore(row, body.children[i] ?? null));
}

/** @param {string | Heading} given */
function heading(given) {
  const { name, class: classes = null, isUnseen = false } = typeof given === "string" ? { name: given } : given;
  return h("th", { class: classes, scope: "col" }, isUnseen ? h("span", { class: "unseen" }, name) : name);
}
