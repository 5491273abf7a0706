// The facts of an experiment's data in words.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  extentWords,
  featureWords,
  figure,
  targetWords,
} from "../../gradlab/src/gradlab/report/static/parts/data_panel.js";

test("a number that is unknown, undefined or infinite is called so", () => {
  assert.deepEqual([null, undefined, "NaN", "Infinity", 0.5].map(figure), [
    "not known",
    "not known",
    "undefined",
    "∞",
    "0.5",
  ]);
});

test("features of one sort are named, by number where they have no names, and the rest is counted", () => {
  assert.equal(featureWords({ count: 0, numbers: [] }, "with one value only"), null);
  assert.equal(
    featureWords({ count: 1, numbers: [3], names: ["age"] }, "with one value only"),
    "1 feature with one value only: age",
  );
  assert.equal(
    featureWords({ count: 5, numbers: [0, 2], names: [] }, "with NaN or infinite values"),
    "5 features with NaN or infinite values: number 0, number 2, 3 more",
  );
});

test("a target is counted, at each of its steps", () => {
  assert.equal(targetWords(null), "not known");
  assert.equal(targetWords({ kind: "classes", count: 10 }), "10 classes");
  assert.equal(targetWords({ kind: "values", count: 1, steps: [7] }), "1 value at each of 7 steps");
});

test("several numbers are told from the smallest to the largest, without those that are not finite", () => {
  assert.equal(extentWords([3, "NaN", -1]), "−1 to 3");
  assert.equal(extentWords([2, 2]), "2");
  assert.equal(extentWords(["NaN"]), "undefined");
});
