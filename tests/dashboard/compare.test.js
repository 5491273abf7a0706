// Experiments side by side: what is drawn again, and over which epochs.

import assert from "node:assert/strict";
import { test } from "node:test";

import { whenMoved } from "../../api/static/dashboard/pages/compare.js";
import { epochsOf, placed } from "../../api/static/dashboard/pages/compare_charts.js";

const nothing = (length) => new Float32Array(length).fill(NaN);

test("a history without epoch 0 that is as long as one with it stands at its own epochs", () => {
  const grids = [{ epochs: [0, 1, 2] }, { epochs: [1, 2, 3] }];
  const epochs = epochsOf(grids);
  assert.deepEqual(epochs, [0, 1, 2, 3]);
  const cells = grids.map((grid) => {
    const layers = Float32Array.from(grid.epochs.flatMap((epoch) => [epoch, 10 * epoch])); // two layers
    return [...placed(layers, grid.epochs, epochs, nothing(8))];
  });
  assert.deepEqual(cells, [
    [0, 0, 1, 10, 2, 20, NaN, NaN],
    [NaN, NaN, 1, 10, 2, 20, 3, 30],
  ]);
});

test("epochs that an experiment does not have are left out, in the middle, too", () => {
  assert.deepEqual([...placed(Float32Array.of(5, 7), [1, 3], [1, 2, 3], nothing(3))], [5, NaN, 7]);
  assert.deepEqual([...placed(Uint8Array.of(1, 1), [2, 3], [1, 2, 3], new Uint8Array(3))], [0, 1, 1]);
  assert.deepEqual([...placed(new Float32Array(), [], [1], nothing(1))], [NaN]);
  assert.deepEqual(epochsOf([]), []);
});

test("what has moved is drawn once, and again where drawing failed", async () => {
  const drawn = [];
  let isAway = false;
  const draw = whenMoved(async ([{ progress }]) => {
    if (isAway) throw new Error("the service is away");
    drawn.push(progress.epochs_done);
  });
  const at = (done) => [{ status: "running", progress: { epochs_done: done }, diagnosis: null }];
  await draw(at(1));
  await draw(at(1));
  isAway = true;
  await assert.rejects(draw(at(2)), /away/);
  isAway = false;
  await draw(at(2));
  await draw(at(2));
  assert.deepEqual(drawn, [1, 2]);
});
