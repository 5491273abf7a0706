// Following a stream through lost connections, silence and refusals.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { follow } from "../../api/static/dashboard/data/stream.js";

const PATIENCE = 10_000; // milliseconds of silence that no test reaches

/** @type {((signal: AbortSignal) => Response)[]} an answer for each request. */
let answers = [];
/** @type {(string | undefined)[]} of each request. */
let positions = [];

globalThis.sessionStorage = { getItem: () => null };
globalThis.fetch = async (_, { headers, signal }) => {
  positions.push(headers["Last-Event-ID"]);
  const answer = answers.shift() ?? (() => new Response(null, { status: 204 })); // nothing is asked for ever
  return answer(signal);
};

beforeEach(() => {
  [answers, positions] = [[], []];
});

/** @param {string} name @param {string} id @param {object} data */
const text = (name, id, data) => `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

/** A stream that breaks off when its signal is aborted; each text comes behind a pause. */
const streaming =
  (texts, { pause = 0, stays = false } = {}) =>
  (signal) =>
    new Response(
      new ReadableStream({
        async start(controller) {
          signal.addEventListener("abort", () => controller.error(new DOMException("aborted", "AbortError")));
          for (const each of texts) {
            await new Promise((resolve) => setTimeout(resolve, pause));
            if (signal.aborted) return;
            controller.enqueue(new TextEncoder().encode(each));
          }
          if (!stays) controller.close();
        },
      }),
    );

/** Follow until it is over: the states, with the words of a problem, and the events. */
async function followed(silence = PATIENCE, signal = new AbortController().signal) {
  const [states, events] = [[], []];
  const state = (name, problem) => states.push(problem ? [name, problem.status, problem.message] : name);
  await follow("/experiments/e1/events", { event: (name) => events.push(name), state }, signal, silence);
  return { states, events };
}

test("an experiment is followed to its end, behind the last event that came", async () => {
  answers = [streaming([text("status", "1", {})]), streaming([text("done", "2", { status: "completed" })])];
  const { states, events } = await followed();
  assert.deepEqual(states, ["live", "lost", "live", "over"]);
  assert.deepEqual(events, ["status", "done"]);
  assert.deepEqual(positions, [undefined, "1"]);
});

test("that an experiment was deleted is told by the last state", async () => {
  answers = [streaming([text("done", "1", { status: "deleted" })])];
  assert.deepEqual((await followed()).states, ["live", ["over", 404, "It was deleted."]]);
});

test("why a connection is refused is told, also where the answer is no JSON", async () => {
  answers = [
    streaming([text("status", "1", {})]),
    () => new Response('{"detail": "There is no such experiment."}', { status: 404 }),
  ];
  assert.deepEqual((await followed()).states, ["live", "lost", ["over", 404, "There is no such experiment."]]);
  answers = [() => new Response("<h1>Forbidden</h1>", { status: 403 })];
  assert.deepEqual((await followed()).states, [["over", 403, "the service answered 403"]]);
});

test("a service that cannot answer now is asked again", async () => {
  answers = [() => new Response("", { status: 503 }), () => new Response(null, { status: 204 })];
  assert.deepEqual((await followed()).states, ["lost", "over"]);
});

test("a connection that falls silent is given up, and another one is opened", async () => {
  answers = [
    streaming([text("status", "1", {})], { stays: true }),
    streaming([text("done", "2", { status: "failed" })]),
  ];
  const { states, events } = await followed(50);
  assert.deepEqual(states, ["live", "lost", "live", "over"]);
  assert.deepEqual(events, ["status", "done"]);
});

test("a request that is not answered is given up, too", async () => {
  const hanging = (signal) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(new DOMException("", "AbortError"))));
  answers = [hanging, streaming([text("done", "1", { status: "completed" })])];
  assert.deepEqual((await followed(50)).states, ["lost", "live", "over"]);
});

test("comments keep a connection", async () => {
  const alive = Array(6).fill(": alive\n\n");
  answers = [streaming([...alive, text("done", "1", { status: "completed" })], { pause: 40 })];
  assert.deepEqual((await followed(200)).states, ["live", "over"]); // 280 ms, never silent for 200
});

test("nothing is told once the page is left", async () => {
  const leaving = new AbortController();
  answers = [streaming([text("status", "1", {})], { stays: true })];
  setTimeout(() => leaving.abort(), 20);
  assert.deepEqual((await followed(PATIENCE, leaving.signal)).states, ["live"]);
});
