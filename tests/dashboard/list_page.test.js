// A page of rows: the answer to the page that is shown counts, whichever comes last.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readFrom } from "../../api/static/dashboard/data/source.js";
import { listPage } from "../../api/static/dashboard/pages/list_page.js";
import { element, fakeDocument } from "./fake_document.js";

const turn = () => new Promise((resolve) => setTimeout(resolve));

test("a late answer to the page before is not shown in place of the one that was turned to", async () => {
  globalThis.document = fakeDocument();
  globalThis.HTMLTableSectionElement = element("tbody").constructor;
  /** @type {[string, (answer: unknown) => void][]} */
  const sent = [];
  const send = (path) => new Promise((resolve) => sent.push([path, (answer) => resolve({ json: async () => answer })]));
  readFrom({ send, save: null, hasKey: () => false });
  const page = element("main");
  const leave = new AbortController();
  const row = (name) => {
    const made = element("tr");
    made.append(name);
    return made;
  };
  const list = { title: "Studies", path: "/studies", headings: [{ name: "name" }], none: "none", rowOf: row };
  const shown = listPage({ page, signal: leave.signal, say: () => {} }, list);
  sent[0][1]({ studies: ["new"], next: "/studies?before=7" });
  await shown;
  page.button("Older").listeners.click();
  page.button("Newest").listeners.click();
  assert.deepEqual(
    sent.slice(1).map(([path]) => path),
    ["/studies?before=7", "/studies"],
  );
  sent[2][1]({ studies: ["newest"], next: "/studies?before=8" });
  await turn();
  sent[1][1]({ studies: ["old"], next: null });
  await turn();
  leave.abort();
  const rows = page.all(({ tag }) => tag === "tbody")[0];
  assert.equal(rows.textContent, "newest");
});
