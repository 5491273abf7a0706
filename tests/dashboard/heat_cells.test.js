// The cells of a heat map.

import assert from "node:assert/strict";
import { test } from "node:test";

import { SIZES } from "../../gradlab/src/gradlab/report/static/charts/colours.js";
import {
  anyLost,
  cellsOf,
  heightOf,
  namedRows,
  withoutGradient,
} from "../../gradlab/src/gradlab/report/static/charts/heat_cells.js";
import { readoutOf } from "../../gradlab/src/gradlab/report/static/charts/heatmap.js";
import { Scale } from "../../gradlab/src/gradlab/report/static/charts/scale.js";

const ZERO = [9, 9, 9];

/** Two layers over so many epochs. */
function heat(values, more = {}) {
  const columns = Array.from({ length: values.length / 2 }, (_, i) => i + 1);
  const scale = new Scale("log", 0.01, 1);
  return { rows: ["first", "last"], columns, values, lost: new Uint8Array(values.length), seeds: 1, scale, ...more };
}

/** The pixel of a column and a row, counted from the top. */
const pixel = ({ pixels }, across, x, y) => [...pixels.slice(4 * (y * across + x), 4 * (y * across + x) + 4)];

test("the first layer is at the bottom, and a colour is the place on the scale", () => {
  const cells = cellsOf(heat(Float32Array.of(0.01, 1, 0.1, 0.1)), 2, ZERO);
  assert.deepEqual(pixel(cells, 2, 0, 1), [...SIZES[0], 255]);
  assert.deepEqual(pixel(cells, 2, 0, 0), [...SIZES[255], 255]);
  assert.deepEqual(pixel(cells, 2, 1, 0), [...SIZES[128], 255]);
});

test("exactly 0 has a colour of its own, and what is missing none", () => {
  const cells = cellsOf(heat(Float32Array.of(0, NaN)), 1, ZERO);
  assert.deepEqual(pixel(cells, 1, 0, 1), [...ZERO, 255]);
  assert.equal(pixel(cells, 1, 0, 0)[3], 0);
  const linear = heat(Float32Array.of(0, 1), { scale: new Scale("linear", 0, 1) });
  assert.deepEqual(pixel(cellsOf(linear, 1, ZERO), 1, 0, 1), [...SIZES[0], 255]);
});

test("what a logarithmic scale has no place for is left out, and spoils no other value", () => {
  const cells = cellsOf(heat(Float32Array.of(-0.5, 1, 1, -1)), 1, ZERO);
  assert.deepEqual(pixel(cells, 1, 0, 1), [...SIZES[255], 255]);
  const negative = cellsOf(heat(Float32Array.of(-0.5, -1)), 1, ZERO);
  assert.equal(pixel(negative, 1, 0, 0)[3], 0);
});

test("where columns are too many, a pixel has the mean place of several", () => {
  const cells = cellsOf(heat(Float32Array.of(0.01, 1, 1, 1, 0.01, 1, NaN, 1)), 2, ZERO);
  assert.deepEqual(pixel(cells, 2, 0, 1), [...SIZES[128], 255]);
  assert.deepEqual(pixel(cells, 2, 1, 1), [...SIZES[0], 255]);
});

test("a cell is hatched where a seed is not finite, except in a row without gradient", () => {
  const lost = Uint8Array.of(1, 0, 0, 1);
  assert.deepEqual(cellsOf(heat(new Float32Array(4), { lost }), 2, ZERO).lost, [
    [0, 0],
    [1, 1],
  ]);
  const none = [true, false];
  assert.deepEqual(cellsOf(heat(new Float32Array(4), { lost, none }), 2, ZERO).lost, [[1, 1]]);
  assert.equal(anyLost(lost, none), true);
  assert.equal(anyLost(Uint8Array.of(1, 0, 1, 0), none), false);
  assert.equal(anyLost(Uint8Array.of(0, 1), []), true);
});

test("a row has no gradient if it never had one", () => {
  assert.deepEqual(withoutGradient(Uint8Array.of(1, 0, 1, 1), 2), [true, false]);
  assert.deepEqual(withoutGradient(new Uint8Array(0), 2), [false, false]);
});

test("few rows are high, many are low, and names that have no room are left out", () => {
  assert.deepEqual([1, 10, 40, 100].map(heightOf), [150, 300, 560, 900]);
  assert.deepEqual([10, 40, 100].map(namedRows), [1, 1, 2]);
});

test("a cell is read out with its range, or with the reason why it has no value", () => {
  const low = Float32Array.of(0.01, 0.5);
  const data = heat(Float32Array.of(0.02, 1), { low, high: Float32Array.of(0.03, 1), seeds: 3 });
  assert.equal(readoutOf(data, "epoch", [0, 0]), "first · epoch 1 · 0.02 (0.01 to 0.03)");
  assert.equal(readoutOf({ ...data, seeds: 1 }, "epoch", [1, 0]), "last · epoch 1 · 1");
  const lost = { ...data, lost: Uint8Array.of(1, 1), none: [true, false] };
  assert.equal(readoutOf(lost, "epoch", [0, 0]), "first · epoch 1 · no gradient");
  assert.equal(readoutOf(lost, "time step", [1, 0]), "last · time step 1 · a seed is not finite");
});
