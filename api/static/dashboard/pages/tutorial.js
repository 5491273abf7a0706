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

/** @param {string} key Train it, and show its page. */
export async function trainNetwork(key) {
  location.hash = `#/experiment/${await trained(key)}`;
}

/** Train the tanh and the relu network, and compare them. */
export async function trainTutorial() {
  const ids = [];
  for (const key of COMPARED) ids.push(await trained(key));
  location.hash = `#/compare/${ids.join(",")}`;
}
