// Server-sent events, however the network cuts them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { eventsOf, parseEvent } from "../../api/static/dashboard/data/event_stream.js";

const STREAM = [
  'id: 7\nevent: epochs\ndata: {"runs": []}\n\n',
  ": keep-alive\n\n",
  'id: 8\nevent: findings\ndata: {"title": "größer: 1 → 2"}\n\n',
].join("");
const EVENTS = [
  { id: "7", name: "epochs", data: { runs: [] } },
  { id: "8", name: "findings", data: { title: "größer: 1 → 2" } },
];

/** @param {Uint8Array[]} chunks */
async function received(chunks) {
  const body = new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  const events = [];
  for await (const event of eventsOf(body)) events.push(event);
  return events;
}

test("events are the same wherever the stream is cut, within a letter too", async () => {
  const bytes = new TextEncoder().encode(STREAM);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    assert.deepEqual(await received([bytes.slice(0, cut), bytes.slice(cut)]), EVENTS, `cut at ${cut}`);
  }
});

test("events are the same byte by byte", async () => {
  const bytes = new TextEncoder().encode(STREAM);
  assert.deepEqual(await received(Array.from(bytes, (byte) => Uint8Array.of(byte))), EVENTS);
});

test("an event that the stream broke off is none", async () => {
  const bytes = new TextEncoder().encode(STREAM.slice(0, -1));
  assert.deepEqual(await received([bytes]), EVENTS.slice(0, 1));
});

test("a comment is no event", () => {
  assert.equal(parseEvent(": keep-alive"), null);
});

test("a stream of which no more is taken is cancelled", async () => {
  let isCancelled = false;
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode(STREAM)),
    cancel: () => {
      isCancelled = true;
    },
  });
  const pieces = [];
  for await (const event of eventsOf(body, () => pieces.push("a piece"))) {
    assert.equal(event.id, "7");
    break;
  }
  await new Promise(setImmediate);
  assert.deepEqual([isCancelled, pieces], [true, ["a piece"]]);
});

test("a stream that fails throws its own error", async () => {
  const body = new ReadableStream({ start: (controller) => controller.error(new Error("the line is cut")) });
  await assert.rejects(eventsOf(body).next(), /the line is cut/);
});
