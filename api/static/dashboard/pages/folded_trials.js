// The trials of treated experiments in the list, folded under what they treat.

import { get } from "../data/source.js";

const MAX_TRIALS = 200; // of one experiment: the longest page of the list

/** @typedef {ReturnType<typeof foldedTrials>} FoldedTrials */

/**
 * Experiments with the trials that are unfolded under them; what is listed twice stays there alone.
 *
 * @template {{id: string}} Listed
 * @param {Listed[]} listed
 * @param {Map<string, Listed[]>} unfolded the trials by what they treat.
 */
export function arranged(listed, unfolded) {
  const under = listed.flatMap(({ id }) => unfolded.get(id) ?? []);
  const ids = new Set(under.map(({ id }) => id));
  const above = listed.filter(({ id }) => !ids.has(id));
  return above.flatMap((each) => [each, ...(unfolded.get(each.id) ?? [])]);
}

/**
 * The experiments that are unfolded, and their trials.
 *
 * @param {() => void} onChange called when one was folded or unfolded.
 * @param {AbortSignal} signal
 */
export function foldedTrials(onChange, signal) {
  /** @type {Map<string, Experiment[]>} */
  const unfolded = new Map();
  return {
    /** @param {string} id */
    isUnfolded: (id) => unfolded.has(id),
    /** @param {string} id */
    toggle(id) {
      if (!unfolded.delete(id)) unfolded.set(id, []);
      onChange();
    },
    /** @param {Experiment[]} listed Read the trials of those that are listed and unfolded. */
    async read(listed) {
      const ids = listed.map(({ id }) => id).filter((id) => unfolded.has(id));
      const reading = ids.map((id) => get(`/experiments?trial_of=${id}&limit=${MAX_TRIALS}`, { signal }));
      const answers = await Promise.all(reading);
      answers.forEach(({ experiments }, i) => unfolded.has(ids[i]) && unfolded.set(ids[i], experiments));
    },
    /** @param {Experiment[]} listed @returns {Experiment[]} each once, unfolded trials under what they treat. */
    arrange: (listed) => arranged(listed, unfolded),
  };
}
