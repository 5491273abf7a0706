// The cells of a heat map: from numbers to pixels.

import { sizeColour } from "./colours.js";

const MAX_ROW_HEIGHT = 30; // pixels, as all heights
const MIN_ROW_HEIGHT = 9;
const MIN_HEIGHT = 150;
const MAX_HEIGHT = 560; // of rows that are higher than the lowest
const NAME_HEIGHT = 14;

/** Why a number is missing, unless its statistic has none by definition. */
export const NOT_FINITE = "a seed is not finite";

/**
 * @typedef {object} HeatData the numbers of a heat map.
 * @property {string[]} rows names, the first at the bottom.
 * @property {(number | string)[]} columns names or values, rising.
 * @property {Float32Array} values columns × rows.
 * @property {Uint8Array} lost columns × rows: 1 where a seed is not finite.
 * @property {boolean[]} [none] one per row: true if it has no gradient.
 * @property {Float32Array} [low] columns × rows: the lowest of the seeds.
 * @property {Float32Array} [high] columns × rows: the highest of the seeds.
 * @property {number} seeds how many.
 * @property {string} [lostWords] why a seed has no number.
 * @property {boolean} [isUndefined] true if it has none by definition: that is no failure.
 * @property {import("./scale.js").Scale} scale
 * @property {number} [at] the value of the column at which the cursor stands.
 */

/**
 * @typedef {object} Cells
 * @property {Uint8ClampedArray} pixels red, green, blue and opacity of each, the last row first.
 * @property {[number, number][]} lost column and row of the cells that are hatched.
 */

/**
 * The pixels of a heat map, one per cell; where columns are too many, one for several by their mean place on the scale.
 *
 * @param {HeatData} data
 * @param {number} across how many pixels there are in a row.
 * @param {RGB} zero the colour of what is exactly 0 on a logarithmic scale.
 * @returns {Cells}
 */
export function cellsOf(data, across, zero) {
  const rows = data.rows.length;
  const pixels = new Uint8ClampedArray(4 * across * rows);
  /** @type {[number, number][]} */
  const lost = [];
  for (let x = 0; x < across; x += 1) {
    const [from, to] = columnsOf(x, across, data.columns.length);
    for (let row = 0; row < rows; row += 1) {
      const cell = cellOf(data, row, from, to);
      const [r, g, b] = cell.place === null ? zero : sizeColour(cell.place);
      pixels.set([r, g, b, cell.isEmpty ? 0 : 255], 4 * ((rows - 1 - row) * across + x));
      if (cell.isLost) lost.push([x, row]);
    }
  }
  return { pixels, lost };
}

/**
 * The columns that one pixel stands for.
 *
 * @param {number} x
 * @param {number} across
 * @param {number} columns
 * @returns {[number, number]} the first, and the one behind the last.
 */
function columnsOf(x, across, columns) {
  const from = Math.floor((x * columns) / across);
  return [from, Math.max(from + 1, Math.floor(((x + 1) * columns) / across))];
}

/**
 * One cell: the mean place on the scale of those values of some columns that have one; null if none has.
 *
 * @param {HeatData} data
 * @param {number} row
 * @param {number} from
 * @param {number} to
 */
function cellOf({ rows, values, lost, none, scale }, row, from, to) {
  let sum = 0;
  let count = 0;
  let zeros = 0;
  let isLost = false;
  for (let column = from; column < to; column += 1) {
    const at = column * rows.length + row;
    const value = values[at];
    if (lost[at] && !none?.[row]) isLost = true;
    const place = scale.place(value);
    if (scale.kind === "log" && value === 0) zeros += 1;
    else if (Number.isFinite(place)) {
      sum += place; // a logarithmic scale has no place for a value below 0
      count += 1;
    }
  }
  return { place: count ? sum / count : null, isEmpty: !count && !zeros, isLost };
}

/**
 * The rows that have no gradient, as before an embedding: none of their values is a number, from epoch 0 on.
 *
 * @param {Uint8Array} lost columns × rows.
 * @param {number} rows
 */
export function withoutGradient(lost, rows) {
  return Array.from(
    { length: rows },
    (_, row) => lost.length > 0 && lost.every((isLost, i) => i % rows !== row || Boolean(isLost)),
  );
}

/**
 * True if a value is not finite in a row that has a gradient.
 *
 * @param {Uint8Array} lost columns × rows.
 * @param {boolean[]} none one per row; empty if every row has one.
 */
export const anyLost = (lost, none) => lost.some((isLost, i) => Boolean(isLost) && !none[i % none.length]);

/** @param {number} rows @returns {number} the height of so many rows. */
export function heightOf(rows) {
  return Math.max(Math.min(MAX_HEIGHT, Math.max(MIN_HEIGHT, rows * MAX_ROW_HEIGHT)), rows * MIN_ROW_HEIGHT);
}

/** @param {number} rows @returns {number} n, where every n-th row has room for its name. */
export const namedRows = (rows) => Math.ceil((NAME_HEIGHT * rows) / heightOf(rows));
