// The library that draws lines is the one whose types the dashboard is checked against.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

test("uPlot is served unchanged, in the version of the lock", async () => {
  const root = new URL("../../", import.meta.url);
  const served = await readFile(new URL("gradlab/src/gradlab/report/static/uplot.js", root), "utf8");
  assert.ok(served === (await readFile(new URL("node_modules/uplot/dist/uPlot.esm.js", root), "utf8")));
});
