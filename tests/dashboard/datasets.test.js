// The computations of the pages of datasets.

import assert from "node:assert/strict";
import { test } from "node:test";

import { classesOf } from "../../gradlab/src/gradlab/report/static/charts/scatter.js";
import { heights, namesOf, spanPlane } from "../../api/static/dashboard/pages/profile_parts.js";
import { mediaTypeOf } from "../../api/static/dashboard/shared/files.js";

test("a single value is seen beside thousands", () => {
  assert.deepEqual(heights([0, 1, 10_000]), [0, 0.01, 1]);
  assert.deepEqual(heights([0, 0]), [0, 0]);
});

test("long lists of names are cut", () => {
  assert.equal(namesOf(["a", "b"]), "a, b");
  assert.equal(namesOf([..."abcdefghij"]), "a, b, c, d, e, f, g, h, …");
});

test("a file's type is the end of its name", () => {
  assert.equal(mediaTypeOf("two.dots.CSV"), "text/csv");
  assert.throws(() => mediaTypeOf("model.pkl"), /\.csv, \.parquet, \.npz, received model\.pkl/);
  assert.throws(() => mediaTypeOf("x.constructor"), /received/);
});

test("few whole answers are classes, others are numbers", () => {
  /** @param {(number | null)[] | null} answers @param {string[] | null} categories */
  const classes = (answers, categories = null) =>
    classesOf({ features: ["a", "b"], points: [], target: "y", answers, categories });
  assert.deepEqual(classes([1, 0, null, 1]), [0, 1]);
  assert.deepEqual(classes([2, 0], ["a", "b", "c"]), [0, 2]);
  assert.equal(classes([0.5, 1]), null);
  assert.equal(classes(Array.from({ length: 20 }, (_, i) => i)), null);
  assert.equal(classes(null), null);
});

test("two numbers span a plane, and nothing else does", () => {
  /** @param {[string, string, number[]][]} columns name, type and shape. @param {string[]} features */
  const spans = (columns, features) =>
    spanPlane(
      /** @type {any} */ ({
        columns: columns.map(([name, type, shape]) => ({ name, type, shape })),
        proposal: { features },
      }),
    );
  assert.ok(spans([["a", "number", []], ["b", "integer", []], ["c", "number", []]], ["a", "b"])); // prettier-ignore
  assert.ok(spans([["x", "array", [2]]], ["x"]));
  assert.ok(!spans([["a", "number", []], ["b", "category", []]], ["a", "b"])); // prettier-ignore
  assert.ok(!spans([["x", "array", [28, 28]]], ["x"]));
  assert.ok(!spans([["x", "array", [2]], ["z", "array", [2]]], ["x", "z"])); // prettier-ignore
});
