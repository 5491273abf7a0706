// The table of a study's cells, a page at a time, and its files.

import { fileLink } from "../charts/frame.js";
import { isChanged } from "../shared/changed.js";
import { fill, h } from "../shared/element.js";
import { number, seconds } from "../shared/format.js";
import { scrolling, table } from "../shared/table.js";
import { shownValue } from "./study_axes.js";
import { experimentOf } from "./study_cell.js";
import { failingWords, illnessOf, ORDERS, ordered } from "./study_columns.js";

const PAGE = 25; // rows of one page
const FILES = [
  { label: "CSV", accept: "text/csv", end: "csv" },
  { label: "JSON", accept: "application/json", end: "json" },
  { label: "Parquet", accept: "application/vnd.apache.parquet", end: "parquet" },
];

/** @param {string} id of the study. */
export function studyRows(id) {
  const options = ORDERS.map((order) => h("option", { value: order }, order));
  const order = h("select", { id: "order", onchange: () => turn(0) }, options);
  const holder = h("div");
  const place = h("span", { class: "muted small" });
  const back = h("button", { type: "button", onclick: () => turn(first - PAGE) }, "Back");
  const further = h("button", { type: "button", onclick: () => turn(first + PAGE) }, "Further");
  const links = h(
    "div",
    { class: "files" },
    FILES.map(({ label, accept, end }) => fileLink(fileOf(id, label, accept, end))),
  );
  const isNew = isChanged();
  let first = 0;
  /** @type {StudyTable | null} */
  let shown = null;
  /** @type {Map<string, string>} */
  let titles = new Map();

  /** @param {number} next */
  function turn(next) {
    first = Math.max(0, next);
    draw();
  }

  function draw() {
    if (!shown) return;
    const { rows, higher_is_better: higher } = shown;
    if (first >= rows.length) first = 0;
    const page = ordered(rows, order.value, higher).slice(first, first + PAGE);
    if (!isNew([page, [...titles]])) return;
    fill(holder, scrolling(rowsTable(shown, page, titles)));
    place.textContent = `${first + 1} to ${first + page.length} of ${rows.length.toLocaleString("en")}`;
    back.hidden = first === 0;
    further.hidden = first + PAGE >= rows.length;
  }

  const head = h("div", { class: "head" }, h("h2", {}, "Table"), links);
  const controls = h("div", { class: "row" }, h("label", { for: "order" }, "Order"), order, place, back, further);
  return {
    element: h("section", { class: "panel stack", id: "table", "aria-label": "Table" }, head, controls, holder),
    /** @param {StudyTable} next @param {Map<string, string>} names titles of the rules. */
    show(next, names) {
      shown = next;
      titles = names;
      draw();
    },
  };
}

/** @param {string} id @param {string} label @param {string} accept @param {string} end @returns {FileLink} */
const fileOf = (id, label, accept, end) => ({
  label,
  path: `/studies/${id}/table`,
  accept,
  name: `${id}-table.${end}`,
});

/** @param {StudyTable} study @param {StudyCell[]} page @param {Map<string, string>} titles */
function rowsTable({ axes, metric, measures }, page, titles) {
  const right = (/** @type {string} */ name) => ({ name, class: "right" });
  const headings = [
    ...axes.map(({ name }) => ({ name })),
    { name: "result" },
    { name: "seeds that fail" },
    right(metric.replaceAll("_", " ")),
    ...measures.map(right),
    right("took"),
  ];
  const rows = page.map((cell) => cellRow(cell, axes, measures, titles));
  return table(headings, rows, { class: "trials" });
}

/** @param {StudyCell} cell @param {StudyAxis[]} axes @param {string[]} measures @param {Map<string, string>} titles */
function cellRow(cell, axes, measures, titles) {
  const { status, verdict, metric, failing, seconds: took, error } = cell;
  const address = experimentOf(cell);
  const words = illnessOf(cell, titles) ?? status;
  const tag = h("span", { class: "tag", "data-kind": verdict ?? status, title: error }, words);
  const numbers = [
    number(metric?.median),
    ...measures.map((name) => number(cell.measures[name])),
    took === null ? "–" : seconds(took),
  ];
  return h(
    "tr",
    { "data-position": cell.position },
    axes.map(({ name }) => h("td", { class: "figures" }, shownValue(cell.values[name]))),
    h("td", {}, address ? h("a", { href: address }, tag) : tag),
    h("td", { class: "figures" }, failing ? failingWords(failing) : "–"),
    numbers.map((each) => h("td", { class: "right figures" }, each)),
  );
}
