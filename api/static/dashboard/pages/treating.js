// Treatments of an experiment that is ill: the offer of one that finds a cure, or those that there are.

import { isChanged } from "../shared/changed.js";
import { fill, h } from "../shared/element.js";
import { buttonOnce } from "../charts/notice.js";
import { post } from "../data/source.js";
import { isGoing } from "../shared/spec_words.js";
import { treatmentPath, trialLine, trialsWords } from "./trial_lines.js";

const TREATABLE = ["ill", "at risk"];
const PROMISE =
  "Trains the suggested remedies beside this network, on the same seeds and with a control, and says which is the " +
  "smallest change that cures.";

/** @typedef {"nothing" | "offer" | "again"} Offer */

/**
 * The offer for an experiment.
 *
 * @param {Pick<Experiment, "source" | "status" | "treatment">} experiment
 * @param {string | null} verdict
 * @returns {Offer} a first treatment, another one, or nothing.
 */
export function offerOf({ source, status, treatment }, verdict) {
  const isReady = source !== "external" && !isGoing({ status }) && TREATABLE.includes(verdict ?? "");
  if (!isReady || treatment?.status === "running") return "nothing";
  return treatment ? "again" : "offer";
}

/** @param {AbortSignal} signal of the experiment's page. */
export function treatingView(signal) {
  const element = h("section", { class: "panel stack", id: "treating", "aria-label": "Treatment", hidden: true });
  const isNew = isChanged();
  return {
    element,
    /** @param {Experiment} experiment @param {string | null} verdict */
    show(experiment, verdict) {
      const offer = offerOf(experiment, verdict ?? experiment.diagnosis?.verdict ?? null);
      if (!isNew([offer, experiment.trial, experiment.treatment])) return;
      const content = [trialLine(experiment), treatedLine(experiment), offerOfTreatment(experiment, offer, signal)];
      fill(element, content).hidden = content.every((each) => each === null);
    },
  };
}

/** @param {Experiment} experiment */
function treatedLine({ id, treatment }) {
  if (!treatment) return null;
  const link = h("a", { href: treatmentPath(id, treatment.id) }, `Its treatment, ${treatment.status}`);
  return h("p", {}, link, h("span", { class: "muted small" }, ` · ${trialsWords(treatment.trials)}`));
}

/** @param {Experiment} experiment @param {Offer} offer @param {AbortSignal} signal */
function offerOfTreatment({ id, trial }, offer, signal) {
  if (offer === "nothing") return null;
  const isMain = offer === "offer" && !trial; // a trial is a part of a search that has its own end
  async function treat() {
    const treatment = await post(`/experiments/${id}/treatments`, {});
    if (!signal.aborted) location.hash = treatmentPath(id, treatment.id);
  }
  const words = offer === "offer" ? "Find what cures it" : "Treat it again";
  const button = buttonOnce({ id: "treat", class: isMain ? "primary" : null }, words, treat);
  return h("div", { class: "row" }, button, isMain && h("span", { class: "muted small" }, PROMISE));
}
