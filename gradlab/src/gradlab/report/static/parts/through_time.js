// The back-propagated signal through the time steps of recurrent layers, a heat map for each.

import { axisName, recordWords } from "../shared/axis.js";
import { fill, h } from "../shared/element.js";
import { seedsOf } from "../shared/format.js";
import { filesOf, frame } from "../charts/frame.js";
import { heatmap } from "../charts/heatmap.js";
import { legend } from "../charts/legend.js";
import { readSteps } from "../data/measured.js";
import { transposed } from "../shared/numbers.js";
import { Scale } from "../charts/scale.js";
import { layersIn } from "../shared/spec_words.js";

const RECURRENT = ["simple_rnn", "lstm", "gru", "bidirectional"];
const RECURRENT_CLASSES = ["SimpleRNN", "LSTM", "GRU", "Bidirectional", "RNN"]; // RNN is PyTorch's

/** @typedef {import("../data/measured.js").StepSignal} StepSignal */

/**
 * The section of these maps, hidden until there is one.
 *
 * @param {string} id
 * @param {Spec} spec
 * @param {AbortSignal} signal ends it.
 */
export function throughTime(id, spec, signal) {
  const element = h("section", { class: "stack", hidden: true, "aria-label": "Through time" });
  return {
    element,
    async read() {
      if (!hasSteps(spec)) return;
      const signals = await readSteps(id, signal);
      element.hidden = !signals.length;
      const measured = signals.filter(({ grid }) => grid.rows);
      const figures = measured.map((each) => stepsFigure(id, spec.seeds, each));
      fill(
        element,
        figures.map((figure) => figure.element),
      );
      for (const figure of figures) figure.draw();
    },
  };
}

/** @param {Spec} spec @returns {boolean} true if the signal is recorded at each time step. */
export function hasSteps(spec) {
  if (!spec.record.signals) return false;
  if (spec.source === "external") return spec.layers.some(({ class_name: name }) => RECURRENT_CLASSES.includes(name));
  return layersIn(spec.model).some(({ kind }) => RECURRENT.includes(kind));
}

/** @param {string} id @param {number[]} seeds @param {StepSignal} signal */
function stepsFigure(id, seeds, { layer, grid }) {
  const map = heatmap({ unit: "time step", label: `${layer}: back-propagated signal by time step and ${axisName()}` });
  const key = legend(map.readout);
  const statistic = "rms of ∂loss/∂z at each time step";
  const title = `${layer}: the signal through time`;
  const shown = `${seeds.length > 1 ? "median of " : ""}${seedsOf(seeds)}`;
  const about = `${statistic} · ${shown} · ${axisName()}s from bottom to top`;
  const files = filesOf(id, "signals/steps", { layer }, "signal-steps");
  return {
    element: frame({ title, about, files }, map.element, key.element).element,
    /** Draw the map; its element must stand in the page, for its width is that of the map. */
    draw() {
      const { middle, low, high, lost } = grid.current();
      /** @template {Float32Array | Uint8Array} Values @param {Values} values @returns {Values} */
      const turned = (values) => transposed(values, grid.rows, grid.columns.length);
      const values = turned(middle);
      const scale = Scale.over("log", values);
      map.show({
        rows: grid.epochs.map(recordWords),
        columns: grid.columns,
        values,
        low: turned(low),
        high: turned(high),
        lost: turned(lost),
        seeds: seeds.length,
        scale,
      });
      key.show(scale, "loss per unit of pre-activation", { lost: false, zero: values.includes(0) });
    },
  };
}
