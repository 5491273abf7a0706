// The head of an experiment's page, and the frames of its charts, while events come and the reader acts.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { headView } from "../../api/static/dashboard/pages/experiment_head.js";
import { frame } from "../../gradlab/src/gradlab/report/static/charts/frame.js";
import { Problem, readFrom } from "../../gradlab/src/gradlab/report/static/data/source.js";
import { fakeDocument } from "./fake_document.js";

const EXPERIMENT = {
  id: "e1",
  name: "watched",
  source: "service",
  status: "running",
  cancel_requested: false,
  created_at: "2026-01-01T00:00:00Z",
  progress: { epochs_done: 1, epochs_total: 9 },
  diagnosis: null,
  spec: { dataset: { kind: "moons" }, model: { layers: [] }, seeds: [0], training: { optimizer: "sgd" } },
};
const settled = () => new Promise(setImmediate);

/** @type {{path: string, resolve: (response: Response) => void, reject: (error: Error) => void}[]} */
let requests = [];
let leaving = new AbortController();
let body; // of the document

beforeEach(() => {
  requests = [];
  leaving = new AbortController();
  globalThis.document = fakeDocument();
  ({ body } = globalThis.document);
  globalThis.location = { hash: "#/experiment/e1" };
  const send = (path) => new Promise((resolve, reject) => requests.push({ path, resolve, reject }));
  readFrom({ send, save: null, hasKey: () => false });
});

const statusOf = ({ element }) => element.all(({ attributes }) => attributes.id === "status")[0].textContent;
const noticeOf = ({ element }) => element.all(({ attributes }) => attributes.class === "notice bad")[0]?.textContent;

/** Click a button of the head, and agree to the question. */
async function clickAndAgree(head, words, yes) {
  const acted = head.element.button(words).listeners.click();
  await settled();
  body.button(yes).listeners.click();
  await settled();
  return acted;
}

test("an answer that comes behind the end does not bring the experiment back", async () => {
  const head = headView(EXPERIMENT, leaving.signal);
  clickAndAgree(head, "Cancel", "Cancel it");
  await settled();
  await settled();
  head.update({ status: "cancelled", cancel_requested: true });
  requests[0].resolve(new Response(JSON.stringify({ status: "running", cancel_requested: true })));
  await settled();
  await settled();
  assert.equal(statusOf(head), "cancelled");
  assert.ok(head.element.button("Delete"));
});

test("an answer to a cancel while the experiment goes on is shown", async () => {
  const head = headView(EXPERIMENT, leaving.signal);
  const acted = clickAndAgree(head, "Cancel", "Cancel it");
  await settled();
  await settled();
  requests[0].resolve(new Response(JSON.stringify({ status: "running", cancel_requested: true })));
  await acted;
  assert.equal(statusOf(head), "stopping");
  assert.equal(head.element.button("Cancel").attributes.disabled, "");
});

test("buttons stay where they are while they show the same, and change with what they show", () => {
  const head = headView(EXPERIMENT, leaving.signal);
  const button = head.element.button("Cancel");
  const { parent } = button;
  for (const done of [2, 3]) head.update({ progress: { epochs_done: done, epochs_total: 9 } });
  assert.match(head.element.textContent, /3 \/ 9/);
  assert.equal(head.element.button("Cancel"), button);
  assert.equal(button.parent, parent);
  head.update({ status: "completed" });
  assert.ok(head.element.button("Delete"));
  assert.equal(head.element.button("Cancel"), undefined);
});

test("what a click could not do is said, until the next one", async () => {
  const head = headView({ ...EXPERIMENT, status: "completed" }, leaving.signal);
  for (const detail of ["it has ended already", "The service does not answer."]) {
    const acted = clickAndAgree(head, "Delete", "Delete it");
    await settled();
    await settled();
    assert.equal(noticeOf(head), undefined);
    requests.pop().reject(new Problem(409, { detail }));
    await acted;
    assert.equal(noticeOf(head), detail);
  }
});

test("who has left the page is not led away from another one, nor told of it", async () => {
  const head = headView({ ...EXPERIMENT, status: "completed" }, leaving.signal);
  const acted = clickAndAgree(head, "Delete", "Delete it");
  await settled();
  await settled();
  leaving.abort();
  globalThis.location.hash = "#/new";
  requests[0].resolve(new Response(null, { status: 204 }));
  await acted;
  assert.equal(globalThis.location.hash, "#/new");
  head.fail(new Error("too late"));
  assert.equal(noticeOf(head), undefined);
});

test("a question goes with its page, and nothing is done", async () => {
  const head = headView(EXPERIMENT, leaving.signal);
  const acted = head.element.button("Cancel").listeners.click();
  await settled();
  const [dialog] = body.children;
  assert.ok(dialog.isOpen);
  leaving.abort();
  await acted;
  assert.deepEqual([dialog.isOpen, body.children, requests], [false, [], []]);
});

test("an experiment that was deleted meanwhile runs no more, and has no buttons", () => {
  const head = headView(EXPERIMENT, leaving.signal);
  head.lose(new Problem(404, { detail: "no such experiment" }));
  assert.deepEqual([statusOf(head), noticeOf(head)], ["deleted", "no such experiment"]);
  assert.equal(head.element.button("Cancel") ?? head.element.button("Delete"), undefined);
});

test("a chart's links stay while its files are the same", () => {
  const file = { label: "CSV", path: "/a", accept: "text/csv", name: "a.csv" };
  const figure = frame({ title: "", about: "" });
  const [links] = figure.element.all(({ attributes }) => attributes.class === "files");
  figure.setFiles([file]);
  const [link] = links.children;
  figure.setFiles([{ ...file }]);
  assert.equal(links.children[0], link);
  assert.equal(link.parent, links);
  figure.setFiles([{ ...file, path: "/b" }]);
  assert.equal(links.children[0].attributes.href, "/b");
  figure.setFiles([]);
  assert.deepEqual(links.children, []);
});
