// Arithmetic that several views need.

/**
 * The median of those values that are there.
 *
 * @param {(number | null | undefined)[]} values
 * @returns {number | null} null if there is none.
 */
export function median(values) {
  const sorted = ascending(values);
  return sorted.length ? (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2 : null;
}

/**
 * Those values that are there, smallest first.
 *
 * @param {(number | null | undefined)[]} values
 * @returns {number[]}
 */
export function ascending(values) {
  const present = /** @type {number[]} */ (values.filter((value) => value !== null && value !== undefined));
  return present.sort((a, b) => a - b);
}

/** @param {number} value @param {number} max @returns {number} the nearest number from 0 to `max`. */
export const clamp = (value, max) => Math.min(max, Math.max(0, value));

/**
 * One column of a matrix that is stored row by row.
 *
 * @param {Float32Array} values rows × `width`.
 * @param {number} column
 * @param {number} width
 */
export function columnOf(values, column, width) {
  const numbers = new Float32Array(values.length / width);
  for (let row = 0; row < numbers.length; row += 1) numbers[row] = values[row * width + column];
  return numbers;
}

/**
 * Some of the indices below `count`, evenly spread, the first and the last among them.
 *
 * @param {number} count
 * @param {number} max how many at most.
 */
export function spread(count, max) {
  const kept = Math.min(count, max);
  return Array.from({ length: kept }, (_, i) => (kept > 1 ? Math.round((i * (count - 1)) / (kept - 1)) : 0));
}

/**
 * The transpose of a matrix that is stored row by row.
 *
 * @template {Float32Array | Uint8Array} Numbers
 * @param {Numbers} values rows × columns.
 * @param {number} rows
 * @param {number} columns
 * @returns {Numbers} columns × rows.
 */
export function transposed(values, rows, columns) {
  const turned = /** @type {Numbers} */ (values.slice(0, rows * columns));
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) turned[column * rows + row] = values[row * columns + column];
  }
  return turned;
}
