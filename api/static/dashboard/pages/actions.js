// What a reader does with an experiment: cancel it, delete it.

import { askToConfirm } from "../shared/dialogs.js";
import { post, send } from "../data/service.js";

/**
 * Cancel an experiment, if the reader confirms it.
 *
 * @param {string} id
 * @param {string} question
 * @returns {Promise<Experiment | null>} null if the reader did not.
 */
export async function cancelExperiment(id, question) {
  return (await askToConfirm(question, "Cancel it")) ? post(`/experiments/${id}/cancel`) : null;
}

/**
 * Delete an experiment, if the reader confirms it.
 *
 * @param {string} id
 * @param {string} question
 * @returns {Promise<boolean>} false if the reader did not.
 */
export async function deleteExperiment(id, question) {
  if (!(await askToConfirm(question, "Delete it"))) return false;
  await send(`/experiments/${id}`, { method: "DELETE" });
  return true;
}
