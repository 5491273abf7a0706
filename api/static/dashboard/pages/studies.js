// The page of all studies, newest first, with the recipes that begin one.

import { readCatalogue } from "../data/catalogue.js";
import { h } from "../shared/element.js";
import { ago } from "../shared/format.js";
import { nameOf } from "../shared/spec_words.js";
import { beginStudy } from "./begin_study.js";
import { listPage } from "./list_page.js";
import { cellsWords, trainingsWords } from "./study_progress.js";

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
export async function studies(options) {
  const { recipes } = await readCatalogue();
  const above = beginStudy(recipes, options.signal);
  await listPage(options, {
    title: "Studies",
    path: "/studies",
    headings: HEADINGS,
    none: NONE,
    rowOf: summaryRow,
    above,
  });
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
    h("td", { class: "small states" }, cellsWords(progress)),
    h("td", { class: "small" }, axes.join(", ")),
    h("td", { class: "muted small" }, ago(created)),
  );
}
