// The page of all treatments, newest first, which keeps itself up to date while one of them runs.

import { isChanged } from "../shared/changed.js";
import { fill, h } from "../shared/element.js";
import { ago } from "../shared/format.js";
import { noticeView } from "../charts/notice.js";
import { repeat } from "../data/repeat.js";
import { nameOf } from "../shared/spec_words.js";
import { scrolling, table } from "../shared/table.js";
import { get } from "../data/source.js";
import { pageButtons } from "./page_buttons.js";
import { refreshed } from "./refreshed.js";
import { conclusionOf, rateWords } from "./treatment_words.js";

const REFRESH_MILLISECONDS = 2000;
const HEADINGS = [
  { name: "experiment, and what cures it" },
  { name: "status" },
  { name: "trials" },
  { name: "ill untreated", class: "right" },
  { name: "ill treated", class: "right" },
  { name: "begun" },
];
const NONE = "None yet. An experiment that is ill can be treated from its page, or with gradlab treat.";

/** @typedef {{treatments: TreatmentSummary[], next: string | null}} SummariesPage */

/** @param {PageOptions} options */
export async function treatments({ page, signal, say }) {
  const body = h("tbody");
  const pages = pageButtons(turnTo, ["Newest", "Older"]);
  const notice = noticeView();
  /** @type {string | null} */
  let path = null; // of an older page; null for the newest
  const isNew = isChanged();
  document.title = "Treatments · Gradient Lab";

  /** @param {SummariesPage} answer */
  function show(answer) {
    if (!isNew(answer)) return;
    const empty = h("tr", {}, h("td", { colspan: HEADINGS.length, class: "muted" }, NONE));
    fill(body, answer.treatments.length ? answer.treatments.map(summaryRow) : empty);
    pages.show(answer.next, path !== null);
  }

  async function read() {
    show(await get(path ?? "/treatments", { signal }));
    say("live", "live");
  }
  const refresh = () => refreshed(read, { signal, say }, notice);

  /** @param {string | null} next */
  function turnTo(next) {
    path = next;
    refresh();
  }

  const rows = scrolling(table(HEADINGS, [body], { class: "trials" }));
  fill(
    page,
    h("h1", {}, "Treatments"),
    notice.element,
    h("section", { class: "panel", "aria-label": "Treatments" }, rows, pages.element),
  );
  await refresh();
  repeat(refresh, REFRESH_MILLISECONDS, signal);
}

/** @param {TreatmentSummary} summary */
function summaryRow(summary) {
  const { id, experiment_id: experiment, status, trials, finished_trials: finished, untreated, treated } = summary;
  const link = h("a", { href: `#/treatment/${experiment}/${id}` }, nameOf(summary));
  const bar = h("progress", { max: trials || 1, value: finished, "aria-label": `${finished} of ${trials} trials` });
  return h(
    "tr",
    { "data-id": id },
    h("th", { scope: "row" }, link, h("div", { class: "small cure" }, conclusionOf(summary))),
    h("td", {}, h("span", { class: "tag", "data-kind": status }, status)),
    h("td", {}, bar, h("span", { class: "muted small figures" }, `${finished} / ${trials}`)),
    h("td", { class: "right figures" }, untreated ? rateWords(untreated) : ""),
    h("td", { class: "right figures" }, treated ? rateWords(treated) : ""),
    h("td", { class: "muted small" }, ago(summary.created_at)),
  );
}
