// Requests to a service that has a key: what is sent, who is asked, and when.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { heldKey, holdKey } from "../../api/static/dashboard/data/key.js";
import {
  askForKeyBy,
  fileNameOf,
  isTaken,
  request,
  requestAhead,
  SERVICE,
} from "../../api/static/dashboard/data/service.js";

/** @type {[string, string | undefined][]} path and key of each request. */
let sent = [];
let key = "right"; // the service's
let stored = new Map();

globalThis.sessionStorage = {
  getItem: (name) => stored.get(name) ?? null,
  setItem: (name, value) => stored.set(name, value),
  removeItem: (name) => stored.delete(name),
};

globalThis.fetch = async (path, { headers }) => {
  const authorization = headers.Authorization;
  sent.push([path, authorization]);
  await new Promise(setImmediate); // others begin meanwhile
  if (path === "/proxy") return new Response("", { status: 401, headers: { "WWW-Authenticate": "Basic" } });
  if (authorization === `Bearer ${key}`) return new Response("{}");
  return new Response('{"detail": "a key"}', { status: 401, headers: { "WWW-Authenticate": "Bearer" } });
};

beforeEach(() => {
  sent = [];
  key = "right";
  stored = new Map();
  holdKey(null);
});

test("requests that are refused ask once, and are all sent again with the key", async () => {
  const asked = [];
  askForKeyBy(async (wasRefused) => {
    asked.push(wasRefused);
    await new Promise(setImmediate);
    return "right";
  });
  const answers = await Promise.all(["/a", "/b", "/c"].map((path) => request(path)));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.deepEqual(asked, [false]);
  assert.equal(heldKey(), "right");
  assert.deepEqual([...stored.values()], ["right"]);
});

test("a request waits while the reader is asked, and is sent once", async () => {
  let answer = () => {};
  askForKeyBy(() => new Promise((resolve) => (answer = resolve)));
  const first = request("/first");
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  const second = request("/second");
  await new Promise(setImmediate);
  assert.deepEqual(sent, [["/first", undefined]]);
  answer("right");
  assert.deepEqual([(await first).status, (await second).status], [200, 200]);
  assert.deepEqual(sent.slice(1).sort(), [
    ["/first", "Bearer right"],
    ["/second", "Bearer right"],
  ]);
});

test("a key that the service does not take any more is asked for again, and that is told", async () => {
  const asked = [];
  askForKeyBy(async (wasRefused) => {
    asked.push(wasRefused);
    return "other";
  });
  holdKey("right");
  assert.equal((await request("/a")).status, 200);
  key = "other";
  assert.equal((await SERVICE.send("/a")).status, 200);
  assert.deepEqual(asked, [true]);
});

test("what a proxy demands is not the service's key", async () => {
  askForKeyBy(() => assert.fail("nobody is asked"));
  assert.equal((await request("/proxy")).status, 401);
});

test("a key is tried without being held", async () => {
  assert.equal(await isTaken("wrong"), false);
  assert.equal(await isTaken("right"), true);
  assert.equal(heldKey(), null);
});

test("a key's letters are sent as the bytes of UTF-8", async () => {
  key = "schlÃ¼ssel";
  assert.equal(await isTaken("schlüssel"), true);
  assert.equal(Buffer.from(sent[0][1], "latin1").toString("utf8"), "Bearer schlüssel");
});

test("where the browser stores nothing, the key is held until the page is left", () => {
  const { sessionStorage } = globalThis;
  Object.defineProperty(globalThis, "sessionStorage", { configurable: true, get: () => assert.fail("it is blocked") });
  holdKey("right");
  assert.equal(heldKey(), "right");
  Object.defineProperty(globalThis, "sessionStorage", { configurable: true, writable: true, value: sessionStorage });
});

test("the service names its files", () => {
  assert.equal(fileNameOf('attachment; filename="1-series.npz"'), "1-series.npz");
  assert.equal(fileNameOf('inline; filename="1-history.svg"'), "1-history.svg");
  for (const other of [null, "inline", 'attachment; filename="../x"']) assert.equal(fileNameOf(other), null);
});

test("what is requested ahead answers the next reader of its path, until its page is left", async () => {
  holdKey("right");
  const page = new AbortController();
  requestAhead("/a", page.signal);
  requestAhead("/b", page.signal);
  assert.equal((await SERVICE.send("/a", { signal: page.signal })).status, 200);
  assert.equal(sent.length, 2);
  await SERVICE.send("/a", {});
  page.abort();
  await SERVICE.send("/b", {});
  assert.deepEqual(
    sent.map(([path]) => path),
    ["/a", "/b", "/a", "/b"],
  );
});
