// JSON is printed as a person writes it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { printed } from "../../api/static/dashboard/editor/print.js";

test("what is short stands on one line, what is long on several", () => {
  const layer = { kind: "dense", units: 5, activation: "relu" };
  assert.equal(printed(layer), '{ "kind": "dense", "units": 5, "activation": "relu" }');
  assert.equal(printed([-1, 1, null, []]), "[-1, 1, null, []]");
  const line = '  { "kind": "dense", "units": 5, "activation": "relu" }';
  assert.equal(printed([layer, layer]), `[\n${line},\n${line}\n]`);
});

test("lines have at most 86 columns where their values are short, and the value is the same", () => {
  const spec = {
    name: "a",
    model: { layers: Array(12).fill({ kind: "dense", units: 5 }) },
    seeds: [...Array(40).keys()],
  };
  const text = printed(spec);
  assert.ok(text.split("\n").every((line) => line.length <= 87)); // with the comma
  assert.deepEqual(JSON.parse(text), spec);
});

test("inside of another text lines are indented as that is", () => {
  const value = { a: "x".repeat(40), b: "y".repeat(40) };
  assert.ok(printed(value, "    ").endsWith("\n    }"));
});
