// Treatments in words and lines: the cells of trials, the change of a spec, and trials under what they treat.

import assert from "node:assert/strict";
import { test } from "node:test";

import { arranged } from "../../api/static/dashboard/pages/folded_trials.js";
import { changeLines, changeText, valueText } from "../../api/static/dashboard/pages/spec_changes.js";
import { offerOf } from "../../api/static/dashboard/pages/treating.js";
import { conclusionOf, effectWords, stateWords, trialWords } from "../../api/static/dashboard/pages/treatment_words.js";
import { repeat } from "../../api/static/dashboard/data/repeat.js";

const NONE = { judgement: null, progress: null, stage: "finished", remedies: [] };
const RATES = { untreated: { count: 5, of: 5, low: 0.566, high: 1 }, control: null };
const JUDGEMENT = {
  worth: "cures",
  ill: { count: 0, of: 8, low: 0, high: 0.3244 },
  p_adjusted: 0.000_312,
  effect: { mean: 0.3456, low: 0.2, high: 0.4912 },
  signal: "arrived before",
  cost: 1.04,
};

test("the row of a trial has what the command prints", () => {
  const trial = { ...NONE, role: "treated", remedies: ["activation_relu", "optimizer_adam"], judgement: JUDGEMENT };
  assert.deepEqual(trialWords(trial, RATES), {
    name: "activation_relu + optimizer_adam",
    state: "cures",
    ill: "0/8",
    interval: "0 %–32 %",
    p: "0.0003",
    effect: "+0.35 ± 0.15",
    signal: "arrived before",
    cost: "1.0×",
  });
});

test("untreated trials have their own rates, and a row that is not judged says how far it is", () => {
  const untreated = trialWords({ ...NONE, role: "untreated" }, RATES);
  assert.deepEqual(
    [untreated.name, untreated.state, untreated.ill, untreated.interval],
    ["untreated", "", "5/5", "57 %–100 %"],
  );
  const progress = { epochs_done: 450, epochs_total: 1000 };
  const control = trialWords({ ...NONE, role: "control", stage: "training", progress }, RATES);
  assert.deepEqual([control.state, control.ill, control.p, control.cost], ["training 45 %", "", "", ""]);
  assert.deepEqual(
    ["looking", "deferred", "training", "broken"].map((stage) => stateWords({ stage, progress: null })),
    ["triage", "deferred", "training", "broken"],
  );
});

test("an effect has a sign, and an interval where there are two pairs", () => {
  assert.equal(effectWords({ mean: -0.0512, low: null, high: null }), "−0.051");
  assert.equal(effectWords({ mean: null, low: null, high: null }), "");
});

test("a treatment of the list says what cures, or that nothing does", () => {
  const recommended = ["activation_relu"];
  assert.equal(conclusionOf({ status: "running", recommended, is_smallest: true }), "activation_relu, the smallest");
  assert.equal(conclusionOf({ status: "completed", recommended: null, is_smallest: null }), "no cure");
  assert.equal(conclusionOf({ status: "running", recommended: null, is_smallest: null }), "");
});

test("the change of a spec is lines: where, what goes, what comes", () => {
  const uniform = { kind: "random_uniform", minval: 0, maxval: 1 };
  const lines = changeLines([
    { path: "model.dense_1…dense_5.kernel_initializer", before: uniform, after: { kind: "glorot_uniform" } },
    { path: "training.optimizer.global_clipnorm", before: null, after: 1 },
    { path: "model.dense_5", before: { kind: "dense", units: 5, activation: { kind: "tanh" } }, after: null },
  ]);
  const expected = [
    "@@ model.dense_1…dense_5.kernel_initializer",
    "- random_uniform(minval=0, maxval=1)",
    "+ glorot_uniform",
    "@@ training.optimizer.global_clipnorm",
    "+ 1",
    "@@ model.dense_5",
    "- dense(units=5, activation=tanh)",
  ];
  assert.equal(changeText(lines), `${expected.join("\n")}\n`);
});

test("what is not set is left out of a value, and lists and objects without a kind are shown as such", () => {
  assert.equal(
    valueText({ kind: "sgd", learning_rate: 0.01, clipnorm: null, nesterov: false }),
    "sgd(learning_rate=0.01, nesterov=false)",
  );
  assert.equal(valueText([-1, { patience: 3 }]), "[-1, {patience=3}]");
});

test("a finished experiment that is ill is offered a treatment, and another one once the first is over", () => {
  const experiment = { source: "service", status: "completed", treatment: null };
  assert.equal(offerOf(experiment, "ill"), "offer");
  assert.equal(offerOf(experiment, "at risk"), "offer");
  assert.equal(offerOf(experiment, "healthy"), "nothing");
  assert.equal(offerOf(experiment, null), "nothing");
  assert.equal(offerOf({ ...experiment, status: "running" }, "ill"), "nothing");
  assert.equal(offerOf({ ...experiment, source: "external" }, "ill"), "nothing");
  assert.equal(offerOf({ ...experiment, treatment: { status: "completed" } }, "ill"), "again");
  assert.equal(offerOf({ ...experiment, treatment: { status: "running" } }, "ill"), "nothing");
});

test("unfolded trials stand under what they treat, once", () => {
  const [ill, other, control, relu] = ["ill", "other", "control", "relu"].map((id) => ({ id }));
  const unfolded = new Map([
    ["ill", [control, relu]],
    ["gone", [other]],
  ]);
  assert.deepEqual(arranged([control, other, ill], unfolded), [other, ill, control, relu]);
  assert.deepEqual(arranged([control, ill], new Map()), [control, ill]);
});

test("reading goes on until it is over, and waits while nobody looks", async () => {
  const page = { hidden: false };
  Object.assign(globalThis, { document: page });
  const leaving = new AbortController();
  let reads = 0;
  await repeat(async () => (reads += 1) < 3, 0, leaving.signal);
  assert.equal(reads, 3);
  page.hidden = true;
  const waiting = repeat(async () => (reads += 1) > 0, 0, leaving.signal);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(reads, 3);
  page.hidden = false;
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(reads > 3);
  leaving.abort();
  await waiting;
});
