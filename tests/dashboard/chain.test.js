// The verdict in one line, and the chain of findings. The library's own forms are tested with the same examples.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { chainOf } from "../../gradlab/src/gradlab/report/static/parts/chain.js";
import { behindVerdict, summaryOf, verdictWords } from "../../gradlab/src/gradlab/report/static/parts/verdict.js";
import { lostReason } from "../../gradlab/src/gradlab/report/static/layers/layer_words.js";
import { nameOf } from "../../gradlab/src/gradlab/report/static/charts/trend.js";

/** @param {string} name */
const shared = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), "utf-8"));

/** @param {import("../../gradlab/src/gradlab/report/static/parts/chain.js").Link[]} links */
const flat = (links, depth = 0) =>
  links.flatMap(({ finding: { rule, output = "" }, also, effects }) => [
    [rule, depth, also, output],
    ...flat(effects, depth + 1),
  ]);

test("each finding stands below the one that it follows from", () => {
  for (const { name, root, findings, chain } of shared("chains.json")) {
    const expected = chain.map(([rule, depth, also, output = ""]) => [rule, depth, also, output]);
    assert.deepEqual(flat(chainOf(findings, root)), expected, name);
  }
});

test("a verdict has one form", () => {
  for (const { line, summary } of shared("verdicts.json")) {
    const verdict = verdictWords(summary);
    const behind = behindVerdict(summary);
    assert.equal(line.startsWith(verdict), true, line);
    assert.equal(line.slice(verdict.length).replace(/^[:;,] /, ""), behind, line);
  }
});

test("the summary of a diagnosis has the title of its root cause", () => {
  const findings = [{ rule: "a", title: "The a" }];
  const diagnosis = { verdict: "ill", root_cause: "a", confidence: "likely", findings, unjudged: [{}, {}] };
  assert.deepEqual(summaryOf(diagnosis), {
    verdict: "ill",
    root_cause: "a",
    title: "The a",
    confidence: "likely",
    unjudged: 2,
    stale: false,
  });
  assert.equal(summaryOf({ ...diagnosis, root_cause: null, unjudged: undefined }).unjudged, 0);
});

test("a number that a layer does not have is no failure", () => {
  assert.equal(lostReason({ missing: "" }), "a seed is not finite");
  assert.equal(lostReason({ missing: "with fewer than two units" }), "no number with fewer than two units");
});

test("a sparkline names its metric and its samples", () => {
  assert.deepEqual(
    ["val_loss", "accuracy"].map((name) => nameOf({ name })),
    ["validation loss", "training accuracy"],
  );
});
