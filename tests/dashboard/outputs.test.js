// Outputs of a network, in the names of its metrics, in its curves, its runs and its data.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { drawn } from "../../gradlab/src/gradlab/report/static/charts/curves.js";
import { factsView } from "../../gradlab/src/gradlab/report/static/parts/data_panel.js";
import { columnsOf, runCells } from "../../gradlab/src/gradlab/report/static/parts/runs.js";
import { metricsOf, outputsOf } from "../../gradlab/src/gradlab/report/static/shared/outputs.js";
import { h } from "../../gradlab/src/gradlab/report/static/shared/element.js";
import { fakeDocument } from "./fake_document.js";

const OWN = ["loss", "price_loss", "sort_loss", "price_r2_score", "sort_accuracy"];
const NAMES = [...OWN, ...OWN.map((name) => `val_${name}`), "learning_rate"];

beforeEach(() => {
  globalThis.document = fakeDocument();
});

test("outputs are read from the names of their losses, where there are several", () => {
  assert.deepEqual(outputsOf(NAMES), ["price", "sort"]);
  assert.deepEqual(outputsOf(["loss", "accuracy", "val_loss"]), []);
  assert.deepEqual(outputsOf(["loss", "aux_loss", "val_loss", "val_aux_loss"]), []);
  assert.deepEqual(Object.fromEntries(metricsOf(NAMES, "sort")), {
    loss: "sort_loss",
    accuracy: "sort_accuracy",
    val_loss: "val_sort_loss",
    val_accuracy: "val_sort_accuracy",
  });
  const alike = ["loss", "left_loss", "left_eye_loss", "left_eye_accuracy"];
  assert.deepEqual([...metricsOf(alike, "left").values()], ["left_loss"]);
});

test("the loss of all outputs is drawn first, then a metric and the loss of each", () => {
  assert.deepEqual(
    drawn(NAMES).map(({ name, title, range }) => [name, title, range]),
    [
      ["loss", "Loss of all outputs", null],
      ["price_r2_score", "price: r2 score", null],
      ["price_loss", "price: loss", null],
      ["sort_accuracy", "sort: accuracy", [0, 1]],
      ["sort_loss", "sort: loss", null],
    ],
  );
  assert.deepEqual(
    drawn(["loss", "accuracy", "val_loss"]).map(({ name, title }) => [name, title]),
    [
      ["accuracy", "Accuracy"],
      ["loss", "Loss"],
    ],
  );
});

test("a run has a cell for the loss and a metric of each output", () => {
  const metrics = Object.fromEntries(NAMES.map((name, i) => [name, i]));
  const run = { seed: 3, epochs_done: 10, final_metrics: metrics, error: null, stopped_by: null };
  const columns = ["loss", "val_loss", "val_price_loss", "val_price_r2_score", "val_sort_loss", "val_sort_accuracy"];
  assert.deepEqual(columnsOf([{ ...run, final_metrics: null }, run]), columns);
  assert.deepEqual(runCells(run, columns), ["3", "10", "0", "5", "6", "8", "7", "9.000", ""]);
  assert.deepEqual(columnsOf([{ final_metrics: null }]), ["loss", "val_loss", "accuracy", "val_accuracy"]);
});

test("the facts of each output and of each input have a heading", () => {
  const inputs = { features: 1, rms: 1, largest_rms: 1, mean: [0], std: [1] };
  const sorts = { nonfinite: { count: 0, numbers: [] }, constant: { count: 0, numbers: [] }, extreme: { count: 0 } };
  const output = { target: { kind: "values", count: 1 }, target_range: [0, 1], class_shares: [] };
  const facts = {
    train_count: 80,
    val_count: 20,
    by_input: { left: { ...inputs, ...sorts }, right: { ...inputs, ...sorts } },
    outputs: { price: output, sort: { ...output, class_shares: [0.5, 0.5] } },
  };
  const view = h("div", {}, factsView(facts));
  const heads = view.all(({ tag }) => tag === "h3").map(({ textContent }) => textContent);
  assert.deepEqual(heads, ["Output price", "Output sort", "Share of each class", "Input left", "Input right"]);
});
