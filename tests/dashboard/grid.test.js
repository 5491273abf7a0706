// Grids: what was measured of several runs, while it grows.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Grid } from "../../gradlab/src/gradlab/report/static/data/grid.js";

/** Two runs of three epochs of two columns; the second has not come to the third epoch. */
function twoRuns() {
  const values = Float32Array.of(1, 10, 2, 20, 3, 30, 5, 50, NaN, 60, 0, 0);
  const arrays = { seeds: [4, 7], epochs: [0, 1, 2], lengths: [3, 2], values };
  return Grid.of(Object.fromEntries(Object.entries(arrays).map(([name, data]) => [name, { data }])), ["a", "b"]);
}

test("a grid is read from arrays", () => {
  const grid = twoRuns();
  assert.deepEqual([grid.rows, grid.lastEpoch, grid.last(4), grid.last(7)], [3, 2, 2, 1]);
  assert.equal(new Grid([1], ["a"]).last(1), -1);
  assert.equal(new Grid([1], ["a"]).lastEpoch, undefined);
});

test("a summary is of the runs that have come so far, and marks what is not finite", () => {
  const { middle, low, high, lost } = twoRuns().current();
  assert.deepEqual([...middle], [3, 30, 2, 40, 3, 30]);
  assert.deepEqual([...low], [1, 10, 2, 20, 3, 30]);
  assert.deepEqual([...high], [5, 50, 2, 60, 3, 30]);
  assert.deepEqual([...lost], [0, 0, 1, 0, 0, 0]);
});

test("where no run is finite, the summary is no number", () => {
  const grid = new Grid([0, 1], ["a"]);
  for (const seed of [0, 1]) grid.append(seed, 1, [NaN]);
  const { middle, low, high, lost } = grid.current();
  assert.deepEqual([...middle, ...low, ...high, ...lost], [NaN, NaN, NaN, 1]);
});

test("the median of an even number of runs is between the middle two", () => {
  const grid = new Grid([0, 1, 2, 3], ["a"]);
  [9, 1, 4, 2].forEach((value, seed) => grid.append(seed, 1, [value]));
  assert.deepEqual([...grid.current().middle], [3]);
});

test("a grid that grew epoch by epoch is the one that is read whole", () => {
  const whole = twoRuns();
  const grown = new Grid([4, 7], ["a", "b"]);
  const rows = [
    [4, 0, [1, 10]],
    [7, 0, [5, 50]],
    [7, 1, [NaN, 60]],
    [4, 1, [2, 20]],
    [4, 2, [3, 30]],
  ];
  for (const [seed, epoch, numbers] of rows) {
    grown.append(seed, epoch, numbers);
    grown.summary(); // summaries in between must not stay where a later run changes a row
  }
  assert.deepEqual(grown.epochs, whole.epochs);
  assert.deepEqual(grown.current(), whole.current());
});

test("an epoch that is there already, or comes behind a gap, changes nothing", () => {
  const grid = twoRuns();
  const before = structuredClone(grid.current());
  grid.append(4, 2, [99, 99]);
  grid.append(7, 5, [99, 99]);
  assert.deepEqual(grid.epochs, [0, 1, 2]);
  assert.deepEqual(grid.current(), before);
});

test("the row of an epoch is that of the last one that is not after it", () => {
  const grid = new Grid([0], ["a"]);
  for (const epoch of [0, 10, 20]) grid.append(0, epoch, [epoch]);
  assert.deepEqual(
    [-1, 0, 9, 10, 15, 20, Infinity].map((epoch) => grid.rowAt(epoch)),
    [0, 0, 0, 1, 1, 2, 2],
  );
});

test("one run alone has its own epochs and numbers", () => {
  const one = twoRuns().only(1);
  assert.deepEqual([one.seeds, one.epochs, one.rows], [[7], [0, 1], 2]);
  assert.deepEqual([...one.current().middle], [5, 50, NaN, 60]);
});
