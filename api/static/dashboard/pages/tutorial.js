// The tutorial's networks, each trained by one click.

import { RECIPES } from "./recipes.js";
import { post } from "../data/source.js";

const SEEDS = [0, 1, 2, 3, 4];
const COMPARED = ["tutorial-2-deep-tanh", "tutorial-3-deep-relu"];

/** The networks that an empty dashboard offers. */
export const NETWORKS = RECIPES.filter(({ key }) => /^tutorial-[123]-/.test(key));

/**
 * Train a network of the tutorial. One that is there already is not trained again.
 *
 * @param {string | undefined} key of its recipe.
 * @returns {Promise<string>} the experiment's id.
 */
async function trained(key) {
  const recipe = RECIPES.find((each) => each.key === key);
  const headers = { "Idempotency-Key": `dashboard ${key}` };
  return (await post("/experiments", { ...recipe?.spec, seeds: SEEDS }, headers)).id;
}

/**
 * Train a network of the tutorial, and show its page.
 *
 * @param {string} key of its recipe.
 * @param {AbortSignal} signal of the page: a reader who has gone elsewhere meanwhile stays there.
 */
export async function trainNetwork(key, signal) {
  const id = await trained(key);
  if (!signal.aborted) location.hash = `#/experiment/${id}`;
}

/**
 * Train the tanh and the relu network, and compare them.
 *
 * @param {AbortSignal} signal of the page, as above.
 */
export async function trainTutorial(signal) {
  const ids = [];
  for (const key of COMPARED) ids.push(await trained(key));
  if (!signal.aborted) location.hash = `#/compare/${ids.join(",")}`;
}
