// The gate that holds events while something is read.

import assert from "node:assert/strict";
import { test } from "node:test";

import { eventGate } from "../../api/static/dashboard/data/event_gate.js";

test("events are held until the gate is released, and keep their order", () => {
  const handled = [];
  const gate = eventGate((name, data) => handled.push(`${name} ${data}`));
  gate.pass("epochs", 1);
  gate.pass("epochs", 2);
  assert.deepEqual(handled, []);
  gate.release();
  gate.pass("status", 3);
  assert.deepEqual(handled, ["epochs 1", "epochs 2", "status 3"]);
});

test("events are held while something is read, also by several readers, also where reading fails", async () => {
  const handled = [];
  const gate = eventGate((name) => handled.push(name));
  gate.release();
  const ends = [];
  const reads = [0, 1].map((i) => gate.hold(() => new Promise((resolve, reject) => ends.push(i ? reject : resolve))));
  gate.pass("epochs", {});
  ends[0]();
  await reads[0];
  assert.deepEqual(handled, []);
  ends[1](new Error("the service is away"));
  await assert.rejects(reads[1], /away/);
  assert.deepEqual(handled, ["epochs"]);
});

test("the first event is waited for", async () => {
  const gate = eventGate(() => {});
  gate.pass("status", {});
  assert.equal(await gate.joined, true);
});

test("an error of the handler is reported, and the events behind it come", () => {
  const [handled, reported] = [[], []];
  globalThis.reportError = (error) => reported.push(error.message);
  const gate = eventGate((name) => {
    if (name === "epochs") throw new Error("a bad number");
    handled.push(name);
  });
  for (const name of ["epochs", "status", "done"]) gate.pass(name, {});
  gate.release();
  for (const name of ["epochs", "findings"]) gate.pass(name, {});
  assert.deepEqual(handled, ["status", "done", "findings"]);
  assert.deepEqual(reported, ["a bad number", "a bad number"]);
});
