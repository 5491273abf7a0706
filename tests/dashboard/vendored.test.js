// The libraries that are served are those whose types the dashboard is checked against.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { bundled } from "../../scripts/editor/build.js";

const ROOT = new URL("../../", import.meta.url);

test("uPlot is served unchanged, in the version of the lock", async () => {
  const served = await readFile(new URL("gradlab/src/gradlab/report/static/uplot.js", ROOT), "utf8");
  assert.ok(served === (await readFile(new URL("node_modules/uplot/dist/uPlot.esm.js", ROOT), "utf8")));
});

test("the editor is what `make vendor-editor` makes of the packages of the lock, with their licences", async () => {
  const { code, licenses } = await bundled();
  assert.ok(code === (await readFile(new URL("api/static/codemirror.js", ROOT), "utf8")));
  assert.ok(licenses === (await readFile(new URL("api/static/LICENSE.codemirror", ROOT), "utf8")));
});
