// The table of a treatment's trials: what each is worth, with its evidence folded under its name.

import { h } from "../shared/element.js";
import { replaceRows, scrolling, table } from "../shared/table.js";
import { changesView } from "./spec_changes.js";
import { trialWords, WORTH_TAGS } from "./treatment_words.js";

const HEADINGS = [
  { name: "Recommended", isUnseen: true },
  { name: "change" },
  { name: "worth" },
  { name: "ill", class: "right" },
  { name: "95 %", class: "right" },
  { name: "p", class: "right" },
  { name: "effect", class: "right" },
  { name: "signal" },
  { name: "cost", class: "right" },
];

/** The table; rows that have not changed stay as they are, opened or focused. */
export function trialTable() {
  const body = h("tbody");
  /** @type {{key: string, element: HTMLElement, details: HTMLDetailsElement | null}[]} */
  let rows = [];
  return {
    element: scrolling(table(HEADINGS, [body], { class: "trials" })),
    /** @param {Treatment} treatment */
    show(treatment) {
      rows = treatment.trials.map((trial, i) => {
        const isBest = i === treatment.recommended;
        const key = JSON.stringify([trial, isBest, treatment.untreated, treatment.control]);
        return rows[i]?.key === key ? rows[i] : newRow(key, trial, treatment, isBest, Boolean(rows[i]?.details?.open));
      });
      replaceRows(
        body,
        rows.map(({ element }) => element),
      );
    },
  };
}

/**
 * @param {string} key what the row shows.
 * @param {Trial} trial
 * @param {Treatment} treatment
 * @param {boolean} isBest true for the recommended trial.
 * @param {boolean} open true if its evidence is unfolded.
 */
function newRow(key, trial, treatment, isBest, open) {
  const words = trialWords(trial, treatment);
  const id = trial.experiment_id;
  const name = id ? h("a", { class: "name", href: `#/experiment/${id}` }, words.name) : words.name;
  const details = detailsOf(trial, words.name, open);
  const kind = trial.judgement ? WORTH_TAGS[trial.judgement.worth] : trial.stage === "broken" ? "failed" : trial.stage;
  const mark = isBest ? ["▸", h("span", { class: "unseen" }, "recommended")] : null;
  const element = h(
    "tr",
    { class: isBest ? "best" : null, "data-trial": words.name },
    h("td", { class: "pointer" }, mark),
    h("th", { scope: "row" }, name, details),
    h("td", {}, words.state && h("span", { class: "tag", "data-kind": kind }, words.state)),
    [words.ill, words.interval, words.p, words.effect].map((each) => h("td", { class: "right figures" }, each)),
    h("td", { class: "small" }, words.signal),
    h("td", { class: "right figures" }, words.cost),
  );
  return { key, element, details };
}

/** @param {Trial} trial @param {string} name @param {boolean} open */
function detailsOf(trial, name, open) {
  const { judgement, changes, triage, error } = trial;
  const content = [
    error && h("p", { class: "notice bad" }, error),
    judgement && h("p", {}, judgement.explanation),
    triage && h("p", {}, triageWords(triage)),
    changes.length > 0 && trial.role === "treated" && changesView(changes, `Changes: ${name}`),
  ].filter(Boolean);
  if (!content.length) return null;
  return h("details", { open }, h("summary", { class: "small muted" }, "why"), h("div", { class: "stack" }, content));
}

/** @param {{verdict: string, root_cause: string | null, foretells_failure: boolean}} triage */
function triageWords({ verdict, root_cause: root, foretells_failure: foretells }) {
  const cause = root ? `, ${root.replaceAll("_", " ")}` : "";
  return `Before it was trained: ${verdict}${cause}${foretells ? "; a failure was foretold" : ""}.`;
}
