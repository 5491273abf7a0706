// Where the cells of a study stand on a map, and which one is meant by a pointer or a key.

/** @typedef {import("./study_axes.js").MapAxis} MapAxis */
/** @typedef {{cell: StudyCell, left: number, top: number, width: number, height: number}} Box in pixels. */

const POINT_SIZE = 13; // pixels of a cell on an axis without bands
const MAX_BAND = 112; // pixels of a column
const [MAX_ROW, MIN_ROW] = [34, 4]; // pixels of a row
const [MAX_HEIGHT, PLANE] = [560, 400];
const MAX_WIDTH = 1200;

/**
 * The width and height of a map, in pixels, in so much room.
 *
 * @param {MapAxis} x
 * @param {MapAxis} y
 * @param {number} room
 */
export function sizeOf(x, y, room) {
  const across = x.count === null ? 720 : Math.min(MAX_WIDTH, Math.max(x.count * MAX_BAND, 160));
  const rows = y.count ?? 0;
  const up = y.count === null ? PLANE : Math.max(Math.min(MAX_HEIGHT, rows * MAX_ROW), rows * MIN_ROW, 44);
  return { width: Math.max(Math.min(across, room), 40), height: up };
}

/**
 * The boxes of cells, those that the axes have a place for.
 *
 * @param {StudyCell[]} cells
 * @param {MapAxis} x
 * @param {MapAxis} y
 * @param {{width: number, height: number}} size of the map.
 * @returns {Box[]}
 */
export function boxesOf(cells, x, y, { width, height }) {
  const [wide, tall] = [x.count ? width / x.count : POINT_SIZE, y.count ? height / y.count : POINT_SIZE];
  const [free, above] = [x.count ? 0 : POINT_SIZE, y.count ? 0 : POINT_SIZE]; // a point at an end stays inside
  /** @type {Box[]} */
  const boxes = [];
  for (const cell of cells) {
    const across = x.place(cell.values[x.name]);
    const up = y.place(cell.values[y.name]);
    if (!Number.isFinite(across) || !Number.isFinite(up)) continue;
    const left = free / 2 + across * (width - free) - wide / 2;
    const top = above / 2 + (1 - up) * (height - above) - tall / 2;
    boxes.push({ cell, left, top, width: wide, height: tall });
  }
  return boxes;
}

/** @param {Box[]} boxes @param {number} x @param {number} y @returns {Box | null} the one at a place, the last. */
export const boxAt = (boxes, x, y) =>
  boxes.findLast(({ left, top, width, height }) => x >= left && x < left + width && y >= top && y < top + height) ??
  null;

/** @type {Record<string, [number, number]>} to the right, and down. */
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * The box that an arrow key leads to: the nearest in its direction, rather straight ahead than aside.
 *
 * @param {Box[]} boxes
 * @param {number | null} position of the cell at which the cursor stands; null before the first key.
 * @param {string} key
 * @returns {Box | null} null for another key, and at the end.
 */
export function boxBeside(boxes, position, key) {
  const direction = DIRECTIONS[key];
  if (!direction || !boxes.length) return null;
  const here = boxes.find(({ cell }) => cell.position === position);
  if (!here) return boxes[0];
  let best = null;
  let least = Infinity;
  for (const box of boxes) {
    const [right, down] = [box.left - here.left, box.top - here.top];
    const ahead = right * direction[0] + down * direction[1];
    const aside = Math.abs(right * direction[1]) + Math.abs(down * direction[0]);
    if (ahead > 0.5 && ahead + 4 * aside < least) {
      least = ahead + 4 * aside;
      best = box;
    }
  }
  return best;
}
