// Experiments, specs, findings and problems in words, and the cells of tables.

import assert from "node:assert/strict";
import { test } from "node:test";

import { chosenOf, distinctNames, resultWords } from "../../api/static/dashboard/pages/compare.js";
import { haveOf } from "../../api/static/dashboard/pages/compare_charts.js";
import { differencesOf, flatten } from "../../api/static/dashboard/pages/differences.js";
import { finalWords } from "../../api/static/dashboard/pages/experiment_row.js";
import { compareWords, listPath } from "../../api/static/dashboard/pages/experiments.js";
import * as findings from "../../gradlab/src/gradlab/report/static/parts/findings.js";
import { externalShapes } from "../../gradlab/src/gradlab/report/static/parts/network.js";
import { missingOf } from "../../api/static/dashboard/readiness.js";
import { runCells } from "../../gradlab/src/gradlab/report/static/parts/runs.js";
import { Problem } from "../../gradlab/src/gradlab/report/static/data/source.js";
import { problemsOf } from "../../api/static/dashboard/editor/answer.js";
import {
  dataOf,
  isGoing,
  layersOf,
  optimizerOf,
  statusOf,
} from "../../gradlab/src/gradlab/report/static/shared/spec_words.js";
import { stateOf } from "../../gradlab/src/gradlab/report/static/charts/strip.js";
import { hasSteps } from "../../gradlab/src/gradlab/report/static/parts/through_time.js";

const DENSE = { kind: "dense", activation: "tanh" };
const EXTERNAL = {
  source: "external",
  layers: [
    { name: "flatten", class_name: "Flatten", parameters: [] },
    { name: "fc1", class_name: "Linear", parameters: [{ shape: [4, 3] }, { shape: [3] }] },
  ],
};

test("a status is silent where a training elsewhere is overdue, and stopping where it was cancelled", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  const status = (more) => statusOf({ status: "running", expected_by: null, cancel_requested: false, ...more }, now);
  assert.equal(status({}), "running");
  assert.equal(status({ expected_by: "2025-12-31T23:59:59Z" }), "silent");
  assert.equal(status({ expected_by: "2026-01-01T00:00:01Z" }), "running");
  assert.equal(status({ cancel_requested: true }), "stopping");
  assert.equal(status({ cancel_requested: true, status: "cancelled" }), "cancelled");
  assert.deepEqual(
    ["queued", "running", "failed"].map((each) => isGoing({ status: each })),
    [true, true, false],
  );
});

test("a network is named by its layers, a large one by their number", () => {
  const network = (...layers) => layersOf({ model: { layers } });
  assert.equal(network({ ...DENSE, repeat: 5 }, { kind: "dense", activation: "sigmoid" }), "5 × tanh, sigmoid");
  assert.equal(network({ kind: "dense", activation: { kind: "leaky_relu" } }), "leaky_relu");
  assert.equal(network({ kind: "lstm", activation: "tanh" }, { kind: "dropout" }), "lstm, dropout");
  assert.equal(network({ kind: "dense", activation: null }), "dense");
  assert.equal(network(DENSE, DENSE, DENSE, DENSE), "tanh, tanh, tanh, tanh");
  assert.equal(network(DENSE, DENSE, DENSE, DENSE, DENSE), "5 layers");
  assert.equal(layersOf(EXTERNAL), "Linear");
});

test("a graph is named by the layers of its nodes, those of nested graphs and second uses too", () => {
  const encoder = { name: "encoder", graph: { nodes: [{ name: "inner", layer: DENSE }] } };
  const nodes = [encoder, { name: "again", shares: "encoder" }, { name: "sum", layer: { kind: "add" } }];
  assert.equal(layersOf({ model: { nodes } }), "tanh, tanh, add");
  const cell = { name: "cell", layer: { kind: "gru" } };
  assert.equal(hasSteps({ model: { nodes: [cell] }, record: { signals: 1 } }), true);
  assert.equal(hasSteps({ model: { nodes }, record: { signals: 1 } }), false);
});

test("data and optimiser are named", () => {
  assert.deepEqual([dataOf({ dataset: { kind: "circles" } }), dataOf(EXTERNAL)], ["circles", "trained elsewhere"]);
  assert.equal(dataOf({ ...EXTERNAL, framework: "torch" }), "trained elsewhere, PyTorch");
  assert.equal(optimizerOf(EXTERNAL), "not sent");
  assert.equal(optimizerOf({ ...EXTERNAL, optimizer_class: "Lion" }), "Lion");
  assert.equal(optimizerOf({ ...EXTERNAL, optimizer: { kind: "sgd", learning_rate: 0.1 } }), "sgd 0.1");
  const words = (optimizer) => optimizerOf({ training: { optimizer } });
  assert.deepEqual(
    [words("adam"), words({ kind: "sgd", learning_rate: 0.1 }), words({ kind: "sgd" })],
    ["adam", "sgd 0.1", 'sgd ""'],
  );
});

test("a shape that a training elsewhere does not send is not guessed", () => {
  assert.deepEqual(externalShapes(EXTERNAL), [
    { layer: "flatten", output_shape: null, parameters: 0 },
    { layer: "fc1", output_shape: null, parameters: 15 },
  ]);
  const sent = { ...EXTERNAL.layers[1], output_shape: [8, 3] };
  assert.deepEqual(externalShapes({ layers: [sent] })[0].output_shape, [8, 3]);
});

test("the signal through time is shown of recurrent layers that record it", () => {
  const spec = (kind, signals) => ({ record: { signals }, model: { layers: [{ kind: "dense" }, { kind }] } });
  assert.deepEqual(
    [hasSteps(spec("lstm", 1)), hasSteps(spec("lstm", 0)), hasSteps(spec("dense", 1))],
    [true, false, false],
  );
  assert.equal(hasSteps({ ...EXTERNAL, record: { signals: 1 } }), false);
  const cell = { name: "rnn", class_name: "LSTM", parameters: [] };
  assert.equal(hasSteps({ ...EXTERNAL, layers: [cell], record: { signals: 1 } }), true);
});

test("only the fields in which specs differ are compared, in their natural order", () => {
  const spec = (name, units, rate) => ({
    name,
    seeds: [0, 1],
    layers: Array.from({ length: 11 }, (_, i) => ({ kind: "dense", units: i === 10 || i === 2 ? units : 1 })),
    optimizer: rate ? { kind: "sgd", rate } : "adam",
    clip: null,
  });
  assert.deepEqual(differencesOf([spec("a", 2, 0.1), spec("b", 3, null)]), [
    { path: "layers.2.units", values: ["2", "3"] },
    { path: "layers.10.units", values: ["2", "3"] },
    { path: "optimizer", values: [undefined, "adam"] },
    { path: "optimizer.kind", values: ["sgd", undefined] },
    { path: "optimizer.rate", values: ["0.1", undefined] },
  ]);
  assert.deepEqual(differencesOf([spec("a", 2, null), spec("b", 2, null)]), []);
});

test("a list of plain values is one leaf, and null is none", () => {
  assert.deepEqual(flatten({ a: [1, 2], b: { c: false, d: null }, e: [{ f: "x" }] }), [
    ["a", "1, 2"],
    ["b.c", "false"],
    ["e.0.f", "x"],
  ]);
});

test("experiments of the same name have their ids behind it", () => {
  const experiments = [
    { id: "aaaa1111", name: "deep" },
    { id: "bbbb2222", name: "deep" },
    { id: "cccc3333", name: "" },
  ];
  assert.deepEqual(distinctNames(experiments), ["deep (aaaa)", "deep (bbbb)", "unnamed"]);
});

test("results are the median and the range of the seeds", () => {
  const runs = [0.5, 0.9, 0.7].map((accuracy) => ({
    final_metrics: { val_accuracy: accuracy, val_loss: 1 - accuracy },
  }));
  assert.deepEqual(resultWords([...runs, { final_metrics: null }], [0, 1, 2, 3]), {
    accuracy: "0.700 (0.500–0.900), seeds 0, 1, 2, 3",
    loss: "0.3",
  });
  assert.deepEqual(resultWords([{ final_metrics: null }], [0]), { accuracy: "–", loss: "–" });
});

test("without validation the results are those of the training samples, and say so", () => {
  const words = (final) => resultWords([{ final_metrics: final }], [0]);
  assert.deepEqual(words({ loss: 0.5, accuracy: 0.75 }), {
    accuracy: "0.750 (0.750–0.750), seed 0; training samples",
    loss: "0.5; training samples",
  });
  assert.deepEqual(words({ loss: null }), { accuracy: "not measured", loss: "not finite" });
  assert.deepEqual(haveOf([{ columns: ["loss"] }, { columns: ["loss", "val_loss"] }], "val_loss"), {
    shown: [1],
    without: [0],
  });
});

test("a comparison says which experiments are beyond its limit", () => {
  assert.deepEqual(chosenOf("a,b,b,"), { ids: ["a", "b"], rest: [] });
  assert.deepEqual(chosenOf("a,b,c,d,e,f,g,h"), { ids: ["a", "b", "c", "d", "e", "f"], rest: ["g", "h"] });
  assert.deepEqual([0, 1, 6, 7].map(compareWords), [
    "Compare",
    "Compare",
    "Compare 6",
    "7 chosen, at most 6 are compared",
  ]);
});

test("the list shows what the validation samples say, where there are any", () => {
  const metrics = (...all) => all.map((each) => ({ final_metrics: each }));
  assert.deepEqual(finalWords(metrics({ loss: 1, val_loss: 2, accuracy: 0.9, val_accuracy: 0.5 }, null)), {
    loss: "2",
    accuracy: "0.500",
    samples: "",
  });
  assert.deepEqual(finalWords(metrics({ loss: 1 })), { loss: "1", accuracy: "", samples: "training" });
  assert.deepEqual(finalWords(metrics({ loss: 1, val_loss: null })), { loss: "not finite", accuracy: "", samples: "" });
  assert.deepEqual(finalWords(metrics(null)), { loss: "", accuracy: "", samples: "" });
});

test("a run's row has a cell for each heading, the last for the reason why it ended", () => {
  const run = {
    seed: 3,
    epochs_done: 10,
    stopped_by: "nonfinite",
    error: null,
    final_metrics: { loss: null, accuracy: 0.5 },
  };
  assert.deepEqual(runCells(run), ["3", "10", "not finite", "not measured", "0.500", "not measured", "nonfinite"]);
  assert.equal(runCells({ ...run, error: "killed" }).at(-1), "killed");
  assert.deepEqual(runCells({ ...run, final_metrics: null, stopped_by: null }).slice(2), ["–", "–", "–", "–", ""]);
});

test("a query leaves out what is empty", () => {
  assert.equal(listPath({ verdict: "", status: "", search: "" }), "/experiments?limit=50");
  assert.equal(
    listPath({ verdict: "at risk", status: "failed", search: "a&b" }),
    "/experiments?limit=50&verdict=at+risk&status=failed&search=a%26b",
  );
});

test("a layer's state is its worst finding by then, what is lost before all", () => {
  const finding = (severity, since, title) => ({ severity, since_epoch: since, title, layers: ["a"] });
  const all = [finding("warning", 5, "slow"), finding("critical", 9, "dead"), finding("info", 0, "odd")];
  const size = { value: 1, place: 0.5, lost: false };
  assert.deepEqual(stateOf("a", 4, size, all), { health: "healthy", reason: "nothing found" });
  assert.deepEqual(stateOf("a", 5, size, all), { health: "warning", reason: "slow" });
  assert.deepEqual(stateOf("a", 9, size, all), { health: "critical", reason: "slow; dead" });
  assert.equal(stateOf("b", 9, size, all).health, "healthy");
  assert.equal(stateOf("a", 9, { ...size, lost: true }, all).health, "lost");
  assert.deepEqual(stateOf("a", 9, size, null), { health: "unknown", reason: "" });
  assert.equal(stateOf("a", 9, null, all).health, "unknown");
});

test("a finding comes with its layers, its epoch and its seeds", () => {
  const finding = { layers: ["a", "b", "c"], since_epoch: 3, seeds: [0, 1], of_seeds: 5 };
  assert.equal(findings.extentOf(finding), "3 layers, a … c · since epoch 3 · 2 of 5 seeds");
  assert.equal(findings.extentOf({ ...finding, layers: ["a", "b"] }), "a, b · since epoch 3 · 2 of 5 seeds");
  assert.equal(findings.extentOf({ ...finding, layers: [] }), "since epoch 3 · 2 of 5 seeds");
  const serious = findings.seriousOf({ findings: [{ severity: "info" }, { severity: "warning" }] });
  assert.deepEqual(serious, [{ severity: "warning" }]);
});

test("rules that lack the same are one entry, those that most rules lack first", () => {
  const unjudged = [
    { rule: "a", why: "no facts", advice: "data" },
    { rule: "b", why: "no loss", advice: "" },
    { rule: "c", why: "no facts", advice: "data" },
  ];
  assert.deepEqual(findings.byReason([unjudged[1], ...unjudged.slice(0, 1), unjudged[2]]), [
    { words: "no facts. Pass data.", rules: ["a", "c"] },
    { words: "no loss.", rules: ["b"] },
  ]);
});

test("a measure comes with the threshold that it was compared with", () => {
  const measure = { name: "arriving_share", value: 1e-9, comparison: "<", threshold: 0.2, unit: "of the first layer" };
  assert.equal(findings.measureWords(measure), "arriving share 1.0·10⁻⁹ < 0.2 of the first layer");
  assert.equal(findings.measureWords({ ...measure, threshold: null, unit: "" }), "arriving share 1.0·10⁻⁹");
});

test("the first changes of a remedy are named, the rest is counted", () => {
  const change = (path, before, after) => ({ path, before, after });
  const changes = [change("a", null, { kind: "adam" }), change("b", 0.1, true), change("c", 1, 2), change("d", 1, 2)];
  assert.equal(findings.changesWords(changes.slice(0, 2)), "a: none → adam · b: 0.1 → true");
  assert.equal(findings.changesWords(changes), "a: none → adam · b: 0.1 → true · 2 more");
  assert.equal(findings.valueWords([1, 2]), "[1,2]");
});

test("without a finding the verdict is put into words", () => {
  assert.equal(findings.withoutFinding("undecided", []), "Too early to say.");
  assert.equal(findings.withoutFinding("anything", []), findings.withoutFinding("healthy", []));
  const unjudged = [{ rule: "input_range", why: "its data are not known here" }];
  assert.match(findings.withoutFinding("healthy", unjudged), /of what was measured/);
  assert.match(findings.withoutFinding("undecided", unjudged), /cannot be judged/);
});

test("a refusal has one problem at least", () => {
  const errors = [{ field: "seeds", expected: "one", received: "none" }];
  assert.equal(problemsOf(new Problem(422, { detail: "no", errors })), errors);
  assert.deepEqual(problemsOf(new Problem(413, { detail: "too large" })), [
    { field: "", expected: "too large", received: "" },
  ]);
  assert.equal(new Problem(500, {}).message, "the service answered 500");
});

test("what the service is missing is named", () => {
  assert.deepEqual(missingOf({ database: "ok", disk: "full" }), ["disk: full"]);
});
