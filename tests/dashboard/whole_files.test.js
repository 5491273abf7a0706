// The files of a whole experiment.

import assert from "node:assert/strict";
import { test } from "node:test";

import { networkFiles } from "../../api/static/dashboard/pages/whole_files.js";

const runs = [0, 7].map((seed) => ({ seed, epochs_done: 5 }));

test("networks are offered once the experiment has ended, of runs that were trained", () => {
  const ended = { status: "completed", source: "service", runs: [...runs, { seed: 9, epochs_done: 0 }] };
  assert.deepEqual(networkFiles(ended), [
    { label: "seed 0", name: "runs/0/model.keras" },
    { label: "seed 7", name: "runs/7/model.keras" },
  ]);
  assert.deepEqual(networkFiles({ ...ended, status: "running" }), []);
  assert.deepEqual(networkFiles({ ...ended, source: "external" }), []);
});

test("of many networks the first are offered", () => {
  const many = Array.from({ length: 256 }, (_, seed) => ({ seed, epochs_done: 1 }));
  assert.equal(networkFiles({ status: "completed", source: "service", runs: many }).length, 8);
});
