// Acting again and again.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { repeat } from "../../api/static/dashboard/data/repeat.js";

const { signal } = new AbortController();

beforeEach(() => {
  globalThis.document = { hidden: false };
});

test("what takes long is waited for, and false ends it", async () => {
  let [running, most, calls] = [0, 0, 0];
  await repeat(
    async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      calls += 1;
      return calls < 3;
    },
    1,
    signal,
  );
  assert.deepEqual([calls, most], [3, 1]);
});

test("nothing is done while the page is hidden, and no more once it is left", async () => {
  const leaving = new AbortController();
  let calls = 0;
  globalThis.document = { hidden: true };
  const repeated = repeat(async () => (calls += 1), 1, leaving.signal);
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(calls, 0);
  globalThis.document = { hidden: false };
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(calls > 0);
  leaving.abort();
  await repeated;
});
