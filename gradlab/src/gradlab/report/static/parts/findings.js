// Findings and remedies in words.

import { recordWords } from "../shared/axis.js";
import { number } from "../shared/format.js";

const MAX_CHANGES = 2; // of a spec that are named; the rest is counted
const MAX_LAYERS = 2; // of a finding that are named beside it
const MAX_VALUE_LENGTH = 60; // characters of a value without a kind

/** @type {Record<string, string>} */
const WITHOUT_FINDING = {
  undecided: "Too early to say.",
  healthy: "Nothing was found that stands in the way.",
};
const UNJUDGED = "Nothing was found in what was sent. Some of it cannot be judged yet: see below what is missing.";
/** @param {Diagnosis} diagnosis @returns {Finding[]} those that are more than information. */
export const seriousOf = ({ findings }) => findings.filter(({ severity }) => severity !== "info");

/**
 * The words of a diagnosis without a finding.
 *
 * @param {string} verdict
 * @param {Unjudged[]} unjudged rules that could not be applied.
 */
export function withoutFinding(verdict, unjudged) {
  const words = WITHOUT_FINDING[verdict] ?? WITHOUT_FINDING.healthy;
  if (!unjudged.length) return words;
  return verdict === "healthy" ? `${words} This is said of what was measured.` : UNJUDGED;
}

/** @param {Finding} finding @returns {string} its layers, its epoch, and its seeds of those that were read. */
export function extentOf({ layers, since_epoch: epoch, seeds, of_seeds: read }) {
  return [layersWords(layers), `since ${recordWords(epoch)}`, `${seeds.length} of ${read} seeds`]
    .filter(Boolean)
    .join(" · ");
}

/** @param {string[]} layers input side first. @returns {string} of many the first, the last, and how many. */
export const layersWords = (layers) =>
  layers.length > MAX_LAYERS ? `${layers.length} layers, ${layers[0]} … ${layers.at(-1)}` : layers.join(", ");

/**
 * Rules that could not be applied, by what is missing; most rules first.
 *
 * @param {Unjudged[]} unjudged
 * @returns {{words: string, rules: string[]}[]}
 */
export function byReason(unjudged) {
  /** @type {Map<string, string[]>} */
  const reasons = new Map();
  for (const { rule, why, advice } of unjudged) {
    const words = advice ? `${why}. Pass ${advice}.` : `${why}.`;
    reasons.set(words, [...(reasons.get(words) ?? []), rule]);
  }
  const sorted = [...reasons].sort(([, a], [, b]) => b.length - a.length);
  return sorted.map(([words, rules]) => ({ words, rules }));
}

/** @param {Measure} measure @returns {string} the value, and the threshold that it was compared with. */
export function measureWords({ name, value, comparison, threshold, unit }) {
  const bound = threshold === null ? "" : ` ${comparison} ${number(threshold)}`;
  return `${name.replaceAll("_", " ")} ${number(value)}${bound}${unit ? ` ${unit}` : ""}`;
}

/** @param {SpecChange[]} changes @returns {string} the first changes; the rest is counted. */
export function changesWords(changes) {
  const named = changes.slice(0, MAX_CHANGES);
  const words = named.map(({ path, before, after }) => `${path}: ${valueWords(before)} → ${valueWords(after)}`);
  const more = changes.length - MAX_CHANGES;
  return [...words, more > 0 && `${more} more`].filter(Boolean).join(" · ");
}

/** @param {any} value of a spec's field. @returns {string} */
export function valueWords(value) {
  if (value === null || value === undefined) return "none";
  if (typeof value === "object") return value.kind ?? JSON.stringify(value).slice(0, MAX_VALUE_LENGTH);
  return typeof value === "number" ? number(value) : String(value);
}
