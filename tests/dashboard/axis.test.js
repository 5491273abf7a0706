// Records are named by what they count.

import assert from "node:assert/strict";
import { test } from "node:test";

import { axisName, countAs, placeOf, recordWords } from "../../gradlab/src/gradlab/report/static/shared/axis.js";
import { readoutOf } from "../../gradlab/src/gradlab/report/static/charts/lines.js";
import { extentOf } from "../../gradlab/src/gradlab/report/static/parts/findings.js";

test("records of steps are named by their last step, others by their epoch", () => {
  const words = () => [axisName(), placeOf(3), recordWords(3)];
  assert.deepEqual(words(), ["epoch", 3, "epoch 3"]);
  countAs({ axis: "step", every_steps: 100 });
  assert.deepEqual(words(), ["step", 300, "step 300"]);
  assert.match(readoutOf([1, 2], [{ name: "loss", colour: "#000000", values: [1, 2] }], 1, 1), /^step 200 · loss 2/);
  assert.match(extentOf({ layers: ["a"], since_epoch: 2, seeds: [0], of_seeds: 1 }), /since step 200/);
  countAs({ axis: "epoch", every_steps: null });
  assert.equal(recordWords(3), "epoch 3");
  countAs(null);
  assert.deepEqual(words(), ["epoch", 3, "epoch 3"]);
});
