// An experiment's lines on treatments: the one that it is a trial of, and those of itself.

import { h } from "../shared/element.js";
import { nameOf } from "../shared/spec_words.js";
import { trialName } from "./treatment_words.js";

/**
 * The line that says of what an experiment is a trial.
 *
 * @param {Experiment} experiment
 * @returns {HTMLElement | null} null where it is none.
 */
export function trialLine({ trial }) {
  if (!trial) return null;
  const treated = h("a", { href: `#/experiment/${trial.experiment_id}` }, nameOf(trial));
  const why = h("a", { href: treatmentPath(trial.experiment_id, trial.treatment_id) }, trialName(trial));
  return h("div", { class: "muted small trial-of" }, "trial of ", treated, ": ", why);
}

/** @param {string} experiment @param {string} treatment @returns {string} the address of the treatment's page. */
export const treatmentPath = (experiment, treatment) => `#/treatment/${experiment}/${treatment}`;

/**
 * The line of a treated experiment: its newest treatment, and the button that unfolds its trials.
 *
 * @param {Experiment} experiment
 * @param {HTMLButtonElement} button
 * @param {boolean} isUnfolded
 * @returns {HTMLElement | null} null where it is not treated.
 */
export function treatmentLine({ id, treatment }, button, isUnfolded) {
  if (!treatment) return null;
  const link = h("a", { href: treatmentPath(id, treatment.id) }, `treatment ${treatment.status}`);
  button.setAttribute("aria-expanded", String(isUnfolded));
  button.textContent = `${isUnfolded ? "▾" : "▸"} ${trialsWords(treatment.trials)}`;
  return h("div", { class: "small row" }, link, treatment.trials > 0 && button);
}

/** @param {number} count @returns {string} */
export const trialsWords = (count) => (count === 1 ? "1 trial" : `${count} trials`);
