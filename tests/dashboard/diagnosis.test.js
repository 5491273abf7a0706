// The panel of a diagnosis while findings come again.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readFrom } from "../../gradlab/src/gradlab/report/static/data/source.js";
import { diagnosisView } from "../../gradlab/src/gradlab/report/static/parts/diagnosis.js";
import { fakeDocument } from "./fake_document.js";

test("the link to a diagnosis and what is not judged stay while they show the same", () => {
  globalThis.document = fakeDocument();
  readFrom({ send: () => Promise.reject(new Error("away")), save: async () => {}, hasKey: () => false });
  const view = diagnosisView({ id: "e1", signal: new AbortController().signal });
  const unjudged = [{ rule: "no_facts", why: "the data are not known", advice: null }];
  const diagnosis = { verdict: "healthy", root_cause: null, findings: [], confidence: "likely", unjudged };
  const parts = () =>
    view.element.all(({ tag, attributes }) => tag === "a" || attributes.class === "remedies unjudged");
  view.show(diagnosis);
  const [link, list] = parts();
  view.show({ ...diagnosis, unjudged: [...unjudged] });
  assert.deepEqual([parts().length, parts()[0] === link, parts()[1] === list], [2, true, true]);
  view.show({ ...diagnosis, verdict: "ill" });
  assert.deepEqual([parts()[0] === link, parts()[1] === list], [false, true]);
});
