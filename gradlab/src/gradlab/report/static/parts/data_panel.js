// The data of an experiment as its facts describe them: counts, target, size of the features, shares of the classes.

import { readFacts } from "../data/measured.js";
import { messageOf } from "../data/source.js";
import { fill, h } from "../shared/element.js";
import { number } from "../shared/format.js";
import { facts as pairsOf } from "../shared/table.js";

const MAX_CLASSES = 12; // whose shares are drawn; the rest is counted
const UNDEFINED = "undefined";
const MISSING = {
  external:
    "Not sent. A Watch that is given the samples, Watch(data=(x, y)), works these numbers out in its own process, " +
    "and sends them without any sample.",
  service: "Nothing is known of the data yet: a worker works these numbers out before the first update.",
};

/** @typedef {[string, Child]} Pair */

/**
 * The panel of an experiment's data.
 *
 * @param {string} id
 * @param {Spec} spec
 * @param {AbortSignal} signal ends it.
 */
export function dataPanel(id, spec, signal) {
  const body = h("div", { class: "stack" });
  const note = h("span", { class: "muted small" }, "numbers of the training samples; no sample is stored with them");
  const head = h("div", { class: "head" }, h("h2", {}, "Data"), note);
  const element = h("section", { class: "panel stack", id: "data", "aria-label": "Data" }, head, body);
  let reads = 0;
  let isKnown = false;

  async function read() {
    if (isKnown) return;
    reads += 1;
    try {
      const facts = await readFacts(id, signal);
      isKnown = facts !== null;
      fill(body, facts ? factsView(facts) : missingView(spec));
    } catch (error) {
      if (!signal.aborted) fill(body, h("p", { class: "notice" }, messageOf(error)));
    }
  }

  fill(body, missingView(spec));
  return {
    element,
    /** Read the facts, unless they are there: they do not change. */
    read,
    /** Take note of new epochs: a worker stores the facts with the first one. */
    grow() {
      if (!reads) read();
    },
  };
}

/** @param {Spec} spec */
const missingView = ({ source }) =>
  h("p", { class: "muted" }, source === "external" ? MISSING.external : MISSING.service);

/** @param {Facts} facts @returns {Child[]} */
export function factsView(facts) {
  const outputs = Object.entries(facts.outputs ?? {});
  const sizes = Object.entries(facts.by_input ?? (facts.inputs ? { "": facts.inputs } : {}));
  const ofTarget = outputs.length ? [] : [...targetPairs(facts), ...scorePairs(facts)];
  return [
    pairsOf(...countPairs(facts), ...ofTarget),
    outputs.map(([name, output]) => [
      h("h3", {}, `Output ${name}`),
      pairsOf(...targetPairs(output), ...scorePairs(output)),
      sharesOf(output),
    ]),
    sizes.map(([name, inputs]) => [
      h("h3", {}, name ? `Input ${name}` : "Inputs"),
      pairsOf(...inputPairs(inputs)),
      noticesOf(inputs),
    ]),
    outputs.length ? null : sharesOf(facts),
  ];
}

/** @param {Facts} facts @returns {Pair[]} */
function countPairs({ train_count: train, val_count: validation, feature_shape: shape, by_input: inputs }) {
  /** @type {Pair[]} */
  const pairs = [
    ["training samples", count(train)],
    ["validation samples", count(validation)],
  ];
  const words = shape ? shape.join(" × ") || "a number" : "not known";
  return inputs ? pairs : [...pairs, ["shape of a sample", words]];
}

/** @param {OutputFacts} facts @returns {Pair[]} */
function targetPairs({ target, target_range: reach, target_std: deviation }) {
  const range = reach && `${figure(reach[0])} to ${figure(reach[1])}`;
  return [
    ["target", targetWords(target)],
    ["target from, to", range ?? "not known"],
    ["target's deviation", figure(deviation)],
  ];
}

/** @param {OutputFacts} facts @returns {Pair[]} what a training is compared with. */
function scorePairs({ constant_loss: loss, constant_accuracy: accuracy, reachable }) {
  /** @type {Pair[]} */
  const pairs = [
    ["loss of the best constant answer", figure(loss)],
    ["its accuracy", figure(accuracy)],
    ["errors that nearest neighbours avoid", percent(reachable)],
  ];
  return pairs.filter(([, words]) => words !== UNDEFINED); // values have no accuracy
}

/** @param {OutputFacts} facts @returns {Child} */
const sharesOf = ({ class_shares: shares, target }) =>
  shares && shares.length > 0 && sharesView(shares, target?.kind === "labels");

/** @param {Inputs} inputs @returns {Pair[]} */
function inputPairs({ features, rms, largest_rms: largest, mean, std }) {
  return [
    ["features", String(features)],
    ["root mean square", figure(rms)],
    ["of the largest feature", figure(largest)],
    ["means of the features", extentWords(mean)],
    ["their deviations", extentWords(std)],
  ];
}

/** @param {Inputs} inputs @returns {Child} the features that stand out, by name. */
function noticesOf({ nonfinite, constant, extreme }) {
  const items = [
    featureWords(nonfinite, "with NaN or infinite values"),
    featureWords(constant, "with one value only"),
    featureWords(extreme, "much larger or smaller than the others"),
  ].filter(Boolean);
  if (!items.length) return h("p", { class: "muted small" }, "No feature is constant, extreme or not finite.");
  return h(
    "ul",
    { class: "findings" },
    items.map((words) => h("li", {}, words)),
  );
}

/**
 * Features of one sort in words.
 *
 * @param {FeatureNames} features
 * @param {string} sort
 * @returns {string | null} null if there is none.
 */
export function featureWords({ count: total, numbers, names }, sort) {
  if (!total) return null;
  const named = names?.length ? names : numbers.map((place) => `number ${place}`);
  const more = total - named.length;
  const words = [...named, more > 0 && `${more} more`].filter(Boolean).join(", ");
  return `${total} ${total === 1 ? "feature" : "features"} ${sort}: ${words}`;
}

/** @param {ExternalTarget | null | undefined} target @returns {string} */
export function targetWords(target) {
  if (!target) return "not known";
  const steps = target.steps?.length ? ` at each of ${target.steps.join(" × ")} steps` : "";
  const nouns = target.count === 1 ? ONE : MANY;
  return `${target.count} ${nouns[target.kind]}${steps}`;
}

const ONE = { classes: "class", labels: "label", values: "value" };
const MANY = { classes: "classes", labels: "labels", values: "values" };

/** @param {FactNumber[]} shares @param {boolean} areLabels @returns {Child[]} a bar for each class. */
function sharesView(shares, areLabels) {
  const noun = areLabels ? "label" : "class";
  const items = shares.slice(0, MAX_CLASSES).map((value, i) => {
    const bar = h("span", { class: "share" }, h("i", { style: { width: `${100 * Number(value)}%` } }));
    return h("li", {}, h("span", {}, `${noun} ${i}`), bar, h("span", {}, percent(value)));
  });
  const more = shares.length - MAX_CLASSES;
  const rest =
    more > 0 && h("p", { class: "muted small" }, `${more} more, of ${extentWords(shares.slice(MAX_CLASSES))}`);
  return [
    h("h3", {}, areLabels ? "Share of each label" : "Share of each class"),
    h("ul", { class: "shares" }, items),
    rest,
  ];
}

/** @param {FactNumber[]} values @returns {string} the smallest and the largest. */
export function extentWords(values) {
  const finite = values.map(Number).filter(Number.isFinite);
  if (!finite.length) return figure(values[0]);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  return low === high ? number(low) : `${number(low)} to ${number(high)}`;
}

/** @param {number | null | undefined} value @returns {string} */
const count = (value) => (value === null || value === undefined ? "not known" : value.toLocaleString("en"));

/** @param {FactNumber | null | undefined} value @returns {string} */
export function figure(value) {
  if (value === null || value === undefined) return "not known";
  return value === "NaN" ? UNDEFINED : number(Number(value));
}

/** @param {FactNumber | null | undefined} value a share. @returns {string} */
function percent(value) {
  return typeof value === "number" ? `${number(100 * value)} %` : figure(value);
}
