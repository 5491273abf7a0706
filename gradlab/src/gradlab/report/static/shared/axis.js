// The unit in which the page's training is recorded: epochs, or blocks of the optimiser's steps.

const EPOCHS = { name: "epoch", size: 1 };
let current = EPOCHS;

/**
 * Name records by what they count in a training, from now on.
 *
 * @param {Pick<ExternalSpec, "axis" | "every_steps"> | null} spec null for epochs.
 */
export function countAs(spec) {
  current = spec?.axis === "step" ? { name: "step", size: spec.every_steps ?? 1 } : EPOCHS;
}

/** @returns {string} "epoch" or "step". */
export const axisName = () => current.name;

/** @param {number} record @returns {number} its place on the axis. */
export const placeOf = (record) => record * current.size;

/** @param {number} record @returns {string} "epoch 3", or "step 300". */
export const recordWords = (record) => `${current.name} ${placeOf(record)}`;
