// Axes of a study on a map: the place of each value, and the marks beside it.

import { Scale } from "../charts/scale.js";
import { number } from "../shared/format.js";
import { valueText } from "./spec_changes.js";

/**
 * @typedef {object} MapAxis
 * @property {string} name
 * @property {number | null} count of values; null where an axis has a distribution.
 * @property {(value: unknown) => number} place of a value, from 0 to 1; NaN for a value that the axis does not have.
 * @property {{place: number, name: string}[]} marks rising.
 */

/** The axis of a map that has one axis alone: one row. @type {MapAxis} */
export const NO_AXIS = { name: "", count: 1, place: () => 0.5, marks: [] };

/** @param {unknown} value of an axis. @returns {string} it in a few characters. */
export const shownValue = (value) => (typeof value === "number" ? number(value, 4) : valueText(value));

/**
 * An axis on a map. Listed values have bands of equal width, whatever their distance.
 *
 * @param {StudyAxis} axis
 * @returns {MapAxis}
 */
export function mapAxis({ name, values, low, high, scale }) {
  if (values === null) {
    const line = new Scale(scale === "log" ? "log" : "linear", low ?? 0, high ?? 1);
    const { marks, names } = line;
    const place = (/** @type {unknown} */ value) => (typeof value === "number" ? line.place(value) : NaN);
    return { name, count: null, place, marks: marks.map((mark, i) => ({ place: line.place(mark), name: names[i] })) };
  }
  const places = new Map(values.map((value, i) => [JSON.stringify(value), (i + 0.5) / values.length]));
  return {
    name,
    count: values.length,
    place: (value) => places.get(JSON.stringify(value)) ?? NaN,
    marks: values.map((value, i) => ({ place: (i + 0.5) / values.length, name: shownValue(value) })),
  };
}

/**
 * Those of some marks that have room beside one another, evenly spread.
 *
 * @template {{name: string}} Mark
 * @param {Mark[]} marks
 * @param {number} room for all of them, in pixels.
 * @param {(mark: Mark) => number} size of one, in pixels.
 * @returns {Mark[]}
 */
export function roomFor(marks, room, size) {
  const widest = Math.max(1, ...marks.map(size));
  const step = Math.max(1, Math.ceil((widest * marks.length) / Math.max(1, room)));
  return marks.filter((_, i) => i % step === 0);
}

/**
 * The cells that a map shows: those with the chosen values of its further axes.
 *
 * @param {StudyCell[]} cells
 * @param {Map<string, string>} chosen the value by further axis, as JSON; without an axis of which all are shown.
 */
export const cellsWith = (cells, chosen) =>
  chosen.size
    ? cells.filter(({ values }) => [...chosen].every(([name, value]) => JSON.stringify(values[name]) === value))
    : cells;

/**
 * The values of a cell in words.
 *
 * @param {StudyCell} cell
 */
export const pointWords = ({ values }) =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${shownValue(value)}`)
    .join(", ");
