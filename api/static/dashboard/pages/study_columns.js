// Columns of a study's table as something that colours a map: the diagnosis, the metric, the failing share, measures.

import { Scale } from "../charts/scale.js";
import { number } from "../shared/format.js";

/** Measures that are factors, whatever their statistic: equal ratios are equally far apart. */
const FACTORS = ["ratio", "growth"];
/** Illnesses with a colour of their own; the less frequent ones share the last. */
const MAX_ILLNESSES = 5;
const OTHERS = "other illnesses";
export const [HEALTHY, UNDECIDED] = ["healthy", "undecided"];

/**
 * @typedef {object} Column
 * @property {string} name its address in the table: "diagnosis", "failing", "metric" or the name of a measure.
 * @property {string} label for people.
 * @property {ScaleKind | null} scale null for the diagnosis, which has categories.
 * @property {(cell: StudyCell) => number | null} value of a cell; null without one.
 */

/** @typedef {{metrics: {kind: string, range: string}[], statistics: Record<string, Statistic[]>}} Ranges */

/**
 * The columns of a table, the diagnosis first.
 *
 * @param {Pick<StudyTable, "metric">} table
 * @param {StudyMeasure[]} measures of the study's spec.
 * @param {Ranges} catalogue
 * @returns {Column[]}
 */
export function columnsOf({ metric }, measures, catalogue) {
  const failing = (/** @type {StudyCell} */ cell) => cell.failing && cell.failing.count / cell.failing.of;
  return [
    { name: "diagnosis", label: "diagnosis", scale: null, value: () => null },
    { name: "failing", label: "share of seeds that fail", scale: "share", value: failing },
    {
      name: "metric",
      label: metric.replaceAll("_", " "),
      scale: metricScale(metric, catalogue),
      value: (cell) => cell.metric?.median ?? null,
    },
    ...measures.map((measure) => measureColumn(measure, catalogue)),
  ];
}

/** @param {string} metric @param {Ranges} catalogue @returns {ScaleKind} */
function metricScale(metric, { metrics }) {
  const range = metrics.find(({ kind }) => kind === metric.replace(/^val_/, ""))?.range;
  return range?.startsWith("[0, 1]") ? "share" : "linear";
}

/** @param {StudyMeasure} measure @param {Ranges} catalogue @returns {Column} */
function measureColumn({ name, series, statistic, reduce }, { statistics }) {
  const own = statistics[series]?.find((each) => each.name === statistic)?.scale ?? "linear";
  const scale = FACTORS.includes(reduce) ? "log" : own;
  return { name, label: name, scale, value: (cell) => cell.measures[name] ?? null };
}

/**
 * The scale of a column over some cells; null for the diagnosis.
 *
 * @param {Column} column
 * @param {StudyCell[]} cells
 */
export function scaleOver({ scale, value }, cells) {
  return (
    scale &&
    Scale.over(
      scale,
      Float64Array.from(cells, (cell) => value(cell) ?? NaN),
    )
  );
}

/**
 * The illness of a cell: healthy, undecided, or the title of its root cause; null before it is diagnosed.
 *
 * @param {StudyCell} cell
 * @param {Map<string, string>} titles of the rules.
 */
export function illnessOf({ verdict, root_cause: root }, titles) {
  if (verdict === null || verdict === HEALTHY || !root) return verdict;
  const title = titles.get(root) ?? root;
  return verdict === "at risk" ? `at risk: ${title}` : title;
}

/**
 * The categories of a map of illnesses, in the order of their numbers: healthy, undecided, then by frequency.
 *
 * @param {(string | null)[]} illnesses of the cells.
 * @returns {{names: string[], of: (illness: string) => number}} the names, and the place of an illness among them.
 */
export function categoriesOf(illnesses) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const each of illnesses) if (each) counts.set(each, (counts.get(each) ?? 0) + 1);
  const ill = [...counts.keys()].filter((name) => name !== HEALTHY && name !== UNDECIDED);
  ill.sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0) || (a < b ? -1 : 1));
  const own = ill.length > MAX_ILLNESSES ? ill.slice(0, MAX_ILLNESSES - 1) : ill;
  const names = [HEALTHY, UNDECIDED, ...own, ...(own.length < ill.length ? [OTHERS] : [])];
  const places = new Map(names.map((name, i) => [name, i]));
  return { names, of: (illness) => places.get(illness) ?? names.length - 1 };
}

/**
 * The number of a cell in words, with its interval.
 *
 * @param {Column} column
 * @param {StudyCell} cell
 * @param {Map<string, string>} titles of the rules.
 */
export function columnWords(column, cell, titles) {
  const { failing, metric, status } = cell;
  if (column.name === "diagnosis") return illnessOf(cell, titles) ?? status;
  if (column.name === "failing" && failing) return failingWords(failing);
  if (column.name === "metric" && metric) {
    const range = metric.count > 1 ? ` (${number(metric.low)} to ${number(metric.high)})` : "";
    return `${number(metric.median)}${range}`;
  }
  const value = column.value(cell);
  return value === null ? status : number(value);
}

/** @param {Rate} rate @returns {string} failing seeds, and the interval of their share. */
export const failingWords = ({ count, of, low, high }) =>
  `${count} of ${of} fail (${Math.round(100 * low)} to ${Math.round(100 * high)} %)`;

/** Orders of a table's rows by name. */
export const ORDERS = ["in order", "best first", "worst first", "most failing first", "slowest first"];

/**
 * Rows of a table in an order. Cells without the number stand last.
 *
 * @param {StudyCell[]} rows
 * @param {string} order one of ORDERS.
 * @param {boolean} higherIsBetter true if a higher metric is better.
 */
export function ordered(rows, order, higherIsBetter) {
  const sign = (order === "best first") === higherIsBetter ? -1 : 1;
  /** @type {Record<string, (cell: StudyCell) => number | null>} */
  const keys = {
    "best first": ({ metric }) => metric && sign * metric.median,
    "worst first": ({ metric }) => metric && sign * metric.median,
    "most failing first": ({ failing }) => failing && -failing.count / failing.of,
    "slowest first": ({ seconds }) => seconds && -seconds,
  };
  const key = keys[order];
  if (!key) return rows;
  return [...rows].sort((a, b) => (key(a) ?? Infinity) - (key(b) ?? Infinity) || a.position - b.position);
}
