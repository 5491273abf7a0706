// Arithmetic that several views need.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  ascending,
  clamp,
  columnOf,
  median,
  spread,
  transposed,
} from "../../gradlab/src/gradlab/report/static/shared/numbers.js";

test("the median leaves out what is missing", () => {
  assert.equal(median([3, null, 1, undefined, 2]), 2);
  assert.equal(median([10, 1, 2, 3]), 2.5);
  assert.equal(median([0]), 0);
  assert.equal(median([null, undefined]), null);
});

test("numbers are sorted as numbers", () => {
  assert.deepEqual(ascending([10, 9, null, 100]), [9, 10, 100]);
});

test("a number is brought between 0 and a maximum", () => {
  assert.deepEqual(
    [-1, 0, 3, 9].map((value) => clamp(value, 5)),
    [0, 0, 3, 5],
  );
});

test("a column of a matrix is every width-th number", () => {
  assert.deepEqual([...columnOf(Float32Array.of(1, 2, 3, 4, 5, 6), 1, 3)], [2, 5]);
});

test("indices are spread evenly, the first and the last among them", () => {
  assert.deepEqual(spread(3, 36), [0, 1, 2]);
  assert.deepEqual(spread(1, 36), [0]);
  assert.deepEqual(spread(0, 36), []);
  const some = spread(1001, 36);
  assert.deepEqual([some.length, some[0], some.at(-1)], [36, 0, 1000]);
  assert.deepEqual([...new Set(some)], some);
});

test("a matrix is transposed, and what lies behind it in the array is left out", () => {
  const turned = transposed(Float32Array.of(1, 2, 3, 4, 5, 6, 99, 99), 2, 3);
  assert.deepEqual([...turned], [1, 4, 2, 5, 3, 6]);
  assert.ok(transposed(Uint8Array.of(1, 0), 1, 2) instanceof Uint8Array);
});
