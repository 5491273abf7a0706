// Completion: the names and values that fit at the cursor, and what is put into the text.

import assert from "node:assert/strict";
import { test } from "node:test";
import { completionsAt } from "../../api/static/dashboard/editor/completion.js";
import { VOCABULARY } from "./vocabulary.js";

/** @param {string} marked a text with its cursor as `|`. */
function complete(marked) {
  return completionsAt(marked.replace("|", ""), marked.indexOf("|"), VOCABULARY);
}

/** @param {string} marked @returns {string[] | undefined} */
const labels = (marked) => complete(marked)?.options.map(({ label }) => JSON.parse(label));

/** @param {string} marked @param {string} label @returns {string} the text with that option. */
function chosen(marked, label) {
  const { from, to, comma, options } = complete(marked);
  const text = marked.replace("|", "");
  const { insert } = options.find((option) => option.label === JSON.stringify(label));
  const before = comma === null ? text.slice(0, from) : `${text.slice(0, comma)},${text.slice(comma, from)}`;
  return before + insert + text.slice(to);
}

test("names are those of the object that are not there yet, with what must be given", () => {
  assert.deepEqual(labels('{"name": "a", |}'), ["dataset", "model", "training", "record", "seeds"]);
  assert.deepEqual(labels('{"dataset": {"kind": "circles", "|"}}'), ["noise"]);
  assert.deepEqual(labels('{"dataset": {|}}'), ["kind"]);
  const [dataset] = complete('{"name": "a", |}').options;
  assert.deepEqual([dataset.detail, dataset.info], ["required", "The data."]);
});

test("values are kinds in the order of their registry, constants, and defaults", () => {
  assert.deepEqual(labels('{"dataset": |}'), ["moons", "circles"]);
  assert.deepEqual(labels('{"dataset": {"kind": "|"}}'), ["moons", "circles"]);
  assert.deepEqual(labels('{"training": {"shuffle": |}}'), [true, false]);
  assert.deepEqual(labels('{"training": {"monitor": "|"}}'), ["loss", "val_loss"]);
  assert.deepEqual(labels('{"dataset": {"kind": "circles", "noise": |}}'), [0.1]);
  assert.deepEqual(labels('{"training": {"metrics": ["|"]}}'), ["accuracy"]);
  assert.deepEqual(labels('{"record": "|"}'), ["lean", "nothing"]);
});

test("layers inside of layers are completed as those outside", () => {
  const text = '{"model": {"layers": [{"kind": "residual", "layers": [{"kind": "dense", "activation": "|"}]}]}}';
  assert.deepEqual(labels(text), ["tanh", "leaky_relu", "relu"]);
});

test("what is put in is valid: with what must be given, and with the commas that are missing", () => {
  assert.equal(
    chosen('{"model": {"layers": [|]}}', "dense"),
    '{"model": {"layers": [{ "kind": "dense", "units": 1 }]}}',
  );
  assert.equal(chosen('{"dataset": "ci|"}', "circles"), '{"dataset": "circles"}');
  assert.equal(chosen('{"name": "a"\n|}', "seeds"), '{"name": "a",\n"seeds": [0]}');
  assert.equal(chosen('{|"name": "a"}', "seeds"), '{"seeds": [0],"name": "a"}');
  assert.equal(chosen('{"nam|": "a"}', "name"), '{"name": "a"}');
  assert.match(chosen("{|}", "training"), /"training": \{ "optimizer": "sgd", "epochs": 1 \}/);
  assert.match(chosen('{"model": {"layers": [{"kind": "dense", |}]}}', "activation"), /"activation": "relu"/);
});

test("where nothing is known nothing is offered", () => {
  assert.equal(complete('{"nothing": {"of": |}}'), null);
  assert.equal(complete("|"), null);
});
