// Numbers, times and sizes in words.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  ago,
  bytes,
  number,
  power,
  raised,
  seconds,
  seedsOf,
  share,
  titled,
  markNames,
  metricWords,
} from "../../gradlab/src/gradlab/report/static/shared/format.js";

test("a number has three digits, whatever its size", () => {
  const cases = [
    [0, "0"],
    [4.5612, "4.56"],
    [0.012345, "0.0123"],
    [-0.012345, "−0.0123"],
    [1234.5, "1230"],
    [99999, "100000"],
    [0.001, "0.001"],
    [0.00099, "9.9·10⁻⁴"],
    [1.234e-7, "1.2·10⁻⁷"],
    [-3.21e12, "−3.2·10¹²"],
  ];
  for (const [value, words] of cases) assert.equal(number(value), words);
});

test("what is no number has a sign of its own", () => {
  assert.deepEqual([null, undefined, NaN, Infinity, -Infinity].map(number), ["–", "–", "NaN", "∞", "−∞"]);
});

test("an axis names powers of ten, the usual ones in full", () => {
  assert.deepEqual([0.01, 0.1, 1, 1000, 10000, 1e-12].map(power), ["0.01", "0.1", "1", "1000", "10⁴", "10⁻¹²"]);
  assert.equal(raised(-120), "⁻¹²⁰");
});

test("a share has three decimals, and is a dash where it is missing", () => {
  assert.deepEqual([0.12345, 1, null, undefined, NaN].map(share), ["0.123", "1.000", "–", "–", "–"]);
});

test("a time that has passed is given in its largest unit", () => {
  const now = Date.parse("2026-01-10T12:00:00Z");
  const cases = [
    ["2026-01-10T12:00:30Z", "just now"], // a clock that is ahead
    ["2026-01-10T11:59:01Z", "just now"],
    ["2026-01-10T11:59:00Z", "1 minute ago"],
    ["2026-01-10T10:00:00Z", "2 hours ago"],
    ["2026-01-09T11:00:00Z", "1 day ago"],
    ["2025-12-31T12:00:00Z", "10 days ago"],
  ];
  for (const [time, words] of cases) assert.equal(ago(time, now), words);
});

test("durations and sizes have a unit that fits them", () => {
  assert.deepEqual([0.0123, 1.25, 119, 600].map(seconds), ["12 ms", "1.3 s", "119.0 s", "10 min"]);
  assert.deepEqual([500, 123456, 2.5e6].map(bytes), ["0.5 kB", "123.5 kB", "2.5 MB"]);
});

test("a few seeds are named, many are counted", () => {
  assert.equal(seedsOf([3]), "seed 3");
  assert.equal(seedsOf([0, 1, 2, 7]), "seeds 0, 1, 2, 7");
  assert.equal(seedsOf([0, 1, 2, 3, 4]), "5 seeds");
});

test("a metric's name is a title", () => {
  assert.equal(titled("mean_absolute_error"), "Mean absolute error");
});

test("numbers on an axis have as many digits as tell them apart", () => {
  assert.deepEqual(markNames([0.69311, 0.69312, 0.69313]), ["0.69311", "0.69312", "0.69313"]);
  assert.deepEqual(markNames([0.2, 0.4]), ["0.2", "0.4"]);
  assert.deepEqual(markNames([1.21e-7, 1.22e-7]), ["1.21·10⁻⁷", "1.22·10⁻⁷"]);
  assert.deepEqual(markNames([100010, 100020]), ["1.0001·10⁵", "1.0002·10⁵"]);
});

test("a metric that is not measured, not finite, or not there yet is told apart", () => {
  const words = (metrics) => metricWords(metrics, "loss");
  assert.deepEqual([null, {}, { loss: null }, { loss: 0 }].map(words), ["–", "not measured", "not finite", "0"]);
});
