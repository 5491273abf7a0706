// The page of all studies, newest first, with the recipes that begin one.

import { readCatalogue } from "../data/catalogue.js";
import { repeat } from "../data/repeat.js";
import { get } from "../data/source.js";
import { noticeView } from "../charts/notice.js";
import { isChanged } from "../shared/changed.js";
import { fill, h } from "../shared/element.js";
import { ago } from "../shared/format.js";
import { nameOf } from "../shared/spec_words.js";
import { scrolling, table } from "../shared/table.js";
import { beginStudy } from "./begin_study.js";
import { pageButtons } from "./page_buttons.js";
import { refreshed } from "./refreshed.js";
import { cellsWords, trainingsWords } from "./study_progress.js";

const REFRESH_MILLISECONDS = 2000;
const HEADINGS = [
  { name: "study" },
  { name: "status" },
  { name: "trainings" },
  { name: "cells" },
  { name: "axes" },
  { name: "begun" },
];
const NONE = "None yet. Begin one with a recipe above, or with gradlab study.";

/** @param {PageOptions} options */
export async function studies({ page, signal, say }) {
  const body = h("tbody");
  const pages = pageButtons(turnTo, ["Newest", "Older"]);
  const notice = noticeView();
  /** @type {string | null} */
  let path = null; // of an older page; null for the newest
  const isNew = isChanged();
  const { recipes } = await readCatalogue();
  document.title = "Studies · Gradient Lab";

  /** @param {{studies: StudySummary[], next: string | null}} answer */
  function show(answer) {
    if (!isNew(answer)) return;
    const empty = h("tr", {}, h("td", { colspan: HEADINGS.length, class: "muted" }, NONE));
    fill(body, answer.studies.length ? answer.studies.map(summaryRow) : empty);
    pages.show(answer.next, path !== null);
  }

  async function read() {
    show(await get(path ?? "/studies", { signal }));
    say("live", "live");
  }
  const refresh = () => refreshed(read, { signal, say }, notice);

  /** @param {string | null} next */
  function turnTo(next) {
    path = next;
    refresh();
  }

  const rows = scrolling(table(HEADINGS, [body], { class: "trials" }));
  const list = h("section", { class: "panel", "aria-label": "Studies" }, rows, pages.element);
  fill(page, h("h1", {}, "Studies"), beginStudy(recipes, signal), notice.element, list);
  await refresh();
  repeat(refresh, REFRESH_MILLISECONDS, signal);
}

/** @param {StudySummary} summary */
function summaryRow(summary) {
  const { id, status, axes, progress, created_at: created } = summary;
  const words = trainingsWords(progress);
  const bar = h("progress", { max: progress.trainings || 1, value: progress.trainings_done, "aria-label": words });
  return h(
    "tr",
    { "data-id": id },
    h("th", { scope: "row" }, h("a", { href: `#/study/${id}` }, nameOf(summary))),
    h("td", {}, h("span", { class: "tag", "data-kind": status }, status)),
    h("td", {}, bar, h("span", { class: "muted small figures" }, words)),
    h("td", { class: "small" }, cellsWords(progress)),
    h("td", { class: "small" }, axes.join(", ")),
    h("td", { class: "muted small" }, ago(created)),
  );
}
