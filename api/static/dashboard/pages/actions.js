// Actions of a reader on an experiment: cancel it, delete it, train what may help.

import { askToConfirm } from "../shared/dialogs.js";
import { post, send } from "../data/source.js";

/**
 * Cancel an experiment, if the reader confirms it.
 *
 * @param {string} id
 * @param {string} question
 * @param {AbortSignal} signal of the page: the question goes with it.
 * @returns {Promise<Experiment | null>} null if the reader did not.
 */
export async function cancelExperiment(id, question, signal) {
  return (await askToConfirm(question, "Cancel it", signal)) ? post(`/experiments/${id}/cancel`) : null;
}

/**
 * Delete an experiment, if the reader confirms it.
 *
 * @param {string} id
 * @param {string} question
 * @param {AbortSignal} signal of the page: the question goes with it.
 * @returns {Promise<boolean>} false if the reader did not.
 */
export async function deleteExperiment(id, question, signal) {
  if (!(await askToConfirm(question, "Delete it", signal))) return false;
  await send(`/experiments/${id}`, { method: "DELETE" });
  return true;
}

/**
 * Train the spec of a suggestion, and compare it with the experiment.
 *
 * @param {Suggestion} suggestion
 * @param {string} id the experiment's.
 * @param {AbortSignal} signal of its page.
 */
export async function trainSuggestion({ remedy, spec }, id, signal) {
  const treated = await post("/experiments", spec, { "Idempotency-Key": `dashboard ${id} ${remedy}` });
  // The reader may have gone elsewhere meanwhile, and stays there.
  if (!signal.aborted) location.hash = `#/compare/${id},${treated.id}`;
}
