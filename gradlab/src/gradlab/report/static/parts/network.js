// The network of an experiment as a strip of its layers.

import { h } from "../shared/element.js";
import { post } from "../data/source.js";
import { strip } from "../charts/strip.js";

/**
 * The shapes of a network's layers.
 *
 * @param {Spec} spec
 * @returns {Promise<ShownLayer[] | null>} null if the service does not take the spec any more.
 */
export async function shapesOf(spec) {
  if (spec.source === "external") return externalShapes(spec);
  const validation = /** @type {Validation | null} */ (await post("/experiments/validate", spec).catch(() => null));
  return validation && validation.layers;
}

/**
 * The panel of a network; null without shapes.
 *
 * @param {ShownLayer[] | null} shapes
 * @param {Awaited<ReturnType<typeof import("../layers/layers.js").layerViews>>} views of the layers.
 * @param {(epoch: number) => void} onEpoch
 */
export function networkPanel(shapes, views, onEpoch) {
  if (!shapes) return null;
  const boxes = strip({
    layers: shapes.filter(({ parameters }) => parameters),
    onEpoch,
    sizeAt: (layer, epoch) => {
      const row = views.rowOf(layer);
      return row < 0 ? null : views.sizeAt(row, epoch);
    },
    onOpen: (layer) => {
      const row = views.rowOf(layer);
      if (row >= 0) views.open(row);
    },
  });
  const about = "input on the left · edge: what the diagnosis found by then · bar: size, as in the map";
  const head = h("div", { class: "head" }, h("h2", {}, "Network"), h("span", { class: "muted small" }, about));
  const element = h("section", { class: "panel stack", "aria-label": "Network" }, head, boxes.element);
  return { ...boxes, element };
}

/**
 * The layers of a network that is trained elsewhere.
 *
 * @param {ExternalSpec} spec
 * @returns {ShownLayer[]}
 */
export function externalShapes({ layers }) {
  return layers.map(({ name, output_shape: output, parameters }) => ({
    layer: name,
    output_shape: output ?? null,
    parameters: parameters.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0),
  }));
}
