// One layer closely: its numbers over the epochs, and how they are distributed.

import { lineColours } from "../charts/colours.js";
import { fill, h } from "../shared/element.js";
import { seedsOf } from "../shared/format.js";
import { filesOf, frame } from "../charts/frame.js";
import { layerOf, titleOf, undefinedWords } from "./layer_words.js";
import { linesOnEitherScale } from "../charts/lines.js";
import { readHistograms } from "../data/measured.js";
import { columnOf } from "../shared/numbers.js";
import { ridges } from "../charts/ridges.js";
import { messageOf } from "../data/source.js";

/** @typedef {import("./layer_charts.js").Shown} Shown */

/**
 * The view of one layer, hidden until a layer is opened.
 *
 * @param {string} id
 * @param {number[]} seeds
 * @param {AbortSignal} signal ends it.
 * @param {() => void} onClose
 */
export function layerDetail(id, seeds, signal, onClose) {
  const line = lineFigure(id, seeds);
  const histograms = histogramFigure(id, seeds, signal);
  const element = h("section", { id: "layer", class: "stack", hidden: true, "aria-label": "One layer" });
  return {
    element,
    /** @param {string} column of the grid. */
    open(column) {
      element.hidden = false;
      const close = h("button", { type: "button", onclick: onClose }, "Close");
      const head = h("div", { class: "head" }, h("h2", {}, column), close);
      fill(element, head, h("div", { class: "two" }, line.element, histograms.element));
    },
    close() {
      element.hidden = true;
    },
    show: line.show,
    readHistograms: histograms.read,
  };
}

/** @param {string} id @param {number[]} seeds */
function lineFigure(id, seeds) {
  const chart = linesOnEitherScale({ height: 260, label: "One layer over the epochs" });
  const figure = frame({ title: "", about: "" }, chart.elements);
  return {
    element: figure.element,
    /** @param {Shown} shown its grid is of all seeds. @param {number} layer index of the column. */
    show({ choice, grid }, layer) {
      const { kind, statistic } = choice;
      const name = grid.columns[layer];
      const { middle, low, high } = grid.current();
      /** @param {Float32Array} values */
      const take = (values) => columnOf(values, layer, grid.columns.length);
      const band = seeds.length > 1 && { low: take(low), high: take(high) };
      figure.setTitle(`${name}: ${titleOf(choice).toLowerCase()}`);
      figure.setAbout(`${seeds.length > 1 ? "median and range of " : ""}${seedsOf(seeds)} · ${statistic.unit}`);
      figure.setFiles(filesOf(id, kind.path, { statistic: statistic.name, layer: layerOf(name) }, kind.name));
      const line = { name, colour: lineColours(1)[0], values: take(middle), ...band };
      chart.show(statistic.scale, grid.epochs, [line], undefinedWords(statistic));
    },
  };
}

/** @param {string} id @param {number[]} seeds @param {AbortSignal} signal */
function histogramFigure(id, seeds, signal) {
  const chart = ridges({ label: "Histograms of one layer over the epochs" });
  const figure = frame({ title: "", about: "" }, chart.element);
  const bins = "bins of half a decade on both sides of 0 · each epoch by its own peak";
  return {
    element: figure.element,
    /** @param {string} kind of series that is chosen. @param {string} layer */
    async read(kind, layer) {
      const of = kind === "weights" ? "weights" : "gradients";
      figure.setTitle(`${layer}: how its ${of} are distributed`);
      figure.setAbout(`kernel, ${seedsOf(seeds)} together · ${bins}`);
      figure.setFiles(filesOf(id, "histograms", { of, layer }, `${of.slice(0, -1)}-histograms`));
      try {
        const histograms = await readHistograms(id, of, layer, signal);
        chart.element.hidden = !histograms.epochs.length;
        if (histograms.epochs.length) chart.show(histograms);
      } catch (error) {
        if (signal.aborted) return;
        chart.element.hidden = true;
        figure.setAbout(messageOf(error));
        figure.setFiles([]);
      }
    },
  };
}
