// The answer to a spec: what it would cost to train it, or why it cannot be trained.

import { h } from "../shared/element.js";
import { bytes, seconds } from "../shared/format.js";
import { messageOf, Problem } from "../data/source.js";
import { facts, scrolling, table } from "../shared/table.js";

const HEADINGS = ["layer", "output", { name: "parameters", class: "right" }];

/** @param {Validation} validation @returns {Child[]} */
export const readyWords = ({ layers, estimate }) => [
  h("h2", {}, "Ready to train"),
  estimateFacts(estimate),
  scrolling(table(HEADINGS, layers.map(layerRow), { class: "figures" })),
];

/**
 * @param {string} title
 * @param {unknown} error
 * @returns {Child[]}
 */
export function refusal(title, error) {
  const reason =
    error instanceof Problem
      ? h("ul", { class: "problems" }, problemsOf(error).map(problemItem))
      : h("p", { class: "notice bad" }, messageOf(error));
  return [h("h2", {}, title), reason];
}

/** @param {Problem} problem @returns {FieldProblem[]} one at least. */
export function problemsOf({ errors, message }) {
  return errors.length ? errors : [{ field: "", expected: message, received: "" }];
}

/** @param {Estimate} estimate */
function estimateFacts(estimate) {
  const between = estimate.seconds_interval.map(seconds).join(" to ");
  const time = `${seconds(estimate.seconds)} (${between}, ${estimate.source})`;
  const memory = `${bytes(estimate.memory_bytes)} (${estimate.memory_interval.map(bytes).join(" to ")})`;
  return facts(
    ["parameters", estimate.parameters.toLocaleString("en")],
    ["time, about", time],
    ["series", bytes(estimate.series_bytes)],
    ["memory", memory],
  );
}

/** @param {LayerShape} layer */
function layerRow({ layer, output_shape: shape, parameters }) {
  const count = h("td", { class: "right" }, parameters.toLocaleString("en"));
  return h("tr", {}, h("td", {}, layer), h("td", {}, shape.join(" × ")), count);
}

/** @param {FieldProblem} problem */
function problemItem({ field, expected, received }) {
  return h(
    "li",
    {},
    h("strong", {}, h("code", {}, field || "spec")),
    h("div", {}, `expected ${expected}`),
    received && h("div", { class: "muted" }, `received ${received}`),
  );
}
