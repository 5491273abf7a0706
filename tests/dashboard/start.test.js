// The offers of a dashboard without experiments.

import assert from "node:assert/strict";
import { test } from "node:test";

import { NETWORKS } from "../../api/static/dashboard/pages/tutorial.js";
import { FRAMEWORKS, watchLines } from "../../api/static/dashboard/pages/watch_lines.js";

const [keras, torch] = FRAMEWORKS;

test("two lines watch a training of Keras, and two one of PyTorch", () => {
  assert.equal(
    watchLines(keras, "http://lab:8000", false),
    'from gradlab.keras import Watch\nwatch = Watch(data=(x, y), to="http://lab:8000")',
  );
  assert.equal(
    watchLines(torch, "http://lab:8000", false),
    "from gradlab.torch import Watch\n" +
      'watch = Watch(model, loss=loss_function, optimizer=optimizer, data=(x, y), to="http://lab:8000")',
  );
});

test("a key is taken from the script's environment, and stands in no line", () => {
  const lines = watchLines(keras, "http://lab:8000", true).split("\n");
  assert.equal(lines[0], "import os");
  assert.match(lines[2], /to="http:\/\/lab:8000", api_key=os\.environ\["GRADLAB_API_KEY"\]\)$/);
});

test("the tutorial's three networks are offered, in its order", () => {
  assert.deepEqual(
    NETWORKS.map(({ key }) => key),
    ["tutorial-1-one-tanh", "tutorial-2-deep-tanh", "tutorial-3-deep-relu"],
  );
});
