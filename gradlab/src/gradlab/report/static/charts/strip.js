// The network as a strip, one box per layer, in the state that it is in at the epoch under the slider.

import { css, sizeColour } from "./colours.js";
import { NOT_FINITE } from "./heat_cells.js";
import { axisName, recordWords } from "../shared/axis.js";
import { h } from "../shared/element.js";
import { number, titled } from "../shared/format.js";

/** @type {Record<string, number>} */
const RANK = { healthy: 0, warning: 1, critical: 2 };

/**
 * @typedef {object} LayerSize a layer at an epoch.
 * @property {number} value
 * @property {number} place on the scale.
 * @property {boolean} lost true if a seed is not finite.
 */
/** @typedef {{health: string, reason: string}} LayerState */

/**
 * @typedef {object} StripOptions
 * @property {ShownLayer[]} layers
 * @property {(layer: string, epoch: number) => LayerSize | null} sizeAt
 * @property {(layer: string) => void} onOpen called when a box is clicked.
 * @property {(epoch: number) => void} onEpoch called when the slider is at another epoch.
 */

/** @param {StripOptions} options */
export function strip({ layers, sizeAt, onOpen, onEpoch }) {
  const boxes = layers.map((layer) => boxOf(layer, onOpen));
  const slider = epochSlider(onEpoch);
  const label = "The network, from the input to the output";
  const items = boxes.map((box) => h("li", {}, box.element));
  /** @type {Finding[] | null} */
  let findings = null;
  let epoch = 1;

  function draw() {
    for (const box of boxes) {
      const size = sizeAt(box.layer, epoch);
      box.show(size, stateOf(box.layer, epoch, size, findings));
    }
    slider.name(epoch);
  }

  return {
    element: h("div", { class: "stack" }, h("ol", { class: "strip", "aria-label": label }, items), slider.element),
    /** @param {number} last the last epoch that there is. */
    reach(last) {
      if (slider.reach(last)) {
        epoch = last;
        onEpoch(last);
      }
    },
    /** @param {number} next the epoch that is shown. */
    at(next) {
      epoch = next;
      slider.at(next);
      draw();
    },
    /** @param {Finding[]} next */
    showFindings(next) {
      findings = next;
      draw();
    },
    draw,
  };
}

/** @param {ShownLayer} shape @param {(layer: string) => void} onOpen */
function boxOf({ layer, output_shape: shape }, onOpen) {
  const bar = h("span", { class: "size" });
  const value = h("small", {}, "–");
  const onclick = () => onOpen(layer);
  const element = h("button", { type: "button", "data-health": "unknown", onclick }, h("span", {}, layer), value, bar);
  return {
    layer,
    element,
    /** @param {LayerSize | null} size @param {LayerState} state */
    show(size, { health, reason }) {
      element.dataset.health = health;
      value.textContent = size && (size.lost || !Number.isNaN(size.value)) ? number(size.value) : "–";
      const place = size?.place ?? NaN; // what has no place on the scale has no colour either
      bar.style.background = Number.isFinite(place) ? css(sizeColour(place)) : "";
      element.title = `${layer}, output ${shape ? shape.join(" × ") : "not sent"}${reason && `: ${reason}`}`;
    },
  };
}

/** @param {(epoch: number) => void} onEpoch */
function epochSlider(onEpoch) {
  const oninput = () => {
    follows = slider.value === slider.max;
    onEpoch(Number(slider.value));
  };
  const slider = h("input", { type: "range", id: "epoch", min: 0, max: 1, step: 1, value: 1, oninput });
  const name = h("output", { for: "epoch" }, "–");
  let follows = true; // it stays at the end while it is there
  return {
    element: h("div", { class: "epoch" }, h("label", { for: "epoch" }, titled(axisName())), slider, name),
    /** @param {number} epoch */
    name(epoch) {
      name.textContent = recordWords(epoch);
    },
    /** @param {number} last @returns {boolean} true if the slider has moved to it. */
    reach(last) {
      slider.max = String(last);
      if (follows) slider.value = String(last);
      return follows;
    },
    /** @param {number} epoch */
    at(epoch) {
      if (Number(slider.value) === epoch) return;
      slider.value = String(epoch);
      follows = epoch === Number(slider.max);
    },
  };
}

/**
 * The state of a layer by an epoch.
 *
 * @param {string} layer
 * @param {number} epoch
 * @param {LayerSize | null} size null if it is not measured.
 * @param {Finding[] | null} findings null before there is a diagnosis.
 * @returns {LayerState} "unknown" without measurement or diagnosis.
 */
export function stateOf(layer, epoch, size, findings) {
  const concerning = (findings ?? []).filter(
    (finding) => finding.layers.includes(layer) && finding.since_epoch <= epoch && finding.severity !== "info",
  );
  const reason = concerning.map((finding) => finding.title).join("; ");
  if (size?.lost) return { health: "lost", reason: NOT_FINITE };
  if (!findings || !size) return { health: "unknown", reason };
  const worst = concerning.reduce((most, { severity }) => (RANK[severity] > RANK[most] ? severity : most), "healthy");
  return { health: worst, reason: reason || "nothing found" };
}
