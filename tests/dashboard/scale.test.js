// Scales, marks and labels of axes.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  decade,
  labelledColumns,
  roundStep,
  Scale,
  ticks,
} from "../../gradlab/src/gradlab/report/static/charts/scale.js";

test("a scale spans the finite numbers of all arrays", () => {
  const scale = Scale.over("linear", [3, NaN, -2], [Infinity, 5], []);
  assert.deepEqual([scale.min, scale.max], [-2, 5]);
  assert.deepEqual([scale.place(-2), scale.place(1.5), scale.place(5)], [0, 0.5, 1]);
});

test("a logarithmic scale takes what is above 0, and twelve decades at most", () => {
  const scale = Scale.over("log", [0, -4, 1e-3, 10]);
  assert.deepEqual([scale.min, scale.max], [1e-3, 10]);
  assert.ok(Math.abs(scale.place(0.1) - 0.5) < 1e-12);
  assert.ok(Math.abs(Scale.over("log", [1e-30, 1]).min - 1e-12) < 1e-24);
});

test("a share goes from 0 to 1, whatever was measured", () => {
  const scale = Scale.over("share", [0.2, 0.3]);
  assert.deepEqual([scale.min, scale.max, scale.place(0.3)], [0, 1, 0.3]);
});

test("a scale of one number begins at it, or ends at it", () => {
  const [linear, log] = ["linear", "log"].map((kind) => Scale.over(kind, [4]));
  assert.deepEqual([linear.min, linear.max, log.min, log.max], [4, 5, 0.4, 4]);
});

test("a scale of nothing, of one number or of zeros alone has two ends", () => {
  for (const [kind, values] of [
    ["linear", []],
    ["linear", [4]],
    ["log", []],
    ["log", [0, 0]],
    ["log", [7]],
  ]) {
    const { min, max } = Scale.over(kind, values);
    assert.ok(min < max, `${kind} of ${values}: ${min} to ${max}`);
  }
});

test("marks are five on a linear scale and decades on a logarithmic one", () => {
  assert.deepEqual(new Scale("linear", 0, 8).marks, [0, 2, 4, 6, 8]);
  const decades = new Scale("log", 2e-4, 3).marks;
  assert.deepEqual(decades.map(Math.log10).map(Math.round), [-3, -2, -1, 0]);
  assert.ok(new Scale("log", 1e-11, 1).marks.length <= 6);
});

test("a logarithmic scale within a decade is marked at its ends", () => {
  assert.deepEqual(new Scale("log", 2, 5).marks, [2, 5]);
  assert.deepEqual(new Scale("log", 0.5, 3).marks, [0.5, 1, 3]);
  assert.deepEqual(new Scale("log", 0.9, 3).marks, [0.9, 3]); // 1 would stand upon 0.9
});

test("marks are named by their scale", () => {
  assert.deepEqual(new Scale("log", 1e-3, 1).names, ["10⁻³", "0.01", "0.1", "1"]);
  assert.deepEqual(new Scale("linear", 0, 1).names, ["0", "0.25", "0.5", "0.75", "1"]);
});

test("the distance of marks is the smallest round one that is not below a size", () => {
  const steps = [0.3, 0.5, 1, 1.01, 4, 6, 10, 450].map(roundStep);
  assert.deepEqual(steps, [0.5, 0.5, 1, 2, 5, 10, 10, 500]);
});

test("ticks are round, lie inside, and have no rounding errors", () => {
  assert.deepEqual(ticks(-1.1, 1.1), [-1, 0, 1]);
  assert.deepEqual(ticks(0, 0.35), [0, 0.1, 0.2, 0.3]);
});

test("an axis is labelled at its first column and where it passes a round number", () => {
  const epochs = Array.from({ length: 500 }, (_, i) => i + 1);
  assert.deepEqual(
    labelledColumns(epochs, 5).map((at) => epochs[at]),
    [1, 100, 200, 300, 400, 500],
  );
  assert.deepEqual(labelledColumns([0, 50, 103, 149, 201], 4), [0, 2, 4]);
  assert.deepEqual(labelledColumns(["0", "1", "2", "3"], 9), [0, 1, 2, 3]);
  assert.deepEqual(labelledColumns([0, 1000], 9), [0, 1]); // it passes many round numbers at once
});

test("an axis that does not rise is labelled once", () => {
  assert.deepEqual(labelledColumns([7], 5), [0]);
  assert.deepEqual(labelledColumns([], 5), [0]);
});

test("of a logarithmic axis only the decades are named", () => {
  assert.deepEqual([1e-5, 2e-5, 1000].map(decade), ["10⁻⁵", "", "1000"]);
});

test("no two marks of a scale have one name", () => {
  for (const [kind, low, high] of [
    ["linear", 0.6931, 0.6932],
    ["linear", 1000.1, 1000.2],
    ["log", 1.2e-5, 1.9e-5],
    ["log", 0.692, 0.6935],
  ]) {
    const { names } = new Scale(kind, low, high);
    assert.equal(new Set(names).size, names.length, `${kind} ${names}`);
  }
});
