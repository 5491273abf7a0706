// The plane of two inputs: the class of each point, the shares of the classes, the lines between them.

/** @typedef {import("../data/measured.js").Boundary} Boundary */
/** @typedef {[number, Float32Array]} Margin a level, and the numbers over the plane that cross it at the boundary. */

const MAX_LINED_CLASSES = 10; // of more classes no boundary is drawn: every pair would have one

/**
 * The class that a point of the plane is given.
 *
 * @param {Boundary} data
 * @param {Float32Array} values the outputs: class by class, the points row by row.
 * @param {number} point
 * @returns {number} -1 if an output is not finite.
 */
export function classAt(data, values, point) {
  let best = -1;
  let max = -Infinity;
  for (let unit = 0; unit < data.classes.length; unit += 1) {
    const value = values[unit * data.points + point];
    if (!Number.isFinite(value)) return -1;
    if (value > max) [best, max] = [unit, value];
  }
  return data.threshold === null ? data.classes[best] : Number(max > data.threshold);
}

/**
 * The shares of the classes in the plane, in words.
 *
 * @param {Boundary} data
 * @param {Float32Array} values
 */
export function sharesOf(data, values) {
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (let point = 0; point < data.points; point += 1) {
    const answer = classAt(data, values, point);
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([a], [b]) => a - b);
  return sorted.map(([answer, n]) => `${className(answer)} ${Math.round((100 * n) / data.points)} %`).join(", ");
}

/** @param {number} answer @returns {string} "not finite" for -1. */
export const className = (answer) => (answer < 0 ? "not finite" : `class ${answer}`);

/**
 * The distance from the threshold at which a colour is strongest.
 *
 * @param {Boundary} data
 * @param {Float32Array} values
 */
export const reachOf = (data, values) =>
  data.threshold ? 0.5 : Math.max(1e-12, ...values.filter(Number.isFinite).map(Math.abs));

/**
 * The margins between the classes: a single output against its threshold, or each output against the largest other.
 *
 * @param {Boundary} data
 * @param {Float32Array} values
 * @returns {Margin[]} none where the classes are too many.
 */
export function marginsOf(data, values) {
  const { points, classes, threshold } = data;
  if (threshold !== null) return [[threshold, values]];
  if (classes.length > MAX_LINED_CLASSES) return [];
  return classes.map((_, unit) => {
    const margin = Float32Array.from({ length: points }, (__, point) => {
      let other = -Infinity;
      for (let rival = 0; rival < classes.length; rival += 1) {
        if (rival !== unit) other = Math.max(other, values[rival * points + point]);
      }
      return values[unit * points + point] - other;
    });
    return [0, margin];
  });
}

/**
 * Lines through a grid of numbers at a level, square by square (marching squares).
 *
 * @param {Float32Array} values rows × `side`.
 * @param {number} side
 * @param {number} level
 * @param {(x1: number, y1: number, x2: number, y2: number) => void} line called with columns and rows.
 */
export function contour(values, side, level, line) {
  const rows = values.length / side;
  for (let row = 0; row + 1 < rows; row += 1) {
    for (let column = 0; column + 1 < side; column += 1) {
      const crossings = crossingsOf(values, side, level, column, row);
      for (let i = 0; i + 1 < crossings.length; i += 2) line(...crossings[i], ...crossings[i + 1]);
    }
  }
}

const CORNERS = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];

/**
 * The points of a square's edges at which the numbers cross the level.
 *
 * @param {Float32Array} values
 * @param {number} side
 * @param {number} level
 * @param {number} column of the square's corner with the smallest column and row.
 * @param {number} row
 * @returns {[number, number][]} none where a corner is not finite.
 */
function crossingsOf(values, side, level, column, row) {
  const corners = CORNERS.map(([right, up]) => {
    const [x, y] = [column + right, row + up];
    return { x, y, value: values[y * side + x] - level };
  });
  /** @type {[number, number][]} */
  const crossings = [];
  if (!corners.every(({ value }) => Number.isFinite(value))) return crossings;
  corners.forEach(({ x, y, value }, i) => {
    const next = corners[(i + 1) % 4];
    if (value > 0 === next.value > 0) return;
    const part = value / (value - next.value);
    crossings.push([x + part * (next.x - x), y + part * (next.y - y)]);
  });
  return crossings;
}

/**
 * The row of the recorded epoch that is nearest to an epoch; of two that are as near, the later one.
 *
 * @param {Numbers} epochs rising.
 * @param {number} epoch infinite for the last.
 */
export function nearestRow(epochs, epoch) {
  if (epoch === Infinity) return epochs.length - 1;
  let best = 0;
  for (let row = 1; row < epochs.length; row += 1) {
    if (Math.abs(epochs[row] - epoch) <= Math.abs(epochs[best] - epoch)) best = row;
  }
  return best;
}
