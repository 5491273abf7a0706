// A text that is submitted again is the same experiment.

import assert from "node:assert/strict";
import { test } from "node:test";

import { idempotencyKeys } from "../../api/static/dashboard/editor/idempotency.js";

test("the same text has the same key, also behind another one", () => {
  const keyOf = idempotencyKeys();
  const first = keyOf("{}");
  assert.notEqual(keyOf("[]"), first);
  assert.equal(keyOf("{}"), first);
});

test("another page submits another experiment", () => {
  assert.notEqual(idempotencyKeys()("{}"), idempotencyKeys()("{}"));
});
