// The charts of all layers: the heat map first, then a line for each.

import { lineColours } from "../charts/colours.js";
import { axisName } from "../shared/axis.js";
import { h } from "../shared/element.js";
import { filesOf, frame } from "../charts/frame.js";
import { anyLost, withoutGradient } from "../charts/heat_cells.js";
import { heatmap } from "../charts/heatmap.js";
import { lostReason, measuredOn, seedsShown, titleOf, undefinedWords } from "./layer_words.js";
import { legend } from "../charts/legend.js";
import { linesOnEitherScale } from "../charts/lines.js";
import { columnOf } from "../shared/numbers.js";
import { Scale } from "../charts/scale.js";

/** @typedef {import("../data/grid.js").Grid} Grid */
/** @typedef {import("./layer_choice.js").Choice} Choice */

/**
 * @typedef {object} Shown the numbers that all views of layers show.
 * @property {Choice} choice
 * @property {Grid} grid of all seeds, or of the one that is chosen.
 * @property {number[]} seeds all that were trained.
 */

/**
 * The heat map of all layers, with the controls that choose its numbers.
 *
 * @param {string} id
 * @param {Child} controls
 * @param {{onRow: (row: number) => void, onEpoch: (epoch: number) => void}} listeners
 */
export function mapFigure(id, controls, { onRow, onEpoch }) {
  const map = heatmap({ onRow, onColumn: onEpoch, label: "Layer by epoch: size in colours" });
  const key = legend(map.readout);
  const nothing = h("p", { class: "muted" }, "Nothing is measured yet.");
  const figure = frame({ title: "", about: "", controls, id: "heatmap" }, nothing, map.element, key.element);
  return {
    element: figure.element,
    choose: map.choose,
    at: map.at,
    /** @param {Choice} choice @param {string | null} absence the reason why nothing is shown. */
    announce(choice, absence) {
      const { kind, statistic, seed } = choice;
      const query = { statistic: statistic.name, ...(seed !== null && { seed: String(seed) }) };
      nothing.hidden = !absence;
      nothing.textContent = absence ?? "";
      map.element.hidden = key.element.hidden = Boolean(absence);
      figure.setTitle(`${titleOf(choice)}, layer by ${axisName()}`);
      figure.setFiles(absence ? [] : filesOf(id, kind.path, query, `${kind.name}-heatmap`));
      if (absence) figure.setAbout("");
    },
    /** @param {Shown} shown @param {number} epoch the epoch that is shown; infinite for the last. */
    show({ choice, grid, seeds }, epoch) {
      const { meaning, scale: kind, unit } = choice.statistic;
      const { middle: values, low, high, lost } = grid.current();
      const none = choice.kind.name === "gradients" ? withoutGradient(lost, grid.columns.length) : [];
      const scale = Scale.over(kind, values);
      const at = Math.min(epoch, grid.lastEpoch ?? 0);
      figure.setAbout([measuredOn(choice), seedsShown(choice, seeds), meaning].join(" · "));
      const axes = { rows: grid.columns, columns: grid.epochs };
      const [lostWords, isUndefined] = [lostReason(choice.statistic), Boolean(choice.statistic.missing)];
      const present = { lost: anyLost(lost, none), zero: kind === "log" && values.includes(0) };
      map.show({ ...axes, values, low, high, lost, none, seeds: grid.seeds.length, scale, at, lostWords, isUndefined });
      key.show(scale, unit, present, { words: lostWords, isUndefined });
    },
  };
}

/** @param {string} id */
export function allLayersFigure(id) {
  const chart = linesOnEitherScale({ height: 300, label: "All layers over the epochs, a line for each" });
  const figure = frame({ title: "All layers", about: "", id: "layers" }, chart.elements);
  return {
    element: figure.element,
    /** @param {Shown} shown */
    show({ choice, grid, seeds }) {
      const { scale: kind, unit } = choice.statistic;
      const { middle } = grid.current();
      const colours = lineColours(grid.columns.length);
      const series = grid.columns.map((name, i) => {
        return { name, colour: colours[i], values: columnOf(middle, i, grid.columns.length) };
      });
      figure.setTitle(`${titleOf(choice)}, all layers`);
      figure.setAbout(`${seedsShown(choice, seeds)} · ${unit}${kind === "log" ? " · logarithmic" : ""}`);
      figure.setFiles(filesOf(id, choice.kind.path, { statistic: choice.statistic.name }, choice.kind.name));
      chart.show(kind, grid.epochs, series, undefinedWords(choice.statistic));
    },
  };
}
