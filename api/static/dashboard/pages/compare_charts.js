// The charts of compared experiments: curves over common epochs, gradients on one scale of colours.

import { metricRange, trainedSeries } from "../charts/curves.js";
import { h } from "../shared/element.js";
import { titled } from "../shared/format.js";
import { frame } from "../charts/frame.js";
import { anyLost, withoutGradient } from "../charts/heat_cells.js";
import { heatmap } from "../charts/heatmap.js";
import { legend } from "../charts/legend.js";
import { lines } from "../charts/lines.js";
import { Scale } from "../charts/scale.js";

/** @typedef {import("../data/grid.js").Grid} Grid */
/** @typedef {{name: string, colour: string}} LineStyle of an experiment. */

/**
 * One metric of all experiments: of the validation samples, or of the training samples where none has the former.
 *
 * @param {string} name
 */
export function comparedCurves(name) {
  const chart = lines({ height: 260, range: metricRange(name), label: `${name} of all experiments` });
  const about = "median and range of the seeds";
  const figure = frame({ title: titled(`validation_${name}`), about }, chart.element);
  return {
    element: figure.element,
    /** @param {Grid[]} histories @param {LineStyle[]} styles one per history. */
    show(histories, styles) {
      const metric = [`val_${name}`, name].find((each) => histories.some((grid) => grid.columns.includes(each)));
      figure.element.hidden = !metric;
      if (!metric) return;
      const { shown, without } = haveOf(histories, metric);
      const missing = without.map((i) => styles[i].name).join(", ");
      figure.setTitle(titled(metric === name ? `training_${name}` : `validation_${name}`));
      figure.setAbout(missing ? `${about} · not measured: ${missing}` : about);
      const epochs = longestOf(histories).epochs.filter((epoch) => epoch > 0);
      const series = shown.flatMap((i) => {
        return histories[i].rows ? [stretched(trainedSeries(histories[i], metric, styles[i]), epochs.length)] : [];
      });
      chart.show(epochs, series);
    },
  };
}

/**
 * The places of the histories with a metric, and of those without.
 *
 * @param {Pick<Grid, "columns">[]} histories
 * @param {string} metric
 */
export function haveOf(histories, metric) {
  const places = histories.map((_, i) => i);
  /** @param {number} i */
  const has = (i) => histories[i].columns.includes(metric);
  return { shown: places.filter(has), without: places.filter((i) => !has(i)) };
}

/** @param {Grid[]} grids @returns {Grid} the one with the most epochs, the first of them. */
const longestOf = (grids) => grids.reduce((longest, grid) => (grid.rows > longest.rows ? grid : longest));

/**
 * A line over more epochs: there is none behind its end.
 *
 * @param {{name: string, colour: string, values: Float32Array, low?: Float32Array, high?: Float32Array}} series
 * @param {number} length
 * @returns {Series}
 */
function stretched({ low, high, values, ...style }, length) {
  /** @param {Float32Array} given */
  const stretch = (given) => padded(given, new Float32Array(length).fill(NaN));
  return { ...style, values: stretch(values), ...(low && high && { low: stretch(low), high: stretch(high) }) };
}

/**
 * @template {Float32Array | Uint8Array} Values
 * @param {Values} values
 * @param {Values} room a longer array.
 * @returns {Values} the room, which begins with the values.
 */
function padded(values, room) {
  room.set(values);
  return room;
}

/**
 * The heat maps of the gradients, side by side.
 *
 * @param {string[]} ids
 * @param {LineStyle[]} styles one per experiment.
 */
export function comparedMaps(ids, styles) {
  const key = legend();
  const maps = ids.map((id, i) => titledMap(id, styles[i].name));
  const about = "kernels · median of the seeds · one scale of colours and of epochs for all";
  const title = h("h2", {}, "Gradients: mean abs, layer by epoch");
  const caption = h("figcaption", {}, title, h("span", { class: "about" }, about));
  const row = h(
    "div",
    { class: "side-by-side" },
    maps.map(({ element }) => element),
  );
  return {
    element: h("figure", { class: "chart panel", id: "maps" }, caption, row, key.element),
    /** @param {(Grid | null)[]} grids one per experiment; null where gradients are not recorded. */
    show(grids) {
      const measured = grids.flatMap((grid) => (grid?.rows ? [grid] : []));
      const scale = Scale.over("log", ...measured.map((grid) => grid.current().middle));
      const columns = measured.length ? longestOf(measured).epochs : [];
      const present = { lost: false, zero: false };
      grids.forEach((grid, i) => {
        maps[i].map.element.hidden = !grid?.rows;
        maps[i].nothing.hidden = Boolean(grid?.rows);
        maps[i].nothing.textContent = grid ? "Nothing is measured yet." : "Gradients were not recorded, or not sent.";
        if (!grid?.rows) return;
        const { middle, lost } = grid.current();
        const none = withoutGradient(lost, grid.columns.length);
        present.lost ||= anyLost(lost, none);
        present.zero ||= middle.includes(0);
        maps[i].map.show({ ...stretchedCells(grid, columns.length), columns, none, seeds: 1, scale });
      });
      key.show(scale, "loss per unit of weight", present);
    },
  };
}

/** @param {string} id @param {string} name */
function titledMap(id, name) {
  const map = heatmap({ label: `${name}: mean absolute gradient, layer by epoch` });
  const title = h("h3", {}, h("a", { href: `#/experiment/${id}` }, name));
  const nothing = h("p", { class: "muted", hidden: true });
  const element = h("section", { class: "stack", "aria-label": name }, title, nothing, map.element, map.readout);
  return { map, nothing, element };
}

/** @param {Grid} grid @param {number} length in epochs. */
function stretchedCells(grid, length) {
  const size = length * grid.columns.length;
  const { middle, lost } = grid.current();
  return {
    rows: grid.columns,
    values: padded(middle, new Float32Array(size).fill(NaN)),
    lost: padded(lost, new Uint8Array(size)),
  };
}
