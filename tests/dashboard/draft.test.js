// Drafts are kept apart, and a storage that keeps nothing breaks nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { draftOf } from "../../api/static/dashboard/editor/draft.js";

function memory() {
  const items = new Map();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, text) => items.set(key, text),
    removeItem: (key) => items.delete(key),
  };
}

test("a draft is read back until it is forgotten, each beginning has its own", () => {
  const storage = memory();
  const draft = draftOf("from/7", () => storage);
  assert.equal(draft.read(), null);
  assert.ok(draft.keep("{"));
  assert.equal(draftOf("from/7", () => storage).read(), "{");
  assert.equal(draftOf("from/8", () => storage).read(), null);
  assert.ok(draft.keep(null));
  assert.equal(draft.read(), null);
});

test("a storage that is full or forbidden says that nothing was kept", () => {
  const full = () => {
    throw new Error("QuotaExceededError");
  };
  const draft = draftOf("", () => ({ getItem: full, setItem: full, removeItem: full }));
  assert.equal(draft.read(), null);
  assert.equal(draft.keep("{"), false);
});

test("where the browser blocks the storage itself, a draft is not kept", () => {
  const blocked = () => {
    throw new Error("SecurityError");
  };
  Object.defineProperty(globalThis, "sessionStorage", { configurable: true, get: blocked });
  const draft = draftOf("");
  assert.equal(draft.read(), null);
  assert.equal(draft.keep("{"), false);
  delete globalThis.sessionStorage;
});
