// The charts of compared experiments: curves over common epochs, gradients on one scale of colours.

import { metricRange, trainedEpochs, trainedSeries } from "../charts/curves.js";
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
      const epochs = epochsOf(histories).filter((epoch) => epoch > 0);
      const measured = shown.filter((i) => histories[i].rows);
      const series = measured.map((i) => placedSeries(histories[i], metric, styles[i], epochs));
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

/** @param {Pick<Grid, "epochs">[]} grids @returns {number[]} the epochs of all of them, rising. */
export const epochsOf = (grids) => [...new Set(grids.flatMap(({ epochs }) => epochs))].sort((a, b) => a - b);

/**
 * Rows of numbers at the places of their epochs. Experiments may begin at different epochs, and miss some.
 *
 * @template {Float32Array | Uint8Array} Values
 * @param {Values} values one row per own epoch.
 * @param {number[]} own epochs.
 * @param {number[]} all epochs, those among them.
 * @param {Values} room one row per epoch of all.
 * @returns {Values} the room; where there is no such epoch, it is as it was.
 */
export function placed(values, own, all, room) {
  const width = own.length ? values.length / own.length : 0;
  const places = new Map(all.map((epoch, place) => [epoch, place]));
  own.forEach((epoch, row) => {
    room.set(values.subarray(row * width, (row + 1) * width), (places.get(epoch) ?? 0) * width);
  });
  return room;
}

/**
 * A metric of an experiment over the epochs of all: there is no line where it has no such epoch.
 *
 * @param {Grid} grid
 * @param {string} metric
 * @param {LineStyle} style
 * @param {number[]} all epochs.
 * @returns {Series}
 */
function placedSeries(grid, metric, style, all) {
  const { values, low, high, ...rest } = trainedSeries(grid, metric, style);
  /** @param {Float32Array} given */
  const place = (given) => placed(given, trainedEpochs(grid), all, new Float32Array(all.length).fill(NaN));
  return { ...rest, values: place(values), ...(low && high && { low: place(low), high: place(high) }) };
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
      const columns = epochsOf(measured);
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
        maps[i].map.show({ ...cellsOver(grid, columns), columns, none, seeds: 1, scale });
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

/** @param {Grid} grid @param {number[]} all epochs. */
function cellsOver(grid, all) {
  const size = all.length * grid.columns.length;
  const { middle, lost } = grid.current();
  return {
    rows: grid.columns,
    values: placed(middle, grid.epochs, all, new Float32Array(size).fill(NaN)),
    lost: placed(lost, grid.epochs, all, new Uint8Array(size)),
  };
}
