// Loss and metrics over the epochs, with a band over the seeds.

import { FEW, lineColours } from "./colours.js";
import { h } from "../shared/element.js";
import { seedsOf, titled } from "../shared/format.js";
import { filesOf, frame } from "./frame.js";
import { lines } from "./lines.js";
import { columnOf } from "../shared/numbers.js";
import { metricsOf, outputsOf } from "../shared/outputs.js";

/** @typedef {import("../data/grid.js").Grid} Grid */

const LOSS = "loss";
const OF_UPDATES = ["learning_rate", "gradient_norm", "clipped_gradient_norm", "clipped_fraction"];

/**
 * The metric that is drawn beside the loss: one that is validated before others.
 *
 * @param {string[]} names of the metrics that are measured.
 * @returns {string | null} null if nothing but the loss is measured.
 */
export function metricBeside(names) {
  const own = names.filter((name) => name !== LOSS && !name.startsWith("val_") && !OF_UPDATES.includes(name));
  return own.find((name) => names.includes(`val_${name}`)) ?? own[0] ?? null;
}

/**
 * The figures of an experiment's curves: a metric, if there is one, and the loss; of several outputs those of each.
 *
 * @param {{id: string, seeds: number[], names: string[]}} options `names` of the metrics that are measured.
 */
export function curves({ id, seeds, names }) {
  const figures = drawn(names).map((curve) => curveFigure(id, seeds, curve, names));
  return {
    elements: figures.map(({ element }) => element),
    /** @param {Grid} grid */
    show(grid) {
      for (const figure of figures) figure.show(grid);
    },
  };
}

/**
 * @typedef {object} Curve a metric that is drawn.
 * @property {string} name
 * @property {string} title
 * @property {[number, number] | null} range of its axis.
 * @property {boolean} [isWide] true if its figure takes a row of its own.
 */

/**
 * The metrics that are drawn: the loss, and beside it a metric; of several outputs those of each.
 *
 * @param {string[]} names of the metrics that are measured.
 * @returns {Curve[]}
 */
export function drawn(names) {
  const outputs = outputsOf(names);
  /** @param {string} name */
  const plain = (name) => ({ name, title: titled(name), range: metricRange(name) });
  if (!outputs.length) return [metricBeside(names), LOSS].filter((name) => name !== null).map(plain);
  const ofEach = outputs.flatMap((output) => {
    const own = metricsOf(names, output);
    return [metricBeside([...own.keys()]), LOSS].flatMap((name) => {
      const whole = name && own.get(name);
      if (!name || !whole) return [];
      return [{ name: whole, title: `${output}: ${name.replaceAll("_", " ")}`, range: metricRange(name) }];
    });
  });
  return [{ name: LOSS, title: "Loss of all outputs", range: null, isWide: true }, ...ofEach];
}

/** @param {string} id @param {number[]} seeds @param {Curve} curve @param {string[]} names of all metrics. */
function curveFigure(id, seeds, { name, title, range, isWide = false }, names) {
  const nothing = h("p", { class: "muted" }, "Nothing is measured yet.");
  const isValidated = names.includes(`val_${name}`);
  const samples = isValidated ? "training and validation samples" : "training samples, validation is not measured";
  const chart = lines({ height: 240, range, label: `${name} over the epochs` });
  const { element } = frame(
    {
      title,
      about: `${samples} · ${seeds.length > 1 ? "median and range of " : ""}${seedsOf(seeds)}`,
      files: filesOf(id, "history", {}, "history"),
      id: `curve-${name}`,
    },
    nothing,
    chart.element,
  );
  if (isWide) element.classList.add("wide");
  return {
    element,
    /** @param {Grid} grid */
    show(grid) {
      const isEmpty = !grid.lastEpoch; // none, or epoch 0 alone: before the first update nothing has been trained on
      nothing.hidden = !isEmpty;
      chart.element.hidden = isEmpty;
      if (isEmpty) return;
      const columns = [
        { label: "training", column: name, colour: lineColours(1)[0] },
        { label: "validation", column: `val_${name}`, colour: FEW[1] },
      ].filter(({ column }) => grid.columns.includes(column));
      const series = columns.map(({ label, column, colour }) => trainedSeries(grid, column, { name: label, colour }));
      chart.show(trainedEpochs(grid), series);
    },
  };
}

/** @param {string} metric @returns {[number, number] | null} the range of its axis; null fits it to the lines. */
export const metricRange = (metric) => (metric.includes("accuracy") ? [0, 1] : null);

/** @param {Grid} grid @returns {number[]} its epochs without epoch 0, which is before the first update. */
export const trainedEpochs = (grid) => grid.epochs.slice(grid.epochs[0] === 0 ? 1 : 0);

/**
 * A metric over those epochs, with a band where there are several seeds.
 *
 * @param {Grid} grid
 * @param {string} column
 * @param {{name: string, colour: string}} style
 * @returns {Series & {values: Float32Array, low?: Float32Array, high?: Float32Array}}
 */
export function trainedSeries(grid, column, style) {
  const { middle, low, high } = grid.current();
  const first = grid.epochs[0] === 0 ? 1 : 0;
  /** @param {Float32Array} values */
  const take = (values) => columnOf(values, grid.columns.indexOf(column), grid.columns.length).subarray(first);
  return { ...style, values: take(middle), ...(grid.seeds.length > 1 && { low: take(low), high: take(high) }) };
}
