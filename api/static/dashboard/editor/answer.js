// The answer to a spec: what it would cost to train it, or why it cannot be trained and what may help.

import { h } from "../shared/element.js";
import { bytes, seconds } from "../shared/format.js";
import { facts, scrolling, table } from "../shared/table.js";

const HEADINGS = ["layer", "output", { name: "parameters", class: "right" }];

/** @typedef {FieldProblem & {mark: import("./faults.js").Mark}} MarkedProblem */
/** @typedef {import("./spec_field.js").SpecField} SpecField */

/** @param {Validation} validation @returns {Child[]} */
export const readyWords = ({ layers, estimate }) => [
  h("h2", {}, "Ready to train"),
  estimateFacts(estimate),
  h(
    "details",
    {},
    h("summary", {}, layers.length === 1 ? "1 layer" : `${layers.length} layers`),
    scrolling(table(HEADINGS, layers.map(layerRow), { class: "figures" })),
  ),
];

/**
 * @param {string} title
 * @param {MarkedProblem[]} problems
 * @param {SpecField} field in which they stand.
 * @returns {Child[]}
 */
export const refusal = (title, problems, field) => [
  h("h2", {}, title),
  h(
    "ul",
    { class: "problems" },
    problems.map((problem) => problemItem(problem, field)),
  ),
];

/** @param {import("../data/source.js").Problem} problem @returns {FieldProblem[]} one at least. */
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

/** @param {MarkedProblem} problem @param {SpecField} field */
function problemItem({ mark, field: name, expected, received }, field) {
  const goTo = () => field.goTo(mark);
  const fixes = mark.fixes.map(({ title, edits }) => {
    const onclick = () => field.changeFrom(mark.text, edits);
    return h("button", { type: "button", onclick }, title);
  });
  return h(
    "li",
    {},
    h(
      "div",
      { class: "row" },
      h("strong", {}, h("code", {}, name || "spec")),
      h("button", { type: "button", class: "quiet line", onclick: goTo }, `line ${mark.line}`),
    ),
    h("div", {}, `expected ${expected}`),
    received && h("div", { class: "muted" }, `received ${received}`),
    fixes.length > 0 && h("div", { class: "row fixes" }, fixes),
  );
}
