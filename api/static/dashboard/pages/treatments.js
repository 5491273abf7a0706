// The page of all treatments, newest first, which keeps itself up to date while one of them runs.

import { h } from "../shared/element.js";
import { ago } from "../shared/format.js";
import { nameOf } from "../shared/spec_words.js";
import { listPage } from "./list_page.js";
import { conclusionOf, rateWords } from "./treatment_words.js";

const HEADINGS = [
  { name: "experiment, and what cures it" },
  { name: "status" },
  { name: "trials" },
  { name: "ill untreated", class: "right" },
  { name: "ill treated", class: "right" },
  { name: "begun" },
];
const NONE = "None yet. An experiment that is ill can be treated from its page, or with gradlab treat.";

/** @param {PageOptions} options */
export const treatments = (options) =>
  listPage(options, { title: "Treatments", path: "/treatments", headings: HEADINGS, none: NONE, rowOf: summaryRow });

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
