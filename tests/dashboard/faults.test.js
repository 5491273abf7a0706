// Marks of faults stand where the fault is, and their fixes mend it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { problemMark, syntaxMark } from "../../api/static/dashboard/editor/faults.js";
import { fixesOf } from "../../api/static/dashboard/editor/fixes.js";
import { nearest } from "../../api/static/dashboard/editor/nearest.js";
import { edited } from "./json_tools.js";
import { VOCABULARY } from "./vocabulary.js";

const TEXT = `{
  "dataset": { "kind": "circels" },
  "model": {
    "layers": [
      { "kind": "dense", "unitz": 5 },
      { "kind": "dense", "units": -1, "activation": "rel" }
    ]
  },
  "training": {
    "optimizer": { "kind": "sgd", "learning_rate": "0.1", "momentum": 2 },
    "epochs": 0.5, "metrics": ["acuracy"]
  },
  "seeds": [0]
}`;

/** @param {string} field @param {string} [received] @param {string} [expected] @returns {[string, number]} */
function marked(field, received = "nothing", expected = "a value") {
  const { from, to, line } = problemMark(TEXT, { field, expected, received });
  return [TEXT.slice(from, to), line];
}

/** @param {string} field @returns {string[]} what is new in the line of each fix. */
const fixed = (field) => fixesOf(TEXT, field, VOCABULARY).map(({ title, edits }) => `${title}: ${lines(edits)}`);

/** @param {import("../../api/static/dashboard/editor/spec_field.js").Edit[]} edits */
function lines(edits) {
  const before = TEXT.split("\n");
  return edited(TEXT, edits)
    .split("\n")
    .filter((line, i) => line !== before[i])
    .map((line) => line.trim())
    .join("");
}

test("a problem is marked at its value, its name, its kind or the object around it", () => {
  assert.deepEqual(marked("dataset", "'circels'"), ['"circels"', 2]);
  assert.deepEqual(marked("model.layers[0].unitz", "5", "no such field"), ['"unitz"', 5]);
  assert.deepEqual(marked("model.layers[0].units"), ["{", 5]);
  assert.deepEqual(marked("model.layers[1].units", "-1"), ["-1", 6]);
  assert.deepEqual(marked("model.layers", "2 items"), ['"layers"', 4]);
  assert.deepEqual(marked("training.loss"), ['"training"', 9]);
  assert.deepEqual(marked("(the whole body)"), ["{", 1]);
});

test("a problem of a field has fixes that are valid", () => {
  assert.deepEqual(fixed("dataset"), ['Use "circles": "dataset": { "kind": "circles" },']);
  assert.deepEqual(fixed("model.layers[0].unitz"), [
    'Call it units: { "kind": "dense", "units": 5 },',
    'Remove it: { "kind": "dense" },',
  ]);
  assert.deepEqual(fixed("model.layers[0].units"), ['Add units: 1: { "kind": "dense", "unitz": 5, "units": 1 },']);
  assert.match(fixed("model.layers[1].units")[0], /^Use 1: .*"units": 1,/);
  assert.match(fixed("model.layers[1].activation")[0], /"activation": "relu"/);
  assert.match(fixed("training.optimizer.learning_rate")[0], /"learning_rate": 0.1,/);
  assert.match(fixed("training.optimizer.momentum")[0], /"momentum": 0 /);
  assert.match(fixed("training.epochs")[0], /"epochs": 1,/);
  assert.match(fixed("training.metrics[0]")[0], /\["accuracy"\]/);
  assert.deepEqual(fixed("(the whole body)"), []);
  assert.deepEqual(fixesOf('{ "dataset": "spiral" }', "dataset", VOCABULARY), []); // any kind would be a guess
  assert.deepEqual(fixed("nowhere.at.all"), []);
});

test("a name that every object has is as unknown as any other", () => {
  const titles = (/** @type {string} */ text, /** @type {string} */ field) =>
    fixesOf(text, field, VOCABULARY).map(({ title }) => title);
  assert.deepEqual(titles('{ "constructor": 1 }', "constructor"), ["Remove it"]);
  assert.deepEqual(titles('{ "dataset": { "kind": "constructor" } }', "dataset"), []);
  assert.deepEqual(titles('{ "dataset": { "kind": "constructor", "noise": 1 } }', "dataset.noise"), ["Remove it"]);
});

test("a comma that is missing or too many is marked with its fix", () => {
  for (const text of ['{"a": 1\n"b": 2}', '{"a": [1, 2,]}']) {
    const { line, fixes } = syntaxMark(text);
    assert.equal(line, 1);
    assert.equal(syntaxMark(edited(text, fixes[0].edits)), null);
  }
});

test("a misspelt name has a nearest one, another name has none", () => {
  assert.equal(nearest("circels", ["moons", "circles"]), "circles");
  assert.equal(nearest("rel", ["relu", "selu"]), "relu");
  assert.equal(nearest("tahn", ["linear", "tanh"]), "tanh");
  assert.equal(nearest("conv", ["dense", "relu"]), null);
  assert.equal(nearest("x".repeat(101), ["x".repeat(101)]), null);
});
