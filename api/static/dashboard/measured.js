// What was measured of an experiment, read as grids.

import { Grid } from "./grid.js";
import { readNpz } from "./npz.js";
import { ask, get, Problem } from "./service.js";

async function arrays(path, query, signal) {
  const answer = await ask(`${path}?${new URLSearchParams(query)}`, { accept: "application/x-npz", signal });
  return readNpz(await answer.arrayBuffer());
}

/** Loss and metrics; columns are their names. */
export async function readHistory(id, signal) {
  const found = await arrays(`/experiments/${id}/history`, {}, signal);
  return Grid.of(found, found.metrics.data);
}

/** One statistic; columns are layers. Null where it is not recorded. */
export async function readLayers(id, kind, query, signal) {
  try {
    const found = await arrays(`/experiments/${id}/${kind}`, query, signal);
    const { layers, parameters } = found;
    const alike = new Set(parameters.data).size <= 1;
    return Grid.of(
      found,
      layers.data.map((layer, i) => (alike ? layer : `${layer} ${parameters.data[i]}`)),
    );
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

/** Histograms of one layer: epochs, edges, and counts over all seeds (epochs × bins). */
export async function readHistograms(id, of, layer, signal) {
  const found = await arrays(`/experiments/${id}/histograms`, { of, layer }, signal);
  const [seeds, epochs, tensors, bins] = found.counts.shape;
  const counts = Array.from({ length: epochs }, () => new Array(bins).fill(0));
  for (let seed = 0; seed < seeds; seed += 1) {
    for (let epoch = 0; epoch < Math.min(epochs, found.lengths.data[seed]); epoch += 1) {
      const at = (seed * epochs + epoch) * tensors * bins;
      for (let bin = 0; bin < bins; bin += 1) counts[epoch][bin] += found.counts.data[at + bin] || 0;
    }
  }
  return { epochs: found.epochs.data, counts, edges: Array.from(found.from.data.slice(1)) };
}

/** The signal at each time step of recurrent layers: one grid per layer, its columns the steps. Empty where there is none. */
export async function readSteps(id, signal) {
  try {
    const found = await arrays(`/experiments/${id}/signals/steps`, {}, signal);
    const [seeds, epochs, layers, steps] = found.values.shape;
    return found.layers.data.map((layer, place) => {
      const values = new Float32Array(seeds * epochs * steps);
      for (let row = 0; row < seeds * epochs; row += 1)
        values.set(
          found.values.data.subarray((row * layers + place) * steps, (row * layers + place + 1) * steps),
          row * steps,
        );
      return { layer, grid: Grid.of({ ...found, values: { data: values } }, found.step.data.map(String)) };
    });
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return [];
    throw error;
  }
}

/** What one seed's network answers over the plane of two inputs, epoch by epoch. */
export async function readBoundary(id, seed, signal) {
  const { epochs, lengths, values, classes, threshold, x, y } = await arrays(
    `/experiments/${id}/boundary`,
    { seed },
    signal,
  );
  const points = x.data.length * y.data.length;
  const size = classes.data.length * points;
  return {
    epochs: epochs.data.slice(0, lengths.data[0]),
    classes: classes.data,
    points,
    x: [...x.data],
    y: [...y.data],
    threshold: Number.isNaN(threshold.data[0]) ? null : threshold.data[0],
    /** The outputs of a row: class by class, the points row by row. */
    at: (row) => values.data.subarray(row * size, (row + 1) * size),
  };
}

/** The samples of data with two inputs, some of each part: [{x, y, answer}, ...]. */
export async function readSamples(id, signal) {
  const found = await arrays(`/experiments/${id}/samples`, { max_samples: 500 }, signal);
  const part = (name) =>
    found[`${name}_answers`].data.map((answer, i) => ({
      x: found[name].data[2 * i],
      y: found[name].data[2 * i + 1],
      answer,
    }));
  return { training: part("training"), validation: part("validation") };
}

let catalogue = null;
async function ofCatalogue(part) {
  catalogue ??= get("/catalogue");
  return (await catalogue)[part];
}

/** What there is of statistics: kind -> [{name, scale, unit, meaning}]. */
export const statistics = () => ofCatalogue("statistics");

/** What can be looked at layer by layer: kind -> {title, path, record, statistic, has_parameters}. */
export async function readKinds() {
  const shown = (await ofCatalogue("kinds")).filter((kind) => kind.shown_as === "statistic");
  return Object.fromEntries(shown.map((kind) => [kind.name, kind]));
}
