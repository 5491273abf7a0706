// What is submitted again is the same experiment.

import assert from "node:assert/strict";
import { test } from "node:test";

import { idempotencyKeys } from "../../api/static/dashboard/editor/idempotency.js";

test("the same spec has the same key, however it is indented, also behind another one", () => {
  const keyOf = idempotencyKeys();
  const first = keyOf(JSON.parse('{"epochs": 1}'));
  assert.notEqual(keyOf({ epochs: 2 }), first);
  assert.equal(keyOf(JSON.parse('{\n  "epochs": 1\n}\n')), first);
});

test("another page submits another experiment", () => {
  assert.notEqual(idempotencyKeys()({}), idempotencyKeys()({}));
});
