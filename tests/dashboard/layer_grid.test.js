// The numbers of the views of layers keep the name of their quantity until another one's are there.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readFrom } from "../../gradlab/src/gradlab/report/static/data/source.js";
import { layerGrid } from "../../gradlab/src/gradlab/report/static/layers/layer_grid.js";

const quantity = (name) => ({
  kind: { name, record: name, path: `${name}/statistics` },
  statistic: { name: "l2", scale: "log" },
});

test("a quantity that could not be read leaves the one before, with its name", async () => {
  const [weights, signals, activations] = ["weights", "signals", "activations"].map(quantity);
  const choice = { ...weights, seed: null };
  const { signal } = new AbortController();
  const draws = [];
  const options = { id: "e1", recorded: { activations: 1 }, signal, hold: (read) => read(), onGrid: () => {} };
  const numbers = layerGrid(options, choice, () => draws.push(numbers.shown().kind.name));
  readFrom({ send: () => Promise.reject(new Error("away")), save: null, hasKey: () => false });
  await numbers.read(); // not recorded: no request
  Object.assign(choice, activations);
  await assert.rejects(numbers.read(), /away/);
  assert.deepEqual(numbers.shown(), weights);
  Object.assign(choice, signals);
  await numbers.read();
  assert.deepEqual([numbers.shown(), draws], [signals, ["weights", "signals"]]);
});
