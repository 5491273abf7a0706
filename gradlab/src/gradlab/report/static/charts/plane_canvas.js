// Drawing the plane of two inputs: the classes as colours, the boundary as a line, the samples in front.

import { cleared, drawScaled } from "./canvas.js";
import { css, dark, rgb, token } from "./colours.js";
import { markNames } from "../shared/format.js";
import { classAt, contour, marginsOf, reachOf } from "./plane.js";
import { ticks } from "./scale.js";

const MAX_WIDTH = 520; // pixels, as all that follow
const MIN_WIDTH = 120;
export const LEFT = 52;
export const TOP = 6;
const RIGHT = 8;
const FOOT = 36;
// The colours of the classes, the same as in the charts that the service draws.
const CLASSES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"];
const STRONG = 0.72; // of a class's colour where a single output is farthest from its threshold
const EVEN = 0.42; // of a class's colour where the largest output decides

/** @typedef {import("../data/measured.js").Boundary} Boundary */
/** @typedef {import("../data/measured.js").Sample} Sample */

/**
 * @typedef {object} Place where the plane lies on the canvas.
 * @property {number} across its width in pixels.
 * @property {number} down its height in pixels.
 * @property {number} wide the width of the canvas.
 * @property {number} tall the height of the canvas.
 * @property {(column: number) => number} ofColumn pixels from the left.
 * @property {(row: number) => number} ofRow pixels from the top.
 * @property {(value: number) => number} ofX
 * @property {(value: number) => number} ofY
 */

/**
 * @typedef {object} Picture
 * @property {Boundary} data
 * @property {Float32Array} values the outputs at the epoch that is shown.
 * @property {import("../data/measured.js").Samples} samples
 * @property {[number, number] | null} pointer column and row of the point that is pointed at.
 */

/**
 * Draw a plane.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {number} width that there is room for, in pixels.
 * @param {Picture} picture
 * @returns {Place}
 */
export function drawPlane(canvas, width, { data, values, samples, pointer }) {
  const place = placeOf(data, width);
  canvas.style.width = `${place.wide}px`;
  canvas.style.height = `${place.tall}px`;
  const pen = cleared(canvas, place.wide, place.tall);
  pen.save();
  pen.beginPath();
  pen.rect(LEFT, TOP, place.across, place.down);
  pen.clip();
  drawClasses(pen, data, values, place);
  drawBoundary(pen, data, values, place);
  for (const sample of samples.validation) mark(pen, place.ofX(sample.x), place.ofY(sample.y), sample.answer, true);
  for (const sample of samples.training) mark(pen, place.ofX(sample.x), place.ofY(sample.y), sample.answer, false);
  pen.restore();
  drawAxes(pen, data, place);
  if (pointer) drawPointer(pen, place.ofColumn(pointer[0]), place.ofRow(pointer[1]));
  return place;
}

/**
 * The colour of a class over a ground, in a share of 1 or less.
 *
 * @param {number} answer
 * @param {number} part
 * @param {RGB} ground
 * @returns {RGB}
 */
export const blended = (answer, part, ground) =>
  tint(answer).map((channel, i) => Math.round(part * channel + (1 - part) * ground[i]));

/** @param {number} answer @returns {RGB} the colour of a class where it is strongest. */
export const swatchOf = (answer) => blended(answer, STRONG, rgb(token("--panel")));

/** @param {Boundary} data @param {number} width @returns {Place} */
function placeOf({ x, y }, width) {
  const wide = Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, width));
  const across = wide - LEFT - RIGHT;
  const [spanX, spanY] = [x[x.length - 1] - x[0], y[y.length - 1] - y[0]];
  const shape = spanY / spanX;
  const down = across * (shape > 1 / 3 && shape < 3 ? Math.min(1.4, shape) : 1);
  /** @param {number} column */
  const ofColumn = (column) => LEFT + (column / (x.length - 1)) * across;
  /** @param {number} row */
  const ofRow = (row) => TOP + down - (row / (y.length - 1)) * down;
  return {
    across,
    down,
    wide,
    tall: Math.round(down + TOP + FOOT),
    ofColumn,
    ofRow,
    ofX: (value) => ofColumn(((value - x[0]) / spanX) * (x.length - 1)),
    ofY: (value) => ofRow(((value - y[0]) / spanY) * (y.length - 1)),
  };
}

/** @param {CanvasRenderingContext2D} pen @param {Boundary} data @param {Float32Array} values @param {Place} place */
function drawClasses(pen, data, values, { across, down }) {
  const [columns, rows] = [data.x.length, data.y.length];
  const image = new ImageData(columns, rows);
  const colourAt = colouring(data, values);
  for (let point = 0; point < data.points; point += 1) {
    const [column, row] = [point % columns, Math.floor(point / columns)];
    image.data.set([...colourAt(point), 255], 4 * ((rows - 1 - row) * columns + column));
  }
  const [halfX, halfY] = [across / (columns - 1) / 2, down / (rows - 1) / 2]; // points lie in the middle of their cells
  const isSmooth = data.threshold !== null;
  drawScaled(pen, image, [LEFT - halfX, TOP - halfY, across + 2 * halfX, down + 2 * halfY], isSmooth);
}

/**
 * The colours of the points of a plane.
 *
 * @param {Boundary} data
 * @param {Float32Array} values
 * @returns {(point: number) => RGB}
 */
function colouring(data, values) {
  const ground = rgb(token("--panel"));
  const lost = rgb(token("--lost"));
  const reach = reachOf(data, values);
  const { threshold } = data;
  return (point) => {
    const answer = classAt(data, values, point);
    if (answer < 0) return lost;
    if (threshold === null) return blended(answer, EVEN, ground);
    return blended(answer, STRONG * Math.min(1, Math.abs(values[point] - threshold) / reach), ground);
  };
}

/** @param {CanvasRenderingContext2D} pen @param {Boundary} data @param {Float32Array} values @param {Place} place */
function drawBoundary(pen, data, values, { ofColumn, ofRow }) {
  pen.strokeStyle = token("--ink");
  pen.lineWidth = 1.8;
  pen.beginPath();
  for (const [level, margin] of marginsOf(data, values)) {
    contour(margin, data.x.length, level, (x1, y1, x2, y2) => {
      pen.moveTo(ofColumn(x1), ofRow(y1));
      pen.lineTo(ofColumn(x2), ofRow(y2));
    });
  }
  pen.stroke();
}

/** @param {number[]} axis rising. @returns {[number, string][]} round numbers along it, with their names. */
function namedTicks(axis) {
  const marks = ticks(axis[0], axis[axis.length - 1]);
  const names = markNames(marks);
  return marks.map((mark, i) => [mark, names[i]]);
}

/** @param {CanvasRenderingContext2D} pen @param {Boundary} data @param {Place} place */
function drawAxes(pen, { x, y }, { across, down, tall, ofX, ofY }) {
  pen.strokeStyle = token("--faint");
  pen.lineWidth = 1;
  pen.strokeRect(LEFT + 0.5, TOP + 0.5, across - 1, down - 1);
  pen.fillStyle = token("--muted");
  pen.font = "11px system-ui";
  pen.textAlign = "center";
  for (const [tick, name] of namedTicks(x)) pen.fillText(name, ofX(tick), TOP + down + 14);
  pen.fillText("first input", LEFT + across / 2, tall - 4);
  pen.textAlign = "right";
  for (const [tick, name] of namedTicks(y)) pen.fillText(name, LEFT - 5, ofY(tick) + 4);
  pen.save();
  pen.translate(11, TOP + down / 2);
  pen.rotate(-Math.PI / 2);
  pen.textAlign = "center";
  pen.fillText("second input", 0, 0);
  pen.restore();
}

/** @param {CanvasRenderingContext2D} pen @param {number} x in pixels. @param {number} y in pixels. */
function drawPointer(pen, x, y) {
  pen.strokeStyle = token("--ink");
  pen.lineWidth = 1.2;
  pen.strokeRect(x - 4, y - 4, 8, 8);
}

/**
 * A sample, in the shape and the colour of its class.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {number} x in pixels.
 * @param {number} y in pixels.
 * @param {number} answer its class.
 * @param {boolean} hollow true for a validation sample.
 */
function mark(pen, x, y, answer, hollow) {
  const size = hollow ? 2.6 : 3.2;
  pen.beginPath();
  SHAPES[answer % SHAPES.length](pen, x, y, size);
  pen.fillStyle = hollow ? "transparent" : css(tint(answer));
  pen.strokeStyle = hollow ? css(tint(answer)) : token("--panel");
  pen.lineWidth = hollow ? 1 : 0.8;
  pen.fill();
  pen.stroke();
}

/** @type {((pen: CanvasRenderingContext2D, x: number, y: number, size: number) => void)[]} */
const SHAPES = [
  (pen, x, y, size) => pen.arc(x, y, size, 0, 7),
  (pen, x, y, size) => polygon(pen, [x, y - size * 1.3], [x + size * 1.2, y + size], [x - size * 1.2, y + size]),
  (pen, x, y, size) => pen.rect(x - size, y - size, 2 * size, 2 * size),
  (pen, x, y, size) => {
    const half = size * 1.4;
    polygon(pen, [x, y - half], [x + half, y], [x, y + half], [x - half, y]);
  },
];

/** @param {CanvasRenderingContext2D} pen @param {...[number, number]} corners */
function polygon(pen, ...corners) {
  for (const corner of corners) pen.lineTo(...corner);
  pen.closePath();
}

/** @param {number} answer @returns {RGB} the colour of a class, lighter on a dark ground. */
const tint = (answer) =>
  rgb(CLASSES[answer % CLASSES.length]).map((part) => (dark() ? Math.round(part + 0.3 * (255 - part)) : part));
