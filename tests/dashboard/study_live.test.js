// A study that is followed: what the page hears where its table cannot be read.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readFrom } from "../../api/static/dashboard/data/source.js";
import { liveStudy } from "../../api/static/dashboard/pages/study_live.js";

test("events come also where the table cannot be read", async () => {
  globalThis.sessionStorage = { getItem: () => null };
  const refusal = JSON.stringify({ detail: "There is no such study." });
  globalThis.fetch = async () => new Response(refusal, { status: 404 });
  const send = async () => {
    throw new Error("the service is away");
  };
  readFrom({ send, save: null, hasKey: () => false });
  const first = { id: "s1", status: "completed", progress: { cells_by_status: {} } };
  const page = { signal: new AbortController().signal, say: () => {} };
  const failed = new Promise((fail) => {
    const live = liveStudy(first, { show: () => {}, fail }, page);
    assert.rejects(live.follow(), /the service is away/);
  });
  assert.equal((await failed).message, "There is no such study.");
});
