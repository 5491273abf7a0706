// Treatments in words: the cells of a trial's row, as the command `gradlab treat` prints them.

/** @type {Record<string, string>} the tag of a judgement. */
export const WORTH_TAGS = {
  cures: "healthy",
  helps: "at risk",
  unproven: "at risk",
  "no effect": "ill",
  harms: "ill",
};

/** @param {{remedies: string[], role: string}} trial @returns {string} its remedies, or what it is without. */
export const trialName = ({ remedies, role }) => remedies.join(" + ") || role;

/**
 * The cells of a trial's row, in the order of the table's headings.
 *
 * @param {Trial} trial
 * @param {Treatment} treatment
 * @returns {{name: string, state: string, ill: string, interval: string, p: string, effect: string, signal: string,
 *   cost: string}}
 */
export function trialWords(trial, treatment) {
  const { judgement, role } = trial;
  const untreated = role === "untreated" ? treatment.untreated : role === "control" ? treatment.control : null;
  const ill = judgement?.ill ?? untreated;
  return {
    name: trialName(trial),
    state: judgement?.worth ?? stateWords(trial),
    ill: ill ? rateWords(ill) : "",
    interval: ill ? `${percent(ill.low)}–${percent(ill.high)}` : "",
    p: judgement ? String(Number(judgement.p_adjusted.toPrecision(1))) : "",
    effect: judgement ? effectWords(judgement.effect) : "",
    signal: judgement?.signal ?? "",
    cost: judgement?.cost ? `${judgement.cost.toFixed(1)}×` : "",
  };
}

/** @param {Rate} rate @returns {string} seeds that are ill, of all. */
export const rateWords = ({ count, of }) => `${count}/${of}`;

/** @param {number} part */
const percent = (part) => `${Math.round(part * 100)} %`;

/**
 * An effect on the metric, with half of its interval.
 *
 * @param {Effect} effect
 */
export function effectWords({ mean, high }) {
  if (mean === null) return "";
  const size = `${mean < 0 ? "−" : "+"}${Number(Math.abs(mean).toPrecision(2))}`;
  return high === null ? size : `${size} ± ${Number((high - mean).toPrecision(2))}`;
}

/** @param {Pick<Trial, "stage" | "progress">} trial @returns {string} what it waits for, or how far it is. */
export function stateWords({ stage, progress }) {
  if (stage === "looking") return "triage";
  if (stage === "finished") return "";
  if (stage !== "training" || !progress) return stage;
  return `training ${percent(progress.epochs_done / Math.max(1, progress.epochs_total))}`;
}

/**
 * The conclusion of a treatment in the list.
 *
 * @param {TreatmentSummary} summary
 */
export function conclusionOf({ status, recommended, is_smallest: isSmallest }) {
  if (recommended) return `${recommended.join(" + ")}${isSmallest ? ", the smallest" : ""}`;
  return status === "completed" ? "no cure" : "";
}
