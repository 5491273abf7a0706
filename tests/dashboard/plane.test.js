// The plane of two inputs.

import assert from "node:assert/strict";
import { test } from "node:test";

import { moved, readoutOf } from "../../gradlab/src/gradlab/report/static/charts/boundary.js";
import {
  classAt,
  contour,
  marginsOf,
  nearestRow,
  reachOf,
  sharesOf,
} from "../../gradlab/src/gradlab/report/static/charts/plane.js";

/** A plane of 2 × 2 points. */
const plane = (classes, threshold) => ({ epochs: [0], classes, threshold, points: 4, x: [0, 1], y: [0, 1] });
const BINARY = plane([1], 0.5);
const THREE = plane([0, 1, 2], null);
const OUTPUTS = Float32Array.of(3, 0, 0, 1, 0, 2, 0, 1, 1, 1, 5, NaN);

test("a single output is held against its threshold", () => {
  const values = Float32Array.of(0.4, 0.5, 0.6, NaN);
  assert.deepEqual(
    [0, 1, 2, 3].map((point) => classAt(BINARY, values, point)),
    [0, 0, 1, -1],
  );
});

test("of several outputs the largest decides", () => {
  assert.deepEqual(
    [0, 1, 2, 3].map((point) => classAt(THREE, OUTPUTS, point)),
    [0, 1, 2, -1],
  );
});

test("shares of the plane add up, and name what is not finite", () => {
  assert.equal(sharesOf(BINARY, Float32Array.of(0.1, 0.2, 0.3, 0.9)), "class 0 75 %, class 1 25 %");
  assert.equal(sharesOf(THREE, OUTPUTS), "not finite 25 %, class 0 25 %, class 1 25 %, class 2 25 %");
});

test("a colour is strongest half a unit from a threshold, or at the largest output where it is 0", () => {
  assert.equal(reachOf(BINARY, Float32Array.of(9)), 0.5);
  assert.equal(reachOf(plane([1], 0), Float32Array.of(-3, NaN, 2)), 3);
});

test("the margin of a class is its output above the largest other", () => {
  const margins = marginsOf(THREE, OUTPUTS);
  assert.deepEqual(
    margins.map(([level, margin]) => [level, ...margin.slice(0, 3)]),
    [
      [0, 2, -2, -5],
      [0, -3, 1, -5],
      [0, -2, -1, 5],
    ],
  );
  assert.deepEqual(marginsOf(BINARY, OUTPUTS), [[0.5, OUTPUTS]]);
  assert.deepEqual(
    marginsOf(
      plane(
        Array.from({ length: 11 }, (_, i) => i),
        null,
      ),
      OUTPUTS,
    ),
    [],
  );
});

test("a contour lies where the numbers cross the level", () => {
  const lines = [];
  contour(Float32Array.of(0, 4, 0, 4), 2, 1, (...line) => lines.push(line));
  assert.deepEqual(lines, [[0.25, 0, 0.25, 1]]);
});

test("a contour of a circle is as long as the circle, and closed", () => {
  const side = 101;
  const at = (i) => (i % side) - 50;
  const values = Float32Array.from({ length: side * side }, (_, i) => Math.hypot(at(i), Math.floor(i / side) - 50));
  let length = 0;
  const ends = new Map();
  contour(values, side, 30.3, (x1, y1, x2, y2) => {
    length += Math.hypot(x2 - x1, y2 - y1);
    for (const end of [`${x1.toFixed(4)} ${y1.toFixed(4)}`, `${x2.toFixed(4)} ${y2.toFixed(4)}`]) {
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
  });
  assert.ok(Math.abs(length - 2 * Math.PI * 30.3) < 0.2, `${length}`);
  assert.ok([...ends.values()].every((count) => count === 2));
});

test("a square with a corner that is not finite has no contour", () => {
  const lines = [];
  contour(Float32Array.of(0, 4, NaN, 4), 2, 1, (...line) => lines.push(line));
  assert.deepEqual(lines, []);
});

test("the recorded epoch is the nearest one, the later of two, and the last at the end", () => {
  const epochs = [0, 10, 30];
  assert.deepEqual(
    [0, 4, 5, 19, 20, 99, Infinity].map((epoch) => nearestRow(epochs, epoch)),
    [0, 0, 1, 1, 2, 2, 2],
  );
});

test("the arrow keys begin in the middle and stay inside", () => {
  const data = { x: new Array(32), y: new Array(16) };
  assert.deepEqual(moved(null, [1, 0], data), [17, 8]);
  assert.deepEqual(moved([31, 0], [1, 0], data), [31, 0]);
  assert.deepEqual(moved([31, 0], [0, -1], data), [31, 0]);
});

test("a point is read out with its outputs and its class", () => {
  assert.equal(
    readoutOf(THREE, OUTPUTS, [1, 0]),
    "at 1, 0 · output for class 0: 0 · output for class 1: 2 · output for class 2: 1 · class 1",
  );
  assert.equal(
    readoutOf(BINARY, Float32Array.of(0.1, 0.2, 0.9, NaN), [1, 1]),
    "at 1, 1 · output for class 1: NaN · not finite",
  );
});
