// The doctor's next step, and its outcome.

import assert from "node:assert/strict";
import test from "node:test";
import { isIll, outcomeWords } from "../../api/static/dashboard/pages/examining.js";

/** @param {string} verdict @param {...string} outcomes @returns {Diagnosis} */
const diagnosis = (verdict, ...outcomes) => ({
  verdict,
  root_cause: null,
  confidence: "likely",
  findings: [],
  suggestions: [],
  outcomes: outcomes.map((outcome, seed) => ({ seed, outcome })),
});

test("a training is treated where it is ill, or one of its seeds does not learn", () => {
  assert.equal(isIll(diagnosis("ill", "learns")), true);
  assert.equal(isIll(diagnosis("at risk", "learns", "diverged")), true);
  assert.equal(isIll(diagnosis("at risk", "learns", "learns")), false);
  assert.equal(isIll(diagnosis("healthy")), false);
});

test("the outcome is said in a sentence of its own", () => {
  const experiment = /** @type {Experiment} */ ({ status: "completed" });
  const base = { seconds: {}, running: null, experiment };
  const treated = (/** @type {number | null} */ recommended) => /** @type {Treatment} */ ({ recommended });
  const words = [
    outcomeWords({ ...base, diagnosis: diagnosis("ill"), treatment: treated(2) }),
    outcomeWords({ ...base, diagnosis: diagnosis("ill"), treatment: treated(null) }),
    outcomeWords({ ...base, diagnosis: diagnosis("healthy") }),
    outcomeWords({ ...base, diagnosis: diagnosis("at risk") }),
    outcomeWords({ ...base, diagnosis: diagnosis("undecided") }),
    outcomeWords({ ...base, experiment: { ...experiment, status: "failed" }, diagnosis: diagnosis("ill") }),
  ];
  assert.equal(new Set(words).size, 6);
  assert.match(words[0], /proved to cure/);
  assert.match(words[5], /did not end/);
});
