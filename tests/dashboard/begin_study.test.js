// The check of a study that is about to begin: the last request's answer is shown, whichever comes last.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Problem, readFrom } from "../../api/static/dashboard/data/source.js";
import { studyCheck } from "../../api/static/dashboard/pages/begin_study.js";
import { fakeDocument } from "./fake_document.js";

const VALID = { cells: 2, trainings: 4, seconds: 1, seconds_interval: [1, 2] };
/** @type {Record<string, {resolve: (answer: unknown) => void, reject: (error: Error) => void}>} by request. */
let sent = {};

beforeEach(() => {
  globalThis.document = fakeDocument();
  sent = {};
  const send = (_path, { body }) =>
    new Promise((resolve, reject) => {
      sent[JSON.parse(body)] = { resolve: (answer) => resolve({ json: async () => answer }), reject };
    });
  readFrom({ send, save: null, hasKey: () => false });
});

test("an error that comes behind a later check is not shown, nor is its answer taken away", async () => {
  const { element, check } = studyCheck(new AbortController().signal);
  const [early, late] = ["early", "late"].map((request) => check(() => request));
  sent.late.resolve(VALID);
  await late;
  sent.early.reject(new Problem(422, { detail: "no such field", errors: [] }));
  await early;
  assert.equal(element.textContent, "cells2trainings4time of one worker, about1.0 s (1.0 s to 2.0 s)");
  await check(() => {
    throw new Error("seeds: expected a whole number");
  });
  assert.equal(element.textContent, "seeds: expected a whole number");
});
