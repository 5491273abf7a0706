// The map of a study as it is drawn: its cells on one canvas, its marks and its legend around it.

import { cleared } from "../charts/canvas.js";
import { token } from "../charts/colours.js";
import { legend } from "../charts/legend.js";
import { fill, h } from "../shared/element.js";
import { pointWords, roomFor } from "./study_axes.js";
import { boxesOf, sizeOf } from "./study_boxes.js";
import { columnWords } from "./study_columns.js";
import { inkOn, painterOf } from "./study_paint.js";

const MAX_WRITTEN = 400; // cells with their number written into them
const [LETTER, LINE] = [7, 16]; // pixels of a character
const MAX_NAME = 240; // pixels of a name beside the map
const NAME_SHARE = 0.38; // of the room that names take at most
const GAP = 8; // pixels between the names and the map

/** @typedef {import("./study_axes.js").MapAxis} MapAxis */
/** @typedef {import("./study_boxes.js").Box} Box */

/**
 * @typedef {object} MapView what a map shows.
 * @property {StudyCell[]} cells
 * @property {MapAxis} x
 * @property {MapAxis} y
 * @property {import("./study_columns.js").Column} column
 * @property {Map<string, string>} titles of the rules.
 */

/** The elements of a map, and what draws on them. */
export function mapDrawing() {
  const { element, canvas, names, axis, plot, over, readout, captions, key, swatches } = mapElements();

  /**
   * Draw a map in the room that there is.
   *
   * @param {MapView} view
   * @returns {Box[]} the boxes of its cells.
   */
  function draw({ cells, x, y, column, titles }) {
    const wide = Math.min(
      MAX_NAME,
      NAME_SHARE * element.clientWidth,
      Math.max(0, ...y.marks.map(({ name }) => name.length * LETTER)) + 6,
    );
    const size = sizeOf(x, y, element.clientWidth - wide - GAP);
    for (const { style } of [canvas, plot]) [style.width, style.height] = [`${size.width}px`, `${size.height}px`];
    [names.style.width, axis.style.width] = [`${wide}px`, `${size.width}px`];
    const boxes = boxesOf(cells, x, y, size);
    const painter = painterOf(column, cells, titles);
    drawBoxes(cleared(canvas, size.width, size.height), boxes, painter.paint);
    fill(names, roomFor(y.marks, size.height, () => LINE).map(sideMark));
    fill(axis, underMarks(x, size.width));
    [captions.x.textContent, captions.y.textContent] = [x.name, y.name && `${y.name} ↑`];
    key.element.hidden = !painter.scale;
    if (painter.scale) key.show(painter.scale, column.label, { lost: false, zero: false });
    fill(swatches, painter.keys.map(swatch));
    canvas.setAttribute("aria-label", labelOf(x, y, column.label, cells.length));
    return boxes;
  }

  return {
    element,
    canvas,
    draw,
    /** @param {Box | null} chosen @param {Box[]} kept for a comparison. */
    outline: (chosen, kept) => fill(over, kept.map(outlineOf("kept")), chosen && outlineOf(null)(chosen)),
    /** @param {MapView | null} view @param {Box | null} box of the cell that is read out; null for none. */
    readOut(view, box) {
      const words = box && view && `${pointWords(box.cell)} · ${columnWords(view.column, box.cell, view.titles)}`;
      readout.textContent = words || " ";
    },
  };
}

function mapElements() {
  const canvas = h("canvas", { class: "cells", role: "img", tabindex: 0, id: "map" });
  const over = h("div", { class: "over" });
  const plot = h("div", { class: "plot" }, canvas, over);
  const names = h("div", { class: "side", "aria-hidden": "true" });
  const axis = h("div", { class: "under-map", "aria-hidden": "true" });
  const readout = h("p", { class: "readout", role: "status" }, " ");
  const captions = { x: h("p", { class: "muted small" }), y: h("p", { class: "muted small" }) };
  const key = legend();
  const swatches = h("div", { class: "legend" });
  const grid = h("div", { class: "study-map" }, names, plot, axis, h("div", { class: "caption" }, captions.x));
  const element = h("div", { class: "stack" }, captions.y, grid, readout, key.element, swatches);
  return { element, canvas, names, axis, plot, over, readout, captions, key, swatches };
}

/** @param {MapAxis} x @param {MapAxis} y @param {string} column @param {number} count of cells. */
function labelOf(x, y, column, count) {
  const names = [x.name, y.name].filter(Boolean).join(" and ");
  return `${column} of ${count} cells over ${names}; arrow keys choose one, Enter opens it`;
}

/**
 * Draw all cells: one path for each colour, so that ten thousand take some milliseconds.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {Box[]} boxes
 * @param {(cell: StudyCell) => import("./study_paint.js").Paint} paint
 */
function drawBoxes(pen, boxes, paint) {
  const painted = boxes.map((box) => ({ box, paint: paint(box.cell) }));
  /** @type {Map<string, Box[]>} */
  const byColour = new Map(painted.map(({ paint }) => [paint.fill, []]));
  for (const { box, paint } of painted) byColour.get(paint.fill)?.push(box);
  for (const [colour, group] of byColour) {
    pen.beginPath();
    for (const { left, top, width, height } of group) {
      const gap = Math.min(width, height) > 6 ? 1 : 0;
      pen.rect(left, top, width - gap, height - gap);
    }
    pen.fillStyle = colour;
    pen.fill();
  }
  cross(
    pen,
    painted.flatMap(({ box, paint }) => (paint.isLost ? [box] : [])),
  );
  if (boxes.length > MAX_WRITTEN) return;
  [pen.textAlign, pen.textBaseline, pen.font] = ["center", "middle", `11px ${token("--figures")}`];
  for (const { box, paint } of painted) {
    if (!paint.text || box.height < LINE || box.width < paint.text.length * LETTER + 2) continue;
    pen.fillStyle = inkOn(paint.fill);
    pen.fillText(paint.text, box.left + box.width / 2, box.top + box.height / 2);
  }
}

/** @param {CanvasRenderingContext2D} pen @param {Box[]} boxes of cells that have no result. */
function cross(pen, boxes) {
  pen.beginPath();
  for (const { left, top, width, height } of boxes) {
    const [x, y, reach] = [left + width / 2, top + height / 2, Math.min(5, width / 3, height / 3)];
    pen.moveTo(x - reach, y - reach);
    pen.lineTo(x + reach, y + reach);
    pen.moveTo(x + reach, y - reach);
    pen.lineTo(x - reach, y + reach);
  }
  pen.strokeStyle = token("--lost");
  pen.lineWidth = 1.5;
  pen.stroke();
}

/** @param {string | null} name of its class. @returns {(box: Box) => HTMLElement} the outline of a cell. */
const outlineOf =
  (name) =>
  ({ left, top, width, height }) => {
    const style = { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` };
    return h("i", { class: name, style });
  };

/** @param {{place: number, name: string}} mark */
const sideMark = ({ place, name }) => h("span", { style: { bottom: `${100 * place}%` }, title: name }, name);

/** @param {MapAxis} x @param {number} width */
function underMarks(x, width) {
  const band = width / (x.count ?? 1);
  if (x.count !== null && band >= 40) {
    return x.marks.map(({ name }) => h("span", { class: "band", title: name, style: { width: `${band}px` } }, name));
  }
  const shown = roomFor(x.marks, width, ({ name }) => name.length * LETTER + 10);
  return shown.map(({ place, name }) => h("span", { class: "at", style: { left: `${100 * place}%` } }, name));
}

/** @param {import("./study_paint.js").Key} key */
const swatch = ({ fill: background, words }) =>
  h("span", { class: "swatch" }, h("i", { style: { background } }), words);
