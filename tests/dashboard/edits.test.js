// Edits towards another spec leave the rest of the text as it was written.

import assert from "node:assert/strict";
import { test } from "node:test";
import { editsTowards, insertions, removal } from "../../api/static/dashboard/editor/edits.js";
import { parsed } from "../../api/static/dashboard/editor/json_text.js";
import { seedEdits } from "../../api/static/dashboard/editor/seeds.js";
import { tidied } from "../../api/static/dashboard/editor/tidy.js";
import { edited } from "./json_tools.js";
import { VOCABULARY } from "./vocabulary.js";

const TEXT = `{
  "dataset": "circles",
  "model": {
    "layers": [
      { "kind": "dense", "units": 5, "activation": "tanh", "repeat": 2 },
      { "kind": "dense",   "units": 1 }
    ]
  },
  "training": { "optimizer": "sgd", "epochs": 3 }
}`;
const dense = (units, activation, repeat = 1) => ({ kind: "dense", units, activation, repeat });
const [TANH, RELU, LEAKY] = [{ kind: "tanh" }, { kind: "relu" }, { kind: "leaky_relu", slope: 0.2 }];
const optimizer = { kind: "sgd", learning_rate: 0.01, momentum: 0 };

/** The spec with all its fields, as the service answers it. */
function spec({ layers = [dense(5, TANH, 2), dense(1, RELU)], training = { optimizer, epochs: 3 }, ...more } = {}) {
  return { dataset: { kind: "circles", noise: 0.1 }, model: { layers }, training, seeds: [0], ...more };
}

/** @param {object} after @returns {string[]} the lines that differ. */
function changed(after) {
  const text = edited(TEXT, editsTowards(TEXT, spec(), after, VOCABULARY));
  assert.ok(JSON.parse(text));
  const before = TEXT.split("\n");
  return text
    .split("\n")
    .filter((line) => !before.includes(line))
    .map((line) => line.trim());
}

test("a spec that is the same has no edits", () => {
  assert.deepEqual(changed(spec()), []);
});

test("a field is changed where it stands, or added where it does not", () => {
  assert.deepEqual(changed(spec({ layers: [dense(5, LEAKY, 2), dense(1, RELU)] })), [
    '{ "kind": "dense", "units": 5, "activation": "leaky_relu", "repeat": 2 },',
  ]);
  assert.deepEqual(changed(spec({ layers: [dense(5, TANH, 2), dense(1, TANH)] })), [
    '{ "kind": "dense",   "units": 1, "activation": "tanh" }',
  ]);
  const faster = { ...optimizer, learning_rate: 0.1 };
  assert.deepEqual(changed(spec({ training: { optimizer: faster, epochs: 3 } })), [
    '"training": { "optimizer": { "kind": "sgd", "learning_rate": 0.1 }, "epochs": 3 }',
  ]);
  assert.deepEqual(changed(spec({ seeds: [0, 1] })), [
    '"training": { "optimizer": "sgd", "epochs": 3 },',
    '"seeds": [0, 1]',
  ]);
});

test("layers that come or go leave the others as they were written", () => {
  const flat = { kind: "flatten" };
  assert.deepEqual(changed(spec({ layers: [flat, dense(5, TANH, 2), dense(1, RELU)] })), ['{ "kind": "flatten" },']);
  assert.deepEqual(changed(spec({ layers: [dense(5, TANH, 2)] })), [
    '"layers": [{ "kind": "dense", "units": 5, "activation": "tanh", "repeat": 2 }]',
  ]);
  const apart = [dense(5, TANH), flat, dense(5, TANH), flat, dense(1, RELU)];
  const layer = '{ "kind": "dense", "units": 5, "activation": "tanh" },';
  assert.deepEqual(changed(spec({ layers: apart })), [
    layer,
    '{ "kind": "flatten" },',
    layer,
    '{ "kind": "flatten" },',
  ]);
});

test("fields are added to an empty object and removed with their commas", () => {
  const empty = parsed("{}").root;
  assert.deepEqual(JSON.parse(edited("{}", insertions("{}", empty, [["a", 1]]))), { a: 1 });
  const text = '{ "a": 1, "b": [2], "c": 3 }';
  for (const [name, rest] of [
    ["a", { b: [2], c: 3 }],
    ["b", { a: 1, c: 3 }],
    ["c", { a: 1, b: [2] }],
    ["d", JSON.parse(text)],
  ]) {
    assert.deepEqual(JSON.parse(edited(text, removal(parsed(text).root, name))), rest);
  }
});

test("seeds are five or one, wherever they stand", () => {
  for (const text of [TEXT, '{"seeds": [7], "name": "a"}', "{}"]) {
    const five = edited(text, seedEdits(text, true));
    assert.deepEqual(JSON.parse(five), { ...JSON.parse(text), seeds: [0, 1, 2, 3, 4] });
    assert.deepEqual(JSON.parse(edited(five, seedEdits(five, false))).seeds, [0]);
  }
  assert.deepEqual(seedEdits("{", true), []);
});

test("a value is shortened to what is not its default", () => {
  assert.equal(tidied(VOCABULARY, LEAKY), "leaky_relu");
  assert.deepEqual(tidied(VOCABULARY, { ...LEAKY, slope: 0.3 }), { kind: "leaky_relu", slope: 0.3 });
  assert.deepEqual(tidied(VOCABULARY, [dense(5, RELU)]), [{ kind: "dense", units: 5 }]);
  const whole = { training: { epochs: 3, metrics: null }, record: { gradients: 1 } };
  assert.deepEqual(tidied(VOCABULARY, whole), { training: { epochs: 3 }, record: "lean" });
});
