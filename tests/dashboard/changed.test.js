// Views are replaced only where something is new.

import assert from "node:assert/strict";
import { test } from "node:test";

import { isChanged } from "../../gradlab/src/gradlab/report/static/shared/changed.js";

test("the first value is new, and one that differs from the one before", () => {
  const isNew = isChanged();
  const answers = [null, null, [], [], ["a"], ["a"], [], null].map(isNew);
  assert.deepEqual(answers, [true, false, true, false, true, false, true, true]);
});
