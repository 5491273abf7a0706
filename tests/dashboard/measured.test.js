// Measurements, from the service's arrays to grids and histograms.

import assert from "node:assert/strict";
import { test } from "node:test";

import { layerKindsOf, named } from "../../gradlab/src/gradlab/report/static/data/catalogue.js";
import { appendEpochs } from "../../api/static/dashboard/pages/experiment.js";
import { filesOf } from "../../gradlab/src/gradlab/report/static/charts/frame.js";
import { Grid } from "../../gradlab/src/gradlab/report/static/data/grid.js";
import {
  absenceOf,
  layerOf,
  measuredOn,
  seedsShown,
  titleOf,
} from "../../gradlab/src/gradlab/report/static/layers/layer_words.js";
import { countsOf, layerNames, stepsOf } from "../../gradlab/src/gradlab/report/static/data/measured.js";
import { binName, usedBins } from "../../gradlab/src/gradlab/report/static/charts/ridges.js";
import { trendOf } from "../../gradlab/src/gradlab/report/static/charts/trend.js";

test("columns are named by layer, and by parameter where those differ", () => {
  assert.deepEqual(layerNames(["dense_1", "dense_2"], ["kernel", "kernel"]), ["dense_1", "dense_2"]);
  assert.deepEqual(layerNames(["lstm", "lstm"], ["kernel", "recurrent_kernel"]), [
    "lstm kernel",
    "lstm recurrent_kernel",
  ]);
  assert.equal(layerOf("lstm recurrent_kernel"), "lstm");
});

test("histograms are summed over the seeds, of the first tensor, as far as each run has come", () => {
  const counts = { shape: [2, 2, 2, 2], data: [1, 2, 99, 99, 3, 4, 99, 99, 10, 20, 99, 99, 77, 77, 77, 77] };
  assert.deepEqual(countsOf({ counts, lengths: { data: [2, 1] } }), [
    [11, 22],
    [3, 4],
  ]);
});

test("the signal through time is a grid for each layer, its columns the steps", () => {
  const [first, second] = stepsOf({
    values: { shape: [1, 2, 2, 3], data: Float32Array.from({ length: 12 }, (_, i) => i) },
    layers: { data: ["rnn_1", "rnn_2"] },
    step: { data: [1, 2, 3] },
    seeds: { data: [0] },
    epochs: { data: [0, 5] },
    lengths: { data: [2] },
  });
  assert.deepEqual([first.layer, second.layer, first.grid.columns], ["rnn_1", "rnn_2", ["1", "2", "3"]]);
  assert.deepEqual([...first.grid.current().middle], [0, 1, 2, 6, 7, 8]);
  assert.deepEqual([...second.grid.current().middle], [3, 4, 5, 9, 10, 11]);
});

test("the stream's epochs are appended in the columns' order; what is missing is no number", () => {
  const history = new Grid([0], ["loss", "val_loss"]);
  const streamed = new Grid([0], ["dense_2", "dense_1 kernel"]);
  const gradients = { epochs: [0, 1], layers: { dense_1: [9, 0.1], dense_2: [9, null] } };
  const metrics = { val_loss: [4, 3], loss: [2, null] };
  appendEpochs({ runs: [{ seed: 0, epochs: [0, 1], metrics, gradients }] }, { history, streamed });
  assert.deepEqual([...history.current().middle], [2, 4, NaN, 3]);
  assert.deepEqual(streamed.epochs, [1]); // epoch 0 is one gradient over all samples, another kind of number
  assert.ok(Number.isNaN(streamed.current().middle[0]));
  assert.ok(Math.abs(streamed.current().middle[1] - 0.1) < 1e-7);
});

test("the stream's epochs are appended without gradients where none are shown", () => {
  const history = new Grid([0], ["loss"]);
  const gradients = { epochs: [1], layers: {} };
  appendEpochs({ runs: [{ seed: 0, epochs: [1], metrics: { loss: [2] }, gradients }] }, { history, streamed: null });
  appendEpochs(
    { runs: [{ seed: 0, epochs: [2], metrics: { loss: [1] }, gradients: null }] },
    { history, streamed: null },
  );
  assert.deepEqual(history.epochs, [1, 2]);
});

test("the kinds of which a statistic is shown are read from the catalogue", () => {
  const statistics = { weights: [{ name: "l2" }, { name: "std" }] };
  const kinds = [
    { name: "boundary", shown_as: "plane" },
    { name: "weights", title: "Weights", path: "weights", record: "weights", shown_as: "statistic", statistic: "std" },
  ];
  const [weights, ...others] = layerKindsOf({ kinds, statistics });
  assert.deepEqual([weights.name, weights.first, others], ["weights", { name: "std" }, []]);
  assert.throws(() => named(statistics.weights, "rms"), /expected one of l2, std; received rms/);
});

test("titles and captions say what is chosen", () => {
  const kind = { title: "Gradients", isOfParameters: true };
  assert.equal(titleOf({ kind, statistic: { name: "mean_abs" } }), "Gradients: mean abs");
  assert.deepEqual([measuredOn({ kind }), measuredOn({ kind: {} })], ["kernels", "probe batch"]);
  assert.equal(seedsShown({ seed: null }, [0, 1]), "median of seeds 0, 1");
  assert.equal(seedsShown({ seed: null }, [0]), "seed 0");
  assert.equal(seedsShown({ seed: 0 }, [0, 1]), "seed 0");
  assert.equal(absenceOf({ kind }, null, false), "Gradients are not recorded in this experiment.");
  assert.equal(absenceOf({ kind }, null, true), "Gradients: not sent.");
  assert.equal(absenceOf({ kind }, { rows: 0 }, true), "Nothing is measured yet.");
  assert.equal(absenceOf({ kind }, { rows: 1 }, false), null);
});

test("a view's files are its numbers and its chart, with the same query", () => {
  const [json, csv, svg, png] = filesOf("ID", "signals/steps", { layer: "rnn 1" }, "signal-steps");
  assert.equal(json.path, "/experiments/ID/signals/steps?layer=rnn+1");
  assert.deepEqual([csv.name, csv.accept], ["ID-signals-steps.csv", "text/csv"]);
  assert.equal(svg.path, "/experiments/ID/charts/signal-steps.svg?layer=rnn+1");
  assert.equal(png.name, "ID-signal-steps.png");
  assert.equal(filesOf("ID", "history", {}, "history")[2].path, "/experiments/ID/charts/history.svg");
});

test("a chart of histograms says in its own name of which tensors they are", () => {
  const [json, , svg] = filesOf("ID", "histograms", { of: "weights", layer: "a" }, "weight-histograms");
  assert.equal(json.path, "/experiments/ID/histograms?of=weights&layer=a");
  assert.equal(svg.path, "/experiments/ID/charts/weight-histograms.svg?layer=a");
});

test("bins that hold anything are shown, and one more on each side", () => {
  assert.deepEqual(usedBins([[0, 0, 0, 1, 0, 0, 0]]), [2, 4]);
  assert.deepEqual(
    usedBins([
      [0, 0, 1, 0],
      [3, 0, 0, 0],
    ]),
    [0, 3],
  );
  assert.deepEqual(usedBins([[0, 0, 0]]), [0, 2]);
});

test("bins are named at zero and at every second decade", () => {
  const edges = [-1, -0.1, -0.01, 0.01, 0.1, 1];
  const names = [0, 1, 2, 3, 4, 5, 6].map((bin) => binName(edges, bin));
  assert.deepEqual(names, ["−10⁰", null, "−10⁻²", "0", "10⁻²", null, "10⁰"]);
});

test("a sparkline is the median of the validation accuracy, or of the next best metric", () => {
  const runs = [[0.5, 0.7], [0.6, null], [0.9]].map((values) => ({ metrics: { loss: [9], val_accuracy: values } }));
  assert.deepEqual(trendOf(runs), { name: "val_accuracy", values: [0.6, 0.7] });
  assert.deepEqual(trendOf([{ metrics: { loss: [2, 1] } }]), { name: "loss", values: [2, 1] });
  assert.equal(trendOf([{ metrics: { loss: [] } }]), null);
  assert.equal(trendOf([]), null);
});
