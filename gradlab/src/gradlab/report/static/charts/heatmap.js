// Layer × epoch as colours: where a network fades, blows up or is dead, at one glance.

import { drawScaled, penOf, pixelRatio, redrawOnChange } from "./canvas.js";
import { rgb, token } from "./colours.js";
import { axisName, placeOf } from "../shared/axis.js";
import { fill, h } from "../shared/element.js";
import { number } from "../shared/format.js";
import { cellsOf, heightOf, namedRows, NOT_FINITE } from "./heat_cells.js";
import { clamp } from "../shared/numbers.js";
import { labelledColumns } from "./scale.js";

const LABEL_WIDTH = 90; // pixels for one label of the axis
const HATCH = 9; // pixels between two lines of the hatch

/** @typedef {import("./heat_cells.js").HeatData} HeatData */
/** @typedef {[number, number]} Cell row and column. */

/**
 * @typedef {object} HeatmapOptions
 * @property {((row: number) => void) | null} [onRow] called when a row is chosen.
 * @property {((column: number) => void) | null} [onColumn] called with the value of a column that is clicked.
 * @property {string} [unit] of the horizontal axis.
 * @property {string} label for readers who do not see the map.
 */

/**
 * A heat map of rows, the first at the bottom, over a horizontal axis.
 *
 * @param {HeatmapOptions} options
 */
export function heatmap({ onRow = null, onColumn = null, unit = axisName(), label }) {
  const { element, canvas, cursor, names, axis, map, readout } = heatElements(label);
  /** @type {HeatData | null} */
  let data = null;
  let chosen = -1;

  function draw() {
    if (!data) return;
    names.style.height = `${heightOf(data.rows.length)}px`;
    drawCells(canvas, data, map.clientWidth);
    fill(axis, axisLabels(data.columns, unit, map.clientWidth));
    moveCursor(cursor, data);
  }

  /** @param {number} row */
  function choose(row) {
    chosen = row;
    if (onRow) [...names.children].forEach((name, i) => name.setAttribute("aria-pressed", String(i === row)));
  }

  /** @param {HeatData} next */
  function show(next) {
    const isRenamed = !data || data.rows.join() !== next.rows.join();
    data = next;
    if (isRenamed) {
      fill(names, rowNames(next.rows, onRow));
      choose(chosen);
    }
    draw();
  }

  /** @param {number} value the column at which the cursor stands. */
  function at(value) {
    if (!data) return;
    data.at = value;
    moveCursor(cursor, data);
  }

  const move = (/** @type {Cell | null} */ cell) => {
    readout.textContent = cell && data ? readoutOf(data, unit, cell) : " ";
  };
  const click = (/** @type {Cell} */ [row, column]) => {
    onRow?.(row);
    if (data) onColumn?.(/** @type {number} */ (data.columns[column]));
  };
  onPointer(canvas, () => data, { move, click });
  redrawOnChange(map, draw);
  return { element, readout, choose, show, at };
}

/** @param {string} label for readers who do not see the map. */
function heatElements(label) {
  const canvas = h("canvas", { class: "cells", role: "img", "aria-label": label });
  const cursor = h("div", { class: "cursor", hidden: true });
  const names = h("div", { class: "names" });
  const axis = h("div", { class: "axis", "aria-hidden": "true" });
  const readout = h("p", { class: "readout" }, " ");
  const map = h("div", { class: "map" }, canvas, cursor);
  const element = h("div", { class: "stack" }, h("div", { class: "heat" }, names, map, axis));
  return { element, canvas, cursor, names, axis, map, readout };
}

/**
 * Listen to the pointer over the cells.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {() => HeatData | null} current
 * @param {{move: (cell: Cell | null) => void, click: (cell: Cell) => void}} listeners null when the pointer leaves.
 */
function onPointer(canvas, current, { move, click }) {
  /** @param {MouseEvent} event @param {HeatData} data @returns {Cell} */
  const cellAt = (event, { rows, columns }) => {
    const box = canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * columns.length);
    const row = rows.length - 1 - Math.floor(((event.clientY - box.top) / box.height) * rows.length);
    return [clamp(row, rows.length - 1), clamp(column, columns.length - 1)];
  };
  /** @param {(cell: Cell) => void} listener */
  const withCell = (listener) => (/** @type {MouseEvent} */ event) => {
    const data = current();
    if (data) listener(cellAt(event, data));
  };
  canvas.addEventListener("pointermove", withCell(move));
  canvas.addEventListener("pointerleave", () => move(null));
  canvas.addEventListener("click", withCell(click));
}

/**
 * The value of a cell in words.
 *
 * @param {HeatData} data
 * @param {string} unit of the horizontal axis.
 * @param {Cell} cell
 */
export function readoutOf(data, unit, [row, column]) {
  const { rows, columns, values, low, high, lost, none, seeds, lostWords = NOT_FINITE } = data;
  const at = column * rows.length + row;
  const range = low && high && seeds > 1 ? ` (${number(low[at])} to ${number(high[at])})` : "";
  let value = `${number(values[at])}${range}`;
  if (lost[at]) value = lostWords;
  if (none?.[row]) value = "no gradient";
  return `${rows[row]} · ${unit} ${shownAs(columns[column], unit)} · ${value}`;
}

/** @param {HTMLCanvasElement} canvas @param {HeatData} data @param {number} width of the map, in pixels. */
function drawCells(canvas, data, width) {
  const { rows, columns } = data;
  const height = heightOf(rows.length);
  const ratio = pixelRatio();
  canvas.style.height = `${height}px`;
  const [wide, tall] = [Math.max(1, Math.round(width * ratio)), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== tall) [canvas.width, canvas.height] = [wide, tall];
  const pen = penOf(canvas);
  const across = Math.max(1, Math.min(columns.length, wide));
  const { pixels, lost } = cellsOf(data, across, rgb(token("--zero")));
  const image = new ImageData(across, rows.length);
  image.data.set(pixels);
  pen.clearRect(0, 0, wide, tall);
  drawScaled(pen, image, [0, 0, wide, tall], false);
  hatch(pen, lost, [across, rows.length], token(data.isUndefined ? "--zero" : "--lost"));
}

/**
 * Mark the cells in which a seed has no number: in a colour that no size has, with a hatch that needs no colour.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {[number, number][]} cells column and row of each.
 * @param {[number, number]} counts of columns and rows.
 * @param {string} colour
 */
function hatch(pen, cells, [columns, rows], colour) {
  if (!cells.length) return;
  const { width, height } = pen.canvas;
  const [cellWidth, cellHeight] = [width / columns, height / rows];
  pen.beginPath();
  for (const [x, row] of cells) pen.rect(x * cellWidth, (rows - 1 - row) * cellHeight, cellWidth + 0.5, cellHeight);
  pen.fillStyle = colour;
  pen.fill();
  pen.save();
  pen.clip();
  pen.strokeStyle = token("--panel");
  pen.lineWidth = Math.max(1, pixelRatio() * 0.8);
  pen.beginPath();
  for (let x = -height; x < width; x += HATCH * pixelRatio()) {
    pen.moveTo(x, height);
    pen.lineTo(x + height, 0);
  }
  pen.stroke();
  pen.restore();
}

/** @param {string[]} rows @param {((row: number) => void) | null} onRow makes buttons of the names. */
function rowNames(rows, onRow) {
  if (!onRow) return rows.map((row, i) => h("span", { class: "muted" }, i % namedRows(rows.length) ? "" : row));
  return rows.map((row, i) => {
    const onclick = () => onRow(i);
    return h("button", { type: "button", title: row, "aria-pressed": "false", onclick }, row);
  });
}

/** @param {number | string} column @param {string} unit @returns {number | string} its place on the axis. */
const shownAs = (column, unit) => (unit === axisName() && typeof column === "number" ? placeOf(column) : column);

/** @param {(number | string)[]} columns @param {string} unit @param {number} width of the map, in pixels. */
function axisLabels(columns, unit, width) {
  const count = columns.length;
  return labelledColumns(columns, Math.max(1, width / LABEL_WIDTH)).map((at) => {
    if (at === 0) return h("span", { class: "first", style: { left: "0%" } }, `${unit} ${shownAs(columns[0], unit)}`);
    const isLast = at === count - 1;
    const left = isLast ? 100 : (100 * (at + 0.5)) / count;
    return h(
      "span",
      { class: isLast ? "last" : null, style: { left: `${left}%` } },
      String(shownAs(columns[at], unit)),
    );
  });
}

/** @param {HTMLElement} cursor @param {HeatData} data */
function moveCursor(cursor, { columns, at: value }) {
  const at = value === undefined ? -1 : columns.findLastIndex((column) => Number(column) <= value);
  cursor.hidden = at < 0;
  if (at >= 0) cursor.style.left = `${(100 * (at + 0.5)) / columns.length}%`;
}
