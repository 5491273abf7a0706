// The words of the views of layers: titles and captions of what is chosen.

import { NOT_FINITE } from "../charts/heat_cells.js";
import { seedsOf } from "../shared/format.js";

/** @typedef {import("./layer_choice.js").Choice} Choice */

/** @param {Pick<Choice, "kind" | "statistic">} choice @returns {string} the title of its charts. */
export const titleOf = ({ kind, statistic }) => `${kind.title}: ${statistic.name.replaceAll("_", " ")}`;

/** @param {Pick<Choice, "seed">} choice @param {number[]} seeds @returns {string} the seeds whose numbers are shown. */
export function seedsShown({ seed }, seeds) {
  if (seed !== null) return `seed ${seed}`;
  return seeds.length > 1 ? `median of ${seedsOf(seeds)}` : seedsOf(seeds);
}

/** @param {Pick<Choice, "kind">} choice @returns {string} what the numbers were measured on. */
export const measuredOn = ({ kind }) => (kind.isOfParameters ? "kernels" : "probe batch");

/**
 * The reason why nothing is shown.
 *
 * @param {Pick<Choice, "kind">} choice
 * @param {{rows: number} | null} grid null if the kind is not recorded.
 * @param {boolean} isElsewhere true for an external training.
 * @returns {string | null} null if there is something to show.
 */
export function absenceOf({ kind }, grid, isElsewhere) {
  if (grid === null)
    return isElsewhere ? `${kind.title}: not sent.` : `${kind.title} are not recorded in this experiment.`;
  return grid.rows ? null : "Nothing is measured yet.";
}

/** @param {Pick<Statistic, "missing">} statistic @returns {string} when a layer has no number of it; "" if never. */
export const undefinedWords = ({ missing }) => (missing ? `no number ${missing}` : "");

/** @param {Pick<Statistic, "missing">} statistic @returns {string} why a seed has no number of it. */
export const lostReason = (statistic) => undefinedWords(statistic) || NOT_FINITE;

/** @param {string} column of a grid. @returns {string} the layer, without the parameter behind it. */
export const layerOf = (column) => column.split(" ")[0];
