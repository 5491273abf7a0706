// The answers that a report holds.

import assert from "node:assert/strict";
import { test } from "node:test";

import { sourceOf } from "../../gradlab/src/gradlab/report/static/data/held.js";

const SOURCE = sourceOf([
  { path: "/experiments/1", query: {}, type: "application/json", body: { name: "held" } },
  {
    path: "/experiments/1/histograms",
    query: { of: "weights", layer: "a/b c&d+e é" },
    type: "application/x-npz",
    body: btoa("\x00\xffPK"),
  },
]);

test("a request is answered with what is held, whatever the order of its query", async () => {
  assert.deepEqual(await (await SOURCE.send("/experiments/1", {})).json(), { name: "held" });
  for (const query of [
    { of: "weights", layer: "a/b c&d+e é" },
    { layer: "a/b c&d+e é", of: "weights" },
  ]) {
    const response = await SOURCE.send(`/experiments/1/histograms?${new URLSearchParams(query)}`, {});
    assert.deepEqual([...new Uint8Array(await response.arrayBuffer())], [0, 255, 80, 75]);
  }
});

test("what is not held is refused as the service refuses what is not recorded", async () => {
  await assert.rejects(SOURCE.send("/experiments/1/weights?statistic=rms", {}), { status: 404 });
  assert.equal(SOURCE.save, null);
});
