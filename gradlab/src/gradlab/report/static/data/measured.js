// The measurements of an experiment, read as grids.

import { Grid } from "./grid.js";
import { readNpz } from "./npz.js";
import { get, Problem, send } from "./source.js";

/** @typedef {Record<string, import("./npz.js").NamedArray>} Arrays by name. */
/** @typedef {{x: number, y: number, answer: number}} Sample */
/** @typedef {{training: Sample[], validation: Sample[]}} Samples */
/**
 * @typedef {object} Histograms
 * @property {number[]} epochs
 * @property {number[][]} counts epochs × bins, over all seeds.
 * @property {number[]} edges between the bins, negative ones first.
 */
/** @typedef {{layer: string, grid: Grid}} StepSignal columns are the time steps. */

/**
 * @typedef {object} Boundary the outputs of one seed's network over the plane of two inputs.
 * @property {Numbers} epochs that are recorded.
 * @property {number[]} classes one per output.
 * @property {number} points of the plane.
 * @property {number[]} x the first input of each column.
 * @property {number[]} y the second input of each row.
 * @property {number | null} threshold of a single output; null where the largest output decides.
 * @property {(row: number) => Float32Array} at the outputs at a row of `epochs`: class by class, the points row by row.
 */

/**
 * The facts about an experiment's data.
 *
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<Facts | null>} null if there are none.
 */
export const readFacts = (id, signal) => recorded(null, () => get(`/experiments/${id}/facts`, { signal }));

/**
 * Loss and metrics; columns are their names.
 *
 * @param {string} id
 * @param {AbortSignal} signal
 */
export async function readHistory(id, signal) {
  const arrays = await readArrays(`/experiments/${id}/history`, {}, signal);
  return Grid.of(arrays, arrays.metrics.data);
}

/**
 * One statistic; columns are layers.
 *
 * @param {string} id
 * @param {string} kind the path of the series.
 * @param {Record<string, string>} query
 * @param {AbortSignal} signal
 * @returns {Promise<Grid | null>} null if it is not recorded.
 */
export function readLayers(id, kind, query, signal) {
  return recorded(null, async () => {
    const arrays = await readArrays(`/experiments/${id}/${kind}`, query, signal);
    return Grid.of(arrays, layerNames(arrays.layers.data, arrays.parameters.data));
  });
}

/**
 * Histograms of one layer.
 *
 * @param {string} id
 * @param {string} of gradients or weights.
 * @param {string} layer
 * @param {AbortSignal} signal
 * @returns {Promise<Histograms>}
 */
export async function readHistograms(id, of, layer, signal) {
  const arrays = await readArrays(`/experiments/${id}/histograms`, { of, layer }, signal);
  return { epochs: arrays.epochs.data, counts: countsOf(arrays), edges: Array.from(arrays.from.data.slice(1)) };
}

/**
 * The signal at each time step of recurrent layers.
 *
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<StepSignal[]>} one per layer; empty if none is recorded.
 */
export function readSteps(id, signal) {
  return recorded([], async () => stepsOf(await readArrays(`/experiments/${id}/signals/steps`, {}, signal)));
}

/**
 * The decision boundary of one seed's network, epoch by epoch.
 *
 * @param {string} id
 * @param {number} seed
 * @param {AbortSignal} signal
 * @returns {Promise<Boundary>}
 */
export async function readBoundary(id, seed, signal) {
  const arrays = await readArrays(`/experiments/${id}/boundary`, { seed: String(seed) }, signal);
  const { epochs, lengths, values, classes, threshold, x, y } = arrays;
  const points = x.data.length * y.data.length;
  const size = classes.data.length * points;
  return {
    epochs: epochs.data.slice(0, lengths.data[0]),
    classes: classes.data,
    points,
    x: [...x.data],
    y: [...y.data],
    threshold: Number.isNaN(threshold.data[0]) ? null : threshold.data[0],
    at: (row) => values.data.subarray(row * size, (row + 1) * size),
  };
}

/**
 * Samples of data with two inputs, some of each part.
 *
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<Samples>}
 */
export async function readSamples(id, signal) {
  const arrays = await readArrays(`/experiments/${id}/samples`, { max_samples: "500" }, signal);
  /** @param {string} name @returns {Sample[]} */
  const part = (name) => {
    const inputs = arrays[name].data;
    /** @param {number} answer @param {number} i */
    const sample = (answer, i) => ({ x: inputs[2 * i], y: inputs[2 * i + 1], answer });
    return arrays[`${name}_answers`].data.map(sample);
  };
  return { training: part("training"), validation: part("validation") };
}

/**
 * The names of columns: layers, with the parameter where they differ in it.
 *
 * @param {string[]} layers
 * @param {string[]} parameters
 */
export function layerNames(layers, parameters) {
  const alike = new Set(parameters).size <= 1;
  return layers.map((layer, i) => (alike ? layer : `${layer} ${parameters[i]}`));
}

/**
 * The counts of a layer's first tensor, summed over the seeds.
 *
 * @param {Arrays} arrays counts (seeds, epochs, tensors, bins), lengths (seeds,).
 * @returns {number[][]} epochs × bins.
 */
export function countsOf({ counts, lengths }) {
  const [seeds, epochs, tensors, bins] = counts.shape;
  const sums = Array.from({ length: epochs }, () => new Array(bins).fill(0));
  for (let seed = 0; seed < seeds; seed += 1) {
    for (let epoch = 0; epoch < Math.min(epochs, lengths.data[seed]); epoch += 1) {
      const at = (seed * epochs + epoch) * tensors * bins;
      for (let bin = 0; bin < bins; bin += 1) sums[epoch][bin] += counts.data[at + bin] || 0;
    }
  }
  return sums;
}

/**
 * A grid for each recurrent layer.
 *
 * @param {Arrays} arrays values (seeds, epochs, layers, steps), layers, step ...
 * @returns {StepSignal[]}
 */
export function stepsOf(arrays) {
  const [seeds, epochs, layers, steps] = arrays.values.shape;
  return arrays.layers.data.map((/** @type {string} */ layer, /** @type {number} */ place) => {
    const values = new Float32Array(seeds * epochs * steps);
    for (let row = 0; row < seeds * epochs; row += 1) {
      const at = (row * layers + place) * steps;
      values.set(arrays.values.data.subarray(at, at + steps), row * steps);
    }
    return { layer, grid: Grid.of({ ...arrays, values: { data: values } }, arrays.step.data.map(String)) };
  });
}

/** @param {string} path @param {Record<string, string>} query @param {AbortSignal} signal */
async function readArrays(path, query, signal) {
  const response = await send(`${path}?${new URLSearchParams(query)}`, { accept: "application/x-npz", signal });
  return readNpz(await response.arrayBuffer());
}

/**
 * Read something that may not be recorded.
 *
 * @template Value
 * @template Otherwise
 * @param {Otherwise} otherwise the value where it is not recorded.
 * @param {() => Promise<Value>} read
 * @returns {Promise<Value | Otherwise>}
 */
async function recorded(otherwise, read) {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return otherwise;
    throw error;
  }
}
