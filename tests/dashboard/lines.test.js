// Lines over the epochs: the numbers that are drawn, and their words.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  metricBeside,
  metricRange,
  trainedEpochs,
  trainedSeries,
} from "../../gradlab/src/gradlab/report/static/charts/curves.js";
import { Grid } from "../../gradlab/src/gradlab/report/static/data/grid.js";
import { placesOf } from "../../gradlab/src/gradlab/report/static/charts/line_options.js";
import { absenceOf, dataOf, readoutOf } from "../../gradlab/src/gradlab/report/static/charts/lines.js";

const BAND = { name: "loss", colour: "#000000", values: [1, 0.5], low: [0.5, 0.5], high: [2, 0.5] };
const LINE = { name: "val loss", colour: "#111111", values: [3, NaN] };

test("a band has an axis of its own for each edge", () => {
  assert.deepEqual(dataOf([1, 2], [BAND, LINE], false), [
    [1, 2],
    [1, 0.5],
    [0.5, 0.5],
    [2, 0.5],
    [3, null],
  ]);
  assert.deepEqual(placesOf([BAND, LINE, BAND]), [1, 4, 5]);
});

test("what a logarithmic axis has no place for is left out", () => {
  assert.deepEqual(dataOf([1, 2, 3], [{ ...LINE, values: [0, -1, 2] }], true)[1], [null, null, 2]);
  assert.deepEqual(dataOf([1, 2, 3], [{ ...LINE, values: [0, -1, 2] }], false)[1], [0, -1, 2]);
});

test("the cursor reads every one of a few lines, with its range where there is one", () => {
  assert.equal(readoutOf([1, 2], [BAND, LINE], 0, -1), "epoch 1 · loss 1 (0.5 to 2) · val loss 3");
  assert.equal(readoutOf([1, 2], [BAND, LINE], 1, -1), "epoch 2 · loss 0.5 · val loss NaN");
  assert.equal(readoutOf([1, 2], [BAND, LINE], null, -1), " ");
});

test("of many lines the cursor reads the one that is pointed at", () => {
  const many = [BAND, LINE, BAND, LINE, { ...LINE, name: "fifth" }];
  assert.equal(readoutOf([1, 2], many, 0, -1), "epoch 1 · point at a line");
  assert.equal(readoutOf([1, 2], many, 0, placesOf(many)[4]), "epoch 1 · fifth 3");
});

test("a chart without a line gives the reason", () => {
  const reasons = [[], [0, 0], [0, NaN], [NaN, Infinity]].map((values) => absenceOf([{ ...LINE, values }]));
  assert.deepEqual(reasons, [
    "nothing measured yet",
    "exactly 0 in every epoch",
    "0 or not finite in every epoch",
    "not finite in any epoch",
  ]);
});

test("a metric's line begins with the first update, and has a band where there are several seeds", () => {
  const grid = new Grid([0, 1], ["loss", "accuracy"]);
  for (const epoch of [0, 1, 2]) {
    grid.append(0, epoch, [epoch, 10]);
    grid.append(1, epoch, [epoch + 1, 20]);
  }
  assert.deepEqual(trainedEpochs(grid), [1, 2]);
  const look = { name: "training", colour: "#000000" };
  const { name, values, low, high } = trainedSeries(grid, "loss", look);
  assert.deepEqual([name, [...values], [...low], [...high]], ["training", [1.5, 2.5], [1, 2], [2, 3]]);
  assert.equal(trainedSeries(grid.only(0), "accuracy", look).low, undefined);
});

test("an accuracy is drawn from 0 to 1, a loss as it comes", () => {
  assert.deepEqual(["accuracy", "val_accuracy", "loss"].map(metricRange), [[0, 1], [0, 1], null]);
});

test("beside the loss a metric is drawn that is validated, or else one that is measured", () => {
  assert.equal(metricBeside(["loss", "accuracy", "auc", "val_loss", "val_auc"]), "auc");
  assert.equal(metricBeside(["loss", "learning_rate", "accuracy"]), "accuracy");
  assert.equal(metricBeside(["loss", "val_loss", "gradient_norm"]), null);
});
