// The parts of a profile: the columns with their histograms, the proposal, the warnings.

import { h } from "../shared/element.js";
import { number, titled } from "../shared/format.js";
import { scrolling, table } from "../shared/table.js";

const MAX_SHOWN = 100; // columns; the API has all of them
const MAX_CATEGORIES = 3;
const MAX_NAMED = 8; // features, and columns of a step
const HEADINGS = [
  { name: "column" },
  { name: "type" },
  { name: "values" },
  { name: "missing", class: "right" },
  { name: "distinct", class: "right" },
  { name: "lowest", class: "right" },
  { name: "mean", class: "right" },
  { name: "highest", class: "right" },
];

/**
 * The heights of a histogram's bars, from 0 to 1: the root of each count, so that one value is seen beside thousands.
 *
 * @param {number[]} counts
 * @returns {number[]}
 */
export function heights(counts) {
  const highest = Math.max(1, ...counts);
  return counts.map((count) => Math.sqrt(count / highest));
}

/**
 * Some names in words.
 *
 * @param {string[]} names
 */
export const namesOf = (names) => names.slice(0, MAX_NAMED).join(", ") + (names.length > MAX_NAMED ? ", …" : "");

/**
 * True if the proposed features are two numbers: two columns, or one array of two.
 *
 * @param {DataProfile} profile
 */
export function spanPlane({ columns, proposal }) {
  const features = columns.filter(({ name }) => proposal.features.includes(name));
  const shapes = features.map(({ type, shape }) => (type === "category" ? "" : `[${shape}]`));
  return shapes.length === proposal.features.length && ["[2]", "[],[]"].includes(shapes.join());
}

/** @param {DataProfile} profile */
export function columnsTable({ columns, column_count: count }) {
  const more = count - Math.min(columns.length, MAX_SHOWN);
  return h(
    "div",
    { class: "stack" },
    scrolling(table(HEADINGS, columns.slice(0, MAX_SHOWN).map(columnRow), { class: "columns" })),
    more > 0 && h("p", { class: "muted small" }, `and ${more} more`),
  );
}

/** @param {ColumnProfile} column */
function columnRow(column) {
  const { name, type, dtype, shape, missing, distinct, minimum, mean, maximum } = column;
  const figures = [missing, distinct, minimum, mean, maximum];
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, name),
    h("td", { class: "muted small" }, shape.length ? `${dtype} ${shape.join(" × ")}` : type),
    h("td", {}, valuesOf(column)),
    figures.map((value) => h("td", { class: "right figures" }, number(value, 4))),
  );
}

/** @param {ColumnProfile} column */
function valuesOf({ histogram, commonest, name }) {
  if (commonest.length) {
    const named = commonest.slice(0, MAX_CATEGORIES).map(({ value, count }) => `${value} (${count})`);
    return h("span", { class: "small" }, named.join(", ") + (commonest.length > MAX_CATEGORIES ? ", …" : ""));
  }
  if (!histogram) return null;
  const words = `${name}: ${histogram.counts.join(", ")} values from ${histogram.low} to ${histogram.high}`;
  const bars = heights(histogram.counts).map((height) => h("i", { style: { height: `${Math.ceil(100 * height)}%` } }));
  return h("span", { class: "bars", role: "img", "aria-label": words }, bars);
}

/** @param {DataProposal} proposal */
export function proposalFacts({ target, target_reason: why, task, task_reason: whyTask, features, split, prepare }) {
  /** @type {([string, string, string] | null)[]} */
  const lines = [
    ["Target", namesOf(target) || "none", why],
    ["Task", task ?? "unknown", whyTask],
    ["Features", `${features.length}: ${namesOf(features)}`, ""],
    split && ["Split", titled(split.kind), split.reason],
    .../** @type {[string, string, string][]} */ (
      prepare.map(({ step, columns, reason }) => ["Prepare", `${titled(step)}: ${namesOf(columns)}`, reason])
    ),
  ];
  return h(
    "dl",
    { class: "proposal" },
    lines.map(
      (line) =>
        line && h("div", {}, h("dt", {}, line[0]), h("dd", {}, line[1], h("span", { class: "muted small" }, line[2]))),
    ),
  );
}

/** @param {DataProfile} profile */
export const warningsList = ({ warnings }) =>
  h(
    "ul",
    { class: "findings" },
    warnings.map(({ kind, sentence }) =>
      h("li", {}, h("span", { class: "tag", "data-kind": "warning" }, titled(kind)), sentence),
    ),
  );
