// Layer × epoch as colours: where a network fades, blows up or is dead, at one glance.

import { fill, h } from "./element.js";
import { SIZES, Scale, rgb, token } from "./colours.js";
import { number, power, roundStep } from "./format.js";

const TALLEST = 30;
const LOWEST = 9; // pixels of a row
const LEAST_HEIGHT = 150;
const MOST_HEIGHT = 560;
const NAME_HEIGHT = 14;

/**
 * A heat map of rows (the first at the bottom) over a horizontal axis.
 *
 * @param {object} options `onRow(index)` when a row is chosen, `onPlace(value)` when a column is clicked,
 *   `unit` of the axis, `label` for readers who do not see it.
 */
export function heatmap({ onRow = null, onPlace = null, unit = "epoch", label }) {
  const canvas = h("canvas", { class: "cells", role: "img", "aria-label": label });
  const cursor = h("div", { class: "cursor", hidden: true });
  const names = h("div", { class: "names" });
  const axis = h("div", { class: "axis", "aria-hidden": "true" });
  const readout = h("p", { class: "readout" }, " ");
  const map = h("div", { class: "map" }, canvas, cursor);
  const element = h("div", { class: "stack" }, h("div", { class: "heat" }, names, map, axis));
  let data = null;
  let chosen = -1;

  function place(event) {
    const box = canvas.getBoundingClientRect();
    const { columns, rows } = data;
    const column = Math.floor(((event.clientX - box.left) / box.width) * columns.length);
    const row = rows.length - 1 - Math.floor(((event.clientY - box.top) / box.height) * rows.length);
    return [clamp(row, rows.length), clamp(column, columns.length)];
  }

  canvas.addEventListener("pointermove", (event) => {
    if (!data) return;
    const [row, column] = place(event);
    const at = column * data.rows.length + row;
    const range = data.low && data.seeds > 1 ? ` (${number(data.low[at])} to ${number(data.high[at])})` : "";
    const value = data.none?.[row]
      ? "no gradient"
      : data.lost[at]
        ? "a seed is not finite"
        : `${number(data.values[at])}${range}`;
    readout.textContent = `${data.rows[row]} · ${unit} ${data.columns[column]} · ${value}`;
  });
  canvas.addEventListener("pointerleave", () => {
    readout.textContent = " ";
  });
  canvas.addEventListener("click", (event) => {
    if (!data) return;
    const [row, column] = place(event);
    onRow?.(row);
    onPlace?.(data.columns[column]);
  });

  const redraw = () => data && draw();
  new ResizeObserver(redraw).observe(map);
  window.addEventListener("themechange", redraw);

  function draw() {
    const { rows, columns, values, lost, scale } = data;
    const height = heightOf(rows.length);
    canvas.style.height = `${height}px`;
    names.style.height = `${height}px`;
    const ratio = devicePixelRatio || 1;
    const [wide, tall] = [Math.max(1, Math.round(map.clientWidth * ratio)), Math.round(height * ratio)];
    if (canvas.width !== wide || canvas.height !== tall) [canvas.width, canvas.height] = [wide, tall];
    const pen = canvas.getContext("2d");
    const across = Math.max(1, Math.min(columns.length, wide));
    const image = new ImageData(across, rows.length);
    const marked = [];
    const zero = rgb(token("--zero"));
    for (let x = 0; x < across; x += 1) {
      const from = Math.floor((x * columns.length) / across);
      const to = Math.max(from + 1, Math.floor(((x + 1) * columns.length) / across));
      for (let row = 0; row < rows.length; row += 1) {
        let sum = 0;
        let count = 0;
        let bad = 0;
        let none = 0;
        for (let column = from; column < to; column += 1) {
          const value = values[column * rows.length + row];
          bad |= lost[column * rows.length + row] && !data.none?.[row];
          if (scale.kind === "log" && value === 0) none += 1;
          else if (Number.isFinite(value)) {
            sum += scale.share(value);
            count += 1;
          }
        }
        const [r, g, b] = count ? SIZES[Math.min(255, Math.max(0, Math.round((sum / count) * 255)))] : zero;
        const at = 4 * ((rows.length - 1 - row) * across + x);
        image.data.set([r, g, b, count || none ? 255 : 0], at);
        if (bad) marked.push([x, row]);
      }
    }
    const small = new OffscreenCanvas(across, rows.length);
    small.getContext("2d").putImageData(image, 0, 0);
    pen.imageSmoothingEnabled = false;
    pen.clearRect(0, 0, wide, tall);
    pen.drawImage(small, 0, 0, wide, tall);
    cross(pen, marked, across, rows.length, wide, tall);
    labelAxis();
    mark();
  }

  /** Cells in which a seed is not finite, in a colour that no size has, with a hatch that needs no colour. */
  function cross(pen, marked, across, count, wide, tall) {
    if (!marked.length) return;
    const [w, t] = [wide / across, tall / count];
    pen.beginPath();
    for (const [x, row] of marked) pen.rect(x * w, (count - 1 - row) * t, w + 0.5, t);
    pen.fillStyle = token("--lost");
    pen.fill();
    pen.save();
    pen.clip();
    pen.strokeStyle = token("--panel");
    pen.lineWidth = Math.max(1, (devicePixelRatio || 1) * 0.8);
    pen.beginPath();
    for (let at = -tall; at < wide; at += 9 * (devicePixelRatio || 1)) {
      pen.moveTo(at, tall);
      pen.lineTo(at + tall, 0);
    }
    pen.stroke();
    pen.restore();
  }

  function labelAxis() {
    const { columns } = data;
    const last = columns.length - 1;
    fill(
      axis,
      roundPlaces(columns, Math.max(1, map.clientWidth / 90)).map((at) =>
        h(
          "span",
          {
            class: at === 0 ? "first" : at === last ? "last" : null,
            style: { left: `${(100 * (at === 0 ? 0 : at === last ? columns.length : at + 0.5)) / columns.length}%` },
          },
          at === 0 ? `${unit} ${columns[0]}` : String(columns[at]),
        ),
      ),
    );
  }

  function mark() {
    const { columns } = data;
    const at = data.at === undefined ? -1 : columns.findLastIndex((each) => each <= data.at);
    cursor.hidden = at < 0;
    if (at >= 0) cursor.style.left = `${(100 * (at + 0.5)) / columns.length}%`;
  }

  return {
    element,
    canvas,
    readout,
    /** Draw: rows and columns are names, values (columns × rows), lost likewise, `scale`, `at` where the cursor stands,
     *  `none` which rows have no gradient. */
    show(next) {
      const renamed = !data || data.rows.join() !== next.rows.join();
      data = next;
      if (renamed) {
        const apart = Math.ceil((NAME_HEIGHT * next.rows.length) / heightOf(next.rows.length));
        fill(
          names,
          next.rows.map((row, index) =>
            onRow
              ? h("button", { type: "button", title: row, "aria-pressed": "false", onclick: () => onRow(index) }, row)
              : h("span", { class: "muted" }, index % apart ? "" : row),
          ),
        );
        this.choose(chosen);
      }
      draw();
    },
    at(value) {
      if (data) {
        data.at = value;
        mark();
      }
    },
    choose(row) {
      chosen = row;
      if (onRow) [...names.children].forEach((each, i) => each.setAttribute("aria-pressed", String(i === row)));
    },
  };
}

/** Which of so many rows have no gradient, as before an embedding: nothing of theirs is a number, from epoch 0 on. */
export function withoutGradient(lost, rows) {
  return Array.from({ length: rows }, (_, row) => lost.length > 0 && lost.every((bad, i) => i % rows !== row || bad));
}

/**
 * What the colours of a scale mean.
 *
 * @param {Element} readout where values under the pointer are told.
 */
export function legend(readout = null) {
  const canvas = h("canvas", { width: 256, height: 1, "aria-hidden": "true" });
  const ramp = h("div", { class: "ramp" }, canvas);
  const element = h("div", { class: "legend" }, ramp);
  const pen = canvas.getContext("2d");
  const image = new ImageData(256, 1);
  SIZES.forEach((colour, i) => image.data.set([...colour, 255], 4 * i));
  pen.putImageData(image, 0, 0);
  return {
    element,
    show(scale, unit, { lost, zero }) {
      const marks = scale.marks.map((value) =>
        h(
          "span",
          { style: { left: `${Math.min(96, Math.max(3, 100 * scale.share(value)))}%` } },
          scale.kind === "log" ? power(value) : number(value),
        ),
      );
      fill(ramp, canvas, marks);
      fill(
        element,
        ramp,
        h("span", {}, unit),
        lost && h("span", { class: "swatch" }, h("i", { class: "lost" }), "a seed is not finite"),
        zero && h("span", { class: "swatch" }, h("i"), "exactly 0"),
        readout,
      );
    },
  };
}

/** Pixels of so many rows. */
function heightOf(rows) {
  return Math.max(Math.min(MOST_HEIGHT, Math.max(LEAST_HEIGHT, rows * TALLEST)), rows * LOWEST);
}

/** Where a label stands: at the first of some rising numbers, and where they pass a round one. */
function roundPlaces(columns, most) {
  const [first, last] = [columns[0], columns[columns.length - 1]].map(Number);
  if (!(last > first)) return [0];
  const step = roundStep(Math.max(1, (last - first) / most));
  const places = [0];
  for (let value = Math.ceil((first + step / 2) / step) * step; value <= last; value += step) {
    places.push(columns.findIndex((each) => each >= value));
  }
  return places;
}

const clamp = (value, count) => Math.min(count - 1, Math.max(0, value));

export { Scale };
